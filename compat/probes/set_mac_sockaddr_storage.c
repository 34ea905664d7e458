// SPDX-License-Identifier: GPL-2.0
/* 6.16, 9ca6804ab7c3. Delete when 6.15 goes. */
#include <linux/netdevice.h>

int (*probe)(struct net_device *dev, struct sockaddr_storage *ss,
	     struct netlink_ext_ack *extack) = dev_set_mac_address;
