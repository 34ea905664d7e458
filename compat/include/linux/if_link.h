/* SPDX-License-Identifier: GPL-2.0 */
/* rtnetlink attributes of link kind tun. */
#ifndef _MYTUN_COMPAT_LINUX_IF_LINK_H
#define _MYTUN_COMPAT_LINUX_IF_LINK_H

#include_next <linux/if_link.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_IFLA_TUN
enum {
	IFLA_TUN_UNSPEC,
	IFLA_TUN_OWNER,
	IFLA_TUN_GROUP,
	IFLA_TUN_TYPE,
	IFLA_TUN_PI,
	IFLA_TUN_VNET_HDR,
	IFLA_TUN_PERSIST,
	IFLA_TUN_MULTI_QUEUE,
	IFLA_TUN_NUM_QUEUES,
	IFLA_TUN_NUM_DISABLED_QUEUES,
};
#endif

#endif /* _MYTUN_COMPAT_LINUX_IF_LINK_H */
