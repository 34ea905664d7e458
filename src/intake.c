// SPDX-License-Identifier: GPL-2.0
/* From the user to the stack: read, describe, learn the flow, deliver. */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/sched.h>

#include "intake.h"
#include "record.h"

/* The least that is made linear of a packet that does not fit one page. */
#define LINEAR_MIN	256

/* What one look at the user's headers needs: a packet information, vnet. */
#define PI_LEN		sizeof(struct tun_pi)

void mytun_intake_rules(const struct mytun *tun, const struct mytun_queue *q,
			bool nonblock, struct mytun_intake_rules *rules)
{
	rules->flags = READ_ONCE(tun->flags);
	rules->vnet_hdr_sz = rules->flags & IFF_VNET_HDR ?
		READ_ONCE(tun->vnet_hdr_sz) : 0;
	rules->headroom = NET_SKB_PAD + READ_ONCE(tun->align) +
			  READ_ONCE(tun->xdp_headroom);
	if ((rules->flags & MYTUN_TYPE_MASK) == IFF_TAP)
		rules->headroom += NET_IP_ALIGN;
	rules->nonblock = nonblock;
	rules->gfp = GFP_KERNEL;
	rules->frag = &current->task_frag;
	rules->napi = NULL;
	rules->through_napi = READ_ONCE(q->flags) & IFF_NAPI;
	rules->segments = false;
	rules->plain = (rules->flags & (MYTUN_TYPE_MASK | IFF_NO_PI |
					IFF_VNET_HDR)) ==
		       (IFF_TUN | IFF_NO_PI) && !tun->flows &&
		       !rules->through_napi;
	rules->packets = 0;
	rules->bytes = 0;
	rules->xdp.active = false;
}

static __always_inline int source_copy(struct mytun_source *src, void *to, size_t n)
{
	src->len -= n;
	if (src->iter)
		return copy_from_iter_full(to, n, src->iter) ? 0 : -EFAULT;
	memcpy(to, src->data, n);
	src->data += n;
	return 0;
}

static __always_inline void source_skip(struct mytun_source *src, size_t n)
{
	src->len -= n;
	if (src->iter)
		iov_iter_advance(src->iter, n);
	else
		src->data += n;
}

static __always_inline int read_headers(const struct mytun_intake_rules *rules,
					struct mytun_source *src,
					struct mytun_intake *in)
{
	int err;

	in->proto = 0;
	if (!(rules->flags & IFF_NO_PI)) {
		struct tun_pi pi;

		if (src->len < PI_LEN)
			return -EINVAL;
		err = source_copy(src, &pi, PI_LEN);
		if (err)
			return err;
		in->proto = pi.proto;
	}
	memset(&in->vnet, 0, sizeof(in->vnet));
	if (rules->flags & IFF_VNET_HDR) {
		unsigned int n = mytun_vnet_bytes(rules->vnet_hdr_sz);
		u8 hdr[MYTUN_VNET_TUNNEL];

		if (src->len < rules->vnet_hdr_sz)
			return -EINVAL;
		err = source_copy(src, hdr, n);
		if (err)
			return err;
		source_skip(src, rules->vnet_hdr_sz - n);
		err = mytun_vnet_decode(&in->vnet, hdr, n,
					mytun_vnet_is_le(rules->flags),
					src->len);
		if (err)
			return err;
	}
	if ((rules->flags & MYTUN_TYPE_MASK) == IFF_TAP &&
	    (src->len < ETH_HLEN ||
	     (in->vnet.hdr_len && in->vnet.hdr_len < ETH_HLEN)))
		return -EINVAL;
	return 0;
}

/*
 * The packet, and what is wanted behind it, for which there is room where the
 * skb's own data will be. _copy_from_iter() looks at the user's memory as
 * copy_from_iter() does; what it leaves out is hardened usercopy's look at the
 * object that is written to. As for copy_page_from_iter(), that is a page,
 * of which refill() has just given that piece.
 */
