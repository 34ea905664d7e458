// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The other side of the library's own rings: a read() or write() for each
 * packet, with any tun driver.
 */
#include <errno.h>
#include <unistd.h>

#include "private.h"

/* Return: bytes of the record put at @position; errors of read(). */
static ssize_t read_one(struct queue *q, __u32 position)
{
	struct mytun_rx *rx = &q->public.rx;
	struct mytun_record *record = mytun_at(rx->data, rx->mask, position);
	__u32 offset = MYTUN_RECORD_HEADER + q->head_room;
	ssize_t got;

	count(&q->reads);
	got = read(q->fd, (unsigned char *)record + offset, q->read_max);
	if (got < 0)
		return -errno;
	if (!got)
		return -EPIPE;
	memset(record, 0, sizeof(*record));
	record->size = align_record(offset + (__u32)got + q->tail_room);
	record->len = (__u32)got;
	record->offset = (__u16)offset;
	record->queue = (__u16)q->index;
	return record->size;
}

/*
 * Reads until nothing is left, the largest packet would not fit, or enough was
 * read. Errors of later packets come again with the next call.
 * Return: as mytun_batch_read().
 */
ssize_t mytun_plain_read(struct queue *q, __u32 position, __u32 room)
{
	__u32 need = align_record(MYTUN_RECORD_HEADER + q->head_room +
				  (__u32)q->read_max + q->tail_room);
	__u32 bytes = 0;
	ssize_t got;
	int i;

	for (i = 0; i < PLAIN_BURST && room - bytes >= need; i++) {
		got = read_one(q, position + bytes);
		if (got < 0)
			return bytes ? (ssize_t)bytes : got;
		bytes += (__u32)got;
	}
	return bytes;
}

/* As mytun_batch_write(). */
ssize_t mytun_plain_write(struct queue *q, __u32 position, __u32 end)
{
	struct mytun_tx *tx = &q->public.tx;
	struct mytun_record *record;
	__u32 from = position;

	while (position != end) {
		record = mytun_at(tx->data, tx->mask, position);
		if (record->len) {
			count(&q->writes);
			if (write(q->fd, mytun_data(record), record->len) < 0)
				break;
		}
		position += record->size;
	}
	return position == from ? -errno : (ssize_t)(position - from);
}
