// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: their memory, who pays for it, how a process maps it.
 *
 * The rings of a queue are made once and belong to its file. They are freed
 * when the file is closed and the last mapping is gone, whichever is later.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <net/rtnetlink.h>

#include "fifo.h"
#include "frame.h"
#include "param.h"
#include "ring.h"

/* Pages of all rings and stores of all queues. */
static atomic_long_t pages_total;

/* Whether the module's limit has room for them. */
bool mytun_pages_take(unsigned long n)
{
	if (atomic_long_add_return(n, &pages_total) <=
	    mytun_param_rings_max_pages())
		return true;
	mytun_pages_give(n);
	return false;
}

void mytun_pages_give(unsigned long n)
{
	atomic_long_sub(n, &pages_total);
}

void mytun_area_free(struct mytun_area *a)
{
	unsigned int i;

	vunmap(a->map);
	for (i = 0; i < a->n; i++)
		__free_page(a->pages[i]);
	kvfree(a->pages);
	memset(a, 0, sizeof(*a));
}

/*
 * @size bytes of zeroes; @twice: the mapping shows them twice. May sleep. A
 * cgroup that has no room is told so: with __GFP_RETRY_MAYFAIL nobody is killed
 * for what a process has asked for.
 */
int mytun_area_alloc(struct mytun_area *a, size_t size, bool twice, gfp_t gfp)
{
	unsigned int i, n = size >> PAGE_SHIFT, all = twice ? 2 * n : n;

	/* Page pointers for both halves, since vmap() wants them so. */
	a->pages = kvmalloc_objs(*a->pages, all, GFP_KERNEL_ACCOUNT |
				 __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!a->pages)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		a->pages[i] = alloc_page(gfp | __GFP_ZERO | __GFP_NOWARN |
					 __GFP_RETRY_MAYFAIL);
		if (!a->pages[i])
			goto free;
		a->n++;
		if (twice)
			a->pages[n + i] = a->pages[i];
		if (fatal_signal_pending(current))
			goto free;
		cond_resched();
	}
	a->map = vmap(a->pages, all, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!a->map)
		goto free;
	a->mapped = (size_t)all << PAGE_SHIFT;
	return 0;

free:
	mytun_area_free(a);
	return -ENOMEM;
}

static void uncharge(struct mytun_rings *r)
{
	mytun_pages_give(r->pages);
	if (r->payer) {
		atomic_long_sub(r->pages, &r->payer->user->locked_vm);
		put_cred(r->payer);
	}
}

/*
 * The user pays for the pages, as for an AF_XDP socket's: RLIMIT_MEMLOCK,
 * unless the process may lock any amount.
 */
static int charge(struct mytun_rings *r)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user;
	long old;

	if (!mytun_pages_take(r->pages))
		return -ENOBUFS;
	if (capable(CAP_IPC_LOCK))
		return 0;
	user = current_user();
	do {
		old = atomic_long_read(&user->locked_vm);
		if (old + r->pages > limit) {
			mytun_pages_give(r->pages);
			return -ENOBUFS;
		}
	} while (atomic_long_cmpxchg(&user->locked_vm, old,
				     old + r->pages) != old);
	/* Credentials hold their user; modules cannot do so directly. */
	r->payer = get_current_cred();
	return 0;
}

static void rings_free(struct mytun_rings *r)
{
	mytun_area_free(&r->kernel_area);
	mytun_area_free(&r->user_area);
	mytun_area_free(&r->rx_area);
	mytun_area_free(&r->tx_area);
	uncharge(r);
	kfree(r);
}

static void rings_put(struct mytun_rings *r)
{
	if (refcount_dec_and_test(&r->users))
		rings_free(r);
}

