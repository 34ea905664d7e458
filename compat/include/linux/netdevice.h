/* SPDX-License-Identifier: GPL-2.0 */
/* Network devices. */
#ifndef _MYTUN_COMPAT_LINUX_NETDEVICE_H
#define _MYTUN_COMPAT_LINUX_NETDEVICE_H

#include_next <linux/netdevice.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_NETDEV_XMIT_MORE
/* It was told in the packet, which is what the caller has at hand. */
#define netdev_xmit_more()	((skb)->xmit_more)
#endif

/* Always with the default weight. */
#ifndef MYTUN_HAVE_NETIF_NAPI_ADD_THREE_ARGS
static inline void mytun_netif_napi_add(struct net_device *dev,
					struct napi_struct *napi,
					int (*poll)(struct napi_struct *, int))
{
	netif_napi_add(dev, napi, poll, NAPI_POLL_WEIGHT);
}

#define netif_napi_add	mytun_netif_napi_add
#endif

/*
 * ndo_select_queue, from a function of device and packet. What it does not want
 * to decide, by a negative answer, is for the kernel, which looks at XPS.
 */
#if defined(MYTUN_HAVE_SELECT_QUEUE_THREE_ARGS)
#define MYTUN_DEFINE_SELECT_QUEUE(name, fn)				\
u16 name(struct net_device *dev, struct sk_buff *skb,			\
	 struct net_device *sb_dev)					\
{									\
	int queue = fn(dev, skb);					\
									\
	return queue < 0 ? netdev_pick_tx(dev, skb, sb_dev) : queue;	\
}
#elif defined(MYTUN_HAVE_SELECT_QUEUE_SB_DEV_FALLBACK)
#define MYTUN_DEFINE_SELECT_QUEUE(name, fn)				\
u16 name(struct net_device *dev, struct sk_buff *skb,			\
	 struct net_device *sb_dev, select_queue_fallback_t fallback)	\
{									\
	int queue = fn(dev, skb);					\
									\
	return queue < 0 ? fallback(dev, skb, sb_dev) : queue;		\
}
#else
#define MYTUN_DEFINE_SELECT_QUEUE(name, fn)				\
u16 name(struct net_device *dev, struct sk_buff *skb, void *accel,	\
	 select_queue_fallback_t fallback)				\
{									\
	int queue = fn(dev, skb);					\
									\
	return queue < 0 ? fallback(dev, skb) : queue;			\
}
#endif

/* Whether XPS has been set up for a device. */
static inline bool mytun_dev_has_xps(const struct net_device *dev)
{
#if !defined(CONFIG_XPS)
	return false;
#elif defined(MYTUN_HAVE_XPS_MAPS_ARRAY)
	return rcu_access_pointer(dev->xps_maps[XPS_CPUS]) ||
	       rcu_access_pointer(dev->xps_maps[XPS_RXQS]);
#elif defined(XPS_RXQ_DEV_MAPS_SIZE)	/* 4.19, 80d19669ecd3 */
	return rcu_access_pointer(dev->xps_cpus_map) ||
	       rcu_access_pointer(dev->xps_rxqs_map);
#else
	return rcu_access_pointer(dev->xps_maps);
#endif
}

/* The driver orders its transmitters itself. */
static inline void mytun_set_lltx(struct net_device *dev)
{
#ifdef NETIF_F_LLTX	/* until 6.12, 00d066a4d4ed */
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

/* What redirection may ask of the driver; before the device is registered. */
static inline void mytun_set_xdp_features(struct net_device *dev)
{
#ifdef NETDEV_FAMILY_NAME	/* 6.3, d3d854fd6a1d: they came together */
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_NDO_XMIT |
			    NETDEV_XDP_ACT_NDO_XMIT_SG;
#endif
}

/* Before the device is registered. The address is constant since 5.17. */
static inline void mytun_hw_addr_set(struct net_device *dev, const u8 *addr)
{
#ifdef MYTUN_HAVE_DEV_ADDR_MOD
	dev_addr_mod(dev, 0, addr, dev->addr_len);
#else
	memcpy(dev->dev_addr, addr, dev->addr_len);
#endif
	dev->addr_assign_type = NET_ADDR_SET;
}

/* SIOCGIFHWADDR: as much of the address as a sockaddr takes. */
static inline void mytun_dev_get_mac(struct net_device *dev,
				     struct sockaddr *sa)
{
	memset(sa->sa_data, 0, 14);
	memcpy(sa->sa_data, dev->dev_addr, min_t(size_t, 14, dev->addr_len));
	sa->sa_family = dev->type;
}

/* SIOCSIFHWADDR */
static inline int mytun_dev_set_mac(struct net_device *dev,
				    struct sockaddr *sa)
{
#if defined(MYTUN_HAVE_SET_MAC_SOCKADDR_STORAGE)
	struct sockaddr_storage ss = {};

	if (dev->addr_len > sizeof(*sa))
		return -EINVAL;
	ss.ss_family = sa->sa_family;
	memcpy(ss.__data, sa->sa_data, 14);
	return dev_set_mac_address(dev, &ss, NULL);
#elif defined(MYTUN_HAVE_SET_MAC_EXTACK)
	return dev_set_mac_address(dev, sa, NULL);
#else
	return dev_set_mac_address(dev, sa);
#endif
}

#endif /* _MYTUN_COMPAT_LINUX_NETDEVICE_H */
