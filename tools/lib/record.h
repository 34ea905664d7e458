/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * One record: where its data are, and how to move their borders in place.
 * None of these functions looks at anything but the record; they are for the
 * thread that holds it.
 */
#ifndef MYTUN_RECORD_H
#define MYTUN_RECORD_H

#include <stddef.h>
#include <linux/mytun.h>

/**
 * mytun_data() - the first byte of the data
 * @record: from mytun_peek() or mytun_reserve()
 *
 * Return: @record->len bytes, as read() of a TUN/TAP device would return them.
 */
static inline unsigned char *mytun_data(struct mytun_record *record)
{
	return (unsigned char *)record + record->offset;
}

/** mytun_head_room() - bytes free before the data */
static inline __u32 mytun_head_room(const struct mytun_record *record)
{
	return record->offset - MYTUN_RECORD_HEADER;
}

/** mytun_tail_room() - bytes free after the data */
static inline __u32 mytun_tail_room(const struct mytun_record *record)
{
	return record->size - record->offset - record->len;
}

/**
 * mytun_push() - let the data begin earlier
 * @record: the record
 * @bytes: by how much
 *
 * Return: the new first byte, NULL if the head room is smaller than @bytes.
 */
static inline unsigned char *mytun_push(struct mytun_record *record,
					__u32 bytes)
{
	if (bytes > mytun_head_room(record))
		return NULL;
	record->offset = (__u16)(record->offset - bytes);
	record->len += bytes;
	return mytun_data(record);
}

/**
 * mytun_pull() - let the data begin later
 * @record: the record
 * @bytes: by how much
 *
 * Return: the new first byte, NULL if not even one byte would be left, or the
 * offset would not fit its field.
 */
static inline unsigned char *mytun_pull(struct mytun_record *record,
					__u32 bytes)
{
	if (bytes >= record->len || bytes > 0xffffU - record->offset)
		return NULL;
	record->offset = (__u16)(record->offset + bytes);
	record->len -= bytes;
	return mytun_data(record);
}

/**
 * mytun_put() - let the data end later
 * @record: the record
 * @bytes: by how much
 *
 * Return: the first byte that was added, NULL if the tail room is smaller than
 * @bytes.
 */
static inline unsigned char *mytun_put(struct mytun_record *record,
				       __u32 bytes)
{
	unsigned char *end = mytun_data(record) + record->len;

	if (bytes > mytun_tail_room(record))
		return NULL;
	record->len += bytes;
	return end;
}

/**
 * mytun_trim() - let the data end earlier
 * @record: the record
 * @len: bytes that stay; nothing happens if there are not more
 *
 * In a record to send, 0 makes a record that is passed over: see mytun_drop().
 */
static inline void mytun_trim(struct mytun_record *record, __u32 len)
{
	if (len < record->len)
		record->len = len;
}

#endif /* MYTUN_RECORD_H */