/* Bytes of the largest packet with everything in front of it. */
static u32 largest_record(const struct mytun *tun,
			  const struct mytun_record_rules *rules)
{
	unsigned int flags = READ_ONCE(tun->flags);
	u32 len = max_t(u32, 65535, READ_ONCE(tun->dev->gso_max_size));

	len += flags & IFF_NO_PI ? 0 : sizeof(struct tun_pi);
	len += flags & IFF_VNET_HDR ? READ_ONCE(tun->vnet_hdr_sz) : 0;
	if ((flags & MYTUN_TYPE_MASK) == IFF_TAP)
		len += VLAN_ETH_HLEN;
	return mytun_record_size(rules, len);
}

static int check_size(u32 size, u32 least)
{
	if (!size)
		return 0;
	if (!is_power_of_2(size) || size % PAGE_SIZE ||
	    size > MYTUN_RING_SIZE_MAX || size < least)
		return -EINVAL;
	return 0;
}

static int rings_alloc(struct mytun_rings *r)
{
	int err;

	r->pages = 2 + (r->rx_size >> PAGE_SHIFT) + (r->tx_size >> PAGE_SHIFT);
	err = charge(r);
	if (err) {
		kfree(r);
		return err;
	}
	err = mytun_area_alloc(&r->kernel_area, PAGE_SIZE, false,
			       MYTUN_GFP_MAPPED);
	if (!err)
		err = mytun_area_alloc(&r->user_area, PAGE_SIZE, false,
				       MYTUN_GFP_MAPPED);
	if (!err && r->rx_size)
		err = mytun_area_alloc(&r->rx_area, r->rx_size, true,
				       MYTUN_GFP_MAPPED);
	if (!err && r->tx_size)
		err = mytun_area_alloc(&r->tx_area, r->tx_size, true,
				       MYTUN_GFP_MAPPED);
	if (err) {
		rings_free(r);
		return err;
	}
	r->k = r->kernel_area.map;
	r->u = r->user_area.map;
	return 0;
}

static void describe(const struct mytun_rings *r, struct mytun_ring *to)
{
	to->size = sizeof(*to);
	to->flags = r->flags;
	to->rx_size = r->rx_size;
	to->tx_size = r->tx_size;
	to->head_room = r->rules.head_room;
	to->tail_room = r->rules.tail_room;
	to->position = r->position;
	to->rx_record_max = r->rx_max;
	to->page_size = PAGE_SIZE;
}

static void put_waiting(struct mytun *tun, struct mytun_queue *q,
			struct mytun_rings *r, void *packet)
{
	struct xdp_frame *frame = mytun_packet_frame(packet);

	if (frame)
		mytun_ring_put_frame(tun, q, r, frame, false);
	else
		mytun_ring_put(tun, q, r, packet, false);
}

/* Most of them while others go on, however many come meanwhile. */
static void move_most(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_rings *r)
{
	int most = q->ring.size;
	void *packet;

	local_bh_disable();
	rcu_read_lock();
	while (most-- && (packet = mytun_packet_take(tun, q)))
		put_waiting(tun, q, r, packet);
	rcu_read_unlock();
	local_bh_enable();
}

/*
 * Under both locks. Return: whether that was all. If not, there are records in
 * a store, which want a lock for themselves; few can come, from who saw a batch
 * mode that has ended.
 */
static bool move_rest(struct mytun *tun, struct mytun_queue *q,
		      struct mytun_rings *r)
{
	void *packet;

	rcu_read_lock();
	while ((packet = __ptr_ring_peek(&q->ring)) &&
	       !mytun_packet_is_stored(packet))
		put_waiting(tun, q, r, __ptr_ring_consume(&q->ring));
	rcu_read_unlock();
	return !packet;
}

/*
 * Packets that read() would have returned go to the RX ring, and after them all
 * that comes, so that no flow is reordered. Who has not seen the ring and comes
 * later finds no room, since a fifo of size 0 has none; looks again, and sees
 * it: both are under producer_lock. Context: rtnl, so that nobody else changes
 * the size; sleeps.
 */
