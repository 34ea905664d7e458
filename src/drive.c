// SPDX-License-Identifier: GPL-2.0
/*
 * Who takes packets out of the TX ring: the caller of a kick, softirq (NAPI), a
 * thread that the process lends, or a kernel thread.
 */
#include <linux/cgroup.h>
#include <linux/kthread.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "intake.h"
#include "ring.h"

#define POLL_US_MAX	1000000

static void set_need_wakeup(struct mytun_rings *r, bool need)
{
	u32 flags = need ? MYTUN_RING_TX_NEED_WAKEUP : 0;

	WRITE_ONCE(r->k->tx_flags, flags);
	/* F; and mytun_wake_all() stores ended, then the flags: none is lost. */
	smp_mb();
	if (READ_ONCE(r->ended))
		WRITE_ONCE(r->k->tx_flags, flags | MYTUN_RING_ENDED);
}

/* The producer may sleep until there is room again. */
static void wake_producer(struct mytun_rings *r)
{
	wait_queue_head_t *head = &r->q->wq.wait;

	if (wq_has_sleeper(head) && mytun_ring_tx_writable(r))
		wake_up_interruptible_poll(head, EPOLLOUT | EPOLLWRNORM);
}

/*
 * One run in process context: as many records as the device wants.
 * Context: tx_lock, softirqs on. Return: records taken, of at most @most; or
 * -EBADFD.
 */
static int run(struct mytun_rings *r, int *most)
{
	struct napi_struct *napi = NULL;
	struct mytun_queue *q = r->q;
	struct mytun *tun;
	int n = -EBADFD;

	local_bh_disable();
	rcu_read_lock();
	tun = mytun_rcu(q);
	if (tun) {
		/* To merge packets is to own the instance, as its poll does. */
		if (r->drive_flags & MYTUN_DRIVE_GRO && r->napi_added &&
		    napi_schedule_prep(&r->napi))
			napi = &r->napi;
		*most = mytun_ring_run(tun);
		n = mytun_ring_take(tun, q, r, napi, *most);
		/*
		 * Nothing stays with GRO, whatever gro_flush_timeout says: the
		 * next run may find the instance taken, and not wait for it.
		 */
		if (napi)
			napi_complete_done(napi, 0);
	}
	rcu_read_unlock();
	local_bh_enable();
	return n;
}

static int poll_rings(struct mytun_rings *r, struct napi_struct *napi,
		      int budget)
{
	struct mytun *tun;
	int n = 0;

	rcu_read_lock();
	tun = mytun_rcu(r->q);
	if (tun && READ_ONCE(r->drive) == MYTUN_DRIVE_NAPI) {
		set_need_wakeup(r, false);
		n = mytun_ring_take(tun, r->q, r,
				    READ_ONCE(r->drive_flags) & MYTUN_DRIVE_GRO ?
				    napi : NULL, budget);
		wake_producer(r);
	}
	rcu_read_unlock();
	if (n >= budget)
		return budget;
	if (!napi_complete_done(napi, n) ||
	    READ_ONCE(r->drive) != MYTUN_DRIVE_NAPI)
		return n;
	set_need_wakeup(r, true);
	if (tun && !mytun_ring_tx_empty(r))
		napi_schedule(napi);
	return n;
}

/* Softirq. The budget is the stack's. */
static int poll(struct napi_struct *napi, int budget)
{
	struct mytun_rings *r = container_of(napi, struct mytun_rings, napi);
	int n;

	/* netpoll sends only, and must not complete. */
	if (!budget)
		return 0;
	mytun_kcov_poll_start(&r->q->kcov);
	n = poll_rings(r, napi, budget);
	mytun_kcov_poll_stop();
	return n;
}

/*
 * A thread's work: take what is there; with nothing there look for a while,
 * then sleep until a kick. Return: why it ended.
 */
