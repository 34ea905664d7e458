/* SPDX-License-Identifier: GPL-2.0 */
/* What ethtool asks a driver. */
#ifndef _MYTUN_COMPAT_LINUX_ETHTOOL_H
#define _MYTUN_COMPAT_LINUX_ETHTOOL_H

#include_next <linux/ethtool.h>
#include <mytun-answers.h>

/* get_coalesce and set_coalesce, from a function of device and settings. */
#ifdef MYTUN_HAVE_COALESCE_FOUR_ARGS
#define MYTUN_DEFINE_COALESCE(name, fn)					\
int name(struct net_device *dev, struct ethtool_coalesce *settings,	\
	 struct kernel_ethtool_coalesce *more,				\
	 struct netlink_ext_ack *extack)				\
{									\
	return fn(dev, settings);					\
}
#else
#define MYTUN_DEFINE_COALESCE(name, fn)					\
int name(struct net_device *dev, struct ethtool_coalesce *settings)	\
{									\
	return fn(dev, settings);					\
}
#endif

/*
 * get_ringparam and set_ringparam, the latter from a function of device,
 * settings and where to say why it refuses, or NULL.
 */
#ifdef MYTUN_HAVE_RINGPARAM_FOUR_ARGS
#define MYTUN_DEFINE_GET_RINGPARAM(name, fn)				\
void name(struct net_device *dev, struct ethtool_ringparam *settings,	\
	  struct kernel_ethtool_ringparam *more,			\
	  struct netlink_ext_ack *extack)				\
{									\
	fn(dev, settings);						\
}

#define MYTUN_DEFINE_SET_RINGPARAM(name, fn)				\
int name(struct net_device *dev, struct ethtool_ringparam *settings,	\
	 struct kernel_ethtool_ringparam *more,				\
	 struct netlink_ext_ack *extack)				\
{									\
	return fn(dev, settings, extack);				\
}
#else
#define MYTUN_DEFINE_GET_RINGPARAM(name, fn)				\
void name(struct net_device *dev, struct ethtool_ringparam *settings)	\
{									\
	fn(dev, settings);						\
}

#define MYTUN_DEFINE_SET_RINGPARAM(name, fn)				\
int name(struct net_device *dev, struct ethtool_ringparam *settings)	\
{									\
	return fn(dev, settings, NULL);					\
}
#endif

/* Drivers say what they know of since 5.7, 95cddcb5cc9f. */
#ifdef ETHTOOL_COALESCE_USECS
#define MYTUN_COALESCE_PARAMS(params)	.supported_coalesce_params = (params),
#else
#define MYTUN_COALESCE_PARAMS(params)
#endif

#endif /* _MYTUN_COMPAT_LINUX_ETHTOOL_H */
