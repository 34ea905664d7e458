/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Datagrams of the tunnel. Each carries one IP packet (or Ethernet frame), or a
 * greeting. Numbers are in little-endian byte order.
 *
 *   plain	4 bytes of header, the packet
 *   sealed	16 bytes of header, the packet encrypted, 16 bytes of tag; the
 *		header is authenticated with it
 *   hello	who is there: see session.h
 *
 * The second byte of all is the queue that the packet came from, by which the
 * other end chooses the socket, and so the thread and queue, that it goes to:
 * both directions of a flow keep to one queue at each end.
 */
#ifndef FWD_WIRE_H
#define FWD_WIRE_H

#include <stdint.h>

#define WIRE_HELLO	1
#define WIRE_PLAIN	2
#define WIRE_SEALED	3

#define WIRE_TAG	16
#define WIRE_NONCE	16	/* what an end draws when it starts */
#define WIRE_MAC	32

/* The queue in the counter's first byte, so that no two queues share one. */
#define WIRE_QUEUE_SHIFT	56
#define WIRE_COUNTER_END	(1ULL << WIRE_QUEUE_SHIFT)

struct wire_plain {
	uint8_t kind;
	uint8_t queue;
	uint16_t reserved;
} __attribute__((packed));

struct wire_sealed {
	uint8_t kind;
	uint8_t queue;
	uint16_t reserved;
	uint32_t session;
	uint64_t counter;
} __attribute__((packed));

struct wire_hello {
	uint8_t kind;
	uint8_t queue;		/* 0 */
	uint8_t cipher;
	uint8_t reserved;
	uint8_t own[WIRE_NONCE];	/* the sender's */
	uint8_t other[WIRE_NONCE];	/* the receiver's, 0: not known */
	uint8_t mac[WIRE_MAC];
} __attribute__((packed));

#endif
