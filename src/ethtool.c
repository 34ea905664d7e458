// SPDX-License-Identifier: GPL-2.0
/* ethtool: driver, link, channels, and a counter for every reason to drop. */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "mytun.h"
#include "ring.h"

/* Packets are not kept longer than a second. */
#define RX_USECS_MAX	1000000

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, MYTUN_NAME, sizeof(info->driver));
	strscpy(info->version, MYTUN_VERSION, sizeof(info->version));
	strscpy(info->bus_info,
		mytun_netdev_is(dev, IFF_TUN) ? "tun" : "tap",
		sizeof(info->bus_info));
}

static u32 get_msglevel(struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);

	return tun->msg_enable;
}

static void set_msglevel(struct net_device *dev, u32 level)
{
	struct mytun *tun = netdev_priv(dev);

	tun->msg_enable = level;
}

/* A link without a medium; 10 Gbit/s is what tun says since 6.2. */
static int get_link_ksettings(struct net_device *dev,
			      struct ethtool_link_ksettings *cmd)
{
	struct mytun *tun = netdev_priv(dev);

	memcpy(cmd, &tun->link, sizeof(*cmd));
	return 0;
}

static int set_link_ksettings(struct net_device *dev,
			      const struct ethtool_link_ksettings *cmd)
{
	struct mytun *tun = netdev_priv(dev);

	memcpy(&tun->link, cmd, sizeof(*cmd));
	return 0;
}

static void get_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	struct mytun *tun = netdev_priv(dev);

	ch->combined_count = tun->nqueues;
	ch->max_combined = tun->flags & IFF_MULTI_QUEUE ? MYTUN_MAX_QUEUES : 1;
}

/*
 * rx-frames as tun has it, 64 at most: how many packets of a batch or ring go
 * to the stack together, and how many of those that rx-usecs lets IFF_NAPI
 * gather; 0: as many as is best. tx-usecs and tx-frames: when the consumer of
 * an RX ring is woken, for all queues, those to come included.
 */
static int get_coalesce(struct net_device *dev, struct ethtool_coalesce *c)
{
	struct mytun *tun = netdev_priv(dev);

	c->rx_coalesce_usecs = tun->rx_usecs;
	c->rx_max_coalesced_frames = tun->rx_frames;
	c->tx_coalesce_usecs = tun->tx_usecs;
	c->tx_max_coalesced_frames = tun->tx_frames;
	return 0;
}

static void moderate(struct mytun *tun, struct mytun_queue *q)
{
	struct mytun_rings *r = rtnl_dereference(q->rings);

	if (r)
		mytun_wake_set(r, tun->tx_frames, tun->tx_usecs);
}

static int set_coalesce(struct net_device *dev, struct ethtool_coalesce *c)
{
	struct mytun *tun = netdev_priv(dev);
	struct mytun_queue *q;
	unsigned int i;

	if (c->rx_coalesce_usecs > RX_USECS_MAX ||
	    !mytun_wake_sane(c->tx_max_coalesced_frames, c->tx_coalesce_usecs))
		return -EINVAL;
	WRITE_ONCE(tun->rx_usecs, c->rx_coalesce_usecs);
	WRITE_ONCE(tun->rx_frames, min_t(u32, c->rx_max_coalesced_frames,
					 NAPI_POLL_WEIGHT));
	tun->tx_usecs = c->tx_coalesce_usecs;
	tun->tx_frames = c->tx_max_coalesced_frames;
	for (i = 0; i < tun->nqueues; i++)
		moderate(tun, rtnl_dereference(tun->queues[i]));
	list_for_each_entry(q, &tun->disabled, disabled_node)
		moderate(tun, q);
	return 0;
}

static MYTUN_DEFINE_COALESCE(mytun_get_coalesce, get_coalesce)
static MYTUN_DEFINE_COALESCE(mytun_set_coalesce, set_coalesce)

/*
 * What read() takes from is a queue of tx_queue_len packets, as `ip link` shows
 * it: the one ring that is the device's. Those of MYTUN_IOC_RING belong to
 * whoever made them, and have bytes. What is written waits nowhere.
 */
static void get_ringparam(struct net_device *dev, struct ethtool_ringparam *r)
{
	r->tx_pending = dev->tx_queue_len;
	/* As the newest kernel; older ones let `ip link` go further. */
	r->tx_max_pending = max_t(u32, dev->tx_queue_len, S16_MAX);
}

/* The same as `ip link set txqueuelen`, but for a pfifo_fast that is there. */
static int set_ringparam(struct net_device *dev, struct ethtool_ringparam *r,
			 struct netlink_ext_ack *extack)
{
	unsigned int old = dev->tx_queue_len;
	int err;

