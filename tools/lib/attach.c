// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* From an open file to a queue in the best mode that it can have. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "private.h"

static bool allowed(const struct mytun_options *options, enum mytun_mode mode)
{
	return options->modes & MYTUN_MODE_SET(mode);
}

/* Errors for which a simpler mode is the answer. */
static bool can_do_without(int err)
{
	return err == -EOPNOTSUPP || err == -ENOBUFS || err == -ENOMEM;
}

/*
 * Takes the rings that the file has, or makes some.
 * Return: 0, or one of can_do_without(), or an error that is one.
 */
static int get_rings(struct queue *q, const struct mytun_options *options,
		     __u64 features)
{
	struct mytun_ring ring = { .size = sizeof(ring) };

	if (!ioctl(q->fd, MYTUN_IOC_RING_GET, &ring)) {
		if (!allowed(options, MYTUN_MODE_RING))
			return -EBUSY;
		return mytun_rings_map(q, &ring);
	}
	if (errno == EBADFD)
		return -EBADFD;
	if (!allowed(options, MYTUN_MODE_RING) || !(features & MYTUN_F_RING))
		return -EOPNOTSUPP;
	/* Whoever had the file before may have left batches on. */
	if (features & MYTUN_F_BATCH)
		mytun_batch_set(q, 0);
	return mytun_rings_make(q, options);
}

/* How large a read() may have to be, with this device's headers. */
static size_t largest_read(const struct queue *q)
{
	int header = 0;

	if (ioctl(q->fd, TUNGETVNETHDRSZ, &header) || header < 0)
		header = 0;
	return PACKET_MAX + (size_t)header;
}

/* The directions that have no ring. */
static int without_rings(struct queue *q, const struct mytun_options *options,
			 enum mytun_mode mode, bool rx, bool tx)
{
	int flags, err = 0;

	flags = fcntl(q->fd, F_GETFL);
	if (flags < 0 || fcntl(q->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	q->read_max = largest_read(q);
	if (rx)
		err = mytun_rx_own(q, options, mode);
	if (!err && tx)
		err = mytun_tx_own(q, options, mode);
	return err;
}

static int choose(struct queue *q, const struct mytun_options *options,
		  __u64 features)
{
	bool rx = !q->rx_data.length, tx = !q->tx_data.length;
	unsigned int flags = q->flags;
	int err;

	if (!rx && !tx)
		return 0;
	if (rx)
		flags |= MYTUN_Q_READ;
	if (tx)
		flags |= MYTUN_Q_WRITE;
	if (allowed(options, MYTUN_MODE_BATCH) && features & MYTUN_F_BATCH) {
		err = mytun_batch_set(q, flags);
		if (!err)
			return without_rings(q, options, MYTUN_MODE_BATCH, rx,
					     tx);
		if (!can_do_without(err))
			return err;
		q->fallback = err;
	} else if (allowed(options, MYTUN_MODE_BATCH) && !q->fallback) {
		q->fallback = -EOPNOTSUPP;
	}
	if (!allowed(options, MYTUN_MODE_PLAIN))
		return q->fallback ? q->fallback : -EOPNOTSUPP;
	if (features & MYTUN_F_BATCH)
		mytun_batch_set(q, 0);
	q->flags = 0;
	return without_rings(q, options, MYTUN_MODE_PLAIN, rx, tx);
}

int mytun_set_up(struct queue *q, const struct mytun_options *options)
{
	__u64 features = 0;
	int err = -EOPNOTSUPP;

	q->flags = options->queue_flags;
	q->head_room = options->head_room;
	q->tail_room = options->tail_room;
	/* Other drivers do not know the ioctl; each says so in its own way. */
	if (ioctl(q->fd, MYTUN_IOC_FEATURES, &features))
		features = 0;
	else
		err = get_rings(q, options, features);
	if (err && !can_do_without(err))
		return err;
	if (err && allowed(options, MYTUN_MODE_RING) && !q->fallback)
		q->fallback = err;
	err = choose(q, options, features);
	/* What a process that is gone submitted may still wait for a kick. */
	if (!err && mytun_pending(&q->public, MYTUN_WAIT_TX))
		mytun_kick(&q->public);
	return err;
}

MYTUN_API int mytun_attach(struct mytun_queue **queue, int fd,
			   const struct mytun_options *options)
{
	struct mytun_options taken;
	struct queue *q;
	int err;

	err = mytun_options_take(&taken, options);
	if (err)
		return err;
	if (fcntl(fd, F_GETFD) < 0)
		return -errno;
	q = mytun_queue_new(fd, 0);
	if (!q)
		return -ENOMEM;
	err = mytun_set_up(q, &taken);
	if (err) {
		mytun_queue_free(q);
		return err;
	}
	*queue = &q->public;
	return 0;
}
