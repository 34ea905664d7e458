// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side: the driver's own functions, which the runner takes out of
 * src/, and what drives them.
 */
#include "kernel.h"
#include "driver-types.h"

#define RING	128U	/* two records */
#define RECORD	64U

static struct mytun_ring_kernel kernel_page __attribute__((aligned(4096)));
static struct mytun_ring_user user_page __attribute__((aligned(4096)));
unsigned char model_rx[2 * RING] __attribute__((aligned(64)));
unsigned char model_tx[2 * RING] __attribute__((aligned(64)));
void *const model_kernel_page = &kernel_page;
void *const model_user_page = &user_page;

static struct mytun_rings rings;
static struct mytun_queue queue;
static struct net_device device;
static struct mytun tun;
static struct eventfd_ctx event;
static u32 stop;
static bool may_drop;
static unsigned int taken;

void kernel_signal(struct eventfd_ctx *event)
{
	unsigned int i;

	model_lock(event);
	event->set = true;
	for (i = 0; event->waiters; i++, event->waiters >>= 1)
		if (event->waiters & 1)
			model_wake(i);
	model_unlock(event);
}

void kernel_read_event(void)
{
	for (;;) {
		model_will_sleep();
		model_lock(&event);
		if (event.set)
			break;
		event.waiters |= 1U << model_self();
		model_unlock(&event);
		model_sleep();
	}
	event.set = false;
	model_unlock(&event);
	model_will_not_sleep();
}

bool signal_pending(void *task)
{
	return READ_ONCE(stop);
}

bool kthread_should_stop(void)
{
	return READ_ONCE(stop);
}

bool napi_schedule_prep(struct napi_struct *napi)
{
	unsigned long old = READ_ONCE(napi->state);

	model_machine_fence();
	while (!model_replace(&napi->state, sizeof(napi->state), &old,
			      old & NAPI_SCHED ? NAPI_SCHED | NAPI_MISSED :
						 NAPI_SCHED, NULL, 0))
		;
	model_machine_fence();
	return !(old & NAPI_SCHED);
}

void napi_schedule(struct napi_struct *napi)
{
	if (napi_schedule_prep(napi))
		model_wake(napi->task);
}

/* Return: whether it is done, and not to be polled once more. */
bool napi_complete_done(struct napi_struct *napi, int work)
{
	unsigned long old = READ_ONCE(napi->state);

	model_machine_fence();
	while (!model_replace(&napi->state, sizeof(napi->state), &old,
			      old & NAPI_MISSED ? NAPI_SCHED : 0, NULL, 0))
		;
	model_machine_fence();
	return !(old & NAPI_MISSED);
}

bool netif_tx_queue_stopped(struct netdev_queue *txq)
{
	return READ_ONCE(txq->stopped);
}

void mytun_queue_stop(struct netdev_queue *txq)
{
	WRITE_ONCE(txq->stopped, true);
}

/* The stack is scheduled, which takes the qdisc's lock. */
void mytun_queue_wake(struct netdev_queue *txq)
{
	model_lock(txq);
	WRITE_ONCE(txq->stopped, false);
	model_wake(txq->stack);
	model_unlock(txq);
}

u32 mytun_record_hash(const struct mytun *tun, const struct sk_buff *skb)
{
	return 0;
}

static int mytun_copy_packet(const struct mytun *tun,
			     const struct sk_buff *skb, void *to, u32 front)
{
	unsigned int at = (unsigned char *)to - model_rx;
	struct mytun_record *rec = to - MYTUN_RECORD_HEADER;

	/* The header has been stored as any other member. */
	WRITE_ONCE(rec->flags, 0);
	model_fill(CELL_RX + at / RECORD, skb->number);
	return 0;
}

static void mytun_count_tx_bytes(struct mytun_queue *q, u32 len)
{
}

static void mytun_consume(struct sk_buff *skb)
{
}

static void mytun_drop(struct mytun *tun, struct mytun_queue *q,
		       struct sk_buff *skb, enum mytun_drop reason)
{
	model_require(reason == MYTUN_DROP_TX_FULL && may_drop,
		      "no packet is dropped");
}

static int mytun_intake_take(struct mytun *tun, struct mytun_queue *q,
			     struct mytun_intake_rules *rules,
			     const void *data, size_t len, u32 mark,
			     u32 priority)
{
	unsigned int offset = (const unsigned char *)data - model_tx;

	model_require(model_content(CELL_TX + offset / RECORD) == taken + 1,
		      "packets are taken in their order");
	model_fill(CELL_TAKEN, ++taken);
	return 0;
}

#include "driver.h"

