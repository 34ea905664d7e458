// SPDX-License-Identifier: GPL-2.0
#include "packet.h"

#include <endian.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/virtio_net.h>

#include "../common/checksum.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define TTL			64
#define TCP_WINDOW		65535
#define FLOWS_PER_ADDRESS	32768U

static uint8_t pattern[PACKET_MAX];

static void make_pattern(void)
{
	unsigned int i;

	/* No period of a power of two, so that what is displaced is seen. */
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % 251);
}

const uint8_t *packet_pattern(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_pattern);
	return pattern;
}

static unsigned int ip_size(const struct packet_plan *plan)
{
	return plan->family == AF_INET ? sizeof(struct iphdr) :
					 sizeof(struct ip6_hdr);
}

static unsigned int l4_size(const struct packet_plan *plan)
{
	return plan->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) :
					       sizeof(struct udphdr);
}

unsigned int packet_least(const struct packet_plan *plan)
{
	return ip_size(plan) + l4_size(plan) + (unsigned int)sizeof(struct stamp);
}

/* Where the transport's checksum is, from its header. */
static unsigned int csum_offset(const struct packet_plan *plan)
{
	switch (plan->protocol) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
		return offsetof(struct udphdr, check);
	default:
		return offsetof(struct icmphdr, checksum);
	}
}

static bool has_pseudo_header(const struct packet_plan *plan)
{
	return plan->protocol != IPPROTO_ICMP;
}

static void put_vnet_hdr(const struct packet_plan *plan,
			 const struct packet_template *t)
{
	struct virtio_net_hdr hdr = { 0 };
	uint32_t l3 = t->l3 - plan->vnet_hdr_size;
	uint32_t payload = t->payload - plan->vnet_hdr_size;

	if (plan->partial || t->segments > 1) {
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.csum_start = (uint16_t)(l3 + ip_size(plan));
		hdr.csum_offset = (uint16_t)csum_offset(plan);
	}
	if (t->segments > 1) {
		hdr.gso_size = (uint16_t)plan->gso_size;
		hdr.hdr_len = (uint16_t)payload;
		if (plan->protocol == IPPROTO_UDP)
			hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		else if (plan->family == AF_INET)
			hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		else
			hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	}
	memcpy(t->data, &hdr, sizeof(hdr));
}

