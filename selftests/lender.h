/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that a process lends to its TX ring, by MYTUN_IOC_LEND, until a
 * signal or the end of the device. SIGUSR1 is for it, from lender_start() on.
 */
#ifndef SELFTESTS_LENDER_H
#define SELFTESTS_LENDER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct lender {
	int fd;
	bool started, ended;
	pid_t tid;		/* 0: not begun; lender_tid() */
	int ret;		/* what the ioctl returned, when it has ended */
	pthread_t thread;
};

/* A new thread with the queue's file. 0 or -errno. */
int lender_start(struct lender *lender, int fd);

/* Its number; waits until it has begun. */
pid_t lender_tid(struct lender *lender);

/* For wait_for(): whether it is back from the kernel. */
bool lender_ended(void *lender);

/* Until it sleeps in the kernel: it has drained what there was. */
int lender_asleep(struct lender *lender);

/* After it has ended by itself. Its result. */
int lender_join(struct lender *lender);

/* End it by a signal. Its result; -EINTR also if none was started. */
int lender_stop(struct lender *lender);

#endif
