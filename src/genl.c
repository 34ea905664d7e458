// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family, and its dump of devices.
 *
 * A dump is one call for each message buffer that its reader empties. Between
 * calls anything may happen to the devices, and only numbers are kept: each
 * call looks for its device again, by ifindex in ascending order, and in the
 * namespace of the reader's socket. While a call is at it, it holds the device,
 * whose private part goes with the last reference.
 */
#include <linux/rtnetlink.h>
#include <net/netlink.h>

#include "genl.h"

/* Most namespaces number devices without gaps: try these before all. */
#define NEXT_TRIES	16

static struct genl_family mytun_family;

typedef int (*fill_fn)(struct sk_buff *skb, struct netlink_callback *cb,
		       struct net_device *dev);

static bool is_ours(const struct net_device *dev)
{
	return mytun_netdev_is(dev, IFF_TUN | IFF_TAP);
}

/* What was asked for; its length has been looked at by dump_start(). */
static int asked_for(const struct netlink_callback *cb)
{
	const struct genlmsghdr *hdr = nlmsg_data(cb->nlh);
	const struct mytun_genl *request = (const void *)(hdr + 1);

	return request->ifindex;
}

/* Our device with this index, held, or NULL. */
static struct net_device *device_get(struct net *net, int ifindex)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, ifindex);
	if (dev && is_ours(dev))
		dev_hold(dev);
	else
		dev = NULL;
	rcu_read_unlock();
	return dev;
}

/* Our first device whose index is no less, held, or NULL. */
static struct net_device *device_get_next(struct net *net, long ifindex)
{
	struct net_device *dev, *best = NULL;
	int i;

	for (i = 0; i < NEXT_TRIES && ifindex <= INT_MAX; i++, ifindex++) {
		dev = device_get(net, ifindex);
		if (dev)
			return dev;
	}
	rcu_read_lock();
	for_each_netdev_rcu(net, dev)
		if (dev->ifindex >= ifindex && is_ours(dev) &&
		    (!best || dev->ifindex < best->ifindex))
			best = dev;
	if (best)
		dev_hold(best);
	rcu_read_unlock();
	return best;
}

/* Before the first call: whether the request makes sense. */
static int dump_start(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	const int len = GENL_HDRLEN + sizeof(struct mytun_genl);
	struct net_device *dev;

	/* Generic netlink has seen to it that it is no shorter. */
	if (nlmsg_len(cb->nlh) != len || asked_for(cb) < 0)
		return -EINVAL;
	if (!asked_for(cb))
		return 0;
	dev = device_get(net, asked_for(cb));
	if (!dev)
		return -ENODEV;
	dev_put(dev);
	return 0;
}

/* Context: process, may sleep. */
static int dump(struct sk_buff *skb, struct netlink_callback *cb, fill_fn fill)
{
	struct mytun_genl_at *at = mytun_genl_at(cb);
	struct net *net = sock_net(cb->skb->sk);
	int only = asked_for(cb), err = 0;
	struct net_device *dev;

	while (!err) {
		if (!only)
			dev = device_get_next(net, at->ifindex);
		else
			dev = at->ifindex <= only ? device_get(net, only) : NULL;
		if (!dev)
			break;
		/* The one where the last call stopped has gone. */
		if (dev->ifindex != at->ifindex)
			at->inside = 0;
		at->ifindex = dev->ifindex;
		err = fill(skb, cb, dev);
		if (!err) {
			at->ifindex = dev->ifindex + 1L;
			at->inside = 0;
		}
		dev_put(dev);
	}
	/* What is there is sent first; nothing: not even one has room. */
	return skb->len ? skb->len : err;
}

/**
 * mytun_genl_begin - begin a message of a dump
 * @skb: where to
 * @cb: the dump
 * @dev: what it tells of
 *
 * Return: for genlmsg_end() or genlmsg_cancel(), or NULL: there is no room.
 */
void *mytun_genl_begin(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct net_device *dev)
{
	const struct genlmsghdr *request = nlmsg_data(cb->nlh);
	struct mytun_genl *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &mytun_family, NLM_F_MULTI, request->cmd);
	if (hdr)
		hdr->ifindex = dev->ifindex;
	return hdr;
}

