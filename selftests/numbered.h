/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets with a number: UDP over IPv4, whose payload tells the stream it
 * belongs to, its place in the stream and its size, and is filled with noise
 * that follows from these, so that a receiver can tell whether a packet is
 * whole, and which ones are lost, doubled or out of order.
 */
#ifndef SELFTESTS_NUMBERED_H
#define SELFTESTS_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

/* The smallest payload, and what stands before it in a TUN's packet. */
#define NUMBERED_MIN	16
#define NUMBERED_HEADERS 28

/* Fill size bytes. */
void numbered_fill(void *payload, size_t size, uint32_t stream,
		   uint32_t number);

/* True if all of it is as numbered_fill() wrote it; tells what it is. */
bool numbered_whole(const void *payload, size_t size, uint32_t *stream,
		    uint32_t *number);

/* A packet with size bytes of such payload. */
void numbered_packet(struct packet *p, const struct packet_flow *flow,
		     size_t size, uint32_t stream, uint32_t number);

/* The same for a packet: headers, checksums, and the payload. */
bool numbered_parse(const void *data, size_t size, bool ethernet,
		    uint32_t *stream, uint32_t *number);

/*
 * Who receives a stream: counts what is not the next number. Sizes are those
 * of payloads.
 */
struct numbered_tally {
	uint32_t next;
	unsigned long packets;	/* whole ones of the stream */
	unsigned long lost;	/* numbers passed over */
	unsigned long late;	/* below the next: twice, or out of order */
	unsigned long broken;	/* not whole, or of another stream */
	uint64_t bytes;
};

void numbered_count(struct numbered_tally *tally, uint32_t number, size_t size);

/* As a KTAP comment. True if nothing was lost, late or broken. */
bool numbered_print(const struct numbered_tally *tally, const char *what);

#endif