static __always_inline int copy_payload(struct mytun_source *src, void *to,
					unsigned int n)
{
	size_t all = n + src->behind, got;

	BUILD_BUG_ON(sizeof(struct skb_shared_info) < MYTUN_BEHIND_MAX);
	if (!src->iter)
		return source_copy(src, to, n);
	got = _copy_from_iter(to, all, src->iter);
	if (unlikely(got != all)) {
		iov_iter_revert(src->iter, got);
		if (!src->behind)
			return -EFAULT;
		/* The packet may be readable, and what is behind it not. */
		src->behind = 0;
		return source_copy(src, to, n);
	}
	src->len -= n;
	if (src->behind)
		memcpy(src->next, to + all - sizeof(struct mytun_record),
		       sizeof(struct mytun_record));
	return 0;
}

/* skb_page_frag_refill(), short for what is so most often. */
static __always_inline bool refill(unsigned int room, struct page_frag *frag,
				   gfp_t gfp)
{
	if (likely(frag->page && frag->offset + room <= frag->size)) {
		/* All that was in it is free: begin anew, caches have it. */
		if (page_ref_count(frag->page) == 1)
			frag->offset = 0;
		return true;
	}
	return skb_page_frag_refill(room, frag, gfp);
}

/*
 * A packet that fits one page: head and payload in one piece of the caller's
 * page fragment, which only the caller uses. For write() that is the task's.
 */
static __always_inline int read_page(const struct mytun_intake_rules *rules,
				     struct mytun_source *src,
				     struct mytun_intake *in)
{
	struct page_frag *frag = rules->frag;
	struct page *page;
	int err;

	in->payload = src->len;
	in->room = SKB_DATA_ALIGN(rules->headroom + in->payload) +
		   SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	frag->offset = ALIGN(frag->offset, SMP_CACHE_BYTES);
	if (unlikely(!refill(in->room, frag, rules->gfp)))
		return -ENOMEM;
	/* Ours before the copy: a fault may use the fragment for itself. */
	page = frag->page;
	in->head = page_address(page) + frag->offset;
	get_page(page);
	frag->offset += in->room;
	err = copy_payload(src, in->head + rules->headroom, in->payload);
	if (unlikely(err))
		put_page(page);
	return err;
}

/* The skb of read_page()'s piece. Context: softirqs off. */
static __always_inline struct sk_buff *
build_page(const struct mytun_intake *in, unsigned int headroom,
	   unsigned int len)
{
	struct sk_buff *skb = napi_build_skb(in->head, in->room);

	if (unlikely(!skb)) {
		put_page(virt_to_head_page(in->head));
		return NULL;
	}
	skb_reserve(skb, headroom);
	__skb_put(skb, len);
	return skb;
}

/* A larger packet: a linear part for the headers, the rest in fragments. */
static noinline struct sk_buff *
read_frags(const struct mytun_intake_rules *rules, struct mytun_source *src,
	   unsigned int linear)
{
	struct page_frag *frag = rules->frag;
	struct sk_buff *skb;
	int err = -ENOMEM;

	skb = alloc_skb(rules->headroom + linear, rules->gfp);
	if (!skb)
		return ERR_PTR(-ENOBUFS);
	skb_reserve(skb, rules->headroom);
	err = source_copy(src, __skb_put(skb, linear), linear);
	if (err)
		goto free;
	while (src->len) {
		int i = skb_shinfo(skb)->nr_frags;
		struct page *page;
		size_t n, offset;

		err = -EMSGSIZE;
		if (i == MAX_SKB_FRAGS)
			goto free;
		err = -ENOMEM;
		if (!skb_page_frag_refill(min_t(size_t, src->len, PAGE_SIZE),
					  frag, rules->gfp))
			goto free;
		n = min_t(size_t, src->len, frag->size - frag->offset);
		page = frag->page;
		offset = frag->offset;
		/* The skb's before the copy, see read_page(). */
		get_page(page);
		frag->offset += n;
		skb_fill_page_desc(skb, i, page, offset, n);
		skb->len += n;
		skb->data_len += n;
		skb->truesize += n;
		err = source_copy(src, page_address(page) + offset, n);
		if (err)
			goto free;
	}
	return skb;

free:
	kfree_skb(skb);
	return ERR_PTR(err);
}

