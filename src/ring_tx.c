// SPDX-License-Identifier: GPL-2.0
/* The TX ring: from the process's memory to the stack. */
#include "intake.h"
#include "ring.h"

/*
 * Bytes that wait, by the producer's position: read once. One that makes no
 * sense is counted and stands for nothing.
 */
static u32 waiting(struct mytun_rings *r)
{
	u32 producer = smp_load_acquire(&r->u->tx_producer);	/* C */
	s64 n = mytun_ring_used(producer, READ_ONCE(r->tx_pos), r->tx_size);

	if (unlikely(n < 0)) {
		WRITE_ONCE(r->k->bad_position,
			   atomic64_inc_return(&r->bad_position));
		return 0;
	}
	return n;
}

/**
 * mytun_ring_take - deliver records of the TX ring
 * @tun: the device
 * @q: the queue
 * @r: its rings, with a TX ring; the caller holds tx_lock or is its NAPI
 * @napi: merge packets (GRO) on this instance, which the caller owns; or NULL
 * @budget: how many at most
 *
 * Context: softirqs off, rcu_read_lock(). What is submitted while this runs
 * may wait for the next call.
 * Return: how many records were taken, refused ones included.
 */
int mytun_ring_take(struct mytun *tun, struct mytun_queue *q,
		    struct mytun_rings *r, struct napi_struct *napi, int budget)
{
	u32 left = waiting(r), pos = r->tx_pos;
	struct mytun_intake_rules intake;
	const struct mytun_record *rec;
	union mytun_record_copy header;
	int n = 0;

	if (!left)
		return 0;
	rec = &header.record;
	mytun_intake_rules(tun, q, true, &intake);
	intake.gfp = GFP_ATOMIC | __GFP_NOWARN;
	intake.frag = &r->tx_frag;
	intake.napi = napi;
	/* The ring has a drive of its own. */
	intake.through_napi = false;
	while (left && n < budget) {
		const void *at = r->tx_area.map + (pos & (r->tx_size - 1));

		n++;
		mytun_record_copy(&header, at);
		if (unlikely(!mytun_record_size_ok(rec, left))) {
			/* Nobody can tell where the next one begins. */
			r->bad_size++;
			mytun_count_drop(tun, q, MYTUN_DROP_RX_RECORD);
			pos += left;
			break;
		}
		if (unlikely(!mytun_record_ok(&r->rules, rec))) {
			r->bad_record++;
			r->tx_refused++;
			mytun_count_drop(tun, q, MYTUN_DROP_RX_RECORD);
		} else if (!rec->len) {
			; /* reserved and not needed */
		} else if (unlikely(mytun_intake_take(tun, q, &intake,
						      at + rec->offset, rec->len,
						      rec->mark, rec->priority))) {
			r->tx_refused++;
		} else {
			r->tx_packets++;
		}
		pos += rec->size;
		left -= rec->size;
	}
	mytun_intake_end(tun, q, &intake);
	WRITE_ONCE(r->tx_batches, r->tx_batches + 1);
	WRITE_ONCE(r->tx_pos, pos);
	WRITE_ONCE(r->k->tx_packets, r->tx_packets);
	WRITE_ONCE(r->k->tx_refused, r->tx_refused);
	WRITE_ONCE(r->k->bad_size, r->bad_size);
	WRITE_ONCE(r->k->bad_record, r->bad_record);
	smp_store_release(&r->k->tx_consumer, pos);		/* D */
	return n;
}

/*
 * For who is about to sleep and has said so, with a full barrier: that of
 * set_need_wakeup() (F), or of prepare_to_wait().
 */
bool mytun_ring_tx_empty(struct mytun_rings *r)
{
	return !r->tx_size || !waiting(r);
}

/*
 * Bytes that the process cannot use yet: the consumer that it is shown comes a
 * little after tx_pos. Who waits for room is woken after both. Without barriers:
 * nothing is read by these positions, and the process, which reads the consumer
 * later, with its own acquire, finds it there or further.
 */
static u32 not_free(struct mytun_rings *r)
{
	s64 n = mytun_ring_used(READ_ONCE(r->u->tx_producer),
				READ_ONCE(r->k->tx_consumer), r->tx_size);

	return n < 0 ? 0 : n;
}

/* All is free, for who waits as for mytun_ring_tx_empty(). */
bool mytun_ring_tx_free(struct mytun_rings *r)
{
	return mytun_ring_tx_empty(r) && !not_free(r);
}

bool mytun_ring_tx_writable(struct mytun_rings *r)
{
	smp_mb(); /* the waiter's place before the look, as for F */
	return waiting(r) <= r->tx_size / 2 && not_free(r) <= r->tx_size / 2;
}
