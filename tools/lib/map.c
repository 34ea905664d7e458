// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The kernel's rings: made, mapped, and found where another process left. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "private.h"

static int map(struct queue *q, struct mapping *mapping, __u64 offset,
	       size_t length, int protection)
{
	void *address = mmap(NULL, length, protection, MAP_SHARED, q->fd,
			     (off_t)offset);

	if (address == MAP_FAILED)
		return -errno;
	mapping->address = address;
	mapping->length = length;
	return 0;
}

static int map_rx(struct queue *q, const struct mytun_ring *ring)
{
	const struct mytun_ring_kernel *kernel = q->kernel.address;
	struct mytun_ring_user *user = q->user.address;
	struct mytun_rx *rx = &q->public.rx;
	__u32 used;
	int err;

	err = map(q, &q->rx_data, MYTUN_MMAP_RX, 2 * (size_t)ring->rx_size,
		  PROT_READ | PROT_WRITE);
	if (err)
		return err;
	rx->kernel_producer = &kernel->rx_producer;
	rx->kernel_flags = &kernel->rx_flags;
	rx->user_consumer = &user->rx_consumer;
	q->seen = ring->flags & MYTUN_Q_SEEN;
	rx->user_seen = q->seen ? &user->rx_seen : &q->rx.seen;
	rx->data = q->rx_data.address;
	rx->mask = ring->rx_size - 1;
	rx->consumer = mytun_load_relaxed(rx->user_consumer);
	rx->cursor = rx->consumer;
	rx->producer = rx->consumer;
	/* Not yet armed, whatever a process before this one has stored. */
	mytun_store_relaxed(rx->user_seen, rx->cursor - MYTUN_RECORD_ALIGN);
	used = mytun_load_acquire(rx->kernel_producer) - rx->consumer;
	if (used > ring->rx_size || used % MYTUN_RECORD_ALIGN)
		return -EPROTO;
	q->rx_mode = MYTUN_MODE_RING;
	return 0;
}

static int map_tx(struct queue *q, const struct mytun_ring *ring)
{
	const struct mytun_ring_kernel *kernel = q->kernel.address;
	struct mytun_ring_user *user = q->user.address;
	struct mytun_tx *tx = &q->public.tx;
	__u32 used;
	int err;

	err = map(q, &q->tx_data, MYTUN_MMAP_TX, 2 * (size_t)ring->tx_size,
		  PROT_READ | PROT_WRITE);
	if (err)
		return err;
	tx->kernel_consumer = &kernel->tx_consumer;
	tx->kernel_flags = &kernel->tx_flags;
	tx->user_producer = &user->tx_producer;
	tx->data = q->tx_data.address;
	tx->mask = ring->tx_size - 1;
	tx->head_room = ring->head_room;
	tx->tail_room = ring->tail_room;
	tx->producer = mytun_load_relaxed(tx->user_producer);
	tx->cursor = tx->producer;
	tx->consumer = mytun_load_acquire(tx->kernel_consumer);
	used = tx->producer - tx->consumer;
	if (used > ring->tx_size || used % MYTUN_RECORD_ALIGN)
		return -EPROTO;
	q->tx_mode = MYTUN_MODE_RING;
	return 0;
}

/* On failure the caller unmaps. */
int mytun_rings_map(struct queue *q, const struct mytun_ring *ring)
{
	int err;

	err = map(q, &q->kernel, MYTUN_MMAP_KERNEL, ring->page_size, PROT_READ);
	if (!err)
		err = map(q, &q->user, MYTUN_MMAP_USER, ring->page_size,
			  PROT_READ | PROT_WRITE);
	if (!err && ring->rx_size)
		err = map_rx(q, ring);
	if (!err && ring->tx_size)
		err = map_tx(q, ring);
	if (err)
		return err;
	q->flags = ring->flags & (MYTUN_Q_HASH | MYTUN_Q_META);
	q->head_room = ring->head_room;
	q->tail_room = ring->tail_room;
	return 0;
}

/* Returns what MYTUN_IOC_RING says, or what it takes to map the rings. */
int mytun_rings_make(struct queue *q, const struct mytun_options *options)
{
	struct mytun_ring ring = {
		.size = sizeof(ring),
		.flags = options->queue_flags | MYTUN_Q_SEEN,
		.rx_size = options->rx_size,
		.tx_size = options->tx_size,
		.head_room = options->head_room,
		.tail_room = options->tail_room,
		.position = options->position,
	};
	int err;

	if (ioctl(q->fd, MYTUN_IOC_RING, &ring))
		return -errno;
	err = mytun_rings_map(q, &ring);
	if (err || (options->drive == MYTUN_DRIVE_CALLER &&
		    !options->drive_flags))
		return err;
	err = mytun_set_drive(&q->public, options->drive, options->drive_flags,
			      options->poll_us);
	return err < 0 ? err : 0;
}
