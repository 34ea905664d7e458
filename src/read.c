// SPDX-License-Identifier: GPL-2.0
/* read(): one packet a call, from the queue that mytun_xmit() filled. */
#include <linux/fs.h>
#include <linux/if_vlan.h>
#include <linux/sched/signal.h>

#include "frame.h"
#include "mytun.h"
#include "ring.h"
#include "vnet.h"

/*
 * Until a packet is there (which another reader may take first). May sleep,
 * with a reference on the device; mytun_queue_detach_all() ends that.
 * Return: 0, -EAGAIN, -ERESTARTSYS, -EBUSY: a ring has been made, or -EFAULT:
 * the device is gone, as in tun.
 */
int mytun_read_wait(struct mytun_queue *q, bool nonblock)
{
	DEFINE_WAIT(wait);
	int err;

	if (nonblock)
		return mytun_ring_has_rx(q) ? -EBUSY : -EAGAIN;
	do {
		/* Sets the state before the look: pairs with wq_has_sleeper. */
		prepare_to_wait(&q->wq.wait, &wait, TASK_INTERRUPTIBLE);
		err = 0;
		if (!ptr_ring_empty(&q->ring))
			break;
		if (mytun_ring_has_rx(q)) {
			err = -EBUSY;
			break;
		}
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		if (READ_ONCE(q->sk.sk_shutdown) & RCV_SHUTDOWN) {
			err = -EFAULT;
			break;
		}
		schedule();
		/*
		 * Whoever wakes takes the entry off the wait queue. If it was
		 * for a packet, finish_wait() has nothing left to undo.
		 */
	} while (ptr_ring_empty(&q->ring));
	finish_wait(&q->wq.wait, &wait);
	return err;
}

/* All or nothing, as skb_copy_datagram_iter() does it. */
static int put_bytes(const void *data, struct iov_iter *to, size_t len)
{
	size_t done = copy_to_iter(data, len, to);

	if (likely(done == len))
		return 0;
	iov_iter_revert(to, done);
	return -EFAULT;
}

/* Copy the payload with the VLAN tag, if any, where it belongs. */
static int put_payload(struct sk_buff *skb, struct iov_iter *to, size_t len)
{
	struct vlan_ethhdr veth;
	size_t n;
	int err;

	if (!skb_vlan_tag_present(skb)) {
		len = min_t(size_t, len, skb->len);
		/* Short for what most packets are: in one piece. */
		if (likely(len <= skb_headlen(skb)))
			return put_bytes(skb->data, to, len);
		return skb_copy_datagram_iter(skb, 0, to, len);
	}
	/* Addresses, the tag, and then the frame from its EtherType on. */
	veth.h_vlan_proto = skb->vlan_proto;
	veth.h_vlan_TCI = htons(skb_vlan_tag_get(skb));
	n = min_t(size_t, len, 2 * ETH_ALEN);
	err = skb_copy_datagram_iter(skb, 0, to, n);
	len -= n;
	if (err || !len)
		return err;
	n = min_t(size_t, len, VLAN_HLEN);
	if (copy_to_iter(&veth.h_vlan_proto, n, to) != n)
		return -EFAULT;
	len -= n;
	return skb_copy_datagram_iter(skb, 2 * ETH_ALEN, to,
				      min_t(size_t, len,
					    skb->len - 2 * ETH_ALEN));
}

/**
 * mytun_read_front - what stands in front of a packet
 * @tun: the device
 * @skb: the packet
 * @len: bytes of packet information and virtio_net_hdr, as they are to be
 * @cut: the packet does not follow in whole
 * @f: filled in
 *
 * Return: 0, or -EINVAL: no virtio_net_hdr can tell what the packet is, or the
 * device's settings have changed and @len is not what it would be.
 */
