/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XDP on TAP devices: programs that see what the user writes before the stack
 * does (xdp.c), and frames that a program, here or elsewhere, sends to the user
 * (xdp.c puts them where the reader finds them, frame.c reads them).
 *
 * A program runs natively on a packet that is not an skb yet: one that fits a
 * page together with XDP_PACKET_HEADROOM. The others are made skbs first and
 * seen by the same program as the stack's generic XDP: larger ones, those that
 * a send buffer pays for, IFF_NAPI_FRAGS, and those whose virtio_net_hdr asks
 * for segmentation or a checksum, which an xdp_buff cannot tell.
 *
 * mytun.xdp changes under rtnl and is read under RCU.
 */
#ifndef _MYTUN_XDP_H
#define _MYTUN_XDP_H

#include <linux/bpf_trace.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "flow.h"

struct mytun;
struct mytun_queue;

/*
 * The programs of one run of packets: from the first one until
 * mytun_xdp_end(), softirqs stay off, since what they redirect is gathered per
 * CPU (per task since 6.11) and goes out at the end.
 */
struct mytun_xdp_run {
	bool active;
	bool redirected;
	bool sent;			/* to this queue's reader */
	struct bpf_net_context *context; /* NULL: the caller of ours has one */
	struct bpf_net_context own;
};

enum mytun_xdp_verdict {
	MYTUN_XDP_PASS,
	MYTUN_XDP_TAKEN,		/* sent elsewhere */
	MYTUN_XDP_DROPPED,		/* and counted */
};

/**
 * mytun_xdp_run - run the program on a packet that is in a piece of a page
 * @tun: the device
 * @q: the queue it was written to
 * @run: the run that it is part of
 * @prog: mytun.xdp
 * @xdp: the packet, set up for q->xdp_rxq; changed by the program
 *
 * Context: softirqs off, rcu_read_lock(). Only with MYTUN_XDP_PASS is the piece
 * of the page the caller's afterwards.
 */
enum mytun_xdp_verdict mytun_xdp_run(struct mytun *tun, struct mytun_queue *q,
				     struct mytun_xdp_run *run,
				     struct bpf_prog *prog,
				     struct xdp_buff *xdp);

/* The same program on an skb. Return: the skb, or NULL: it is gone. */
struct sk_buff *mytun_xdp_run_skb(struct mytun_xdp_run *run,
				  struct bpf_prog *prog, struct sk_buff *skb);

/* The end of a run. Context: as mytun_xdp_run(), without a break since. */
void mytun_xdp_end(struct mytun_queue *q, struct mytun_xdp_run *run);

/*
 * What programs are told about the queue that a packet came from. For a queue
 * that is set aside, attach is its new index. Context: rtnl; detach when
 * nobody runs a program for it any more.
 */
int mytun_xdp_attach(struct mytun *tun, struct mytun_queue *q, u32 index);
void mytun_xdp_detach(struct mytun_queue *q);

/* Take the program away from a device that goes. Context: rtnl. */
void mytun_xdp_uninit(struct mytun *tun);

/* ndo_bpf, ndo_xdp_xmit */
int mytun_xdp(struct net_device *dev, struct netdev_bpf *cmd);
int mytun_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames,
		   u32 flags);

#endif /* _MYTUN_XDP_H */
