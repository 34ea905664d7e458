// SPDX-License-Identifier: GPL-2.0
#include "merge.h"

#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/virtio_net.h>

#include "../common/checksum.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define LONGEST		65535U	/* an IP packet */
#define DATAGRAMS	64	/* of any kernel, UDP_MAX_SEGMENTS */
#define FLAGS_AT	13	/* of TCP */
#define FLAG_PSH	0x08
#define FLAG_ACK	0x10

void merge_start(struct merge *merge, bool ethernet, bool udp)
{
	merge->ethernet = ethernet;
	merge->udp = udp;
	merge->count = 0;
	merge->made = 0;
}

/* IPv4 without options, which may not be fragmented. */
static bool is_ipv4(struct merged *m, const uint8_t *data)
{
	struct iphdr ip;

	if (m->len < m->l3 + sizeof(ip))
		return false;
	memcpy(&ip, data + m->l3, sizeof(ip));
	m->l4 = m->l3 + (uint32_t)sizeof(ip);
	m->protocol = ip.protocol;
	return ip.ihl == 5 && ip.frag_off == htons(IP_DF) &&
	       ntohs(ip.tot_len) == m->len - m->l3 &&
	       checksum_fold(checksum_add(0, &ip, sizeof(ip))) == 0xffff;
}

static bool is_ipv6(struct merged *m, const uint8_t *data)
{
	struct ip6_hdr ip;

	if (m->len < m->l3 + sizeof(ip))
		return false;
	memcpy(&ip, data + m->l3, sizeof(ip));
	m->ipv6 = true;
	m->l4 = m->l3 + (uint32_t)sizeof(ip);
	m->protocol = ip.ip6_nxt;
	return ntohs(ip.ip6_plen) == m->len - m->l4;
}

/* Of TCP or UDP, which is all that is behind the IP header. */
static bool is_right(const struct merged *m, const uint8_t *data)
{
	uint32_t size = m->len - m->l4;
	uint64_t sum;

	sum = checksum_pseudo(data + m->l3 + (m->ipv6 ? 8 : 12),
			      m->ipv6 ? 32 : 8, m->protocol, size);
	return checksum_fold(checksum_add(sum, data + m->l4, size)) == 0xffff;
}

static bool is_tcp(struct merged *m, const uint8_t *data)
{
	uint32_t sequence, size = m->len - m->l4;

	if (size < sizeof(struct tcphdr))
		return false;
	m->payload = m->l4 + (data[m->l4 + 12] >> 4) * 4U;
	/* Nothing but data: with PSH at most, which ends a run. */
	if (m->payload < m->l4 + sizeof(struct tcphdr) ||
	    m->payload >= m->len ||
	    (data[m->l4 + FLAGS_AT] & ~FLAG_PSH) != FLAG_ACK ||
	    !is_right(m, data))
		return false;
	memcpy(&sequence, data + m->l4 + offsetof(struct tcphdr, seq),
	       sizeof(sequence));
	m->size = m->len - m->payload;
	m->next_sequence = ntohl(sequence) + m->size;
	m->open = !(data[m->l4 + FLAGS_AT] & FLAG_PSH);
	return true;
}

/* With data, and a checksum: without one, it would get one by being cut. */
static bool is_udp(struct merged *m, const uint8_t *data)
{
	struct udphdr udp;

	m->payload = m->l4 + (uint32_t)sizeof(udp);
	if (m->len <= m->payload)
		return false;
	memcpy(&udp, data + m->l4, sizeof(udp));
	m->size = m->len - m->payload;
	m->open = true;
	return udp.check && ntohs(udp.len) == m->len - m->l4 &&
	       is_right(m, data);
}

/* What it is; whole is false for what is passed on as it came. */
static void describe(struct merge *merge, struct merged *m, uint32_t index)
{
	const uint8_t *data = merge->packet[index].data;

	memset(m, 0, sizeof(*m));
	m->first = index;
	m->last = index;
	m->segments = 1;
	m->len = merge->packet[index].len;
	m->l3 = merge->ethernet ? ETH_HLEN : 0;
	if (m->len <= m->l3)
		return;
	switch (data[m->l3] >> 4) {
	case 4:
		m->whole = is_ipv4(m, data);
		break;
	case 6:
		m->whole = is_ipv6(m, data);
		break;
	}
	if (!m->whole)
		return;
	switch (m->protocol) {
	case IPPROTO_TCP:
		m->whole = is_tcp(m, data);
		break;
	case IPPROTO_UDP:
		m->whole = merge->udp && is_udp(m, data);
		break;
	default:
		m->whole = false;
		break;
	}
}

/* The same connection: addresses and ports. */
static bool same_flow(const struct merged *a, const uint8_t *one,
		      const struct merged *b, const uint8_t *other)
{
	uint32_t from = a->l3 + (a->ipv6 ? 8 : 12);

	return a->ipv6 == b->ipv6 && a->protocol == b->protocol &&
	       a->l3 == b->l3 && a->l4 == b->l4 &&
	       !memcmp(one + from, other + from, a->l4 + 4 - from);
}

