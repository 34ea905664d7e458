// SPDX-License-Identifier: GPL-2.0
/*
 * From the stack to the user: choose the queue, then put the packet there.
 *
 * Called with softirqs off, by any number of CPUs at once for one queue: the
 * device has no transmit lock of its own (LLTX), the ptr_ring's producer lock
 * orders them.
 */
#include <linux/skbuff.h>

#include "mytun.h"

u16 mytun_select_queue(struct net_device *dev, struct sk_buff *skb)
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
	mytun_dissect(skb, 0, mytun_is_tap(tun) ? 0 : skb->protocol, &h);
	if (h.tuple.kind != MYTUN_TUPLE_NONE) {
		hash = mytun_tuple_hash(&h.tuple);
		index = mytun_flows_find(tun->flows, &h.tuple, hash);
		if (index < 0)
			index = reciprocal_scale(hash, n);
	}
	rcu_read_unlock();
	return index < 0 ? 0 : index;
}

netdev_tx_t mytun_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);
	u16 txq = skb_get_queue_mapping(skb);
	enum mytun_drop reason;
	struct mytun_queue *q;

	rcu_read_lock();
	reason = MYTUN_DROP_TX_NO_QUEUE;
	if (unlikely(txq >= READ_ONCE(tun->nqueues)))
		goto drop;
	q = rcu_dereference(tun->queues[txq]);
	if (unlikely(!q))
		goto drop;

	reason = MYTUN_DROP_TX_NOMEM;
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC)))
		goto drop;
	skb_tx_timestamp(skb);
	/*
	 * The user may never read it: let go of what others wait for, the
	 * sender's socket and the connection tracking entry.
	 */
	skb_orphan(skb);
	nf_reset_ct(skb);

	reason = MYTUN_DROP_TX_FULL;
	if (unlikely(ptr_ring_produce(&q->ring, skb)))
		goto drop;
	mytun_queue_wake_reader(q);
	rcu_read_unlock();
	return NETDEV_TX_OK;

drop:
	mytun_count_drop(tun, reason);
	skb_tx_error(skb);
	kfree_skb(skb);
	rcu_read_unlock();
	return NET_XMIT_DROP;
}
