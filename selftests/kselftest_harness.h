/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own harness, for older kernels too: it waits for a test with
 * pidfd_open(2), which came with 5.3. Before, a thread waits for the process
 * and hangs up a pipe, for which poll(2) wakes as it would for a pidfd. And the
 * harness of an older kernel's source, which sets an alarm.
 */
#ifndef MYTUN_KSELFTEST_HARNESS_H
#define MYTUN_KSELFTEST_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slower.h"

struct harness_wait {
	pid_t pid;
	int fd;
};

/* Leaves the process to be reaped by the harness; ends when it has been. */
static void *harness_wait(void *data)
{
	struct harness_wait wait = *(struct harness_wait *)data;
	siginfo_t info;

	free(data);
	while (waitid(P_PID, wait.pid, &info, WEXITED | WNOWAIT) < 0 &&
	       errno == EINTR)
		;
	close(wait.fd);
	return NULL;
}

static __attribute__((unused)) long
harness_pidfd_open(long number, pid_t pid, unsigned int flags)
{
	struct harness_wait *wait;
	pthread_t thread;
	int ends[2];
	long fd;

	fd = syscall(number, pid, flags);
	if (fd >= 0)
		return fd;
	wait = malloc(sizeof(*wait));
	if (!wait)
		return -1;
	if (pipe(ends)) {
		free(wait);
		return -1;
	}
	*wait = (struct harness_wait){ .pid = pid, .fd = ends[1] };
	errno = pthread_create(&thread, NULL, harness_wait, wait);
	if (errno) {
		close(ends[0]);
		close(ends[1]);
		free(wait);
		return -1;
	}
	pthread_detach(thread);
	return ends[0];
}

static __attribute__((unused)) int
harness_poll(struct pollfd *fds, nfds_t count, int ms)
{
	return poll(fds, count, ms * slower());
}

static __attribute__((unused)) unsigned int harness_alarm(unsigned int seconds)
{
	return alarm(seconds * slower());
}

/* As slow as the kernel may be. The harness has no other calls of these. */
#define syscall	harness_pidfd_open
#define poll	harness_poll
#define alarm	harness_alarm
#include_next <kselftest_harness.h>
#undef syscall
#undef poll
#undef alarm

/* The kernel's 30 seconds are for machines that are not emulated. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

/* Whether a check has failed; before 6.10 the harness keeps the contrary. */
#ifdef HARNESS_PASSED
#define test_failed(metadata)	(!(metadata)->passed)
#else
#define test_failed(metadata)	((metadata)->exit_code)
#endif

#endif
