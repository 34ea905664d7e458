// SPDX-License-Identifier: GPL-2.0
/*
 * Which queue owns a flow.
 *
 * One array holds the whole table, 64 bytes a flow. Slot n is two things: the
 * head of the chain for bucket n, and the place of some flow, which need not
 * belong to bucket n. A new flow takes its bucket's own slot when that is free
 * (then one cache line answers) and any free slot otherwise.
 *
 * Readers (the transmit path of any CPU) take no lock. They follow the chain
 * of a bucket and believe what they saw only if the bucket's sequence count,
 * which lies on the line they began with, is even and unchanged:
 *
 *   reader                                writer, with the bucket's lock
 *   A  seq = home->seq                    D  home->seq is made odd
 *   B  smp_rmb(), pairs with F            E  smp_wmb(), pairs with C
 *      follow head and next                  unlink
 *   C  smp_rmb(), then seq again          F  smp_wmb(), home->seq made even
 *
 * Taking a flow out of a chain is bracketed by D..F. Putting one in is not: it
 * is filled first and appears in the chain by one store (smp_store_release).
 * A slot taken out may be reused at once: a reader that strayed along it into
 * another chain has the removal, E, before anything the new user stored, and
 * finds the sequence changed at C.
 *
 * Locks: bucket locks (striped), with the lock of the free list inside. All
 * with softirqs off. The flow's queue is a number handed out by
 * mytun_flows_add_queue(), not a queue index, so that a queue which is given
 * another index keeps its flows.
 */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "flow.h"
#include "mytun.h"

#define FLOW_LOCKS		64
#define FLOW_RETRIES		8
#define FLOW_STEPS_UNCHECKED	8
#define FLOW_SWEEPS_PER_AGE	8	/* runs of the sweep in an ageing time */
#define FLOW_SWEEP_MAX		16384	/* slots that one run looks at */
#define FLOW_RECLAIM		16	/* looked at when the table is full */

struct mytun_flow {
	union {
		struct mytun_tuple tuple;
		struct {		/* kind is MYTUN_TUPLE_NONE */
			u32 next;
			u32 prev;
		} free;
	};
	u16 queue;		/* number from mytun_flows_add_queue() */
	u16 unused;
	u32 hash;
	u32 stamp;		/* jiffies of the last packet */
	u32 next;		/* slot + 1 in the chain, 0: last */
	/* Of the bucket with this slot's number: */
	u32 head;		/* slot + 1, 0: empty */
	u32 seq;
};

struct mytun_flows {
	struct mytun_flow *slot;
	u32 size;
	u32 ageing;			/* jiffies */
	u32 free_head;			/* (free_lock) slot + 1 */
	u32 entries;			/* (free_lock) */
	u32 reclaim;			/* (free_lock) where to look next */
	u64 learned, full;		/* (free_lock) */
	atomic64_t moved;
	u32 sweep_at;			/* the work's own */
	bool sweeping;
	struct delayed_work sweep;
	DECLARE_BITMAP(used, MYTUN_MAX_QUEUES);	/* (rtnl) */
	u16 index_of[MYTUN_MAX_QUEUES];	/* (rtnl), READ_ONCE */
	/* The free list; inside a bucket's lock. */
	spinlock_t free_lock ____cacheline_aligned_in_smp;
	/* Chains of the buckets with this number, modulo. */
	spinlock_t lock[FLOW_LOCKS];
};

static u32 bucket_of(const struct mytun_flows *flows, u32 hash)
{
	return reciprocal_scale(hash, flows->size);
}

static spinlock_t *bucket_lock(struct mytun_flows *flows, u32 bucket)
{
	return &flows->lock[bucket % FLOW_LOCKS];
}

static u32 flow_now(void)
{
	return (u32)jiffies;
}

static bool flow_expired(const struct mytun_flows *flows, u32 stamp)
{
	return flow_now() - stamp > flows->ageing;
}