int mytun_genl_put_drops(struct sk_buff *skb, int attr, const u64 *drop)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	int reason;

	if (!nest)
		return -EMSGSIZE;
	for (reason = 0; reason < MYTUN_DROP_MAX; reason++)
		if (nla_put_u64_64bit(skb, reason + 1, drop[reason], 0))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_way(struct sk_buff *skb, int attr, u64 packets, u64 bytes)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest ||
	    nla_put_u64_64bit(skb, MYTUN_A_WAY_PACKETS, packets, 0) ||
	    nla_put_u64_64bit(skb, MYTUN_A_WAY_BYTES, bytes, 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_table(struct sk_buff *skb, const struct mytun_flows *flows)
{
	struct nlattr *nest = nla_nest_start(skb, MYTUN_A_DEVICE_FLOWS);
	struct mytun_flow_stats s;

	mytun_flows_stats(flows, &s);
	if (!nest ||
	    nla_put_u32(skb, MYTUN_A_TABLE_SIZE, s.size) ||
	    nla_put_u32(skb, MYTUN_A_TABLE_AGEING, s.ageing_ms) ||
	    nla_put_u32(skb, MYTUN_A_TABLE_ENTRIES, s.entries) ||
	    nla_put_u64_64bit(skb, MYTUN_A_TABLE_LEARNED, s.learned, 0) ||
	    nla_put_u64_64bit(skb, MYTUN_A_TABLE_MOVED, s.moved, 0) ||
	    nla_put_u64_64bit(skb, MYTUN_A_TABLE_FULL, s.full, 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Pointers are looked at, not followed. */
static u32 what_it_has(const struct mytun *tun)
{
	unsigned int flags = READ_ONCE(tun->flags);

	return (rcu_access_pointer(tun->filters.macs) ?
		MYTUN_HAS_MAC_FILTER : 0) |
	       (rcu_access_pointer(tun->filters.classic) ?
		MYTUN_HAS_CLASSIC : 0) |
	       (rcu_access_pointer(tun->filters.program) ?
		MYTUN_HAS_FILTER : 0) |
	       (rcu_access_pointer(tun->filters.steering) ?
		MYTUN_HAS_STEERING : 0) |
	       (rcu_access_pointer(tun->xdp) ? MYTUN_HAS_XDP : 0) |
	       (flags & MYTUN_VNET_LE ? MYTUN_HAS_VNET_LE : 0) |
	       (flags & MYTUN_VNET_BE ? MYTUN_HAS_VNET_BE : 0);
}

static int put_owners(struct sk_buff *skb, const struct mytun *tun)
{
	kuid_t owner = READ_ONCE(tun->owner);
	kgid_t group = READ_ONCE(tun->group);

	if (uid_valid(owner) &&
	    nla_put_u32(skb, MYTUN_A_DEVICE_OWNER,
			from_kuid_munged(current_user_ns(), owner)))
		return -EMSGSIZE;
	if (gid_valid(group) &&
	    nla_put_u32(skb, MYTUN_A_DEVICE_GROUP,
			from_kgid_munged(current_user_ns(), group)))
		return -EMSGSIZE;
	return 0;
}

/*
 * Without rtnl, since anyone may ask: nobody shall keep those who configure
 * waiting. Each value is what it was at some moment.
 */
static int fill_device(struct sk_buff *skb, struct netlink_callback *cb,
		       struct net_device *dev)
{
	struct mytun *tun = netdev_priv(dev);
	char name[IFNAMSIZ];
	struct mytun_counts n;
	void *hdr;

	hdr = mytun_genl_begin(skb, cb, dev);
	if (!hdr)
		return -EMSGSIZE;
	strscpy(name, dev->name, sizeof(name));
	mytun_stats_sum(tun, &n);
	if (nla_put_string(skb, MYTUN_A_DEVICE_NAME, name) ||
	    nla_put_u32(skb, MYTUN_A_DEVICE_FLAGS, READ_ONCE(tun->flags) &
			(MYTUN_TYPE_MASK | MYTUN_FEATURES | IFF_PERSIST)) ||
	    nla_put_u32(skb, MYTUN_A_DEVICE_HAS, what_it_has(tun)) ||
	    nla_put_u32(skb, MYTUN_A_DEVICE_VNET_SIZE,
			READ_ONCE(tun->vnet_hdr_sz)) ||
	    nla_put_u32(skb, MYTUN_A_DEVICE_QUEUES, READ_ONCE(tun->nqueues)) ||
	    nla_put_u32(skb, MYTUN_A_DEVICE_DETACHED,
			READ_ONCE(tun->ndisabled)) ||
	    put_owners(skb, tun) ||
	    (tun->flows && put_table(skb, tun->flows)) ||
	    put_way(skb, MYTUN_A_DEVICE_FROM_USER, n.rx_packets, n.rx_bytes) ||
	    put_way(skb, MYTUN_A_DEVICE_TO_USER, n.tx_packets, n.tx_bytes) ||
	    mytun_genl_put_drops(skb, MYTUN_A_DEVICE_DROPS, n.drop)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int dump_devices(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, fill_device);
}

static int dump_queues(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, mytun_genl_fill_queues);
}

static int dump_flows(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, mytun_genl_fill_flows);
}

static const struct genl_ops mytun_ops[] = {
	{
		.cmd	= MYTUN_CMD_GET_DEVICE,
		.start	= dump_start,
		.dumpit	= dump_devices,
	},
	{
		.cmd	= MYTUN_CMD_GET_QUEUE,
		.flags	= GENL_UNS_ADMIN_PERM,
		.start	= dump_start,
		.dumpit	= dump_queues,
	},
	{
		.cmd	= MYTUN_CMD_GET_FLOW,
		.flags	= GENL_UNS_ADMIN_PERM,
		.start	= dump_start,
		.dumpit	= dump_flows,
	},
};

/* A dump that nobody reads to its end holds the module, as an open file does. */
static struct genl_family mytun_family __ro_after_init = {
	.name		= MYTUN_GENL_NAME,
	.version	= MYTUN_GENL_VERSION,
	.hdrsize	= sizeof(struct mytun_genl),
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= mytun_ops,
	.n_ops		= ARRAY_SIZE(mytun_ops),
};

int __init mytun_genl_init(void)
{
	return genl_register_family(&mytun_family);
}

void mytun_genl_exit(void)
{
	genl_unregister_family(&mytun_family);
}
