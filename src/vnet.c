// SPDX-License-Identifier: GPL-2.0
/*
 * virtio_net_hdr to and from sk_buff state. The rules are those of the newest
 * kernel's virtio_net.h, on every kernel; nothing in a header is trusted.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_net.h>

#include "vnet.h"

/* The most segments that a UDP_L4 packet may have; kernel 6.2, UDP_MAX_SEGMENTS. */
#define MAX_UDP_SEGMENTS	128
/* TCP_MIN_GSO_SIZE of later kernels: 65535 segments of it are 64 KiB. */
#define MIN_TCP_SEGMENT		8

/* The end of struct virtio_net_hdr_v1_hash_tunnel: little endian, always. */
struct tunnel_offsets {
	__le16 outer_l4;
	__le16 inner_l3;
};

#define OFFSETS_AT	(MYTUN_VNET_TUNNEL - sizeof(struct tunnel_offsets))

#define TUNNEL		VIRTIO_NET_HDR_GSO_UDP_TUNNEL
#define SKB_TUNNEL	(SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM)

static u16 vnet_get(bool le, __virtio16 v)
{
	return __virtio16_to_cpu(le, v);
}

int mytun_vnet_decode(struct mytun_vnet *v, const void *from,
		      unsigned int size, bool le, size_t len)
{
	const struct virtio_net_hdr *h = from;

	BUILD_BUG_ON(sizeof(*h) != MYTUN_VNET_MIN);
	v->flags = h->flags;
	v->gso_type = h->gso_type;
	v->hdr_len = vnet_get(le, h->hdr_len);
	v->gso_size = vnet_get(le, h->gso_size);
	v->csum_start = vnet_get(le, h->csum_start);
	v->csum_offset = vnet_get(le, h->csum_offset);
	v->outer_l4 = 0;
	v->inner_l3 = 0;
	if (size >= MYTUN_VNET_TUNNEL) {
		struct tunnel_offsets at;

		memcpy(&at, from + OFFSETS_AT, sizeof(at));
		v->outer_l4 = le16_to_cpu(at.outer_l4);
		v->inner_l3 = le16_to_cpu(at.inner_l3);
	}
	if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		u32 end = v->csum_start + v->csum_offset + sizeof(__sum16);

		/* The field holds 16 bits: a larger sum wraps, as in tun. */
		if (end > v->hdr_len)
			v->hdr_len = end;
	}
	return v->hdr_len > len ? -EINVAL : 0;
}

struct gso_kind {
	unsigned int type;	/* SKB_GSO_* */
	u8 proto;
	u8 transport_len;
	u8 network_len;		/* the least */
};

static int gso_kind(u8 gso_type, struct gso_kind *k)
{
	k->network_len = sizeof(struct iphdr);
	switch (gso_type & ~(VIRTIO_NET_HDR_GSO_ECN | TUNNEL)) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		k->type = SKB_GSO_TCPV4;
		k->proto = IPPROTO_TCP;
		k->transport_len = sizeof(struct tcphdr);
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		k->type = SKB_GSO_TCPV6;
		k->proto = IPPROTO_TCP;
		k->transport_len = sizeof(struct tcphdr);
		k->network_len = sizeof(struct ipv6hdr);
		break;
	case VIRTIO_NET_HDR_GSO_UDP:
		k->type = SKB_GSO_UDP;
		k->proto = IPPROTO_UDP;
		k->transport_len = sizeof(struct udphdr);
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		/* The stack would not check one that a user made up. */
		if (!MYTUN_CORE_USO)
			return -EINVAL;
		k->type = SKB_GSO_UDP_L4;
		k->proto = IPPROTO_UDP;
		k->transport_len = sizeof(struct udphdr);
		break;
	default:
		return -EINVAL;
	}
	if (gso_type & VIRTIO_NET_HDR_GSO_ECN)
		k->type |= SKB_GSO_TCP_ECN;
	return 0;
}

/* The packet's first bytes in one piece: 0, -EINVAL (too short) or -ENOMEM. */
static int pull(struct sk_buff *skb, unsigned int bytes)
{
	if (likely(pskb_may_pull(skb, bytes)))
		return 0;
	return bytes > skb->len ? -EINVAL : -ENOMEM;
}

