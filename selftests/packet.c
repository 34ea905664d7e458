// SPDX-License-Identifier: GPL-2.0
#include "packet.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/if_ether.h>

#define ETHERNET_SIZE	14
#define VLAN_SIZE	4
#define IPV4_SIZE	20
#define IPV6_SIZE	40
#define FRAGMENT_SIZE	8
#define TCP_SIZE	20
#define UDP_SIZE	8
#define ICMP_SIZE	8

#define PROTO_ICMP	1
#define PROTO_TCP	6
#define PROTO_UDP	17
#define PROTO_FRAGMENT	44
#define PROTO_ICMPV6	58

#define IPV4_MORE	0x2000
#define IPV4_OFFSET	0x1fff

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value & 0xff;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

/* Ones' complement sum; start with 0 or the sum of what stands before. */
static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t size)
{
	uint64_t total = sum;
	size_t i;

	for (i = 0; i + 1 < size; i += 2)
		total += get16(data + i);
	if (size & 1)
		total += (uint32_t)data[size - 1] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint32_t)total;
}

static uint16_t sum_end(uint32_t sum)
{
	return ~sum & 0xffff;
}

/* Addresses, protocol and length. l3 points to the IP header. */
static uint32_t sum_pseudo(const uint8_t *l3, uint8_t protocol, size_t size)
{
	uint8_t tail[8] = { 0 };
	uint32_t sum;

	put32(tail, (uint32_t)size);
	tail[7] = protocol;
	if (l3[0] >> 4 == 4)
		sum = sum_add(0, l3 + 12, 8);
	else
		sum = sum_add(0, l3 + 8, 32);
	return sum_add(sum, tail, sizeof(tail));
}

static uint32_t sum_transport(const uint8_t *l3, uint8_t protocol,
			      const uint8_t *l4, size_t size)
{
	uint32_t sum = 0;

	if (protocol != PROTO_ICMP)
		sum = sum_pseudo(l3, protocol, size);
	return sum_add(sum, l4, size);
}

bool packet_addr(int family, const char *text, uint8_t addr[16])
{
	memset(addr, 0, 16);
	return inet_pton(family, text, addr) == 1;
}

socklen_t packet_sockaddr(int family, const struct packet_end *end,
			  struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = family;
	if (family == AF_INET) {
		memcpy(&v4->sin_addr, end->addr, 4);
		v4->sin_port = htons(end->port);
		return sizeof(*v4);
	}
	memcpy(&v6->sin6_addr, end->addr, 16);
	v6->sin6_port = htons(end->port);
	return sizeof(*v6);
}

struct packet_flow packet_reverse(const struct packet_flow *flow)
{
	struct packet_flow back = *flow;

	back.from = flow->to;
	back.to = flow->from;
	back.label = 0;
	return back;
}

void packet_ether(struct packet *p, const uint8_t to[6], const uint8_t from[6],
		  uint16_t ethertype, const void *payload, size_t size)
{
	memcpy(p->data, to, 6);
	memcpy(p->data + 6, from, 6);
	put16(p->data + 12, ethertype);
	if (size)
		memcpy(p->data + ETHERNET_SIZE, payload, size);
	p->l3 = ETHERNET_SIZE;
	p->l4 = ETHERNET_SIZE;
	p->payload = ETHERNET_SIZE;
	p->size = ETHERNET_SIZE + size;
}

static void put_ipv4(uint8_t *l3, const struct packet_flow *flow,
		     uint8_t protocol, size_t size)
{
	memset(l3, 0, IPV4_SIZE);
	l3[0] = 0x45;
	put16(l3 + 2, (uint16_t)(IPV4_SIZE + size));
	l3[8] = 64;
	l3[9] = protocol;
	memcpy(l3 + 12, flow->from.addr, 4);
	memcpy(l3 + 16, flow->to.addr, 4);
	put16(l3 + 10, sum_end(sum_add(0, l3, IPV4_SIZE)));
}

static void put_ipv6(uint8_t *l3, const struct packet_flow *flow,
		     uint8_t protocol, size_t size)
{
	put32(l3, 0x60000000 | (flow->label & 0xfffff));
	put16(l3 + 4, (uint16_t)size);
	l3[6] = protocol;
	l3[7] = 64;
	memcpy(l3 + 8, flow->from.addr, 16);
	memcpy(l3 + 24, flow->to.addr, 16);
}

