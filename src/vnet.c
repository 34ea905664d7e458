// SPDX-License-Identifier: GPL-2.0
/*
 * virtio_net_hdr to and from sk_buff state. The rules are those of the newest
 * kernel's virtio_net.h, on every kernel; nothing in a header is trusted.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_net.h>

#include "vnet.h"

/* The most segments that a UDP_L4 packet may have; kernel 6.2, UDP_MAX_SEGMENTS. */
#define MAX_UDP_SEGMENTS	128

static u16 vnet_get(bool le, __virtio16 v)
{
	return __virtio16_to_cpu(le, v);
}

static __virtio16 vnet_put(bool le, u16 v)
{
	return __cpu_to_virtio16(le, v);
}

int mytun_vnet_decode(struct mytun_vnet *v, const void *from, bool le,
		      size_t len)
{
	const struct virtio_net_hdr *h = from;

	BUILD_BUG_ON(sizeof(*h) != MYTUN_VNET_MIN);
	v->flags = h->flags;
	v->gso_type = h->gso_type;
	v->hdr_len = vnet_get(le, h->hdr_len);
	v->gso_size = vnet_get(le, h->gso_size);
	v->csum_start = vnet_get(le, h->csum_start);
	v->csum_offset = vnet_get(le, h->csum_offset);
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
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
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

static int apply_csum(const struct mytun_vnet *v, struct sk_buff *skb,
		      const struct gso_kind *k)
{
	u32 need = v->csum_start + max_t(u32, k->transport_len,
					 v->csum_offset + sizeof(__sum16));

	if (!pskb_may_pull(skb, need) ||
	    !skb_partial_csum_set(skb, v->csum_start, v->csum_offset))
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

	if (!v->gso_size || v->gso_size == GSO_BY_FRAGS)
		return -EINVAL;
	if (!pskb_may_pull(skb, headers))
		return -EINVAL;
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
	/* What fits one segment is no GSO packet. */
	if (skb->len - headers > v->gso_size) {
		struct skb_shared_info *info = skb_shinfo(skb);

		info->gso_size = v->gso_size;
		/* The stack checks the headers and counts the segments. */
		info->gso_type = k->type | SKB_GSO_DODGY;
		info->gso_segs = 0;
	}
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
	return apply_gso(v, skb, &k, headers);
}

int mytun_vnet_encode(void *to, const struct sk_buff *skb, bool le,
		      unsigned int vlan_len)
{
	struct virtio_net_hdr *h = to;

	memset(h, 0, sizeof(*h));
	if (skb_is_gso(skb)) {
		const struct skb_shared_info *info = skb_shinfo(skb);

		h->hdr_len = vnet_put(le, skb_headlen(skb));
		h->gso_size = vnet_put(le, info->gso_size);
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
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = vnet_put(le, skb_checksum_start_offset(skb) +
					     vlan_len);
		h->csum_offset = vnet_put(le, skb->csum_offset);
	} else if (skb->ip_summed == CHECKSUM_UNNECESSARY) {
		h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	return 0;
}
