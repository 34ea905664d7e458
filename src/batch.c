// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: many records for one read() or write() of a plain file.
 *
 * The mode of a queue changes under rtnl and is read, as a whole, under RCU by
 * each call. A call that began under the old mode ends under it.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "batch.h"
#include "frame.h"
#include "intake.h"
#include "record.h"
#include "ring.h"
#include "store.h"

static bool batch_mode(struct mytun_queue *q, struct mytun_batch_mode *copy)
{
	const struct mytun_batch_mode *mode;

	rcu_read_lock();
	mode = rcu_dereference(q->batch);
	if (mode)
		*copy = *mode;
	rcu_read_unlock();
	return mode;
}

/*
 * Take packets that fit into @room together, a few at a time, up to those for
 * which there is mytun_store_take_run(), unless that has not taken the first.
 * Return: how many; *too_small: one waits, and @room is too small for it;
 * *more: one waits.
 */
static unsigned int take(struct mytun *tun, struct mytun_queue *q,
			 const struct mytun_record_rules *rules, size_t room,
			 void **packets, bool *too_small, bool *more)
{
	unsigned int n = 0;

	*too_small = false;
	*more = true;
	spin_lock(&q->ring.consumer_lock);
	while (n < MYTUN_INTAKE_RUN) {
		void *packet = __ptr_ring_peek(&q->ring);
		u32 len;

		if (!packet) {
			*more = false;
			break;
		}
		if (unlikely(mytun_packet_is_stored(packet))) {
			if (n)
				break;
			len = mytun_store_read_len(tun, q, packet);
		} else {
			len = mytun_packet_read_len(tun, packet);
		}
		len += MYTUN_RECORD_HEADER + rules->head_room;
		if (len > room) {
			*too_small = true;
			break;
		}
		/* The padding of the last one need not fit. */
		room -= min_t(size_t, room, ALIGN(len + rules->tail_room,
						  MYTUN_RECORD_ALIGN));
		packets[n++] = __mytun_packet_take(q);
	}
	spin_unlock(&q->ring.consumer_lock);
	return n;
}

/* Return: bytes put, or -EFAULT. */
static ssize_t put_record(struct mytun *tun, struct mytun_queue *q,
			  const struct mytun_record_rules *rules,
			  void *packet, struct iov_iter *to)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);
	size_t room = iov_iter_count(to), rest;
	enum mytun_drop reason = MYTUN_DROP_TX_BUFFER;
	struct mytun_record r;
	u32 len = mytun_packet_read_len(tun, packet);
	u32 size = mytun_record_size(rules, len);
	int err;

	if (unlikely(frame))
		mytun_frame_fill(&r, rules, q, frame, size, len);
	else
		mytun_record_fill(&r, rules, tun, q, packet, size, len);
	err = -EFAULT;
	/* The device's settings may have changed since it was taken. */
	if (r.offset + len > room || copy_to_iter(&r, sizeof(r), to) != sizeof(r))
		goto drop;
	iov_iter_advance(to, r.offset - sizeof(r));
	err = mytun_packet_read_copy(tun, packet, to, len, &reason);
	if (err)
		goto drop;
	rest = min_t(size_t, r.size, room) - r.offset - len;
	iov_iter_advance(to, rest);
	mytun_packet_done(q, packet);
	return r.offset + len + rest;

drop:
	mytun_packet_drop(tun, q, packet, reason);
	return -EFAULT;
}

/* Return: bytes put, *@err: what ended it, or 0. */
static size_t put_records(struct mytun *tun, struct mytun_queue *q,
			  const struct mytun_record_rules *rules,
			  void **packets, unsigned int n, struct iov_iter *to,
			  int *err)
{
	size_t done = 0;
	unsigned int i;
	ssize_t put;

	*err = 0;
	for (i = 0; i < n; i++) {
		void *packet = packets[i];

		if (*err) {
			mytun_packet_drop(tun, q, packet, MYTUN_DROP_TX_BUFFER);
			continue;
		}
		if (unlikely(mytun_packet_is_stored(packet))) {
			packet = mytun_store_unpack(tun, q, packet);
			if (!packet)
				continue;
		}
		put = put_record(tun, q, rules, packet, to);
		if (put < 0)
			*err = put;
		else
			done += put;
	}
	return done;
}

static ssize_t read_batch(struct mytun *tun, struct mytun_queue *q,
			  const struct mytun_batch_mode *mode,
			  struct iov_iter *to, bool nonblock)
{
	void *packets[MYTUN_INTAKE_RUN];
	struct mytun_store_run run = {};
	bool too_small, more, fault;
	ssize_t done = 0;
	unsigned int n;
	int err;