/* Link and network headers; size is that of the transport and its payload. */
static uint8_t *put_network(struct packet *p, const struct packet_flow *flow,
			    uint8_t protocol, size_t size)
{
	uint16_t ethertype = flow->family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	size_t at = 0;

	if (flow->ethernet) {
		packet_ether(p, flow->to.mac, flow->from.mac, ethertype, NULL,
			     0);
		at = ETHERNET_SIZE;
		if (flow->vlan) {
			put16(p->data + 12, ETH_P_8021Q);
			put16(p->data + 14, flow->vlan);
			put16(p->data + 16, ethertype);
			at += VLAN_SIZE;
		}
	}
	p->l3 = at;
	if (flow->family == AF_INET) {
		put_ipv4(p->data + at, flow, protocol, size);
		at += IPV4_SIZE;
	} else {
		put_ipv6(p->data + at, flow, protocol, size);
		at += IPV6_SIZE;
	}
	p->l4 = at;
	p->size = at + size;
	return p->data + at;
}

static void put_transport(struct packet *p, uint8_t protocol, size_t header,
			  size_t field, const void *payload, size_t size)
{
	uint8_t *l4 = p->data + p->l4;
	uint16_t sum;

	p->payload = p->l4 + header;
	if (size)
		memcpy(l4 + header, payload, size);
	put16(l4 + field, 0);
	sum = sum_end(sum_transport(p->data + p->l3, protocol, l4,
				    header + size));
	if (!sum && protocol == PROTO_UDP)
		sum = 0xffff;
	put16(l4 + field, sum);
}

void packet_udp(struct packet *p, const struct packet_flow *flow,
		const void *payload, size_t size)
{
	uint8_t *l4 = put_network(p, flow, PROTO_UDP, UDP_SIZE + size);

	put16(l4, flow->from.port);
	put16(l4 + 2, flow->to.port);
	put16(l4 + 4, (uint16_t)(UDP_SIZE + size));
	put_transport(p, PROTO_UDP, UDP_SIZE, 6, payload, size);
}

void packet_tcp(struct packet *p, const struct packet_flow *flow,
		uint8_t flags, uint32_t seq, uint32_t ack,
		const void *payload, size_t size)
{
	uint8_t *l4 = put_network(p, flow, PROTO_TCP, TCP_SIZE + size);

	put16(l4, flow->from.port);
	put16(l4 + 2, flow->to.port);
	put32(l4 + 4, seq);
	put32(l4 + 8, ack);
	l4[12] = TCP_SIZE / 4 << 4;
	l4[13] = flags;
	put16(l4 + 14, 65535);
	put16(l4 + 18, 0);
	put_transport(p, PROTO_TCP, TCP_SIZE, 16, payload, size);
}

void packet_syn(struct packet *p, const struct packet_flow *flow, uint32_t seq,
		uint16_t mss)
{
	/* Behind the header, as if it were payload, and then made header. */
	const uint8_t options[8] = {
		2, 4, (uint8_t)(mss >> 8), (uint8_t)mss, 3, 3, 7, 1
	};
	uint8_t *l4;

	packet_tcp(p, flow, TCP_SYN, seq, 0, options, sizeof(options));
	l4 = p->data + p->l4;
	l4[12] = (TCP_SIZE + sizeof(options)) / 4 << 4;
	put_transport(p, PROTO_TCP, TCP_SIZE, 16, options, sizeof(options));
	p->payload = p->size;
}

void packet_echo(struct packet *p, const struct packet_flow *flow, bool reply,
		 uint16_t id, uint16_t seq, const void *payload, size_t size)
{
	bool v4 = flow->family == AF_INET;
	uint8_t protocol = v4 ? PROTO_ICMP : PROTO_ICMPV6;
	uint8_t *l4 = put_network(p, flow, protocol, ICMP_SIZE + size);

	if (v4)
		l4[0] = reply ? 0 : 8;
	else
		l4[0] = reply ? 129 : 128;
	l4[1] = 0;
	put16(l4 + 4, id);
	put16(l4 + 6, seq);
	put_transport(p, protocol, ICMP_SIZE, 2, payload, size);
}

