/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtio_net_hdr in front of a packet (virtio 1.2, 5.1.6; the layout of
 * struct virtio_net_hdr without num_buffers). One of 24 bytes or more tells of
 * UDP tunnels as well (virtio 1.4; struct virtio_net_hdr_v1_hash_tunnel).
 */
#ifndef _MYTUN_VNET_H
#define _MYTUN_VNET_H

#include <linux/if_tun.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/virtio_net.h>

#include "flow.h"

#define MYTUN_VNET_MIN	10	/* sizeof(struct virtio_net_hdr) */
#define MYTUN_VNET_TUNNEL 24	/* ..._v1_hash_tunnel: with its offsets */

/* The header in the byte order of the host. */
struct mytun_vnet {
	u8 flags;
	u8 gso_type;
	u16 hdr_len;
	u16 gso_size;
	u16 csum_start;
	u16 csum_offset;
	/* Of a UDP tunnel, from the packet's first byte. */
	u16 outer_l4;
	u16 inner_l3;
};

/* How much of a header of @size bytes is looked at. */
static inline unsigned int mytun_vnet_bytes(unsigned int size)
{
	return MYTUN_CORE_TUNNEL && size >= MYTUN_VNET_TUNNEL ?
		MYTUN_VNET_TUNNEL : MYTUN_VNET_MIN;
}

/**
 * mytun_vnet_decode - read a header and see if it fits its packet
 * @v: filled in
 * @from: its bytes
 * @size: how many, mytun_vnet_bytes()
 * @le: little endian
 * @len: length of the packet behind the header
 *
 * Return: 0, or -EINVAL if the headers it tells of are longer than the packet.
 */
int mytun_vnet_decode(struct mytun_vnet *v, const void *from,
		      unsigned int size, bool le, size_t len);

/**
 * mytun_vnet_apply - give an skb the checksum and GSO state of a header
 * @v: the header
 * @skb: the packet, data at its first header
 * @h: the headers as mytun_dissect() found them from there
 *
 * Return: 0, -EINVAL if the two contradict each other, or -ENOMEM. Context: any.
 */
int mytun_vnet_apply(const struct mytun_vnet *v, struct sk_buff *skb,
		     const struct mytun_headers *h);

/* Whether there is anything for mytun_vnet_apply() to do. */
static inline bool mytun_vnet_tells(const struct mytun_vnet *v)
{
	return v->gso_type || v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

/* Whether mytun_vnet_apply() needs to know the packet's headers. */
static inline bool mytun_vnet_is_gso(const struct mytun_vnet *v)
{
	return v->gso_type != 0;
}

/**
 * mytun_vnet_encode - the header that tells the user about an skb
 * @to: room for @size bytes
 * @size: mytun_vnet_bytes()
 * @skb: the packet
 * @le: little endian
 * @vlan_len: bytes of VLAN tag that will be put into the packet
 *
 * Return: 0, or -EINVAL for a kind of GSO that the header cannot tell.
 */
int mytun_vnet_encode(void *to, unsigned int size, const struct sk_buff *skb,
		      bool le, unsigned int vlan_len);

/* What it tells of the checksum, in a header of zeroes. It only stores. */
static inline void mytun_vnet_encode_csum(struct virtio_net_hdr *h,
					  const struct sk_buff *skb, bool le,
					  unsigned int vlan_len)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start =
			__cpu_to_virtio16(le, skb_checksum_start_offset(skb) +
					      vlan_len);
		h->csum_offset = __cpu_to_virtio16(le, skb->csum_offset);
	} else if (skb->ip_summed == CHECKSUM_UNNECESSARY) {
		h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
}

#endif /* _MYTUN_VNET_H */
