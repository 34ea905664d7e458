// SPDX-License-Identifier: GPL-2.0
/* The RX ring: from the stack into the process's memory, copied once. */
#include <linux/skbuff.h>
#include <net/sch_generic.h>

#include "copy.h"
#include "frame.h"
#include "ring.h"

/*
 * Load the consumer's position. One that makes no sense is counted and not
 * believed: the ring stays as full as it was.
 */
static __always_inline void load_consumer(struct mytun_rings *r)
{
	u32 consumer = smp_load_acquire(&r->u->rx_consumer);	/* B */

	if (unlikely(mytun_ring_used(r->rx_pos, consumer, r->rx_size) < 0))
		WRITE_ONCE(r->k->bad_position,
			   atomic64_inc_return(&r->bad_position));
	else
		r->rx_consumer = consumer;
}

/* How far the process has looked, as it says: harms nobody else. */
static u32 seen(const struct mytun_rings *r)
{
	return r->flags & MYTUN_Q_SEEN ? READ_ONCE(r->u->rx_seen) :
					 READ_ONCE(r->u->rx_consumer);
}

static u32 used(const struct mytun_rings *r)
{
	return r->rx_pos - r->rx_consumer;
}

/* Under rx_lock. Inline: most packets are published one by one. */
static __always_inline void publish(struct mytun_rings *r)
{
	u32 old = r->rx_published, packets = r->rx_unpublished;
	struct mytun_ring_kernel *k = r->k;

	if (r->rx_pos == old)
		return;
	WRITE_ONCE(k->rx_packets, r->rx_packets);
	smp_store_release(&k->rx_producer, r->rx_pos);		/* A */
	WRITE_ONCE(r->rx_published, r->rx_pos);
	r->rx_unpublished = 0;
	r->rx_batches++;
	smp_mb();						/* E */
	load_consumer(r);
	if (unlikely(READ_ONCE(r->wake_usecs)))
		mytun_wake_moderated(r, packets, seen(r) == old);
	else if (seen(r) == old)
		mytun_wake_now(r);
}

/* Under rx_lock: whether half of the ring is free, so that it is worth it. */
static bool roomy(struct mytun_rings *r)
{
	load_consumer(r);
	return used(r) <= r->rx_size / 2;
}

static struct netdev_queue *txq_of(struct mytun *tun, struct mytun_queue *q)
{
	return netdev_get_tx_queue(tun->dev, READ_ONCE(q->index));
}

static void start_queue(struct mytun *tun, struct mytun_queue *q,
			struct mytun_rings *r)
{
	WRITE_ONCE(r->rx_stopped, false);
	WRITE_ONCE(r->k->rx_flags, r->k->rx_flags & ~MYTUN_RING_RX_STOPPED);
	/* One that is set aside has the number of another. */
	if (!READ_ONCE(q->disabled))
		mytun_queue_wake(txq_of(tun, q));
}

/*
 * Under rx_lock. One largest record must always fit while the queue runs. A
 * device without a qdisc has nowhere to keep packets: it goes on and drops.
 */
static void stop_if_full(struct mytun *tun, struct mytun_queue *q,
			 struct mytun_rings *r)
{
	struct netdev_queue *txq;

	if (r->rx_size - used(r) >= r->rx_max)
		return;
	load_consumer(r);
	if (r->rx_size - used(r) >= r->rx_max)
		return;
	txq = txq_of(tun, q);
	/*
	 * All queues are started when one comes or goes: look, not only
	 * remember. One may have been stopped before there was a ring.
	 */
	if ((READ_ONCE(r->rx_stopped) && netif_tx_queue_stopped(txq)) ||
	    !mytun_queue_has_qdisc(txq))
		return;
	mytun_queue_stop(txq);
	WRITE_ONCE(r->rx_stopped, true);
	r->rx_stops++;
	WRITE_ONCE(r->k->rx_stops, r->rx_stops);
	WRITE_ONCE(r->k->rx_flags, r->k->rx_flags | MYTUN_RING_RX_STOPPED);
	/* Who made room too early for roomy() sees rx_stopped and the flag. */
	smp_mb();						/* G */
	if (roomy(r))
		start_queue(tun, q, r);
}

/* mytun_copy_packet() for an xdp_frame. */
static void copy_frame(const struct mytun *tun, struct xdp_frame *frame,
		       void *to, u32 front)
{
	struct mytun_front f;

	mytun_frame_front(tun, frame, front, false, &f);
	memcpy(to, f.data, f.len);
	memset(to + f.len, 0, f.zeroes);
	mytun_frame_copy_bytes(frame, to + front);
}

/*
 * One packet of @bytes, @frame or, if that is NULL, @skb, which the caller
 * frees. Compiled once for each, and for @skb without a test. Return: whether
 * the ring has it, or else in @reason why not.
 */
static __always_inline bool put(struct mytun *tun, struct mytun_queue *q,
				struct mytun_rings *r, struct sk_buff *skb,
				struct xdp_frame *frame, u32 bytes, bool more,
				enum mytun_drop *reason)
{
	u32 front = mytun_read_front_len(tun), len = front + bytes;
	u32 size = mytun_record_size(&r->rules, len);
	struct mytun_record *record;
	bool taken = false;
	void *to;

