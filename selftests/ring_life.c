// SPDX-License-Identifier: GPL-2.0
/*
 * Rings in the life of a device: several queues and the flows that belong to
 * them, queues set aside, deletion in mid-traffic, moves to another namespace,
 * and processes that fork.
 */
#include "device.h"

#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		900		/* seconds for one test, all counts */
#define TUN		(IFF_TUN | IFF_NO_PI)
#define QUEUES		4
#define FLOWS		1000
#define PORT_CLOSED	81

static const struct mytun_ring both = {
	.rx_size = RING_SMALL, .tx_size = RING_SMALL,
};

/* One packet each way. */
static bool works(struct ringdev *dev, struct ringmem *mem, uint32_t number)
{
	struct mytun_record *record;
	uint32_t stream, seen;
	bool good;

	if (ringdev_send(dev, 1, number, 300) ||
	    ring_wait(mem->fd, MYTUN_WAIT_RX, DEADLINE_MS) != MYTUN_WAIT_RX)
		return false;
	record = ringmem_peek(mem);
	if (!record || record_fault(record, mem->ring.rx_size))
		return false;
	good = ringdev_parse(dev, record_data(record), record->len, &stream,
			     &seen) && seen == number;
	ringmem_next(mem);
	ringmem_release(mem);
	return good && ringdev_put(dev, mem, 2, number, 300) &&
	       ringmem_submit(mem) >= 0 &&
	       ringdev_sink(dev, &stream, &seen, DEADLINE_MS) > 0 &&
	       stream == 2 && seen == number;
}

FIXTURE(ring_affinity)
{
	struct ringdev dev;
	struct ringmem mem[QUEUES];
	uint64_t seed;
	unsigned long replies, wrong, strangers;
};

FIXTURE_VARIANT(ring_affinity)
{
	uint32_t drive;
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(ring_affinity, caller) { .drive = MYTUN_DRIVE_CALLER };
FIXTURE_VARIANT_ADD(ring_affinity, napi) { .drive = MYTUN_DRIVE_NAPI };
FIXTURE_VARIANT_ADD(ring_affinity, napi_gro)
{
	.drive = MYTUN_DRIVE_NAPI, .flags = MYTUN_DRIVE_GRO,
};

FIXTURE_VARIANT_ADD(ring_affinity, thread) { .drive = MYTUN_DRIVE_THREAD };
FIXTURE_VARIANT_ADD(ring_affinity, thread_gro)
{
	.drive = MYTUN_DRIVE_THREAD, .flags = MYTUN_DRIVE_GRO,
};

FIXTURE_SETUP(ring_affinity)
{
	unsigned int i;
	int fd;

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, TUN | IFF_MULTI_QUEUE, 47));
	for (i = 0; i < QUEUES; i++) {
		fd = i ? ringdev_queue(&self->dev) : self->dev.fd;
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ringmem_make(&self->mem[i], fd, &both));
		ASSERT_EQ(0, ring_drive(fd, variant->drive, variant->flags, 0,
					NULL));
	}
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(ring_affinity)
{
	unsigned int i;

	for (i = 0; i < QUEUES; i++) {
		ringmem_unmap(&self->mem[i]);
		if (i)
			close(self->mem[i].fd);
	}
	ringdev_destroy(&self->dev);
}

/* Flow number n asks for a connection that the stack refuses at once. */
static bool ask(struct ringdev *dev, struct ringmem *mem, unsigned int n)
{
	struct packet_flow flow = dev->in;
	struct packet *p = dev->packet;

	flow.from.addr[3] = 2 + n % 200;
	flow.from.port = 10000 + n;
	flow.to.port = PORT_CLOSED;
	packet_tcp(p, &flow, TCP_SYN, n, 0, NULL, 0);
	return ringmem_put(mem, p->data, p->size);
}