	if (r->rx_pending || r->rx_mini_pending || r->rx_jumbo_pending) {
		NL_SET_ERR_MSG(extack, "only the TX ring has a size");
		return -EINVAL;
	}
	if (!r->tx_pending || r->tx_pending > S16_MAX) {
		NL_SET_ERR_MSG(extack, "the TX ring holds 1 to 32767 packets");
		return -EINVAL;
	}
	if (r->tx_pending == old)
		return 0;
	WRITE_ONCE(dev->tx_queue_len, r->tx_pending);
	err = notifier_to_errno(call_netdevice_notifiers(NETDEV_CHANGE_TX_QUEUE_LEN,
							 dev));
	if (err) {
		/* Whoever has followed goes back. */
		WRITE_ONCE(dev->tx_queue_len, old);
		call_netdevice_notifiers(NETDEV_CHANGE_TX_QUEUE_LEN, dev);
		NL_SET_ERR_MSG(extack, "no memory for a ring of that size");
		return -ENOMEM;
	}
	netdev_state_change(dev);
	return 0;
}

static MYTUN_DEFINE_GET_RINGPARAM(mytun_get_ringparam, get_ringparam)
static MYTUN_DEFINE_SET_RINGPARAM(mytun_set_ringparam, set_ringparam)

static const char * const flow_names[] = {
	"flows_learned", "flows_moved", "flows_table_full",
	"flows_entries", "flows_table_size",
};

static const char * const queue_names[] = {
	"rx_queue_%u_packets", "rx_queue_%u_bytes",
	"tx_queue_%u_packets", "tx_queue_%u_bytes",
};

/*
 * The device's counters, then those of each queue, the same reasons once more:
 * tx_queue_3_drop_full. Programs ask how many counters there are, and then for
 * them, into a buffer of that size: so that their number seldom changes, it
 * never falls, and rises by doubling. A queue that is not attached shows 0.
 */
#define N_DEVICE	(MYTUN_DROP_MAX + ARRAY_SIZE(flow_names))
#define N_QUEUE		(ARRAY_SIZE(queue_names) + MYTUN_DROP_MAX)

static int get_sset_count(struct net_device *dev, int set)
{
	struct mytun *tun = netdev_priv(dev);

	return set == ETH_SS_STATS ? N_DEVICE + tun->queue_slots * N_QUEUE :
				     -EOPNOTSUPP;
}

static u8 *queue_strings(unsigned int queue, u8 *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queue_names); i++, data += ETH_GSTRING_LEN)
		snprintf((char *)data, ETH_GSTRING_LEN, queue_names[i], queue);
	/* tx_drop_full becomes tx_queue_3_drop_full. */
	for (i = 0; i < MYTUN_DROP_MAX; i++, data += ETH_GSTRING_LEN)
		snprintf((char *)data, ETH_GSTRING_LEN, "%.3squeue_%u_%s",
			 mytun_drop_name(i), queue, mytun_drop_name(i) + 3);
	return data;
}

static void get_strings(struct net_device *dev, u32 set, u8 *data)
{
	struct mytun *tun = netdev_priv(dev);
	unsigned int i;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < MYTUN_DROP_MAX; i++, data += ETH_GSTRING_LEN)
		strscpy((char *)data, mytun_drop_name(i), ETH_GSTRING_LEN);
	for (i = 0; i < ARRAY_SIZE(flow_names); i++, data += ETH_GSTRING_LEN)
		strscpy((char *)data, flow_names[i], ETH_GSTRING_LEN);
	for (i = 0; i < tun->queue_slots; i++)
		data = queue_strings(i, data);
}

static void get_stats(struct net_device *dev, struct ethtool_stats *stats,
		      u64 *data)
{
	struct mytun *tun = netdev_priv(dev);
	struct mytun_flow_stats flows = {};
	struct mytun_counts n;
	unsigned int i;

	mytun_stats_sum(tun, &n);
	memcpy(data, n.drop, sizeof(n.drop));
	data += MYTUN_DROP_MAX;
	if (tun->flows)
		mytun_flows_stats(tun->flows, &flows);
	*data++ = flows.learned;
	*data++ = flows.moved;
	*data++ = flows.full;
	*data++ = flows.entries;
	*data++ = flows.size;
	for (i = 0; i < tun->queue_slots; i++) {
		if (i < tun->nqueues)
			mytun_stats_sum_queue(rtnl_dereference(tun->queues[i]),
					      &n);
		else
			memset(&n, 0, sizeof(n));
		*data++ = n.rx_packets;
		*data++ = n.rx_bytes;
		*data++ = n.tx_packets;
		*data++ = n.tx_bytes;
		memcpy(data, n.drop, sizeof(n.drop));
		data += MYTUN_DROP_MAX;
	}
}

const struct ethtool_ops mytun_ethtool_ops = {
	MYTUN_COALESCE_PARAMS(ETHTOOL_COALESCE_USECS |
			      ETHTOOL_COALESCE_MAX_FRAMES)
	.get_coalesce		= mytun_get_coalesce,
	.set_coalesce		= mytun_set_coalesce,
	.get_ringparam		= mytun_get_ringparam,
	.set_ringparam		= mytun_set_ringparam,
	.get_drvinfo		= get_drvinfo,
	.get_msglevel		= get_msglevel,
	.set_msglevel		= set_msglevel,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_link_ksettings	= get_link_ksettings,
	.set_link_ksettings	= set_link_ksettings,
	.get_channels		= get_channels,
	.get_sset_count		= get_sset_count,
	.get_strings		= get_strings,
	.get_ethtool_stats	= get_stats,
};
