/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device with several queues, in the caller's network namespace, and many
 * flows that are written to it, each with the queue at which its packets have
 * to come out.
 *
 *   10.N.0.1/24  fd00:N::1/64   the device: the stack's end of every flow
 *   10.N.0.2     fd00:N::2      the gateway to the other ends, a permanent
 *                               neighbour
 *   10.(N+1)/16  fd00:N+1::/64  the other ends: user space speaks for them
 *
 * A flow has a number below FLOWS, which its address and port encode, so that
 * a packet that is read tells its number. Flows without ports have only the
 * address for that: numbers below PORTLESS_FLOWS.
 */
#ifndef SELFTESTS_QUEUES_H
#define SELFTESTS_QUEUES_H

#include <stdbool.h>
#include <stdint.h>

#include <net/if.h>

#include "packet.h"

#define QUEUES		4
#define FLOWS		1048576
#define PORTLESS_FLOWS	65536
/* Packets written before the replies are read; a queue holds 500. */
#define BURST		64
#define NO_QUEUE	(-1)

/* Ports of the services; nothing listens on the others. */
#define PORT_ECHO	7	/* UDP: sent back */
#define PORT_SINK	9	/* UDP: taken and never read */
#define PORT_LISTEN	80	/* TCP */
#define PORT_CLOSED	81	/* TCP and UDP */

enum flow_kind {
	FLOW_PING,		/* ICMP echo */
	FLOW_TCP_LISTEN,	/* SYN, answered by SYN-ACK */
	FLOW_TCP_CLOSED,	/* SYN, answered by RST */
	FLOW_UDP_ECHO,
	FLOW_UDP_SINK,		/* no answer */
	FLOW_UDP_CLOSED,	/* answered by an ICMP error, which is no answer */
	FLOW_KINDS
};

struct queues_tally {
	long written;
	long replies;	/* packets that belong to a flow */
	long first;	/* the first one of each flow */
	long first_wrong; /* first ones, at another queue */
	long wrong;	/* all, at another queue */
	long broken;	/* with a wrong checksum or content */
	long missing;	/* did not come */
	long labelled;	/* with an IPv6 flow label */
};

struct queues {
	char name[IFNAMSIZ];
	int type;		/* IFF_TUN or IFF_TAP */
	int family;
	unsigned int net;	/* N above */
	bool label;		/* write IPv6 flow labels */
	uint16_t vlan;		/* write inside this VLAN, 0: none */
	int fd[QUEUES];		/* -1: closed */
	bool parked[QUEUES];	/* set aside by TUNSETQUEUE: not read */
	struct packet_end local; /* the stack's end */
	uint8_t gateway[6];	/* MAC address of the other ends */
	uint64_t seed;
	int patience;		/* ms to wait for a reply */
	int8_t want[FLOWS];	/* queue, or NO_QUEUE: any */
	int8_t last[FLOWS];	/* queue of the last packet, or NO_QUEUE */
	uint8_t seen[FLOWS];	/* packets; stays at 255 */
	bool awaited[FLOWS];	/* an answer, or a packet that was sent */
	struct queues_tally tally;
	struct packet out;
	uint8_t in[PACKET_MAX];
	unsigned int ready;	/* one bit a queue: may have a packet */
};

/*
 * A device with that many queues attached, up, with addresses. N is net. NULL
 * after printing why, if that fails.
 */
struct queues *queues_create(int type, int family, unsigned int net,
			     unsigned int count, uint64_t seed);
/* The same, with flows that get old as the module says. */
struct queues *queues_create_ageing(int type, int family, unsigned int net,
				    unsigned int count, uint64_t seed);
/* Close every queue, which ends the device. */
void queues_destroy(struct queues *q);

/* Open one more queue in a free slot. 0 or -errno. */
int queues_open(struct queues *q, unsigned int slot);
/* TUNSETQUEUE. 0 or -errno. */
int queues_detach(struct queues *q, unsigned int slot);
int queues_attach(struct queues *q, unsigned int slot);
void queues_close(struct queues *q, unsigned int slot);

/*
 * Serve PORT_ECHO, PORT_SINK and PORT_LISTEN for both families in this
 * namespace for as long as the process lives, and take away limits on the rate
 * of answers. 0 or -errno.
 */
int queues_serve(void);

/* Replies of the kernel carry IPv6 flow labels, or not. 0 or -errno. */
int queues_reply_labels(bool on);

/*
 * Until the kernel takes packets for an IPv6 address that was just added here,
 * which it begins to do a moment later. 0 or -ETIMEDOUT.
 */
int address_ready(const uint8_t addr[16]);

/* The flow with that number, as user space writes it. */
struct packet_flow queues_flow(const struct queues *q, enum flow_kind kind,
			       unsigned int number);

/* The number of the flow a packet from the stack belongs to, or -1. */
int queues_number(const struct queues *q, const struct packet_view *view);

/* Write q->out to a queue; false after printing why. */
bool queues_put(struct queues *q, unsigned int slot);

/* A packet of that flow from that queue, where it is wanted from now on. */
bool queues_write(struct queues *q, enum flow_kind kind, unsigned int number,
		  unsigned int slot);

/*
 * The first packet of flows first to first + count - 1, spread over the
 * queues beginning with queue turn, and their replies, BURST at a time.
 */
void queues_exchange(struct queues *q, enum flow_kind kind, unsigned int first,
		     unsigned int count, unsigned int turn);

/*
 * The kernel sends on a FLOW_UDP_ECHO or FLOW_UDP_SINK flow: with a size of 0
 * what a written packet holds, else that many bytes. 0 or -errno.
 */
int queues_send(struct queues *q, enum flow_kind kind, unsigned int number,
		size_t size);

/* A VLAN device on top, with addresses of net q->net + 16. 0 or -errno. */
int queues_add_vlan(struct queues *q, uint16_t vid);

/*
 * The next packet from any queue: its slot, or -ETIMEDOUT after ms. It stays
 * in q->in until the next call.
 */
int queues_next(struct queues *q, struct packet_view *view, int ms);

/*
 * Read until count of the flows for which an answer or a packet is awaited
 * have had it. All that comes meanwhile is counted.
 */
void queues_collect(struct queues *q, long count);

/* Read what has come, then what still comes in that many milliseconds. */
void queues_settle(struct queues *q, int ms);

/* Forget what was seen and counted, not what is wanted. */
void queues_forget(struct queues *q);

/* Sum up, and print as a KTAP comment. */
void queues_tally_add(struct queues_tally *to, const struct queues_tally *more);
void queues_tally_print(const struct queues_tally *tally, const char *where,
			const char *what);

#endif
