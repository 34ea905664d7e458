/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a thread of the tunnel counts. It alone writes; others read whole words
 * while it does.
 */
#ifndef FWD_COUNTERS_H
#define FWD_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct fwd_counters {
	atomic_uint_least64_t out_packets;
	atomic_uint_least64_t out_bytes;
	atomic_uint_least64_t out_large;
	atomic_uint_least64_t out_calls;
	atomic_uint_least64_t out_messages;
	atomic_uint_least64_t out_unready;
	atomic_uint_least64_t out_too_long;
	atomic_uint_least64_t out_malformed;
	atomic_uint_least64_t out_errors;
	atomic_uint_least64_t in_packets;
	atomic_uint_least64_t in_bytes;
	atomic_uint_least64_t in_merged;
	atomic_uint_least64_t in_calls;
	atomic_uint_least64_t in_messages;
	atomic_uint_least64_t in_no_room;
	atomic_uint_least64_t refused_address;
	atomic_uint_least64_t refused_kind;
	atomic_uint_least64_t refused_session;
	atomic_uint_least64_t refused_forged;
	atomic_uint_least64_t refused_replayed;
	atomic_uint_least64_t sleeps;
};

static inline void fwd_count(atomic_uint_least64_t *value, uint64_t more)
{
	uint64_t now = atomic_load_explicit(value, memory_order_relaxed);

	atomic_store_explicit(value, now + more, memory_order_relaxed);
}

#endif
