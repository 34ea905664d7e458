// SPDX-License-Identifier: GPL-2.0
/* The store: see store.h. */
#include <linux/etherdevice.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "copy.h"
#include "store.h"

#define SIZE_MIN	(64U << 10)
#define SIZE_LIMIT	(1024U << 10)
/* Bytes of the largest record: to copy a larger packet twice costs more. */
#define RECORD_MAX	2048
/* Records of one run: so many are lost if they cannot be written. */
#define RUN_MAX		64

/* Context: rtnl. Return: NULL: there is no memory for one. */
struct mytun_store *mytun_store_create(const struct mytun *tun)
{
	u64 wanted = (u64)tun->dev->tx_queue_len * RECORD_MAX;
	struct mytun_store *s;

	if (!mytun_rings_supported())
		return NULL;
	s = kzalloc_obj(*s, GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->size = roundup_pow_of_two(clamp_t(u64, wanted, SIZE_MIN, SIZE_LIMIT));
	if (!mytun_pages_take(s->size >> PAGE_SHIFT))
		goto free;
	if (mytun_area_alloc(&s->area, s->size, true, GFP_KERNEL_ACCOUNT)) {
		mytun_pages_give(s->size >> PAGE_SHIFT);
		goto free;
	}
	return s;

free:
	kfree(s);
	return NULL;
}

void mytun_store_destroy(struct mytun_store *s)
{
	if (!s)
		return;
	mytun_area_free(&s->area);
	mytun_pages_give(s->size >> PAGE_SHIFT);
	kfree(s);
}

static void form_now(struct mytun_store_form *f, const struct mytun *tun,
		     const struct mytun_record_rules *rules)
{
	f->rules = *rules;
	f->flags = READ_ONCE(tun->flags) & MYTUN_STORE_FLAGS;
	f->front = (f->flags & IFF_VNET_HDR ? READ_ONCE(tun->vnet_hdr_sz) : 0) +
		   (f->flags & IFF_NO_PI ? 0 : sizeof(struct tun_pi));
}

static bool same_rules(const struct mytun_record_rules *a,
		       const struct mytun_record_rules *b)
{
	return a->head_room == b->head_room && a->tail_room == b->tail_room &&
	       a->hash == b->hash;
}

static bool same_form(const struct mytun_store_form *a,
		      const struct mytun_store_form *b)
{
	return a->flags == b->flags && a->front == b->front &&
	       same_rules(&a->rules, &b->rules);
}

/* The EtherType that rebuild() finds in a frame of @f, 0: none. */
static __be16 protocol_of(const struct mytun_store_form *f, const u8 *data,
			  u32 len)
{
	if ((f->flags & MYTUN_TYPE_MASK) == IFF_TAP)
		return len < ETH_HLEN ? 0 : ((struct ethhdr *)data)->h_proto;
	if (len && data[0] >> 4 == 4)
		return htons(ETH_P_IP);
	return len && data[0] >> 4 == 6 ? htons(ETH_P_IPV6) : 0;
}

/*
 * Whether a record has all that matters of a packet: the header of a GSO packet
 * cannot be told in another form, a checksum to be finished needs a header, and
 * RFS wants to know where a packet is read that was forwarded.
 */
static bool is_ordinary(const struct mytun_store_form *f,
			const struct sk_buff *skb)
{
	if (skb_is_gso(skb) || skb_vlan_tag_present(skb) ||
	    mytun_read_here_matters(skb))
		return false;
	if (skb->ip_summed == CHECKSUM_PARTIAL && !(f->flags & IFF_VNET_HDR))
		return false;
	return !(f->flags & IFF_NO_PI) ||
	       skb->protocol == protocol_of(f, skb->data, skb_headlen(skb));
}

/* What readers are done with is free. Under ring.producer_lock. */
static void reclaim(struct mytun_store *s)
{
	u32 released = smp_load_acquire(&s->released);		/* B */

	if (released != s->seen) {
		s->seen = released;
		s->tail = released;
	}
}

/* Whether settings have not changed since form_keep(). Likewise. */
static bool form_holds(const struct mytun_store *s, const struct mytun *tun,
		       const struct mytun_record_rules *rules)
{
	const struct mytun_store_form *f = &s->form;

	return (READ_ONCE(tun->flags) & MYTUN_STORE_FLAGS) == f->flags &&
	       READ_ONCE(tun->vnet_hdr_sz) == s->vnet_hdr_sz &&
	       same_rules(rules, &f->rules);
}

/* Return: whether records have the form that they shall have now. Likewise. */
static noinline bool form_keep(struct mytun_store *s, const struct mytun *tun,
			       const struct mytun_record_rules *rules)
{
	u32 vnet_hdr_sz = READ_ONCE(tun->vnet_hdr_sz);
	struct mytun_store_form f;

	form_now(&f, tun, rules);
	reclaim(s);
	if (s->tail == s->put)
		s->form = f;
	else if (!same_form(&s->form, &f))
		return false;
	s->vnet_hdr_sz = vnet_hdr_sz;
	return true;
}

/*
 * The place for a record of @size bytes, or NULL. An empty store begins anew
 * where its memory begins, which caches still have.
 */
static struct mytun_record *place(struct mytun_store *s, u32 size)
{
	reclaim(s);
	if (s->tail == s->put) {
		WRITE_ONCE(s->put, round_up(s->put, s->size));
		s->tail = s->put;
	}
	if (unlikely(s->size - (s->put - s->tail) < size))
		return NULL;
	return s->area.map + (s->put & (s->size - 1));
}

/* Nothing of what was here before goes to the user. */
static __always_inline void clear_rooms(struct mytun_record *r,
					const struct mytun_store_form *f,
					u32 size, u32 len)
{
	u32 end;

	if (likely(!f->rules.head_room && !f->rules.tail_room)) {
		u64 *last = (void *)r + size - MYTUN_RECORD_ALIGN;

		/* Plain stores: memset() costs more than what it clears. */
		BUILD_BUG_ON(MYTUN_RECORD_ALIGN != 8 * sizeof(*last));
		last[0] = 0;
		last[1] = 0;
		last[2] = 0;
		last[3] = 0;
		last[4] = 0;
		last[5] = 0;
		last[6] = 0;
		last[7] = 0;
		return;
	}
	end = MYTUN_RECORD_HEADER + f->rules.head_room;
	memset((void *)r + MYTUN_RECORD_HEADER, 0, f->rules.head_room);
	memset((void *)r + end + len, 0, size - end - len);
}

/* Neither GSO nor a tag, as is_ordinary() has found. Return: 0, or -1. */
static __always_inline int copy_ordinary(const struct mytun *tun,
					 const struct mytun_store_form *f,
					 const struct sk_buff *skb, void *to)
{
	if (unlikely(skb_is_nonlinear(skb)))
		return mytun_copy_any(tun, skb, to, f->front);
	return mytun_copy_plain(tun, f->flags, skb, to, f->front);
}

/**
 * mytun_store_put - a packet for a queue whose reader wants records
 * @tun: the device
 * @q: the queue
 * @mode: the queue's, with a store
 * @skb: the packet; it may be gone when the queue has it
 *
 * Context: softirqs off, rcu_read_lock(). Return: whether there was room.
 */
bool mytun_store_put(struct mytun *tun, struct mytun_queue *q,
		     const struct mytun_batch_mode *mode, struct sk_buff *skb)
{
	struct mytun_store *s = mode->store;
	const struct mytun_store_form *f = &s->form;
	struct mytun_record *r = NULL;
	u32 size = 0, len = 0;
	void *packet = skb;
	bool taken;

	spin_lock(&q->ring.producer_lock);
	if (likely(form_holds(s, tun, &mode->rules)) ||
	    form_keep(s, tun, &mode->rules)) {
		len = f->front + skb->len;
		size = mytun_record_size(&f->rules, len);
		if (likely(size <= RECORD_MAX && is_ordinary(f, skb)) &&
		    q->ring.size && !__ptr_ring_full(&q->ring))
			r = place(s, size);
	}
	if (likely(r)) {
		clear_rooms(r, f, size, len);
		mytun_record_fill(r, &f->rules, tun, q, skb, size, len);
		if (likely(!copy_ordinary(tun, f, skb, (void *)r + r->offset)))
			packet = (void *)((unsigned long)r | MYTUN_STORED_BIT);
		else
			r = NULL;
	}
	taken = !__ptr_ring_produce(&q->ring, packet);		/* A */
	if (r)
		smp_store_release(&s->put, s->put + size);	/* C */
	if (READ_ONCE(tun->flags) & IFF_BACKPRESSURE)
		mytun_queue_stop_if_full(tun, q);
	spin_unlock(&q->ring.producer_lock);
	if (r)
		mytun_consume(skb);
	return taken;
}

static u32 at(const struct mytun_store *s, const void *r)
{
	return (r - s->area.map) & (s->size - 1);
}

/*
 * The records from @first on, @bytes of them, were taken out of the ptr_ring.
 * They come in order, and less than the store's size is skipped. Under
 * ring.consumer_lock.
 */
static void took(struct mytun_store *s, const void *first, u32 bytes)
{
	s->taken += ((at(s, first) - s->taken) & (s->size - 1)) + bytes;
	s->readers++;
	smp_rmb();						/* A */
}

void mytun_store_took(struct mytun_queue *q, void *packet)
{
	struct mytun_record *r = mytun_stored(packet);

	took(q->store, r, r->size);
}

/* Who took records does not look at them any more. Context: process. */
void mytun_store_done(struct mytun_queue *q)
{
	struct mytun_store *s = q->store;

	spin_lock(&q->ring.consumer_lock);
	if (!--s->readers)
		smp_store_release(&s->released, s->taken);	/* B */
	spin_unlock(&q->ring.consumer_lock);
}

u32 mytun_store_read_len(const struct mytun *tun, const struct mytun_queue *q,
			 void *packet)
{
	/* The form is its own, and was there before it. */
	smp_rmb();						/* A */
	return mytun_stored(packet)->len - q->store->form.front +
	       mytun_read_front_len(tun);
}

/* A record's packet, as the stack sent it. */
static struct sk_buff *rebuild(const struct mytun_store *s, struct mytun *tun,
			       const struct mytun_record *r)
{
	const struct mytun_store_form *f = &s->form;
	const void *front = (void *)r + r->offset;
	u32 len = r->len - f->front;
	struct virtio_net_hdr h;
	struct tun_pi pi;
	struct sk_buff *skb;

	skb = alloc_skb(NET_SKB_PAD + len, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD);
	skb_put_data(skb, front + f->front, len);
	skb->dev = tun->dev;
	skb->mark = r->mark;
	skb->priority = r->priority;
	skb->protocol = protocol_of(f, skb->data, len);
	if (!(f->flags & IFF_NO_PI)) {
		memcpy(&pi, front, sizeof(pi));
		skb->protocol = pi.proto;
		front += sizeof(pi);
	}
	if (f->flags & IFF_VNET_HDR) {
		bool le = mytun_vnet_is_le(f->flags);

		memcpy(&h, front, sizeof(h));
		if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
			skb_partial_csum_set(skb,
					     __virtio16_to_cpu(le, h.csum_start),
					     __virtio16_to_cpu(le, h.csum_offset));
		else if (h.flags & VIRTIO_NET_HDR_F_DATA_VALID)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	return skb;
}

/*
 * A record that was taken becomes an skb, or is lost and counted.
 * Return: the skb, or NULL. Context: process.
 */
struct sk_buff *mytun_store_unpack(struct mytun *tun, struct mytun_queue *q,
				   void *packet)
{
	struct sk_buff *skb = rebuild(q->store, tun, mytun_stored(packet));

	if (unlikely(!skb))
		mytun_count_drop(tun, q, MYTUN_DROP_TX_NOMEM);
	mytun_store_done(q);
	return skb;
}

/* Nothing before @put waits. Under ring.consumer_lock. */
static void take_all(struct mytun_store *s, u32 put)
{
	if ((s32)(put - s->taken) <= 0)
		return;
	s->taken = put;
	if (!s->readers)
		smp_store_release(&s->released, put);		/* B */
}

/**
 * mytun_store_take_run - take records that can go out as they are
 * @tun: the device
 * @q: the queue
 * @rules: how records shall look
 * @room: bytes that they may have
 * @run: filled in; none, if another kind of packet comes first, or no room
 *
 * To be read by mytun_store_read_run(). Context: process.
 */
void mytun_store_take_run(struct mytun *tun, struct mytun_queue *q,
			  const struct mytun_record_rules *rules, size_t room,
			  struct mytun_store_run *run)
{
	struct mytun_store *s = q->store;
	struct mytun_store_form f;
	const struct mytun_record *r;
	bool empty = false, full = false;
	u32 bytes = 0, data = 0, next = 0, put;
	unsigned int n = 0;
	void *packet;

	form_now(&f, tun, rules);
	spin_lock(&q->ring.consumer_lock);
	put = smp_load_acquire(&s->put);			/* C */
	while (n < RUN_MAX) {
		packet = __ptr_ring_peek(&q->ring);
		if (!packet) {
			empty = true;
			break;
		}
		if (!mytun_packet_is_stored(packet))
			break;
		r = mytun_stored(packet);
		if (!n) {
			smp_rmb();				/* A */
			if (unlikely(!same_form(&s->form, &f)))
				break;
			run->data = r;
		} else if (unlikely(at(s, r) != next)) {
			break;
		}
		/* The padding of the last one need not fit. */
		if (bytes + r->offset + r->len > room) {
			full = true;
			break;
		}
		__ptr_ring_consume(&q->ring);
		n++;
		bytes += r->size;
		data += r->len;
		next = (at(s, r) + r->size) & (s->size - 1);
	}
	if (n)
		took(s, run->data, bytes);
	if (empty)
		take_all(s, put);
	spin_unlock(&q->ring.consumer_lock);
	run->n = n;
	run->bytes = bytes;
	run->payload = data - n * f.front;
	run->more = !empty && !full;
}

/* Of a run of which @done bytes could be written. Return: of whole records. */
static noinline size_t cut_run(struct mytun *tun, struct mytun_queue *q,
			       const struct mytun_store_run *run, size_t done,
			       u32 front)
{
	const struct mytun_record *r = run->data;
	size_t whole = 0;
	unsigned int i;

	for (i = 0; i < run->n; i++, r = (void *)r + r->size) {
		if (whole + r->offset + r->len > done)
			break;
		whole += r->size;
		mytun_count_tx_bytes(q, r->len - front);
	}
	for (; i < run->n; i++)
		mytun_count_drop(tun, q, MYTUN_DROP_TX_BUFFER);
	return min(whole, done);
}

/*
 * Copy a run to the user, to whom it is lost if that cannot be.
 * Return: bytes of records that the user has; *@fault: not all.
 */
size_t mytun_store_read_run(struct mytun *tun, struct mytun_queue *q,
			    const struct mytun_store_run *run,
			    struct iov_iter *to, bool *fault)
{
	size_t want = min_t(size_t, run->bytes, iov_iter_count(to)), done;

	done = copy_to_iter(run->data, want, to);
	*fault = done != want;
	if (likely(!*fault))
		mytun_stats_tx(q->stats, run->n, run->payload);
	else
		done = cut_run(tun, q, run, done, q->store->form.front);
	mytun_store_done(q);
	return done;
}
