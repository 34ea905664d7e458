// SPDX-License-Identifier: GPL-2.0
/* 5.0, 3a37a9636cf3; also in RHEL 8.1. Delete when 4.19 goes. */
#include <linux/netdevice.h>

int (*probe)(struct net_device *dev, struct sockaddr *sa,
	     struct netlink_ext_ack *extack) = dev_set_mac_address;
