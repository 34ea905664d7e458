/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kinds of packet wait for read(). A pointer in a queue's ptr_ring is an
 * sk_buff's, or, with the lowest bit set, an xdp_frame's, or, with the next one,
 * that of a record in the queue's store; all are aligned to more than that.
 * Frames never have a VLAN tag beside them, nor anything that a virtio_net_hdr
 * could tell. Records become skbs again for all but a batch's reader.
 */
#ifndef _MYTUN_FRAME_H
#define _MYTUN_FRAME_H

#include <linux/uio.h>

#include "mytun.h"
#include "record.h"

#define MYTUN_FRAME_BIT		1UL
#define MYTUN_STORED_BIT	2UL

static inline bool mytun_packet_is_stored(const void *packet)
{
	return (unsigned long)packet & MYTUN_STORED_BIT;
}

/* NULL: the packet is an sk_buff. */
static inline struct xdp_frame *mytun_packet_frame(void *packet)
{
	unsigned long p = (unsigned long)packet;

	return likely(!(p & MYTUN_FRAME_BIT)) ? NULL :
	       (struct xdp_frame *)(p & ~MYTUN_FRAME_BIT);
}

static inline void *mytun_frame_packet(struct xdp_frame *frame)
{
	return (void *)((unsigned long)frame | MYTUN_FRAME_BIT);
}

/* store.c */
void mytun_store_took(struct mytun_queue *q, void *packet);
void mytun_store_done(struct mytun_queue *q);
u32 mytun_store_read_len(const struct mytun *tun, const struct mytun_queue *q,
			 void *packet);
struct sk_buff *mytun_store_unpack(struct mytun *tun, struct mytun_queue *q,
				   void *packet);

/* Any kind, the first that waits, or NULL. Under ring.consumer_lock. */
static inline void *__mytun_packet_take(struct mytun_queue *q)
{
	void *packet = __ptr_ring_consume(&q->ring);

	if (unlikely(mytun_packet_is_stored(packet)))
		mytun_store_took(q, packet);
	return packet;
}

/* The first packet that waits, as an skb or a frame, or NULL. */
static inline void *mytun_packet_take(struct mytun *tun, struct mytun_queue *q)
{
	void *packet;

	do {
		spin_lock(&q->ring.consumer_lock);
		packet = __mytun_packet_take(q);
		spin_unlock(&q->ring.consumer_lock);
		if (likely(!mytun_packet_is_stored(packet)))
			return packet;
		packet = mytun_store_unpack(tun, q, packet);
	} while (unlikely(!packet));
	return packet;
}

/*
 * Any kind: free what was not read, counted under @reason or not. What is free
 * in a store is found out when the next record is read.
 */
void mytun_packet_free(void *packet);
void mytun_packet_drop(struct mytun *tun, struct mytun_queue *q, void *packet,
		       enum mytun_drop reason);

void mytun_frame_drop(struct mytun *tun, struct mytun_queue *q,
		      struct xdp_frame *frame, enum mytun_drop reason);

/* As their namesakes for skbs in read.c and record.c. */
u32 mytun_frame_read_len(const struct mytun *tun, struct xdp_frame *frame);
void mytun_frame_front(const struct mytun *tun, struct xdp_frame *frame,
		       u32 len, bool cut, struct mytun_front *f);
int mytun_frame_read_copy(struct mytun *tun, struct xdp_frame *frame,
			  struct iov_iter *to, size_t room,
			  enum mytun_drop *reason);
void mytun_frame_fill(struct mytun_record *r,
		      const struct mytun_record_rules *rules,
		      const struct mytun_queue *q, struct xdp_frame *frame,
		      u32 size, u32 len);

/* Copy its bytes to memory that has room for xdp_get_frame_len(). */
void mytun_frame_copy_bytes(struct xdp_frame *frame, void *to);

/* The user has it. */
void mytun_frame_done(struct mytun_queue *q, struct xdp_frame *frame);

/* Either kind, for who reads. Inline: read() of an sk_buff pays one test. */

static inline u32 mytun_packet_read_len(const struct mytun *tun, void *packet)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);

	return unlikely(frame) ? mytun_frame_read_len(tun, frame) :
				 mytun_read_len(tun, packet);
}

static inline int mytun_packet_read_copy(struct mytun *tun, void *packet,
					 struct iov_iter *to, size_t room,
					 enum mytun_drop *reason)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);

	return unlikely(frame) ?
	       mytun_frame_read_copy(tun, frame, to, room, reason) :
	       mytun_read_copy(tun, packet, to, room, reason);
}

/* The user has it. */
static inline void mytun_packet_done(struct mytun_queue *q, void *packet)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);

	if (unlikely(frame)) {
		mytun_frame_done(q, frame);
		return;
	}
	mytun_read_here(packet);
	mytun_count_tx(q, packet);
	consume_skb(packet);
}

#endif /* _MYTUN_FRAME_H */
