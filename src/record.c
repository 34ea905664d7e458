// SPDX-License-Identifier: GPL-2.0
/* Records: checked when they come from the user, filled for the user. */
#include <linux/capability.h>
#include <net/net_namespace.h>

#include "record.h"

/* From an ioctl's arguments. Return: 0, -EINVAL, -EPERM. */
int mytun_record_rules_set(struct mytun_record_rules *rules, struct mytun *tun,
			   u32 flags, u16 head_room, u16 tail_room)
{
	if (head_room > MYTUN_ROOM_MAX || tail_room > MYTUN_ROOM_MAX ||
	    head_room % 8 || tail_room % 8)
		return -EINVAL;
	if (flags & MYTUN_Q_META &&
	    !ns_capable(dev_net(tun->dev)->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	rules->head_room = head_room;
	rules->tail_room = tail_room;
	rules->hash = flags & MYTUN_Q_HASH;
	rules->meta = flags & MYTUN_Q_META;
	return 0;
}

/* The flow hash of a packet, 0: none. */
u32 mytun_record_hash(const struct mytun *tun, const struct sk_buff *skb)
{
	struct mytun_headers h;

	mytun_dissect(skb, 0, mytun_is_tap(tun) ? 0 : skb->protocol, &h);
	return h.tuple.kind == MYTUN_TUPLE_NONE ? 0 :
						  mytun_tuple_hash(&h.tuple);
}
