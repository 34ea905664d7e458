// SPDX-License-Identifier: GPL-2.0
/* 5.15, f3ccfda19319; also in RHEL 8.6. Delete when 5.10 goes. */
#include <linux/ethtool.h>

static int get(struct net_device *dev, struct ethtool_coalesce *settings,
	       struct kernel_ethtool_coalesce *more,
	       struct netlink_ext_ack *extack)
{
	return 0;
}

const struct ethtool_ops probe = { .get_coalesce = get };
