// SPDX-License-Identifier: GPL-2.0
/* /dev/net/mytun: each open file is a queue. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "mytun.h"
#include "ring.h"

static int mytun_open(struct inode *inode, struct file *file)
{
	struct mytun_queue *q;

	/* The opener's namespace, for as long as the file is open. */
	q = mytun_queue_open(current->nsproxy->net_ns, file);
	if (IS_ERR(q))
		return PTR_ERR(q);
	mytun_kcov_init(&q->kcov);
	file->private_data = q;
	/* read and write honour IOCB_NOWAIT: io_uring need not use a thread. */
	file->f_mode |= FMODE_NOWAIT;
	/* A stream: there is nowhere to seek to, nor for sendfile() to begin. */
	file->f_mode &= ~FMODE_LSEEK;
	return 0;
}

static int mytun_release(struct inode *inode, struct file *file)
{
	mytun_queue_close(file->private_data);
	return 0;
}

static __poll_t mytun_poll(struct file *file, poll_table *wait)
{
	struct mytun_queue *q = file->private_data;
	struct mytun *tun = mytun_get(q);
	struct mytun_rings *r;
	__poll_t mask = 0;

	if (!tun)
		return EPOLLERR;
	poll_wait(file, &q->wq.wait, wait);
	/* Rings go with the file, which the caller holds. */
	r = rcu_dereference_protected(q->rings, 1);
	if (r)
		mytun_ring_restart(q, r);
	if (r && r->rx_size ? !mytun_ring_rx_empty(r) :
			      !ptr_ring_empty(&q->ring))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (r && r->tx_size) {
		if (mytun_ring_tx_writable(r))
			mask |= EPOLLOUT | EPOLLWRNORM;
		goto out;
	}
	/*
	 * Ask to be told before looking again: the packet that held the buffer
	 * may be freed in between, and write_space() looks at the bit.
	 */
	if (READ_ONCE(tun->dev->flags) & IFF_UP &&
	    (mytun_queue_writable(q) ||
	     (!test_and_set_bit(SOCKWQ_ASYNC_NOSPACE, &q->wq.flags) &&
	      mytun_queue_writable(q))))
		mask |= EPOLLOUT | EPOLLWRNORM;
	else if (!(READ_ONCE(tun->dev->flags) & IFF_UP))
		set_bit(SOCKWQ_ASYNC_NOSPACE, &q->wq.flags);
out:
	if (tun->dev->reg_state != NETREG_REGISTERED)
		mask = EPOLLERR;
	mytun_put(tun);
	return mask;
}

static int mytun_fasync(int fd, struct file *file, int on)
{
	struct mytun_queue *q = file->private_data;
	int err;

	if (on) {
		/* The whole process is told; before 4.19 its first thread. */
		err = f_setown(file, task_tgid_vnr(current), 0);
		if (err)
			return err;
	}
	err = fasync_helper(fd, file, on, &q->fasync);
	if (err < 0)
		return err;
	WRITE_ONCE(q->wants_sigio, on);
	return 0;
}

/* `ip tuntap` and others find out which device a file belongs to. */
static void mytun_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct mytun_queue *q = file->private_data;
	struct mytun *tun;
	char name[IFNAMSIZ] = "";

	rtnl_lock();
	tun = rtnl_dereference(q->dev);
	if (tun)
		strscpy(name, tun->dev->name, sizeof(name));
	rtnl_unlock();
	seq_printf(m, "iff:\t%s\n", name);
	/* Whose file a queue is that generic netlink tells of. */
	seq_printf(m, "mytun-queue:\t%llu\n", q->id);
}

const struct file_operations mytun_fops = {
	.owner		= THIS_MODULE,
	.open		= mytun_open,
	.release	= mytun_release,
	.read_iter	= mytun_read_iter,
	.write_iter	= mytun_write_iter,
	.splice_read	= mytun_splice_read,
	.splice_write	= mytun_splice_write,
	.poll		= mytun_poll,
	.fasync		= mytun_fasync,
	.unlocked_ioctl	= mytun_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= mytun_compat_ioctl,
#endif
	.mmap		= mytun_ring_mmap,
	.show_fdinfo	= mytun_show_fdinfo,
};

static struct miscdevice mytun_misc = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= MYTUN_NAME,
	.nodename	= "net/" MYTUN_NAME,
	.fops		= &mytun_fops,
	.mode		= 0666,
};

int mytun_chrdev_init(void)
{
	return misc_register(&mytun_misc);
}

void mytun_chrdev_exit(void)
{
	misc_deregister(&mytun_misc);
}