static void show_rx(struct mytun *tun, struct mytun_queue *q,
		    struct mytun_rings *r)
{
	int size = q->ring.size;

	move_most(tun, q, r);
	mytun_fifo_lock(q);
	while (!move_rest(tun, q, r)) {
		mytun_fifo_unlock(q);
		move_most(tun, q, r);
		mytun_fifo_lock(q);
	}
	q->ring.size = 0;
	rcu_assign_pointer(q->rings, r);
	mytun_fifo_unlock(q);

	/* Then nobody puts packets where read() finds them any more. */
	synchronize_net();
	mytun_fifo_lock(q);
	q->ring.size = size;
	mytun_fifo_unlock(q);
	/* A full fifo may have stopped the queue; that is empty now. */
	if (netif_running(tun->dev))
		mytun_ring_renew(tun, q, r);
	/*
	 * Who was woken by what was moved, and saw no ring yet, sleeps again;
	 * and read() is to fail.
	 */
	mytun_queue_wake_reader(q);
}

/* MYTUN_IOC_RING. Context: rtnl. */
long mytun_ring_create(struct mytun *tun, struct mytun_queue *q,
		       void __user *arg)
{
	struct mytun_ring req;
	struct mytun_rings *r;
	int err;

	err = mytun_copy_args(&req, sizeof(req), arg);
	if (err)
		return err;
	if (req.flags & ~(MYTUN_Q_HASH | MYTUN_Q_META | MYTUN_Q_SEEN) ||
	    req.position % MYTUN_RECORD_ALIGN)
		return -EINVAL;
	if (!mytun_rings_supported())
		return -EOPNOTSUPP;
	if (rtnl_dereference(q->rings) ||
	    (req.rx_size && mytun_batch_reads(q)))
		return -EBUSY;
	r = kzalloc_obj(*r, GFP_KERNEL_ACCOUNT);
	if (!r)
		return -ENOMEM;
	err = mytun_record_rules_set(&r->rules, tun, req.flags, req.head_room,
				     req.tail_room);
	r->rx_max = largest_record(tun, &r->rules);
	if (!err)
		err = check_size(req.rx_size, r->rx_max);
	if (!err)
		err = check_size(req.tx_size, r->rx_max);
	if (!err && !req.rx_size && !req.tx_size)
		err = -EINVAL;
	if (err) {
		kfree(r);
		return err;
	}
	r->flags = req.flags;
	r->position = req.position;
	r->rx_size = req.rx_size;
	r->tx_size = req.tx_size;
	err = rings_alloc(r);
	if (err)
		return err;
	refcount_set(&r->users, 1);
	spin_lock_init(&r->rx_lock);
	r->q = q;
	r->rx_pos = req.position;
	r->rx_published = req.position;
	r->rx_consumer = req.position;
	r->tx_pos = req.position;
	r->k->rx_producer = req.position;
	r->k->tx_consumer = req.position;
	r->u->rx_consumer = req.position;
	r->u->rx_seen = req.position;
	r->u->tx_producer = req.position;
	mytun_wake_init(r);
	r->wake_packets = tun->tx_frames;
	r->wake_usecs = tun->tx_frames == 1 ? 0 : tun->tx_usecs;
	mytun_drive_init(r);
	describe(r, &req);
	if (copy_to_user(arg, &req, sizeof(req))) {
		rings_put(r);
		return -EFAULT;
	}
	mytun_ring_attach(tun, r);
	if (r->rx_size)
		show_rx(tun, q, r);
	else
		rcu_assign_pointer(q->rings, r);
	return 0;
}

/* MYTUN_IOC_RING_GET. Context: rtnl. */
long mytun_ring_get(struct mytun_queue *q, void __user *arg)
{
	struct mytun_rings *r = rtnl_dereference(q->rings);
	struct mytun_ring to;
	int err;

	err = mytun_copy_args(&to, sizeof(to), arg);
	if (err)
		return err;
	/* Rings that have outlived their device can still be read out. */
	if (!r)
		return rtnl_dereference(q->dev) ? -ENOENT : -EBADFD;
	describe(r, &to);
	return copy_to_user(arg, &to, sizeof(to)) ? -EFAULT : 0;
}