static int serve(struct mytun_rings *r, bool kernel)
{
	u64 idle_since = 0;
	DEFINE_WAIT(wait);
	int n, most, ret = 0;

	set_need_wakeup(r, false);
	while (!ret) {
		if (kernel ? kthread_should_stop() : signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		mutex_lock(&r->tx_lock);
		n = r->drive == (kernel ? MYTUN_DRIVE_THREAD :
				 MYTUN_DRIVE_LENT) ? run(r, &most) : -EINTR;
		mutex_unlock(&r->tx_lock);
		if (n > 0) {
			wake_producer(r);
			idle_since = 0;
			cond_resched();
			continue;
		}
		if (n < 0 && !kernel) {
			ret = n;
			break;
		}
		if (n == 0 && READ_ONCE(r->poll_us)) {
			u64 now = local_clock();

			if (!idle_since)
				idle_since = now;
			if (now - idle_since < (u64)READ_ONCE(r->poll_us) *
			    NSEC_PER_USEC) {
				cond_resched();
				cpu_relax();
				continue;
			}
		}
		prepare_to_wait(&r->tx_wait, &wait, TASK_INTERRUPTIBLE);
		set_need_wakeup(r, true);
		/* A kernel thread whose device is gone waits for its end. */
		if ((n < 0 || mytun_ring_tx_empty(r)) &&
		    !(kernel ? kthread_should_stop() :
		      signal_pending(current) || READ_ONCE(r->ended)))
			schedule();
		finish_wait(&r->tx_wait, &wait);
		set_need_wakeup(r, false);
		idle_since = 0;
	}
	set_need_wakeup(r, true);
	return ret;
}

static int thread_fn(void *data)
{
	struct mytun_rings *r = data;

	/* Since 6.14 kthreads choose their CPUs when they start. */
	set_cpus_allowed_ptr(current, &r->cpus);
	complete(&r->started);
	mytun_kcov_start(&r->q->kcov);
	serve(r, true);
	mytun_kcov_stop();
	/* kthread_stop() wants to find it. */
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/*
 * A thread that has not begun. Context: no locks, rtnl least of all: to join
 * cgroups takes cgroup_mutex, under which net_prio takes rtnl when a cgroup is
 * made.
 */
static struct task_struct *thread_create(struct mytun_rings *r,
					 const char *name)
{
	struct task_struct *thread;

	thread = kthread_create(thread_fn, r, "mytun/%s-%u", name,
				READ_ONCE(r->q->index));
	if (IS_ERR(thread))
		return thread;
	get_task_struct(thread);
	set_user_nice(thread, task_nice(current));
	/* The caller's cgroups pay, where that can be had. */
	cgroup_attach_task_all(current, thread);
	return thread;
}

static void thread_end(struct task_struct *thread)
{
	if (!thread)
		return;
	kthread_stop(thread);
	put_task_struct(thread);
}

/* Context: drive_lock, without tx_lock. */
static void thread_stop(struct mytun_rings *r)
{
	thread_end(r->thread);
	r->thread = NULL;
}

/*
 * What waits is for the new drive. The drive is changed under tx_lock, so that
 * no run in process context goes on; and NAPI is stopped meanwhile.
 */
static void change(struct mytun_rings *r, u32 drive, u32 flags, u32 poll_us)
{
	mutex_lock(&r->tx_lock);
	if (r->napi_added)
		napi_disable(&r->napi);
	WRITE_ONCE(r->drive, drive);
	r->drive_flags = flags;
	WRITE_ONCE(r->poll_us, poll_us);
	set_need_wakeup(r, true);
	if (r->napi_added) {
		napi_enable(&r->napi);
		mytun_napi_flush(&r->napi);
	}
	mutex_unlock(&r->tx_lock);
	wake_up_all(&r->tx_wait);
}

/* What is asked for, if that can be. Context: rtnl. */
static int check(struct mytun_queue *q, struct mytun_drive *d,
		 const void __user *arg)
{
	struct mytun_rings *r = rtnl_dereference(q->rings);
	int err;

	if (!rtnl_dereference(q->dev))
		return -EBADFD;
	if (!r)
		return -ENOENT;
	err = mytun_copy_args(d, sizeof(*d), arg);
	if (err)
		return err;
	if (d->drive > MYTUN_DRIVE_THREAD || d->flags & ~MYTUN_DRIVE_GRO ||
	    d->poll_us > POLL_US_MAX || d->reserved)
		return -EINVAL;
	return r->tx_size ? 0 : -ENOENT;
}

/* @thread, or NULL, is the rings' from here on. Context: rtnl. */
static void set(struct mytun_rings *r, struct mytun_drive *d,
		struct task_struct *thread)
{
	mutex_lock(&r->drive_lock);
	change(r, MYTUN_DRIVE_CALLER, 0, 0);
	thread_stop(r);
	if (thread) {
		init_completion(&r->started);
		cpumask_copy(&r->cpus, mytun_cpus_allowed(current));
		r->thread = thread;
		d->pid = task_pid_vnr(thread);
	}
	change(r, d->drive, d->flags, d->poll_us);
	if (thread) {
		wake_up_process(thread);
		/* It takes no lock before it says so. */
		wait_for_completion(&r->started);
	}
	mutex_unlock(&r->drive_lock);
}

/* MYTUN_IOC_DRIVE. May sleep, without rtnl: it takes that, twice. */
long mytun_drive_set(struct mytun_queue *q, void __user *arg)
{
	struct task_struct *thread = NULL;
	struct mytun_rings *r;
	char name[IFNAMSIZ];
	struct mytun_drive d;
	int err;

	rtnl_lock();
	err = check(q, &d, arg);
	if (!err)
		strscpy(name, rtnl_dereference(q->dev)->dev->name,
			sizeof(name));
	/* They stay as long as the file, which the caller holds. */
	r = rtnl_dereference(q->rings);
	rtnl_unlock();
	if (err)
		return err;
	if (d.drive == MYTUN_DRIVE_THREAD) {
		thread = thread_create(r, name);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
	}
	rtnl_lock();
	if (rtnl_dereference(q->dev))
		set(r, &d, thread);
	else
		err = -EBADFD;
	rtnl_unlock();
	if (err) {
		thread_end(thread);
		return err;
	}
	if (d.drive == MYTUN_DRIVE_NAPI)
		mytun_drive_wake(r);
	if (d.drive == MYTUN_DRIVE_THREAD &&
	    put_user(d.pid, (s32 __user *)(arg + offsetof(struct mytun_drive,
							  pid))))
		return -EFAULT;
	return 0;
}

/* Wake whoever takes packets out of TX. Context: softirqs on. */
void mytun_drive_wake(struct mytun_rings *r)
{
	switch (READ_ONCE(r->drive)) {
	case MYTUN_DRIVE_NAPI:
		set_need_wakeup(r, false);
		/* Enabling softirqs runs it. */
		local_bh_disable();
		rcu_read_lock();
		if (READ_ONCE(r->napi_added))
			napi_schedule(&r->napi);
		rcu_read_unlock();
		local_bh_enable();
		break;
	case MYTUN_DRIVE_LENT:
	case MYTUN_DRIVE_THREAD:
		wake_up(&r->tx_wait);
		break;
	}
}

/* MYTUN_IOC_KICK, and a write() of nothing. May sleep, without rtnl. */
long mytun_drive_kick(struct mytun_queue *q, struct mytun_rings *r)
{
	u32 most = r->tx_size / MYTUN_RECORD_ALIGN;
	u32 total = 0;
	int n = 0, run_len;

	WRITE_ONCE(r->k->tx_kicks, atomic64_inc_return(&r->kicks));
	mytun_ring_restart(q, r);
	if (!r->tx_size)
		return 0;
	if (READ_ONCE(r->drive) != MYTUN_DRIVE_CALLER) {
		mytun_drive_wake(r);
		return 0;
	}
	/* No more than a ring full, however fast others submit. */
	while (total < most) {
		if (mutex_lock_interruptible(&r->tx_lock))
			return total ?: -EINTR;
		n = r->drive == MYTUN_DRIVE_CALLER ? run(r, &run_len) : 0;
		mutex_unlock(&r->tx_lock);
		if (n <= 0)
			break;
		total += n;
		/* That was all; who submits more kicks for it. */
		if (n < run_len)
			break;
		cond_resched();
	}
	wake_producer(r);
	return n < 0 && !total ? n : total;
}

/* MYTUN_IOC_LEND. Sleeps, without rtnl. */
long mytun_drive_lend(struct mytun_queue *q, struct mytun_rings *r)
{
	long ret;

	if (!r->tx_size)
		return -ENOENT;
	mutex_lock(&r->drive_lock);
	ret = r->drive != MYTUN_DRIVE_LENT ? -EINVAL : r->lent ? -EBUSY : 0;
	if (!ret)
		r->lent = true;
	mutex_unlock(&r->drive_lock);
	if (ret)
		return ret;
	ret = serve(r, false);
	mutex_lock(&r->drive_lock);
	r->lent = false;
	mutex_unlock(&r->drive_lock);
	return ret;
}

/* The queue has a device now. Context: rtnl. */
void mytun_drive_attach(struct mytun *tun, struct mytun_rings *r)
{
	if (!r->tx_size || r->napi_added)
		return;
	netif_napi_add(tun->dev, &r->napi, poll);
	napi_enable(&r->napi);
	WRITE_ONCE(r->napi_added, true);
	set_need_wakeup(r, true);
}

/*
 * The device goes; the queue is not in it any more, and a grace period has
 * passed: who schedules NAPI found the queue without a device. Context: rtnl.
 */
void mytun_drive_detach(struct mytun_rings *r)
{
	if (!r->napi_added)
		return;
	mutex_lock(&r->tx_lock);
	WRITE_ONCE(r->napi_added, false);
	synchronize_net();
	mytun_napi_end(&r->napi);
	mutex_unlock(&r->tx_lock);
}

void mytun_drive_init(struct mytun_rings *r)
{
	mutex_init(&r->tx_lock);
	mutex_init(&r->drive_lock);
	init_waitqueue_head(&r->tx_wait);
	WRITE_ONCE(r->k->tx_flags, MYTUN_RING_TX_NEED_WAKEUP);
}

/* The file is being closed: no ioctl runs. May sleep. */
void mytun_drive_exit(struct mytun_rings *r)
{
	mutex_lock(&r->drive_lock);
	thread_stop(r);
	mutex_unlock(&r->drive_lock);
}
