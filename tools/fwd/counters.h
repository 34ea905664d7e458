/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a thread of the tunnel counts. It alone writes; others read whole words
 * while it does.
 */
#ifndef FWD_COUNTERS_H
#define FWD_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* Name in JSON and text, member, what it means to an administrator. */
#define FWD_COUNTERS(X) \
	X(out_packets, "packets sent through the tunnel") \
	X(out_bytes, "bytes of them") \
	X(out_large, "large packets that were cut") \
	X(out_calls, "system calls that sent") \
	X(out_messages, "messages of them, each one datagram or many") \
	X(out_unready, "not sent: no session yet") \
	X(out_too_long, "not sent: longer than the path carries") \
	X(out_malformed, "not sent: the device's header makes no sense") \
	X(out_errors, "not sent: the socket refused") \
	X(in_packets, "packets received through the tunnel") \
	X(in_bytes, "bytes of them") \
	X(in_merged, "packets that were merged into larger ones") \
	X(in_calls, "system calls that received") \
	X(in_messages, "messages of them, each one datagram or many") \
	X(in_no_room, "not delivered: the device had no room") \
	X(refused_address, "refused: from another address") \
	X(refused_kind, "refused: of no kind that is expected, or cut") \
	X(refused_session, "refused: of another session") \
	X(refused_forged, "refused: tampered with, or of another key") \
	X(refused_replayed, "refused: seen before, or too old") \
	X(sleeps, "times that a thread slept")

struct fwd_counters {
#define MEMBER(name, text) _Atomic uint64_t name;
	FWD_COUNTERS(MEMBER)
#undef MEMBER
};

static inline void fwd_count(_Atomic uint64_t *value, uint64_t more)
{
	atomic_store_explicit(value, atomic_load_explicit(value,
				memory_order_relaxed) + more,
			      memory_order_relaxed);
}

#endif
