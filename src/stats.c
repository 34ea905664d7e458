// SPDX-License-Identifier: GPL-2.0
/* Counting, dropping, and adding up. */
#include <linux/error-injection.h>

#include "mytun.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static const char * const drop_names[MYTUN_DROP_MAX] = {
	[MYTUN_DROP_TX_NO_QUEUE]	= "tx_drop_no_queue",
	[MYTUN_DROP_TX_FILTER]		= "tx_drop_filter",
	[MYTUN_DROP_TX_FULL]		= "tx_drop_full",
	[MYTUN_DROP_TX_NOMEM]		= "tx_drop_nomem",
	[MYTUN_DROP_TX_DETACHED]	= "tx_drop_detached",
	[MYTUN_DROP_TX_HEADER]		= "tx_drop_header",
	[MYTUN_DROP_TX_BUFFER]		= "tx_drop_buffer",
	[MYTUN_DROP_TX_TOO_BIG]		= "tx_drop_too_big",
	[MYTUN_DROP_RX_DOWN]		= "rx_drop_down",
	[MYTUN_DROP_RX_BUSY]		= "rx_drop_busy",
	[MYTUN_DROP_RX_NOMEM]		= "rx_drop_nomem",
	[MYTUN_DROP_RX_FAULT]		= "rx_drop_fault",
	[MYTUN_DROP_RX_PROTOCOL]	= "rx_drop_protocol",
	[MYTUN_DROP_RX_TOO_BIG]		= "rx_drop_too_big",
	[MYTUN_DROP_RX_RECORD]		= "rx_drop_record",
	[MYTUN_DROP_RX_XDP]		= "rx_drop_xdp",
	[MYTUN_DROP_RX_VNET]		= "rx_drop_vnet",
};

/* What the kernel's own tracepoint of lost packets says, in tun's words. */
static const u8 core_reasons[MYTUN_DROP_MAX] = {
	[MYTUN_DROP_TX_NO_QUEUE]	= SKB_DROP_REASON_DEV_READY,
	[MYTUN_DROP_TX_FILTER]		= SKB_DROP_REASON_TAP_FILTER,
	[MYTUN_DROP_TX_FULL]		= SKB_DROP_REASON_FULL_RING,
	[MYTUN_DROP_TX_NOMEM]		= SKB_DROP_REASON_SKB_UCOPY_FAULT,
	[MYTUN_DROP_TX_DETACHED]	= SKB_DROP_REASON_DEV_READY,
	[MYTUN_DROP_TX_HEADER]		= SKB_DROP_REASON_DEV_HDR,
	[MYTUN_DROP_TX_BUFFER]		= SKB_DROP_REASON_SKB_UCOPY_FAULT,
	[MYTUN_DROP_TX_TOO_BIG]		= SKB_DROP_REASON_HDR_TRUNC,
	[MYTUN_DROP_RX_DOWN]		= SKB_DROP_REASON_DEV_READY,
	[MYTUN_DROP_RX_BUSY]		= SKB_DROP_REASON_DEV_READY,
	[MYTUN_DROP_RX_NOMEM]		= SKB_DROP_REASON_NOMEM,
	[MYTUN_DROP_RX_FAULT]		= SKB_DROP_REASON_SKB_UCOPY_FAULT,
	[MYTUN_DROP_RX_PROTOCOL]	= SKB_DROP_REASON_UNHANDLED_PROTO,
	[MYTUN_DROP_RX_TOO_BIG]		= SKB_DROP_REASON_HDR_TRUNC,
	[MYTUN_DROP_RX_RECORD]		= SKB_DROP_REASON_DEV_HDR,
	[MYTUN_DROP_RX_XDP]		= SKB_DROP_REASON_XDP,
	[MYTUN_DROP_RX_VNET]		= SKB_DROP_REASON_DEV_HDR,
};

const char *mytun_drop_name(enum mytun_drop reason)
{
	return drop_names[reason];
}

/* One write() was a batch. */
void mytun_count_rx_batch(struct mytun_queue *q)
{
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(q->stats);
	u64_stats_update_begin(&s->syncp);
	s->n.rx_batches++;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
}

