// SPDX-License-Identifier: GPL-2.0
/* 5.13, 044ab86d431b. Delete when 5.10 goes. */
#include <linux/netdevice.h>

void *probe(struct net_device *dev);
void *probe(struct net_device *dev)
{
#ifdef CONFIG_XPS
	return rcu_access_pointer(dev->xps_maps[XPS_CPUS]);
#else
	return NULL;
#endif
}
