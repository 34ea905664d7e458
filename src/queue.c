// SPDX-License-Identifier: GPL-2.0
/*
 * Queues: one an open file. Attaching, setting aside, leaving.
 *
 * Everything that changes membership runs under rtnl. A queue that leaves goes
 * through these steps, in this order:
 *
 *   1. it is taken out of mytun.queues (the last queue takes its place) and
 *      its flows stop being found: no packet is sent to it from now on;
 *   2. synchronize_net(): every CPU that saw it there is done with it, and no
 *      writer that saw it attached can learn a flow for it any more;
 *   3. its flows leave the table, and the packets that wait in it are freed
 *      and counted.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/ptr_ring.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <linux/skbuff.h>
#include <net/sch_generic.h>
#include <net/sock.h>

#include "fifo.h"
#include "frame.h"
#include "mytun.h"
#include "ring.h"
#include "store.h"
#include "trace.h"

/* How many queues there were. */
static atomic64_t last_id;

static struct proto mytun_proto = {
	.name		= MYTUN_NAME,
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct mytun_queue),
};

/* The device, held, or NULL: the queue has none. */
struct mytun *mytun_get(struct mytun_queue *q)
{
	struct mytun *tun;

	rcu_read_lock();
	tun = mytun_rcu(q);
	if (tun)
		dev_hold(tun->dev);
	rcu_read_unlock();
	return tun;
}

void mytun_put(struct mytun *tun)
{
	dev_put(tun->dev);
}

/*
 * The flow of a packet that was written to @q belongs to @q from now on.
 * Context: softirqs off, rcu_read_lock(): the queue cannot be attached to
 * another device, nor its flows be purged, before that ends.
 */
void mytun_queue_learn(struct mytun *tun, struct mytun_queue *q,
		       const struct mytun_tuple *t)
{
	u16 id = READ_ONCE(q->flow_id);
	u32 hash;

	if (id == MYTUN_FLOW_NO_QUEUE || mytun_rcu(q) != tun ||
	    rcu_access_pointer(tun->filters.steering))
		return;
	hash = mytun_tuple_hash(t);
	switch (mytun_flows_learn(tun->flows, t, hash, id)) {
	case MYTUN_FLOW_ENTERED:
		trace_learn(tun->dev, READ_ONCE(q->index), hash);
		break;
	case MYTUN_FLOW_MOVED:
		trace_move(tun->dev, READ_ONCE(q->index), hash);
		break;
	case MYTUN_FLOW_KNOWN:
	case MYTUN_FLOW_FULL:
		break;
	}
}

/* A packet is there. Context: any; pairs with the waiter's set state. */
void mytun_queue_wake_reader(struct mytun_queue *q)
{
	if (READ_ONCE(q->wants_sigio))
		kill_fasync(&q->fasync, SIGIO, POLL_IN);
	if (wq_has_sleeper(&q->wq.wait)) {
		atomic64_inc(&q->wakeups);
		wake_up_interruptible_sync_poll(&q->wq.wait, EPOLLIN |
						EPOLLPRI | EPOLLRDNORM |
						EPOLLRDBAND);
	}
}

bool mytun_queue_writable(const struct mytun_queue *q)
{
	return sock_writeable(&q->sk);
}

/* Called when the stack has freed a packet that was charged to the queue. */
static void write_space(struct sock *sk)
{
	struct mytun_queue *q = container_of(sk, struct mytun_queue, sk);

	if (!sock_writeable(sk))
		return;
	/* A writer that sleeps in sock_alloc_send_pskb() sets no bit. */
	if (wq_has_sleeper(&q->wq.wait))
		wake_up_interruptible_sync_poll(&q->wq.wait, EPOLLOUT |
						EPOLLWRNORM | EPOLLWRBAND);
	if (test_and_clear_bit(SOCKWQ_ASYNC_NOSPACE, &q->wq.flags))
		kill_fasync(&q->fasync, SIGIO, POLL_OUT);
}

struct mytun_queue *mytun_queue_open(struct net *net, struct file *file)
{
	struct mytun_queue *q;
	struct sock *sk;

