// SPDX-License-Identifier: GPL-2.0
/*
 * XDP: the program, what it decides, and frames that are redirected here.
 *
 * Who runs a program holds rcu_read_lock() from finding it to the end of what
 * it asked for. Before a device goes, the core takes its program away (before
 * 4.16 we do), and then its queues leave, after a grace period: no program runs
 * by then, and none sees an xdp_rxq that is no longer registered.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>

#include "frame.h"
#include "ring.h"

int mytun_xdp_attach(struct mytun *tun, struct mytun_queue *q, u32 index)
{
	int err;

	if (q->disabled) {
		WRITE_ONCE(q->xdp_rxq.queue_index, index);
		return 0;
	}
	err = xdp_rxq_info_reg(&q->xdp_rxq, tun->dev, index, 0);
	if (err < 0)
		return err;
	err = xdp_rxq_info_reg_mem_model(&q->xdp_rxq, MEM_TYPE_PAGE_SHARED,
					 NULL);
	if (err < 0)
		xdp_rxq_info_unreg(&q->xdp_rxq);
	return err;
}

void mytun_xdp_detach(struct mytun_queue *q)
{
	xdp_rxq_info_unreg(&q->xdp_rxq);
}

/*
 * Replaced without a pause: a packet sees the old program or the new one.
 * Context: rtnl. @prog is ours to put.
 */
static int set_program(struct mytun *tun, struct bpf_prog *prog)
{
	struct bpf_prog *old = rtnl_dereference(tun->xdp);

	/* Packets that were read without it are run as skbs. */
	WRITE_ONCE(tun->xdp_headroom, prog ? MYTUN_XDP_HEADROOM : 0);
	rcu_assign_pointer(tun->xdp, prog);
	/* It is freed after a grace period. */
	if (old)
		bpf_prog_put(old);
	return 0;
}

void mytun_xdp_uninit(struct mytun *tun)
{
	set_program(tun, NULL);
}

int mytun_xdp(struct net_device *dev, struct netdev_bpf *cmd)
{
	struct mytun *tun = netdev_priv(dev);

	if (mytun_xdp_query(cmd, rtnl_dereference(tun->xdp)))
		return 0;
	if (cmd->command != XDP_SETUP_PROG)
		return -EINVAL;
	return set_program(tun, cmd->prog);
}

/*
 * For read(). Return: how many frames there was room for; the others are still
 * the caller's.
 */
static int put_fifo(struct mytun *tun, struct mytun_queue *q,
		    struct xdp_frame **frames, int n)
{
	int put = 0;

	spin_lock(&q->ring.producer_lock);
	while (put < n && !__ptr_ring_produce(&q->ring,
					      mytun_frame_packet(frames[put])))
		put++;
	if (READ_ONCE(tun->flags) & IFF_BACKPRESSURE)
		mytun_queue_stop_if_full(tun, q);
	spin_unlock(&q->ring.producer_lock);
	return put;
}

/*
 * To the reader of a queue, which is told by show_frames(). Frames that find no
 * room are freed and counted. Context: softirqs off, rcu_read_lock().
 * Return: how many the queue has.
 */
static int put_frames(struct mytun *tun, struct mytun_queue *q,
		      struct xdp_frame **frames, int n)
{
	struct mytun_rings *r = mytun_ring_rx(q);
	int put = 0, i;

	if (!r) {
		put = put_fifo(tun, q, frames, n);
		/* Full, or closed since a ring has been made. */
		if (unlikely(put < n))
			r = mytun_ring_rx(q);
	}
	for (i = put; i < n; i++) {
		if (r)
			put += mytun_ring_put_frame(tun, q, r, frames[i], true);
		else
			mytun_frame_drop(tun, q, frames[i], MYTUN_DROP_TX_FULL);
	}
	return put;
}

static void show_frames(struct mytun_queue *q)
{
	struct mytun_rings *r = mytun_ring_rx(q);

	if (r)
		mytun_ring_put_end(q, r);
	else
		mytun_queue_wake_reader(q);
}

