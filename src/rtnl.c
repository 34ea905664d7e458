// SPDX-License-Identifier: GPL-2.0
/*
 * rtnetlink: what `ip -d link` shows; removal; and devices made by `ip link`.
 *
 * A device that is made through the node reports kind "tun", so that whatever
 * treats TUN/TAP devices in a special way does so with these. Only one driver
 * can register a kind, and nothing but registration looks it up by name: these
 * operations are not registered, but for replace_tun=1. Devices that are made
 * by `ip link add type mytun` report "mytun".
 */
#include <linux/etherdevice.h>
#include <linux/if_tun.h>
#include <linux/module.h>
#include <net/netlink.h>
#include <net/rtnetlink.h>

#include "mytun.h"

/* IFLA_TUN_* of <linux/if_link.h>, which kernels have since 4.17. */
enum {
	TUN_ATTR_UNSPEC,
	TUN_ATTR_OWNER,
	TUN_ATTR_GROUP,
	TUN_ATTR_TYPE,
	TUN_ATTR_PI,
	TUN_ATTR_VNET_HDR,
	TUN_ATTR_PERSIST,
	TUN_ATTR_MULTI_QUEUE,
	TUN_ATTR_NUM_QUEUES,
	TUN_ATTR_NUM_DISABLED_QUEUES,
	TUN_ATTR_COUNT,
};

static const struct nla_policy mytun_policy[TUN_ATTR_COUNT] = {
	[TUN_ATTR_OWNER]	= { .type = NLA_U32 },
	[TUN_ATTR_GROUP]	= { .type = NLA_U32 },
	[TUN_ATTR_TYPE]		= { .type = NLA_U8 },
	[TUN_ATTR_PI]		= { .type = NLA_U8 },
	[TUN_ATTR_VNET_HDR]	= { .type = NLA_U8 },
	[TUN_ATTR_PERSIST]	= { .type = NLA_U8 },
	[TUN_ATTR_MULTI_QUEUE]	= { .type = NLA_U8 },
};

static bool attr_on(struct nlattr *data[], int attr, bool otherwise)
{
	if (!data || !data[attr])
		return otherwise;
	return nla_get_u8(data[attr]);
}

static u8 attr_type(struct nlattr *data[])
{
	return data && data[TUN_ATTR_TYPE] ?
		nla_get_u8(data[TUN_ATTR_TYPE]) : IFF_TUN;
}

static int mytun_validate(struct nlattr *tb[], struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	u8 type = attr_type(data);

	if (type != IFF_TUN && type != IFF_TAP) {
		NL_SET_ERR_MSG(extack, "type must be tun (1) or tap (2)");
		return -EINVAL;
	}
	if (!attr_on(data, TUN_ATTR_PERSIST, true)) {
		NL_SET_ERR_MSG(extack,
			       "a device made by rtnetlink has no file to end with: it is persistent");
		return -EINVAL;
	}
	if (tb[IFLA_ADDRESS] && (type == IFF_TUN ||
				 nla_len(tb[IFLA_ADDRESS]) != ETH_ALEN)) {
		NL_SET_ERR_MSG(extack, "only a tap device has an address");
		return -EINVAL;
	}
	return 0;
}

static int make_owners(struct mytun *tun, struct nlattr *data[])
{
	if (data && data[TUN_ATTR_OWNER]) {
		tun->owner = make_kuid(current_user_ns(),
				       nla_get_u32(data[TUN_ATTR_OWNER]));
		if (!uid_valid(tun->owner))
			return -EINVAL;
	}
	if (data && data[TUN_ATTR_GROUP]) {
		tun->group = make_kgid(current_user_ns(),
				       nla_get_u32(data[TUN_ATTR_GROUP]));
		if (!gid_valid(tun->group))
			return -EINVAL;
	}
	return 0;
}

/* Persistent from the start: it has no queue that could end it. */
static int newlink(struct net_device *dev, struct nlattr *tb[],
		   struct nlattr *data[])
{
	struct mytun *tun = netdev_priv(dev);
	unsigned int flags = attr_type(data);
	int err;

