// SPDX-License-Identifier: GPL-2.0
/* The packets that wait for read(): how many there may be. */
#include <linux/slab.h>

#include "fifo.h"
#include "frame.h"

void mytun_fifo_lock(struct mytun_queue *q)
	__acquires(&q->ring.consumer_lock)
	__acquires(&q->ring.producer_lock)
{
	spin_lock_bh(&q->ring.consumer_lock);
	spin_lock(&q->ring.producer_lock);
}

void mytun_fifo_unlock(struct mytun_queue *q)
	__releases(&q->ring.producer_lock)
	__releases(&q->ring.consumer_lock)
{
	spin_unlock(&q->ring.producer_lock);
	spin_unlock_bh(&q->ring.consumer_lock);
}

/*
 * A table of the core's limits, since it is the core that frees the last one;
 * NULL: no memory.
 */
static void **table_create(unsigned int size)
{
	void **table;

	if (size > KMALLOC_MAX_SIZE / sizeof(*table))
		return NULL;
	return kvzalloc_objs(*table, size);
}

/*
 * What waits moves to @table, the oldest first; the other table is returned.
 * ptr_ring_resize() of kernels before 5.0 leaves a ring that is full then with
 * a place behind its end, and writes there (aff6db454599).
 */
static void **table_swap(struct mytun_queue *q, void **table,
			 unsigned int size, unsigned int *lost)
{
	struct ptr_ring *ring = &q->ring;
	unsigned int n = 0;
	void *packet, **old;

	mytun_fifo_lock(q);
	while ((packet = __ptr_ring_consume(ring))) {
		if (n < size) {
			table[n++] = packet;
		} else {
			mytun_packet_free(packet);
			(*lost)++;
		}
	}
	__ptr_ring_set_size(ring, size);
	ring->producer = n < size ? n : 0;
	ring->consumer_head = 0;
	ring->consumer_tail = 0;
	old = ring->queue;
	ring->queue = table;
	mytun_fifo_unlock(q);
	return old;
}

int mytun_fifo_resize(struct mytun_queue **queues, unsigned int n,
		      unsigned int size, unsigned int *lost)
{
	void ***tables = kmalloc_objs(*tables, n);
	unsigned int i;
	int err = 0;

	*lost = 0;
	if (!tables)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		tables[i] = table_create(size);
		if (!tables[i]) {
			/* Those that were made go again. */
			n = i;
			err = -ENOMEM;
		}
	}
	for (i = 0; i < n; i++) {
		if (!err)
			tables[i] = table_swap(queues[i], tables[i], size, lost);
		kvfree(tables[i]);
	}
	kfree(tables);
	return err;
}
