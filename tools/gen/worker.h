/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One thread for each queue. A worker writes its own counters, and whoever
 * reports reads them while it does: each is a word that is loaded and stored
 * whole, and no two of them are of one moment.
 */
#ifndef GEN_WORKER_H
#define GEN_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mytun.h>

#include "../common/device.h"
#include "histogram.h"
#include "options.h"
#include "packet.h"

struct capture;
struct capture_writer;
struct flight;
struct mytun_record;

#define BATCH_MAX	1024
#define WAIT_NS		100000000	/* how long a stop goes unseen */

static inline void counter_add(atomic_uint_least64_t *value, uint64_t more)
{
	uint64_t now = atomic_load_explicit(value, memory_order_relaxed);

	atomic_store_explicit(value, now + more, memory_order_relaxed);
}

static inline uint64_t counter_get(atomic_uint_least64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

struct counters {
	atomic_uint_least64_t packets;	/* sent; or received, which echo sends back */
	atomic_uint_least64_t bytes;		/* of them, without a virtio_net_hdr */
	atomic_uint_least64_t segments;	/* as packets, those inside of large ones too */
	atomic_uint_least64_t batches;	/* times that any came or went */
	atomic_uint_least64_t sleeps;
	atomic_uint_least64_t stamped, foreign, damaged;	/* see inspect.h */
	atomic_uint_least64_t gaps;		/* numbers that did not come */
	atomic_uint_least64_t disordered;	/* came after a later one of their flow */
	atomic_uint_least64_t unanswered;	/* ping: no answer in time */
	atomic_uint_least64_t late;		/* ping: an answer after that, or twice */
};

/* What all workers share. */
struct work {
	struct options *options;
	struct device device;
	struct packet_template template[PACKET_SIZES_MAX];
	unsigned int turn[PACKET_SIZES_MAX * 16];	/* order of sizes */
	unsigned int turns;
	struct capture *replay;
	struct capture_writer *writer;
	struct flight *flight;	/* ping: of each worker */
	atomic_uint asking;	/* ping: workers that are not done */
	atomic_bool stop;
	atomic_uint running;
	atomic_uint_least64_t received;	/* towards options->count */
	uint64_t start;			/* processor_clock() */
};

struct worker {
	MYTUN_ALIGNED struct counters counters;
	MYTUN_ALIGNED struct work *work;
	struct mytun_queue *queue;
	unsigned int index;
	pthread_t thread;
	int error;		/* negative errno it ended with */
	uint64_t cpu_ns;
	uint64_t share;		/* of options->count; UINT64_MAX: no end */
	double rate;		/* packets a second; 0: as fast as it goes */
	uint64_t *next;		/* rx: the number expected next, by flow */
	struct histogram *latency;
};

typedef int worker_function(struct worker *worker);

/* Each until it is done or told to stop. Return: 0 or a negative errno. */
worker_function send_packets, replay_packets, receive_packets, echo_packets,
		ping_packets;

/* Before ping_packets: what its workers share. Return: 0 or a negative errno. */
int ping_prepare(struct work *work);

static inline int worker_stopped(const struct worker *worker)
{
	return atomic_load_explicit(&worker->work->stop, memory_order_relaxed);
}

/*
 * rx, echo: whether one more packet is within the count of all queues together.
 * The last one ends the run.
 */
bool work_take(struct work *work);

/*
 * How many packets may go now, at most @most; waits until it is at least one.
 * 0: stopped.
 */
unsigned int worker_allowance(struct worker *worker, uint64_t sent,
			      unsigned int most);

/* With a rate: the moment that the packet behind @sent others is due. */
uint64_t worker_due(struct worker *worker, uint64_t sent);

/* Wait for a moment of processor_clock(). Return: false: stopped. */
bool worker_until(struct worker *worker, uint64_t due);

/* Until there is room for records. Return: 0, or what the library says. */
int worker_wait_tx(struct worker *worker);

/* Packets that are submitted next. */
void worker_sent(struct worker *worker, unsigned int packets, uint64_t bytes,
		 uint64_t segments);

/*
 * What was submitted and not yet taken gets some time. Return: 0 or a negative
 * errno.
 */
int worker_drain(struct worker *worker);

/* Sleep, or look again and again with options->busy, until packets come. */
int worker_wait_rx(struct worker *worker);

#endif
