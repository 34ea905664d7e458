// SPDX-License-Identifier: GPL-2.0
/* Copies of packets: what is not on the short way. */
#include <linux/if_vlan.h>

#include "copy.h"

/* Whatever stands in front of a packet. Return: 0, or -1. */
int mytun_copy_front(const struct mytun *tun, const struct sk_buff *skb,
		     void *to, u32 front)
{
	struct mytun_front f;

	if (mytun_read_front(tun, skb, front, false, &f))
		return -1;
	memcpy(to, f.data, f.len);
	memset(to + f.len, 0, f.zeroes);
	return 0;
}

/* Any packet, behind @front bytes that stand in front of it. Return: likewise. */
int mytun_copy_any(const struct mytun *tun, const struct sk_buff *skb,
		   void *to, u32 front)
{
	if (front && mytun_copy_front(tun, skb, to, front))
		return -1;
	to += front;
	if (skb_vlan_tag_present(skb)) {
		__be16 tag[2] = { skb->vlan_proto,
				  htons(skb_vlan_tag_get(skb)) };

		return skb_copy_bits(skb, 0, to, 2 * ETH_ALEN) ||
		       !memcpy(to + 2 * ETH_ALEN, tag, sizeof(tag)) ||
		       skb_copy_bits(skb, 2 * ETH_ALEN,
				     to + 2 * ETH_ALEN + sizeof(tag),
				     skb->len - 2 * ETH_ALEN) ? -1 : 0;
	}
	return skb_copy_bits(skb, 0, to, skb->len);
}
