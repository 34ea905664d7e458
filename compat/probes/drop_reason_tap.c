// SPDX-License-Identifier: GPL-2.0
/* 5.18, 4b4f052e2d89. Delete when 5.15 goes. */
#include <linux/skbuff.h>

void probe(struct sk_buff *skb);
void probe(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_TAP_TXFILTER);
}
