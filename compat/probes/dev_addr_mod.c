// SPDX-License-Identifier: GPL-2.0
/* 5.16, 5f0b69238427; also in stable 5.10, RHEL 8.6. Delete when 5.15 goes. */
#include <linux/netdevice.h>

void (*probe)(struct net_device *dev, unsigned int offset, const void *addr,
	      size_t len) = dev_addr_mod;
