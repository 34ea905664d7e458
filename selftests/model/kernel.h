/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a kernel as the driver's functions need that the model is made
 * of, with barriers that are no stronger than the weakest that a kernel
 * promises them to be.
 */
#ifndef SELFTESTS_MODEL_KERNEL_H
#define SELFTESTS_MODEL_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/mytun.h>

#include "model.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned int gfp_t;
typedef int32_t s32;
typedef int64_t s64;
typedef s64 ktime_t;
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic64_t;
typedef struct { int refs; } refcount_t;
typedef struct { u32 word; } spinlock_t;

#define __rcu
#define __user
#define __percpu
#define ____cacheline_aligned_in_smp
#define likely(x)		(x)
#define unlikely(x)		(x)
#define ALIGN(x, to)		(((x) + (to) - 1) & ~((to) - 1))
#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))
#define BUILD_BUG_ON(x)		((void)sizeof(char[1 - 2 * !!(x)]))
#define IFF_BACKPRESSURE	0x80
#define GFP_ATOMIC		0
#define __GFP_NOWARN		0
#define NSEC_PER_USEC		1000
#define NSEC_PER_SEC		1000000000L
#define KTIME_MAX		LONG_MAX
#define TASK_INTERRUPTIBLE	1
#define HRTIMER_MODE_REL	0
#define HRTIMER_MODE_ABS	0
#define EPOLLIN			0x1
#define EPOLLOUT		0x4
#define EPOLLPRI		0
#define EPOLLRDNORM		0
#define EPOLLRDBAND		0
#define EPOLLWRNORM		0
#define SIGIO			0
#define POLL_IN			0

/* Accesses. */
#define READ_ONCE(x)							\
	((__typeof__(x))(uintptr_t)model_load(&(x), sizeof(x),		\
					      MODEL_RELAXED, __FILE__, __LINE__))
#define WRITE_ONCE(x, value)						\
	model_store(&(x), sizeof(x), (uintptr_t)(value), MODEL_RELAXED,	\
		    __FILE__, __LINE__)
#define smp_load_acquire(p)						\
	((__typeof__(*(p)))model_load(p, sizeof(*(p)), MODEL_ACQUIRE,	\
				      __FILE__, __LINE__))
#define smp_store_release(p, value)					\
	model_store(p, sizeof(*(p)), value, MODEL_RELEASE, __FILE__, __LINE__)
#define smp_mb()		model_fence(__FILE__, __LINE__)
#define atomic64_inc(a)		((void)((a)->counter += 1))
#define atomic64_inc_return(a)	((a)->counter += 1)
#define atomic_read(a)		((a)->counter)
#define atomic_set(a, value)	((void)((a)->counter = (value)))
#define atomic_xchg(a, value)						\
	((int)model_exchange(&(a)->counter, sizeof((a)->counter), value,	\
			     NULL, 0))

/* Locks. RCU and softirqs off are no locks: nothing in the model ends. */
struct mutex { u32 word; };

#define spin_lock(l)		model_lock(l)
#define spin_unlock(l)		model_unlock(l)
#define spin_lock_bh(l)		model_lock(l)
#define spin_unlock_bh(l)	model_unlock(l)
#define mutex_lock(l)		model_lock(l)
#define mutex_unlock(l)		model_unlock(l)
#define mutex_lock_interruptible(l)	(model_lock(l), 0)
#define rcu_read_lock()		((void)0)
#define rcu_read_unlock()	((void)0)
#define local_bh_disable()	((void)0)
#define local_bh_enable()	((void)0)
#define rcu_dereference(p)	(p)
#define cond_resched()		((void)0)
#define cpu_relax()		((void)0)

/* Waiting. Who waits is a set of tasks; who looks at it without its lock may
 * see an old one.
 */
typedef struct wait_queue_head { u32 lock; u32 waiters; } wait_queue_head_t;
typedef struct { int unused; } wait_queue_entry_t;
typedef struct { int unused; } poll_table;

#define DEFINE_WAIT(name)	wait_queue_entry_t name = { 0 }

static inline void kernel_enqueue(wait_queue_head_t *head)
{
	WRITE_ONCE(head->waiters, READ_ONCE(head->waiters) |
		   1U << model_self());
}

static inline void prepare_to_wait(wait_queue_head_t *head,
				   wait_queue_entry_t *entry, int state)
{
	model_lock(head);
	kernel_enqueue(head);
	/* set_current_state() */
	model_will_sleep();
	model_machine_fence();
	model_unlock(head);
}