	spin_lock(&r->rx_lock);
	if (unlikely(size > r->rx_max)) {
		*reason = MYTUN_DROP_TX_TOO_BIG;
		goto out;
	}
	if (unlikely(r->rx_size - used(r) < size)) {
		load_consumer(r);
		if (r->rx_size - used(r) < size) {
			r->rx_full++;
			WRITE_ONCE(r->k->rx_full, r->rx_full);
			*reason = MYTUN_DROP_TX_FULL;
			goto out;
		}
	}
	record = r->rx_area.map + (r->rx_pos & (r->rx_size - 1));
	to = (void *)record + MYTUN_RECORD_HEADER + r->rules.head_room;
	if (frame) {
		mytun_frame_fill(record, &r->rules, q, frame, size, len);
		copy_frame(tun, frame, to, front);
	} else {
		mytun_record_fill(record, &r->rules, tun, q, skb, size, len);
		if (unlikely(mytun_copy_packet(tun, skb, to, front))) {
			*reason = MYTUN_DROP_TX_HEADER;
			goto out;
		}
	}
	r->rx_pos += size;
	r->rx_packets++;
	r->rx_unpublished++;
	taken = true;
out:
	if (READ_ONCE(tun->flags) & IFF_BACKPRESSURE)
		stop_if_full(tun, q, r);
	if (!more || READ_ONCE(r->rx_stopped))
		publish(r);
	spin_unlock(&r->rx_lock);
	return taken;
}

/**
 * mytun_ring_put - put a packet into the RX ring, or drop it
 * @tun: the device
 * @q: the queue
 * @r: its rings, with an RX ring
 * @skb: the packet; gone and counted in any case
 * @more: another packet follows at once, publish later
 *
 * Context: softirqs off, rcu_read_lock().
 * Return: whether the ring has it.
 */
bool mytun_ring_put(struct mytun *tun, struct mytun_queue *q,
		    struct mytun_rings *r, struct sk_buff *skb, bool more)
{
	u32 bytes = mytun_packet_len(skb);
	enum mytun_drop reason;
	bool taken = put(tun, q, r, skb, NULL, bytes, more, &reason);

	if (likely(taken)) {
		mytun_count_tx_bytes(q, bytes);
		mytun_consume(skb);
	} else {
		mytun_drop(tun, q, skb, reason);
	}
	return taken;
}

/* The same for an xdp_frame. */
bool mytun_ring_put_frame(struct mytun *tun, struct mytun_queue *q,
			  struct mytun_rings *r, struct xdp_frame *frame,
			  bool more)
{
	enum mytun_drop reason;
	bool taken = put(tun, q, r, NULL, frame, xdp_get_frame_len(frame), more,
			 &reason);

	if (likely(taken))
		mytun_frame_done(q, frame);
	else
		mytun_frame_drop(tun, q, frame, reason);
	return taken;
}

/*
 * A burst ends without a packet for the ring, or elsewhere. Context: softirqs
 * off, rcu_read_lock(); or rtnl and softirqs off.
 */
void mytun_ring_put_end(struct mytun_queue *q, struct mytun_rings *r)
{
	spin_lock(&r->rx_lock);
	publish(r);
	spin_unlock(&r->rx_lock);
}

/* The process says that there is room, or asks for more. May sleep. */
void mytun_ring_restart(struct mytun_queue *q, struct mytun_rings *r)
{
	struct mytun *tun;

	/*
	 * Who asks because of RX_STOPPED sees what was set before it. Who has
	 * not seen it made room before the kernel's second look (G).
	 */
	if (!READ_ONCE(r->rx_stopped))
		return;
	spin_lock_bh(&r->rx_lock);
	rcu_read_lock();
	tun = mytun_rcu(q);
	if (READ_ONCE(r->rx_stopped) && tun && roomy(r))
		start_queue(tun, q, r);
	rcu_read_unlock();
	spin_unlock_bh(&r->rx_lock);
}

/*
 * The queue has another number, or all were started. A burst that was under way
 * may have begun here and ended at another queue: show what it put.
 * Context: rtnl, after a grace period if a queue has left.
 */
void mytun_ring_renew(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_rings *r)
{
	spin_lock_bh(&r->rx_lock);
	publish(r);
	if (r->rx_stopped && !roomy(r))
		mytun_queue_stop(txq_of(tun, q));
	else
		start_queue(tun, q, r);
	spin_unlock_bh(&r->rx_lock);
}

/*
 * For who is about to sleep and has said where: poll, whose poll_wait() has no
 * barrier of its own before 6.14, and wait, after prepare_to_wait().
 */
bool mytun_ring_rx_empty(struct mytun_rings *r)
{
	smp_mb();						/* E */
	/* The process may be ahead of what publish() has noted for itself. */
	return !r->rx_size ||
	       (s32)(READ_ONCE(r->rx_published) - seen(r)) <= 0;
}
