/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one way from the user to the stack. Every carrier (write, batch, ring)
 * takes a packet in two steps: mytun_intake_read() where it may sleep,
 * mytun_intake_deliver() with softirqs off.
 */
#ifndef _MYTUN_INTAKE_H
#define _MYTUN_INTAKE_H

#include <linux/skbuff.h>
#include <linux/uio.h>

#include "mytun.h"
#include "vnet.h"

/* Where the bytes of a packet come from. They are read once. */
struct mytun_source {
	struct iov_iter *iter;	/* user memory, which may fault; or NULL */
	const void *data;	/* memory the user may be writing to meanwhile */
	size_t len;		/* bytes that are left */
};

/* A packet between the two steps. */
struct mytun_intake {
	struct sk_buff *skb;
	struct mytun_vnet vnet;
	size_t len;		/* what the user handed over, headers included */
	__be16 proto;		/* of a TUN packet */
};

/*
 * What the packets of one call have in common: the device's settings, read
 * once, so that a change in the middle cannot make two of them disagree.
 */
struct mytun_intake_rules {
	unsigned int flags;	/* IFF_* and MYTUN_VNET_* */
	unsigned int vnet_hdr_sz;
	unsigned int headroom;
	bool nonblock;
};

void mytun_intake_rules(const struct mytun *tun, bool nonblock,
			struct mytun_intake_rules *rules);

/**
 * mytun_intake_read - take a packet out of the user's memory
 * @tun: the device, which the caller holds
 * @q: the queue it is written to
 * @rules: from mytun_intake_rules()
 * @src: the packet with what the device puts in front of it
 * @in: filled in; owns in->skb until it is delivered
 *
 * May sleep if @src->iter is set. What is lost here is counted.
 *
 * Return: 0, or -EINVAL (malformed headers), -EFAULT (unreadable memory),
 * -EAGAIN (the send buffer is full and the call must not wait), -ERESTARTSYS,
 * -ENOMEM, -ENOBUFS, -EMSGSIZE (more than a packet can hold).
 */
int mytun_intake_read(struct mytun *tun, struct mytun_queue *q,
		      const struct mytun_intake_rules *rules,
		      struct mytun_source *src, struct mytun_intake *in);

/**
 * mytun_intake_deliver - give a packet to the stack
 * @tun: the device
 * @q: the queue it was written to
 * @rules: as above
 * @in: from mytun_intake_read(); in->skb is gone in any case
 *
 * Context: softirqs off, rcu_read_lock() held. The flow is learned before the
 * stack sees the packet, so that even a reply sent from inside this call finds
 * it. What is lost here is counted.
 *
 * Return: 0, or -EINVAL (headers that contradict the packet), -EIO (the device
 * is down).
 */
int mytun_intake_deliver(struct mytun *tun, struct mytun_queue *q,
			 const struct mytun_intake_rules *rules,
			 struct mytun_intake *in);

#endif /* _MYTUN_INTAKE_H */
