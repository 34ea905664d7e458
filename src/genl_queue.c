// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the dump of queues, those that are set aside included. Under
 * rtnl, so that a queue stays the device's, and its rings and modes are what
 * they are; fills and counters go on meanwhile.
 */
#include <linux/rtnetlink.h>
#include <net/netlink.h>

#include "genl.h"
#include "ring.h"

/* One direction, as it is put. */
struct way {
	u32 mode;
	u32 flags;
	u64 packets, bytes, batches, wakeups;
	u32 size, used;
	u16 head_room, tail_room;
};

static int put_way(struct sk_buff *skb, const struct way *w)
{
	if (nla_put_u32(skb, MYTUN_A_WAY_MODE, w->mode) ||
	    nla_put_u64_64bit(skb, MYTUN_A_WAY_PACKETS, w->packets, 0) ||
	    nla_put_u64_64bit(skb, MYTUN_A_WAY_BYTES, w->bytes, 0) ||
	    nla_put_u32(skb, MYTUN_A_WAY_SIZE, w->size) ||
	    nla_put_u32(skb, MYTUN_A_WAY_USED, w->used))
		return -EMSGSIZE;
	if (w->mode == MYTUN_WAY_PLAIN)
		return 0;
	if (nla_put_u64_64bit(skb, MYTUN_A_WAY_BATCHES, w->batches, 0) ||
	    nla_put_u32(skb, MYTUN_A_WAY_HEAD_ROOM, w->head_room) ||
	    nla_put_u32(skb, MYTUN_A_WAY_TAIL_ROOM, w->tail_room) ||
	    nla_put_u32(skb, MYTUN_A_WAY_FLAGS, w->flags))
		return -EMSGSIZE;
	return 0;
}

/* Bytes in use; a position of the process that makes no sense: as before. */
static u32 rx_used(struct mytun_rings *r)
{
	s64 used;

	spin_lock_bh(&r->rx_lock);
	used = mytun_ring_used(r->rx_pos, READ_ONCE(r->u->rx_consumer),
			       r->rx_size);
	if (used < 0)
		used = r->rx_pos - r->rx_consumer;
	spin_unlock_bh(&r->rx_lock);
	return used;
}

/* The consumer goes on meanwhile: 0 where the two do not fit together. */
static u32 tx_used(const struct mytun_rings *r)
{
	s64 used = mytun_ring_used(READ_ONCE(r->u->tx_producer),
				   READ_ONCE(r->tx_pos), r->tx_size);

	return used < 0 ? 0 : used;
}