static int apply_csum(const struct mytun_vnet *v, struct sk_buff *skb,
		      const struct gso_kind *k)
{
	u32 need = v->csum_start + max_t(u32, k->transport_len,
					 v->csum_offset + sizeof(__sum16));
	int err = pull(skb, need);

	if (err)
		return err;
	if (!skb_partial_csum_set(skb, v->csum_start, v->csum_offset))
		return -EINVAL;
	if (skb_transport_offset(skb) < k->network_len)
		return -EINVAL;
	return 0;
}

/* @headers: bytes up to the end of the transport header. */
static int apply_gso(const struct mytun_vnet *v, struct sk_buff *skb,
		     const struct gso_kind *k, unsigned int headers)
{
	unsigned int kind = k->type & ~SKB_GSO_TCP_ECN;
	u16 gso_size = v->gso_size;
	int err;

	if (!gso_size || gso_size == GSO_BY_FRAGS)
		return -EINVAL;
	err = pull(skb, headers);
	if (err)
		return err;
	if (kind == SKB_GSO_UDP) {
		/* UFO's size counts from behind the network header. */
		headers -= k->transport_len;
	} else if (kind == SKB_GSO_UDP_L4) {
		if (k->type != SKB_GSO_UDP_L4 ||
		    !(v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
		    skb->csum_offset != offsetof(struct udphdr, check) ||
		    skb->len - headers > v->gso_size * MAX_UDP_SEGMENTS)
			return -EINVAL;
	} else if (skb->ip_summed == CHECKSUM_PARTIAL &&
		   skb->csum_offset != offsetof(struct tcphdr, check)) {
		return -EINVAL;
	}
	if (k->proto == IPPROTO_TCP)
		gso_size = max_t(u16, gso_size, MIN_TCP_SEGMENT);
	/* What fits one segment is no GSO packet. */
	if (skb->len - headers > gso_size) {
		struct skb_shared_info *info = skb_shinfo(skb);

		info->gso_size = gso_size;
		/* The stack checks the headers and counts the segments. */
		info->gso_type = k->type | SKB_GSO_DODGY;
		info->gso_segs = 0;
	}
	return 0;
}

/*
 * A UDP tunnel around a GSO packet, before anything is believed: what the
 * offsets say must be what the outer headers were found to be, and the three
 * headers must follow each other. A header without offsets has none (0).
 */
static int check_tunnel(const struct mytun_vnet *v,
			const struct mytun_headers *h)
{
	u8 outer = v->gso_type & TUNNEL;
	u8 inner = v->gso_type & ~(TUNNEL | VIRTIO_NET_HDR_GSO_ECN);
	unsigned int l3 = inner == VIRTIO_NET_HDR_GSO_TCPV6 ?
		sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (outer == TUNNEL || !inner || inner == VIRTIO_NET_HDR_GSO_UDP ||
	    !(v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return -EINVAL;
	if (!h->l4 || h->fragment || h->tuple.proto != IPPROTO_UDP ||
	    h->tuple.kind != (outer == VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 ?
			      MYTUN_TUPLE_IPV6 : MYTUN_TUPLE_IPV4))
		return -EINVAL;
	if (v->outer_l4 != h->l4 ||
	    v->inner_l3 < v->outer_l4 + sizeof(struct udphdr) ||
	    v->csum_start < v->inner_l3 + l3)
		return -EINVAL;
	return 0;
}

/* The rest, when the inner packet has got its GSO state. */
static int apply_tunnel(const struct mytun_vnet *v, struct sk_buff *skb)
{
	/* In the linear part: the transport header behind it has been pulled. */
	u8 version = skb->data[v->inner_l3] >> 4;

	if (version != 4 && version != 6)
		return -EINVAL;
	/* UDP_L4 does not say which it is, TCP does. */
	if (version == 6 && v->csum_start < v->inner_l3 +
			    sizeof(struct ipv6hdr))
		return -EINVAL;
	skb_set_inner_protocol(skb, version == 6 ? htons(ETH_P_IPV6) :
						   htons(ETH_P_IP));
	/* What fits one segment is no GSO packet, tunnel or not. */
	if (skb_is_gso(skb))
		skb_shinfo(skb)->gso_type |=
			v->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM ?
			SKB_GSO_UDP_TUNNEL_CSUM : SKB_GSO_UDP_TUNNEL;
	skb_set_inner_transport_header(skb, v->csum_start);
	skb_set_inner_network_header(skb, v->inner_l3);
	/* An inner Ethernet header counts as a part of the tunnel's. */
	skb_set_inner_mac_header(skb, v->inner_l3);
	skb_set_transport_header(skb, v->outer_l4);
	skb->encapsulation = 1;
	return 0;
}

int mytun_vnet_apply(const struct mytun_vnet *v, struct sk_buff *skb,
		     const struct mytun_headers *h)
{
	struct gso_kind k = { .network_len = sizeof(struct iphdr) };
	unsigned int headers;
	int err;

	if (v->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		err = gso_kind(v->gso_type, &k);
		if (err)
			return err;
		if (!v->gso_size)
			return -EINVAL;
	}
	if (unlikely(v->gso_type & TUNNEL)) {
		err = check_tunnel(v, h);
		if (err)
			return err;
	}
	if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		err = apply_csum(v, skb, &k);
		if (err)
			return err;
		headers = skb_transport_offset(skb) + k.transport_len;
	} else if (v->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		/* Nothing says where the transport header is: it was found. */
		if (!h->l4 || h->fragment || h->tuple.proto != k.proto)
			return -EINVAL;
		if ((k.type & SKB_GSO_TCPV4 &&
		     h->tuple.kind != MYTUN_TUPLE_IPV4) ||
		    (k.type & SKB_GSO_TCPV6 &&
		     h->tuple.kind != MYTUN_TUPLE_IPV6))
			return -EINVAL;
		skb_set_transport_header(skb, h->l4);
		headers = h->l4 + k.transport_len;
	} else {
		return 0;
	}
	if (v->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return 0;
	err = apply_gso(v, skb, &k, headers);
	if (!err && unlikely(v->gso_type & TUNNEL))
		err = apply_tunnel(v, skb);
	return err;
}

/* Offsets count from the packet's first byte, VLAN tag included. */
static void encode_tunnel(struct virtio_net_hdr *h, const struct sk_buff *skb,
			  unsigned int vlan_len)
{
	struct tunnel_offsets at = {
		.outer_l4 = cpu_to_le16(skb_transport_offset(skb) + vlan_len),
		.inner_l3 = cpu_to_le16(skb_inner_network_offset(skb) +
					vlan_len),
	};

	h->gso_type |= vlan_get_protocol(skb) == htons(ETH_P_IPV6) ?
		VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 :
		VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM)
		h->flags |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	memcpy((void *)h + OFFSETS_AT, &at, sizeof(at));
}

int mytun_vnet_encode(void *to, unsigned int size, const struct sk_buff *skb,
		      bool le, unsigned int vlan_len)
{
	struct virtio_net_hdr *h = to;

	memset(to, 0, size);
	mytun_vnet_encode_csum(h, skb, le, vlan_len);
	if (skb_is_gso(skb)) {
		const struct skb_shared_info *info = skb_shinfo(skb);

		if (unlikely(info->gso_type & SKB_TUNNEL) &&
		    size < MYTUN_VNET_TUNNEL)
			return -EINVAL;

		h->hdr_len = __cpu_to_virtio16(le, skb_headlen(skb));
		h->gso_size = __cpu_to_virtio16(le, info->gso_size);
		if (info->gso_type & SKB_GSO_TCPV4)
			h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		else if (info->gso_type & SKB_GSO_TCPV6)
			h->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		else if (info->gso_type & SKB_GSO_UDP_L4)
			h->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		else
			return -EINVAL;
		if (info->gso_type & SKB_GSO_TCP_ECN)
			h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	}
	if (skb_is_gso(skb) && unlikely(skb_shinfo(skb)->gso_type & SKB_TUNNEL))
		encode_tunnel(h, skb, vlan_len);
	return 0;
}
