/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings in memory that a process shares. <uapi/linux/mytun.h> says what is
 * where; here is what the kernel keeps for itself, and why nothing is lost.
 *
 * What the process can write (struct mytun_ring_user and the data) is hostile:
 * it is read once, into a copy, and the copy is checked. What the kernel has
 * written is never read back: the positions it owns are the fields below.
 *
 * Positions. One side stores, the other loads; data are moved in between.
 *
 *   kernel (RX producer)                process (RX consumer)
 *   write records                       load rx_producer (acquire)	A
 *   store rx_producer (release) A       read records
 *                                       store rx_consumer (release)	B
 *   load rx_consumer (acquire)	B
 *   write over what it freed
 *
 *   process (TX producer)               kernel (TX consumer)
 *   write records                       load tx_producer (acquire)	C
 *   store tx_producer (release)	C       copy records
 *                                       store tx_consumer (release)	D
 *   load tx_consumer (acquire)	D
 *   write over what it freed
 *
 * Without A or C the consumer reads a record before it is written; without B
 * or D the producer writes over one that is still being read.
 *
 * Sleeping. Each side stores what the other must see, then a full barrier,
 * then loads what the other stored: at least one of them sees the other.
 *
 *   kernel (RX producer)                process (RX consumer)
 *   store rx_producer                   store rx_consumer, or rx_seen
 *   full barrier		E              full barrier			E
 *   load rx_consumer;                   load rx_producer;
 *   equal to the old rx_producer:       equal to rx_consumer: sleep
 *   the process had emptied the
 *   ring and may sleep: wake it
 *
 * poll and MYTUN_IOC_WAIT look once more themselves. The barrier of a process
 * matters to one that sleeps elsewhere: on an eventfd, or on an epoll that was
 * told of the file before.
 *
 *   kernel (TX consumer)                process (TX producer)
 *   set NEED_WAKEUP                     store tx_producer
 *   full barrier		F              full barrier			F
 *   load tx_producer;                   load tx_flags;
 *   nothing new: sleep                  NEED_WAKEUP: kick
 *
 *   kernel (RX producer, full)          process (RX consumer)
 *   stop the queue, set RX_STOPPED      store rx_consumer
 *   full barrier		G              full barrier			G
 *   load rx_consumer;                   load rx_flags;
 *   room by now: start again            RX_STOPPED and room: kick
 *
 * selftests/model runs the functions that have these barriers, without each of
 * them in turn.
 *
 * Locks: rx_lock (softirqs off) is held by whoever produces RX records;
 * tx_lock (sleeps) by whoever consumes TX records, except for NAPI, which
 * consumes while the drive is MYTUN_DRIVE_NAPI and is stopped before that
 * changes; drive_lock (sleeps, outside tx_lock, inside rtnl) by whoever changes
 * the drive.
 */
#ifndef _MYTUN_RING_H
#define _MYTUN_RING_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/sched/user.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/linux/mytun.h>

#include "mytun.h"
#include "record.h"

/* Pages, mapped into the kernel once or twice back to back. */
struct mytun_area {
	struct page **pages;	/* each page once */
	unsigned int n;
	void *map;
	size_t mapped;		/* bytes of the mapping */
};

struct mytun_rings {
	refcount_t users;		/* the file, and every mapping */
	struct mytun_area kernel_area;
	struct mytun_area user_area;
	struct mytun_area rx_area;
	struct mytun_area tx_area;
	struct mytun_ring_kernel *k;	/* read only for the process */
	struct mytun_ring_user *u;	/* hostile */
	struct mytun_record_rules rules;
	u32 flags;			/* MYTUN_Q_* */
	u32 position;			/* where they began */
	const struct cred *payer;	/* RLIMIT_MEMLOCK of its user, or NULL */
	unsigned long pages;		/* of all areas */
	bool ended;

	/* RX, under rx_lock */
	spinlock_t rx_lock ____cacheline_aligned_in_smp;
	u32 rx_size;			/* 0: no RX ring */
	u32 rx_max;			/* bytes of the largest record */
	u32 rx_pos;			/* behind the last record written */
	u32 rx_published;		/* rx_producer, as last stored */
	u32 rx_consumer;		/* as last loaded, and found sane */
	u32 rx_unpublished;		/* records */
	bool rx_stopped;
	u64 rx_packets, rx_full, rx_stops, rx_batches;

	/* Waking the consumer: when it is due and nobody has done it yet. */
	atomic_t wake_due;
	u32 wake_count;			/* (rx_lock) packets since */
	u32 wake_packets;		/* MYTUN_IOC_MODERATE */
	u32 wake_usecs;
	struct hrtimer wake_timer;
	atomic64_t wakeups;
	struct eventfd_ctx __rcu *rx_event;
	struct mytun_queue *q;		/* for as long as the file is open */

