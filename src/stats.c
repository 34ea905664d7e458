// SPDX-License-Identifier: GPL-2.0
/* Counting, and adding up. */
#include "mytun.h"

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
	[MYTUN_DROP_RX_VNET]		= "rx_drop_vnet",
};

const char *mytun_drop_name(enum mytun_drop reason)
{
	return drop_names[reason];
}

/*
 * The three functions that count may be called in process context and in
 * softirqs: softirqs are off while a counter is being written, so that the
 * owner of the CPU's counters is never interrupted by another writer.
 */
void mytun_count_rx(struct mytun *tun, unsigned int packets, u64 bytes)
{
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(tun->stats);
	u64_stats_update_begin(&s->syncp);
	s->rx_packets += packets;
	s->rx_bytes += bytes;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
}

void mytun_count_tx(struct mytun *tun, unsigned int packets, u64 bytes)
{
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(tun->stats);
	u64_stats_update_begin(&s->syncp);
	s->tx_packets += packets;
	s->tx_bytes += bytes;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
}

void mytun_count_drop(struct mytun *tun, enum mytun_drop reason)
{
	struct mytun_stats *s;

	local_bh_disable();
	s = this_cpu_ptr(tun->stats);
	u64_stats_update_begin(&s->syncp);
	s->drop[reason]++;
	u64_stats_update_end(&s->syncp);
	local_bh_enable();
}

u64 mytun_drops(const struct mytun *tun, enum mytun_drop reason)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct mytun_stats *s = per_cpu_ptr(tun->stats, cpu);
		unsigned int start;
		u64 n;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			n = READ_ONCE(s->drop[reason]);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		sum += n;
	}
	return sum;
}

void mytun_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *to)
{
	struct mytun *tun = netdev_priv(dev);
	int cpu, reason;

	for_each_possible_cpu(cpu) {
		const struct mytun_stats *s = per_cpu_ptr(tun->stats, cpu);
		u64 rx_packets, rx_bytes, tx_packets, tx_bytes;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			rx_packets = READ_ONCE(s->rx_packets);
			rx_bytes = READ_ONCE(s->rx_bytes);
			tx_packets = READ_ONCE(s->tx_packets);
			tx_bytes = READ_ONCE(s->tx_bytes);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		to->rx_packets += rx_packets;
		to->rx_bytes += rx_bytes;
		to->tx_packets += tx_packets;
		to->tx_bytes += tx_bytes;
	}
	for (reason = 0; reason < MYTUN_DROP_MAX; reason++) {
		u64 n = mytun_drops(tun, reason);

		if (reason == MYTUN_DROP_RX_VNET)
			to->rx_frame_errors += n;
		else if (reason >= MYTUN_DROP_RX_DOWN)
			to->rx_dropped += n;
		else
			to->tx_dropped += n;
	}
}
