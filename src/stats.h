/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a device: per CPU, written with softirqs off (or from one
 * context only), read by anyone through u64_stats_sync. A packet is counted
 * as received (from the user) when the stack takes it, and as transmitted
 * when the user has it. What is lost is counted under its reason.
 */
#ifndef _MYTUN_STATS_H
#define _MYTUN_STATS_H

#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>

#include <uapi/linux/mytun.h>

struct mytun_stats {
	u64 rx_packets;
	u64 rx_bytes;
	u64 tx_packets;
	u64 tx_bytes;
	u64 drop[MYTUN_DROP_MAX];
	struct u64_stats_sync syncp;
};

struct mytun;

void mytun_count_rx(struct mytun *tun, unsigned int packets, u64 bytes);
void mytun_count_tx(struct mytun *tun, unsigned int packets, u64 bytes);
void mytun_count_drop(struct mytun *tun, enum mytun_drop reason);
u64 mytun_drops(const struct mytun *tun, enum mytun_drop reason);
void mytun_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *to);
const char *mytun_drop_name(enum mytun_drop reason);

#endif /* _MYTUN_STATS_H */