	sk = sk_alloc(net, AF_UNSPEC, GFP_KERNEL, &mytun_proto, 0);
	if (!sk)
		return ERR_PTR(-ENOMEM);
	q = container_of(sk, struct mytun_queue, sk);
	q->stats = mytun_stats_alloc();
	if (!q->stats || ptr_ring_init(&q->ring, 0, GFP_KERNEL)) {
		free_percpu(q->stats);
		sk_free(sk);
		return ERR_PTR(-ENOMEM);
	}
	sock_init_data(NULL, sk);
	/* There is no inode to take it from: the opener's. */
	sk->sk_uid = current_fsuid();
	init_waitqueue_head(&q->wq.wait);
	RCU_INIT_POINTER(sk->sk_wq, &q->wq);
	q->socket.file = file;
	q->socket.type = SOCK_RAW;
	q->socket.sk = sk;
	sk_set_socket(sk, &q->socket);
	sk->sk_write_space = write_space;
	sk->sk_sndbuf = INT_MAX;
	RCU_INIT_POINTER(q->dev, NULL);
	q->id = atomic64_inc_return(&last_id);
	q->flow_id = MYTUN_FLOW_NO_QUEUE;
	INIT_LIST_HEAD(&q->disabled_node);
	mytun_napi_init(q);
	return q;
}

/* Backpressure: its qdisc keeps what comes. Context: softirqs off. */
void mytun_queue_stop(struct netdev_queue *txq)
{
	netif_tx_stop_queue(txq);
	trace_stop(txq->dev, txq - txq->dev->_tx);
}

void mytun_queue_wake(struct netdev_queue *txq)
{
	if (netif_tx_queue_stopped(txq))
		trace_wake(txq->dev, txq - txq->dev->_tx);
	netif_tx_wake_queue(txq);
}

/*
 * Whether what is not taken now can wait: a device without a queue drops. While
 * it comes up or goes down there is noop_qdisc, and XDP sends all the same: what
 * it will have is then what it began with. The stack loses what it sends to a
 * stopped queue without a qdisc, and counts nothing.
 */
bool mytun_queue_has_qdisc(const struct netdev_queue *txq)
{
	if (unlikely(rcu_access_pointer(txq->qdisc) == &noop_qdisc))
		return !(txq->dev->priv_flags & IFF_NO_QUEUE);
	return rcu_dereference_raw(txq->qdisc)->enqueue;
}

/* Backpressure: a packet was put. Context: ring.producer_lock. */
void mytun_queue_stop_if_full(struct mytun *tun, struct mytun_queue *q)
{
	struct netdev_queue *txq;

	if (!__ptr_ring_full(&q->ring))
		return;
	txq = netdev_get_tx_queue(tun->dev, READ_ONCE(q->index));
	if (!mytun_queue_has_qdisc(txq))
		return;
	mytun_queue_stop(txq);
	/* Stopped before looking again; mytun_queue_took() pairs. */
	smp_mb__after_atomic();
	if (!__ptr_ring_full(&q->ring))
		mytun_queue_wake(txq);
}

/*
 * A reader took @n packets. A queue that was stopped since it was full starts
 * again when half of it has been read, or all.
 */
void mytun_queue_took(struct mytun *tun, struct mytun_queue *q, unsigned int n)
{
	struct netdev_queue *txq;
	bool start;

	/* One that is set aside has the number of another. */
	if (!(READ_ONCE(tun->flags) & IFF_BACKPRESSURE) ||
	    READ_ONCE(q->disabled))
		return;
	/*
	 * What was taken before what was stopped; pairs with
	 * mytun_queue_stop_if_full().
	 */
	smp_mb();
	txq = netdev_get_tx_queue(tun->dev, READ_ONCE(q->index));
	if (!netif_tx_queue_stopped(txq))
		return;
	spin_lock(&q->ring.consumer_lock);
	q->taken += n;
	start = q->taken >= q->ring.size / 2 || __ptr_ring_empty(&q->ring);
	if (start)
		q->taken = 0;
	spin_unlock(&q->ring.consumer_lock);
	if (start)
		mytun_queue_wake(txq);
}

/*
 * Who has which queue changes: none may stay stopped for another's sake. One
 * whose ring is full stays, or becomes, stopped. Context: rtnl.
 */