/* Whether read() has nothing to return. Context: RCU or rtnl. */
bool mytun_ring_has_rx(const struct mytun_queue *q)
{
	bool has;

	rcu_read_lock();
	has = mytun_ring_rx(q);
	rcu_read_unlock();
	return has;
}

/* The queue has a device, for the first time or again. Context: rtnl. */
void mytun_ring_attach(struct mytun *tun, struct mytun_rings *r)
{
	WRITE_ONCE(r->ended, false);
	spin_lock_bh(&r->rx_lock);
	WRITE_ONCE(r->k->rx_flags, r->k->rx_flags & ~MYTUN_RING_ENDED);
	spin_unlock_bh(&r->rx_lock);
	mytun_drive_attach(tun, r);
}

/*
 * The queue has left its device: no packet comes any more. @gone: the device
 * goes as well. Context: rtnl, after a grace period.
 */
void mytun_ring_detach(struct mytun_rings *r, bool gone)
{
	mytun_drive_detach(r);
	spin_lock_bh(&r->rx_lock);
	r->rx_stopped = false;
	WRITE_ONCE(r->k->rx_flags, r->k->rx_flags & ~MYTUN_RING_RX_STOPPED);
	spin_unlock_bh(&r->rx_lock);
	if (gone)
		mytun_wake_all(r);
}

/* The file is being closed, and left its device. May sleep. */
void mytun_ring_close(struct mytun_queue *q)
{
	struct mytun_rings *r = rcu_dereference_protected(q->rings, 1);

	if (!r)
		return;
	mytun_drive_exit(r);
	mytun_wake_exit(r);
	if (r->tx_frag.page)
		put_page(r->tx_frag.page);
	r->q = NULL;
	WRITE_ONCE(r->k->rx_flags, MYTUN_RING_ENDED);
	WRITE_ONCE(r->k->tx_flags, MYTUN_RING_ENDED);
	RCU_INIT_POINTER(q->rings, NULL);
	rings_put(r);
}

/* A mapping is copied (fork, a split by munmap or mprotect) or goes. */

static void mapping_open(struct vm_area_struct *vma)
{
	struct mytun_rings *r = vma->vm_private_data;

	refcount_inc(&r->users);
}

static void mapping_close(struct vm_area_struct *vma)
{
	rings_put(vma->vm_private_data);
}

static const struct vm_operations_struct mapping_ops = {
	.open	= mapping_open,
	.close	= mapping_close,
};

int mytun_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mytun_queue *q = file->private_data;
	const struct mytun_area *area;
	struct mytun_rings *r;
	int err;

	/*
	 * The rings go no earlier than the file, which mmap() holds. They may
	 * be made right now: then they are there or not.
	 */
	rcu_read_lock();
	r = rcu_dereference(q->rings);
	rcu_read_unlock();
	if (!r)
		return -EINVAL;
	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case MYTUN_MMAP_KERNEL:
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		mytun_vma_clear_flags(vma, VM_MAYWRITE);
		area = &r->kernel_area;
		break;
	case MYTUN_MMAP_USER:
		area = &r->user_area;
		break;
	case MYTUN_MMAP_RX:
		area = &r->rx_area;
		break;
	case MYTUN_MMAP_TX:
		area = &r->tx_area;
		break;
	default:
		return -EINVAL;
	}
	if (!(vma->vm_flags & VM_SHARED) ||
	    !area->map || vma->vm_end - vma->vm_start != area->mapped)
		return -EINVAL;
	err = remap_vmalloc_range(vma, area->map, 0);
	if (err)
		return err;
	refcount_inc(&r->users);
	vma->vm_private_data = r;
	vma->vm_ops = &mapping_ops;
	return 0;
}