/*
 * IFF_NAPI_FRAGS: the first piece of the caller's vector is the linear part,
 * each other one a fragment, of a page at most.
 */
static noinline struct sk_buff *
read_segments(const struct mytun_intake_rules *rules, struct mytun_source *src)
{
	size_t n = iov_iter_single_seg_count(src->iter);
	struct sk_buff *skb;
	int i, err;

	if (src->iter->nr_segs > MAX_SKB_FRAGS + 1 ||
	    src->len > ETH_MAX_MTU - rules->headroom)
		return ERR_PTR(-EMSGSIZE);
	n = min(n, src->len);
	skb = alloc_skb(rules->headroom + n, rules->gfp);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	skb_reserve(skb, rules->headroom);
	err = source_copy(src, __skb_put(skb, n), n);
	for (i = 0; !err && src->len; i++) {
		struct page *page;

		n = min(iov_iter_single_seg_count(src->iter), src->len);
		if (i == MAX_SKB_FRAGS) {
			err = -EMSGSIZE;
		} else if (!n || n > PAGE_SIZE) {
			err = -EINVAL;
		} else {
			page = alloc_page(rules->gfp);
			if (!page) {
				err = -ENOMEM;
				break;
			}
			skb_add_rx_frag(skb, i, page, 0, n, PAGE_SIZE);
			err = source_copy(src, page_address(page), n);
		}
	}
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	return skb;
}

/* With a send buffer that can fill up, the queue's socket pays. */
static noinline struct sk_buff *
read_charged(struct mytun_queue *q, const struct mytun_intake_rules *rules,
	     struct mytun_source *src, unsigned int linear)
{
	size_t len = src->len;
	struct sk_buff *skb;
	int err;

	if (rules->headroom + len < PAGE_SIZE)
		linear = len;
	skb = sock_alloc_send_pskb(&q->sk, rules->headroom + linear,
				   len - linear, rules->nonblock, &err,
				   PAGE_ALLOC_COSTLY_ORDER);
	if (!skb)
		return ERR_PTR(err);
	skb_reserve(skb, rules->headroom);
	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len += len - linear;
	if (src->iter)
		err = skb_copy_datagram_from_iter(skb, 0, src->iter, len);
	else
		err = skb_store_bits(skb, 0, src->data, len);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	source_skip(src, src->iter ? 0 : len);
	src->len = 0;
	return skb;
}

static noinline void count_failed_read(struct mytun *tun,
				       struct mytun_queue *q, int err)
{
	switch (err) {
	case -EAGAIN:
		break;		/* nothing was lost */
	case -EFAULT:
		mytun_count_drop(tun, q, MYTUN_DROP_RX_FAULT);
		break;
	case -EMSGSIZE:
		mytun_count_drop(tun, q, MYTUN_DROP_RX_TOO_BIG);
		break;
	default:
		mytun_count_drop(tun, q, MYTUN_DROP_RX_NOMEM);
	}
}

/* What does not go into one piece of a page. */
static noinline struct sk_buff *
read_skb(struct mytun_queue *q, const struct mytun_intake_rules *rules,
	 struct mytun_source *src, const struct mytun_intake *in)
{
	unsigned int linear;

	if (rules->segments)
		return read_segments(rules, src);
	linear = clamp_t(unsigned int, in->vnet.hdr_len, LINEAR_MIN,
			 SKB_MAX_HEAD(rules->headroom));
	linear = min_t(size_t, linear, src->len);
	if (READ_ONCE(q->sk.sk_sndbuf) != INT_MAX &&
	    gfpflags_allow_blocking(rules->gfp))
		return read_charged(q, rules, src, linear);
	return read_frags(rules, src, linear);
}

/*
 * Inline, so that a carrier that has no use for a part does not pay for it.
 * @plain is a constant: is_plain().
 */
static __always_inline int read_packet(struct mytun *tun,
				       struct mytun_queue *q,
				       const struct mytun_intake_rules *rules,
				       struct mytun_source *src,
				       struct mytun_intake *in, bool plain)
{
	int err;

