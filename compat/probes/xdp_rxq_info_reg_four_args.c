// SPDX-License-Identifier: GPL-2.0
/* 5.11, b02e5a0ebb17; also in RHEL 8.5. Delete when 5.10 goes. */
#include <linux/netdevice.h>
#include <net/xdp.h>

int probe(struct xdp_rxq_info *rxq, struct net_device *dev);
int probe(struct xdp_rxq_info *rxq, struct net_device *dev)
{
	return xdp_rxq_info_reg(rxq, dev, 0, 0);
}
