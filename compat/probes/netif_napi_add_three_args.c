// SPDX-License-Identifier: GPL-2.0
/* 6.1, b48b89f9c189; also in RHEL 8.10. Delete when 6.0 goes. */
#include <linux/netdevice.h>

void probe(struct net_device *dev, struct napi_struct *napi,
	   int (*poll)(struct napi_struct *, int));
void probe(struct net_device *dev, struct napi_struct *napi,
	   int (*poll)(struct napi_struct *, int))
{
	netif_napi_add(dev, napi, poll);
}
