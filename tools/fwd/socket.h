/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The UDP sockets of the tunnel: one for each queue, all at one address
 * (SO_REUSEPORT). The kernel gives a datagram to the socket that its second
 * byte names (see wire.h).
 */
#ifndef FWD_SOCKET_H
#define FWD_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct socket_settings {
	union socket_address local;
	unsigned int buffer;	/* bytes of each direction; 0: as it is */
	bool gro;		/* UDP_GRO: datagrams of a sender come together */
};

/*
 * ADDRESS,PORT, of IPv6 also ADDRESS%INTERFACE,PORT; @port: what to take
 * without one. Return: 0 or -1.
 */
int socket_parse(const char *text, int port, union socket_address *address);
socklen_t socket_length(const union socket_address *address);
bool socket_equal(const union socket_address *a,
		  const union socket_address *b);

/*
 * Open @count sockets. settings->gro becomes false where the kernel has none.
 * Says on stderr what failed. Return: 0, or -1 with none left open.
 */
int socket_open(int *fds, unsigned int count,
		struct socket_settings *settings);

/* Whether the kernel cuts what is sent (UDP_SEGMENT). */
bool socket_can_segment(int fd);

#endif
