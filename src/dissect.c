// SPDX-License-Identifier: GPL-2.0
/*
 * What flow a packet belongs to.
 *
 * The kernel's own symmetric hash is not used: on some kernels it stops at an
 * IPv6 flow label, so that the two directions of one flow differ, and it gives
 * a hash only, where two flows with one hash must stay two flows.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "flow.h"

/* IPv6 extension headers looked through, and VLAN tags. */
#define MAX_EXTENSIONS	8
#define MAX_VLAN_TAGS	2

static hsiphash_key_t tuple_key __read_mostly;

void mytun_dissect_init(void)
{
	get_random_bytes(&tuple_key, sizeof(tuple_key));
}

/* The bytes of a packet: of an skb, which may be in pieces, or in one piece. */
struct bytes {
	const struct sk_buff *skb;	/* or NULL */
	const void *data;
	int len;			/* bytes that are at data */
};

/* As skb_header_pointer(). */
static inline const void *header_pointer(const struct bytes *b, int offset,
					 int len, void *buf)
{
	/* Some kernels want a pointer to what they could change. */
	return __skb_header_pointer(b->skb, offset, len, (void *)b->data,
				    b->len, buf);
}

static bool has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	}
	return false;
}

static void read_ports(const struct bytes *b, unsigned int offset,
		       __be16 port[2])
{
	__be16 buf[2];
	const __be16 *p = header_pointer(b, offset, sizeof(buf), buf);

	port[0] = p ? p[0] : 0;
	port[1] = p ? p[1] : 0;
}

static bool dissect_ipv4(const struct bytes *b, struct mytun_headers *h)
{
	struct mytun_tuple *t = &h->tuple;
	const struct iphdr *iph;
	struct iphdr buf;
	u32 from, to;

	iph = header_pointer(b, h->l3, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;
	h->l4 = h->l3 + iph->ihl * 4;
	h->fragment = ip_is_fragment(iph);
	t->kind = MYTUN_TUPLE_IPV4;
	t->proto = iph->protocol;
	t->port[0] = 0;
	t->port[1] = 0;
	from = (__force u32)iph->saddr;
	to = (__force u32)iph->daddr;
	if (!h->fragment && has_ports(t->proto))
		read_ports(b, h->l4, t->port);
	if (from > to || (from == to && (__force u16)t->port[0] >
					(__force u16)t->port[1])) {
		swap(from, to);
		swap(t->port[0], t->port[1]);
	}
	t->addr[0] = from;
	t->addr[1] = to;
	return true;
}

/*
 * Walks to the transport header. An atomic fragment (RFC 6946) is a whole
 * packet and belongs to the flow of its ports.
 */
static void skip_extensions(const struct bytes *b, struct mytun_headers *h,
			    u8 next)
{
	unsigned int offset = h->l3 + sizeof(struct ipv6hdr);
	int i;

	for (i = 0; i < MAX_EXTENSIONS; i++) {
		struct frag_hdr buf;
		const struct frag_hdr *ext;

		if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING &&
		    next != NEXTHDR_DEST && next != NEXTHDR_AUTH &&
		    next != NEXTHDR_FRAGMENT)
			break;
		/* All begin alike: next header, length; 8 bytes at least. */
		ext = header_pointer(b, offset, sizeof(buf), &buf);
		if (!ext) {
			next = NEXTHDR_NONE;
			break;
		}
		if (next == NEXTHDR_FRAGMENT) {
			next = ext->nexthdr;
			offset += sizeof(*ext);
			if (ext->frag_off & htons(IP6_OFFSET | IP6_MF)) {
				h->fragment = true;
				break;
			}
			continue;
		}
		if (next == NEXTHDR_AUTH)
			offset += (ext->reserved + 2) * 4;
		else
			offset += (ext->reserved + 1) * 8;
		next = ext->nexthdr;
	}
	h->tuple.proto = next;
	h->l4 = offset;
}

