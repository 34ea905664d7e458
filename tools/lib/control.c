// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Settings of a queue with rings. */
#include <errno.h>
#include <sys/ioctl.h>

#include "private.h"

MYTUN_API int mytun_set_drive(struct mytun_queue *queue, unsigned int drive,
			      unsigned int flags, unsigned int poll_us)
{
	struct queue *q = to_queue(queue);
	struct mytun_drive wanted = {
		.size = sizeof(wanted),
		.drive = drive,
		.flags = flags,
		.poll_us = poll_us,
	};

	if (q->tx_mode != MYTUN_MODE_RING)
		return -EOPNOTSUPP;
	if (ioctl(q->fd, MYTUN_IOC_DRIVE, &wanted))
		return -errno;
	return drive == MYTUN_DRIVE_THREAD ? wanted.pid : 0;
}

MYTUN_API int mytun_lend(struct mytun_queue *queue)
{
	struct queue *q = to_queue(queue);

	if (q->tx_mode != MYTUN_MODE_RING)
		return -EOPNOTSUPP;
	return ioctl(q->fd, MYTUN_IOC_LEND) < 0 ? -errno : 0;
}

MYTUN_API int mytun_set_moderation(struct mytun_queue *queue,
				   unsigned int packets, unsigned int usecs)
{
	struct queue *q = to_queue(queue);
	struct mytun_moderate wanted = {
		.size = sizeof(wanted),
		.packets = packets,
		.usecs = usecs,
	};

	if (q->rx_mode != MYTUN_MODE_RING)
		return -EOPNOTSUPP;
	return ioctl(q->fd, MYTUN_IOC_MODERATE, &wanted) ? -errno : 0;
}

MYTUN_API int mytun_set_eventfds(struct mytun_queue *queue, int rx, int kick)
{
	struct queue *q = to_queue(queue);
	struct mytun_eventfd wanted = {
		.size = sizeof(wanted),
		.rx = rx,
		.kick = kick,
	};

	if (q->rx_mode != MYTUN_MODE_RING && q->tx_mode != MYTUN_MODE_RING)
		return -EOPNOTSUPP;
	return ioctl(q->fd, MYTUN_IOC_EVENTFD, &wanted) ? -errno : 0;
}