/* The model begins anew. */
void kernel_start(unsigned int flags, unsigned int drive)
{
	unsigned int i;

	memset(&kernel_page, 0, sizeof(kernel_page));
	memset(&user_page, 0, sizeof(user_page));
	memset(&rings, 0, sizeof(rings));
	memset(&queue, 0, sizeof(queue));
	memset(&device, 0, sizeof(device));
	memset(&event, 0, sizeof(event));
	memset(model_rx, 0, sizeof(model_rx));
	memset(model_tx, 0, sizeof(model_tx));
	stop = 0;
	taken = 0;
	tun.flags = IFF_BACKPRESSURE;
	tun.dev = &device;
	queue.dev = &tun;
	queue.rings = &rings;
	rings.q = &queue;
	rings.k = &kernel_page;
	rings.u = &user_page;
	rings.flags = flags;
	rings.rx_event = &event;
	rings.rx_size = RING;
	rings.rx_max = RECORD;
	rings.rx_area.map = model_rx;
	rings.tx_size = RING;
	rings.tx_area.map = model_tx;
	rings.drive = drive;
	rings.napi_added = true;
	rings.napi.task = 0;
	device.txq.stack = 0;
	device.txq.has_qdisc = true;
	may_drop = false;
	kernel_page.tx_flags = MYTUN_RING_TX_NEED_WAKEUP;

	model_word(&kernel_page.rx_producer, 4);
	model_word(&kernel_page.rx_flags, 4);
	model_word(&kernel_page.tx_consumer, 4);
	model_word(&kernel_page.tx_flags, 4);
	model_word(&user_page.rx_consumer, 4);
	model_word(&user_page.rx_seen, 4);
	model_word(&user_page.tx_producer, 4);
	model_word(&rings.rx_published, 4);
	model_word(&rings.rx_stopped, 1);
	model_word(&rings.tx_pos, 4);
	model_word(&rings.ended, 1);
	model_word(&rings.napi.state, 4);
	model_word(&queue.wq.wait.waiters, 4);
	model_word(&rings.tx_wait.waiters, 4);
	model_word(&device.txq.stopped, 1);
	model_word(&stop, 4);
	for (i = 0; i < RING / RECORD; i++) {
		model_word(&((struct mytun_record *)
			     (model_rx + i * RECORD))->flags, 2);
		model_word(&((struct mytun_record *)
			     (model_tx + i * RECORD))->flags, 2);
	}
}

/* Without a qdisc the queue is never stopped, and a full ring drops. */
void kernel_set_qdisc(int has)
{
	device.txq.has_qdisc = has;
	may_drop = true;
}

/*
 * The stack has a packet; the qdisc holds it while the queue is stopped.
 * Return: whether the ring has it.
 */
int kernel_put(unsigned int number)
{
	struct sk_buff skb = { .len = 4, .number = number };

	for (;;) {
		model_will_sleep();
		model_lock(&device.txq);
		if (!netif_tx_queue_stopped(&device.txq)) {
			model_unlock(&device.txq);
			break;
		}
		model_unlock(&device.txq);
		model_sleep();
	}
	model_will_not_sleep();
	return mytun_ring_put(&tun, &queue, &rings, &skb, false);
}

/* The device goes. */
void kernel_end(void)
{
	mytun_wake_all(&rings);
}

/* Whoever drives TX says how it sleeps; in the end the rings have ended. */
void kernel_sleep_and_wake(unsigned int count)
{
	while (count--)
		set_need_wakeup(&rings, count & 1);
}

int kernel_tx_has_ended(void)
{
	return kernel_page.tx_flags & MYTUN_RING_ENDED;
}

/* A processor's softirq, until kernel_stop(). */
void kernel_softirq(void)
{
	while (!READ_ONCE(stop)) {
		model_will_sleep();
		model_machine_fence();
		if (!(READ_ONCE(rings.napi.state) & NAPI_SCHED) &&
		    !READ_ONCE(stop))
			model_sleep();
		model_will_not_sleep();
		while (READ_ONCE(rings.napi.state) & NAPI_SCHED &&
		       !READ_ONCE(stop))
			poll_rings(&rings, &rings.napi, 2);
	}
}

void kernel_lend(void)
{
	serve(&rings, false);
}

void kernel_stop(void)
{
	WRITE_ONCE(stop, 1);
	model_machine_fence();
	model_wake(0);
}

unsigned int kernel_taken(void)
{
	return taken;
}

/* poll(2) without end: poll_wait() has no barrier of its own before 6.14. */
int kernel_poll(unsigned int events)
{
	int mask = 0;

	model_will_sleep();
	model_lock(&queue.wq.wait);
	kernel_enqueue(&queue.wq.wait);
	model_unlock(&queue.wq.wait);
	for (;;) {
		mytun_ring_restart(&queue, &rings);
		if (events & EPOLLIN && !mytun_ring_rx_empty(&rings))
			mask |= EPOLLIN;
		if (events & EPOLLOUT && mytun_ring_tx_writable(&rings))
			mask |= EPOLLOUT;
		/* The queue has no device then, which poll() looks at. */
		if (mask || READ_ONCE(rings.ended))
			break;
		model_sleep();
		/* poll_schedule_timeout(): smp_store_mb(triggered, 0) */
		model_will_sleep();
		model_machine_fence();
	}
	finish_wait(&queue.wq.wait, NULL);
	return mask;
}

long kernel_ioctl(unsigned long request, void *argument)
{
	if (request == MYTUN_IOC_WAIT)
		return mytun_wake_wait(&queue, &rings, argument);
	model_require(request == MYTUN_IOC_KICK, "an ioctl of the model");
	return mytun_drive_kick(&queue, &rings);
}
