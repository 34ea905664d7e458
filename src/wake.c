// SPDX-License-Identifier: GPL-2.0
/*
 * Waking who waits for packets, once for each time that the ring had been
 * emptied: at once, or, moderated, after so many packets or so long.
 */
#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ring.h"

#define WAKE_USECS_MAX	1000000

/* Context: any, hard interrupts included. */
void mytun_wake_now(struct mytun_rings *r)
{
	struct mytun_queue *q = r->q;
	struct eventfd_ctx *event;

	WRITE_ONCE(r->k->rx_wakeups, atomic64_inc_return(&r->wakeups));
	mytun_queue_wake_reader(q);
	rcu_read_lock();
	event = rcu_dereference(r->rx_event);
	if (event)
		mytun_eventfd_signal(event);
	rcu_read_unlock();
}

/* Without a lock: whoever takes the duty away does it, and only that one. */
static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct mytun_rings *r = container_of(timer, struct mytun_rings,
					     wake_timer);

	if (atomic_xchg(&r->wake_due, 0))
		mytun_wake_now(r);
	return HRTIMER_NORESTART;
}

/*
 * Records were published, and wake-ups are moderated. @was_empty: the process
 * had taken all before these, so it may sleep. Context: rx_lock, after full
 * barrier E.
 */
