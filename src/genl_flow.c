// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the dump of flows. It takes no lock but the bucket's, for
 * one flow at a time: the transmit path, which reads without locks, does not
 * notice, and queues come and go meanwhile.
 */
#include <linux/if_ether.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <net/netlink.h>

#include "genl.h"

#define SLOTS_AT_ONCE	1024

static int put_ends(struct sk_buff *skb, const struct mytun_tuple *t,
		    u16 family, int len)
{
	const u8 *address = (const u8 *)t->addr;

	return nla_put_u16(skb, MYTUN_A_FLOW_FAMILY, family) ||
	       nla_put(skb, MYTUN_A_FLOW_ADDRESS_A, len, address) ||
	       nla_put(skb, MYTUN_A_FLOW_ADDRESS_B, len, address + len);
}

static int put_tuple(struct sk_buff *skb, const struct mytun_tuple *t)
{
	if (t->kind == MYTUN_TUPLE_LINK)
		return put_ends(skb, t, AF_UNSPEC, ETH_ALEN) ||
		       nla_put_be16(skb, MYTUN_A_FLOW_ETHERTYPE, t->port[0]);
	return (t->kind == MYTUN_TUPLE_IPV6 ?
		put_ends(skb, t, AF_INET6, 16) :
		put_ends(skb, t, AF_INET, 4)) ||
	       nla_put_u8(skb, MYTUN_A_FLOW_PROTOCOL, t->proto) ||
	       nla_put_be16(skb, MYTUN_A_FLOW_PORT_A, t->port[0]) ||
	       nla_put_be16(skb, MYTUN_A_FLOW_PORT_B, t->port[1]);
}

static int put_flow(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct net_device *dev,
		    const struct mytun_flow_info *f)
{
	void *hdr = mytun_genl_begin(skb, cb, dev);

	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, MYTUN_A_FLOW_QUEUE, f->queue) ||
	    put_tuple(skb, &f->tuple) ||
	    nla_put_u32(skb, MYTUN_A_FLOW_IDLE, f->idle_ms) ||
	    nla_put_u32(skb, MYTUN_A_FLOW_HASH, f->hash)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* mytun_genl_at.inside: the place in the table. */
int mytun_genl_fill_flows(struct sk_buff *skb, struct netlink_callback *cb,
			  struct net_device *dev)
{
	struct mytun_flows *flows = ((struct mytun *)netdev_priv(dev))->flows;
	struct mytun_genl_at *at = mytun_genl_at(cb);
	struct mytun_flow_stats table;
	struct mytun_flow_info f;

	/* Set before the device was registered, and for good. */
	if (!flows)
		return 0;
	mytun_flows_stats(flows, &table);
	while (at->inside < table.size) {
		u32 end = at->inside + SLOTS_AT_ONCE, slot = at->inside;

		while (mytun_flows_next(flows, &slot, end, &f)) {
			/* One that finds no room is looked up again. */
			if (put_flow(skb, cb, dev, &f))
				return -EMSGSIZE;
			at->inside = slot;
		}
		at->inside = end;
		/* Empty stretches may be long. */
		cond_resched();
	}
	return 0;
}