static int put_to_user(struct sk_buff *skb, const struct mytun_queue *q,
		       const struct mytun_batch *batch, struct mytun_rings *r,
		       const struct mytun_counts *n)
{
	struct nlattr *nest = nla_nest_start(skb, MYTUN_A_QUEUE_TO_USER);
	struct way w = {
		.packets = n->tx_packets,
		.bytes = n->tx_bytes,
		.batches = n->tx_batches,
		.wakeups = atomic64_read(&q->wakeups),
		.size = q->ring.size,
	};

	if (!nest)
		return -EMSGSIZE;
	if (r && r->rx_size) {
		w.mode = MYTUN_WAY_RING;
		w.flags = r->flags & MYTUN_Q_HASH;
		w.batches += READ_ONCE(r->rx_batches);
		w.wakeups = atomic64_read(&r->wakeups);
		w.size = r->rx_size;
		w.used = rx_used(r);
		w.head_room = r->rules.head_room;
		w.tail_room = r->rules.tail_room;
		if (nla_put_u32(skb, MYTUN_A_WAY_RECORD_MAX, r->rx_max) ||
		    nla_put_u32(skb, MYTUN_A_WAY_WAKE_PACKETS,
				READ_ONCE(r->wake_packets)) ||
		    nla_put_u32(skb, MYTUN_A_WAY_WAKE_USECS,
				READ_ONCE(r->wake_usecs)) ||
		    nla_put_u64_64bit(skb, MYTUN_A_WAY_FULL,
				      READ_ONCE(r->rx_full), 0) ||
		    nla_put_u64_64bit(skb, MYTUN_A_WAY_STOPS,
				      READ_ONCE(r->rx_stops), 0))
			return -EMSGSIZE;
	} else {
		w.used = mytun_queue_waiting(q);
		if (batch->flags & MYTUN_Q_READ) {
			w.mode = MYTUN_WAY_BATCH;
			w.flags = batch->flags & MYTUN_Q_HASH;
			w.head_room = batch->head_room;
			w.tail_room = batch->tail_room;
		}
	}
	if (put_way(skb, &w) ||
	    nla_put_u64_64bit(skb, MYTUN_A_WAY_WAKEUPS, w.wakeups, 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_from_user(struct sk_buff *skb, const struct mytun_queue *q,
			 const struct mytun_batch *batch,
			 struct mytun_rings *r, const struct mytun_counts *n)
{
	struct nlattr *nest = nla_nest_start(skb, MYTUN_A_QUEUE_FROM_USER);
	struct way w = {
		.packets = n->rx_packets,
		.bytes = n->rx_bytes,
		.batches = n->rx_batches,
		.size = READ_ONCE(q->sk.sk_sndbuf),
		.used = max(sk_wmem_alloc_get(&q->sk), 0),
	};

	if (!nest)
		return -EMSGSIZE;
	if (r && r->tx_size) {
		w.mode = MYTUN_WAY_RING;
		w.flags = r->flags & MYTUN_Q_META;
		w.batches += READ_ONCE(r->tx_batches);
		w.size = r->tx_size;
		w.used = tx_used(r);
		if (nla_put_u64_64bit(skb, MYTUN_A_WAY_WAKEUPS,
				      atomic64_read(&r->kicks), 0) ||
		    nla_put_u64_64bit(skb, MYTUN_A_WAY_REFUSED,
				      READ_ONCE(r->tx_refused), 0))
			return -EMSGSIZE;
	} else if (batch->flags & MYTUN_Q_WRITE) {
		w.mode = MYTUN_WAY_BATCH;
		w.flags = batch->flags & MYTUN_Q_META;
	}
	if (put_way(skb, &w))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* What a TX ring has. Context: drive_lock, so that its thread stays. */
static int put_drive(struct sk_buff *skb, struct mytun_rings *r)
{
	if (nla_put_u32(skb, MYTUN_A_QUEUE_DRIVE, READ_ONCE(r->drive)) ||
	    nla_put_u32(skb, MYTUN_A_QUEUE_POLL_US, READ_ONCE(r->poll_us)))
		return -EMSGSIZE;
	if (r->thread && nla_put_u32(skb, MYTUN_A_QUEUE_THREAD,
				     task_pid_vnr(r->thread)))
		return -EMSGSIZE;
	return 0;
}

static int put_rings(struct sk_buff *skb, struct mytun_rings *r)
{
	int err = 0;

	if (r->tx_size) {
		mutex_lock(&r->drive_lock);
		err = put_drive(skb, r);
		mutex_unlock(&r->drive_lock);
	}
	if (err ||
	    nla_put_u64_64bit(skb, MYTUN_A_QUEUE_BAD_POSITION,
			      atomic64_read(&r->bad_position), 0) ||
	    nla_put_u64_64bit(skb, MYTUN_A_QUEUE_BAD_SIZE,
			      READ_ONCE(r->bad_size), 0) ||
	    nla_put_u64_64bit(skb, MYTUN_A_QUEUE_BAD_RECORD,
			      READ_ONCE(r->bad_record), 0))
		return -EMSGSIZE;
	return 0;
}

static bool is_stopped(const struct mytun *tun, const struct mytun_queue *q)
{
	return !q->disabled && netif_running(tun->dev) &&
	       netif_tx_queue_stopped(netdev_get_tx_queue(tun->dev, q->index));
}

static u32 state(struct mytun *tun, struct mytun_queue *q,
		 struct mytun_rings *r)
{
	u32 s = 0;

	if (q->disabled)
		s |= MYTUN_STATE_DETACHED;
	if (is_stopped(tun, q))
		s |= MYTUN_STATE_STOPPED;
	/* No wake-up hangs on it: without a barrier, it is for looking at. */
	if (waitqueue_active(&q->wq.wait))
		s |= MYTUN_STATE_WAITED_FOR;
	if (q->napi_on)
		s |= MYTUN_STATE_NAPI;
	if (q->filtered)
		s |= MYTUN_STATE_FILTERED;
	if (!r)
		return s;
	if (r->flags & MYTUN_Q_SEEN)
		s |= MYTUN_STATE_SEEN;
	/* The word is not the kernel's to read, but nothing hangs on it. */
	if (r->tx_size &&
	    READ_ONCE(r->k->tx_flags) & MYTUN_RING_TX_NEED_WAKEUP)
		s |= MYTUN_STATE_NEED_WAKEUP;
	if (r->tx_size && READ_ONCE(r->drive_flags) & MYTUN_DRIVE_GRO)
		s |= MYTUN_STATE_GRO;
	if (READ_ONCE(r->lent))
		s |= MYTUN_STATE_LENT;
	return s;
}

/* Context: rtnl; the queue is the device's. */
static int put_queue(struct sk_buff *skb, struct netlink_callback *cb,
		     struct mytun *tun, struct mytun_queue *q)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)skb_tail_pointer(skb);
	struct mytun_rings *r = rtnl_dereference(q->rings);
	struct mytun_batch batch;
	struct mytun_counts n;
	void *hdr;

	hdr = mytun_genl_begin(skb, cb, tun->dev);
	if (!hdr)
		return -EMSGSIZE;
	nl_dump_check_consistent(cb, nlh);
	mytun_stats_sum_queue(q, &n);
	mytun_batch_describe(q, &batch);
	if (nla_put_u64_64bit(skb, MYTUN_A_QUEUE_ID, q->id, 0) ||
	    (!q->disabled &&
	     nla_put_u32(skb, MYTUN_A_QUEUE_INDEX, q->index)) ||
	    nla_put_u32(skb, MYTUN_A_QUEUE_STATE, state(tun, q, r)) ||
	    put_to_user(skb, q, &batch, r, &n) ||
	    put_from_user(skb, q, &batch, r, &n) ||
	    (r && put_rings(skb, r)) ||
	    mytun_genl_put_drops(skb, MYTUN_A_QUEUE_DROPS, n.drop)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/*
 * mytun_genl_at.inside: how many queues are done, attached ones first. If some
 * have come or gone since, the reader is told so.
 */
int mytun_genl_fill_queues(struct sk_buff *skb, struct netlink_callback *cb,
			   struct net_device *dev)
{
	struct mytun_genl_at *at = mytun_genl_at(cb);
	struct mytun *tun = netdev_priv(dev);
	struct mytun_queue *q;
	long n = 0;
	int err = 0;

	rtnl_lock();
	/* What differs from the last message's is flagged; 0 would not be. */
	if (!cb->seq)
		cb->seq = 1;
	if (!at->inside)
		at->changes = tun->queue_changes;
	else if (at->changes != tun->queue_changes)
		cb->seq++;
	for (; n < tun->nqueues && !err; n++) {
		if (n < at->inside)
			continue;
		err = put_queue(skb, cb, tun, rtnl_dereference(tun->queues[n]));
		if (!err)
			at->inside = n + 1;
	}
	list_for_each_entry(q, &tun->disabled, disabled_node) {
		if (err)
			break;
		if (n++ < at->inside)
			continue;
		err = put_queue(skb, cb, tun, q);
		if (!err)
			at->inside = n;
	}
	rtnl_unlock();
	return err;
}