	for (;;) {
		if (mode->store)
			mytun_store_take_run(tun, q, &mode->rules,
					     iov_iter_count(to), &run);
		if (run.n) {
			mytun_queue_took(tun, q, run.n);
			done += mytun_store_read_run(tun, q, &run, to, &fault);
			if (fault)
				return done ?: -EFAULT;
			if (run.more)
				continue;
			return done;
		}
		n = take(tun, q, &mode->rules, iov_iter_count(to), packets,
			 &too_small, &more);
		if (n) {
			mytun_queue_took(tun, q, n);
			done += put_records(tun, q, &mode->rules, packets, n,
					    to, &err);
			if (err)
				return done ?: err;
			if (more && !too_small)
				continue;
		}
		if (done)
			return done;
		if (too_small)
			return -EMSGSIZE;
		err = mytun_read_wait(q, nonblock);
		if (err)
			return err;
	}
}

ssize_t mytun_batch_read(struct mytun *tun, struct mytun_queue *q,
			 struct iov_iter *to, bool nonblock)
{
	struct mytun_batch_mode mode;
	ssize_t done;

	if (!batch_mode(q, &mode) || !mode.reads)
		return mytun_read_one(tun, q, to, nonblock);
	done = read_batch(tun, q, &mode, to, nonblock);
	if (done > 0)
		mytun_count_tx_batch(q);
	return done;
}

/* What is being written. */
struct feed {
	struct iov_iter *from;
	bool has_next;			/* of the next record, this was read: */
	struct mytun_record next;
	struct mytun_intake in[MYTUN_INTAKE_RUN];
};

/* A record out of the user's memory. Return: its bytes, or a negative errno. */
static ssize_t read_record(struct mytun *tun, struct mytun_queue *q,
			   const struct mytun_record_rules *rules,
			   const struct mytun_intake_rules *intake,
			   struct feed *feed, struct mytun_intake *in)
{
	struct iov_iter *from = feed->from;
	size_t left = iov_iter_count(from);
	struct mytun_source src = { .iter = from };
	struct mytun_record r;
	u32 behind;
	int err;

	if (likely(feed->has_next)) {
		feed->has_next = false;
		r = feed->next;
		left += sizeof(r);
	} else {
		if (left < sizeof(r))
			return -EINVAL;
		if (!copy_from_iter_full(&r, sizeof(r), from))
			return -EFAULT;
	}
	/* The padding of the last record may be missing. */
	if (!mytun_record_size_ok(&r, ALIGN(left, MYTUN_RECORD_ALIGN)) ||
	    !mytun_record_ok(rules, &r) || (u64)r.offset + r.len > left)
		return -EINVAL;
	/* One copy reads a packet and the header of the next record. */
	behind = r.size - r.offset - r.len + sizeof(r);
	if (behind <= MYTUN_BEHIND_MAX && left >= r.size + sizeof(r))
		src.behind = behind;
	src.next = &feed->next;
	left = min_t(size_t, r.size, left);
	if (!r.len) {
		/* It holds no packet. */
		iov_iter_advance(from, left - sizeof(r));
		in->head = NULL;
		in->skb = NULL;
		in->len = left;
		return left;
	}
	if (r.offset > sizeof(r))
		iov_iter_advance(from, r.offset - sizeof(r));
	src.len = r.len;
	err = mytun_intake_read(tun, q, intake, &src, in);
	if (err)
		return err;
	in->mark = r.mark;
	in->priority = r.priority;
	/* What the user handed over is the whole record. */
	in->len = left;
	feed->has_next = src.behind;
	if (unlikely(!src.behind))
		iov_iter_advance(from, left - r.offset - r.len);
	return left;
}

/*
 * One run: read records, then deliver them.
 * Return: bytes of those that were accepted; what stopped it, or 0, in @err.
 */
static size_t write_run(struct mytun *tun, struct mytun_queue *q,
			const struct mytun_record_rules *rules,
			struct mytun_intake_rules *intake, struct feed *feed,
			int *err)
{
	struct mytun_intake *in = feed->in;
	unsigned int most = mytun_intake_run(tun);
	unsigned int i, n = 0;
	size_t done = 0;
	ssize_t got = 0;
	int failed = 0;

	while (n < most && (feed->has_next || iov_iter_count(feed->from))) {
		got = read_record(tun, q, rules, intake, feed, &in[n]);
		if (got < 0)
			break;
		n++;
	}
	*err = got < 0 ? got : 0;
	if (!n)
		return 0;
	local_bh_disable();
	rcu_read_lock();
	for (i = 0; i < n; i++) {
		if (!in[i].skb && !in[i].head) {
			if (!failed)
				done += in[i].len;
			continue;
		}
		if (failed) {
			/* Behind the one that stopped it: not accepted. */
			mytun_intake_cancel(&in[i]);
			continue;
		}
		failed = mytun_intake_deliver(tun, q, intake, &in[i]);
		if (!failed)
			done += in[i].len;
	}
	mytun_intake_end(tun, q, intake);
	rcu_read_unlock();
	local_bh_enable();
	if (failed)
		*err = failed;
	return done;
}

