/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stack's end of all devices of a network namespace, by packet sockets: one
 * that sees every packet a device delivers, with what the stack was told of it
 * (offloads, VLAN tag, checksum state), and one that sends.
 */
#ifndef SELFTESTS_TAPPED_H
#define SELFTESTS_TAPPED_H

#include <stdbool.h>

#include "load.h"
#include "note.h"

struct tapped {
	int in, out;
};

/* For the caller's network namespace. 0 or -errno. */
int tapped_open(struct tapped *t);

/* Everything that has been delivered since the last call. */
void tapped_note(struct tapped *t, struct note *note);

/*
 * Send a packet, its virtio_net_hdr included, straight to the driver, or
 * through the qdisc, of a device that had its carrier when it came up: else a
 * worker starts the qdisc later. Bytes or -errno.
 */
int tapped_send(struct tapped *t, const char *name, const struct load *load,
		bool qdisc);

#endif