void mytun_queue_start_all(struct mytun *tun)
{
	unsigned int i;

	if (!netif_running(tun->dev))
		return;
	for (i = 0; i < tun->nqueues; i++) {
		struct mytun_queue *q = rtnl_dereference(tun->queues[i]);
		struct mytun_rings *r = rtnl_dereference(q->rings);

		if (r && r->rx_size)
			mytun_ring_renew(tun, q, r);
		else
			mytun_queue_wake(netdev_get_tx_queue(tun->dev, i));
	}
}

static void set_real_queues(struct mytun *tun)
{
	/* 0 is refused; the transmit path drops then. */
	netif_set_real_num_tx_queues(tun->dev, tun->nqueues);
	netif_set_real_num_rx_queues(tun->dev, tun->nqueues);
}

static void drop_waiting(struct mytun *tun, struct mytun_queue *q)
{
	void *packet;

	for (;;) {
		spin_lock(&q->ring.consumer_lock);
		packet = __mytun_packet_take(q);
		spin_unlock(&q->ring.consumer_lock);
		if (!packet)
			break;
		mytun_packet_drop(tun, q, packet, MYTUN_DROP_TX_DETACHED);
	}
}

/**
 * mytun_queue_attach - make a queue the device's last one
 * @tun: the device
 * @q: a queue that has no device, or was set aside by this one
 * @filter: with the device's classic filter, if it has one
 *
 * Context: rtnl. The queue's reference to its sock is taken here and dropped
 * when it leaves the device.
 *
 * Return: 0, -EINVAL (it has a device), -EBUSY (the device takes one queue
 * only), -E2BIG (256 queues, those set aside included), -ENOMEM, or what the
 * security module says.
 */
int mytun_queue_attach(struct mytun *tun, struct mytun_queue *q, bool filter)
{
	struct net_device *dev = tun->dev;
	int err, id = MYTUN_FLOW_NO_QUEUE;
	bool was_disabled = q->disabled;
	struct mytun_rings *rings;
	unsigned int lost;

	err = security_tun_dev_attach(&q->sk, tun->security);
	if (err < 0)
		return err;
	if (rtnl_dereference(q->dev) && !q->disabled)
		return -EINVAL;
	if (!(tun->flags & IFF_MULTI_QUEUE) && tun->nqueues == 1)
		return -EBUSY;
	/* 256, or what `ip link add ... numtxqueues` said. */
	if (!q->disabled && tun->nqueues + tun->ndisabled >=
	    min_t(unsigned int, MYTUN_MAX_QUEUES, dev->num_tx_queues))
		return -E2BIG;
	if (!q->disabled &&
	    mytun_fifo_resize(&q, 1, dev->tx_queue_len, &lost))
		return -ENOMEM;
	err = mytun_xdp_attach(tun, q, tun->nqueues);
	if (err)
		return err;
	if (tun->flows) {
		id = mytun_flows_add_queue(tun->flows, tun->nqueues);
		if (id < 0) {
			if (!q->disabled)
				mytun_xdp_detach(q);
			return id;
		}
	}
	if (q->disabled) {
		list_del_init(&q->disabled_node);
		WRITE_ONCE(q->disabled, NULL);
		tun->ndisabled--;
	} else {
		sock_hold(&q->sk);
		mytun_stats_join(tun, q);
	}
	q->sk.sk_shutdown &= ~RCV_SHUTDOWN;
	q->sk.sk_sndbuf = tun->sndbuf;
	/*
	 * One that was set aside is being written to: the stack must know the
	 * number before a packet bears it.
	 */
	netif_set_real_num_rx_queues(dev, tun->nqueues + 1);
	WRITE_ONCE(q->index, tun->nqueues);
	q->ifindex = 0;		/* it was for this one */
	q->filtered = filter && rcu_access_pointer(tun->filters.classic);
	WRITE_ONCE(q->flow_id, id);
	mytun_napi_add(tun, q);
	/* The device may go first: the queue holds no reference to it. */
	rcu_assign_pointer(q->dev, tun);
	rcu_assign_pointer(tun->queues[tun->nqueues], q);
	WRITE_ONCE(tun->nqueues, tun->nqueues + 1);
	tun->queue_changes++;
	tun->queue_slots = max_t(unsigned int, tun->queue_slots,
				 roundup_pow_of_two(tun->nqueues));
	set_real_queues(tun);
	rings = rtnl_dereference(q->rings);
	if (rings && !was_disabled)
		mytun_ring_attach(tun, rings);
	mytun_queue_start_all(tun);
	return 0;
}

