/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet as read() returns it, into the kernel's memory, or into memory that
 * it shares: nothing of it is read back.
 */
#ifndef _MYTUN_COPY_H
#define _MYTUN_COPY_H

#include <linux/skbuff.h>
#include <linux/string.h>

#include "mytun.h"
#include "vnet.h"

int mytun_copy_front(const struct mytun *tun, const struct sk_buff *skb,
		     void *to, u32 front);
int mytun_copy_any(const struct mytun *tun, const struct sk_buff *skb,
		   void *to, u32 front);

/*
 * The packet has been copied. With softirqs off, heads are given back many at a
 * time; but netpoll sends with interrupts off, maybe in the midst of whoever has
 * this CPU's cache of heads. Context: softirqs or interrupts off.
 */
static inline void mytun_consume(struct sk_buff *skb)
{
	napi_consume_skb(skb, !irqs_disabled());
}

/*
 * Copy a packet in one piece that has neither a tag beside it nor segments,
 * behind @front bytes that stand in front of it in a device of those @flags.
 * Return: 0, or -1: the device's settings have changed.
 */
static __always_inline int mytun_copy_plain(const struct mytun *tun,
					    unsigned int flags,
					    const struct sk_buff *skb,
					    void *to, u32 front)
{
	/* Short for what most packets are. */
	if (front == sizeof(struct virtio_net_hdr) && flags & IFF_NO_PI) {
		memset(to, 0, sizeof(struct virtio_net_hdr));
		mytun_vnet_encode_csum(to, skb, mytun_vnet_is_le(flags), 0);
	} else if (front && mytun_copy_front(tun, skb, to, front)) {
		return -1;
	}
	memcpy(to + front, skb->data, skb->len);
	return 0;
}

/* The same for any packet; or -1: no header can tell what it is. */
static __always_inline int mytun_copy_packet(const struct mytun *tun,
					     const struct sk_buff *skb,
					     void *to, u32 front)
{
	if (unlikely(skb_is_nonlinear(skb) || skb_vlan_tag_present(skb) ||
		     skb_is_gso(skb)))
		return mytun_copy_any(tun, skb, to, front);
	return mytun_copy_plain(tun, READ_ONCE(tun->flags), skb, to, front);
}

#endif /* _MYTUN_COPY_H */
