// SPDX-License-Identifier: GPL-2.0
/* read(): one packet a call, from the queue that mytun_xmit() filled. */
#include <linux/fs.h>
#include <linux/if_vlan.h>
#include <linux/sched/signal.h>

#include "mytun.h"
#include "ring.h"
#include "vnet.h"

/*
 * Until a packet is there (which another reader may take first). May sleep,
 * with a reference on the device; mytun_queue_detach_all() ends that.
 * Return: 0, -EAGAIN, -ERESTARTSYS, or -EFAULT: the device is gone, as in tun.
 */
int mytun_read_wait(struct mytun_queue *q, bool nonblock)
{
	DEFINE_WAIT(wait);
	int err = 0;

	if (nonblock)
		return -EAGAIN;
	for (;;) {
		/* Sets the state before the look: pairs with wq_has_sleeper. */
		prepare_to_wait(&q->wq.wait, &wait, TASK_INTERRUPTIBLE);
		if (!ptr_ring_empty(&q->ring))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		if (READ_ONCE(q->sk.sk_shutdown) & RCV_SHUTDOWN) {
			err = -EFAULT;
			break;
		}
		schedule();
	}
	finish_wait(&q->wq.wait, &wait);
	return err;
}

/* Copy the payload with the VLAN tag, if any, where it belongs. */
static int put_payload(struct sk_buff *skb, struct iov_iter *to, size_t len)
{
	struct vlan_ethhdr veth;
	size_t n;
	int err;

	if (!skb_vlan_tag_present(skb))
		return skb_copy_datagram_iter(skb, 0, to,
					      min_t(size_t, len, skb->len));
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

/* Bytes of a packet with what the device puts in front of it. */
u32 mytun_read_len(const struct mytun *tun, const struct sk_buff *skb)
{
	unsigned int flags = READ_ONCE(tun->flags);

	return skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0) +
	       (flags & IFF_VNET_HDR ? READ_ONCE(tun->vnet_hdr_sz) : 0) +
	       (flags & IFF_NO_PI ? 0 : sizeof(struct tun_pi));
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
	unsigned int flags = READ_ONCE(tun->flags);
	unsigned int vnet_sz = flags & IFF_VNET_HDR ?
		READ_ONCE(tun->vnet_hdr_sz) : 0;
	unsigned int vlan_len = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;

	*reason = MYTUN_DROP_TX_BUFFER;
	if (!(flags & IFF_NO_PI)) {
		struct tun_pi pi = { .proto = skb->protocol };

		if (room < sizeof(pi))
			return -EINVAL;
		if (room < sizeof(pi) + vnet_sz + skb->len + vlan_len)
			pi.flags |= TUN_PKT_STRIP;
		if (copy_to_iter(&pi, sizeof(pi), to) != sizeof(pi))
			return -EFAULT;
		room -= sizeof(pi);
	}
	if (vnet_sz) {
		u8 hdr[MYTUN_VNET_MIN];

		if (room < vnet_sz)
			return -EINVAL;
		if (mytun_vnet_encode(hdr, skb, mytun_vnet_is_le(flags),
				      vlan_len)) {
			*reason = MYTUN_DROP_TX_HEADER;
			return -EINVAL;
		}
		if (copy_to_iter(hdr, sizeof(hdr), to) != sizeof(hdr) ||
		    iov_iter_zero(vnet_sz - sizeof(hdr), to) !=
		    vnet_sz - sizeof(hdr))
			return -EFAULT;
		room -= vnet_sz;
	}
	return put_payload(skb, to, room) ? MYTUN_READ_FAULT : 0;
}

ssize_t mytun_read_one(struct mytun *tun, struct mytun_queue *q,
		       struct iov_iter *to, bool nonblock)
{
	size_t room = iov_iter_count(to);
	enum mytun_drop reason;
	struct sk_buff *skb;
	ssize_t len;
	int err;

	while (!(skb = ptr_ring_consume(&q->ring))) {
		/* What was there before the ring was made has been read. */
		if (mytun_ring_has_rx(q))
			return -EBUSY;
		err = mytun_read_wait(q, nonblock);
		if (err)
			return err;
	}
	mytun_queue_took(tun, q, 1);
	err = mytun_read_copy(tun, skb, to, room, &reason);
	if (err < 0) {
		mytun_count_drop(tun, reason);
		kfree_skb(skb);
		return err;
	}
	len = mytun_read_len(tun, skb);
	mytun_count_tx(tun, 1, skb->len +
		       (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0));
	consume_skb(skb);
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
