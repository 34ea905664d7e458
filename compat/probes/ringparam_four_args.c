// SPDX-License-Identifier: GPL-2.0
/* 5.17, 74624944ad21; also in RHEL 8.10. Delete when 5.15 goes. */
#include <linux/ethtool.h>

static void get(struct net_device *dev, struct ethtool_ringparam *settings,
		struct kernel_ethtool_ringparam *more,
		struct netlink_ext_ack *extack)
{
}

const struct ethtool_ops probe = { .get_ringparam = get };
