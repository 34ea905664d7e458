// SPDX-License-Identifier: GPL-2.0
/* The network device: what it is, what it can do, how it comes and goes. */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

#include "mytun.h"
#include "param.h"

static int mytun_open(struct net_device *dev)
{
	netif_tx_start_all_queues(dev);
	mytun_queue_start_all(netdev_priv(dev));
	return 0;
}

static int mytun_stop(struct net_device *dev)
{
	netif_tx_stop_all_queues(dev);
	return 0;
}

static void mytun_uninit(struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);

	mytun_xdp_uninit(tun);
	mytun_queue_detach_all(tun);
}

/* What ethtool and the stack want, as far as the user takes it (TUNSETOFFLOAD). */
static netdev_features_t mytun_fix_features(struct net_device *dev,
					    netdev_features_t features)
{
	struct mytun *tun = netdev_priv(dev);
	netdev_features_t can = tun->set_features | ~MYTUN_USER_FEATURES;

	/* A header that cannot tell of tunnels: the stack segments these. */
	if (mytun_vnet_bytes(tun->vnet_hdr_sz) < MYTUN_VNET_TUNNEL)
		can &= ~MYTUN_TUNNEL_FEATURES;
	return features & can;
}

static void mytun_set_rx_headroom(struct net_device *dev, int headroom)
{
	struct mytun *tun = netdev_priv(dev);

	if (headroom < NET_SKB_PAD)
		headroom = NET_SKB_PAD;
	/* What does not fit a page with a full frame is of no use. */
	if (headroom > NET_SKB_PAD + 512)
		headroom = NET_SKB_PAD + 512;
	WRITE_ONCE(tun->align, headroom - NET_SKB_PAD);
}

static int mytun_change_carrier(struct net_device *dev, bool on)
{
	struct mytun *tun = netdev_priv(dev);

	if (!on) {
		netif_carrier_off(dev);
		return 0;
	}
	if (!tun->nqueues)
		return -EPERM;
	netif_carrier_on(dev);
	return 0;
}

/* A TAP device takes every frame: no filter to set. */
static void mytun_set_rx_mode(struct net_device *dev)
{
}

static MYTUN_DEFINE_SELECT_QUEUE(select_queue, mytun_select_queue)

static const struct net_device_ops tun_netdev_ops = {
	.ndo_uninit		= mytun_uninit,
	.ndo_open		= mytun_open,
	.ndo_stop		= mytun_stop,
	.ndo_start_xmit		= mytun_xmit,
	.ndo_fix_features	= mytun_fix_features,
	.ndo_select_queue	= select_queue,
	.ndo_set_rx_headroom	= mytun_set_rx_headroom,
	.ndo_get_stats64	= mytun_get_stats64,
	.ndo_change_carrier	= mytun_change_carrier,
};

static const struct net_device_ops tap_netdev_ops = {
	.ndo_uninit		= mytun_uninit,
	.ndo_open		= mytun_open,
	.ndo_stop		= mytun_stop,
	.ndo_start_xmit		= mytun_xmit,
	.ndo_fix_features	= mytun_fix_features,
	.ndo_set_rx_mode	= mytun_set_rx_mode,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_select_queue	= select_queue,
	.ndo_features_check	= passthru_features_check,
	.ndo_set_rx_headroom	= mytun_set_rx_headroom,
	.ndo_get_stats64	= mytun_get_stats64,
	.ndo_change_carrier	= mytun_change_carrier,
	MYTUN_XDP_OPS(mytun_xdp, mytun_xdp_xmit)
};

/* Whether a device is one of ours, of the given type (IFF_TUN, IFF_TAP, both). */
bool mytun_netdev_is(const struct net_device *dev, unsigned int type)
{
	return (type & IFF_TUN && dev->netdev_ops == &tun_netdev_ops) ||
	       (type & IFF_TAP && dev->netdev_ops == &tap_netdev_ops);
}

/* sysfs, as tun has it: `ip tuntap` and network managers read these. */

static ssize_t tun_flags_show(struct device *d, struct device_attribute *attr,
			      char *buf)
{
	struct mytun *tun = netdev_priv(to_net_dev(d));

	return sprintf(buf, "0x%x\n", READ_ONCE(tun->flags) &
		       (MYTUN_TYPE_MASK | MYTUN_FEATURES | IFF_PERSIST));
}

