/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One device, its addresses, and whole records to and from it: what stands in
 * front of a packet (struct tun_pi, virtio_net_hdr) is put there and taken off.
 *
 *   near side   stack 10.N.0.1 fd00:N::1 02:...:01   peer 10.N.0.2 fd00:N::2
 *   far side    the same with the ends swapped, for another namespace
 *
 * The stack is the kernel's end, the peer is played by the test.
 */
#ifndef SELFTESTS_WIRE_H
#define SELFTESTS_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <net/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#include "packet.h"

struct wire {
	/* Set by the test before wire_open(). */
	int type;		/* IFF_TUN or IFF_TAP */
	bool pi;		/* struct tun_pi in front */
	int vnet;		/* bytes of virtio_net_hdr, 0: none */
	unsigned int net;	/* N above, 1 to 254 */
	bool far;
	bool ipv4_only;		/* nothing but the test's packets comes out */

	char name[IFNAMSIZ];
	int fd;			/* nonblocking */
	struct packet_end stack[2], peer[2];	/* [wire_index(family)] */
};

struct record {
	struct tun_pi pi;		/* zero if the device has none */
	struct virtio_net_hdr hdr;	/* likewise */
	uint8_t tail[PACKET_VNET_MAX];	/* of the header, behind its 10 bytes */
	const uint8_t *data;		/* the packet */
	size_t size;
	size_t total;			/* bytes that read() returned */
	struct packet_view view;
	uint8_t raw[sizeof(struct tun_pi) + PACKET_VNET_MAX + PACKET_MAX];
};

static inline int wire_index(int family)
{
	return family == AF_INET6;
}

/* The device, up, with addresses, in the caller's namespace. 0 or -errno. */
int wire_open(struct wire *w);
void wire_close(struct wire *w);

/* Bytes in front of each packet. */
size_t wire_head(const struct wire *w);

/* From the peer to the stack. */
struct packet_flow wire_flow(const struct wire *w, int family,
			     uint16_t from_port, uint16_t to_port);

/*
 * Write a packet with what belongs in front; hdr NULL: all zero. The bytes
 * written, or -errno.
 */
ssize_t wire_put(struct wire *w, const struct packet *p,
		 const struct virtio_net_hdr *hdr);

/* What stands in front of a packet of that EtherType; returns its size. */
size_t wire_front(const struct wire *w, uint16_t ethertype,
		  const struct virtio_net_hdr *hdr, uint8_t *to);

/* The next record, whatever it is. 0, -ETIMEDOUT after ms, or -errno. */
int wire_get(struct wire *w, struct record *r, int ms);

/* The next one of that IP protocol for the peer; others are thrown away. */
int wire_get_for(struct wire *w, struct record *r, int family, uint8_t protocol,
		 int ms);

/*
 * A socket of the stack, bound to its address and port, and connected to the
 * peer's port unless that is 0. fd or -errno.
 */
int wire_socket(const struct wire *w, int family, int type, uint16_t port,
		uint16_t peer_port);

/* recv() with a time limit; -errno, -ETIMEDOUT. */
ssize_t wire_recv(int fd, void *data, size_t size, int ms);

#endif
