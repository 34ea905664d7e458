/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Atomic accesses to words that two sides share, in C11 and in C++11.
 *
 *   mytun_load_relaxed()	the value at some moment, read once
 *   mytun_load_acquire()	and what follows in the program happens after
 *   mytun_store_relaxed()	written once
 *   mytun_store_release()	and what precedes in the program happened before
 *   mytun_fence()		what precedes is visible to the other side
 *				before what follows is read from it
 *
 * A load with acquire that sees a store with release orders all around the
 * two. Only the fence orders a store before a later load. Which access pairs
 * with which is written at the top of ring.h.
 */
#ifndef MYTUN_BARRIER_H
#define MYTUN_BARRIER_H

#include <linux/types.h>

#ifdef __cplusplus

#include "barrier.hpp"

#else

#include <stdatomic.h>

static inline __u32 mytun_load_relaxed(const __u32 *word)
{
	return atomic_load_explicit((const atomic_uint *)word,
				    memory_order_relaxed);
}

static inline __u32 mytun_load_acquire(const __u32 *word)
{
	return atomic_load_explicit((const atomic_uint *)word,
				    memory_order_acquire);
}

static inline __u16 mytun_load_acquire16(const __u16 *word)
{
	return atomic_load_explicit((const atomic_ushort *)word,
				    memory_order_acquire);
}

static inline void mytun_store_relaxed(__u32 *word, __u32 value)
{
	atomic_store_explicit((atomic_uint *)word, value,
			      memory_order_relaxed);
}

static inline void mytun_store_release(__u32 *word, __u32 value)
{
	atomic_store_explicit((atomic_uint *)word, value,
			      memory_order_release);
}

static inline void mytun_store_release16(__u16 *word, __u16 value)
{
	atomic_store_explicit((atomic_ushort *)word, value,
			      memory_order_release);
}

static inline void mytun_fence(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}

#endif

#endif /* MYTUN_BARRIER_H */