/* One read() was a batch. */
void mytun_count_tx_batch(struct mytun_queue *q)
{
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(q->stats);
	u64_stats_update_begin(&s->syncp);
	s->n.tx_batches++;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
}

static void count_drop(struct mytun *tun, struct mytun_queue *q,
		       enum mytun_drop reason, u32 len)
{
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(q ? q->stats : tun->stats);
	u64_stats_update_begin(&s->syncp);
	s->n.drop[reason]++;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
	trace_drop(tun->dev, q ? READ_ONCE(q->index) : -1, len,
		   drop_names[reason]);
}

/**
 * mytun_count_drop - a packet is lost that never was an skb
 * @tun: the device
 * @q: the queue, or NULL: none took it
 * @reason: why
 *
 * Context: any but hard interrupts.
 */
void mytun_count_drop(struct mytun *tun, struct mytun_queue *q,
		      enum mytun_drop reason)
{
	count_drop(tun, q, reason, 0);
}

/* As above, with the packet, which is freed; who sent it uncopied is told. */
void mytun_drop(struct mytun *tun, struct mytun_queue *q, struct sk_buff *skb,
		enum mytun_drop reason)
{
	count_drop(tun, q, reason, skb->len);
	skb_tx_error(skb);
	kfree_skb_reason(skb, core_reasons[reason]);
}

struct mytun_stats __percpu *mytun_stats_alloc(void)
{
	return netdev_alloc_pcpu_stats(struct mytun_stats);
}

/* The allocator of per-CPU memory has no fault injection of its own. */
ALLOW_ERROR_INJECTION(mytun_stats_alloc, NULL);

static void add(struct mytun_counts *to, struct mytun_stats __percpu *stats)
{
	u64 *sum = (u64 *)to;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct mytun_stats *s = per_cpu_ptr(stats, cpu);
		struct mytun_counts copy;
		unsigned int start, i;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			copy = s->n;
		} while (u64_stats_fetch_retry(&s->syncp, start));
		for (i = 0; i < sizeof(copy) / sizeof(u64); i++)
			sum[i] += ((u64 *)&copy)[i];
	}
}

/* The queue counts for this device from now on. Context: rtnl. */
void mytun_stats_join(struct mytun *tun, struct mytun_queue *q)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(&per_cpu_ptr(q->stats, cpu)->n, 0,
		       sizeof(struct mytun_counts));
	spin_lock_bh(&tun->stats_lock);
	list_add_tail(&q->stats_node, &tun->counting);
	spin_unlock_bh(&tun->stats_lock);
}

/* It does no more, and nobody counts there: what it counted stays. */
void mytun_stats_leave(struct mytun *tun, struct mytun_queue *q)
{
	spin_lock_bh(&tun->stats_lock);
	list_del(&q->stats_node);
	add(&tun->left, q->stats);
	spin_unlock_bh(&tun->stats_lock);
}

void mytun_stats_sum(struct mytun *tun, struct mytun_counts *to)
{
	struct mytun_queue *q;

	/* A queue is in the list, or in what those that left have counted. */
	spin_lock_bh(&tun->stats_lock);
	*to = tun->left;
	list_for_each_entry(q, &tun->counting, stats_node)
		add(to, q->stats);
	spin_unlock_bh(&tun->stats_lock);
	add(to, tun->stats);
}

void mytun_stats_sum_queue(const struct mytun_queue *q,
			   struct mytun_counts *to)
{
	memset(to, 0, sizeof(*to));
	add(to, q->stats);
}

void mytun_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *to)
{
	struct mytun_counts n;
	int reason;

	mytun_stats_sum(netdev_priv(dev), &n);
	to->rx_packets += n.rx_packets;
	to->rx_bytes += n.rx_bytes;
	to->tx_packets += n.tx_packets;
	to->tx_bytes += n.tx_bytes;
	for (reason = 0; reason < MYTUN_DROP_MAX; reason++) {
		if (reason == MYTUN_DROP_RX_VNET)
			to->rx_frame_errors += n.drop[reason];
		else if (mytun_drop_is_rx(reason))
			to->rx_dropped += n.drop[reason];
		else
			to->tx_dropped += n.drop[reason];
	}
}
