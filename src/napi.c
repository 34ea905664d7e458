// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_NAPI: what is written goes through a NAPI instance of the queue, where
 * GRO merges packets, if several are there at a time: a batch, or what came
 * within rx-usecs (ethtool -C), or whatever the kernel's own knobs
 * (gro_flush_timeout, threaded) let gather.
 *
 * The instance lives while the queue is attached. It is switched off before
 * the grace period in which the queue leaves, and deleted after it: who
 * schedules it holds rcu_read_lock() and has seen napi_on.
 */
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "mytun.h"

/* Packets that wait are not kept longer than for one poll's worth. */
#define NAPI_WAITING_MAX	NAPI_POLL_WEIGHT

/**
 * mytun_napi_receive - hand over what was put
 * @q: the queue, whose instance the caller owns
 * @budget: how many packets at most
 *
 * Context: softirqs off. Return: how many.
 */
int mytun_napi_receive(struct mytun_queue *q, int budget)
{
	struct sk_buff_head list;
	struct sk_buff *skb;
	int n = 0;

	__skb_queue_head_init(&list);
	spin_lock_bh(&q->napi_in.lock);
	skb_queue_splice_tail_init(&q->napi_in, &list);
	spin_unlock_bh(&q->napi_in.lock);
	while (n < budget && (skb = __skb_dequeue(&list))) {
		/* Merged packets are not counted well by a socket's charge. */
		skb_orphan(skb);
		napi_gro_receive(&q->napi, skb);
		n++;
	}
	if (!skb_queue_empty(&list)) {
		spin_lock_bh(&q->napi_in.lock);
		skb_queue_splice(&list, &q->napi_in);
		spin_unlock_bh(&q->napi_in.lock);
	}
	return n;
}

/* What GRO holds, since gro_flush_timeout says so, goes to the stack. */
void mytun_napi_flush(struct napi_struct *napi)
{
	local_bh_disable();
	/* Whoever else owns it goes on with it. */
	if (napi_schedule_prep(napi))
		napi_complete_done(napi, 0);
	local_bh_enable();
}

/*
 * An instance ends that nobody schedules any more. A poll that was under way
 * may have left packets with GRO; to delete it would lose them. May sleep.
 */
void mytun_napi_end(struct napi_struct *napi)
{
	napi_disable(napi);
	napi_enable(napi);
	mytun_napi_flush(napi);
	napi_disable(napi);
	netif_napi_del(napi);
}

static int poll(struct napi_struct *napi, int budget)
{
	struct mytun_queue *q = container_of(napi, struct mytun_queue, napi);
	int n;

	mytun_kcov_poll_start(&q->kcov);
	n = mytun_napi_receive(q, budget);
	if (n < budget)
		napi_complete_done(napi, n);
	mytun_kcov_poll_stop();
	return n;
}

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct mytun_queue *q = container_of(timer, struct mytun_queue,
					     napi_timer);

	napi_schedule(&q->napi);
	return HRTIMER_NORESTART;
}

/* Context: softirqs off, rcu_read_lock(). False: the queue is set aside. */
bool mytun_napi_put(struct mytun_queue *q, struct sk_buff *skb)
{
	if (unlikely(!READ_ONCE(q->napi_on)))
		return false;
	spin_lock(&q->napi_in.lock);
	__skb_queue_tail(&q->napi_in, skb);
	spin_unlock(&q->napi_in.lock);
	return true;
}

/* Packets were put. Context: as above, within the same RCU section. */
void mytun_napi_schedule(struct mytun *tun, struct mytun_queue *q)
{
	u32 usecs = READ_ONCE(tun->rx_usecs);
	u32 most = READ_ONCE(tun->rx_frames) ?: NAPI_WAITING_MAX;

	if (!usecs || skb_queue_len(&q->napi_in) >= most)
		napi_schedule(&q->napi);
	else if (!hrtimer_active(&q->napi_timer))
		hrtimer_start(&q->napi_timer,
			      ns_to_ktime((u64)usecs * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
}

void mytun_napi_init(struct mytun_queue *q)
{
	skb_queue_head_init(&q->napi_in);
	mutex_init(&q->napi_mutex);
	hrtimer_setup(&q->napi_timer, timer_fired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
}

/* The queue has come to the device. Context: rtnl. */
void mytun_napi_add(struct mytun *tun, struct mytun_queue *q)
{
	if (!(q->flags & IFF_NAPI))
		return;
	netif_napi_add(tun->dev, &q->napi, poll);
	napi_enable(&q->napi);
	WRITE_ONCE(q->napi_on, true);
}

/* Before the grace period in which the queue leaves. Context: rtnl. */
void mytun_napi_off(struct mytun_queue *q)
{
	WRITE_ONCE(q->napi_on, false);
}

/* After it. What was accepted goes to the stack, without GRO. */
void mytun_napi_del(struct mytun_queue *q)
{
	struct sk_buff *skb;

	if (!(q->flags & IFF_NAPI) || !q->napi.poll)
		return;
	hrtimer_cancel(&q->napi_timer);
	mytun_napi_end(&q->napi);
	q->napi.poll = NULL;
	local_bh_disable();
	while ((skb = skb_dequeue(&q->napi_in)))
		netif_receive_skb(skb);
	local_bh_enable();
}