/* Step 1: @q is not in mytun.queues any more, the last queue has its place. */
static void take_out(struct mytun *tun, struct mytun_queue *q)
{
	unsigned int last = tun->nqueues - 1;
	struct mytun_queue *moved = rtnl_dereference(tun->queues[last]);

	if (tun->flows) {
		mytun_flows_move_queue(tun->flows, moved->flow_id, q->index);
		mytun_flows_remove_queue(tun->flows, q->flow_id);
	}
	rcu_assign_pointer(tun->queues[q->index], moved);
	WRITE_ONCE(moved->index, q->index);
	WRITE_ONCE(moved->xdp_rxq.queue_index, q->index);
	RCU_INIT_POINTER(tun->queues[last], NULL);
	WRITE_ONCE(tun->nqueues, last);
	tun->queue_changes++;
}

/* The burst in which the queue left went on elsewhere: its packets are here. */
static void show_last(struct mytun_queue *q)
{
	struct mytun_rings *r = rtnl_dereference(q->rings);

	if (!r || !r->rx_size)
		return;
	local_bh_disable();
	mytun_ring_put_end(q, r);
	local_bh_enable();
}

/* Step 3. @id is what the queue had for its flows. */
static void clean_up(struct mytun *tun, struct mytun_queue *q, u16 id)
{
	if (tun->flows)
		mytun_flows_purge(tun->flows, id);
	drop_waiting(tun, q);
	show_last(q);
	set_real_queues(tun);
	mytun_queue_start_all(tun);
}

static void detach_rings(struct mytun_queue *q, bool gone)
{
	struct mytun_rings *rings = rtnl_dereference(q->rings);

	if (rings)
		mytun_ring_detach(rings, gone);
}

/* Set an attached queue aside (TUNSETQUEUE). Context: rtnl, may sleep. */
void mytun_queue_disable(struct mytun_queue *q)
{
	struct mytun *tun = rtnl_dereference(q->dev);
	u16 id = q->flow_id;

	take_out(tun, q);
	mytun_napi_off(q);
	WRITE_ONCE(q->flow_id, MYTUN_FLOW_NO_QUEUE);
	WRITE_ONCE(q->disabled, tun);
	list_add_tail(&q->disabled_node, &tun->disabled);
	tun->ndisabled++;
	/*
	 * What it goes on writing must come from a queue that the stack knows:
	 * nobody writes under the old number when the stack has forgotten that,
	 * after the grace period.
	 */
	WRITE_ONCE(q->index, 0);
	WRITE_ONCE(q->xdp_rxq.queue_index, 0);
	synchronize_net();
	mytun_napi_del(q);
	clean_up(tun, q, id);
}

/* The queue's file is closed. Context: rtnl, may sleep. */
static void leave(struct mytun_queue *q)
{
	struct mytun *tun = rtnl_dereference(q->dev);
	u16 id = q->flow_id;

	if (!tun)
		return;
	if (q->disabled) {
		list_del_init(&q->disabled_node);
		q->disabled = NULL;
		tun->ndisabled--;
		tun->queue_changes++;
		RCU_INIT_POINTER(q->dev, NULL);
	} else {
		take_out(tun, q);
		mytun_napi_off(q);
		WRITE_ONCE(q->flow_id, MYTUN_FLOW_NO_QUEUE);
		RCU_INIT_POINTER(q->dev, NULL);
		synchronize_net();
		mytun_napi_del(q);
		clean_up(tun, q, id);
	}
	detach_rings(q, false);
	mytun_xdp_detach(q);
	mytun_stats_leave(tun, q);
	sock_put(&q->sk);

	if (tun->nqueues || tun->ndisabled)
		return;
	netif_carrier_off(tun->dev);
	if (!(tun->flags & IFF_PERSIST) &&
	    tun->dev->reg_state == NETREG_REGISTERED)
		unregister_netdevice(tun->dev);
}

