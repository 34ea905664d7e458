/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that take or give packets while memory runs out: each is 0 or more,
 * or -errno. What fault.c does with them stands there.
 */
#ifndef SELFTESTS_FAULTOP_H
#define SELFTESTS_FAULTOP_H

#include <stddef.h>
#include <stdint.h>

#include "ringdev.h"
#include "ringmem.h"

/* A device, and what the calls have of it. */
struct faultdev {
	struct ringdev dev;
	struct ringmem mem;
	int second;		/* another queue, or -1 */
	int pipe[2];
	uint32_t number;	/* of the next packet */
	uint64_t seed;
	size_t size;		/* of payloads */
	unsigned int burst;	/* packets */
	unsigned int pieces;	/* of the vector that is written */
};

/* Write packets, or such with GSO, until one is refused. */
int faultop_write(struct faultdev *f);
int faultop_gso(struct faultdev *f);

/*
 * Headers that reach far into the packet, so that more than the linear part has
 * to be in one piece: a checksum that begins there, and a TCP header behind
 * long options, which the virtio_net_hdr does not tell of.
 */
int faultop_headers(struct faultdev *f);

/* Records by write() to @second; through the TX ring of the device, by a kick. */
int faultop_records(struct faultdev *f);
int faultop_kick(struct faultdev *f);

/* From now on what is written is charged to the socket; a program sees it first. */
int faultop_charged(struct faultdev *f);
int faultop_xdp(struct faultdev *f);

/*
 * A packet waits, as a record if its reader wanted those when it came; it goes
 * into the pipe; the pipe is empty. A record without memory to be unpacked is
 * lost: ENOMEM is what faultop_unpack() makes of EAGAIN.
 */
int faultop_wait_packet(struct faultdev *f);
int faultop_wait_record(struct faultdev *f);
int faultop_splice(struct faultdev *f);
int faultop_unpack(struct faultdev *f);
void faultop_drain_pipe(struct faultdev *f);

/*
 * What the stack sends from memory of the sender, the driver copies; and the
 * sender is told that its memory is its own again.
 */
int faultop_zerocopy(struct faultdev *f);
void faultop_completed(struct faultdev *f);

#endif
