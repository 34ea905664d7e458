/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The fast path: records in memory and the positions of both sides.
 *
 * With rings the other side is the kernel, with batches and plain files it is
 * the library itself, which then reads and writes the same kind of ring in
 * memory of its own.
 *
 * What pairs with what. A column is a program order, read downwards; a pair
 * is named on both sides.
 *
 *   RX     kernel                          consumer thread
 *
 *          load.acq rx_consumer   (A)      load.acq rx_producer      (B)
 *          write records                   read and edit records
 *          store.rel rx_producer  (B)      store.rel rx_consumer     (A)
 *
 *   (A) keeps the kernel from writing over records that are still read.
 *   (B) keeps the user from reading records before they are written.
 *
 *          store.rel rx_producer           store rx_seen
 *          full barrier           (C)      full barrier              (C)
 *          load rx_seen                    load.acq rx_producer
 *          wake if it was the old          sleep if nothing is new
 *          producer
 *
 *   (C) without either barrier both may miss the other's store: a record is
 *   in the ring, and the consumer sleeps for ever.
 *
 *          store RX_STOPPED                store.rel rx_consumer
 *          full barrier           (D)      full barrier              (D)
 *          load.acq rx_consumer            load rx_flags
 *          go on if there is room          kick if stopped
 *
 *   (D) without either barrier the stack's queue may stay stopped although
 *   the ring is empty.
 *
 *   TX     producer thread                 kernel
 *
 *          load.acq tx_consumer   (E)      load.acq tx_producer      (F)
 *          write records                   read records
 *          store.rel tx_producer  (F)      store.rel tx_consumer     (E)
 *
 *          store.rel tx_producer           store NEED_WAKEUP
 *          full barrier           (G)      full barrier              (G)
 *          load tx_flags                   load.acq tx_producer
 *          kick if asked for               sleep if nothing is new
 *
 *   (E), (F) and (G) are (A), (B) and (C) with the sides exchanged.
 *
 *   DONE   worker                          another worker, with the lock
 *
 *          use the record                  store position
 *          store.rel DONE         (H)      unlock
 *          full barrier           (I)      full barrier              (I)
 *          load position                   load.acq DONE of the      (H)
 *          collect if it is this           record at the position
 *          record's                        collect if it is set
 *
 *   (H) orders the worker's use of a record before its release by whoever
 *   collects. (I) without either barrier a finished record might be left
 *   behind: its worker saw an older one in front of it, and who collected
 *   that one did not see the bit.
 *
 *   WAIT   consumer thread                 worker that collected
 *
 *          store waiting                   store.rel position
 *          full barrier           (J)      full barrier              (J)
 *          load position                   load waiting
 *          sleep on the position           wake if it is set
 *
 *   (J) without either barrier the thread sleeps on although room was made.
 *
 * selftests/model runs this code without each of them in turn.
 */
#ifndef MYTUN_RING_H
#define MYTUN_RING_H

#include <errno.h>
#include "barrier.h"
#include "record.h"

#ifndef __cplusplus
#include <stdalign.h>
#endif

#define MYTUN_ALIGNED	alignas(64)	/* a cache line */

/* All records that are held, as a count. */
#define MYTUN_ALL	0xffffffffU

/*
 * Do not use the members of the next three structures: they may change with
 * the library's soname. Words that workers read are accessed with the
 * functions of barrier.h only.
 */
struct mytun_rx {
	/* The first four are in the ring's pages, or in the library's. */
	const __u32 *kernel_producer;
	const __u32 *kernel_flags;
	__u32 *user_consumer;
	__u32 *user_seen;
	unsigned char *data;
	__u32 mask;
	__u32 producer;		/* as last seen: consumer thread */
	__u32 cursor;		/* next to peek; workers read it */
	__u32 consumer;		/* released up to here; workers read it */
	__u32 waiting;		/* sleeps until the consumer moves */
	__u32 lock;		/* of who collects: lock.c */
};

struct mytun_tx {
	const __u32 *kernel_consumer;
	const __u32 *kernel_flags;
	__u32 *user_producer;
	unsigned char *data;
	__u32 mask;
	__u32 consumer;		/* as last seen: producer thread */
	__u32 cursor;		/* reserved up to here; workers read it */
	__u32 producer;		/* submitted up to here; workers read it */
	__u32 lock;		/* of who submits for workers: lock.c */
	__u16 head_room;
	__u16 tail_room;
};

/* One queue: one consumer thread (rx), one producer thread (tx). */
struct mytun_queue {
	MYTUN_ALIGNED struct mytun_rx rx;
	MYTUN_ALIGNED struct mytun_tx tx;
};