/* The replies that are in the ring of queue i, judged by whose flow it is. */
static unsigned int answers(FIXTURE_DATA(ring_affinity) *self, unsigned int i,
			    const uint8_t *owner)
{
	struct ringmem *mem = &self->mem[i];
	struct mytun_record *record;
	struct packet_view view;
	unsigned int count = 0;

	while ((record = ringmem_peek(mem))) {
		if (packet_parse(record_data(record), record->len, false,
				 &view) && view.protocol == IPPROTO_TCP &&
		    view.tcp_flags & TCP_RST && view.l4_sum &&
		    view.flow.to.port >= 10000 &&
		    view.flow.to.port < 10000 + FLOWS) {
			self->replies++;
			count++;
			if (owner[view.flow.to.port - 10000] != i ||
			    record->queue != i)
				self->wrong++;
		} else {
			self->strangers++;
		}
		ringmem_next(mem);
	}
	if (count)
		ringmem_release(mem);
	return count;
}

TEST_F_TIMEOUT(ring_affinity, replies_come_to_the_writer, LIMIT)
{
	const unsigned long count = scaled(100000);
	uint8_t owner[FLOWS];
	unsigned long asked = 0;
	unsigned int i, n, queue, batch, got;
	uint64_t progress = now_ms();

	memset(owner, 0xff, sizeof(owner));
	while (self->replies < count) {
		/* A batch from one queue, and the replies before the next. */
		queue = random_below(&self->seed, QUEUES);
		batch = 1 + random_below(&self->seed, 32);
		for (i = 0; i < batch && asked < count; i++, asked++) {
			/* New flows first, then they move about. */
			n = asked < FLOWS ? asked :
			    random_below(&self->seed, FLOWS);
			owner[n] = queue;
			ASSERT_TRUE(ask(&self->dev, &self->mem[queue], n));
		}
		ASSERT_LE(0, ringmem_submit(&self->mem[queue]));
		while (self->replies < asked) {
			for (i = 0, got = 0; i < QUEUES; i++)
				got += answers(self, i, owner);
			if (got)
				progress = now_ms();
			else
				sched_yield();
			ASSERT_GT(DEADLINE_MS, now_ms() - progress) {
				TH_LOG("%lu of %lu answered", self->replies,
				       asked);
			}
		}
	}
	printf("# %lu replies, %lu at a wrong queue, %lu other packets\n",
	       self->replies, self->wrong, self->strangers);
	EXPECT_EQ(0, self->wrong);
	EXPECT_EQ(0, self->strangers);
}

FIXTURE(ring_life)
{
	struct ringdev dev;
	struct ringmem mem;
};

FIXTURE_SETUP(ring_life)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, TUN | IFF_MULTI_QUEUE, 48));
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &both));
}

FIXTURE_TEARDOWN(ring_life)
{
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

/* A queue that is set aside keeps what it has, and goes on later. */
TEST_F_TIMEOUT(ring_life, set_aside, LIMIT)
{
	struct ringmem *mem = &self->mem, other;
	uint32_t producer, stream, number;
	int fd = ringdev_queue(&self->dev), round, ret;
	unsigned int i;

	ASSERT_LE(0, fd);
	for (round = 0; round < 10; round++) {
		/* One queue alone has all packets. */
		ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
		ASSERT_TRUE(works(&self->dev, mem, round));
		for (i = 0; i < 10; i++)
			ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
		ASSERT_EQ(0, device_setqueue(fd, IFF_ATTACH_QUEUE));
		ASSERT_EQ(0, device_setqueue(self->dev.fd, IFF_DETACH_QUEUE));

		/* What was there stays; nothing new comes. */
		producer = ringmem_load(&mem->kernel->rx_producer);
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, 99, 100));
		EXPECT_EQ(producer, ringmem_load(&mem->kernel->rx_producer));
		for (i = 0; i < 10; i++) {
			ASSERT_NE(NULL, ringmem_peek(mem));
			ASSERT_TRUE(ringdev_parse(&self->dev,
						  record_data(ringmem_peek(mem)),
						  ringmem_peek(mem)->len,
						  &stream, &number));
			EXPECT_EQ(i, number);
			ringmem_next(mem);
		}
		ringmem_release(mem);
		EXPECT_EQ(0, ring_wait(mem->fd, MYTUN_WAIT_RX, 1));

		/* As with write(), packets go on to be delivered. */
		ASSERT_TRUE(ringdev_put(&self->dev, mem, 3, round, 100));
		ret = ringmem_submit(mem);
		EXPECT_EQ(1, ret);
		EXPECT_LT(0, ringdev_sink(&self->dev, &stream, &number,
					  DEADLINE_MS));
		EXPECT_EQ(round, (int)number);
		ASSERT_EQ(0, device_setqueue(self->dev.fd, IFF_ATTACH_QUEUE));
		/* With the other one out of the way: it has all again. */
		ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
		ASSERT_TRUE(works(&self->dev, mem, round));
		ASSERT_EQ(0, device_setqueue(fd, IFF_ATTACH_QUEUE));
	}
	/* Rings made while it is set aside serve when it is attached. */
	ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
	ret = ringmem_make(&other, fd, &both);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, device_setqueue(fd, IFF_ATTACH_QUEUE));
	ASSERT_EQ(0, device_setqueue(self->dev.fd, IFF_DETACH_QUEUE));
	EXPECT_TRUE(works(&self->dev, &other, 1));
	ringmem_unmap(&other);
	close(fd);
}

