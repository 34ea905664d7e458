/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Just enough traffic to see that a device works: an echo request that is
 * written to it and answered by the stack, and a UDP socket whose packets
 * leave through it. All addresses are the test's own: 10.<net>.0.1 is the
 * stack's end, 10.<net>.0.2 the program's.
 */
#ifndef SELFTESTS_TRAFFIC_H
#define SELFTESTS_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

struct packet;

struct traffic {
	bool ethernet;
	uint8_t net;
	uint16_t seq;
	struct packet *packet;
};

/*
 * Give the device its address, bring it up, and know it. The fds used later
 * must be without PI and vnet_hdr. 0 or -errno.
 */
int traffic_start(struct traffic *traffic, const char *name, uint8_t net);
void traffic_stop(struct traffic *traffic);

/* Up again after link_set_down(), which loses a TAP's neighbours. */
int traffic_up(struct traffic *traffic, const char *name);

/* Write one echo request to fd. 0, or -errno of the write. */
int traffic_ask(struct traffic *traffic, int fd);

/*
 * Read from fd (made nonblocking) until the reply to the last request.
 * 0, -ETIMEDOUT after ms, or -errno of the read.
 */
int traffic_answer(struct traffic *traffic, int fd, int ms);

/* Both, on one queue. */
int traffic_echo(struct traffic *traffic, int fd);

/* A nonblocking UDP socket connected to the program's end: fd or -errno. */
int traffic_socket(struct traffic *traffic);

/*
 * Send that many datagrams; returns how many were taken by the stack. The
 * device, where nobody reads, may have dropped any of them.
 */
unsigned int traffic_send(int socket, unsigned int count);

#endif