void mytun_wake_moderated(struct mytun_rings *r, u32 packets, bool was_empty)
{
	u32 enough = READ_ONCE(r->wake_packets);
	u32 usecs = READ_ONCE(r->wake_usecs);

	if (was_empty && !atomic_read(&r->wake_due)) {
		r->wake_count = 0;
		atomic_set(&r->wake_due, 1);
		hrtimer_start(&r->wake_timer,
			      ns_to_ktime((u64)usecs * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
	}
	if (!atomic_read(&r->wake_due))
		return;
	r->wake_count += packets;
	/* A queue that has stopped brings no more. */
	if (((enough && r->wake_count >= enough) ||
	     READ_ONCE(r->rx_stopped)) && atomic_xchg(&r->wake_due, 0))
		mytun_wake_now(r);
}

/* The rings have ended: nobody may sleep on. Context: may sleep. */
void mytun_wake_all(struct mytun_rings *r)
{
	WRITE_ONCE(r->ended, true);
	smp_mb(); /* before the flags, see set_need_wakeup() */
	/* The kernel page's flags are changed under rx_lock as well. */
	spin_lock_bh(&r->rx_lock);
	WRITE_ONCE(r->k->rx_flags, r->k->rx_flags | MYTUN_RING_ENDED);
	WRITE_ONCE(r->k->tx_flags, r->k->tx_flags | MYTUN_RING_ENDED);
	spin_unlock_bh(&r->rx_lock);
	mytun_wake_now(r);
	wake_up_all(&r->q->wq.wait);
	wake_up_all(&r->tx_wait);
}

/* A consumer must not sleep for ever. */
bool mytun_wake_sane(u32 packets, u32 usecs)
{
	return usecs <= WAKE_USECS_MAX && (packets <= 1 || usecs);
}

/* By ioctl, or ethtool for all queues of a device. Context: rtnl. */
void mytun_wake_set(struct mytun_rings *r, u32 packets, u32 usecs)
{
	spin_lock_bh(&r->rx_lock);
	WRITE_ONCE(r->wake_packets, packets);
	WRITE_ONCE(r->wake_usecs, packets == 1 ? 0 : usecs);
	spin_unlock_bh(&r->rx_lock);
	hrtimer_cancel(&r->wake_timer);
	/* Nobody else will, if it was due. */
	if (atomic_xchg(&r->wake_due, 0))
		mytun_wake_now(r);
}

/* MYTUN_IOC_MODERATE. Context: rtnl. */
long mytun_wake_moderate(struct mytun_rings *r, const void __user *arg)
{
	struct mytun_moderate m;
	int err;

	err = mytun_copy_args(&m, sizeof(m), arg);
	if (err)
		return err;
	if (m.reserved || !mytun_wake_sane(m.packets, m.usecs))
		return -EINVAL;
	mytun_wake_set(r, m.packets, m.usecs);
	return 0;
}

/*
 * The kick eventfd: a write to it calls this under its wait queue's lock, with
 * interrupts off.
 */
static int kick_written(wait_queue_entry_t *entry, unsigned int mode, int sync,
			void *key)
{
	struct mytun_rings *r = container_of(entry, struct mytun_rings,
					     kick_entry);

	if ((__force __poll_t)(uintptr_t)key & EPOLLIN)
		schedule_work(&r->kick_work);
	return 0;
}

static void kick_work(struct work_struct *work)
{
	struct mytun_rings *r = container_of(work, struct mytun_rings,
					     kick_work);

	mytun_drive_wake(r);
}

static void kick_queued(struct file *file, wait_queue_head_t *head,
			poll_table *table)
{
	struct mytun_rings *r = container_of(table, struct mytun_rings,
					     kick_table);

	r->kick_head = head;
	add_wait_queue(head, &r->kick_entry);
}

/* Context: drive_lock, or the last user of the rings. */
static void kick_forget(struct mytun_rings *r)
{
	if (!r->kick_file)
		return;
	if (r->kick_head)
		remove_wait_queue(r->kick_head, &r->kick_entry);
	cancel_work_sync(&r->kick_work);
	fput(r->kick_file);
	r->kick_file = NULL;
	r->kick_head = NULL;
}

static int kick_remember(struct mytun_rings *r, int fd)
{
	struct file *file = eventfd_fget(fd);

	if (IS_ERR(file))
		return PTR_ERR(file);
	r->kick_file = file;
	init_waitqueue_func_entry(&r->kick_entry, kick_written);
	init_poll_funcptr(&r->kick_table, kick_queued);
	/* It may have been written to before. */
	if (file->f_op->poll(file, &r->kick_table) & EPOLLIN)
		schedule_work(&r->kick_work);
	return 0;
}

/* MYTUN_IOC_EVENTFD. Context: rtnl. */
long mytun_wake_eventfd(struct mytun_rings *r, const void __user *arg)
{
	struct eventfd_ctx *event = NULL, *old;
	struct mytun_eventfd e;
	int err;

	err = mytun_copy_args(&e, sizeof(e), arg);
	if (err)
		return err;
	if (e.reserved || e.rx < -1 || e.kick < -1)
		return -EINVAL;
	if (e.rx >= 0) {
		event = eventfd_ctx_fdget(e.rx);
		if (IS_ERR(event))
			return PTR_ERR(event);
	}
	mutex_lock(&r->drive_lock);
	kick_forget(r);
	err = 0;
	if (e.kick >= 0)
		err = r->drive == MYTUN_DRIVE_CALLER ? -EINVAL :
			kick_remember(r, e.kick);
	mutex_unlock(&r->drive_lock);
	if (err) {
		if (event)
			eventfd_ctx_put(event);
		return err;
	}
	old = rcu_dereference_protected(r->rx_event, 1);
	rcu_assign_pointer(r->rx_event, event);
	if (old) {
		synchronize_rcu();
		eventfd_ctx_put(old);
	}
	return 0;
}

static u32 came_true(struct mytun_rings *r, u32 events)
{
	u32 now = 0;

	if (events & MYTUN_WAIT_RX && !mytun_ring_rx_empty(r))
		now |= MYTUN_WAIT_RX;
	if (events & MYTUN_WAIT_TX && mytun_ring_tx_free(r))
		now |= MYTUN_WAIT_TX;
	return now;
}

/* MYTUN_IOC_WAIT. Sleeps, without rtnl. */
long mytun_wake_wait(struct mytun_queue *q, struct mytun_rings *r,
		     const void __user *arg)
{
	struct mytun_wait w;
	DEFINE_WAIT(wait);
	ktime_t until;
	long ret;
	int err;

	err = mytun_copy_args(&w, sizeof(w), arg);
	if (err)
		return err;
	if (!w.events || w.events & ~(MYTUN_WAIT_RX | MYTUN_WAIT_TX))
		return -EINVAL;
	if ((w.events & MYTUN_WAIT_RX && !r->rx_size) ||
	    (w.events & MYTUN_WAIT_TX && !r->tx_size))
		return -EINVAL;
	mytun_ring_restart(q, r);
	/* One that would overflow is for ever. */
	until = w.timeout_ns < 0 ? KTIME_MAX :
		ktime_add_safe(ktime_get(), ns_to_ktime(w.timeout_ns));
	do {
		prepare_to_wait(&q->wq.wait, &wait, TASK_INTERRUPTIBLE);
		ret = came_true(r, w.events);
		if (ret)
			break;
		ret = -EBADFD;
		if (READ_ONCE(r->ended))
			break;
		ret = -EINTR;
		if (signal_pending(current))
			break;
		ret = 0;
		if (until == KTIME_MAX) {
			schedule();
		} else {
			if (ktime_compare(ktime_get(), until) >= 0)
				break;
			schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
		}
		/* As in mytun_read_wait(). */
		ret = came_true(r, w.events);
	} while (!ret);
	finish_wait(&q->wq.wait, &wait);
	return ret;
}

void mytun_wake_init(struct mytun_rings *r)
{
	hrtimer_setup(&r->wake_timer, timer_fired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
	INIT_WORK(&r->kick_work, kick_work);
}

/* Nothing is put into RX any more. May sleep. */
void mytun_wake_exit(struct mytun_rings *r)
{
	struct eventfd_ctx *event = rcu_dereference_protected(r->rx_event, 1);

	hrtimer_cancel(&r->wake_timer);
	kick_forget(r);
	RCU_INIT_POINTER(r->rx_event, NULL);
	if (event)
		eventfd_ctx_put(event);
}
