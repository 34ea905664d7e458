/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that came in one go, in-order TCP segments of a flow merged, and UDP
 * datagrams of one size, so that a device with a virtio_net_hdr takes them as
 * one. What is merged has right checksums; nothing is merged that the stack
 * would not have cut so again.
 */
#ifndef FWD_MERGE_H
#define FWD_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#define MERGE_PACKETS	1024	/* at most in one go */
#define MERGE_LOOK	8	/* how many flows back a segment is compared */

struct virtio_net_hdr;

/* One packet that goes out, made of one or more that came. */
struct merged {
	uint32_t first, last;	/* indices of packets, linked by next */
	uint32_t segments;
	uint32_t len;		/* of all, with the headers of the first */
	uint32_t l3, l4, payload;	/* offsets in each */
	uint32_t size;		/* payload of all but the last segment */
	uint32_t next_sequence;
	uint8_t protocol;
	bool whole;		/* what it is: a TCP or UDP packet with data */
	bool ipv6;
	bool open;		/* more may come */
};

struct merge {
	bool ethernet;
	bool udp;		/* the device takes datagrams as one, too */
	uint32_t count;		/* of packets */
	uint32_t made;		/* of merged ones, in order */
	struct {
		const uint8_t *data;
		uint32_t len;
		uint32_t next;
	} packet[MERGE_PACKETS];
	struct merged merged[MERGE_PACKETS];
};

void merge_start(struct merge *merge, bool ethernet, bool udp);

/*
 * One more; the data stay where they are until it is written. There must be
 * room: count is below MERGE_PACKETS.
 */
void merge_add(struct merge *merge, const uint8_t *data, uint32_t len);

/* Write one, merged->len bytes, and the header that belongs before it. */
void merge_write(const struct merge *merge, const struct merged *merged,
		 struct virtio_net_hdr *hdr, uint8_t *data);

#endif
