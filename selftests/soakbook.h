/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The books of a soak: what processes that may be killed at any moment leave
 * behind, in memory that all of them share.
 *
 * A packet has a stream and a number (numbered.h). Who has received it marks
 * it, by one instruction, before he gives it back; marks that are made twice
 * are the same. So whoever looks after a dead process finds what it held and
 * marks that as well, and the marks are exact whenever it died.
 */
#ifndef SELFTESTS_SOAKBOOK_H
#define SELFTESTS_SOAKBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "packet.h"

#define SOAK_NAME	"soak0"
#define SOAK_QUEUES	8
#define SOAK_SENDERS	4
/* Streams: the senders', then one for each queue. */
#define SOAK_STREAMS	(SOAK_SENDERS + SOAK_QUEUES)
/* Packets of a stream in one round, at most. */
#define SOAK_NUMBERS	(1U << 22)
#define SOAK_BUFFER	(64U << 10)
#define SOAK_BATCH	16
#define SOAK_VNET	10
/* Who makes things happen comes before who moves packets. */
#define SOAK_NICE	15

/* What everybody does. */
enum soak_phase {
	SOAK_START,		/* wait */
	SOAK_RUN,		/* send, write and receive */
	SOAK_STOP,		/* receive */
	SOAK_LEAVE,		/* end; the one that receives goes on */
	SOAK_GONE,		/* end: there is nothing more to come */
};

struct soak_marks {
	uint64_t bits[SOAK_NUMBERS / 64];
};

/* Who a queue's process is, and what it has done; it writes, others read. */
struct soak_queue {
	uint32_t next;		/* number of the packet to write next */
	uint32_t doing;		/* packets in a write() that goes on */
	uint64_t accepted;	/* by write(), and not by a ring */
	uint64_t refused;
	uint64_t read;		/* packets from the stack, for looking at */
	uint64_t again;		/* that were marked already */
	uint64_t broken;
	uint64_t turns;		/* TUNSETQUEUE, both ways */
	int error;		/* what was not to be expected, -errno */
	bool started;
	bool leave;		/* it is asked to end */
	bool idle;		/* nothing comes, and nothing waits in TX */
	uint8_t buffer[SOAK_BUFFER]; /* what read() fills */
};

/* Who sends through the stack. */
struct soak_sender {
	uint64_t taken;		/* by the device, or by its qdisc */
	uint64_t refused;	/* ENOBUFS */
	uint64_t absent;	/* the device was down, or elsewhere */
	bool inside;		/* of a system call, or about to */
	bool stopped;
	int error;
};

struct soak {
	enum soak_phase phase;
	bool hold;		/* senders wait */
	bool calm;		/* queues are not set aside any more */
	bool ethernet;
	size_t front;		/* bytes of virtio_net_hdr */
	bool direct;		/* no qdisc: who sends knows what became of it */
	uint64_t seed;
	struct soak_queue queue[SOAK_QUEUES];
	struct soak_sender sender[SOAK_SENDERS];
	uint64_t sink_again, sink_broken;
	int sink_error;
	bool sink_idle;
	uint64_t overflow;	/* the sink's sockets had no room */
	struct soak_marks sent[SOAK_SENDERS]; /* taken */
	struct soak_marks user[SOAK_STREAMS]; /* came out of a queue */
	struct soak_marks sink[SOAK_STREAMS]; /* came to the stack */
};

/* One for this process and its children; NULL: no memory. */
struct soak *soak_new(void);
void soak_forget(struct soak *s);

/* True if it was marked. */
bool soak_mark(struct soak_marks *marks, uint32_t number);
uint64_t soak_count(const struct soak_marks *marks, unsigned int streams);
/* How many of some are not among others. */
uint64_t soak_missing(const struct soak_marks *some,
		      const struct soak_marks *others, unsigned int streams);

/*
 * What read() or a ring gave: mark it. With a queue that lives, count what is
 * broken or comes again; NULL: what a dead one has left, where all may be.
 */
void soak_received(struct soak *s, struct soak_queue *q, const uint8_t *data,
		   size_t len);
/* The same for records in a buffer; a dead one's: whatever looks like one. */
void soak_received_records(struct soak *s, struct soak_queue *q,
			   const uint8_t *data, size_t len);
/* The buffer of a dead one that read without batches. */
void soak_received_one(struct soak *s, const uint8_t *data, size_t len);

/* A random packet; the user's have the other direction. */
void soak_packet(const struct soak *s, struct packet *p, uint32_t stream,
		 uint32_t number, uint64_t *seed);

/* Words that another process writes. */
#define SOAK_READ(x)		__atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define SOAK_WRITE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_SEQ_CST)

#endif
