// SPDX-License-Identifier: GPL-2.0
/* Sentinel: must not compile on any kernel. */
#include <linux/netdevice.h>

int probe(struct net_device *dev);
int probe(struct net_device *dev)
{
	return dev->no_kernel_has_this_member;
}
