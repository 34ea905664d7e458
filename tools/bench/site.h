/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets come from and where they go, alike for every carrier.
 *
 * The device is 10.1.0.1/24, what is behind it 10.1.0.2. The stack sends by
 * connected UDP sockets, so that nothing is looked up twice; what comes from
 * the device is dropped by tc at its ingress, or goes to a UDP socket that is
 * full.
 */
#ifndef BENCH_SITE_H
#define BENCH_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define BURST	64		/* packets for one sendmmsg() */
#define ROUND	448		/* packets in one round: 7 bursts */

/* Packets of GSO, in segments of SITE_SEGMENT bytes of payload. */
#define SITE_LARGE	65000
#define SITE_SEGMENT	1360
#define ROUND_LARGE	16	/* fits in a ring of 1 MiB */

/* MAC addresses of what is behind a TAP device. */
extern const uint8_t site_peer[6];

/* Give it the address and set it up; its index. */
int site_up(const char *name, bool ethernet);

/* tc drops all that comes from it. */
void site_drop(const char *name);

/* A UDP socket that takes no more, for what site_packet() makes. */
int site_sink(void);

/* A connected UDP socket, sending into the device: a flow for each number. */
int site_source(unsigned int number);

/* Send ROUND datagrams that make IP packets of size bytes, from all in turn. */
void site_send(const int *sockets, unsigned int count, size_t size);

/*
 * A packet socket with an option: with PACKET_VNET_HDR for GSO packets of
 * SITE_LARGE bytes out of the device.
 */
int site_raw_source(int ifindex, int option);
void site_large(struct packet *packet, struct virtio_net_hdr *header,
		const char *name, bool ethernet);
void site_send_large(int socket, const struct packet *packet,
		     const struct virtio_net_hdr *header);

/*
 * An IP packet of size bytes (a frame, for a TAP device of that name) from
 * behind the device to it.
 */
void site_packet(struct packet *packet, const char *name, bool ethernet,
		 size_t size);

/* The same, for the first source's socket; and of one of many flows. */
void site_answer(struct packet *packet, const char *name, bool ethernet,
		 size_t size);
void site_flow(struct packet *packet, const char *name, bool ethernet,
	       size_t size, uint32_t number);

/* TCP from behind the device: a segment of a flow. */
void site_segment(struct packet *packet, const char *name, bool ethernet,
		  size_t size, uint32_t seq);

/* Packets that the stack has looked at, merged ones once. */
unsigned long site_seen(void);

#endif
