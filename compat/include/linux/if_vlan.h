/* SPDX-License-Identifier: GPL-2.0 */
/* VLAN tags. */
#ifndef _MYTUN_COMPAT_LINUX_IF_VLAN_H
#define _MYTUN_COMPAT_LINUX_IF_VLAN_H

#include_next <linux/if_vlan.h>

/* Older kernels want a packet that may be changed, and do not change it. */
#define vlan_get_protocol(skb)	vlan_get_protocol((struct sk_buff *)(skb))

#endif /* _MYTUN_COMPAT_LINUX_IF_VLAN_H */