/* Reads each word once: the flow may be changing under a lockless reader. */
static bool flow_is(const struct mytun_flow *f, const struct mytun_tuple *t,
		    u32 hash)
{
	const u32 *a = (const u32 *)&f->tuple, *b = (const u32 *)t;
	int i, addrs;

	BUILD_BUG_ON(sizeof(struct mytun_flow) != 64);
	BUILD_BUG_ON(offsetof(struct mytun_tuple, port) != 32);
	if (READ_ONCE(f->hash) != hash)
		return false;
	addrs = t->kind == MYTUN_TUPLE_IPV6 ? 8 :
		t->kind == MYTUN_TUPLE_IPV4 ? 2 : 3;
	if (READ_ONCE(f->tuple.kind) != t->kind ||
	    READ_ONCE(f->tuple.proto) != t->proto ||
	    READ_ONCE(a[8]) != b[8])
		return false;
	for (i = 0; i < addrs; i++)
		if (READ_ONCE(a[i]) != b[i])
			return false;
	return true;
}

/* Under the bucket's lock: slot + 1 of the flow, or 0. */
static u32 chain_find(struct mytun_flows *flows, const struct mytun_tuple *t,
		      u32 hash, u32 bucket)
{
	u32 i;

	for (i = flows->slot[bucket].head; i; i = flows->slot[i - 1].next)
		if (flow_is(&flows->slot[i - 1], t, hash))
			return i;
	return 0;
}

/*
 * Without a lock: slot + 1 of the flow, or 0, and who owns it. The slot may be
 * another flow's by the time this returns; @queue and @stamp are right.
 */
static u32 find(struct mytun_flows *flows, const struct mytun_tuple *t,
		u32 hash, u32 bucket, u16 *queue, u32 *stamp)
{
	const struct mytun_flow *home = &flows->slot[bucket];
	unsigned int tries, steps;
	u32 i, seq;

	for (tries = 0; tries < FLOW_RETRIES; tries++) {
		seq = READ_ONCE(home->seq);		/* A */
		smp_rmb();				/* B */
		if (unlikely(seq & 1)) {
			cpu_relax();
			continue;
		}
		steps = 0;
		for (i = READ_ONCE(home->head); i;
		     i = READ_ONCE(flows->slot[i - 1].next)) {
			const struct mytun_flow *f = &flows->slot[i - 1];

			if (flow_is(f, t, hash)) {
				*queue = READ_ONCE(f->queue);
				*stamp = READ_ONCE(f->stamp);
				break;
			}
			/* A stray reader must not run along forever. */
			if (++steps % FLOW_STEPS_UNCHECKED == 0 &&
			    READ_ONCE(home->seq) != seq)
				break;
		}
		smp_rmb();				/* C */
		if (likely(READ_ONCE(home->seq) == seq))
			return i;
	}
	/* The writer may be preempted on a real-time kernel: wait for it. */
	spin_lock_bh(bucket_lock(flows, bucket));
	i = chain_find(flows, t, hash, bucket);
	if (i) {
		*queue = flows->slot[i - 1].queue;
		*stamp = flows->slot[i - 1].stamp;
	}
	spin_unlock_bh(bucket_lock(flows, bucket));
	return i;
}

/* Under free_lock. */
static void free_add(struct mytun_flows *flows, u32 s)
{
	struct mytun_flow *f = &flows->slot[s];

	WRITE_ONCE(f->tuple.kind, MYTUN_TUPLE_NONE);
	f->free.prev = 0;
	f->free.next = flows->free_head;
	if (flows->free_head)
		flows->slot[flows->free_head - 1].free.prev = s + 1;
	flows->free_head = s + 1;
}

/* Under free_lock. */
static void free_remove(struct mytun_flows *flows, u32 s)
{
	u32 prev = flows->slot[s].free.prev, next = flows->slot[s].free.next;

	if (prev)
		flows->slot[prev - 1].free.next = next;
	else
		flows->free_head = next;
	if (next)
		flows->slot[next - 1].free.prev = prev;
}

/*
 * Under the lock of the bucket: put a flow into a free slot and return true,
 * or false: there is none.
 */
