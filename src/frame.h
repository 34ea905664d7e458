/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp_frames among the packets that wait for read(). A pointer in a queue's
 * ptr_ring is an sk_buff's, or, with the lowest bit set, an xdp_frame's; both
 * are aligned to more than that. Frames never have a VLAN tag beside them, nor
 * anything that a virtio_net_hdr could tell.
 */
#ifndef _MYTUN_FRAME_H
#define _MYTUN_FRAME_H

#include <linux/uio.h>

#include "mytun.h"
#include "record.h"

#define MYTUN_FRAME_BIT		1UL

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

/* Either: free what was not read, counted under @reason or not. Any context. */
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
