/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets come from and where they go, alike for every carrier.
 *
 * The device is 10.1.0.1/24, what is behind it 10.1.0.2. The stack sends by a
 * connected UDP socket, so that nothing is looked up twice; what comes from
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

/* MAC addresses of what is behind a TAP device. */
extern const uint8_t site_peer[6];

/* Give it the address and set it up; its index. */
int site_up(const char *name, bool ethernet);

/* tc drops all that comes from it. */
void site_drop(const char *name);

/* A UDP socket that takes no more, for what site_packet() makes. */
int site_sink(void);

/* A connected UDP socket, sending into the device. */
int site_source(void);

/* Send ROUND datagrams that make IP packets of size bytes. */
void site_send(int socket, size_t size);

/*
 * An IP packet of size bytes (a frame, for a TAP device of that name) from
 * behind the device to it.
 */
void site_packet(struct packet *packet, const char *name, bool ethernet,
		 size_t size);

/* TCP from behind the device: the n-th segment of a flow in order. */
void site_segment(struct packet *packet, const char *name, bool ethernet,
		  size_t size, uint32_t seq);

#endif
