/* SPDX-License-Identifier: GPL-2.0 */
/* Links made by rtnetlink. */
#ifndef _MYTUN_COMPAT_NET_RTNETLINK_H
#define _MYTUN_COMPAT_NET_RTNETLINK_H

#include_next <net/rtnetlink.h>
#include <mytun-answers.h>

/* newlink, from a function of device, link attributes and own attributes. */
#ifdef MYTUN_HAVE_RTNL_NEWLINK_PARAMS
#define MYTUN_DEFINE_NEWLINK(name, fn)					\
int name(struct net_device *dev, struct rtnl_newlink_params *params,	\
	 struct netlink_ext_ack *extack)				\
{									\
	return fn(dev, params->tb, params->data);			\
}
#else
#define MYTUN_DEFINE_NEWLINK(name, fn)					\
int name(struct net *net, struct net_device *dev, struct nlattr *tb[],	\
	 struct nlattr *data[], struct netlink_ext_ack *extack)		\
{									\
	return fn(dev, tb, data);					\
}
#endif

#endif /* _MYTUN_COMPAT_NET_RTNETLINK_H */
