// SPDX-License-Identifier: GPL-2.0
#include "segment.h"

#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>

#include <linux/if_ether.h>

#include "../common/checksum.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

/* In the 14th byte of TCP. */
#define FLAG_FIN	0x01
#define FLAG_PSH	0x08
#define FLAG_CWR	0x80
#define FLAGS_AT	13

int segment_complete(uint8_t *packet, uint32_t len,
		     const struct virtio_net_hdr *hdr)
{
	uint32_t field = (uint32_t)hdr->csum_start + hdr->csum_offset;
	uint16_t check;

	if (hdr->csum_start >= len || field + sizeof(check) > len)
		return -1;
	/* The field has the sum of the pseudo header already. */
	check = (uint16_t)~checksum_fold(checksum_add(0,
				packet + hdr->csum_start,
				len - hdr->csum_start));
	if (!check)
		check = 0xffff;
	memcpy(packet + field, &check, sizeof(check));
	return 0;
}

static int find_headers(struct segment *s, const struct virtio_net_hdr *hdr)
{
	uint8_t version;
	uint32_t size;

	if (s->len < s->l3 + sizeof(struct iphdr))
		return -1;
	version = s->packet[s->l3] >> 4;
	s->ipv6 = version == 6;
	if (version == 4)
		size = (s->packet[s->l3] & 15) * 4U;
	else if (version == 6)
		size = sizeof(struct ip6_hdr);
	else
		return -1;
	/* The stack knows where it is, behind extension headers too. */
	s->l4 = hdr->csum_start;
	if (s->l4 < s->l3 + size)
		return -1;
	size = s->tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	if (s->len < s->l4 + size)
		return -1;
	if (s->tcp) {
		size = (s->packet[s->l4 + 12] >> 4) * 4U;
		if (size < sizeof(struct tcphdr))
			return -1;
	}
	s->payload = s->l4 + size;
	return s->payload < s->len ? 0 : -1;
}

int segment_prepare(struct segment *s, const uint8_t *packet, uint32_t len,
		    bool ethernet, const struct virtio_net_hdr *hdr)
{
	memset(s, 0, sizeof(*s));
	s->packet = packet;
	s->len = len;
	s->l3 = ethernet ? ETH_HLEN : 0;
	s->size = hdr->gso_size;
	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		s->tcp = true;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		break;
	default:
		return -1;
	}
	if (!s->size || !(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	    find_headers(s, hdr))
		return -1;
	s->count = (len - s->payload + s->size - 1) / s->size;
	return 0;
}

static uint32_t payload_len(const struct segment *s, uint32_t index)
{
	uint32_t rest = s->len - s->payload - index * s->size;

	return rest < s->size ? rest : s->size;
}

uint32_t segment_len(const struct segment *s, uint32_t index)
{
	return s->payload + payload_len(s, index);
}

static void fix_ipv4(const struct segment *s, uint32_t index, uint8_t *data,
		     uint32_t len)
{
	struct iphdr ip;

	memcpy(&ip, data + s->l3, sizeof(ip));
	ip.tot_len = htons((uint16_t)(len - s->l3));
	ip.id = htons((uint16_t)(ntohs(ip.id) + index));
	ip.check = 0;
	memcpy(data + s->l3, &ip, sizeof(ip));
	ip.check = (uint16_t)~checksum_fold(checksum_add(0, data + s->l3,
							 ip.ihl * 4U));
	memcpy(data + s->l3 + offsetof(struct iphdr, check), &ip.check,
	       sizeof(ip.check));
}

static void fix_ipv6(const struct segment *s, uint8_t *data, uint32_t len)
{
	uint16_t size = htons((uint16_t)(len - s->l3 - sizeof(struct ip6_hdr)));

	memcpy(data + s->l3 + offsetof(struct ip6_hdr, ip6_plen), &size,
	       sizeof(size));
}

static void fix_tcp(const struct segment *s, uint32_t index, uint8_t *tcp)
{
	uint32_t sequence;

	memcpy(&sequence, tcp + offsetof(struct tcphdr, seq), sizeof(sequence));
	sequence = htonl(ntohl(sequence) + index * s->size);
	memcpy(tcp + offsetof(struct tcphdr, seq), &sequence, sizeof(sequence));
	if (index)
		tcp[FLAGS_AT] &= (uint8_t)~FLAG_CWR;
	if (index + 1 < s->count)
		tcp[FLAGS_AT] &= (uint8_t)~(FLAG_FIN | FLAG_PSH);
}

void segment_write(const struct segment *s, uint32_t index, uint8_t *data)
{
	uint32_t payload = payload_len(s, index), len = s->payload + payload;
	uint32_t size = len - s->l4;
	uint16_t check = 0, udp_len = htons((uint16_t)size);
	uint8_t *field, *l4 = data + s->l4;
	uint64_t sum;

	memcpy(data, s->packet, s->payload);
	memcpy(data + s->payload, s->packet + s->payload + index * s->size,
	       payload);
	if (s->ipv6)
		fix_ipv6(s, data, len);
	else
		fix_ipv4(s, index, data, len);
	if (s->tcp) {
		fix_tcp(s, index, l4);
		field = l4 + offsetof(struct tcphdr, check);
	} else {
		memcpy(l4 + offsetof(struct udphdr, len), &udp_len,
		       sizeof(udp_len));
		field = l4 + offsetof(struct udphdr, check);
	}
	memcpy(field, &check, sizeof(check));
	sum = checksum_pseudo(data + s->l3 + (s->ipv6 ? 8 : 12),
			      s->ipv6 ? 32 : 8,
			      s->tcp ? IPPROTO_TCP : IPPROTO_UDP, size);
	check = (uint16_t)~checksum_fold(checksum_add(sum, l4, size));
	if (!check && !s->tcp)
		check = 0xffff;
	memcpy(field, &check, sizeof(check));
}
