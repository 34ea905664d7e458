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
	/*
	 * So many bytes behind the packet are wanted as well, the last of which
	 * are a record's header: to @next. 0 afterwards: they were not read.
	 */
	unsigned int behind;
	void *next;
};

#define MYTUN_BEHIND_MAX	128

/* Packets between the two steps at a time: few, so that the allocators of skbs
 * and pages serve them from what is at hand.
 */
#define MYTUN_INTAKE_RUN	16

/*
 * Records of a ring with softirqs off at a time, as many as NAPI takes. Each is
 * delivered before the next one is read.
 */
#define MYTUN_RING_RUN		64

/* The same for one device: ethtool's rx-frames, if that is fewer. */
static inline unsigned int mytun_frames(const struct mytun *tun,
					unsigned int most)
{
	unsigned int frames = READ_ONCE(tun->rx_frames);

	return frames ? min(frames, most) : most;
}

static inline unsigned int mytun_intake_run(const struct mytun *tun)
{
	return mytun_frames(tun, MYTUN_INTAKE_RUN);
}

static inline unsigned int mytun_ring_run(const struct mytun *tun)
{
	return mytun_frames(tun, MYTUN_RING_RUN);
}

/*
 * A packet between the two steps. A packet that fits a page is not yet an skb:
 * those are cheapest made with softirqs off.
 */
struct mytun_intake {
	struct sk_buff *skb;	/* or NULL: */
	void *head;		/* a piece of a page, of @room bytes */
	u32 room;
	u32 payload;		/* bytes of packet in it */
	size_t len;		/* what the user handed over, headers included */
	__be16 proto;		/* of a TUN packet */
	u32 mark;
	u32 priority;
	struct mytun_vnet vnet;
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
	gfp_t gfp;		/* GFP_KERNEL: reading may sleep */
	struct page_frag *frag;	/* where to put packets; the caller's own */
	struct napi_struct *napi; /* GRO, on this instance; or NULL */
	bool through_napi;	/* IFF_NAPI: the queue's own, later */
	bool segments;		/* IFF_NAPI_FRAGS: iovecs become fragments */
	bool plain;		/* a TUN's packets, nothing in front of them, no
				 * flows to learn, no NAPI of the queue's
				 */
	unsigned int packets;	/* delivered, and not counted yet */
	u64 bytes;
	struct mytun_xdp_run xdp;
	/*
	 * Of one packet at a time: here, since a kernel that clears what is on
	 * its stack would do so for each packet.
	 */
	struct mytun_headers headers;
	struct mytun_intake in;	/* mytun_intake_take() */
};

/* For a caller in process context; those elsewhere set gfp, frag and napi. */
void mytun_intake_rules(const struct mytun *tun, const struct mytun_queue *q,
			bool nonblock, struct mytun_intake_rules *rules);

/**
 * mytun_intake_read - take a packet out of the user's memory
 * @tun: the device, which the caller holds
 * @q: the queue it is written to
 * @rules: from mytun_intake_rules()
 * @src: the packet with what the device puts in front of it
 * @in: filled in; to be delivered or cancelled
 *
 * May sleep if rules->gfp may; then softirqs must be on. What is lost here is counted.
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
 * @in: from mytun_intake_read(); gone in any case
 *
 * Context: softirqs off, rcu_read_lock() held, and both stay so until
 * mytun_intake_end(). The flow is learned before the stack sees the packet, so
 * that even a reply sent from inside this call finds it; one that an XDP
 * program keeps from the stack is not. What is lost here is counted.
 *
 * Return: 0 (also if a program dropped it), or -EINVAL (headers that contradict
 * the packet), -EIO (the device is down), -EBUSY (IFF_NAPI, and the queue is
 * set aside; IFF_NAPI_FRAGS without an instance), -ENOMEM.
 */
int mytun_intake_deliver(struct mytun *tun, struct mytun_queue *q,
			 struct mytun_intake_rules *rules,
			 struct mytun_intake *in);

/**
 * mytun_intake_take - both steps at once, for a record in shared memory
 * @tun: the device
 * @q: the queue
 * @rules: as above, with a gfp that does not sleep
 * @data: the packet with what the device puts in front of it
 * @len: bytes
 * @mark: for the skb
 * @priority: likewise
 *
 * Context: as mytun_intake_deliver().
 * Return: 0, or as either step.
 */
int mytun_intake_take(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_intake_rules *rules, const void *data,
		      size_t len, u32 mark, u32 priority);

/* A packet that was read is not to be delivered: it was not accepted. */
void mytun_intake_cancel(struct mytun_intake *in);

/*
 * The end of a run: count what was delivered, send what programs redirected.
 * Context: as mytun_intake_deliver().
 */
void mytun_intake_end(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_intake_rules *rules);

#endif /* _MYTUN_INTAKE_H */
