// SPDX-License-Identifier: GPL-2.0
/* write(): one packet a call. */
#include <linux/fs.h>

#include "intake.h"

static ssize_t write_one(struct mytun *tun, struct mytun_queue *q,
			 struct iov_iter *from, bool nonblock)
{
	struct mytun_source src = {
		.iter = from,
		.len = iov_iter_count(from),
	};
	struct mytun_intake_rules rules;
	struct mytun_intake in;
	int err;

	mytun_intake_rules(tun, nonblock, &rules);
	err = mytun_intake_read(tun, q, &rules, &src, &in);
	if (err)
		return err;
	local_bh_disable();
	rcu_read_lock();
	err = mytun_intake_deliver(tun, q, &rules, &in);
	rcu_read_unlock();
	local_bh_enable();
	return err ?: in.len;
}

ssize_t mytun_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct mytun_queue *q = file->private_data;
	struct mytun *tun = mytun_get(q);
	ssize_t ret;

	if (!tun)
		return -EBADFD;
	ret = write_one(tun, q, from, file->f_flags & O_NONBLOCK ||
				      iocb->ki_flags & IOCB_NOWAIT);
	mytun_put(tun);
	return ret;
}
