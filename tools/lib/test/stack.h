/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Threads that play the stack: numbered packets in and out of the fake. */
#ifndef STACK_H
#define STACK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fake.h"
#include "packet.h"

struct stack {
	struct fake *fake;
	__u32 count;		/* packets in each direction */
	atomic_uint wrong;	/* packets that were not the next one, or whole */
};

/* Sends count packets; tries again while there is no room. A thread. */
static inline void *stack_sends(void *argument)
{
	struct stack *stack = argument;
	unsigned char *data = malloc(FAKE_LEN_MAX);
	__u32 state = 1, i, len;

	for (i = 0; i < stack->count; i++) {
		len = packet_len(&state);
		packet_fill(data, i, len);
		while (!fake_put(stack->fake, data, len))
			sched_yield();
	}
	free(data);
	return NULL;
}

/* Takes count packets, as the driver does, and checks them. A thread. */
static inline void *stack_receives(void *argument)
{
	struct stack *stack = argument;
	unsigned char *data = malloc(FAKE_LEN_MAX);
	__u32 i = 0, len;

	while (i < stack->count) {
		len = fake_take(stack->fake, data);
		if (!len) {
			fake_sleep(stack->fake);
			sched_yield();
			continue;
		}
		if (!packet_good(data, i++, len))
			atomic_fetch_add(&stack->wrong, 1);
	}
	free(data);
	return NULL;
}

#endif /* STACK_H */