struct churn {
	int fd;
	bool stop;
	unsigned long changes;
	int error;
	pthread_t thread;
};

static void *churn_thread(void *arg)
{
	struct churn *churn = arg;

	while (!__atomic_load_n(&churn->stop, __ATOMIC_RELAXED)) {
		churn->error = device_setqueue(churn->fd, IFF_DETACH_QUEUE);
		if (!churn->error)
			churn->error = device_setqueue(churn->fd,
						       IFF_ATTACH_QUEUE);
		if (churn->error)
			break;
		__atomic_fetch_add(&churn->changes, 1, __ATOMIC_RELAXED);
		sched_yield();
	}
	return NULL;
}

static bool churned(void *arg)
{
	struct churn *churn = arg;

	return __atomic_load_n(&churn->changes, __ATOMIC_RELAXED);
}

/* A queue comes and goes under traffic; each packet is seen or counted. */
TEST_F_TIMEOUT(ring_life, set_aside_under_traffic, LIMIT)
{
	struct ringdev_flow flow = {
		.dev = &self->dev, .socket = -1, .stream = 1,
		.count = scaled(100000), .size_min = NUMBERED_MIN,
		.size_max = 500, .seed = 1, .window_packets = 100,
	};
	struct numbered_tally delivered = {};
	struct churn churn = {};
	struct mytun_record *record;
	struct ringmem other, *mems[2] = { &self->mem, &other };
	unsigned long seen = 0, up = 0;
	uint64_t progress = now_ms();
	unsigned int i, got;
	long lost;

	churn.fd = ringdev_queue(&self->dev);
	ASSERT_LE(0, churn.fd);
	ASSERT_EQ(0, ringmem_make(&other, churn.fd, &both));
	ASSERT_EQ(0, ring_drive(churn.fd, MYTUN_DRIVE_NAPI, 0, 0, NULL));
	ASSERT_EQ(0, pthread_create(&churn.thread, NULL, churn_thread,
				    &churn));
	ASSERT_EQ(0, wait_for(churned, &churn, DEADLINE_MS));
	ASSERT_EQ(0, ringdev_flow_start(&flow));
	for (;;) {
		for (i = 0, got = 0; i < 2; i++) {
			while ((record = ringmem_peek(mems[i]))) {
				ASSERT_EQ(NULL, record_fault(record,
							     RING_SMALL));
				ringmem_next(mems[i]);
				got++;
			}
			ringmem_release(mems[i]);
		}
		seen += got;
		lost = ethtool_counter(self->dev.name, "tx_drop_no_queue") +
		       ethtool_counter(self->dev.name, "tx_drop_detached");
		flow.packets_done = seen + lost;
		/* Upwards through the one that comes and goes. */
		if (up - delivered.packets < 50 &&
		    ringdev_put(&self->dev, &other, 1, up, 100)) {
			ASSERT_LE(0, ringmem_submit(&other));
			up++;
			got++;
		}
		got += ringdev_collect(&self->dev, 0, &delivered);
		if (got)
			progress = now_ms();
		if (seen + lost == flow.count)
			break;
		ASSERT_GT(DEADLINE_MS, now_ms() - progress) {
			TH_LOG("%lu seen, %ld lost, of %lu", seen, lost,
			       flow.count);
		}
	}
	__atomic_store_n(&churn.stop, true, __ATOMIC_RELAXED);
	pthread_join(churn.thread, NULL);
	EXPECT_EQ(0, churn.error);
	EXPECT_EQ(0, ringdev_flow_join(&flow));
	ASSERT_LE(0, ring_kick(churn.fd));
	ringdev_collect(&self->dev, up - delivered.packets, &delivered);
	EXPECT_TRUE(numbered_print(&delivered, "from the one set aside"));
	EXPECT_EQ(up, delivered.packets);
	printf("# set aside %lu times: %lu received, %ld lost on the way\n",
	       churn.changes, seen, lost);
	EXPECT_LT(0, churn.changes);
	EXPECT_EQ(0, self->mem.kernel->rx_full + other.kernel->rx_full);
	ringmem_unmap(&other);
	close(churn.fd);
}