#ifdef __cplusplus
extern "C" {
#endif

/* The slow path behind the functions below; not for programs. */
int mytun_rx_more(struct mytun_queue *queue);
int mytun_rx_collect(struct mytun_queue *queue);
int mytun_tx_room(struct mytun_queue *queue, __u32 bytes);
int mytun_tx_collect(struct mytun_queue *queue);
int mytun_restart(struct mytun_queue *queue);
int mytun_kick(struct mytun_queue *queue);

#ifdef __cplusplus
}
#endif

static inline struct mytun_record *mytun_at(unsigned char *data, __u32 mask,
					    __u32 position)
{
	return (struct mytun_record *)(void *)(data + (position & mask));
}

/* Where the first @count records after @from end, but not behind @end. */
static inline __u32 mytun_walk(unsigned char *data, __u32 mask, __u32 from,
			       __u32 end, unsigned int count)
{
	if (count == MYTUN_ALL)
		return end;
	while (count-- && from != end)
		from += mytun_at(data, mask, from)->size;
	return from;
}

/**
 * mytun_peek() - take received records
 * @queue: the queue
 * @records: where pointers to them are put, oldest first
 * @count: how many at most
 *
 * The records are the caller's until they are released, to read and to edit in
 * place, all but their size. Nothing is copied. Those that were peeked earlier
 * and not yet released are not returned again. It never blocks. When it has
 * returned 0, and not before, the file of mytun_fd() becomes readable with the
 * next packet; so an edge-triggered epoll has to peek until then.
 *
 * Consumer thread only.
 *
 * Return: the number of records; 0: there are none now. -EBADFD: none are left
 * and the device is gone. -EBUSY: somebody made an RX ring on a file that was
 * read without one. -EMSGSIZE: a packet is larger than all of the memory.
 */
static inline int mytun_peek(struct mytun_queue *queue,
			     struct mytun_record **records, unsigned int count)
{
	struct mytun_rx *rx = &queue->rx;
	__u32 cursor = rx->cursor;
	unsigned int found = 0;

	if (cursor == rx->producer) {
		rx->producer = mytun_load_acquire(rx->kernel_producer); /* B */
		if (cursor == rx->producer) {
			int more = mytun_rx_more(queue);

			if (more <= 0)
				return more;
		}
	}
	while (found < count && cursor != rx->producer) {
		struct mytun_record *record = mytun_at(rx->data, rx->mask,
						       cursor);

		/* Left by a process that ended before it released. */
		if (record->flags & MYTUN_RECORD_USER_BITS)
			record->flags &= (__u16)~MYTUN_RECORD_USER_BITS;
		records[found++] = record;
		cursor += record->size;
	}
	mytun_store_release(&rx->cursor, cursor);
	return (int)found;
}

/* Gives the ring back up to @consumer. */
static inline int mytun_rx_publish(struct mytun_queue *queue, __u32 consumer)
{
	struct mytun_rx *rx = &queue->rx;
	__u32 used;

	mytun_store_release(&rx->consumer, consumer);
	mytun_store_release(rx->user_consumer, consumer);	/* A, D, J */
	mytun_fence();
	if (!(mytun_load_relaxed(rx->kernel_flags) & MYTUN_RING_RX_STOPPED))
		return 0;
	used = mytun_load_relaxed(rx->kernel_producer) - consumer;
	return used <= rx->mask / 2 ? mytun_restart(queue) : 0;
}

/**
 * mytun_release() - give received records back
 * @queue: the queue
 * @count: how many, oldest first; MYTUN_ALL: all that were peeked
 *
 * Not together with mytun_done(): either the consumer thread releases, or the
 * workers do.
 *
 * Consumer thread only.
 *
 * Return: 0. -EBADFD: the device is gone; the records are released, and those
 * in the queue can still be taken.
 */
static inline int mytun_release(struct mytun_queue *queue, unsigned int count)
{
	struct mytun_rx *rx = &queue->rx;

	return mytun_rx_publish(queue, mytun_walk(rx->data, rx->mask,
						  rx->consumer, rx->cursor,
						  count));
}

/**
 * mytun_done() - give one received record back, in any order
 * @queue: the queue
 * @record: from mytun_peek(); not the caller's any more
 *
 * Any thread. Records go back to the kernel in the ring's order, by whichever
 * thread finishes the oldest one.
 *
 * Return: as mytun_release().
 */
static inline int mytun_done(struct mytun_queue *queue,
			     struct mytun_record *record)
{
	struct mytun_rx *rx = &queue->rx;

	mytun_store_release16(&record->flags,			/* H */
			      record->flags | MYTUN_RECORD_DONE);
	mytun_fence();						/* I */
	if (mytun_at(rx->data, rx->mask,
		     mytun_load_relaxed(&rx->consumer)) != record)
		return 0;
	return mytun_rx_collect(queue);
}

