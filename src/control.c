// SPDX-License-Identifier: GPL-2.0
/* The ioctls of <uapi/linux/mytun.h>. */
#include <linux/rtnetlink.h>
#include <linux/uaccess.h>

#include "ring.h"

/*
 * Copies a structure of @len bytes that begins with its size. A longer one is
 * fine if the rest is 0: the caller knows fields that are not wanted.
 */
int mytun_copy_args(void *to, size_t len, const void __user *from)
{
	const u8 __user *bytes = from;
	u32 size, i;
	u8 byte;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < len)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	for (i = len; i < size; i++) {
		if (get_user(byte, bytes + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return copy_from_user(to, from, len) ? -EFAULT : 0;
}

static u64 features(void)
{
	u64 f = MYTUN_F_BATCH | MYTUN_F_CREATE | MYTUN_F_SPLICE;

	if (mytun_rings_supported())
		f |= MYTUN_F_RING;
	if (MYTUN_CORE_MEMCG)
		f |= MYTUN_F_MEMCG;
	if (MYTUN_CORE_USO)
		f |= MYTUN_F_USO;
	if (MYTUN_CORE_XDP)
		f |= MYTUN_F_XDP;
	return f;
}

/* MYTUN_IOC_CREATE. Context: rtnl. */
static long set_create(struct mytun_queue *q, const void __user *argp)
{
	struct mytun_create c;
	int err;

	if (rtnl_dereference(q->dev))
		return -EBUSY;
	err = mytun_copy_args(&c, sizeof(c), argp);
	if (err)
		return err;
	if (c.flags & ~MYTUN_CREATE_NO_QUEUE)
		return -EINVAL;
	q->create_flags = c.flags;
	return 0;
}

/* Set-up, under rtnl. */
static long set_up(struct mytun_queue *q, unsigned int nr, void __user *argp)
{
	struct mytun *tun = rtnl_dereference(q->dev);
	struct mytun_rings *r = rtnl_dereference(q->rings);

	if (nr == _IOC_NR(MYTUN_IOC_RING_GET))
		return mytun_ring_get(q, argp);
	if (nr == _IOC_NR(MYTUN_IOC_CREATE))
		return set_create(q, argp);
	if (!tun)
		return -EBADFD;
	if (nr == _IOC_NR(MYTUN_IOC_BATCH))
		return mytun_batch_ioctl(tun, q, argp);
	if (nr == _IOC_NR(MYTUN_IOC_RING))
		return mytun_ring_create(tun, q, argp);
	if (!r)
		return -ENOENT;
	switch (nr) {
	case _IOC_NR(MYTUN_IOC_MODERATE):
		return mytun_wake_moderate(r, argp);
	case _IOC_NR(MYTUN_IOC_EVENTFD):
		return mytun_wake_eventfd(r, argp);
	}
	return -EINVAL;
}

/*
 * In use, without rtnl: these sleep. The rings stay as long as the file, which
 * the caller holds.
 */
static long in_use(struct mytun_queue *q, unsigned int nr, void __user *argp)
{
	struct mytun_rings *r;
	bool attached;

	rcu_read_lock();
	r = rcu_dereference(q->rings);
	attached = mytun_rcu(q);
	rcu_read_unlock();
	if (!attached)
		return -EBADFD;
	if (!r)
		return -ENOENT;
	switch (nr) {
	case _IOC_NR(MYTUN_IOC_KICK):
		return mytun_drive_kick(q, r);
	case _IOC_NR(MYTUN_IOC_WAIT):
		return mytun_wake_wait(q, r, argp);
	default:
		return mytun_drive_lend(q, r);
	}
}

long mytun_control(struct mytun_queue *q, unsigned int cmd, void __user *argp)
{
	unsigned int nr = _IOC_NR(cmd);
	long ret;

	switch (nr) {
	case _IOC_NR(MYTUN_IOC_FEATURES):
		return put_user(features(), (u64 __user *)argp);
	case _IOC_NR(MYTUN_IOC_KICK):
	case _IOC_NR(MYTUN_IOC_WAIT):
	case _IOC_NR(MYTUN_IOC_LEND):
		return in_use(q, nr, argp);
	case _IOC_NR(MYTUN_IOC_DRIVE):
		return mytun_drive_set(q, argp);
	}
	rtnl_lock();
	ret = set_up(q, nr, argp);
	rtnl_unlock();
	return ret;
}