/* Sends bursts: a packet that the stack cuts into SEGMENTS of SEGMENT bytes. */
struct bursts {
	int socket;
	bool stop, hold, inside;
	int error;
	pthread_t thread;
};

#define SEGMENT		500
#define SEGMENTS	60

static void *bursts_thread(void *arg)
{
	static const uint8_t payload[SEGMENT * SEGMENTS];
	struct bursts *b = arg;

	while (!__atomic_load_n(&b->stop, __ATOMIC_SEQ_CST) && !b->error) {
		__atomic_store_n(&b->inside, true, __ATOMIC_SEQ_CST);
		/* ENOBUFS: the last segment was dropped. */
		if (!__atomic_load_n(&b->hold, __ATOMIC_SEQ_CST) &&
		    send(b->socket, payload, sizeof(payload), 0) < 0 &&
		    errno != ENOBUFS)
			b->error = -errno;
		__atomic_store_n(&b->inside, false, __ATOMIC_SEQ_CST);
		sched_yield();
	}
	return NULL;
}

/* No burst is under way until they are released. */
static void bursts_hold(struct bursts *b, bool hold)
{
	__atomic_store_n(&b->hold, hold, __ATOMIC_SEQ_CST);
	while (hold && __atomic_load_n(&b->inside, __ATOMIC_SEQ_CST))
		sched_yield();
}

static unsigned int empty_ring(struct ringmem *mem)
{
	unsigned int n = 0;

	for (; ringmem_peek(mem); n++)
		ringmem_next(mem);
	ringmem_release(mem);
	return n;
}

