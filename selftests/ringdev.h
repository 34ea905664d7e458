/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device for the tests of batches and rings, in the caller's network
 * namespace, with numbered packets in both directions:
 *
 *   10.N.0.1	the stack's end: a socket that sends through the device, and
 *		one that receives what the user puts into it
 *   10.N.0.2	the user's end
 *
 * Functions return 0 or more on success, -errno on failure.
 */
#ifndef SELFTESTS_RINGDEV_H
#define SELFTESTS_RINGDEV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

#include "numbered.h"
#include "packet.h"
#include "ringmem.h"

#define RINGDEV_PORT	4791		/* of the user's end and of the sink */
#define RINGDEV_FRONT	(4 + PACKET_VNET_MAX)
/* Data of the largest record, with all that can stand before the packet. */
#define RINGDEV_DATA_MAX (RINGDEV_FRONT + PACKET_MAX)

/* Ring sizes: the smallest, and one that holds a long backlog. */
#define RING_SMALL	(128U << 10)
#define RING_BIG	(4U << 20)

struct ringdev {
	char name[IFNAMSIZ];
	int flags;			/* of TUNSETIFF */
	bool ethernet;
	unsigned int net;
	size_t front;			/* PI and virtio_net_hdr, bytes */
	size_t payload_max;		/* of a numbered packet */
	int fd;				/* the first queue */
	int ifindex;
	struct packet_flow in;		/* what the user writes */
	struct packet_flow out;		/* what the stack sends */
	int source;			/* UDP, connected to the user's end */
	int sink;			/* UDP, bound to the stack's end */
	uint8_t *buffer;		/* for one packet with its front */
	struct packet *packet;
};

/* flags: IFF_TUN or IFF_TAP, and more. The MTU is the largest there is. */
int ringdev_create(struct ringdev *dev, int flags, unsigned int net);
/* Ends the device, if nobody else holds it. */
void ringdev_destroy(struct ringdev *dev);

/* The same for a device that was just made or moved: addresses, up, sockets. */
int ringdev_start(struct ringdev *dev);

/* One more queue of a IFF_MULTI_QUEUE device: its fd. */
int ringdev_queue(struct ringdev *dev);

/* A UDP socket of the stack's end with buffers as large as can be. */
int ringdev_socket(const struct ringdev *dev, uint16_t port);
/* The same, connected to that port of the user's end. */
int ringdev_connect(const struct ringdev *dev, uint16_t port);

/* The stack sends a numbered packet, with that size of payload. */
int ringdev_send(struct ringdev *dev, uint32_t stream, uint32_t number,
		 size_t size);

/* The same from the sink: of the flow of numbered packets that the user writes. */
int ringdev_answer(struct ringdev *dev, uint32_t stream, uint32_t number,
		   size_t size);

/*
 * An AF_PACKET socket that sends and receives whole packets of the device; with
 * vnet each has a virtio_net_hdr in front.
 */
int ringdev_raw(const struct ringdev *dev, bool vnet);
/* One, without vnet, that receives packets of every protocol. */
int ringdev_raw_all(const struct ringdev *dev);
/* One, without vnet, that takes packets with that skb mark only. */
int ringdev_marked(const struct ringdev *dev, uint32_t mark);

/*
 * What the user writes for a numbered packet, its front included: the bytes
 * at to, which has room for RINGDEV_DATA_MAX.
 */
size_t ringdev_build(struct ringdev *dev, uint8_t *to, uint32_t stream,
		     uint32_t number, size_t size);
/* The same into a TX ring, not yet submitted. False: the ring is full. */
bool ringdev_put(struct ringdev *dev, struct ringmem *mem, uint32_t stream,
		 uint32_t number, size_t size);

/* True if data, with its front, are a whole numbered packet. */
bool ringdev_parse(const struct ringdev *dev, const uint8_t *data, size_t len,
		   uint32_t *stream, uint32_t *number);

/*
 * A whole packet of any kind: IPv4 or IPv6, UDP, TCP or echo, random sizes up
 * to the largest, on a TAP in a VLAN at times, if vlan. Sent by the stack
 * through a raw socket without vnet; written by the user behind the front that
 * goes with it.
 */
