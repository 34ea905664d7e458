// SPDX-License-Identifier: GPL-2.0
/*
 * From the stack to the user: choose the queue, then put the packet there.
 *
 * Called with softirqs off, by any number of CPUs at once for one queue: the
 * device has no transmit lock of its own (LLTX), the ptr_ring's producer lock
 * orders them.
 */
#include <linux/skbuff.h>

#include "batch.h"
#include "mytun.h"
#include "ring.h"
#include "store.h"

/*
 * The queue that a steering program chooses, or that the flow belongs to. For
 * what belongs to none yet: XPS, if the administrator has set it up, else the
 * flow's hash. Return: the queue, or -1: as XPS says.
 */
int mytun_select_queue(struct net_device *dev, struct sk_buff *skb)
{
	struct mytun *tun = netdev_priv(dev);
	struct mytun_headers h;
	unsigned int n;
	int index = -1;
	u32 hash;

	rcu_read_lock();
	n = READ_ONCE(tun->nqueues);
	if (n <= 1 || !tun->flows) {
		rcu_read_unlock();
		return 0;
	}
	index = mytun_filter_steer(tun, skb, n);
	if (index >= 0)
		goto out;
	mytun_dissect(skb, 0, mytun_is_tap(tun) ? 0 : skb->protocol, &h);
	hash = 0;
	if (h.tuple.kind != MYTUN_TUPLE_NONE) {
		hash = mytun_tuple_hash(&h.tuple);
		index = mytun_flows_find(tun->flows, &h.tuple, hash);
	}
	if (index < 0 && !mytun_dev_has_xps(dev))
		index = reciprocal_scale(hash, n);
out:
	rcu_read_unlock();
	return index;
}

/* For read(). Return: whether there was room. */
static bool put_fifo(struct mytun *tun, struct mytun_queue *q,
		     struct sk_buff *skb)
{
	const struct mytun_batch_mode *mode = rcu_dereference(q->batch);
	int err;

	if (mode && mode->store)
		return mytun_store_put(tun, q, mode, skb);
	if (!(READ_ONCE(tun->flags) & IFF_BACKPRESSURE))
		return !ptr_ring_produce(&q->ring, skb);
	spin_lock(&q->ring.producer_lock);
	err = __ptr_ring_produce(&q->ring, skb);
	mytun_queue_stop_if_full(tun, q);
	spin_unlock(&q->ring.producer_lock);
	return !err;
}

netdev_tx_t mytun_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);
	u16 txq = skb_get_queue_mapping(skb);
	enum mytun_drop reason;
	struct mytun_rings *rings = NULL;
	struct mytun_queue *q = NULL;
	bool taken;

	rcu_read_lock();
	reason = MYTUN_DROP_TX_NO_QUEUE;
	if (unlikely(txq >= READ_ONCE(tun->nqueues)))
		goto drop;
	q = rcu_dereference(tun->queues[txq]);
	if (unlikely(!q))
		goto drop;
	rings = mytun_ring_rx(q);

	reason = MYTUN_DROP_TX_FILTER;
	if (unlikely(mytun_filters_any(&tun->filters)) &&
	    !mytun_filter_pass(tun, q, skb))
		goto drop;

	reason = MYTUN_DROP_TX_NOMEM;
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC)))
		goto drop;
	/* Without a wish for one it only asks after a PHY, which is not here. */
	if (unlikely(skb_shinfo(skb)->tx_flags))
		skb_tx_timestamp(skb);
	/*
	 * The user may never read it: let go of what others wait for, the
	 * sender's socket and the connection tracking entry.
	 */
	skb_orphan(skb);
	nf_reset_ct(skb);

	if (!rings) {
		if (likely(put_fifo(tun, q, skb))) {
			mytun_queue_wake_reader(q);
			rcu_read_unlock();
			return NETDEV_TX_OK;
		}
		/* Closed since a ring has been made: mytun_ring_create(). */
		rings = mytun_ring_rx(q);
		reason = MYTUN_DROP_TX_FULL;
		if (!rings)
			goto drop;
	}
	taken = mytun_ring_put(tun, q, rings, skb, netdev_xmit_more());
	rcu_read_unlock();
	return likely(taken) ? NETDEV_TX_OK : NET_XMIT_DROP;

drop:
	/* A burst must not end without its packets being shown. */
	if (rings && !netdev_xmit_more())
		mytun_ring_put_end(q, rings);
	mytun_drop(tun, q, skb, reason);
	rcu_read_unlock();
	return NET_XMIT_DROP;
}
