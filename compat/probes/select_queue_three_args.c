// SPDX-License-Identifier: GPL-2.0
/* 5.2, a350eccee583; also in RHEL 8.2. Delete when 4.19 goes. */
#include <linux/netdevice.h>

static u16 pick(struct net_device *dev, struct sk_buff *skb,
		struct net_device *sb_dev)
{
	return 0;
}

const struct net_device_ops probe = { .ndo_select_queue = pick };