static bool slot_fill(struct mytun_flows *flows, const struct mytun_tuple *t,
		      u32 hash, u16 queue, u32 bucket)
{
	struct mytun_flow *f;
	u32 s = bucket;

	spin_lock(&flows->free_lock);
	if (flows->slot[s].tuple.kind != MYTUN_TUPLE_NONE) {
		if (!flows->free_head) {
			spin_unlock(&flows->free_lock);
			return false;
		}
		s = flows->free_head - 1;
	}
	free_remove(flows, s);
	f = &flows->slot[s];
	/* The kind is what makes the slot taken: inside the lock. */
	f->tuple = *t;
	f->queue = queue;
	flows->entries++;
	flows->learned++;
	spin_unlock(&flows->free_lock);

	f->hash = hash;
	f->stamp = flow_now();
	f->next = flows->slot[bucket].head;
	/* Pairs with the address dependency of readers at head. */
	smp_store_release(&flows->slot[bucket].head, s + 1);
	return true;
}

/* Under the lock of the bucket that the flow in slot @s belongs to. */
static void slot_clear(struct mytun_flows *flows, u32 bucket, u32 s)
{
	struct mytun_flow *home = &flows->slot[bucket];
	u32 *link = &home->head;

	while (*link != s + 1)
		link = &flows->slot[*link - 1].next;
	WRITE_ONCE(home->seq, home->seq + 1);	/* D */
	smp_wmb();				/* E */
	WRITE_ONCE(*link, flows->slot[s].next);
	smp_wmb();				/* F */
	WRITE_ONCE(home->seq, home->seq + 1);

	spin_lock(&flows->free_lock);
	free_add(flows, s);
	flows->entries--;
	spin_unlock(&flows->free_lock);
}

/*
 * Take the flow out of slot @s if it is @queue's, or, with
 * MYTUN_FLOW_NO_QUEUE, if it is too old. Any CPU may change the slot until its
 * bucket is locked, so all is looked at again.
 */
static void slot_reap(struct mytun_flows *flows, u32 s, u16 queue)
{
	struct mytun_flow *f = &flows->slot[s];
	u32 hash, bucket;
	bool reap;

	if (READ_ONCE(f->tuple.kind) == MYTUN_TUPLE_NONE)
		return;
	reap = queue == MYTUN_FLOW_NO_QUEUE ?
		flow_expired(flows, READ_ONCE(f->stamp)) :
		READ_ONCE(f->queue) == queue;
	if (!reap)
		return;
	hash = READ_ONCE(f->hash);
	bucket = bucket_of(flows, hash);
	spin_lock_bh(bucket_lock(flows, bucket));
	/* Linked into this chain, it can neither move nor be reused. */
	if (chain_find(flows, &f->tuple, hash, bucket) == s + 1) {
		reap = queue == MYTUN_FLOW_NO_QUEUE ?
			flow_expired(flows, f->stamp) : f->queue == queue;
		if (reap)
			slot_clear(flows, bucket, s);
	}
	spin_unlock_bh(bucket_lock(flows, bucket));
}

/* The table is full: see if a few slots have become too old. */
static void reclaim(struct mytun_flows *flows)
{
	u32 at;
	int i;

	spin_lock(&flows->free_lock);
	at = flows->reclaim;
	flows->reclaim = (at + FLOW_RECLAIM) % flows->size;
	spin_unlock(&flows->free_lock);
	for (i = 0; i < FLOW_RECLAIM; i++)
		slot_reap(flows, (at + i) % flows->size, MYTUN_FLOW_NO_QUEUE);
}

static void sweep_start(struct mytun_flows *flows)
{
	if (READ_ONCE(flows->sweeping))
		return;
	WRITE_ONCE(flows->sweeping, true);
	schedule_delayed_work(&flows->sweep,
			      flows->ageing / FLOW_SWEEPS_PER_AGE + 1);
}