static inline void finish_wait(wait_queue_head_t *head,
			       wait_queue_entry_t *entry)
{
	model_will_not_sleep();
	model_lock(head);
	WRITE_ONCE(head->waiters, READ_ONCE(head->waiters) &
		   ~(1U << model_self()));
	model_unlock(head);
}

static inline void wake_up(wait_queue_head_t *head)
{
	u32 waiters;
	unsigned int i;

	model_lock(head);
	waiters = READ_ONCE(head->waiters);
	for (i = 0; waiters; i++, waiters >>= 1)
		if (waiters & 1)
			model_wake(i);
	model_unlock(head);
}

static inline bool wq_has_sleeper(wait_queue_head_t *head)
{
	model_machine_fence();
	return READ_ONCE(head->waiters);
}

#define wake_up_all(head)				wake_up(head)
#define wake_up_interruptible_poll(head, key)		wake_up(head)
#define wake_up_interruptible_sync_poll(head, key)	wake_up(head)
#define schedule()					model_sleep()
#define schedule_hrtimeout(until, mode)			model_sleep()
#define current						((void *)0)
#define ktime_get()					((ktime_t)0)
#define ktime_compare(a, b)				((a) < (b) ? -1 : 1)
#define ktime_add_safe(a, b)				((a) + (b))
#define ns_to_ktime(ns)					((ktime_t)(ns))
#define local_clock()					((u64)0)

bool signal_pending(void *task);
bool kthread_should_stop(void);

/* What the rings have and the model does not. */
struct page;
struct cred;
struct file;
struct vm_area_struct;
struct xdp_frame;
struct task_struct;
struct page_frag { int unused; };
struct cpumask { int unused; };
struct completion { int unused; };
struct hrtimer { int unused; };
struct eventfd_ctx { u32 lock; bool set; u32 waiters; };
struct work_struct { int unused; };

void kernel_signal(struct eventfd_ctx *event);

#define hrtimer_start(timer, time, mode)	((void)(time))
#define mytun_eventfd_signal(event)		kernel_signal(event)
#define kill_fasync(where, signal, band)	((void)(where))

/* NAPI: its state is changed by a loop of cmpxchg(), a full barrier each. */
#define NAPI_SCHED	1
#define NAPI_MISSED	2

struct napi_struct { u32 state; u32 task; };

bool napi_schedule_prep(struct napi_struct *napi);
void napi_schedule(struct napi_struct *napi);
bool napi_complete_done(struct napi_struct *napi, int work);

/* The stack's queue. */
struct netdev_queue { bool stopped; bool has_qdisc; u32 stack; };

bool netif_tx_queue_stopped(struct netdev_queue *txq);
void mytun_queue_stop(struct netdev_queue *txq);
void mytun_queue_wake(struct netdev_queue *txq);
#define mytun_queue_has_qdisc(txq)		((txq)->has_qdisc)
#define netdev_get_tx_queue(dev, index)		((void)(index), &(dev)->txq)

/* The driver's own, as far as the rings look at it. */
struct net_device { struct netdev_queue txq; };
struct sk_buff { u32 len, mark, priority; u32 number; };

struct mytun_rings;
struct mytun { u32 flags; struct net_device *dev; };
struct mytun_queue {
	struct mytun *dev;
	void *disabled;		/* never set aside */
	struct mytun_rings *rings;
	struct { wait_queue_head_t wait; } wq;
	u32 index;
	atomic64_t wakeups;
	bool wants_sigio;
	void *fasync;
};

struct mytun_intake_rules {
	int gfp; struct page_frag *frag; struct napi_struct *napi;
	bool through_napi;
};

#define mytun_rcu(q)				((q)->dev)
#define mytun_ring_run(tun)			1
#define mytun_intake_rules(tun, q, ring, in)	((void)0)
#define mytun_intake_end(tun, q, in)		((void)0)
#define mytun_count_drop(tun, q, reason)				\
	model_require(0, "no packet is dropped")
#define mytun_copy_args(to, size, from)		(memcpy(to, from, size), 0)
#define mytun_packet_len(skb)			((skb)->len)
#define mytun_read_front_len(tun)		0
#define mytun_frame_fill(rec, rules, q, frame, size, len)	((void)0)
#define copy_frame(tun, frame, to, front)		((void)(frame))

#endif /* SELFTESTS_MODEL_KERNEL_H */
