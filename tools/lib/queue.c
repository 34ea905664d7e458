// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* A queue: its life, and what it tells about itself. */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "private.h"

#ifndef MYTUN_VERSION
#error "MYTUN_VERSION comes from the Makefile"
#endif

/* The file stays the caller's. */
struct queue *mytun_queue_new(int fd, unsigned int index)
{
	struct queue *q = aligned_alloc(alignof(struct queue), sizeof(*q));

	if (!q)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->fd = fd;
	q->index = index;
	return q;
}

/* All but the file. */
void mytun_queue_free(struct queue *q)
{
	mytun_unmap(&q->tx_data);
	mytun_unmap(&q->rx_data);
	mytun_unmap(&q->user);
	mytun_unmap(&q->kernel);
	free(q);
}

MYTUN_API void mytun_close(struct mytun_queue *queue)
{
	struct queue *q = to_queue(queue);
	int fd;

	if (!q)
		return;
	fd = q->fd;
	mytun_queue_free(q);
	close(fd);
}

MYTUN_API int mytun_detach(struct mytun_queue *queue)
{
	struct queue *q = to_queue(queue);
	int fd = q->fd;

	if (q->rx_mode != MYTUN_MODE_RING &&
	    q->rx.producer != mytun_load_acquire(&queue->rx.consumer))
		return -EBUSY;
	if (q->tx_mode != MYTUN_MODE_RING &&
	    mytun_pending(queue, MYTUN_WAIT_TX))
		return -EBUSY;
	mytun_queue_free(q);
	return fd;
}

MYTUN_API enum mytun_mode mytun_mode(const struct mytun_queue *queue)
{
	const struct queue *q = to_queue_const(queue);

	return q->rx_mode < q->tx_mode ? q->rx_mode : q->tx_mode;
}

MYTUN_API const char *mytun_mode_name(enum mytun_mode mode)
{
	switch (mode) {
	case MYTUN_MODE_PLAIN:
		return "plain";
	case MYTUN_MODE_BATCH:
		return "batch";
	case MYTUN_MODE_RING:
		return "ring";
	}
	return NULL;
}

MYTUN_API int mytun_fallback(const struct mytun_queue *queue)
{
	return to_queue_const(queue)->fallback;
}

MYTUN_API unsigned int mytun_flags(const struct mytun_queue *queue)
{
	return to_queue_const(queue)->flags;
}

MYTUN_API int mytun_fd(const struct mytun_queue *queue)
{
	return to_queue_const(queue)->fd;
}

MYTUN_API int mytun_interface(const struct mytun_queue *queue, char *name)
{
	struct ifreq request = { 0 };

	if (ioctl(mytun_fd(queue), TUNGETIFF, &request))
		return -errno;
	memcpy(name, request.ifr_name, IFNAMSIZ);
	name[IFNAMSIZ - 1] = '\0';
	return 0;
}

/* A counter of the kernel; torn only on a 32-bit machine. */
static __u64 read_once(const __u64 *counter)
{
	return atomic_load_explicit((const atomic_ullong *)counter,
				    memory_order_relaxed);
}

MYTUN_API int mytun_count(const struct mytun_queue *queue,
			  struct mytun_counters *counters)
{
	const struct queue *q = to_queue_const(queue);
	const struct mytun_ring_kernel *kernel = q->kernel.address;
	struct mytun_counters now = {
		.size = counters->size,
		.reads = atomic_load(&q->reads),
		.writes = atomic_load(&q->writes),
		.kicks = atomic_load(&q->kicks),
		.waits = atomic_load(&q->waits),
		.refused = atomic_load(&q->refused),
	};

	if (counters->size < sizeof(size_t) + sizeof(__u64))
		return -EINVAL;
	if (q->kernel.length) {
		now.refused += read_once(&kernel->tx_refused);
		now.lost = read_once(&kernel->rx_full);
	}
	memcpy(counters, &now, counters->size < sizeof(now) ? counters->size :
							      sizeof(now));
	return 0;
}

MYTUN_API const char *mytun_version(void)
{
	return MYTUN_VERSION;
}
