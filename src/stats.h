/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: for each queue, per CPU. A packet is counted as received (from the
 * user) when the stack takes it, and as transmitted when the user has it. What
 * is lost is counted under its reason.
 *
 * A counter is written with softirqs off, so that the owner of a CPU's set is
 * never interrupted by another writer, and read by anyone through
 * u64_stats_sync. When a queue leaves its device, the device keeps its sum.
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

struct mytun;
struct mytun_queue;

void mytun_count_rx(struct mytun_queue *q, unsigned int packets, u64 bytes);
void mytun_count_tx(struct mytun_queue *q, const struct sk_buff *skb);
void mytun_count_rx_batch(struct mytun_queue *q);
void mytun_count_tx_batch(struct mytun_queue *q);
void mytun_count_tx_bytes(struct mytun_queue *q, u32 len);
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
