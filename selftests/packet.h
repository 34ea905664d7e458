/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets: built with right checksums, and taken apart with every checksum
 * verified. Ethernet, VLAN, IPv4, IPv6, TCP, UDP, ICMP, ICMPv6, fragments and
 * the virtio_net_hdr that goes with them; and random numbers that one printed
 * seed repeats.
 *
 * Ports, sequence numbers and labels are in host order, addresses are as on
 * the wire (IPv4 in the first 4 of 16 bytes).
 */
#ifndef SELFTESTS_PACKET_H
#define SELFTESTS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/virtio_net.h>

/* The largest IP packet behind an Ethernet header and a VLAN tag. */
#define PACKET_MAX	(18 + 65535)
/* The largest header that TUNSETVNETHDRSZ is given in these tests. */
#define PACKET_VNET_MAX	24

#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_ACK		0x10

struct packet_end {
	uint8_t mac[6];
	uint8_t addr[16];
	uint16_t port;
};

/* Who talks to whom. "from" writes, "to" is written to. */
struct packet_flow {
	int family;		/* AF_INET or AF_INET6 */
	bool ethernet;		/* a frame of a TAP device, else IP alone */
	uint16_t vlan;		/* a tag with this VID inside the frame, 0: none */
	uint32_t label;		/* IPv6 flow label */
	struct packet_end from;
	struct packet_end to;
};

struct packet {
	size_t size;
	size_t l3, l4, payload;	/* offsets in data[] */
	uint8_t data[PACKET_MAX];
};

/* What packet_parse() found. Pointers and offsets are into what it was given. */
struct packet_view {
	struct packet_flow flow;
	uint16_t ethertype;	/* behind the VLAN tag */
	uint16_t vlan_proto;	/* 0: no tag */
	uint8_t protocol;	/* behind a fragment header; 0: not IP */
	bool fragment;		/* ports are not looked at */
	bool more;
	unsigned int offset;	/* of the fragment, bytes */
	uint8_t tcp_flags;
	uint32_t seq, ack;	/* TCP; ICMP echo: seq */
	uint8_t type, code;	/* ICMP */
	uint16_t id;		/* ICMP echo */
	size_t l3, l4;
	const uint8_t *payload;
	size_t payload_size;
	bool l3_sum;		/* IPv4 header checksum is right (IPv6: true) */
	bool l4_sum;		/* transport checksum is right */
};

/* Parse text into the 16 bytes of struct packet_end; false if it is none. */
bool packet_addr(int family, const char *text, uint8_t addr[16]);

/* The same for a socket. Returns the length of what it filled in. */
socklen_t packet_sockaddr(int family, const struct packet_end *end,
			  struct sockaddr_storage *to);

/* The other direction: ends swapped, no flow label. */
struct packet_flow packet_reverse(const struct packet_flow *flow);

void packet_udp(struct packet *p, const struct packet_flow *flow,
		const void *payload, size_t size);
void packet_tcp(struct packet *p, const struct packet_flow *flow,
		uint8_t flags, uint32_t seq, uint32_t ack,
		const void *payload, size_t size);
/* The first one: SYN, with an MSS and a window scale of 7. */
void packet_syn(struct packet *p, const struct packet_flow *flow, uint32_t seq,
		uint16_t mss);
void packet_echo(struct packet *p, const struct packet_flow *flow, bool reply,
		 uint16_t id, uint16_t seq, const void *payload, size_t size);
/* A frame without IP. */
void packet_ether(struct packet *p, const uint8_t to[6], const uint8_t from[6],
		  uint16_t ethertype, const void *payload, size_t size);

/*
 * Bytes [offset, offset + size) of the IP payload of a whole packet, as a
 * fragment with that id. offset is a multiple of 8.
 */
void packet_fragment(const struct packet *whole, struct packet *piece,
		     uint32_t id, size_t offset, size_t size, bool more);

/*
 * Leave the transport checksum to the kernel: the field holds the sum of the
 * pseudo header, and the header says where to put the rest.
 */
void packet_needs_csum(struct packet *p, struct virtio_net_hdr *hdr);

/* packet_needs_csum(), and segments of gso_size bytes of payload each. */
void packet_gso(struct packet *p, struct virtio_net_hdr *hdr,
		uint16_t gso_size);

/*
 * Complete a packet that came with NEEDS_CSUM, as hardware would. False if the
 * header points outside of the packet.
 */
bool packet_complete(uint8_t *data, size_t size,
		     const struct virtio_net_hdr *hdr);

/* False if it is no whole packet of a protocol that is known here. */
bool packet_parse(const void *data, size_t size, bool ethernet,
		  struct packet_view *view);

/* $MYTUN_SEED, or one from the clock. Printed, so that a run can be repeated. */
uint64_t random_seed(void);
uint64_t random_next(uint64_t *state);
/* One of [0, below). */
uint32_t random_below(uint64_t *state, uint32_t below);
void random_fill(uint64_t *state, void *data, size_t size);

#endif
