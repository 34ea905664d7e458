/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink: dumps of what the driver knows. <uapi/linux/mytun.h> says
 * what they hold.
 *
 * Requests have no attributes, only the header that is the family's own: where
 * the policy of attributes stands differs from kernel to kernel.
 */
#ifndef _MYTUN_GENL_H
#define _MYTUN_GENL_H

#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>

#include "mytun.h"

/* Where a dump goes on; in netlink_callback.args, which begins as zeroes. */
struct mytun_genl_at {
	long ifindex;	/* of the device, or the next one that there is */
	long inside;	/* for the one who fills in */
	long changes;	/* mytun.queue_changes when the device began */
};

static inline struct mytun_genl_at *mytun_genl_at(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct mytun_genl_at) > sizeof(cb->args));
	return (struct mytun_genl_at *)cb->args;
}

/* genl.c */
void *mytun_genl_begin(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct net_device *dev);
int mytun_genl_put_drops(struct sk_buff *skb, int attr, const u64 *drop);
int mytun_genl_init(void);
void mytun_genl_exit(void);

/*
 * Each puts as many messages of one device as there is room for, and says in
 * mytun_genl_at.inside how far it came. The device is held. May sleep.
 * Return: 0: that was all of this device; -EMSGSIZE: no room for the next.
 */
int mytun_genl_fill_queues(struct sk_buff *skb, struct netlink_callback *cb,
			   struct net_device *dev);
int mytun_genl_fill_flows(struct sk_buff *skb, struct netlink_callback *cb,
			  struct net_device *dev);

#endif /* _MYTUN_GENL_H */