/* A queue that leaves in the middle of a burst shows what it has of it. */
TEST_F_TIMEOUT(ring_life, set_aside_in_a_burst, LIMIT)
{
	struct bursts bursts = {};
	unsigned int rounds = scaled(1000), i, n, segment = SEGMENT;
	struct ringmem other, *mems[2] = { &self->mem, &other };
	unsigned long seen = 0, in_bursts = 0;
	struct rtnl_link_stats64 stats;
	int fd = ringdev_queue(&self->dev);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ringmem_make(&other, fd, &both));
	ASSERT_EQ(0, device_ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM));
	bursts.socket = ringdev_connect(&self->dev, RINGDEV_PORT);
	ASSERT_LE(0, bursts.socket);
	/* UDP_SEGMENT, in SOL_UDP: linux/udp.h does not go with netinet. */
	if (setsockopt(bursts.socket, IPPROTO_UDP, 103, &segment,
		       sizeof(segment))) {
		ASSERT_EQ(ENOPROTOOPT, errno);
		ringmem_unmap(&other);
		close(bursts.socket);
		close(fd);
		SKIP(return, "this kernel has no UDP_SEGMENT");
	}
	ASSERT_EQ(0, pthread_create(&bursts.thread, NULL, bursts_thread,
				    &bursts));
	for (i = 0; i < rounds && !bursts.error; i++) {
		/* Until it is known to run; the queue that leaves takes turns. */
		while (!ringmem_peek(mems[0]) && !ringmem_peek(mems[1]) &&
		       !__atomic_load_n(&bursts.error, __ATOMIC_RELAXED))
			sched_yield();
		ASSERT_EQ(0, device_setqueue(mems[i % 2]->fd,
					     IFF_DETACH_QUEUE));
		bursts_hold(&bursts, true);
		n = empty_ring(mems[i % 2]);
		in_bursts += n % SEGMENTS ? 1 : 0;
		seen += n + empty_ring(mems[!(i % 2)]);
		ASSERT_EQ(0, link_get_stats(self->dev.name, &stats));
		EXPECT_EQ(seen, stats.tx_packets);
		seen = stats.tx_packets;
		ASSERT_EQ(0, device_setqueue(mems[i % 2]->fd,
					     IFF_ATTACH_QUEUE));
		bursts_hold(&bursts, false);
	}
	__atomic_store_n(&bursts.stop, true, __ATOMIC_SEQ_CST);
	pthread_join(bursts.thread, NULL);
	EXPECT_EQ(0, bursts.error);
	printf("# %u times, %lu of them in the middle of a burst\n", i,
	       in_bursts);
	ringmem_unmap(&other);
	close(bursts.socket);
	close(fd);
}

enum sleeper_way { WAITS, POLLS, EPOLLS, READS_EVENT, WAYS };

struct sleeper {
	enum sleeper_way way;
	struct ringmem *mem;
	int event;
	int ret;
	bool ended;
	pthread_t thread;
};

/* A consumer that sleeps until there is something, and takes it. */
static int consume_until_the_end(struct sleeper *s)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct pollfd fd = { .fd = s->mem->fd, .events = POLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), ret = 0;
	uint64_t value;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, s->mem->fd, &event))
		return -errno;
	while (!ret) {
		while (ringmem_peek(s->mem))
			ringmem_next(s->mem);
		if (!ringmem_idle(s->mem))
			continue;
		if (ringmem_ended(s->mem))
			break;
		switch (s->way) {
		case WAITS:
			ret = ring_wait(s->mem->fd, MYTUN_WAIT_RX, -1);
			ret = ret > 0 || ret == -EBADFD ? 0 : -1;
			break;
		case POLLS:
			/* An error comes a little before the flag. */
			if (poll(&fd, 1, -1) != 1)
				ret = -2;
			break;
		case EPOLLS:
			if (epoll_wait(ep, &event, 1, -1) != 1)
				ret = -3;
			break;
		default:
			if (read(s->event, &value, sizeof(value)) !=
			    sizeof(value))
				ret = -4;
		}
	}
	close(ep);
	return ret;
}

