/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* What the library's files share and programs do not see. */
#ifndef MYTUN_PRIVATE_H
#define MYTUN_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "mytun.h"

#define MYTUN_API	__attribute__((visibility("default")))

/* What IP allows, and room for any link header in front of it. */
#define PACKET_MAX	(65535 + 64)

/* Packets that plain mode reads at once; the other thread may want the CPU. */
#define PLAIN_BURST	64

#define SIZE_DEFAULT	(1024U * 1024)

/* A mapping; length 0: none. */
struct mapping {
	void *address;
	size_t length;
};

/*
 * A queue. Each half has its thread; what has no half is set before the queue
 * is given to the program, and read only from then on.
 */
struct queue {
	struct mytun_queue public;	/* first: the program's pointer */

	/* Stand for the kernel's and the user's words in memory of our own. */
	MYTUN_ALIGNED struct {
		__u32 producer;
		__u32 flags;
		__u32 consumer;
		__u32 seen;
		bool ended;
		bool full;	/* the last look found no room to read into */
		__u32 looked;	/* the consumer's position at that look */
	} rx;
	MYTUN_ALIGNED struct {
		__u32 producer;
		__u32 flags;
		__u32 consumer;
	} tx;

	/* Any thread. */
	MYTUN_ALIGNED __u32 flush_lock;
	atomic_bool tx_ended;
	atomic_ullong reads;
	atomic_ullong writes;
	atomic_ullong kicks;
	atomic_ullong waits;
	atomic_ullong refused;

	MYTUN_ALIGNED int fd;
	enum mytun_mode rx_mode;
	enum mytun_mode tx_mode;
	int fallback;
	unsigned int flags;
	unsigned int index;
	bool seen;		/* the kernel looks at rx_seen */
	size_t read_max;	/* bytes of the largest read() in plain mode */
	__u16 head_room;
	__u16 tail_room;
	struct mapping kernel;
	struct mapping user;
	struct mapping rx_data;
	struct mapping tx_data;
};

static inline struct queue *to_queue(struct mytun_queue *queue)
{
	return (struct queue *)queue;
}

static inline const struct queue *to_queue_const(const struct mytun_queue *queue)
{
	return (const struct queue *)queue;
}

static inline __u32 align_record(__u32 bytes)
{
	return (bytes + MYTUN_RECORD_ALIGN - 1) & ~(MYTUN_RECORD_ALIGN - 1U);
}

/* Whether an error of read() or write() means that there will be no more. */
static inline bool is_end(ssize_t err)
{
	return err == -EBADFD || err == -EBADF || err == -EPIPE ||
	       err == -ECONNRESET;
}

/* One more in a counter that other threads may count in, too. */
static inline void count(atomic_ullong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* options.c */
int mytun_options_take(struct mytun_options *taken,
		       const struct mytun_options *given);

/* area.c: memory of our own, mapped twice as the kernel maps rings */
int mytun_area_map(struct mapping *area, __u32 size);
void mytun_unmap(struct mapping *mapping);

/* map.c: the kernel's rings */
int mytun_rings_make(struct queue *q, const struct mytun_options *options);
int mytun_rings_map(struct queue *q, const struct mytun_ring *ring);

/* The other side in batch and plain mode. */
int mytun_batch_set(struct queue *q, unsigned int flags);
ssize_t mytun_batch_read(struct queue *q, __u32 position, __u32 room);
ssize_t mytun_plain_read(struct queue *q, __u32 position, __u32 room);
ssize_t mytun_batch_write(struct queue *q, __u32 position, __u32 end);
ssize_t mytun_plain_write(struct queue *q, __u32 position, __u32 end);

/* receive.c, send.c: a direction in memory of our own */
int mytun_rx_own(struct queue *q, const struct mytun_options *options,
		 enum mytun_mode mode);
int mytun_tx_own(struct queue *q, const struct mytun_options *options,
		 enum mytun_mode mode);

/* attach.c */
int mytun_set_up(struct queue *q, const struct mytun_options *options);

/* queue.c */
struct queue *mytun_queue_new(int fd, unsigned int index);
void mytun_queue_free(struct queue *q);

/* lock.c: who comes while another works leaves its work to that one */
bool mytun_lock_enter(__u32 *lock);
void mytun_lock_begin(__u32 *lock);
bool mytun_lock_leave(__u32 *lock);

/* futex.c */
int mytun_futex_wait(__u32 *word, __u32 value, __s64 timeout_ns);
void mytun_futex_wake(__u32 *word);

#endif /* MYTUN_PRIVATE_H */
