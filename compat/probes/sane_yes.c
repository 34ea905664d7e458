// SPDX-License-Identifier: GPL-2.0
/* Sentinel: must compile on every kernel. */
#include <linux/module.h>
#include <linux/netdevice.h>

int probe(struct net_device *dev);
int probe(struct net_device *dev)
{
	return dev->mtu;
}
