// SPDX-License-Identifier: GPL-2.0
/*
 * mytun-fwd: one end of a tunnel over UDP. It is an example of what libmytun is
 * for, and what the layers are measured with from end to end.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sodium.h>

#include "../common/output.h"
#include "../common/processor.h"
#include "key.h"
#include "options.h"
#include "statistics.h"
#include "tunnel.h"

static struct tunnel tunnel;
static bool told;	/* not all statistics could be written, and it was said */
static int fds[DEVICE_QUEUES_MAX];

static void start_session(const struct options *options)
{
	uint8_t key[SESSION_KEY];

	if (key_read(options->key, key))
		exit(FAILED);
	if (session_init(&tunnel.session, options->cipher, key))
		errx(FAILED, "no random numbers");
	sodium_memzero(key, sizeof(key));
}

static struct tunnel_worker *make_workers(const struct options *options)
{
	unsigned int queues = tunnel.device.queues, i;
	struct tunnel_worker *workers = aligned_alloc(64, queues *
						      sizeof(*workers));

	if (!workers)
		err(FAILED, NULL);
	memset(workers, 0, queues * sizeof(*workers));
	for (i = 0; i < queues; i++) {
		workers[i].tunnel = &tunnel;
		workers[i].queue = tunnel.device.queue[i];
		workers[i].fd = fds[i];
		workers[i].index = (uint8_t)i;
		workers[i].cpu = options->cpus ? (int)options->cpu[i] : -1;
		if (tunnel_prepare(&workers[i]))
			err(FAILED, NULL);
	}
	return workers;
}

static void *run(void *worker)
{
	tunnel_run(worker);
	/* One that ends by itself ends all: main() hears of it. */
	if (!atomic_load(&tunnel.stop))
		kill(getpid(), SIGTERM);
	return NULL;
}

static void start(struct tunnel_worker *workers)
{
	unsigned int i;
	int error;

	for (i = 0; i < tunnel.device.queues; i++) {
		error = pthread_create(&workers[i].thread, NULL, run,
				       &workers[i]);
		if (error)
			errx(FAILED, "a thread: %s", strerror(error));
	}
}

/* The tunnel goes on where its statistics cannot be written. */
static void tell(const struct options *options, struct tunnel_worker *workers,
		 uint64_t begun)
{
	statistics_print(&tunnel, workers, begun, options->json);
	/* Said once; and the status says it. */
	if (!told)
		told = output_check();
	else if (fflush(stdout))
		clearerr(stdout);
}

/* Greet until somebody answers; statistics when it is time, or asked for. */
static void watch(const struct options *options, const sigset_t *signals,
		  struct tunnel_worker *workers, uint64_t begun)
{
	const struct timespec second = { .tv_sec = 1 };
	uint64_t gap = (uint64_t)(options->interval * 1e9), now;
	uint64_t next = begun + gap, until;
	struct timespec wait;
	int number;

	for (;;) {
		if (tunnel.sealed && !session_established(&tunnel.session))
			tunnel_greet(&tunnel, fds[0]);
		now = processor_clock();
		if (gap && now >= next) {
			tell(options, workers, begun);
			/* What a stall has cost is not caught up with. */
			while (next <= now)
				next += gap;
		}
		wait = second;
		if (gap) {
			until = next > now ? next - now : 1;
			if (until < NS_PER_SECOND) {
				wait.tv_sec = 0;
				wait.tv_nsec = (long)until;
			}
		}
		number = sigtimedwait(signals, NULL, &wait);
		if (number == SIGUSR1)
			tell(options, workers, begun);
		else if (number >= 0)
			return;
	}
}

static int finish(struct tunnel_worker *workers)
{
	const uint64_t one = 1;
	int status = DONE;
	unsigned int i;

	atomic_store(&tunnel.stop, true);
	if (write(tunnel.stop_fd, &one, sizeof(one)) < 0)
		warn("ending the threads");
	for (i = 0; i < tunnel.device.queues; i++) {
		pthread_join(workers[i].thread, NULL);
		if (!workers[i].error)
			continue;
		warnx("%s, queue %u: %s", tunnel.device.name, i,
		      strerror(-workers[i].error));
		status = FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct options options = { .tunnel = &tunnel };
	struct tunnel_worker *workers;
	sigset_t signals;
	uint64_t begun;
	unsigned int i;
	int status;

	output_begin();
	/* Who reads the statistics may go before the tunnel does. */
	signal(SIGPIPE, SIG_IGN);
	options_parse(&options, argc, argv);
	if (tunnel.sealed)
		start_session(&options);
	if (device_open(&tunnel.device, &tunnel.settings))
		return FAILED;
	if (socket_open(fds, tunnel.device.queues, &tunnel.sockets))
		return FAILED;
	if (!socket_can_segment(fds[0]))
		tunnel.udp_segment = false;
	tunnel.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (tunnel.stop_fd < 0)
		err(FAILED, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	begun = processor_clock();
	workers = make_workers(&options);
	start(workers);
	watch(&options, &signals, workers, begun);
	status = finish(workers);
	tell(&options, workers, begun);
	if (told)
		status = FAILED;
	for (i = 0; i < tunnel.device.queues; i++) {
		tunnel_free(&workers[i]);
		sodium_memzero(&workers[i].keys, sizeof(workers[i].keys));
		close(fds[i]);
	}
	free(workers);
	device_close(&tunnel.device);
	close(tunnel.stop_fd);
	if (tunnel.sealed)
		session_end(&tunnel.session);
	return status;
}