	in->len = src->len;
	in->mark = 0;
	in->priority = 0;
	if (plain) {
		in->skb = NULL;
		err = read_page(rules, src, in);
		goto out;
	}
	err = read_headers(rules, src, in);
	if (unlikely(err))
		return err;
	if (likely(rules->headroom + src->len <= SKB_WITH_OVERHEAD(PAGE_SIZE) &&
		   !rules->segments &&
		   (READ_ONCE(q->sk.sk_sndbuf) == INT_MAX ||
		    !gfpflags_allow_blocking(rules->gfp)))) {
		/* There is a page, and no skb yet. */
		in->skb = NULL;
		err = read_page(rules, src, in);
	} else {
		src->behind = 0;
		in->skb = read_skb(q, rules, src, in);
		err = PTR_ERR_OR_ZERO(in->skb);
	}
out:
	if (unlikely(err))
		count_failed_read(tun, q, err);
	return err;
}

/* Whether the short way is for a packet of @len bytes. */
static __always_inline bool is_plain(const struct mytun_queue *q,
				     const struct mytun_intake_rules *rules,
				     size_t len)
{
	return rules->plain && !rules->segments &&
	       rules->headroom + len <= SKB_WITH_OVERHEAD(PAGE_SIZE) &&
	       (READ_ONCE(q->sk.sk_sndbuf) == INT_MAX ||
		!gfpflags_allow_blocking(rules->gfp));
}

static noinline int read_any(struct mytun *tun, struct mytun_queue *q,
			     const struct mytun_intake_rules *rules,
			     struct mytun_source *src, struct mytun_intake *in)
{
	return read_packet(tun, q, rules, src, in, false);
}

int mytun_intake_read(struct mytun *tun, struct mytun_queue *q,
		      const struct mytun_intake_rules *rules,
		      struct mytun_source *src, struct mytun_intake *in)
{
	if (likely(is_plain(q, rules, src->len)))
		return read_packet(tun, q, rules, src, in, true);
	return read_any(tun, q, rules, src, in);
}

void mytun_intake_cancel(struct mytun_intake *in)
{
	if (in->skb)
		consume_skb(in->skb);
	else
		put_page(virt_to_head_page(in->head));
}

/* The EtherType of a packet that came with no packet information. */
static __be16 guess_protocol(const struct sk_buff *skb)
{
	u8 version = 0;

	if (likely(skb_headlen(skb)))
		version = skb->data[0] >> 4;
	switch (version) {
	case 4:
		return htons(ETH_P_IP);
	case 6:
		return htons(ETH_P_IPV6);
	}
	return 0;
}

static bool must_dissect(const struct mytun *tun, const struct mytun_intake *in)
{
	return tun->flows || mytun_vnet_is_gso(&in->vnet);
}

/*
 * Whether a program can run on read_page()'s piece: the room that it may use
 * is there (if not, the program came after the packet was read), and the packet
 * is complete as it is.
 */