static bool dissect_ipv6(const struct bytes *b, struct mytun_headers *h)
{
	struct mytun_tuple *t = &h->tuple;
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;
	int order;

	ip6h = header_pointer(b, h->l3, sizeof(buf), &buf);
	if (!ip6h || ip6h->version != 6)
		return false;
	t->kind = MYTUN_TUPLE_IPV6;
	t->port[0] = 0;
	t->port[1] = 0;
	order = memcmp(&ip6h->saddr, &ip6h->daddr, sizeof(ip6h->saddr));
	memcpy(&t->addr[order > 0 ? 4 : 0], &ip6h->saddr, 16);
	memcpy(&t->addr[order > 0 ? 0 : 4], &ip6h->daddr, 16);
	skip_extensions(b, h, ip6h->nexthdr);
	if (!h->fragment && has_ports(t->proto)) {
		read_ports(b, h->l4, t->port);
		if (order > 0 || (!order && (__force u16)t->port[0] >
					    (__force u16)t->port[1]))
			swap(t->port[0], t->port[1]);
	}
	return true;
}

/* A frame without IP. On a device without Ethernet headers the MACs are 0. */
static void dissect_link(const struct ethhdr *eth, struct mytun_headers *h)
{
	struct mytun_tuple *t = &h->tuple;
	u8 *low = (u8 *)t->addr;

	h->l4 = 0;
	h->fragment = false;
	t->kind = MYTUN_TUPLE_LINK;
	t->proto = 0;
	t->port[0] = h->proto;
	t->port[1] = 0;
	/* 802.3: the field is a length, which differs from frame to frame. */
	if (eth && !eth_proto_is_802_3(h->proto))
		t->port[0] = htons(ETH_P_802_3);
	if (!eth) {
		memset(t->addr, 0, 2 * ETH_ALEN);
	} else if (memcmp(eth->h_source, eth->h_dest, ETH_ALEN) <= 0) {
		memcpy(low, eth->h_source, ETH_ALEN);
		memcpy(low + ETH_ALEN, eth->h_dest, ETH_ALEN);
	} else {
		memcpy(low, eth->h_dest, ETH_ALEN);
		memcpy(low + ETH_ALEN, eth->h_source, ETH_ALEN);
	}
}

static void dissect(const struct bytes *b, unsigned int offset, __be16 proto,
		    struct mytun_headers *h)
{
	const struct ethhdr *eth = NULL;
	struct ethhdr buf;
	int i;

	h->l4 = 0;
	h->fragment = false;
	h->tuple.kind = MYTUN_TUPLE_NONE;
	if (!proto) {
		eth = header_pointer(b, offset, sizeof(buf), &buf);
		if (!eth)
			return;
		proto = eth->h_proto;
		offset += sizeof(*eth);
	}
	for (i = 0; i < MAX_VLAN_TAGS && eth_type_vlan(proto); i++) {
		struct vlan_hdr vbuf;
		const struct vlan_hdr *tag;

		tag = header_pointer(b, offset, sizeof(vbuf), &vbuf);
		if (!tag)
			break;
		proto = tag->h_vlan_encapsulated_proto;
		offset += sizeof(*tag);
	}
	h->l3 = offset;
	h->proto = proto;
	if (proto == htons(ETH_P_IP) && dissect_ipv4(b, h))
		return;
	if (proto == htons(ETH_P_IPV6) && dissect_ipv6(b, h))
		return;
	dissect_link(eth, h);
}

void mytun_dissect(const struct sk_buff *skb, unsigned int offset, __be16 proto,
		   struct mytun_headers *h)
{
	struct bytes b = { skb, skb->data, skb_headlen(skb) };

	dissect(&b, offset, proto, h);
}

void mytun_dissect_frame(const void *data, unsigned int len,
			 struct mytun_headers *h)
{
	struct bytes b = { NULL, data, len };

	dissect(&b, 0, 0, h);
}

u32 mytun_tuple_hash(const struct mytun_tuple *t)
{
	u32 ports = (__force u32)t->port[0] | (__force u32)t->port[1] << 16;
	u32 kind = t->kind | t->proto << 8;
	u32 hash;

	if (t->kind == MYTUN_TUPLE_IPV6) {
		u32 words[10];

		memcpy(words, t->addr, sizeof(t->addr));
		words[8] = ports;
		words[9] = kind;
		hash = hsiphash(words, sizeof(words), &tuple_key);
	} else if (t->kind == MYTUN_TUPLE_IPV4) {
		hash = hsiphash_4u32(t->addr[0], t->addr[1], ports, kind,
				     &tuple_key);
	} else {
		u32 words[5] = { t->addr[0], t->addr[1], t->addr[2],
				 ports, kind };

		hash = hsiphash(words, sizeof(words), &tuple_key);
	}
	return hash ?: 1;
}
