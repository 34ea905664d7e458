// SPDX-License-Identifier: GPL-2.0
/* 6.12, 00d066a4d4ed. Delete when 6.11 goes. */
#include <linux/netdevice.h>

void probe(struct net_device *dev);
void probe(struct net_device *dev)
{
	dev->lltx = true;
}