static ssize_t write_batch(struct mytun *tun, struct mytun_queue *q,
			   const struct mytun_record_rules *rules,
			   struct iov_iter *from, bool nonblock)
{
	struct feed feed = { .from = from };
	struct mytun_intake_rules intake;
	ssize_t done = 0;
	int err;

	if (!iov_iter_count(from))
		return -EINVAL;
	mytun_intake_rules(tun, q, nonblock, &intake);
	do {
		done += write_run(tun, q, rules, &intake, &feed, &err);
		cond_resched();
	} while (!err && (feed.has_next || iov_iter_count(from)));
	return done ?: err;
}

ssize_t mytun_batch_write(struct mytun *tun, struct mytun_queue *q,
			  struct iov_iter *from, bool nonblock)
{
	struct mytun_batch_mode mode;
	ssize_t done;

	if (!batch_mode(q, &mode) || !mode.writes)
		return mytun_write_one(tun, q, from, nonblock);
	done = write_batch(tun, q, &mode.rules, from, nonblock);
	if (done > 0)
		mytun_count_rx_batch(q);
	return done;
}

/*
 * The queue's store, which stays until the file is closed. Without memory for
 * one, batches work as well. Context: rtnl.
 */
static struct mytun_store *store_of(const struct mytun *tun,
				    struct mytun_queue *q)
{
	struct mytun_store *s = q->store;

	if (s)
		return s;
	s = mytun_store_create(tun);
	/* Who takes a record of it, under the lock, comes after this. */
	spin_lock(&q->ring.consumer_lock);
	q->store = s;
	spin_unlock(&q->ring.consumer_lock);
	return s;
}

/* MYTUN_IOC_BATCH. Context: rtnl. */
long mytun_batch_ioctl(struct mytun *tun, struct mytun_queue *q,
		       const void __user *arg)
{
	struct mytun_batch_mode *mode = NULL, *old;
	struct mytun_record_rules rules;
	struct mytun_batch b;
	int err;

	err = mytun_copy_args(&b, sizeof(b), arg);
	if (err)
		return err;
	if (b.reserved || b.flags & ~(MYTUN_Q_HASH | MYTUN_Q_META |
				      MYTUN_Q_READ | MYTUN_Q_WRITE))
		return -EINVAL;
	err = mytun_record_rules_set(&rules, tun, b.flags, b.head_room,
				     b.tail_room);
	if (err)
		return err;
	if (b.flags & MYTUN_Q_READ && mytun_ring_has_rx(q))
		return -EBUSY;
	if (b.flags & (MYTUN_Q_READ | MYTUN_Q_WRITE)) {
		mode = kzalloc_obj(*mode, GFP_KERNEL_ACCOUNT);
		if (!mode)
			return -ENOMEM;
		mode->rules = rules;
		mode->reads = b.flags & MYTUN_Q_READ;
		mode->writes = b.flags & MYTUN_Q_WRITE;
		mode->store = mode->reads ? store_of(tun, q) : NULL;
	}
	old = rtnl_dereference(q->batch);
	rcu_assign_pointer(q->batch, mode);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/* The file is being closed: nobody reads or writes it. */
void mytun_batch_end(struct mytun_queue *q)
{
	kfree(rcu_dereference_protected(q->batch, 1));
}

/* Whether read() returns records. Context: rtnl. */
bool mytun_batch_reads(const struct mytun_queue *q)
{
	const struct mytun_batch_mode *mode = rtnl_dereference(q->batch);

	return mode && mode->reads;
}

/* As MYTUN_IOC_BATCH has left it; no flags: off. Context: rtnl. */
void mytun_batch_describe(const struct mytun_queue *q, struct mytun_batch *to)
{
	const struct mytun_batch_mode *mode = rtnl_dereference(q->batch);

	memset(to, 0, sizeof(*to));
	to->size = sizeof(*to);
	if (!mode)
		return;
	to->flags = (mode->reads ? MYTUN_Q_READ : 0) |
		    (mode->writes ? MYTUN_Q_WRITE : 0) |
		    (mode->rules.hash ? MYTUN_Q_HASH : 0) |
		    (mode->rules.meta ? MYTUN_Q_META : 0);
	to->head_room = mode->rules.head_room;
	to->tail_room = mode->rules.tail_room;
}
