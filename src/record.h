/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records: the one format of packets in batches and rings. What a user wrote
 * is looked at in a copy only.
 */
#ifndef _MYTUN_RECORD_H
#define _MYTUN_RECORD_H

#include <linux/kernel.h>
#include <linux/skbuff.h>

#include <uapi/linux/mytun.h>

#include "mytun.h"

/* How records of a queue look, as its owner asked. */
struct mytun_record_rules {
	u16 head_room;
	u16 tail_room;
	bool hash;		/* fill in the hash */
	bool meta;		/* take mark and priority from the user */
};

/* Bytes that a record with @len bytes of data takes. */
static inline u32 mytun_record_size(const struct mytun_record_rules *rules,
				    u32 len)
{
	return ALIGN(MYTUN_RECORD_HEADER + rules->head_room + len +
		     rules->tail_room, MYTUN_RECORD_ALIGN);
}

/* A header that the process cannot change any more. */
union mytun_record_copy {
	struct mytun_record record;
	u64 word[MYTUN_RECORD_HEADER / sizeof(u64)];
};

/* Of what the process has written, word by word, each read once. */
static __always_inline void mytun_record_copy(union mytun_record_copy *to,
					      const u64 *from)
{
	BUILD_BUG_ON(sizeof(to->word) != 4 * sizeof(u64));
	to->word[0] = READ_ONCE(from[0]);
	to->word[1] = READ_ONCE(from[1]);
	to->word[2] = READ_ONCE(from[2]);
	to->word[3] = READ_ONCE(from[3]);
}

/* Whether the place where the next record begins can be told from this one. */
static inline bool mytun_record_size_ok(const struct mytun_record *r, u32 room)
{
	return r->size && r->size <= room && !(r->size % MYTUN_RECORD_ALIGN);
}

/* Everything but the size, for which there is mytun_record_size_ok(). */
static inline bool mytun_record_ok(const struct mytun_record_rules *rules,
				   const struct mytun_record *r)
{
	/* Sums in 64 bits: len may be anything. */
	if (r->offset < MYTUN_RECORD_HEADER ||
	    r->offset > MYTUN_RECORD_HEADER + MYTUN_ROOM_MAX ||
	    (u64)r->offset + r->len > r->size)
		return false;
	if (r->flags & ~MYTUN_RECORD_USER_BITS || r->hash || r->queue ||
	    r->reserved)
		return false;
	return rules->meta || (!r->mark && !r->priority);
}

int mytun_record_rules_set(struct mytun_record_rules *rules, struct mytun *tun,
			   u32 flags, u16 head_room, u16 tail_room);
u32 mytun_record_hash(const struct mytun *tun, const struct sk_buff *skb);

/*
 * What the header says of any packet with @len bytes of data, in a record of
 * @size bytes. It only stores: @r may be memory that the process shares.
 */
static __always_inline void
mytun_record_start(struct mytun_record *r,
		   const struct mytun_record_rules *rules,
		   const struct mytun_queue *q, u32 size, u32 len)
{
	r->size = size;
	r->len = len;
	r->offset = MYTUN_RECORD_HEADER + rules->head_room;
	r->flags = 0;
	r->queue = q->index;
	r->reserved = 0;
	r->user = 0;
}

/* The header of a record that holds @skb. Likewise. */
static __always_inline void
mytun_record_fill(struct mytun_record *r,
		  const struct mytun_record_rules *rules,
		  const struct mytun *tun, const struct mytun_queue *q,
		  const struct sk_buff *skb, u32 size, u32 len)
{
	mytun_record_start(r, rules, q, size, len);
	r->hash = rules->hash ? mytun_record_hash(tun, skb) : 0;
	r->mark = skb->mark;
	r->priority = skb->priority;
}

#endif /* _MYTUN_RECORD_H */