static ssize_t owner_show(struct device *d, struct device_attribute *attr,
			  char *buf)
{
	struct mytun *tun = netdev_priv(to_net_dev(d));

	if (!uid_valid(tun->owner))
		return sprintf(buf, "-1\n");
	return sprintf(buf, "%u\n",
		       from_kuid_munged(current_user_ns(), tun->owner));
}

static ssize_t group_show(struct device *d, struct device_attribute *attr,
			  char *buf)
{
	struct mytun *tun = netdev_priv(to_net_dev(d));

	if (!gid_valid(tun->group))
		return sprintf(buf, "-1\n");
	return sprintf(buf, "%u\n",
		       from_kgid_munged(current_user_ns(), tun->group));
}

static DEVICE_ATTR_RO(tun_flags);
static DEVICE_ATTR_RO(owner);
static DEVICE_ATTR_RO(group);

static struct attribute *mytun_attrs[] = {
	&dev_attr_tun_flags.attr,
	&dev_attr_owner.attr,
	&dev_attr_group.attr,
	NULL
};

static const struct attribute_group mytun_attr_group = {
	.attrs = mytun_attrs,
};

/*
 * Give back what mytun_netdev_prepare() took. May run twice: some kernels call
 * the destructor when a registration fails, some do not.
 */
void mytun_netdev_release(struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);

	mytun_filter_release(tun);
	mytun_flows_destroy(tun->flows);
	tun->flows = NULL;
	free_percpu(tun->stats);
	tun->stats = NULL;
	security_tun_dev_free_security(tun->security);
	tun->security = NULL;
}

/* The part that both types share; kind and queues are known later. */
void mytun_netdev_setup(struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);

	tun->owner = INVALID_UID;
	tun->group = INVALID_GID;
	tun->dev = dev;
	tun->sndbuf = INT_MAX;
	tun->vnet_hdr_sz = MYTUN_VNET_HDR_DEFAULT;
	INIT_LIST_HEAD(&tun->disabled);
	tun->link.base.speed = SPEED_10000;
	tun->link.base.duplex = DUPLEX_FULL;
	tun->link.base.port = PORT_TP;
	tun->link.base.autoneg = AUTONEG_DISABLE;
	INIT_LIST_HEAD(&tun->counting);
	spin_lock_init(&tun->stats_lock);
	dev->ethtool_ops = &mytun_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = mytun_netdev_release;
	/* A TAP has Ethernet's, as in tun. */
	dev->tx_queue_len = 500;
	dev->sysfs_groups[0] = &mytun_attr_group;
}

/**
 * mytun_netdev_prepare - make a set up device ready to be registered
 * @dev: fresh from mytun_netdev_setup()
 * @flags: IFF_TUN or IFF_TAP, with IFF_MULTI_QUEUE and other features
 *
 * Return: 0, -ENOMEM, or what the security module says; nothing is left then.
 */
int mytun_netdev_prepare(struct net_device *dev, unsigned int flags)
{
	struct mytun *tun = netdev_priv(dev);
	int err;

	tun->flags = flags & (MYTUN_TYPE_MASK | MYTUN_FEATURES);
	if (flags & IFF_TUN) {
		dev->netdev_ops = &tun_netdev_ops;
		dev->header_ops = &ip_tunnel_header_ops;
		dev->hard_header_len = 0;
		dev->addr_len = 0;
		dev->mtu = ETH_DATA_LEN;
		dev->type = ARPHRD_NONE;
		dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	} else {
		ether_setup(dev);
		dev->netdev_ops = &tap_netdev_ops;
		dev->priv_flags &= ~IFF_TX_SKB_SHARING;
		dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
		eth_hw_addr_random(dev);
		mytun_set_xdp_features(dev);
	}
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU - dev->hard_header_len;
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST |
			   MYTUN_USER_FEATURES | NETIF_F_HW_VLAN_CTAG_TX |
			   NETIF_F_HW_VLAN_STAG_TX;
	dev->features = dev->hw_features;
	if (MYTUN_CORE_TUNNEL)
		dev->hw_enc_features = dev->hw_features;
	dev->vlan_features = dev->features & ~(NETIF_F_HW_VLAN_CTAG_TX |
					       NETIF_F_HW_VLAN_STAG_TX);
	mytun_set_lltx(dev);
	if (mytun_param_no_queue())
		dev->priv_flags |= IFF_NO_QUEUE;

	err = -ENOMEM;
	tun->stats = mytun_stats_alloc();
	if (!tun->stats)
		return err;
	if (flags & IFF_MULTI_QUEUE) {
		tun->flows = mytun_flows_create(mytun_param_flows(),
						mytun_param_ageing());
		if (!tun->flows)
			goto release;
	}
	err = security_tun_dev_alloc_security(&tun->security);
	if (err < 0)
		goto release;
	/* Until a queue is attached. */
	netif_set_real_num_tx_queues(dev, 1);
	netif_set_real_num_rx_queues(dev, 1);
	return 0;

release:
	mytun_netdev_release(dev);
	return err;
}