static void *sleeper_thread(void *arg)
{
	struct sleeper *s = arg;

	s->ret = consume_until_the_end(s);
	__atomic_store_n(&s->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool sleeper_ended(void *arg)
{
	const struct sleeper *s = arg;

	return __atomic_load_n(&s->ended, __ATOMIC_ACQUIRE);
}

/* The device goes in mid-traffic: whoever sleeps sees the end. */
TEST_F_TIMEOUT(ring_life, deleted_under_traffic, LIMIT)
{
	const unsigned int rounds = scaled(800);
	struct ringdev_flow flow;
	struct sleeper sleeper;
	struct ringdev dev;
	struct ringmem mem;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		memset(&sleeper, 0, sizeof(sleeper));
		memset(&flow, 0, sizeof(flow));
		ASSERT_EQ(0, ringdev_create(&dev, i & 8 ? TUN :
					    TUN | IFF_BACKPRESSURE, 49));
		ASSERT_EQ(0, ringmem_make(&mem, dev.fd, &both));
		sleeper.mem = &mem;
		sleeper.way = i % WAYS;
		sleeper.event = eventfd(0, EFD_CLOEXEC);
		ASSERT_LE(0, sleeper.event);
		if (sleeper.way == READS_EVENT)
			ASSERT_EQ(0, ring_eventfd(dev.fd, sleeper.event, -1));
		ASSERT_EQ(0, pthread_create(&sleeper.thread, NULL,
					    sleeper_thread, &sleeper));
		flow.dev = &dev;
		flow.socket = -1;
		flow.count = i & 4 ? ULONG_MAX : 0;
		flow.size_min = NUMBERED_MIN;
		flow.size_max = 1000;
		ASSERT_EQ(0, ringdev_flow_start(&flow));
		sleep_ms(i % 16);
		ASSERT_EQ(0, link_delete(dev.name));
		EXPECT_EQ(0, wait_for(sleeper_ended, &sleeper, DEADLINE_MS)) {
			TH_LOG("sleeper %u hangs", sleeper.way);
		}
		__atomic_store_n(&flow.stop, true, __ATOMIC_RELAXED);
		/* Without a route, sending fails. */
		ringdev_flow_join(&flow);
		pthread_join(sleeper.thread, NULL);
		EXPECT_EQ(0, sleeper.ret);
		EXPECT_TRUE(mem.kernel->tx_flags & MYTUN_RING_ENDED);
		EXPECT_EQ(-EBADFD, ring_kick(dev.fd));
		EXPECT_EQ(-EBADFD, ring_wait(dev.fd, MYTUN_WAIT_RX, -1));
		EXPECT_TRUE(wait_events(dev.fd, POLLIN, 0) & POLLERR);
		close(sleeper.event);
		ringmem_unmap(&mem);
		ringdev_destroy(&dev);
	}
}

/* What was in RX when the device went can still be read. */
TEST_F_TIMEOUT(ring_life, read_after_the_end, LIMIT)
{
	uint32_t stream, number, i;
	struct mytun_record *record;

	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 500));
	ASSERT_EQ(0, link_delete(self->dev.name));
	EXPECT_TRUE(ringmem_ended(&self->mem));
	for (i = 0; i < 50; i++) {
		record = ringmem_peek(&self->mem);
		ASSERT_NE(NULL, record);
		ASSERT_TRUE(ringdev_parse(&self->dev, record_data(record),
					  record->len, &stream, &number));
		EXPECT_EQ(i, number);
		ringmem_next(&self->mem);
	}
	EXPECT_EQ(NULL, ringmem_peek(&self->mem));
	ringmem_release(&self->mem);
}

/* Attached to another device, the rings go on where they were. */
TEST_F_TIMEOUT(ring_life, another_device, LIMIT)
{
	struct ringdev *dev = &self->dev;
	uint32_t position;

	ASSERT_TRUE(works(dev, &self->mem, 1));
	ASSERT_EQ(0, link_delete(dev->name));
	EXPECT_TRUE(ringmem_ended(&self->mem));
	position = ringmem_load(&self->mem.kernel->rx_producer);
	strcpy(dev->name, "again%d");
	ASSERT_EQ(0, device_setiff(dev->fd, dev->name, dev->flags));
	ASSERT_EQ(0, ringdev_start(dev));
	EXPECT_EQ(position, ringmem_load(&self->mem.kernel->rx_producer));
	EXPECT_FALSE(ringmem_ended(&self->mem));
	EXPECT_FALSE(self->mem.kernel->tx_flags & MYTUN_RING_ENDED);
	EXPECT_TRUE(works(dev, &self->mem, 2));
}