	/* TX, under tx_lock or by NAPI */
	struct mutex tx_lock ____cacheline_aligned_in_smp;
	u32 tx_size;			/* 0: no TX ring */
	u32 tx_pos;
	struct page_frag tx_frag;
	u64 tx_packets, tx_refused, bad_size, bad_record, tx_batches;
	atomic64_t bad_position;
	atomic64_t kicks;
	struct napi_struct napi;
	bool napi_added;		/* (rtnl) */

	/* Drive */
	struct mutex drive_lock;
	u32 drive;			/* (drive_lock and tx_lock) */
	u32 drive_flags;
	u32 poll_us;
	struct task_struct *thread;	/* (drive_lock) */
	struct cpumask cpus;		/* (drive_lock) of the thread */
	struct completion started;	/* it has gone there */
	wait_queue_head_t tx_wait;	/* LENT and THREAD sleep here */
	bool lent;			/* (drive_lock) */

	/* Kick eventfd */
	struct eventfd_ctx *kick_event;	/* (drive_lock) */
	struct file *kick_file;
	wait_queue_head_t *kick_head;
	wait_queue_entry_t kick_entry;
	poll_table kick_table;
	struct work_struct kick_work;
};

/*
 * Bytes between two positions of a ring, or -1 if the process has stored a
 * position that makes no sense.
 */
static inline s64 mytun_ring_used(u32 producer, u32 consumer, u32 size)
{
	u32 used = producer - consumer;

	if (used > size || used % MYTUN_RECORD_ALIGN)
		return -1;
	return used;
}

/* The rings of a queue that has an RX ring, or NULL. Context: RCU. */
static inline struct mytun_rings *mytun_ring_rx(const struct mytun_queue *q)
{
	struct mytun_rings *r = rcu_dereference(q->rings);

	return r && r->rx_size ? r : NULL;
}

/* ring.c */
int mytun_area_alloc(struct mytun_area *a, size_t size, bool twice, gfp_t gfp);
void mytun_area_free(struct mytun_area *a);
bool mytun_pages_take(unsigned long n);
void mytun_pages_give(unsigned long n);
long mytun_ring_create(struct mytun *tun, struct mytun_queue *q,
		       void __user *arg);
long mytun_ring_get(struct mytun_queue *q, void __user *arg);
int mytun_ring_mmap(struct file *file, struct vm_area_struct *vma);
bool mytun_ring_has_rx(const struct mytun_queue *q);
void mytun_ring_attach(struct mytun *tun, struct mytun_rings *r);
void mytun_ring_detach(struct mytun_rings *r, bool gone);
void mytun_ring_close(struct mytun_queue *q);

/* ring_rx.c */
bool mytun_ring_put(struct mytun *tun, struct mytun_queue *q,
		    struct mytun_rings *r, struct sk_buff *skb, bool more);
bool mytun_ring_put_frame(struct mytun *tun, struct mytun_queue *q,
			  struct mytun_rings *r, struct xdp_frame *frame,
			  bool more);
void mytun_ring_put_end(struct mytun_queue *q, struct mytun_rings *r);
void mytun_ring_restart(struct mytun_queue *q, struct mytun_rings *r);
void mytun_ring_renew(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_rings *r);
bool mytun_ring_rx_empty(struct mytun_rings *r);

/* ring_tx.c */
int mytun_ring_take(struct mytun *tun, struct mytun_queue *q,
		    struct mytun_rings *r, struct napi_struct *napi,
		    int budget);
bool mytun_ring_tx_empty(struct mytun_rings *r);
bool mytun_ring_tx_free(struct mytun_rings *r);
bool mytun_ring_tx_writable(struct mytun_rings *r);

/* wake.c */
void mytun_wake_init(struct mytun_rings *r);
void mytun_wake_exit(struct mytun_rings *r);
void mytun_wake_now(struct mytun_rings *r);
void mytun_wake_moderated(struct mytun_rings *r, u32 packets, bool was_empty);
void mytun_wake_all(struct mytun_rings *r);
bool mytun_wake_sane(u32 packets, u32 usecs);
void mytun_wake_set(struct mytun_rings *r, u32 packets, u32 usecs);
long mytun_wake_moderate(struct mytun_rings *r, const void __user *arg);
long mytun_wake_eventfd(struct mytun_rings *r, const void __user *arg);
long mytun_wake_wait(struct mytun_queue *q, struct mytun_rings *r,
		     const void __user *arg);

/* drive.c */
void mytun_drive_init(struct mytun_rings *r);
void mytun_drive_attach(struct mytun *tun, struct mytun_rings *r);
void mytun_drive_detach(struct mytun_rings *r);
void mytun_drive_exit(struct mytun_rings *r);
long mytun_drive_set(struct mytun_queue *q, void __user *arg);
long mytun_drive_kick(struct mytun_queue *q, struct mytun_rings *r);
long mytun_drive_lend(struct mytun_queue *q, struct mytun_rings *r);
void mytun_drive_wake(struct mytun_rings *r);

#endif /* _MYTUN_RING_H */
