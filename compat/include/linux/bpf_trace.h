/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XDP. It is here because nothing but a driver's XDP includes this header:
 * what these shims need is complete by then.
 *
 * Kernels before 4.18 hand a driver one packet at a time, and have no
 * xdp_frame that could wait in a queue. A program is attached to the driver all
 * the same, and every packet is made an skb before it sees it; the rest of the
 * driver's XDP is compiled, and nobody calls it.
 */
#ifndef _MYTUN_COMPAT_LINUX_BPF_TRACE_H
#define _MYTUN_COMPAT_LINUX_BPF_TRACE_H

#include_next <linux/bpf_trace.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <mytun-answers.h>

#ifdef XDP_XMIT_FLAGS_MASK	/* 4.18, 42b33468987b */
#define MYTUN_CORE_XDP		1
#else
#define MYTUN_CORE_XDP		0
#endif

#if MYTUN_CORE_XDP

#define MYTUN_XDP_HEADROOM		XDP_PACKET_HEADROOM
#define MYTUN_XDP_OPS(bpf, xmit)	.ndo_bpf = (bpf), .ndo_xdp_xmit = (xmit),

#ifndef MYTUN_HAVE_XDP_RXQ_INFO_REG_FOUR_ARGS
#define xdp_rxq_info_reg(rxq, dev, index, napi_id) \
	xdp_rxq_info_reg(rxq, dev, index)
#endif

/* The size of a frame came in 5.8, f95f0f95cfb7, with this macro. */
#ifndef xdp_data_hard_end
#define mytun_xdp_set_room(xdp, room)		((void)(room))
#define xdp_convert_buff_to_frame(xdp)		convert_to_xdp_frame(xdp)
#ifndef xdp_do_flush_map	/* the new name since 5.6, 1d233886dd90 */
#define xdp_do_flush()				xdp_do_flush_map()
#endif
#else
#define mytun_xdp_set_room(xdp, room)		((xdp)->frame_sz = (room))
#endif

/* xdp_init_buff() and xdp_prepare_buff(), of 5.12, in one. */
static inline void mytun_xdp_prepare(struct xdp_buff *xdp,
				     struct xdp_rxq_info *rxq, void *head,
				     u32 room, u32 headroom, u32 len)
{
	memset(xdp, 0, sizeof(*xdp));
	xdp->rxq = rxq;
	xdp->data_hard_start = head;
	xdp->data = head + headroom;
	xdp->data_end = xdp->data + len;
	xdp->data_meta = xdp->data;
	mytun_xdp_set_room(xdp, room);
}

/* Frames have had fragments since 5.18, with this flag of programs. */
#ifndef BPF_F_XDP_HAS_FRAGS
#define xdp_frame_has_frags(frame)		false
#define xdp_get_frame_len(frame)		((frame)->len)
#ifndef xdp_data_hard_end
#define xdp_get_shared_info_from_frame(frame)	((struct skb_shared_info *)NULL)
#endif
#endif

#else /* !MYTUN_CORE_XDP */

#define MYTUN_XDP_HEADROOM		0
#define MYTUN_XDP_OPS(bpf, xmit)	.ndo_bpf = (bpf),
#define XDP_XMIT_FLUSH		1U
#define XDP_XMIT_FLAGS_MASK	XDP_XMIT_FLUSH

/* 4.16 and 4.17 have some of these, 4.15 has none. */
#define xdp_rxq_info		mytun_xdp_rxq_info
#define xdp_frame		mytun_xdp_frame

struct xdp_rxq_info {
	u32 queue_index;
};

struct xdp_frame {
	void *data;
	u32 len;
};

#define MEM_TYPE_PAGE_SHARED			0
#define xdp_rxq_info_reg(rxq, dev, index, id)	((rxq)->queue_index = (index), 0)
#define xdp_rxq_info_reg_mem_model(rxq, type, allocator)	0
#define xdp_rxq_info_unreg(rxq)			((void)(rxq))
#define xdp_return_frame(frame)			((void)(frame))
#define xdp_convert_buff_to_frame(xdp)		((struct xdp_frame *)NULL)
#define xdp_frame_has_frags(frame)		false
#define xdp_get_frame_len(frame)		((frame)->len)
#define xdp_get_shared_info_from_frame(frame)	((struct skb_shared_info *)NULL)
#define xdp_do_flush()				xdp_do_flush_map()

static inline void mytun_xdp_prepare(struct xdp_buff *xdp,
				     struct xdp_rxq_info *rxq, void *head,
				     u32 room, u32 headroom, u32 len)
{
	memset(xdp, 0, sizeof(*xdp));
}

#endif

/* Until 5.8 the driver says which program it has. Whether that was asked. */
static inline bool mytun_xdp_query(struct netdev_bpf *cmd,
				   const struct bpf_prog *prog)
{
#ifdef MYTUN_HAVE_XDP_QUERY_PROG
	if (cmd->command == XDP_QUERY_PROG) {
		cmd->prog_id = prog ? prog->aux->id : 0;
#ifdef MYTUN_HAVE_XDP_PROG_ATTACHED
		cmd->prog_attached = !!prog;
#endif
		return true;
	}
#endif
	return false;
}

/*
 * Since 5.6 bpf_prog_run_xdp() goes through a page of code that is written anew
 * for each change of a program; until 6.2, 4121d4481b72, without waiting for
 * whoever ran it. Programs are called directly instead, here by the macro that
 * 5.15, fb7dd8bca013, replaced.
 */
#ifdef BPF_PROG_RUN
#define bpf_prog_run(prog, context)		BPF_PROG_RUN(prog, context)
#endif

/* A program's per-task state, since 6.11, 401cb7dae813, with this flag. */
#ifndef BPF_RI_F_RI_INIT
struct bpf_net_context {
};

static inline struct bpf_net_context *
bpf_net_ctx_set(struct bpf_net_context *context)
{
	return context;
}

static inline void bpf_net_ctx_clear(struct bpf_net_context *context)
{
}
#endif

#ifndef MYTUN_HAVE_DO_XDP_GENERIC_PSKB
#define do_xdp_generic(prog, pskb)		do_xdp_generic(prog, *(pskb))
#endif

#endif /* _MYTUN_COMPAT_LINUX_BPF_TRACE_H */
