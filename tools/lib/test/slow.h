/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Included in front of everything, it lets a thread now and then lose its
 * processor before it looks at a shared word or stores one. What depends on
 * the order of two threads' steps then happens in every order, also on a
 * machine where they seldom run at the same time.
 */
#ifndef SLOW_H
#define SLOW_H

#include <sched.h>
#include <threads.h>

#include "barrier.h"

static inline void slow_pause(void)
{
	static thread_local unsigned int state;

	state = state * 1103515245 + 12345;
	if ((state >> 16) % 8 == 0)
		sched_yield();
}

#define mytun_load_relaxed(word) \
	(slow_pause(), mytun_load_relaxed(word))
#define mytun_load_acquire(word) \
	(slow_pause(), mytun_load_acquire(word))
#define mytun_load_acquire16(word) \
	(slow_pause(), mytun_load_acquire16(word))
#define mytun_store_relaxed(word, value) \
	(slow_pause(), mytun_store_relaxed(word, value))
#define mytun_store_release(word, value) \
	(slow_pause(), mytun_store_release(word, value))
#define mytun_store_release16(word, value) \
	(slow_pause(), mytun_store_release16(word, value))

#endif /* SLOW_H */