/*
 * TUNSETOFFLOAD: what the user can take unfinished. Anything but TUN_F_CSUM
 * needs TUN_F_CSUM, and what no rule has used is refused.
 */
int mytun_netdev_set_offload(struct mytun *tun, unsigned long arg)
{
	netdev_features_t features = 0;

	if (arg & TUN_F_CSUM) {
		features |= NETIF_F_HW_CSUM;
		arg &= ~TUN_F_CSUM;
		if (arg & (TUN_F_TSO4 | TUN_F_TSO6)) {
			if (arg & TUN_F_TSO_ECN) {
				features |= NETIF_F_TSO_ECN;
				arg &= ~TUN_F_TSO_ECN;
			}
			if (arg & TUN_F_TSO4)
				features |= NETIF_F_TSO;
			if (arg & TUN_F_TSO6)
				features |= NETIF_F_TSO6;
			arg &= ~(TUN_F_TSO4 | TUN_F_TSO6);
		}
		/* Accepted as ever, and nothing follows from it. */
		arg &= ~TUN_F_UFO;
		if (MYTUN_CORE_USO && arg & TUN_F_USO4 && arg & TUN_F_USO6) {
			features |= NETIF_F_GSO_UDP_L4;
			arg &= ~(TUN_F_USO4 | TUN_F_USO6);
		}
		/* In a tunnel is what may be outside of one, too. */
		if (MYTUN_CORE_TUNNEL && arg & TUN_F_UDP_TUNNEL_GSO &&
		    features & (NETIF_F_ALL_TSO | NETIF_F_GSO_UDP_L4)) {
			features |= NETIF_F_GSO_UDP_TUNNEL;
			if (arg & TUN_F_UDP_TUNNEL_GSO_CSUM)
				features |= NETIF_F_GSO_UDP_TUNNEL_CSUM;
			arg &= ~(TUN_F_UDP_TUNNEL_GSO |
				 TUN_F_UDP_TUNNEL_GSO_CSUM);
		}
	}
	if (arg)
		return -EINVAL;
	tun->set_features = features;
	tun->dev->wanted_features &= ~MYTUN_USER_FEATURES;
	tun->dev->wanted_features |= features;
	netdev_update_features(tun->dev);
	return 0;
}

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct mytun *tun = netdev_priv(dev);
	unsigned int i;
	int err;

	if (!mytun_netdev_is(dev, IFF_TUN | IFF_TAP))
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_CHANGE_TX_QUEUE_LEN:
		/*
		 * Room for one packet, so that `txqueuelen 0` is of some use;
		 * shown as it is, so that pfifo_fast, which is told the length
		 * after this, has room as well.
		 */
		if (!dev->tx_queue_len)
			WRITE_ONCE(dev->tx_queue_len, 1);
		err = mytun_queue_resize(tun);
		/* Not EPERM, which the core makes of a plain NOTIFY_BAD. */
		if (err)
			return notifier_from_errno(err);
		break;
	case NETDEV_UP:
		/* Who polls for EPOLLOUT was refused while it was down. */
		for (i = 0; i < tun->nqueues; i++) {
			struct mytun_queue *q = rtnl_dereference(tun->queues[i]);

			q->sk.sk_write_space(&q->sk);
		}
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
};

int mytun_netdev_init(void)
{
	return register_netdevice_notifier(&netdev_notifier);
}

void mytun_netdev_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
}