/* Acknowledged sequence, window and options of TCP. */
static bool same_state(const struct merged *m, const uint8_t *one,
		       const uint8_t *other)
{
	uint32_t ack = m->l4 + (uint32_t)offsetof(struct tcphdr, ack_seq);
	uint32_t window = m->l4 + (uint32_t)offsetof(struct tcphdr, window);
	uint32_t options = m->l4 + (uint32_t)sizeof(struct tcphdr);

	return !memcmp(one + ack, other + ack, 4) &&
	       !memcmp(one + window, other + window, 2) &&
	       !memcmp(one + options, other + options, m->payload - options);
}

/* All else in the headers that would be lost is the same. */
static bool same_headers(const struct merged *a, const uint8_t *one,
			 const struct merged *b, const uint8_t *other)
{
	if (a->payload != b->payload || memcmp(one, other, a->l3) ||
	    (a->protocol == IPPROTO_TCP && !same_state(a, one, other)))
		return false;
	if (a->ipv6)
		/* Version, class, label; hop limit. */
		return !memcmp(one + a->l3, other + a->l3, 4) &&
		       one[a->l3 + 7] == other[a->l3 + 7];
	/* Type of service; time to live. */
	return one[a->l3 + 1] == other[a->l3 + 1] &&
	       one[a->l3 + 8] == other[a->l3 + 8];
}

/* Whether it comes behind all that is there. */
static bool in_order(const struct merged *to, const struct merged *m)
{
	if (to->protocol == IPPROTO_UDP)
		return to->segments < DATAGRAMS;
	return m->next_sequence - m->size == to->next_sequence;
}

/* Return: whether packet @index is part of @to now. */
static bool append(struct merge *merge, struct merged *to,
		   const struct merged *m, uint32_t index)
{
	uint32_t size = m->size;

	if (!to->open || !in_order(to, m) || size > to->size || to->len - to->l3 + size > LONGEST ||
	    !same_headers(to, merge->packet[to->first].data, m,
			  merge->packet[index].data))
		return false;
	merge->packet[to->last].next = index;
	to->last = index;
	to->segments++;
	to->len += size;
	to->next_sequence = m->next_sequence;
	/* Only the last one may be smaller, or have PSH. */
	to->open = m->open && size == to->size;
	return true;
}

void merge_add(struct merge *merge, const uint8_t *data, uint32_t len)
{
	uint32_t index = merge->count++, look;
	struct merged *m = &merge->merged[merge->made], *to;

	merge->packet[index].data = data;
	merge->packet[index].len = len;
	describe(merge, m, index);
	/* Past the flow's newest, order would be lost. */
	for (look = 1; m->whole && look <= MERGE_LOOK && look <= merge->made;
	     look++) {
		to = &merge->merged[merge->made - look];
		if (!to->whole ||
		    !same_flow(to, merge->packet[to->first].data, m, data))
			continue;
		if (append(merge, to, m, index))
			return;
		break;
	}
	merge->made++;
}

static void fix_ip(const struct merged *m, uint8_t *data)
{
	uint16_t size;
	uint16_t check;

	if (m->ipv6) {
		size = htons((uint16_t)(m->len - m->l4));
		memcpy(data + m->l3 + offsetof(struct ip6_hdr, ip6_plen),
		       &size, sizeof(size));
		return;
	}
	size = htons((uint16_t)(m->len - m->l3));
	memcpy(data + m->l3 + offsetof(struct iphdr, tot_len), &size,
	       sizeof(size));
	memset(data + m->l3 + offsetof(struct iphdr, check), 0, sizeof(check));
	check = (uint16_t)~checksum_fold(checksum_add(0, data + m->l3,
						      m->l4 - m->l3));
	memcpy(data + m->l3 + offsetof(struct iphdr, check), &check,
	       sizeof(check));
}

void merge_write(const struct merge *merge, const struct merged *m,
		 struct virtio_net_hdr *hdr, uint8_t *data)
{
	uint32_t index = m->first, at, part;
	uint16_t check, size;

	memset(hdr, 0, sizeof(*hdr));
	memcpy(data, merge->packet[index].data, merge->packet[index].len);
	if (m->segments == 1)
		return;
	at = merge->packet[index].len;
	while (index != m->last) {
		index = merge->packet[index].next;
		part = merge->packet[index].len - m->payload;
		memcpy(data + at, merge->packet[index].data + m->payload, part);
		at += part;
	}
	fix_ip(m, data);
	if (m->protocol == IPPROTO_UDP) {
		size = htons((uint16_t)(m->len - m->l4));
		memcpy(data + m->l4 + offsetof(struct udphdr, len), &size,
		       sizeof(size));
		hdr->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		hdr->csum_offset = offsetof(struct udphdr, check);
	} else {
		data[m->l4 + FLAGS_AT] |=
			merge->packet[index].data[m->l4 + FLAGS_AT] & FLAG_PSH;
		hdr->gso_type = m->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
					  VIRTIO_NET_HDR_GSO_TCPV4;
		hdr->csum_offset = offsetof(struct tcphdr, check);
	}
	/* The sum of the pseudo header; the stack, or a device, does the rest. */
	check = checksum_fold(checksum_pseudo(data + m->l3 +
					      (m->ipv6 ? 8 : 12),
					      m->ipv6 ? 32 : 8, m->protocol,
					      m->len - m->l4));
	memcpy(data + m->l4 + hdr->csum_offset, &check, sizeof(check));
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->hdr_len = (uint16_t)m->payload;
	hdr->gso_size = (uint16_t)m->size;
	hdr->csum_start = (uint16_t)m->l4;
}
