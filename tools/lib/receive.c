// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The slow path of receiving: nothing was left in what the reader knew of. */
#include <errno.h>

#include "private.h"

/* Lets the other side's words be our own, and reads into our own memory. */
int mytun_rx_own(struct queue *q, const struct mytun_options *options,
		 enum mytun_mode mode)
{
	struct mytun_rx *rx = &q->public.rx;
	int err;

	if (options->rx_size < align_record(MYTUN_RECORD_HEADER +
					    q->head_room + (__u32)q->read_max +
					    q->tail_room))
		return -EINVAL;
	err = mytun_area_map(&q->rx_data, options->rx_size);
	if (err)
		return err;
	q->rx.producer = options->position;
	rx->kernel_producer = &q->rx.producer;
	rx->kernel_flags = &q->rx.flags;
	rx->user_consumer = &q->rx.consumer;
	rx->user_seen = &q->rx.seen;
	rx->data = q->rx_data.address;
	rx->mask = options->rx_size - 1;
	rx->producer = options->position;
	rx->cursor = options->position;
	rx->consumer = options->position;
	q->rx_mode = mode;
	return 0;
}

static int look_again(struct mytun_rx *rx)
{
	rx->producer = mytun_load_acquire(rx->kernel_producer);	/* B */
	return rx->producer != rx->cursor;
}

static int more_in_ring(struct queue *q)
{
	struct mytun_rx *rx = &q->public.rx;

	/* Only once for a position: who polls busily does not pay for it. */
	if (mytun_load_relaxed(rx->user_seen) != rx->cursor) {
		mytun_store_relaxed(rx->user_seen, rx->cursor);	/* C */
		mytun_fence();
	}
	if (look_again(rx))
		return 1;
	if (!(mytun_load_acquire(rx->kernel_flags) & MYTUN_RING_ENDED))
		return 0;
	/* The flag was set after the last record was published. */
	return look_again(rx) ? 1 : -EBADFD;
}

static int more_by_read(struct queue *q)
{
	struct mytun_rx *rx = &q->public.rx;
	__u32 end = q->rx.producer, consumer, room;
	ssize_t got;

	if (q->rx.ended)
		return -EBADFD;
	/* Workers move the consumer: what they did to the records is over. */
	consumer = mytun_load_acquire(&rx->consumer);		/* A */
	room = rx->mask + 1 - (end - consumer);
	do {
		if (!room)
			got = 0;
		else if (q->rx_mode == MYTUN_MODE_BATCH)
			got = mytun_batch_read(q, end, room);
		else
			got = mytun_plain_read(q, end, room);
	} while (got == -EINTR);
	q->rx.full = !got;
	q->rx.looked = consumer;
	if (!got && consumer == end)
		return -EMSGSIZE;
	if (is_end(got)) {
		q->rx.ended = true;
		return -EBADFD;
	}
	if (got <= 0)
		return got == -EAGAIN ? 0 : (int)got;
	q->rx.producer = end + (__u32)got;
	rx->producer = q->rx.producer;
	return 1;
}

/* Return: 1: there are records. 0: there are none now. Errors: mytun_peek(). */
MYTUN_API int mytun_rx_more(struct mytun_queue *queue)
{
	struct queue *q = to_queue(queue);

	return q->rx_mode == MYTUN_MODE_RING ? more_in_ring(q) :
					       more_by_read(q);
}

/* Where the finished records after the oldest one held end. */
static __u32 finished(struct mytun_rx *rx, __u32 position)
{
	__u32 cursor = mytun_load_acquire(&rx->cursor);
	struct mytun_record *record;

	while (position != cursor) {
		record = mytun_at(rx->data, rx->mask, position);
		if (!(mytun_load_acquire16(&record->flags) &	/* H */
		      MYTUN_RECORD_DONE))
			break;
		position += record->size;
	}
	return position;
}

/*
 * The oldest record that was held is finished. With the lock only its holder
 * moves the consumer, so no record that it looks at goes back to the kernel
 * meanwhile. After the fence in mytun_rx_publish() it looks again (I).
 */
MYTUN_API int mytun_rx_collect(struct mytun_queue *queue)
{
	struct mytun_rx *rx = &queue->rx;
	__u32 position, next;
	int err = 0;

	if (!mytun_lock_enter(&rx->lock))
		return 0;
	do {
		mytun_lock_begin(&rx->lock);
		position = mytun_load_relaxed(&rx->consumer);
		while ((next = finished(rx, position)) != position) {
			position = next;
			err = mytun_rx_publish(queue, position);
			if (mytun_load_relaxed(&rx->waiting))	/* J */
				mytun_futex_wake(&rx->consumer);
		}
	} while (!mytun_lock_leave(&rx->lock));
	return err;
}

MYTUN_API unsigned int mytun_unpeek(struct mytun_queue *queue,
				    unsigned int count)
{
	struct mytun_rx *rx = &queue->rx;
	unsigned int held = 0;
	__u32 at = rx->consumer;

	for (; at != rx->cursor; held++)
		at = mytun_walk(rx->data, rx->mask, at, rx->cursor, 1);
	if (count > held)
		count = held;
	mytun_store_release(&rx->cursor,
			    mytun_walk(rx->data, rx->mask, rx->consumer,
				       rx->cursor, held - count));
	return count;
}