void packet_fragment(const struct packet *whole, struct packet *piece,
		     uint32_t id, size_t offset, size_t size, bool more)
{
	const uint8_t *from = whole->data + whole->l4 + offset;
	uint8_t *l3 = piece->data + whole->l3;
	size_t header = 0;

	memcpy(piece->data, whole->data, whole->l4);
	piece->l3 = whole->l3;
	if (l3[0] >> 4 == 4) {
		put16(l3 + 2, (uint16_t)(IPV4_SIZE + size));
		put16(l3 + 4, (uint16_t)id);
		put16(l3 + 6, (uint16_t)(offset / 8 | (more ? IPV4_MORE : 0)));
		put16(l3 + 10, 0);
		put16(l3 + 10, sum_end(sum_add(0, l3, IPV4_SIZE)));
	} else {
		uint8_t *extension = l3 + IPV6_SIZE;

		header = FRAGMENT_SIZE;
		extension[0] = l3[6];
		extension[1] = 0;
		put16(extension + 2, (uint16_t)(offset | more));
		put32(extension + 4, id);
		l3[6] = PROTO_FRAGMENT;
		put16(l3 + 4, (uint16_t)(FRAGMENT_SIZE + size));
	}
	piece->l4 = whole->l4 + header;
	piece->payload = piece->l4;
	memcpy(piece->data + piece->l4, from, size);
	piece->size = piece->l4 + size;
}

static uint8_t transport_of(const struct packet *p)
{
	const uint8_t *l3 = p->data + p->l3;

	return l3[0] >> 4 == 4 ? l3[9] : l3[6];
}

static uint16_t sum_field(uint8_t protocol)
{
	switch (protocol) {
	case PROTO_TCP:
		return 16;
	case PROTO_UDP:
		return 6;
	default:
		return 2;
	}
}

void packet_needs_csum(struct packet *p, struct virtio_net_hdr *hdr)
{
	uint8_t protocol = transport_of(p);
	uint16_t field = sum_field(protocol);
	uint32_t sum = sum_pseudo(p->data + p->l3, protocol, p->size - p->l4);

	put16(p->data + p->l4 + field, (uint16_t)sum);
	memset(hdr, 0, sizeof(*hdr));
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (uint16_t)p->l4;
	hdr->csum_offset = field;
}

void packet_gso(struct packet *p, struct virtio_net_hdr *hdr,
		uint16_t gso_size)
{
	packet_needs_csum(p, hdr);
	if (transport_of(p) == PROTO_UDP)
		hdr->gso_type = 5; /* VIRTIO_NET_HDR_GSO_UDP_L4, since 6.2 */
	else if (p->data[p->l3] >> 4 == 4)
		hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	else
		hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	hdr->gso_size = gso_size;
	hdr->hdr_len = (uint16_t)p->payload;
}

bool packet_complete(uint8_t *data, size_t size,
		     const struct virtio_net_hdr *hdr)
{
	size_t field = (size_t)hdr->csum_start + hdr->csum_offset;
	uint16_t sum;

	if (hdr->csum_start >= size || field + 2 > size)
		return false;
	sum = sum_end(sum_add(0, data + hdr->csum_start,
			      size - hdr->csum_start));
	put16(data + field, sum ? sum : 0xffff);
	return true;
}

static bool parse_transport(const uint8_t *l3, const uint8_t *l4, size_t size,
			    struct packet_view *v)
{
	size_t header;

	v->payload = l4;
	v->payload_size = size;
	if (v->fragment) {
		v->l4_sum = true; /* only the whole datagram has one */
		return true;
	}
	switch (v->protocol) {
	case PROTO_TCP:
		if (size < TCP_SIZE)
			return false;
		header = (size_t)(l4[12] >> 4) * 4;
		if (header < TCP_SIZE || header > size)
			return false;
		v->seq = get32(l4 + 4);
		v->ack = get32(l4 + 8);
		v->tcp_flags = l4[13];
		break;
	case PROTO_UDP:
		if (size < UDP_SIZE || get16(l4 + 4) != size)
			return false;
		header = UDP_SIZE;
		break;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		if (size < ICMP_SIZE)
			return false;
		header = ICMP_SIZE;
		v->type = l4[0];
		v->code = l4[1];
		v->id = get16(l4 + 4);
		v->seq = get16(l4 + 6);
		break;
	default:
		return true;
	}
	if (v->protocol == PROTO_TCP || v->protocol == PROTO_UDP) {
		v->flow.from.port = get16(l4);
		v->flow.to.port = get16(l4 + 2);
	}
	v->l4_sum = sum_transport(l3, v->protocol, l4, size) == 0xffff;
	v->payload = l4 + header;
	v->payload_size = size - header;
	return true;
}

