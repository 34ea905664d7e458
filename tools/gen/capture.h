/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet captures, read and written by libpcap. What is in them are the packets
 * of the device, IP or Ethernet, without a virtio_net_hdr.
 */
#ifndef GEN_CAPTURE_H
#define GEN_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture_packet {
	uint8_t *data;
	uint32_t len;
	uint32_t hash;		/* the same in both directions of a flow */
	uint64_t time;		/* nanoseconds after the first, not before the last */
};

struct capture {
	struct capture_packet *packet;
	size_t packets;
	size_t left_out;	/* not whole, or nothing for this device */
	uint32_t longest;
	uint64_t began;		/* time of the first */
	uint64_t length;	/* nanoseconds until it would begin again */
};

/*
 * All of a file, for a device that carries Ethernet frames or IP packets.
 * Says on stderr what is wrong. Return: 0 or -1.
 */
int capture_read(struct capture *capture, const char *path, bool ethernet);
void capture_free(struct capture *capture);

struct capture_writer;

/* NULL, and a line on stderr, if that cannot be done. */
struct capture_writer *capture_create(const char *path, bool ethernet);

/* Any thread. Return: 0, or a negative errno, of this or an earlier packet. */
int capture_write(struct capture_writer *writer, const uint8_t *data,
		  uint32_t len);

/* Return: 0, or -1, and a line on stderr: something could not be written. */
int capture_close(struct capture_writer *writer);

#endif
