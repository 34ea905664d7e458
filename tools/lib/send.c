// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The slow path of sending: kicks, writes, and no room. */
#include <errno.h>
#include <sys/ioctl.h>

#include "private.h"

/* Lets the other side's words be our own, and writes from our own memory. */
int mytun_tx_own(struct queue *q, const struct mytun_options *options,
		 enum mytun_mode mode)
{
	struct mytun_tx *tx = &q->public.tx;
	int err;

	err = mytun_area_map(&q->tx_data, options->tx_size);
	if (err)
		return err;
	q->tx.producer = options->position;
	q->tx.consumer = options->position;
	/* So that each submit comes to mytun_kick(). */
	q->tx.flags = MYTUN_RING_TX_NEED_WAKEUP;
	tx->kernel_consumer = &q->tx.consumer;
	tx->kernel_flags = &q->tx.flags;
	tx->user_producer = &q->tx.producer;
	tx->data = q->tx_data.address;
	tx->mask = options->tx_size - 1;
	tx->head_room = q->head_room;
	tx->tail_room = q->tail_room;
	tx->consumer = options->position;
	tx->cursor = options->position;
	tx->producer = options->position;
	q->tx_mode = mode;
	return 0;
}

/* Passes over records that hold a packet and cannot be taken. */
static __u32 refuse(struct queue *q, __u32 position, __u32 end)
{
	struct mytun_tx *tx = &q->public.tx;
	struct mytun_record *record;
	__u32 from = position;

	for (; position != end; position += record->size) {
		record = mytun_at(tx->data, tx->mask, position);
		if (record->len)
			count(&q->refused);
	}
	return position - from;
}

/*
 * Writes records from @position to @end, or passes over them.
 * Return: bytes that are done with. 0: the rest has to wait. -EBADFD.
 */
static ssize_t write_some(struct queue *q, __u32 position, __u32 end)
{
	struct mytun_tx *tx = &q->public.tx;
	ssize_t taken;

	do {
		if (q->tx_mode == MYTUN_MODE_BATCH)
			taken = mytun_batch_write(q, position, end);
		else
			taken = mytun_plain_write(q, position, end);
	} while (taken == -EINTR);
	if (taken > 0 || taken == -EAGAIN)
		return taken > 0 ? taken : 0;
	if (is_end(taken))
		return -EBADFD;
	/* A device that is down takes nothing; else it is the first record. */
	if (taken != -EIO)
		end = position + mytun_at(tx->data, tx->mask, position)->size;
	return refuse(q, position, end);
}

/* The caller has the lock. */
static int flush_all(struct queue *q)
{
	__u32 position = q->tx.consumer, end;
	ssize_t done;

	while ((end = mytun_load_acquire(&q->tx.producer)) != position) {
		done = write_some(q, position, end);
		if (done < 0)
			atomic_store(&q->tx_ended, true);
		if (done <= 0)
			return (int)done;
		position += (__u32)done;
		mytun_store_release(&q->tx.consumer, position);	/* E */
	}
	return 0;
}

static int flush(struct queue *q)
{
	int err = 0;

	if (atomic_load(&q->tx_ended))
		return -EBADFD;
	if (!mytun_lock_enter(&q->flush_lock))
		return 0;
	do {
		mytun_lock_begin(&q->flush_lock);
		err = flush_all(q);
	} while (!mytun_lock_leave(&q->flush_lock));
	return err;
}

static int kick_ring(struct queue *q)
{
	do {
		count(&q->kicks);
		if (ioctl(q->fd, MYTUN_IOC_KICK) >= 0)
			return 0;
	} while (errno == EINTR);
	return -errno;
}

MYTUN_API int mytun_kick(struct mytun_queue *queue)
{
	struct queue *q = to_queue(queue);

	return q->tx_mode == MYTUN_MODE_RING ? kick_ring(q) : flush(q);
}

/* For a stopped RX ring, which is the kernel's. */
MYTUN_API int mytun_restart(struct mytun_queue *queue)
{
	return kick_ring(to_queue(queue));
}

/*
 * Return: 1: there is room for @bytes. 0: there is none now. Errors: see
 * mytun_reserve().
 */
MYTUN_API int mytun_tx_room(struct mytun_queue *queue, __u32 bytes)
{
	struct mytun_tx *tx = &queue->tx;
	__u32 flags = mytun_load_relaxed(tx->kernel_flags);
	int err;

	if (bytes > tx->mask + 1)
		return -EMSGSIZE;
	if (flags & MYTUN_RING_ENDED)
		return -EBADFD;
	if (flags & MYTUN_RING_TX_NEED_WAKEUP &&
	    tx->consumer != mytun_load_relaxed(&tx->producer)) {
		err = mytun_kick(queue);
		if (err)
			return err;
	}
	tx->consumer = mytun_load_acquire(tx->kernel_consumer);	/* E */
	return tx->mask + 1 - (tx->cursor - tx->consumer) >= bytes;
}

/* As finished() in receive.c. */
static __u32 filled(struct mytun_tx *tx, __u32 position)
{
	__u32 cursor = mytun_load_acquire(&tx->cursor);
	struct mytun_record *record;

	while (position != cursor) {
		record = mytun_at(tx->data, tx->mask, position);
		if (!(mytun_load_acquire16(&record->flags) &	/* H */
		      MYTUN_RECORD_DONE))
			break;
		position += record->size;
	}
	return position;
}

/* As mytun_rx_collect(): with the lock only its holder moves the producer. */
MYTUN_API int mytun_tx_collect(struct mytun_queue *queue)
{
	struct mytun_tx *tx = &queue->tx;
	__u32 position, next;
	int err = 0;

	if (!mytun_lock_enter(&tx->lock))
		return 0;
	do {
		mytun_lock_begin(&tx->lock);
		position = mytun_load_relaxed(&tx->producer);
		while ((next = filled(tx, position)) != position) {
			position = next;
			err = mytun_tx_publish(queue, position);
		}
	} while (!mytun_lock_leave(&tx->lock));
	return err;
}

MYTUN_API unsigned int mytun_unreserve(struct mytun_queue *queue,
				       unsigned int count)
{
	struct mytun_tx *tx = &queue->tx;
	unsigned int held = 0;
	__u32 at = tx->producer;

	for (; at != tx->cursor; held++)
		at = mytun_walk(tx->data, tx->mask, at, tx->cursor, 1);
	if (count > held)
		count = held;
	mytun_store_release(&tx->cursor,
			    mytun_walk(tx->data, tx->mask, tx->producer,
				       tx->cursor, held - count));
	return count;
}
