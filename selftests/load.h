/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is written to a device, or sent through it: a packet that is described
 * by a few numbers, with what stands in front of it, right or wrong on purpose.
 * The same description gives the same bytes.
 */
#ifndef SELFTESTS_LOAD_H
#define SELFTESTS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

#define LOAD_MAX	(128 * 1024)
/* As the device wants it, or: all of it. */
#define LOAD_RIGHT	(-1)

enum load_kind {
	LOAD_UDP4, LOAD_UDP6, LOAD_TCP4, LOAD_TCP6,
	LOAD_ETHER,	/* no IP: an Ethernet frame, or its payload */
	LOAD_TUNNEL,	/* TCP over IPv4, in a UDP tunnel over IPv4 */
	LOAD_NOISE,	/* size random bytes */
	LOAD_KINDS
};

/* What virtio_net_hdr says of the packet; it may be a lie. */
enum load_vnet {
	VNET_NONE,		/* all zero */
	VNET_VALID,		/* VIRTIO_NET_HDR_F_DATA_VALID */
	VNET_LEN,		/* hdr_len alone, all headers */
	VNET_CSUM,		/* NEEDS_CSUM, hdr_len 0 */
	VNET_CSUM_LEN,		/* NEEDS_CSUM, hdr_len all headers */
	VNET_GSO,		/* TCPV4, TCPV6 or UDP_L4 with NEEDS_CSUM */
	VNET_GSO_ECN,
	VNET_GSO_NO_CSUM,	/* without NEEDS_CSUM */
	VNET_GSO_SMALL,		/* gso_size larger than the payload */
	VNET_GSO_LEN_0,		/* GSO, but hdr_len 0 */
	VNET_UFO,
	VNET_BAD_LEN,		/* hdr_len much larger than the packet */
	VNET_SHORT_LEN,		/* hdr_len 5: less than Ethernet's header */
	VNET_BAD_START,		/* csum_start behind the end */
	VNET_EDGE_START,	/* csum_start at the last byte */
	VNET_BAD_OFFSET,	/* csum_offset behind the end */
	VNET_ODD_OFFSET,	/* csum_offset that is no transport's */
	VNET_EARLY_START,	/* csum_start within the network header */
	VNET_WRAP,		/* csum_start and csum_offset overflow 16 bits */
	VNET_BAD_TYPE,		/* a gso_type that nobody knows */
	VNET_TWO_TYPES,		/* TCPV4 and UDP bits together */
	VNET_ECN_ALONE,		/* ECN without a type */
	VNET_NO_SIZE,		/* GSO with gso_size 0 */
	VNET_FRAGS_SIZE,	/* GSO with gso_size 0xffff */
	VNET_OTHER_FAMILY,	/* TCPV6 on IPv4 and the reverse, no csum */
	VNET_OTHER_CSUM,	/* the same with NEEDS_CSUM */
	VNET_TUNNEL,		/* GSO in a tunnel, also of what is in none */
	VNET_TUNNEL_CSUM,	/* with a checksum of the tunnel */
	VNET_TUNNEL_OUTER,	/* whose outer offset is too small */
	VNET_TUNNEL_INNER,	/* whose inner offset is too large */
	VNET_BAD_FLAGS,		/* flag bits that nobody knows */
	VNET_TINY,		/* gso_size 1 */
	VNET_EDGE_LEN,		/* hdr_len one byte larger than the packet */
	VNET_KINDS
};

struct load {
	enum load_kind kind;
	enum load_vnet vnet;
	uint16_t vlan;		/* a tag inside an Ethernet frame, 0: none */
	uint32_t size;		/* of the payload */
	int pi;			/* bytes of struct tun_pi, or LOAD_RIGHT */
	uint16_t proto;		/* in it, host order; 0: the right one */
	int hdr;		/* bytes of virtio_net_hdr, or LOAD_RIGHT */
	int cut;		/* bytes that are passed on, or LOAD_RIGHT */
	unsigned int pieces;	/* of the vector; 0 and 1: one piece */
	uint32_t flow;		/* addresses and ports depend on it */
};

/* One piece, right in every way. */
#define LOAD(what, bytes)						\
	((struct load) { .kind = (what), .size = (bytes), .pi = LOAD_RIGHT, \
			 .hdr = LOAD_RIGHT, .cut = LOAD_RIGHT })

/*
 * Build it for a device: pi and hdr are the bytes that it wants in front. to
 * has LOAD_MAX bytes. Returns how many are used, after the cut.
 */
size_t load_build(const struct load *load, bool ethernet, int pi, int hdr,
		  uint8_t *to);

/* "udp4 1400 gso cut=20": all that is not as LOAD() makes it. */
void load_text(const struct load *load, char *text, size_t size);

#endif