int mytun_read_front(const struct mytun *tun, const struct sk_buff *skb,
		     u32 len, bool cut, struct mytun_front *f)
{
	unsigned int flags = READ_ONCE(tun->flags), n;

	f->len = 0;
	f->zeroes = 0;
	if (!(flags & IFF_NO_PI) && len >= sizeof(struct tun_pi)) {
		struct tun_pi pi = {
			.flags = cut ? TUN_PKT_STRIP : 0,
			.proto = skb->protocol,
		};

		memcpy(f->data, &pi, sizeof(pi));
		f->len = sizeof(pi);
		len -= sizeof(pi);
	}
	if (!len)
		return 0;
	n = mytun_vnet_bytes(len);
	if (len < n ||
	    mytun_vnet_encode(f->data + f->len, n, skb, mytun_vnet_is_le(flags),
			      skb_vlan_tag_present(skb) ? VLAN_HLEN : 0))
		return -EINVAL;
	f->len += n;
	f->zeroes = len - n;
	return 0;
}

/* Write what stands in front of a packet. Return: 0, -EINVAL, -EFAULT. */
static int read_front(const struct mytun *tun, const struct sk_buff *skb,
		      struct iov_iter *to, u32 front, bool cut)
{
	unsigned int flags = READ_ONCE(tun->flags);
	struct virtio_net_hdr h;
	struct mytun_front f;

	/* Short for what most packets are. */
	if (front == sizeof(h) && flags & IFF_NO_PI && !skb_is_gso(skb)) {
		memset(&h, 0, sizeof(h));
		mytun_vnet_encode_csum(&h, skb, mytun_vnet_is_le(flags),
				       mytun_packet_len(skb) - skb->len);
		return copy_to_iter(&h, sizeof(h), to) == sizeof(h) ? 0 :
								      -EFAULT;
	}
	if (mytun_read_front(tun, skb, front, cut, &f))
		return -EINVAL;
	if (copy_to_iter(f.data, f.len, to) != f.len ||
	    (f.zeroes && iov_iter_zero(f.zeroes, to) != f.zeroes))
		return -EFAULT;
	return 0;
}

/*
 * Copies a packet, with what stands in front of it, or as much as @room takes.
 * Return: 0; MYTUN_READ_FAULT: the payload, or a part of it, could not be
 * written, which a plain read() does not tell, as in tun; or -EINVAL: @room is
 * too small for the headers, or the header cannot tell what the packet is; or
 * -EFAULT. @reason says why for the counter.
 */
int mytun_read_copy(struct mytun *tun, struct sk_buff *skb,
		    struct iov_iter *to, size_t room, enum mytun_drop *reason)
{
	u32 len = mytun_read_len(tun, skb);
	u32 front = len - mytun_packet_len(skb);
	int err;

	*reason = MYTUN_DROP_TX_BUFFER;
	if (room < front)
		return -EINVAL;
	if (front) {
		err = read_front(tun, skb, to, front, room < len);
		if (unlikely(err)) {
			if (err == -EINVAL)
				*reason = MYTUN_DROP_TX_HEADER;
			return err;
		}
		room -= front;
	}
	return put_payload(skb, to, room) ? MYTUN_READ_FAULT : 0;
}

ssize_t mytun_read_one(struct mytun *tun, struct mytun_queue *q,
		       struct iov_iter *to, bool nonblock)
{
	size_t room = iov_iter_count(to);
	enum mytun_drop reason;
	void *packet;
	ssize_t len;
	int err;

	while (!(packet = mytun_packet_take(tun, q))) {
		/* What was there before a ring was made has been read. */
		err = mytun_read_wait(q, nonblock);
		if (err)
			return err;
	}
	mytun_queue_took(tun, q, 1);
	err = mytun_packet_read_copy(tun, packet, to, room, &reason);
	if (err < 0) {
		mytun_packet_drop(tun, q, packet, reason);
		return err;
	}
	len = mytun_packet_read_len(tun, packet);
	mytun_packet_done(q, packet);
	return min_t(ssize_t, len, room);
}

ssize_t mytun_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct mytun_queue *q = file->private_data;
	bool nonblock = file->f_flags & O_NONBLOCK ||
			iocb->ki_flags & IOCB_NOWAIT;
	struct mytun *tun = mytun_get(q);
	ssize_t ret = 0;

	if (!tun)
		return -EBADFD;
	if (iov_iter_count(to)) {
		if (unlikely(rcu_access_pointer(q->batch)))
			ret = mytun_batch_read(tun, q, to, nonblock);
		else
			ret = mytun_read_one(tun, q, to, nonblock);
	}
	if (ret > 0)
		iocb->ki_pos = ret;
	mytun_put(tun);
	return ret;
}
