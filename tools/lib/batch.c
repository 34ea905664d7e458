// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The other side of the library's own rings: read() and write() of batches. */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "private.h"

/* @flags: MYTUN_Q_READ, MYTUN_Q_WRITE, or neither to turn batches off. */
int mytun_batch_set(struct queue *q, unsigned int flags)
{
	struct mytun_batch batch = {
		.size = sizeof(batch),
		.flags = flags,
		.head_room = q->head_room,
		.tail_room = q->tail_room,
	};

	return ioctl(q->fd, MYTUN_IOC_BATCH, &batch) ? -errno : 0;
}

/*
 * Fills free memory with what waits in the queue. The kernel may leave out the
 * room after the last record's data: it is kept back, so that it is there.
 * Return: bytes of records put at @position. 0: not even one record fits.
 * Errors of read(); -EPIPE: end of file.
 */
ssize_t mytun_batch_read(struct queue *q, __u32 position, __u32 room)
{
	struct mytun_rx *rx = &q->public.rx;
	struct mytun_record *record;
	__u32 bytes = 0;
	__u32 tail = align_record(q->tail_room);
	ssize_t got;

	if (room <= tail)
		return 0;
	count(&q->reads);
	got = read(q->fd, mytun_at(rx->data, rx->mask, position), room - tail);
	if (got < 0)
		return errno == EMSGSIZE ? 0 : -errno;
	if (!got)
		return -EPIPE;
	while (bytes < (size_t)got) {
		record = mytun_at(rx->data, rx->mask, position + bytes);
		if (record->size < MYTUN_RECORD_ALIGN ||
		    record->size > room - bytes)
			return -EPROTO;
		bytes += record->size;
	}
	return bytes;
}

/*
 * Writes the records from @position to @end.
 * Return: bytes of records taken. Errors of write(), about the first record.
 */
ssize_t mytun_batch_write(struct queue *q, __u32 position, __u32 end)
{
	struct mytun_tx *tx = &q->public.tx;
	ssize_t taken;

	count(&q->writes);
	taken = write(q->fd, mytun_at(tx->data, tx->mask, position),
		      end - position);
	if (taken < 0)
		return -errno;
	return align_record((__u32)taken);
}
