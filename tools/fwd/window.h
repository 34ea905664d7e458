/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which datagrams of a sender's queue have been seen: each is accepted once, in
 * any order within the window (RFC 6479).
 */
#ifndef FWD_WINDOW_H
#define FWD_WINDOW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define WINDOW_WORDS	32	/* a power of two; one of them is being cleared */
#define WINDOW_SIZE	((WINDOW_WORDS - 1) * 64)

struct window {
	pthread_mutex_t lock;	/* of all below: threads may share a window */
	uint32_t generation;	/* of the session that it is of */
	uint64_t last;		/* the highest counter seen, plus 1; 0: none */
	uint64_t word[WINDOW_WORDS];
};

void window_init(struct window *window);

/* Forget everything: another session begins. */
void window_reset(struct window *window, uint32_t generation);

/*
 * A datagram that is authentic. Return: whether it is new. It is not if it is
 * of another session than the window.
 */
bool window_accept(struct window *window, uint32_t generation,
		   uint64_t counter);

#endif
