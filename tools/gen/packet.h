/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packets that are generated, and how they are known again.
 *
 * Each has a stamp at the beginning of its payload, if there is room for one,
 * and a pattern behind it. A packet with segments (GSO) has a stamp at the
 * beginning of each, so that its segments are known whether or not something on
 * the way takes them apart, or merges others.
 */
#ifndef GEN_PACKET_H
#define GEN_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#define PACKET_MAX		65535U	/* an IP packet */
#define PACKET_SIZES_MAX	64
#define PACKET_FLOWS_MAX	1048576U
#define PACKET_HEADERS_MAX	128	/* in front of the payload */

#define STAMP_MAGIC	0x6d79746eU

/* In network byte order; the numbers in the order of a flow's segments. */
struct stamp {
	uint32_t magic;
	uint32_t flow;
	uint64_t number;
	uint64_t time;		/* CLOCK_MONOTONIC, nanoseconds; 0: none */
} __attribute__((packed));

struct packet_plan {
	int family;		/* AF_INET or AF_INET6 */
	uint8_t protocol;	/* IPPROTO_UDP, _TCP, _ICMP or _ICMPV6 */
	bool ethernet;
	unsigned int vnet_hdr_size;
	bool partial;		/* leave the checksum to the kernel */
	unsigned int gso_size;	/* payload of a segment; 0: no segments */
	uint8_t from[16], to[16];
	uint16_t from_port, to_port;
	uint8_t from_mac[6], to_mac[6];
	unsigned int flows;	/* options: 0: as many as queues */
	/* Lengths of IP packets, and how often each comes. */
	unsigned int sizes;
	unsigned int size[PACKET_SIZES_MAX];
	unsigned int weight[PACKET_SIZES_MAX];
};

/* A packet of one size, for every flow. */
struct packet_template {
	uint32_t len;		/* all of it, with what stands in front */
	uint32_t l3, l4, payload;	/* offsets */
	uint32_t segments;
	uint32_t stamps;	/* segments that have room for one */
	uint64_t ip_sum;	/* without what differs by flow */
	uint64_t l4_sum;	/* likewise, and without stamps */
	uint8_t *data;
};

/* Return: the least length of an IP packet that has room for a stamp. */
unsigned int packet_least(const struct packet_plan *plan);

/* Return: 0, or -1: no packet has this length. */
int packet_template(const struct packet_plan *plan, unsigned int size,
		    struct packet_template *template);

/*
 * Write the packet of a flow, template->len bytes, to @data. @number is that of
 * its first segment; the next packet's is number + template->segments.
 */
void packet_write(const struct packet_plan *plan,
		  const struct packet_template *template, uint8_t *data,
		  unsigned int flow, uint64_t number, uint64_t time);

/* The pattern, from the payload's first byte: PACKET_MAX bytes. */
const uint8_t *packet_pattern(void);

#endif