static void put_ethernet(const struct packet_plan *plan,
			 const struct packet_template *t)
{
	struct ethhdr eth;

	memcpy(eth.h_dest, plan->to_mac, ETH_ALEN);
	memcpy(eth.h_source, plan->from_mac, ETH_ALEN);
	eth.h_proto = htons(plan->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	memcpy(t->data + t->l3 - sizeof(eth), &eth, sizeof(eth));
}

static void put_ip(const struct packet_plan *plan, struct packet_template *t,
		   unsigned int size)
{
	if (plan->family == AF_INET) {
		struct iphdr ip = {
			.version = 4,
			.ihl = 5,
			.tot_len = htons((uint16_t)size),
			.frag_off = htons(IP_DF),
			.ttl = TTL,
			.protocol = plan->protocol,
		};

		memcpy(&ip.daddr, plan->to, 4);
		memcpy(t->data + t->l3, &ip, sizeof(ip));
		t->ip_sum = checksum_add(0, &ip, sizeof(ip));
	} else {
		struct ip6_hdr ip = {
			.ip6_flow = htonl(6U << 28),
			.ip6_plen = htons((uint16_t)(size - sizeof(ip))),
			.ip6_nxt = plan->protocol,
			.ip6_hlim = TTL,
		};

		memcpy(&ip.ip6_src, plan->from, 16);
		memcpy(&ip.ip6_dst, plan->to, 16);
		memcpy(t->data + t->l3, &ip, sizeof(ip));
	}
}

/* What a flow's ports depend on is left 0. */
static void put_l4(const struct packet_plan *plan, struct packet_template *t)
{
	uint32_t size = t->len - t->l4;
	uint8_t *l4 = t->data + t->l4;

	if (plan->protocol == IPPROTO_TCP) {
		struct tcphdr tcp = {
			.dest = htons(plan->to_port),
			.doff = sizeof(tcp) / 4,
			.ack = 1,
			.window = htons(TCP_WINDOW),
		};

		memcpy(l4, &tcp, sizeof(tcp));
	} else if (plan->protocol == IPPROTO_UDP) {
		struct udphdr udp = {
			.dest = htons(plan->to_port),
			.len = htons((uint16_t)size),
		};

		memcpy(l4, &udp, sizeof(udp));
	} else {
		struct icmphdr icmp = {
			.type = plan->protocol == IPPROTO_ICMP ?
				ICMP_ECHO : ICMP6_ECHO_REQUEST,
		};

		memcpy(l4, &icmp, sizeof(icmp));
	}
}

/* Of the flow's own part of the source address nothing is in it. */
static uint64_t pseudo_sum(const struct packet_plan *plan,
			   const struct packet_template *t)
{
	uint32_t size = t->len - t->l4;
	uint8_t addresses[32] = { 0 };
	unsigned int bytes = plan->family == AF_INET ? 4 : 16;

	if (!has_pseudo_header(plan))
		return 0;
	memcpy(addresses, plan->from, bytes - 4);
	memcpy(addresses + bytes, plan->to, bytes);
	return checksum_pseudo(addresses, 2 * bytes, plan->protocol, size);
}

int packet_template(const struct packet_plan *plan, unsigned int size,
		    struct packet_template *t)
{
	unsigned int headers = ip_size(plan) + l4_size(plan);
	uint32_t at, rest;

	if (size < headers || size > PACKET_MAX)
		return -1;
	memset(t, 0, sizeof(*t));
	t->l3 = plan->vnet_hdr_size + (plan->ethernet ? ETH_HLEN : 0);
	t->l4 = t->l3 + ip_size(plan);
	t->payload = t->l3 + headers;
	t->len = t->l3 + size;
	rest = size - headers;
	t->segments = 1;
	if (plan->gso_size && rest > plan->gso_size)
		t->segments = (rest + plan->gso_size - 1) / plan->gso_size;
	t->data = calloc(1, t->len);
	if (!t->data)
		return -1;
	if (plan->vnet_hdr_size)
		put_vnet_hdr(plan, t);
	if (plan->ethernet)
		put_ethernet(plan, t);
	put_ip(plan, t, size);
	put_l4(plan, t);
	/* Each segment has the pattern anew, and 0 where its stamp goes. */
	for (at = 0; at < rest || !at; at += plan->gso_size) {
		uint32_t part = rest - at;

		if (plan->gso_size && part > plan->gso_size)
			part = plan->gso_size;
		memcpy(t->data + t->payload + at, packet_pattern(), part);
		if (part >= sizeof(struct stamp)) {
			memset(t->data + t->payload + at, 0,
			       sizeof(struct stamp));
			t->stamps++;
		}
		if (t->segments == 1)
			break;
	}
	t->l4_sum = pseudo_sum(plan, t) +
		    checksum_add(0, t->data + t->l4, t->len - t->l4);
	return 0;
}

/* The last 4 bytes of a source address, as they stand in the packet. */
static uint32_t flow_address(const struct packet_plan *plan, unsigned int flow)
{
	uint32_t address;

	memcpy(&address, plan->from + (plan->family == AF_INET ? 0 : 12), 4);
	return htonl(ntohl(address) + flow / FLOWS_PER_ADDRESS);
}

static void complete(const struct packet_plan *plan,
		     const struct packet_template *t, uint8_t *data,
		     uint32_t address, uint64_t sum)
{
	uint8_t *field = data + t->l4 + csum_offset(plan);
	uint16_t check;

	if (has_pseudo_header(plan))
		sum += address;
	if (plan->vnet_hdr_size && (plan->partial || t->segments > 1)) {
		/* Of the pseudo header alone, and not inverted. */
		check = checksum_fold(pseudo_sum(plan, t) + address);
	} else {
		check = (uint16_t)~checksum_fold(sum);
		if (!check && plan->protocol == IPPROTO_UDP)
			check = 0xffff;
	}
	memcpy(field, &check, sizeof(check));
}

void packet_write(const struct packet_plan *plan,
		  const struct packet_template *t, uint8_t *data,
		  unsigned int flow, uint64_t number, uint64_t time)
{
	uint32_t address = flow_address(plan, flow), at;
	uint16_t port = htons((uint16_t)(plan->from_port +
					 flow % FLOWS_PER_ADDRESS));
	uint64_t sum = t->l4_sum + port;
	unsigned int i;

	memcpy(data, t->data, t->len);
	if (plan->family == AF_INET) {
		/*
		 * It counts up, as that of every TCP: what GRO merges of packets
		 * with one number is cut again where it is forwarded.
		 */
		uint16_t id = htons((uint16_t)number);
		uint16_t check = (uint16_t)~checksum_fold(t->ip_sum + id +
							  address);

		memcpy(data + t->l3 + offsetof(struct iphdr, id), &id, 2);
		memcpy(data + t->l3 + offsetof(struct iphdr, check), &check, 2);
		memcpy(data + t->l3 + offsetof(struct iphdr, saddr), &address,
		       4);
	} else {
		memcpy(data + t->l3 + offsetof(struct ip6_hdr, ip6_src) + 12,
		       &address, 4);
	}
	/* For ICMP, the identifier. */
	memcpy(data + t->l4 + (plan->protocol == IPPROTO_ICMP ||
			       plan->protocol == IPPROTO_ICMPV6 ? 4 : 0),
	       &port, 2);
	if (plan->protocol == IPPROTO_TCP) {
		uint32_t bytes = t->segments > 1 ? plan->gso_size :
						   t->len - t->payload;
		uint32_t sequence = htonl((uint32_t)number * bytes);

		memcpy(data + t->l4 + offsetof(struct tcphdr, seq), &sequence,
		       4);
		sum += sequence;
	}
	for (i = 0, at = t->payload; i < t->stamps; i++) {
		struct stamp stamp = {
			.magic = htonl(STAMP_MAGIC),
			.flow = htonl(flow),
			.number = htobe64(number + i),
			.time = htobe64(time),
		};

		memcpy(data + at, &stamp, sizeof(stamp));
		sum = checksum_add(sum, &stamp, sizeof(stamp));
		at += plan->gso_size;
	}
	complete(plan, t, data, address, sum);
}