	if (!attr_on(data, TUN_ATTR_PI, false))
		flags |= IFF_NO_PI;
	if (attr_on(data, TUN_ATTR_VNET_HDR, false))
		flags |= IFF_VNET_HDR;
	if (attr_on(data, TUN_ATTR_MULTI_QUEUE, false))
		flags |= IFF_MULTI_QUEUE;
	err = make_owners(tun, data);
	if (err)
		return err;
	err = mytun_netdev_prepare(dev, flags);
	if (err)
		return err;
	/* What the core had set before, and the set-up of a TAP has undone. */
	if (tb[IFLA_MTU])
		dev->mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_TXQLEN])
		dev->tx_queue_len = max_t(u32, nla_get_u32(tb[IFLA_TXQLEN]), 1);
	if (tb[IFLA_ADDRESS])
		mytun_hw_addr_set(dev, nla_data(tb[IFLA_ADDRESS]));
	/* Until somebody attaches; a device of the node has a queue at once. */
	netif_carrier_off(dev);
	tun->flags |= IFF_PERSIST;
	__module_get(THIS_MODULE);
	err = register_netdevice(dev);
	if (!err)
		return 0;
	if (tun->flags & IFF_PERSIST) {
		tun->flags &= ~IFF_PERSIST;
		module_put(THIS_MODULE);
	}
	mytun_netdev_release(dev);
	return err;
}

static MYTUN_DEFINE_NEWLINK(mytun_newlink, newlink)

/* Any device may turn out to be a multiqueue one; they are made before that. */
static unsigned int mytun_num_queues(void)
{
	return MYTUN_MAX_QUEUES;
}

static size_t mytun_get_size(const struct net_device *dev)
{
	return 2 * nla_total_size(sizeof(u32)) +	/* owner, group */
	       5 * nla_total_size(sizeof(u8)) +		/* type and flags */
	       2 * nla_total_size(sizeof(u32));		/* numbers of queues */
}

static int mytun_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);
	unsigned int flags = READ_ONCE(tun->flags);

	if (nla_put_u8(skb, TUN_ATTR_TYPE, flags & MYTUN_TYPE_MASK) ||
	    (uid_valid(tun->owner) &&
	     nla_put_u32(skb, TUN_ATTR_OWNER,
			 from_kuid_munged(current_user_ns(), tun->owner))) ||
	    (gid_valid(tun->group) &&
	     nla_put_u32(skb, TUN_ATTR_GROUP,
			 from_kgid_munged(current_user_ns(), tun->group))) ||
	    nla_put_u8(skb, TUN_ATTR_PI, !(flags & IFF_NO_PI)) ||
	    nla_put_u8(skb, TUN_ATTR_VNET_HDR, !!(flags & IFF_VNET_HDR)) ||
	    nla_put_u8(skb, TUN_ATTR_PERSIST, !!(flags & IFF_PERSIST)) ||
	    nla_put_u8(skb, TUN_ATTR_MULTI_QUEUE,
		       !!(flags & IFF_MULTI_QUEUE)))
		return -EMSGSIZE;
	if (flags & IFF_MULTI_QUEUE &&
	    (nla_put_u32(skb, TUN_ATTR_NUM_QUEUES, READ_ONCE(tun->nqueues)) ||
	     nla_put_u32(skb, TUN_ATTR_NUM_DISABLED_QUEUES,
			 READ_ONCE(tun->ndisabled))))
		return -EMSGSIZE;
	return 0;
}

static void mytun_dellink(struct net_device *dev, struct list_head *head)
{
	unregister_netdevice_queue(dev, head);
}

/* As tun: a device of this kind is made by opening the node. */
static int node_validate(struct nlattr *tb[], struct nlattr *data[],
			 struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "made with TUNSETIFF; rtnetlink makes kind mytun");
	return -EOPNOTSUPP;
}

/* Registered by replace.c only. */
struct rtnl_link_ops mytun_node_link_ops __read_mostly = {
	.kind		= "tun",
	.priv_size	= sizeof(struct mytun),
	.maxtype	= TUN_ATTR_COUNT - 1,
	.policy		= mytun_policy,
	.setup		= mytun_netdev_setup,
	.validate	= node_validate,
	.dellink	= mytun_dellink,
	.get_size	= mytun_get_size,
	.fill_info	= mytun_fill_info,
};

static struct rtnl_link_ops mytun_link_ops __read_mostly = {
	.kind			= MYTUN_NAME,
	.priv_size		= sizeof(struct mytun),
	.maxtype		= TUN_ATTR_COUNT - 1,
	.policy			= mytun_policy,
	.setup			= mytun_netdev_setup,
	.validate		= mytun_validate,
	.newlink		= mytun_newlink,
	.dellink		= mytun_dellink,
	.get_num_tx_queues	= mytun_num_queues,
	.get_num_rx_queues	= mytun_num_queues,
	.get_size		= mytun_get_size,
	.fill_info		= mytun_fill_info,
};

int mytun_rtnl_init(void)
{
	return rtnl_link_register(&mytun_link_ops);
}

void mytun_rtnl_exit(void)
{
	rtnl_link_unregister(&mytun_link_ops);
}

MODULE_ALIAS_RTNL_LINK(MYTUN_NAME);
