/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that come: whether they are whole, and which of ours they are. */
#ifndef GEN_INSPECT_H
#define GEN_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

enum inspect_result {
	INSPECT_STAMPED,	/* one of ours, as it was sent */
	INSPECT_FOREIGN,	/* whole, and without a stamp */
	INSPECT_DAMAGED,	/* a length, checksum or byte is wrong */
};

/* Offsets are from the first byte, which may be a virtio_net_hdr's. */
struct inspect_view {
	int family;
	uint8_t protocol;
	bool partial;		/* the checksum is left to the receiver */
	bool fragment;
	uint32_t l3, l4, payload, end;
	uint32_t gso_size;	/* 0: one segment */
};

/* Where the stamps of a packet are told one by one. */
typedef void inspect_stamp(void *context, const struct stamp *stamp);

/*
 * Take a packet apart. Return: 0; -1: it is no whole IP packet of UDP, TCP or
 * ICMP, of one whose transport header is there.
 */
int inspect_parse(const uint8_t *data, uint32_t len, bool ethernet,
		  unsigned int vnet_hdr_size, struct inspect_view *view);

/*
 * Check lengths, checksums and content. @each is called for each stamp, if
 * nothing is wrong before it.
 */
enum inspect_result inspect_packet(const uint8_t *data, uint32_t len,
				   bool ethernet, unsigned int vnet_hdr_size,
				   inspect_stamp *each, void *context);

#endif