/* XDP_TX: back to who wrote it. Return: false, it has no frame and is kept. */
static bool send_back(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_xdp_run *run, struct xdp_buff *xdp)
{
	struct xdp_frame *frame = xdp_convert_buff_to_frame(xdp);

	if (unlikely(!frame))
		return false;
	/*
	 * A queue that has left is emptied once, after a grace period that
	 * began when this was so.
	 */
	if (unlikely(mytun_rcu(q) != tun || READ_ONCE(q->disabled))) {
		mytun_frame_drop(tun, q, frame, MYTUN_DROP_TX_DETACHED);
		return true;
	}
	if (put_frames(tun, q, &frame, 1))
		run->sent = true;
	return true;
}

enum mytun_xdp_verdict mytun_xdp_run(struct mytun *tun, struct mytun_queue *q,
				     struct mytun_xdp_run *run,
				     struct bpf_prog *prog,
				     struct xdp_buff *xdp)
{
	void *piece = xdp->data_hard_start;
	u32 act;

	if (!run->active) {
		run->active = true;
		run->redirected = false;
		run->sent = false;
		run->context = bpf_net_ctx_set(&run->own);
	}
	act = bpf_prog_run(prog, xdp);
	switch (act) {
	case XDP_PASS:
		return MYTUN_XDP_PASS;
	case XDP_TX:
		if (likely(send_back(tun, q, run, xdp)))
			return MYTUN_XDP_TAKEN;
		trace_xdp_exception(tun->dev, prog, act);
		break;
	case XDP_REDIRECT:
		/* It has a tracepoint of its own for what fails. */
		if (unlikely(xdp_do_redirect(tun->dev, xdp, prog)))
			break;
		run->redirected = true;
		return MYTUN_XDP_TAKEN;
	case XDP_DROP:
		break;
	default:
		if (act != XDP_ABORTED)
			netdev_warn_once(tun->dev,
					 "an XDP program returns %u, which is no action\n",
					 act);
		trace_xdp_exception(tun->dev, prog, act);
	}
	put_page(virt_to_head_page(piece));
	mytun_count_drop(tun, q, MYTUN_DROP_RX_XDP);
	return MYTUN_XDP_DROPPED;
}

struct sk_buff *mytun_xdp_run_skb(struct mytun_xdp_run *run,
				  struct bpf_prog *prog, struct sk_buff *skb)
{
	/* It is sent at once; what the program redirected before came first. */
	if (run->active && run->redirected) {
		xdp_do_flush();
		run->redirected = false;
	}
	return do_xdp_generic(prog, &skb) == XDP_PASS ? skb : NULL;
}

void mytun_xdp_end(struct mytun_queue *q, struct mytun_xdp_run *run)
{
	if (run->redirected)
		xdp_do_flush();
	bpf_net_ctx_clear(run->context);
	if (run->sent)
		show_frames(q);
	run->active = false;
}

/*
 * Frames from a program of another device, or of this one. The queue is this
 * CPU's: nothing tells a better one.
 *
 * Context: softirqs off. Frames that find no room are freed here, and their
 * number is not told: before 5.13 (fdc13979f91e) the caller would not free
 * them, and after it would; it does either only for those not reported as sent.
 * Return: @n, or -EINVAL, -ENXIO: there is no queue; the caller frees all then.
 */
int mytun_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames,
		   u32 flags)
{
	struct mytun *tun = netdev_priv(dev);
	struct mytun_queue *q = NULL;
	unsigned int nqueues;
	int i;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	rcu_read_lock();
	nqueues = READ_ONCE(tun->nqueues);
	if (likely(nqueues)) {
		q = rcu_dereference(tun->queues[smp_processor_id() % nqueues]);
		/* Is that one leaving right now? */
		if (unlikely(!q))
			q = rcu_dereference(tun->queues[0]);
	}
	if (unlikely(!q)) {
		rcu_read_unlock();
		for (i = 0; i < n; i++)
			mytun_count_drop(tun, NULL, MYTUN_DROP_TX_NO_QUEUE);
		return -ENXIO;
	}
	put_frames(tun, q, frames, n);
	if (flags & XDP_XMIT_FLUSH)
		show_frames(q);
	rcu_read_unlock();
	return n;
}
