// SPDX-License-Identifier: GPL-2.0
/* write(): one packet a call. */
#include <linux/fs.h>

#include "intake.h"
#include "ring.h"

/*
 * IFF_NAPI_FRAGS: through GRO at once, by whoever owns the queue's instance at
 * this moment; -EBUSY, after whatever else is wrong: that is somebody else.
 * Context: napi_mutex, softirqs off, rcu_read_lock().
 */
static int deliver_segments(struct mytun *tun, struct mytun_queue *q,
			    struct mytun_intake_rules *rules,
			    struct mytun_intake *in)
{
	int err;

	if (READ_ONCE(q->napi_on) && napi_schedule_prep(&q->napi)) {
		rules->napi = &q->napi;
		/* What a batch or splice() has put came first. */
		mytun_napi_receive(q, INT_MAX);
	}
	err = mytun_intake_deliver(tun, q, rules, in);
	mytun_intake_end(tun, q, rules);
	if (rules->napi)
		napi_complete(&q->napi);
	return err;
}

ssize_t mytun_write_one(struct mytun *tun, struct mytun_queue *q,
			struct iov_iter *from, bool nonblock)
{
	struct mytun_source src = {
		.iter = from,
		.len = iov_iter_count(from),
	};
	struct mytun_intake_rules rules;
	struct mytun_intake in;
	int err;

	mytun_intake_rules(tun, q, nonblock, &rules);
	rules.segments = READ_ONCE(q->flags) & IFF_NAPI_FRAGS;
	if (unlikely(rules.segments))
		mutex_lock(&q->napi_mutex);
	err = mytun_intake_read(tun, q, &rules, &src, &in);
	if (err)
		goto unlock;
	local_bh_disable();
	rcu_read_lock();
	if (likely(!rules.segments)) {
		err = mytun_intake_deliver(tun, q, &rules, &in);
		mytun_intake_end(tun, q, &rules);
	} else {
		err = deliver_segments(tun, q, &rules, &in);
	}
	rcu_read_unlock();
	local_bh_enable();
unlock:
	if (unlikely(rules.segments))
		mutex_unlock(&q->napi_mutex);
	return err ?: in.len;
}

/* Nothing is written: that is a kick, if the queue has rings. */
static ssize_t mytun_write_kick(struct mytun_queue *q)
{
	/* Rings go with the file, which the caller holds. */
	struct mytun_rings *r = rcu_dereference_protected(q->rings, 1);
	long ret = mytun_drive_kick(q, r);

	return ret < 0 ? ret : 0;
}

ssize_t mytun_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct mytun_queue *q = file->private_data;
	bool nonblock = file->f_flags & O_NONBLOCK ||
			iocb->ki_flags & IOCB_NOWAIT;
	struct mytun *tun = mytun_get(q);
	ssize_t ret;

	if (!tun)
		return -EBADFD;
	if (unlikely(!iov_iter_count(from)) &&
	    rcu_access_pointer(q->rings))
		ret = mytun_write_kick(q);
	else if (unlikely(rcu_access_pointer(q->batch)))
		ret = mytun_batch_write(tun, q, from, nonblock);
	else
		ret = mytun_write_one(tun, q, from, nonblock);
	mytun_put(tun);
	return ret;
}
