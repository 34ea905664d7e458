/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random delays, so that one side of a ring does what it does at every moment
 * of what the other side does; and who runs where.
 */
#ifndef SELFTESTS_PACE_H
#define SELFTESTS_PACE_H

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/types.h>

#include "packet.h"

/* How often the other side is looked at before going to sleep. */
#define LOOKS		300

/* For a loop that waits for another processor. */
static inline void relax(unsigned int rounds)
{
	while (rounds--)
		__asm__ __volatile__("" : : : "memory");
}

/* A random delay: often none, at times long enough to fall asleep. */
static inline void delay(uint64_t *seed)
{
	switch (random_below(seed, 8)) {
	case 0:
		relax(random_below(seed, 3000));
		break;
	case 1:
		sched_yield();
		break;
	case 2:
	case 3:
		relax(random_below(seed, 100));
		break;
	}
}

/*
 * That thread (0: the caller) gets the caller's processor, and no other. 0 or
 * -errno.
 */
static inline int one_processor(pid_t tid)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(tid, sizeof(set), &set) ? -errno : 0;
}

#endif