void ringdev_random(struct ringdev *dev, uint64_t *seed, bool vlan);
int ringdev_send_random(struct ringdev *dev, int raw);
size_t ringdev_put_random(struct ringdev *dev, uint8_t *to);
/* Whether data, with their front, are the packet that ringdev_random() made. */
bool ringdev_is_random(const struct ringdev *dev, const uint8_t *data,
		       size_t len);
/* Whether that packet, and no other, is what a raw socket receives. */
int ringdev_receive_random(const struct ringdev *dev, int raw, int ms);

/*
 * The same with a TCP packet that is to be cut into segments of GSO_SIZE:
 * through the stack to the user by a raw socket with vnet, and from the user,
 * on a device with IFF_VNET_HDR.
 */
#define RINGDEV_GSO_SIZE	1400
int ringdev_send_gso(struct ringdev *dev, int raw, uint32_t stream,
		     uint32_t number, size_t size);
size_t ringdev_build_gso(struct ringdev *dev, uint8_t *to, uint32_t stream,
			 uint32_t number, size_t size);
bool ringdev_parse_gso(const struct ringdev *dev, const uint8_t *data,
		       size_t len, uint32_t *stream, uint32_t *number);
/* As ringdev_sink(), from a raw socket with vnet. */
int ringdev_receive_gso(struct ringdev *dev, int raw, uint32_t *stream,
			uint32_t *number, int ms);

/*
 * run(arg) in a child process that has no capabilities and a uid of its own:
 * what it returns, 0 or -errno.
 */
#define RINGDEV_UID	54321
int ringdev_as_user(int (*run)(void *arg), void *arg);

/*
 * The next numbered packet at the sink, or -ETIMEDOUT after ms: the size of
 * its payload. -EBADMSG: it is not whole.
 */
int ringdev_sink(struct ringdev *dev, uint32_t *stream, uint32_t *number,
		 int ms);
/* The same for any socket. */
int ringdev_receive(int socket, uint32_t *stream, uint32_t *number, int ms);

/*
 * Records of numbered packets of stream 1 and random sizes at to: the bytes.
 */
size_t ringdev_fill(struct ringdev *dev, uint8_t *to, unsigned int count,
		    uint32_t number, uint64_t *seed, size_t max);

/*
 * Check and count the records of a read() of size bytes: how many, or -1 after
 * printing a fault. Only the padding of the last one may be absent.
 */
int ringdev_take(const struct ringdev *dev, const uint8_t *buffer, ssize_t size,
		 unsigned int head_room, unsigned int tail_room,
		 struct numbered_tally *tally);

/* Count what is at the sink, once so many have come: how many there were. */
unsigned int ringdev_collect(struct ringdev *dev, unsigned int want,
			     struct numbered_tally *tally);

/*
 * A thread in which the stack sends count packets of random sizes, while not
 * more than window bytes of records, or that many packets, are on the way.
 */
struct ringdev_flow {
	struct ringdev *dev;
	int socket;			/* -1: dev->source */
	uint32_t stream;
	uint32_t first;			/* number of the first packet */
	unsigned long count;
	size_t size_min, size_max;	/* of payloads */
	uint64_t seed;
	uint64_t window;		/* 0: none */
	uint64_t window_packets;	/* 0: none */
	bool stop;			/* set by anyone: no more packets */
	/* Written by the thread; _done by the receiver. */
	uint64_t bytes, bytes_done;
	uint64_t packets, packets_done;
	int error;
	pthread_t thread;
};

int ringdev_flow_start(struct ringdev_flow *flow);
/* The receiver has given back packets, of so many bytes of records. */
void ringdev_flow_done(struct ringdev_flow *flow, uint64_t packets,
		       uint64_t bytes);
/* Wait for its end: its error. */
int ringdev_flow_join(struct ringdev_flow *flow);

/* Bytes that a packet takes in a ring, and a random size of payload. */
size_t ringdev_record(const struct ringdev *dev, size_t size);
size_t ringdev_random_size(uint64_t *seed, size_t min, size_t max);

#endif