/* Persistent: it stays, the rings end with their file. */
TEST_F_TIMEOUT(ring_life, persistent, LIMIT)
{
	const struct mytun_ring later = { .rx_size = RING_SMALL,
		.tx_size = RING_SMALL, .position = 0x40000 };
	struct ringdev *dev = &self->dev;

	ASSERT_EQ(0, device_ioctl(dev->fd, TUNSETPERSIST, 1));
	ASSERT_TRUE(works(dev, &self->mem, 1));
	ringmem_unmap(&self->mem);
	close(dev->fd);
	ASSERT_TRUE(link_exists(dev->name));
	dev->fd = ringdev_queue(dev);
	ASSERT_LE(0, dev->fd);
	EXPECT_EQ(-ENOENT, ringmem_map(&self->mem, dev->fd));
	ASSERT_EQ(0, ringmem_make(&self->mem, dev->fd, &later));
	ASSERT_EQ(0, link_wait_running(dev->name));
	EXPECT_EQ(0x40000, self->mem.kernel->rx_producer);
	EXPECT_TRUE(works(dev, &self->mem, 2));
	ASSERT_EQ(0, device_ioctl(dev->fd, TUNSETPERSIST, 0));
}

TEST_F_TIMEOUT(ring_life, moves_to_another_namespace, LIMIT)
{
	int there = netns_new(), here = netns_get(), i;

	ASSERT_LE(0, there);
	ASSERT_LE(0, here);
	for (i = 0; i < 6; i++) {
		ASSERT_TRUE(works(&self->dev, &self->mem, i));
		ASSERT_EQ(0, link_set_netns(self->dev.name,
					    i & 1 ? here : there));
		ASSERT_EQ(0, netns_enter(i & 1 ? here : there));
		/* A move takes addresses and state away. */
		ASSERT_EQ(0, ringdev_start(&self->dev));
	}
	ASSERT_TRUE(works(&self->dev, &self->mem, i));
	close(there);
	close(here);
}

/* A daemon that forks after set-up: the child goes on with what it inherited. */
TEST_F_TIMEOUT(ring_life, forks, LIMIT)
{
	uint32_t i, number = 0;
	pid_t child;
	int status;

	for (i = 0; i < 20; i++)
		ASSERT_TRUE(works(&self->dev, &self->mem, number++));
	child = fork();
	ASSERT_LE(0, child);
	if (child) {
		/* As a daemon's parent: its mappings and its fd go. */
		ringmem_unmap(&self->mem);
		close(self->dev.fd);
		self->dev.fd = -1;
		status = wait_child(child, LIMIT * 1000);
		EXPECT_EQ(0, status) {
			TH_LOG("step %d", WEXITSTATUS(status));
		}
		EXPECT_FALSE(link_exists(self->dev.name));
		return;
	}
	sleep_ms(QUIET_MS);
	for (i = 0; i < 200; i++)
		if (!works(&self->dev, &self->mem, number++))
			_exit(1);
	/* And its child in turn, with mappings of its own. */
	ringmem_unmap(&self->mem);
	if (ringmem_map(&self->mem, self->dev.fd))
		_exit(2);
	for (i = 0; i < 200; i++)
		if (!works(&self->dev, &self->mem, number++))
			_exit(3);
	ringmem_unmap(&self->mem);
	close(self->dev.fd);
	_exit(0);
}

/* A mapping holds the file: the device stays until the last one is gone. */
TEST_F_TIMEOUT(ring_life, mapping_without_fd, LIMIT)
{
	struct ringmem *mem = &self->mem;
	uint32_t i;

	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_THREAD, 0, 1000000,
				NULL));
	close(self->dev.fd);
	self->dev.fd = -1;
	ASSERT_TRUE(link_exists(self->dev.name));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
		ASSERT_NE(NULL, ringmem_peek(mem));
		ringmem_next(mem);
		ringmem_store(&mem->user->rx_consumer, mem->rx_at);
	}
	ASSERT_TRUE(ringdev_put(&self->dev, mem, 1, 0, 100));
	ringmem_publish(mem);
	/* A thread that polls needs no kick; it began to look just now. */
	ringmem_wait_sent(mem, 500);
	ringmem_unmap(mem);
	EXPECT_FALSE(link_exists(self->dev.name));
}

TEST_HARNESS_MAIN
