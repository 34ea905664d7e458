// SPDX-License-Identifier: GPL-2.0
/* read(): one packet a call, from the queue that mytun_xmit() filled. */
#include <linux/fs.h>
#include <linux/if_vlan.h>
#include <linux/sched/signal.h>

#include "mytun.h"
#include "vnet.h"

/* Waits with a reference on the device, which detach_all ends by a wake-up. */
static struct sk_buff *wait_packet(struct mytun_queue *q, int *err)
{
	DEFINE_WAIT(wait);
	struct sk_buff *skb;

	for (;;) {
		/* Sets the state before the look: pairs with wq_has_sleeper. */
		prepare_to_wait(&q->wq.wait, &wait, TASK_INTERRUPTIBLE);
		skb = ptr_ring_consume(&q->ring);
		if (skb)
			break;
		if (signal_pending(current)) {
			*err = -ERESTARTSYS;
			break;
		}
		if (READ_ONCE(q->sk.sk_shutdown) & RCV_SHUTDOWN) {
			*err = -EFAULT;
			break;
		}
		schedule();
	}
	finish_wait(&q->wq.wait, &wait);
	return skb;
}

static struct sk_buff *next_packet(struct mytun_queue *q, bool nonblock,
				   int *err)
{
	struct sk_buff *skb = ptr_ring_consume(&q->ring);

	if (skb)
		return skb;
	if (nonblock) {
		*err = -EAGAIN;
		return NULL;
	}
	return wait_packet(q, err);
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

/*
 * Return: the bytes of the packet with what stands in front of it, even if the
 * buffer took fewer; or -EINVAL: the buffer has no room for the headers, or
 * the header cannot tell what the packet is; or -EFAULT. The packet is lost
 * then, as in tun.
 */
static ssize_t put_packet(struct mytun *tun, struct sk_buff *skb,
			  struct iov_iter *to)
{
	unsigned int flags = READ_ONCE(tun->flags);
	unsigned int vnet_sz = flags & IFF_VNET_HDR ?
		READ_ONCE(tun->vnet_hdr_sz) : 0;
	unsigned int vlan_len = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;
	size_t total = skb->len + vlan_len + vnet_sz;
	size_t room = iov_iter_count(to);
	enum mytun_drop reason = MYTUN_DROP_TX_BUFFER;
	int err;

	if (!(flags & IFF_NO_PI)) {
		struct tun_pi pi = { .proto = skb->protocol };

		total += sizeof(pi);
		err = -EINVAL;
		if (room < sizeof(pi))
			goto drop;
		if (room < total)
			pi.flags |= TUN_PKT_STRIP;
		err = -EFAULT;
		if (copy_to_iter(&pi, sizeof(pi), to) != sizeof(pi))
			goto drop;
		room -= sizeof(pi);
	}
	if (vnet_sz) {
		u8 hdr[MYTUN_VNET_MIN];

		err = -EINVAL;
		if (room < vnet_sz)
			goto drop;
		err = mytun_vnet_encode(hdr, skb, mytun_vnet_is_le(flags),
					vlan_len);
		if (err) {
			reason = MYTUN_DROP_TX_HEADER;
			goto drop;
		}
		err = -EFAULT;
		if (copy_to_iter(hdr, sizeof(hdr), to) != sizeof(hdr) ||
		    iov_iter_zero(vnet_sz - sizeof(hdr), to) !=
		    vnet_sz - sizeof(hdr))
			goto drop;
		room -= vnet_sz;
	}
	/* A fault in the payload is not told to the caller, as in tun. */
	put_payload(skb, to, room);
	mytun_count_tx(tun, 1, skb->len + vlan_len);
	consume_skb(skb);
	return total;

drop:
	mytun_count_drop(tun, reason);
	kfree_skb(skb);
	return err;
}

ssize_t mytun_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct mytun_queue *q = file->private_data;
	struct mytun *tun = mytun_get(q);
	size_t room = iov_iter_count(to);
	struct sk_buff *skb;
	ssize_t ret = 0;
	int err = 0;

	if (!tun)
		return -EBADFD;
	if (!room)
		goto out;
	skb = next_packet(q, file->f_flags & O_NONBLOCK ||
			     iocb->ki_flags & IOCB_NOWAIT, &err);
	ret = err;
	if (!skb)
		goto out;
	ret = put_packet(tun, skb, to);
	ret = min_t(ssize_t, ret, room);
	if (ret > 0)
		iocb->ki_pos = ret;
out:
	mytun_put(tun);
	return ret;
}
