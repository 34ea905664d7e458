// SPDX-License-Identifier: GPL-2.0
/* ethtool: driver, link, channels, and a counter for every reason to drop. */
#include <linux/ethtool.h>

#include "mytun.h"

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

static const char * const flow_names[] = {
	"flows_learned", "flows_moved", "flows_table_full",
	"flows_entries", "flows_table_size",
};

#define N_STATS	(MYTUN_DROP_MAX + ARRAY_SIZE(flow_names))

static int get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? N_STATS : -EOPNOTSUPP;
}

static void get_strings(struct net_device *dev, u32 set, u8 *data)
{
	unsigned int i;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < MYTUN_DROP_MAX; i++, data += ETH_GSTRING_LEN)
		strscpy((char *)data, mytun_drop_name(i), ETH_GSTRING_LEN);
	for (i = 0; i < ARRAY_SIZE(flow_names); i++, data += ETH_GSTRING_LEN)
		strscpy((char *)data, flow_names[i], ETH_GSTRING_LEN);
}

static void get_stats(struct net_device *dev, struct ethtool_stats *stats,
		      u64 *data)
{
	struct mytun *tun = netdev_priv(dev);
	struct mytun_flow_stats flows = {};
	unsigned int i;

	for (i = 0; i < MYTUN_DROP_MAX; i++)
		*data++ = mytun_drops(tun, i);
	if (tun->flows)
		mytun_flows_stats(tun->flows, &flows);
	*data++ = flows.learned;
	*data++ = flows.moved;
	*data++ = flows.full;
	*data++ = flows.entries;
	*data++ = flows.size;
}

const struct ethtool_ops mytun_ethtool_ops = {
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