static bool parse_ipv4(const uint8_t *l3, size_t size, struct packet_view *v)
{
	size_t header, total;

	if (size < IPV4_SIZE)
		return false;
	header = (size_t)(l3[0] & 0xf) * 4;
	total = get16(l3 + 2);
	if (l3[0] >> 4 != 4 || header < IPV4_SIZE || total < header ||
	    total > size)
		return false;
	v->flow.family = AF_INET;
	v->protocol = l3[9];
	memcpy(v->flow.from.addr, l3 + 12, 4);
	memcpy(v->flow.to.addr, l3 + 16, 4);
	v->more = get16(l3 + 6) & IPV4_MORE;
	v->offset = (get16(l3 + 6) & IPV4_OFFSET) * 8;
	v->fragment = v->more || v->offset;
	v->l3_sum = sum_add(0, l3, header) == 0xffff;
	v->l4 = v->l3 + header;
	return parse_transport(l3, l3 + header, total - header, v);
}

static bool parse_ipv6(const uint8_t *l3, size_t size, struct packet_view *v)
{
	const uint8_t *l4 = l3 + IPV6_SIZE;
	size_t total;

	if (size < IPV6_SIZE || l3[0] >> 4 != 6)
		return false;
	total = get16(l3 + 4);
	if (total > size - IPV6_SIZE)
		return false;
	v->flow.family = AF_INET6;
	v->flow.label = get32(l3) & 0xfffff;
	v->protocol = l3[6];
	memcpy(v->flow.from.addr, l3 + 8, 16);
	memcpy(v->flow.to.addr, l3 + 24, 16);
	if (v->protocol == 0 && total >= 8) {
		size_t options = (size_t)(l4[1] + 1) * 8;

		/* Hop-by-hop: the kernel's own multicast reports. */
		if (options > total)
			return false;
		v->protocol = l4[0];
		l4 += options;
		total -= options;
	}
	if (v->protocol == PROTO_FRAGMENT) {
		if (total < FRAGMENT_SIZE)
			return false;
		v->protocol = l4[0];
		v->offset = get16(l4 + 2) & 0xfff8;
		v->more = l4[3] & 1;
		v->fragment = true;
		l4 += FRAGMENT_SIZE;
		total -= FRAGMENT_SIZE;
	}
	v->l3_sum = true;
	v->l4 = v->l3 + (size_t)(l4 - l3);
	return parse_transport(l3, l4, total, v);
}

bool packet_parse(const void *data, size_t size, bool ethernet,
		  struct packet_view *v)
{
	const uint8_t *at = data;
	size_t l3 = 0;

	memset(v, 0, sizeof(*v));
	if (ethernet) {
		if (size < ETHERNET_SIZE)
			return false;
		v->flow.ethernet = true;
		memcpy(v->flow.to.mac, at, 6);
		memcpy(v->flow.from.mac, at + 6, 6);
		v->ethertype = get16(at + 12);
		l3 = ETHERNET_SIZE;
		if (v->ethertype == ETH_P_8021Q || v->ethertype == ETH_P_8021AD) {
			if (size < ETHERNET_SIZE + VLAN_SIZE)
				return false;
			v->vlan_proto = v->ethertype;
			v->flow.vlan = get16(at + 14);
			v->ethertype = get16(at + 16);
			l3 += VLAN_SIZE;
		}
	} else if (size) {
		v->ethertype = at[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;
	}
	v->l3 = l3;
	switch (v->ethertype) {
	case ETH_P_IP:
		return parse_ipv4(at + l3, size - l3, v);
	case ETH_P_IPV6:
		return parse_ipv6(at + l3, size - l3, v);
	default:
		v->payload = at + l3;
		v->payload_size = size - l3;
		return true;
	}
}

uint64_t random_seed(void)
{
	const char *text = getenv("MYTUN_SEED");
	struct timespec now;
	uint64_t seed;

	if (text && *text) {
		seed = strtoull(text, NULL, 0);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_sec * 1000000007 + (uint64_t)now.tv_nsec;
	}
	printf("# MYTUN_SEED=%#llx repeats this\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/* splitmix64: every state is a good one. */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t random_below(uint64_t *state, uint32_t below)
{
	return (uint32_t)((random_next(state) >> 32) * below >> 32);
}

void random_fill(uint64_t *state, void *data, size_t size)
{
	uint8_t *to = data;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word)) {
		word = random_next(state);
		memcpy(to, &word, sizeof(word));
		to += sizeof(word);
	}
	if (size) {
		word = random_next(state);
		memcpy(to, &word, size);
	}
}