/* Old flows are ignored wherever they are met; this makes room. May sleep. */
static void sweep(struct work_struct *work)
{
	struct mytun_flows *flows = container_of(to_delayed_work(work),
						 struct mytun_flows, sweep);
	u32 i, n;

	n = min_t(u32, flows->size, FLOW_SWEEP_MAX);
	for (i = 0; i < n; i++) {
		slot_reap(flows, flows->sweep_at, MYTUN_FLOW_NO_QUEUE);
		if (++flows->sweep_at == flows->size)
			flows->sweep_at = 0;
		if (i % 1024 == 1023)
			cond_resched();
	}
	/* Stop when there is nothing left; the next flow starts it again. */
	WRITE_ONCE(flows->sweeping, false);
	smp_mb(); /* sweeping before entries; slot_fill() has them reversed */
	if (READ_ONCE(flows->entries))
		sweep_start(flows);
}

static noinline enum mytun_learned
learn_slow(struct mytun_flows *flows, const struct mytun_tuple *t, u32 hash,
	   u16 id)
{
	enum mytun_learned ret = MYTUN_FLOW_ENTERED;
	u32 bucket = bucket_of(flows, hash);
	struct mytun_flow *f;
	bool entered = true;
	int tries = 0;
	u32 i;

again:
	spin_lock_bh(bucket_lock(flows, bucket));
	i = chain_find(flows, t, hash, bucket);
	if (i) {
		f = &flows->slot[i - 1];
		ret = MYTUN_FLOW_KNOWN;
		if (f->queue != id && !flow_expired(flows, f->stamp)) {
			atomic64_inc(&flows->moved);
			ret = MYTUN_FLOW_MOVED;
		}
		WRITE_ONCE(f->queue, id);
		WRITE_ONCE(f->stamp, flow_now());
	} else {
		entered = slot_fill(flows, t, hash, id, bucket);
	}
	spin_unlock_bh(bucket_lock(flows, bucket));
	if (unlikely(!entered)) {
		if (!tries++) {
			reclaim(flows);
			goto again;
		}
		spin_lock(&flows->free_lock);
		flows->full++;
		spin_unlock(&flows->free_lock);
		return MYTUN_FLOW_FULL;
	}
	smp_mb(); /* entries before sweeping; sweep() has them reversed */
	sweep_start(flows);
	return ret;
}

enum mytun_learned
mytun_flows_learn(struct mytun_flows *flows, const struct mytun_tuple *t,
		  u32 hash, u16 id)
{
	u32 stamp, i;
	u16 queue;

	i = find(flows, t, hash, bucket_of(flows, hash), &queue, &stamp);
	if (likely(i && queue == id && !flow_expired(flows, stamp))) {
		/* At worst this keeps another flow a little longer. */
		if (stamp != flow_now())
			WRITE_ONCE(flows->slot[i - 1].stamp, flow_now());
		return MYTUN_FLOW_KNOWN;
	}
	return learn_slow(flows, t, hash, id);
}

/* The index of the queue that owns the flow, or -1. */
int mytun_flows_find(struct mytun_flows *flows, const struct mytun_tuple *t,
		     u32 hash)
{
	u32 stamp, i;
	u16 queue, index;

	i = find(flows, t, hash, bucket_of(flows, hash), &queue, &stamp);
	if (!i || flow_expired(flows, stamp))
		return -1;
	index = READ_ONCE(flows->index_of[queue]);
	if (index == MYTUN_FLOW_NO_QUEUE)
		return -1;
	if (stamp != flow_now())
		WRITE_ONCE(flows->slot[i - 1].stamp, flow_now());
	return index;
}

/* The functions below run under rtnl and may sleep. */

int mytun_flows_add_queue(struct mytun_flows *flows, u16 index)
{
	unsigned int id = find_first_zero_bit(flows->used, MYTUN_MAX_QUEUES);

	if (id == MYTUN_MAX_QUEUES)
		return -E2BIG;
	__set_bit(id, flows->used);
	WRITE_ONCE(flows->index_of[id], index);
	return id;
}

void mytun_flows_move_queue(struct mytun_flows *flows, u16 id, u16 index)
{
	WRITE_ONCE(flows->index_of[id], index);
}

