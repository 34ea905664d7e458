// SPDX-License-Identifier: GPL-2.0
/* rtnetlink: what `ip -d link` shows, and removal by name. */
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/netlink.h>
#include <net/rtnetlink.h>

#include "mytun.h"

static int mytun_validate(struct nlattr *tb[], struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "mytun devices are made through /dev/net/mytun");
	return -EOPNOTSUPP;
}

static size_t mytun_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(uid_t)) +	/* OWNER */
	       nla_total_size(sizeof(gid_t)) +	/* GROUP */
	       nla_total_size(sizeof(u8)) +	/* TYPE */
	       nla_total_size(sizeof(u8)) +	/* PI */
	       nla_total_size(sizeof(u8)) +	/* VNET_HDR */
	       nla_total_size(sizeof(u8)) +	/* PERSIST */
	       nla_total_size(sizeof(u8)) +	/* MULTI_QUEUE */
	       nla_total_size(sizeof(u32)) +	/* NUM_QUEUES */
	       nla_total_size(sizeof(u32));	/* NUM_DISABLED_QUEUES */
}

static int mytun_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);
	unsigned int flags = READ_ONCE(tun->flags);

	if (nla_put_u8(skb, IFLA_TUN_TYPE, flags & MYTUN_TYPE_MASK) ||
	    (uid_valid(tun->owner) &&
	     nla_put_u32(skb, IFLA_TUN_OWNER,
			 from_kuid_munged(current_user_ns(), tun->owner))) ||
	    (gid_valid(tun->group) &&
	     nla_put_u32(skb, IFLA_TUN_GROUP,
			 from_kgid_munged(current_user_ns(), tun->group))) ||
	    nla_put_u8(skb, IFLA_TUN_PI, !(flags & IFF_NO_PI)) ||
	    nla_put_u8(skb, IFLA_TUN_VNET_HDR, !!(flags & IFF_VNET_HDR)) ||
	    nla_put_u8(skb, IFLA_TUN_PERSIST, !!(flags & IFF_PERSIST)) ||
	    nla_put_u8(skb, IFLA_TUN_MULTI_QUEUE,
		       !!(flags & IFF_MULTI_QUEUE)))
		return -EMSGSIZE;
	if (flags & IFF_MULTI_QUEUE &&
	    (nla_put_u32(skb, IFLA_TUN_NUM_QUEUES, READ_ONCE(tun->nqueues)) ||
	     nla_put_u32(skb, IFLA_TUN_NUM_DISABLED_QUEUES,
			 READ_ONCE(tun->ndisabled))))
		return -EMSGSIZE;
	return 0;
}

struct rtnl_link_ops mytun_link_ops __read_mostly = {
	.kind		= MYTUN_NAME,
	.priv_size	= sizeof(struct mytun),
	.setup		= mytun_netdev_setup,
	.validate	= mytun_validate,
	.get_size	= mytun_get_size,
	.fill_info	= mytun_fill_info,
};

int mytun_rtnl_init(void)
{
	return rtnl_link_register(&mytun_link_ops);
}

void mytun_rtnl_exit(void)
{
	rtnl_link_unregister(&mytun_link_ops);
}
