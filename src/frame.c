// SPDX-License-Identifier: GPL-2.0
/* xdp_frames on their way to the user. */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>

#include "frame.h"

void mytun_frame_drop(struct mytun *tun, struct mytun_queue *q,
		      struct xdp_frame *frame, enum mytun_drop reason)
{
	mytun_count_drop(tun, q, reason);
	xdp_return_frame(frame);
}

void mytun_packet_free(void *packet)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);

	if (unlikely(frame))
		xdp_return_frame(frame);
	else if (!mytun_packet_is_stored(packet))
		kfree_skb(packet);
}

void mytun_packet_drop(struct mytun *tun, struct mytun_queue *q, void *packet,
		       enum mytun_drop reason)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);

	if (unlikely(frame)) {
		mytun_frame_drop(tun, q, frame, reason);
	} else if (unlikely(mytun_packet_is_stored(packet))) {
		mytun_count_drop(tun, q, reason);
		mytun_store_done(q);
	} else {
		mytun_drop(tun, q, packet, reason);
	}
}

void mytun_frame_done(struct mytun_queue *q, struct xdp_frame *frame)
{
	mytun_count_tx_bytes(q, xdp_get_frame_len(frame));
	xdp_return_frame(frame);
}

u32 mytun_frame_read_len(const struct mytun *tun, struct xdp_frame *frame)
{
	return xdp_get_frame_len(frame) + mytun_read_front_len(tun);
}

/* The EtherType as eth_type_trans() would have found it. */
static __be16 frame_protocol(const struct xdp_frame *frame)
{
	const struct ethhdr *eth = frame->data;

	if (frame->len < sizeof(*eth))
		return 0;
	return eth_proto_is_802_3(eth->h_proto) ? eth->h_proto :
						  htons(ETH_P_802_2);
}

/*
 * @len bytes of packet information and virtio_net_hdr. The in-kernel tun leaves
 * out the packet information; but who asked for it takes the packet's first
 * bytes for one then.
 */
void mytun_frame_front(const struct mytun *tun, struct xdp_frame *frame,
		       u32 len, bool cut, struct mytun_front *f)
{
	f->len = 0;
	f->zeroes = len;
	if (!(READ_ONCE(tun->flags) & IFF_NO_PI) &&
	    len >= sizeof(struct tun_pi)) {
		struct tun_pi pi = {
			.flags = cut ? TUN_PKT_STRIP : 0,
			.proto = frame_protocol(frame),
		};

		memcpy(f->data, &pi, sizeof(pi));
		f->len = sizeof(pi);
		f->zeroes -= sizeof(pi);
	}
}

static int put_payload(struct xdp_frame *frame, struct iov_iter *to, size_t len)
{
	size_t n = min_t(size_t, len, frame->len);
	const struct skb_shared_info *info;
	int i;

	if (copy_to_iter(frame->data, n, to) != n)
		return -EFAULT;
	if (likely(!xdp_frame_has_frags(frame)))
		return 0;
	info = xdp_get_shared_info_from_frame(frame);
	for (i = 0; i < info->nr_frags; i++) {
		const skb_frag_t *frag = &info->frags[i];

		len -= n;
		n = min_t(size_t, len, skb_frag_size(frag));
		if (copy_to_iter(skb_frag_address(frag), n, to) != n)
			return -EFAULT;
	}
	return 0;
}

void mytun_frame_copy_bytes(struct xdp_frame *frame, void *to)
{
	const struct skb_shared_info *info;
	int i;

	memcpy(to, frame->data, frame->len);
	if (likely(!xdp_frame_has_frags(frame)))
		return;
	to += frame->len;
	info = xdp_get_shared_info_from_frame(frame);
	for (i = 0; i < info->nr_frags; i++) {
		const skb_frag_t *frag = &info->frags[i];

		memcpy(to, skb_frag_address(frag), skb_frag_size(frag));
		to += skb_frag_size(frag);
	}
}

/* Return: as mytun_read_copy(). */
int mytun_frame_read_copy(struct mytun *tun, struct xdp_frame *frame,
			  struct iov_iter *to, size_t room,
			  enum mytun_drop *reason)
{
	u32 payload = xdp_get_frame_len(frame);
	u32 front = mytun_read_front_len(tun);
	struct mytun_front f;

	*reason = MYTUN_DROP_TX_BUFFER;
	if (room < front)
		return -EINVAL;
	mytun_frame_front(tun, frame, front, room < front + payload, &f);
	if (copy_to_iter(f.data, f.len, to) != f.len ||
	    iov_iter_zero(f.zeroes, to) != f.zeroes)
		return -EFAULT;
	return put_payload(frame, to, min_t(size_t, room - front, payload)) ?
	       MYTUN_READ_FAULT : 0;
}

void mytun_frame_fill(struct mytun_record *r,
		      const struct mytun_record_rules *rules,
		      const struct mytun_queue *q, struct xdp_frame *frame,
		      u32 size, u32 len)
{
	struct mytun_headers h;
	u32 hash = 0;

	if (rules->hash) {
		mytun_dissect_frame(frame->data, frame->len, &h);
		if (h.tuple.kind != MYTUN_TUPLE_NONE)
			hash = mytun_tuple_hash(&h.tuple);
	}
	mytun_record_start(r, rules, q, size, len);
	r->hash = hash;
	r->mark = 0;
	r->priority = 0;
}
