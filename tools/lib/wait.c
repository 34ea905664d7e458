// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Sleep until something can be done. */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>

#include "private.h"

#define SECOND_NS	1000000000LL

/* How long to sleep where one sleep cannot end for each of the reasons. */
#define SLICE_NS	1000000LL

static __s64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static __s64 shorter(__s64 timeout_ns, __s64 limit_ns)
{
	return timeout_ns < 0 || timeout_ns > limit_ns ? limit_ns : timeout_ns;
}

static int look_rx(struct queue *q)
{
	struct mytun_rx *rx = &q->public.rx;

	return rx->cursor != rx->producer ? 1 : mytun_rx_more(&q->public);
}

static bool tx_empty(const struct mytun_queue *queue)
{
	return mytun_load_acquire(queue->tx.kernel_consumer) ==
	       mytun_load_relaxed(&queue->tx.producer);
}

static int look_tx(struct queue *q)
{
	struct mytun_queue *queue = &q->public;
	__u32 flags;
	int err;

	if (tx_empty(queue))
		return 1;
	/* Who submitted has seen NEED_WAKEUP and kicked (G), or tried to. */
	flags = mytun_load_relaxed(queue->tx.kernel_flags);
	if (flags & (MYTUN_RING_TX_NEED_WAKEUP | MYTUN_RING_ENDED)) {
		err = mytun_kick(queue);
		if (err)
			return err;
	}
	return tx_empty(queue);
}

/* Returns events, 0 or an error. */
static int look(struct queue *q, unsigned int events)
{
	unsigned int ready = 0;
	int state;

	if (events & MYTUN_WAIT_RX) {
		state = look_rx(q);
		if (state < 0)
			return state;
		if (state)
			ready |= MYTUN_WAIT_RX;
	}
	if (events & MYTUN_WAIT_TX) {
		state = look_tx(q);
		if (state < 0 && !ready)
			return state;
		if (state > 0)
			ready |= MYTUN_WAIT_TX;
	}
	return (int)ready;
}

/*
 * Whether the file says nothing about RX: the kernel takes a ring for not
 * empty while records are held, and what cannot be read into a full memory
 * stays readable.
 */
static bool held_back(const struct queue *q)
{
	const struct mytun_rx *rx = &q->public.rx;

	if (q->rx_mode != MYTUN_MODE_RING)
		return q->rx.full;
	return !q->seen && mytun_load_relaxed(&rx->consumer) != rx->cursor;
}

/* Sleeps until workers give records back. */
static int sleep_held(struct queue *q, unsigned int events, __s64 timeout_ns)
{
	struct mytun_rx *rx = &q->public.rx;
	__u32 consumer;
	int err = 0;

	/* In a ring, and for TX, something else may happen, too. */
	if (q->rx_mode == MYTUN_MODE_RING || events & MYTUN_WAIT_TX)
		timeout_ns = shorter(timeout_ns, SLICE_NS);
	/* As it was when there was nothing: it may have moved since. */
	consumer = q->rx_mode == MYTUN_MODE_RING ?
		   mytun_load_relaxed(&rx->consumer) : q->rx.looked;
	mytun_store_relaxed(&rx->waiting, 1);			/* J */
	mytun_fence();
	if (mytun_load_relaxed(&rx->consumer) == consumer)
		err = mytun_futex_wait(&rx->consumer, consumer, timeout_ns);
	mytun_store_relaxed(&rx->waiting, 0);
	return err == -ETIMEDOUT ? 0 : err;
}

static int sleep_ring(struct queue *q, unsigned int events, __s64 timeout_ns)
{
	struct mytun_wait wait = {
		.size = sizeof(wait),
		.events = events,
		.timeout_ns = timeout_ns,
	};

	return ioctl(q->fd, MYTUN_IOC_WAIT, &wait) < 0 ? -errno : 0;
}

static int sleep_poll(struct queue *q, unsigned int events, __s64 timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = timeout_ns / SECOND_NS,
		.tv_nsec = timeout_ns % SECOND_NS,
	};
	struct pollfd file = { .fd = q->fd };

	if (events & MYTUN_WAIT_RX)
		file.events |= POLLIN;
	if (events & MYTUN_WAIT_TX)
		file.events |= POLLOUT;
	if (ppoll(&file, 1, timeout_ns < 0 ? NULL : &timeout, NULL) < 0)
		return -errno;
	/* Readable is not asked for when only TX is waited for. */
	return file.revents & ~(POLLIN | POLLOUT) ? -EBADFD : 0;
}

static int sleep_once(struct queue *q, unsigned int events, __s64 timeout_ns)
{
	bool rx_ring = q->rx_mode == MYTUN_MODE_RING;
	bool tx_ring = q->tx_mode == MYTUN_MODE_RING;

	count(&q->waits);
	if (events & MYTUN_WAIT_RX && held_back(q))
		return sleep_held(q, events, timeout_ns);
	if ((rx_ring || !(events & MYTUN_WAIT_RX)) &&
	    (tx_ring || !(events & MYTUN_WAIT_TX)))
		return sleep_ring(q, events, timeout_ns);
	return sleep_poll(q, events, timeout_ns);
}

MYTUN_API int mytun_wait(struct mytun_queue *queue, unsigned int events,
			 __s64 timeout_ns)
{
	struct queue *q = to_queue(queue);
	__s64 end = 0, left = timeout_ns;
	int ready, err = 0;

	if (!events || events & ~(MYTUN_WAIT_RX | MYTUN_WAIT_TX))
		return -EINVAL;
	if (timeout_ns > 0)
		end = now_ns() + timeout_ns;
	for (;;) {
		ready = look(q, events);
		if (ready || err)
			return ready ? ready : err;
		if (timeout_ns > 0) {
			left = end - now_ns();
			if (left < 0)
				left = 0;
		}
		if (!left)
			return 0;
		/* After an error there may still be something to receive. */
		err = sleep_once(q, events, left);
	}
}

MYTUN_API size_t mytun_pending(const struct mytun_queue *queue,
			       unsigned int events)
{
	const struct mytun_rx *rx = &queue->rx;
	const struct mytun_tx *tx = &queue->tx;
	size_t bytes = 0;

	if (events & MYTUN_WAIT_RX)
		bytes += mytun_load_relaxed(rx->kernel_producer) - rx->cursor;
	if (events & MYTUN_WAIT_TX)
		bytes += mytun_load_relaxed(&tx->producer) -
			 mytun_load_relaxed(tx->kernel_consumer);
	return bytes;
}