/* From now on no flow is found to be this queue's. */
void mytun_flows_remove_queue(struct mytun_flows *flows, u16 id)
{
	WRITE_ONCE(flows->index_of[id], MYTUN_FLOW_NO_QUEUE);
}

/*
 * Take out every flow of a removed queue and give its number back. Nobody
 * enters flows for it any more: whoever saw the queue attached did so under
 * RCU, and a grace period has passed since.
 */
void mytun_flows_purge(struct mytun_flows *flows, u16 id)
{
	u32 s;

	for (s = 0; s < flows->size; s++) {
		slot_reap(flows, s, id);
		if (s % 1024 == 1023)
			cond_resched();
	}
	__clear_bit(id, flows->used);
}

void mytun_flows_stats(const struct mytun_flows *flows,
		       struct mytun_flow_stats *to)
{
	to->learned = READ_ONCE(flows->learned);
	to->moved = atomic64_read(&flows->moved);
	to->full = READ_ONCE(flows->full);
	to->entries = READ_ONCE(flows->entries);
	to->size = flows->size;
	to->ageing_ms = jiffies_to_msecs(flows->ageing);
}

/*
 * A copy of the flow in slot @s. As in slot_reap(): what is linked into the
 * chain of a locked bucket can neither change nor be reused; until then any
 * word of the slot may be another flow's.
 */
static bool slot_copy(struct mytun_flows *flows, u32 s,
		      struct mytun_flow_info *to)
{
	struct mytun_flow *f = &flows->slot[s];
	u32 hash, bucket, idle = 0;
	bool found = false;

	if (READ_ONCE(f->tuple.kind) == MYTUN_TUPLE_NONE)
		return false;
	hash = READ_ONCE(f->hash);
	bucket = bucket_of(flows, hash);
	spin_lock_bh(bucket_lock(flows, bucket));
	if (chain_find(flows, &f->tuple, hash, bucket) == s + 1) {
		/* The stamp alone is written without the lock. */
		idle = flow_now() - READ_ONCE(f->stamp);
		to->tuple = f->tuple;
		to->hash = hash;
		to->queue = READ_ONCE(flows->index_of[f->queue]);
		found = idle <= flows->ageing &&
			to->queue != MYTUN_FLOW_NO_QUEUE;
	}
	spin_unlock_bh(bucket_lock(flows, bucket));
	to->idle_ms = jiffies_to_msecs(idle);
	return found;
}

bool mytun_flows_next(struct mytun_flows *flows, u32 *at, u32 end,
		      struct mytun_flow_info *to)
{
	end = min(end, flows->size);
	while (*at < end)
		if (slot_copy(flows, (*at)++, to))
			return true;
	return false;
}

struct mytun_flows *mytun_flows_create(unsigned int size, unsigned int ageing_ms)
{
	struct mytun_flows *flows;
	u32 s;
	int i;

	flows = kzalloc_obj(*flows, GFP_KERNEL_ACCOUNT);
	if (!flows)
		return NULL;
	flows->slot = kvzalloc_objs(*flows->slot, size, GFP_KERNEL_ACCOUNT);
	if (!flows->slot) {
		kfree(flows);
		return NULL;
	}
	flows->size = size;
	flows->ageing = msecs_to_jiffies(ageing_ms);
	spin_lock_init(&flows->free_lock);
	for (i = 0; i < FLOW_LOCKS; i++)
		spin_lock_init(&flows->lock[i]);
	for (i = 0; i < MYTUN_MAX_QUEUES; i++)
		flows->index_of[i] = MYTUN_FLOW_NO_QUEUE;
	INIT_DELAYED_WORK(&flows->sweep, sweep);
	for (s = size; s; s--)
		free_add(flows, s - 1);
	return flows;
}

/* No packet is under way any more: the device is being freed. */
void mytun_flows_destroy(struct mytun_flows *flows)
{
	if (!flows)
		return;
	cancel_delayed_work_sync(&flows->sweep);
	kvfree(flows->slot);
	kfree(flows);
}
