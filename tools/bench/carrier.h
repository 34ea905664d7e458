/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A carrier takes packets from the stack to a program, or from a program to the
 * stack: mytun in its ways, and what else there is.
 *
 * Each makes a device SITE_DEVICE, and what belongs to it. Functions that are
 * missing say that it does not carry that way.
 */
#ifndef BENCH_CARRIER_H
#define BENCH_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

#include "measure.h"
#include "site.h"

#define SITE_DEVICE	"bench0"
#define SITE_BEHIND	"bench1"	/* the other end of a veth pair */

struct carrier;

struct carrier_ops {
	/* Make the device; what the other functions get. NULL: not here. */
	void *(*open)(const struct carrier *carrier);
	/* Once it is up. */
	void (*start)(void *state);
	/* Take all packets, of size bytes each; how many. */
	unsigned int (*receive)(void *state, size_t size);
	/* Sleep until a packet is there, and take what is; how many. */
	unsigned int (*await)(void *state);
	/* System calls that await() made. */
	unsigned long (*calls)(void *state);
	/*
	 * One of the BURST packets to send, all of one size; the header is
	 * NULL unless the row has one.
	 */
	void (*load)(void *state, unsigned int slot,
		     const struct packet *packet,
		     const struct virtio_net_hdr *header);
	/* Send so many, in turn; all have reached the stack on return. */
	void (*send)(void *state, unsigned int count);
	/*
	 * The same, but that what there is no room for is left, and the rest
	 * may be on its way still.
	 */
	void (*offer)(void *state, unsigned int count);
	void (*close)(void *state);
};

enum carrier_mode {
	CARRIER_PLAIN,
	CARRIER_BATCH,
	CARRIER_RING,
};

struct carrier {
	struct row row;
	const struct carrier_ops *ops;
	bool ethernet;
	bool large;			/* takes GSO packets */
	/* Of a TUN/TAP device: */
	enum carrier_mode mode;
	int flags;			/* IFF_* beside IFF_NO_PI */
	unsigned int drive;		/* MYTUN_DRIVE_* */
	unsigned int ring_size;		/* 0: as usual */
	bool no_qdisc;			/* as dummy has none */
	bool one_sends;			/* by the first queue alone */
	/* Of peers: what they make of it. */
	unsigned int option;
};

extern const struct carrier_ops device_ops;	/* tun and mytun */

/* Whether the command line asks for it, and this kernel has it. */
void *carrier_open(const struct carrier *carrier);

#endif
