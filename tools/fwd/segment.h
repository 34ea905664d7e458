/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Large packets with a virtio_net_hdr, cut into packets that fit the path, as
 * hardware would; and checksums that were left open, completed.
 */
#ifndef FWD_SEGMENT_H
#define FWD_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_net.h>

struct segment {
	const uint8_t *packet;	/* IP, or Ethernet with IP */
	uint32_t len;
	uint32_t l3, l4, payload;	/* offsets */
	uint32_t size;		/* payload in each segment */
	uint32_t count;
	bool ipv6, tcp;
};

/*
 * Complete the checksum of a packet. Return: 0, or -1: the header points
 * outside of it.
 */
int segment_complete(uint8_t *packet, uint32_t len,
		     const struct virtio_net_hdr *hdr);

/*
 * Look at a packet whose header names a type of GSO. Return: 0, or -1: header
 * and packet do not fit, or the type is not known.
 */
int segment_prepare(struct segment *segment, const uint8_t *packet,
		    uint32_t len, bool ethernet,
		    const struct virtio_net_hdr *hdr);

/* Bytes of the segment with that index. */
uint32_t segment_len(const struct segment *segment, uint32_t index);

/* Write it to @data, complete with all headers and checksums. */
void segment_write(const struct segment *segment, uint32_t index,
		   uint8_t *data);

#endif