/**
 * mytun_reserve() - get records to fill
 * @queue: the queue
 * @records: where pointers to them are put
 * @count: how many
 * @len: bytes of data in each, 1 or more
 *
 * Each record has the queue's head room, @len bytes of undefined data and the
 * queue's tail room; mytun_push(), mytun_put(), mytun_pull() and mytun_trim()
 * move the borders. mark and priority are 0, and may be set if MYTUN_Q_META is
 * in force; user may always be set. No other field may be written. It never
 * blocks.
 *
 * Producer thread only.
 *
 * Return: the number of records, from 0 (the ring is full) to @count. -EINVAL:
 * @len is 0. -EMSGSIZE: the ring is too small for even one. -EBADFD: the
 * device is gone.
 */
static inline int mytun_reserve(struct mytun_queue *queue,
				struct mytun_record **records,
				unsigned int count, __u32 len)
{
	struct mytun_tx *tx = &queue->tx;
	__u32 cursor = tx->cursor, size, room;
	unsigned int made = 0;

	if (!len)
		return -EINVAL;
	if (len > tx->mask)
		return -EMSGSIZE;
	size = MYTUN_RECORD_HEADER + tx->head_room + len + tx->tail_room;
	size = (size + MYTUN_RECORD_ALIGN - 1) & ~(MYTUN_RECORD_ALIGN - 1U);
	room = tx->mask + 1 - (cursor - tx->consumer);
	if (room < (__u64)count * size) {
		tx->consumer = mytun_load_acquire(tx->kernel_consumer); /* E */
		room = tx->mask + 1 - (cursor - tx->consumer);
		if (room < size) {
			int err = mytun_tx_room(queue, size);

			if (err <= 0)
				return err;
			room = tx->mask + 1 - (cursor - tx->consumer);
		}
	}
	for (; made < count && room >= size; room -= size, cursor += size) {
		struct mytun_record *record = mytun_at(tx->data, tx->mask,
						       cursor);

		record->size = size;
		record->len = len;
		record->offset = (__u16)(MYTUN_RECORD_HEADER + tx->head_room);
		record->flags = 0;
		record->hash = 0;
		record->mark = 0;
		record->priority = 0;
		record->queue = 0;
		record->reserved = 0;
		record->user = 0;
		records[made++] = record;
	}
	mytun_store_release(&tx->cursor, cursor);
	return (int)made;
}

/* Hands the ring over up to @producer. */
static inline int mytun_tx_publish(struct mytun_queue *queue, __u32 producer)
{
	struct mytun_tx *tx = &queue->tx;

	mytun_store_relaxed(&tx->producer, producer);
	mytun_store_release(tx->user_producer, producer);	/* F, G, I */
	mytun_fence();
	if (mytun_load_relaxed(tx->kernel_flags) &
	    (MYTUN_RING_TX_NEED_WAKEUP | MYTUN_RING_ENDED))
		return mytun_kick(queue);
	return 0;
}

/**
 * mytun_submit() - send records
 * @queue: the queue
 * @count: how many, in the order in which they were reserved; MYTUN_ALL: all
 *
 * Kicks, or writes, where that is needed. What cannot be written without
 * blocking waits in the queue; the next submit, mytun_kick() or mytun_wait()
 * tries again. A packet that the device refuses is counted and passed over.
 *
 * Not together with mytun_filled(): either the producer thread submits, or the
 * workers do.
 *
 * Producer thread only.
 *
 * Return: 0. -EBADFD: the device is gone, the records go nowhere. Other
 * errors: see mytun_kick().
 */
static inline int mytun_submit(struct mytun_queue *queue, unsigned int count)
{
	struct mytun_tx *tx = &queue->tx;

	return mytun_tx_publish(queue, mytun_walk(tx->data, tx->mask,
						  tx->producer, tx->cursor,
						  count));
}

/**
 * mytun_filled() - send one record, in any order
 * @queue: the queue
 * @record: from mytun_reserve(); not the caller's any more
 *
 * Any thread. Records are submitted in the order in which they were reserved,
 * by whichever thread fills the oldest one.
 *
 * Return: as mytun_submit().
 */
static inline int mytun_filled(struct mytun_queue *queue,
			       struct mytun_record *record)
{
	struct mytun_tx *tx = &queue->tx;

	mytun_store_release16(&record->flags,			/* H */
			      record->flags | MYTUN_RECORD_DONE);
	mytun_fence();						/* I */
	if (mytun_at(tx->data, tx->mask,
		     mytun_load_relaxed(&tx->producer)) != record)
		return 0;
	return mytun_tx_collect(queue);
}

/**
 * mytun_drop() - send nothing in a record's place
 * @record: from mytun_reserve(); to be submitted like any other
 *
 * For a record that cannot be given back because later ones are in use.
 */
static inline void mytun_drop(struct mytun_record *record)
{
	record->len = 0;
}

#endif /* MYTUN_RING_H */