static bool runs_on_page(const struct mytun_intake_rules *rules,
			 const struct mytun_intake *in)
{
	return MYTUN_CORE_XDP && rules->headroom >= XDP_PACKET_HEADROOM &&
	       !mytun_vnet_is_gso(&in->vnet) &&
	       !(in->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

/*
 * Return: whether the packet goes on, as *@skb (NULL: no memory). If not, it is
 * gone and counted, and *@err is what the user is told.
 */
static noinline bool run_on_page(struct mytun *tun, struct mytun_queue *q,
				 struct mytun_intake_rules *rules,
				 const struct mytun_intake *in,
				 struct bpf_prog *prog, struct sk_buff **skb,
				 int *err)
{
	enum mytun_xdp_verdict verdict;
	struct xdp_buff xdp;

	/* tun lets programs see packets of a device that is down. */
	if (unlikely(!(READ_ONCE(tun->dev->flags) & IFF_UP))) {
		put_page(virt_to_head_page(in->head));
		mytun_count_drop(tun, q, MYTUN_DROP_RX_DOWN);
		*err = -EIO;
		return false;
	}
	mytun_xdp_prepare(&xdp, &q->xdp_rxq, in->head, in->room,
			  rules->headroom, in->payload);
	verdict = mytun_xdp_run(tun, q, &rules->xdp, prog, &xdp);
	if (verdict != MYTUN_XDP_PASS) {
		if (verdict == MYTUN_XDP_TAKEN) {
			rules->packets++;
			rules->bytes += in->payload;
		}
		*err = 0;
		return false;
	}
	*skb = build_page(in, xdp.data - xdp.data_hard_start,
			  xdp.data_end - xdp.data);
	if (likely(*skb) && xdp.data > xdp.data_meta)
		skb_metadata_set(*skb, xdp.data - xdp.data_meta);
	return true;
}

/*
 * The same program on an skb that eth_type_trans() has seen. What it takes away
 * counts as received, like all that the stack's own programs take. What it
 * leaves is looked at anew, since it may have another header now; of the core it
 * is in full since 5.13 only. @h: the headers as they are afterwards.
 */
static noinline struct sk_buff *
run_on_skb(struct mytun *tun, struct mytun_intake_rules *rules,
	   struct bpf_prog *prog, struct sk_buff *skb, unsigned int len,
	   struct mytun_headers *h)
{
	skb = mytun_xdp_run_skb(&rules->xdp, prog, skb);
	if (!skb) {
		rules->packets++;
		rules->bytes += len;
		return NULL;
	}
	__skb_push(skb, skb->data - skb_mac_header(skb));
	if (tun->flows)
		mytun_dissect(skb, 0, 0, h);
	/* A program cannot make it shorter than an Ethernet header. */
	skb->pkt_type = PACKET_HOST;
	skb->protocol = eth_type_trans(skb, tun->dev);
	skb_reset_network_header(skb);
	return skb;
}

/*
 * @plain: as for read_packet(), which @in is from. A TUN has no programs, and a
 * ring a drive of its own.
 */
static __always_inline int deliver(struct mytun *tun, struct mytun_queue *q,
				   struct mytun_intake_rules *rules,
				   struct mytun_intake *in, bool plain)
{
	bool tap = !plain && (rules->flags & MYTUN_TYPE_MASK) == IFF_TAP;
	struct sk_buff *skb = plain ? NULL : in->skb;
	unsigned int len;
	enum mytun_drop reason;
	struct bpf_prog *prog = plain ? NULL : rcu_dereference(tun->xdp);
	struct mytun_headers *h = &rules->headers;
	int err;

	if (!skb) {
		if (unlikely(prog) && runs_on_page(rules, in)) {
			if (!run_on_page(tun, q, rules, in, prog, &skb, &err))
				return err;
			prog = NULL;
		} else {
			skb = build_page(in, rules->headroom, in->payload);
		}
		if (unlikely(!skb)) {
			mytun_count_drop(tun, q, MYTUN_DROP_RX_NOMEM);
			return -ENOMEM;
		}
	}
	if (tap) {
		in->proto = 0;
	} else if (plain || rules->flags & IFF_NO_PI) {
		in->proto = guess_protocol(skb);
		if (unlikely(!in->proto)) {
			err = -EINVAL;
			reason = MYTUN_DROP_RX_PROTOCOL;
			goto drop;
		}
	}
	if (!plain && must_dissect(tun, in)) {
		/* A TUN packet whose sender says EtherType 0 has no headers. */
		if (tap || in->proto)
			mytun_dissect(skb, 0, in->proto, h);
		else
			memset(h, 0, sizeof(*h));
	}
	if (!plain && mytun_vnet_tells(&in->vnet)) {
		err = mytun_vnet_apply(&in->vnet, skb, h);
		if (unlikely(err)) {
			reason = err == -ENOMEM ? MYTUN_DROP_RX_NOMEM :
						  MYTUN_DROP_RX_VNET;
			goto drop;
		}
	}
	if (unlikely(!(READ_ONCE(tun->dev->flags) & IFF_UP))) {
		err = -EIO;
		reason = MYTUN_DROP_RX_DOWN;
		goto drop;
	}
	/* As tun counts: the frame with its header. */
	len = skb->len;
	if (tap) {
		/* IFF_NAPI_FRAGS lets the first piece be shorter. */
		if (unlikely(!pskb_may_pull(skb, ETH_HLEN))) {
			err = -ENOMEM;
			reason = MYTUN_DROP_RX_NOMEM;
			goto drop;
		}
		skb->protocol = eth_type_trans(skb, tun->dev);
	} else {
		skb_reset_mac_header(skb);
		skb->protocol = in->proto;
		skb->dev = tun->dev;
	}
	skb_reset_network_header(skb);
	skb_record_rx_queue(skb, READ_ONCE(q->index));
	skb->mark = in->mark;
	skb->priority = in->priority;
	if (unlikely(prog)) {
		skb = run_on_skb(tun, rules, prog, skb, len, h);
		if (!skb)
			return 0;
	}

	/* Before the stack sees the packet: its reply may come at once. */
	if (!plain && tun->flows && h->tuple.kind != MYTUN_TUPLE_NONE)
		mytun_queue_learn(tun, q, &h->tuple);

	rules->packets++;
	rules->bytes += len;
	if (rules->napi) {
		napi_gro_receive(rules->napi, skb);
	} else if (plain || !rules->through_napi) {
		netif_receive_skb(skb);
	} else if (unlikely(rules->segments || !mytun_napi_put(q, skb))) {
		rules->packets--;
		rules->bytes -= len;
		err = -EBUSY;
		reason = MYTUN_DROP_RX_BUSY;
		goto drop;
	}
	return 0;

drop:
	mytun_drop(tun, q, skb, reason);
	return err;
}

static noinline int deliver_any(struct mytun *tun, struct mytun_queue *q,
				struct mytun_intake_rules *rules,
				struct mytun_intake *in)
{
	return deliver(tun, q, rules, in, false);
}

int mytun_intake_deliver(struct mytun *tun, struct mytun_queue *q,
			 struct mytun_intake_rules *rules,
			 struct mytun_intake *in)
{
	/* NAPI merges those of IFF_NAPI_FRAGS only, which are not plain. */
	if (likely(rules->plain && !in->skb))
		return deliver(tun, q, rules, in, true);
	return deliver_any(tun, q, rules, in);
}

/* A packet of a ring, in two steps that are one. */
static __always_inline int take(struct mytun *tun, struct mytun_queue *q,
				struct mytun_intake_rules *rules,
				struct mytun_source *src, u32 mark,
				u32 priority, bool plain)
{
	struct mytun_intake *in = &rules->in;
	int err;

	err = read_packet(tun, q, rules, src, in, plain);
	if (unlikely(err)) {
		if (err == -EINVAL)
			mytun_count_drop(tun, q, MYTUN_DROP_RX_RECORD);
		return err;
	}
	in->mark = mark;
	in->priority = priority;
	return deliver(tun, q, rules, in, plain);
}

static noinline int take_any(struct mytun *tun, struct mytun_queue *q,
			     struct mytun_intake_rules *rules, const void *data,
			     size_t len, u32 mark, u32 priority)
{
	struct mytun_source src = { .data = data, .len = len };

	return take(tun, q, rules, &src, mark, priority, false);
}

int mytun_intake_take(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_intake_rules *rules, const void *data,
		      size_t len, u32 mark, u32 priority)
{
	struct mytun_source src = { .data = data, .len = len };

	if (likely(is_plain(q, rules, len)))
		return take(tun, q, rules, &src, mark, priority, true);
	return take_any(tun, q, rules, data, len, mark, priority);
}

void mytun_intake_end(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_intake_rules *rules)
{
	if (unlikely(rules->xdp.active))
		mytun_xdp_end(q, &rules->xdp);
	if (!rules->packets)
		return;
	mytun_count_rx(q, rules->packets, rules->bytes);
	if (rules->through_napi && !rules->napi)
		mytun_napi_schedule(tun, q);
	rules->packets = 0;
	rules->bytes = 0;
}
