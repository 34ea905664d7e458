/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: for each queue, per CPU. A packet is counted as received (from the
 * user) when the stack takes it, and as transmitted when the user has it. What
 * is lost is counted under its reason.
 *
 * A counter is written with softirqs off, or by one instruction, so that the
 * owner of a CPU's set is never interrupted by another writer, and read by
 * anyone through u64_stats_sync. When a queue leaves its device, the device keeps its sum.
 */
#ifndef _MYTUN_STATS_H
#define _MYTUN_STATS_H

#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>

#include <uapi/linux/mytun.h>

struct mytun_counts {
	u64 rx_packets;
	u64 rx_bytes;
	u64 tx_packets;
	u64 tx_bytes;
	u64 rx_batches;		/* calls that carried records */
	u64 tx_batches;
	u64 drop[MYTUN_DROP_MAX];
};

struct mytun_stats {
	struct mytun_counts n;
	struct u64_stats_sync syncp;
};

/*
 * The user has @packets packets. Any context: on 64-bit machines each counter
 * is one that no interrupt can tear, without switching softirqs off.
 */
static inline void mytun_stats_tx(struct mytun_stats __percpu *stats,
				  unsigned int packets, u64 bytes)
{
#if BITS_PER_LONG == 64
	this_cpu_add(stats->n.tx_packets, packets);
	this_cpu_add(stats->n.tx_bytes, bytes);
#else
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(stats);
	u64_stats_update_begin(&s->syncp);
	s->n.tx_packets += packets;
	s->n.tx_bytes += bytes;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
#endif
}

/* The stack has @packets packets from the user. Likewise. */
static inline void mytun_stats_rx(struct mytun_stats __percpu *stats,
				  unsigned int packets, u64 bytes)
{
#if BITS_PER_LONG == 64
	this_cpu_add(stats->n.rx_packets, packets);
	this_cpu_add(stats->n.rx_bytes, bytes);
#else
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(stats);
	u64_stats_update_begin(&s->syncp);
	s->n.rx_packets += packets;
	s->n.rx_bytes += bytes;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
#endif
}

struct mytun;
struct mytun_queue;

void mytun_count_rx_batch(struct mytun_queue *q);
void mytun_count_tx_batch(struct mytun_queue *q);
void mytun_count_drop(struct mytun *tun, struct mytun_queue *q,
		      enum mytun_drop reason);
void mytun_drop(struct mytun *tun, struct mytun_queue *q, struct sk_buff *skb,
		enum mytun_drop reason);

struct mytun_stats __percpu *mytun_stats_alloc(void);
void mytun_stats_join(struct mytun *tun, struct mytun_queue *q);
void mytun_stats_leave(struct mytun *tun, struct mytun_queue *q);
void mytun_stats_sum(struct mytun *tun, struct mytun_counts *to);
void mytun_stats_sum_queue(const struct mytun_queue *q,
			   struct mytun_counts *to);
void mytun_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *to);
const char *mytun_drop_name(enum mytun_drop reason);

/* Whether packets from the user are lost for it, or packets to the user. */
static inline bool mytun_drop_is_rx(enum mytun_drop reason)
{
	return reason >= MYTUN_DROP_RX_DOWN;
}

#endif /* _MYTUN_STATS_H */