void mytun_queue_close(struct mytun_queue *q)
{
	rtnl_lock();
	leave(q);
	rtnl_unlock();
	mytun_ring_close(q);
	mytun_batch_end(q);
	ptr_ring_cleanup(&q->ring, mytun_packet_free);
	mytun_store_destroy(q->store);
	free_percpu(q->stats);
	sock_put(&q->sk);
}

/* Its device goes: whoever wakes up now finds none. */
static void forsake(struct mytun_queue *q)
{
	RCU_INIT_POINTER(q->dev, NULL);
	WRITE_ONCE(q->sk.sk_shutdown, RCV_SHUTDOWN);
	wake_up_all(&q->wq.wait);
}

/*
 * The device goes. Readers that sleep are woken and find RCV_SHUTDOWN; whoever
 * holds the device by mytun_get() is waited for by unregister_netdevice().
 * Context: rtnl, may sleep.
 */
void mytun_queue_detach_all(struct mytun *tun)
{
	struct mytun_queue *q, *next;
	unsigned int i, n = tun->nqueues;

	for (i = 0; i < n; i++) {
		q = rtnl_dereference(tun->queues[i]);
		mytun_napi_off(q);
		WRITE_ONCE(q->flow_id, MYTUN_FLOW_NO_QUEUE);
		forsake(q);
	}
	list_for_each_entry(q, &tun->disabled, disabled_node)
		forsake(q);
	WRITE_ONCE(tun->nqueues, 0);
	synchronize_net();
	for (i = 0; i < n; i++) {
		q = rtnl_dereference(tun->queues[i]);
		RCU_INIT_POINTER(tun->queues[i], NULL);
		mytun_napi_del(q);
		drop_waiting(tun, q);
		detach_rings(q, true);
		mytun_xdp_detach(q);
		mytun_stats_leave(tun, q);
		sock_put(&q->sk);
	}
	list_for_each_entry_safe(q, next, &tun->disabled, disabled_node) {
		list_del_init(&q->disabled_node);
		q->disabled = NULL;
		drop_waiting(tun, q);
		detach_rings(q, true);
		mytun_xdp_detach(q);
		mytun_stats_leave(tun, q);
		sock_put(&q->sk);
	}
	tun->ndisabled = 0;
	tun->queue_changes++;
	/* A persistent device kept the module; its deletion ends that. */
	if (tun->flags & IFF_PERSIST) {
		WRITE_ONCE(tun->flags, tun->flags & ~IFF_PERSIST);
		module_put(THIS_MODULE);
	}
}

/* tx_queue_len has changed: all queues, or none, get the new size. */
int mytun_queue_resize(struct mytun *tun)
{
	unsigned int n = tun->nqueues + tun->ndisabled, i, lost;
	struct mytun_queue **queues, *q;
	int err;

	if (!n)
		return 0;
	queues = kmalloc_objs(*queues, n);
	if (!queues)
		return -ENOMEM;
	for (i = 0; i < tun->nqueues; i++)
		queues[i] = rtnl_dereference(tun->queues[i]);
	list_for_each_entry(q, &tun->disabled, disabled_node)
		queues[i++] = q;
	err = mytun_fifo_resize(queues, n, tun->dev->tx_queue_len, &lost);
	kfree(queues);
	for (; lost; lost--)
		mytun_count_drop(tun, NULL, MYTUN_DROP_TX_FULL);
	mytun_queue_start_all(tun);
	return err;
}

/*
 * How many packets wait for read(). Producers and readers go on meanwhile: it
 * is what was so at about this time. Context: rtnl, so that the size stays.
 */
u32 mytun_queue_waiting(const struct mytun_queue *q)
{
	const struct ptr_ring *ring = &q->ring;
	int head = READ_ONCE(ring->consumer_head), n;

	if (!ring->size)
		return 0;
	/* Before 4.16 it is behind the end for a moment. */
	if (head >= ring->size)
		head = 0;
	n = READ_ONCE(ring->producer) - head;
	if (n < 0)
		n += ring->size;
	else if (!n && READ_ONCE(ring->queue[head]))
		n = ring->size;
	return n;
}
