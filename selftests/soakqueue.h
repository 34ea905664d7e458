/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue of a soaked device, and the process that has it: reads and writes,
 * sets the queue aside and takes it back, until it is killed or asked to end.
 */
#ifndef SELFTESTS_SOAKQUEUE_H
#define SELFTESTS_SOAKQUEUE_H

#include "ringmem.h"
#include "soakbook.h"

enum soak_mode { SOAK_PLAIN, SOAK_BATCHES, SOAK_RINGS, SOAK_MODES };

/* What the parent knows of it. */
struct soak_work {
	struct soak *soak;
	unsigned int slot;
	int flags;			/* of TUNSETIFF */
	bool no_queue;			/* if it makes the device */
	bool turns;			/* may be set aside */
	bool keeps;			/* the parent keeps the file, as of rings */
	int fd;				/* -1: the parent has none */
	enum soak_mode mode;
	uint32_t drive;
	struct ringmem mem;		/* SOAK_RINGS */
	pid_t pid;			/* 0: nobody */
	/* Of all processes that this slot has had. */
	uint64_t accepted, refused;	/* by rings */
	uint64_t doubt;			/* writes that a kill may have cut off */
	uint64_t started;
};

/*
 * Open a queue of the device, which the first one makes, and choose what is
 * done with it. 0 or -errno.
 */
int soak_work_open(struct soak_work *w, uint64_t *seed);

/*
 * Start a process; siblings are all slots, whose files and rings it lets go. 0
 * or -errno.
 */
int soak_work_start(struct soak_work *w, struct soak_work *siblings);

/* It has died and was reaped: take down what it held. */
void soak_work_died(struct soak_work *w);

/*
 * The parent's file, if it has kept one, and the rings, whose queue is set aside
 * before they are looked at for the last time. 0 or -errno.
 */
int soak_work_close(struct soak_work *w);

#endif
