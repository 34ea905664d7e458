// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits for packets is woken, and not more often than needed: transitions
 * of the RX ring between empty and not empty, moderation, and what is there to
 * wait by.
 */
#include "device.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/futex.h>
#include <linux/if_packet.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "pace.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT_LONG	7200		/* seconds for one test, all counts */
/* For each of 4 ways to wait; with those of ring_kick, 10 million. */
#define RX_TRANSITIONS	1000000
/* Packets on the way while there are processors for both sides. */
#define AHEAD		2

enum way { BY_WAIT, BY_POLL, BY_EPOLL_EDGE, BY_EVENTFD };

FIXTURE(wake_rx)
{
	struct ringdev dev;
	struct ringmem mem;
	uint64_t seed, sender_seed;
	int raw;		/* AF_PACKET, past the qdisc */
	int waiter;		/* epoll or eventfd */
	pthread_t sender;
	uint32_t sent;
	uint32_t taken;
	uint32_t turn;		/* a futex: packets were taken, or it is over */
	uint32_t waiting;	/* the sender sleeps there, or is about to */
	bool apart;		/* the two have processors of their own */
	bool stop;
	/* What the consumer did. */
	unsigned long transitions, emptied, sleeps, in_vain;
};

FIXTURE_VARIANT(wake_rx)
{
	enum way way;
};

FIXTURE_VARIANT_ADD(wake_rx, wait) { .way = BY_WAIT };
FIXTURE_VARIANT_ADD(wake_rx, poll) { .way = BY_POLL };
FIXTURE_VARIANT_ADD(wake_rx, epoll_edge) { .way = BY_EPOLL_EDGE };
FIXTURE_VARIANT_ADD(wake_rx, eventfd) { .way = BY_EVENTFD };

FIXTURE_SETUP(wake_rx)
{
	const struct mytun_ring ring = {
		.rx_size = RING_SMALL, .position = 0U - RING_SMALL,
	};
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	const int on = 1;

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, 37));
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	self->raw = ringdev_raw(&self->dev, false);
	ASSERT_LE(0, self->raw);
	ASSERT_EQ(0, setsockopt(self->raw, SOL_PACKET, PACKET_QDISC_BYPASS,
				&on, sizeof(on)));
	self->seed = random_seed();
	self->sender_seed = random_next(&self->seed);
	self->waiter = -1;
	if (variant->way == BY_EPOLL_EDGE) {
		self->waiter = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, self->waiter);
		ASSERT_EQ(0, epoll_ctl(self->waiter, EPOLL_CTL_ADD,
				       self->dev.fd, &event));
	} else if (variant->way == BY_EVENTFD) {
		self->waiter = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ASSERT_LE(0, self->waiter);
		ASSERT_EQ(0, ring_eventfd(self->dev.fd, self->waiter, -1));
	}
}

FIXTURE_TEARDOWN(wake_rx)
{
	if (self->waiter >= 0)
		close(self->waiter);
	close(self->raw);
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

static long futex(uint32_t *word, int operation, uint32_t value)
{
	const struct timespec limit = { .tv_sec = DEADLINE_MS / 1000 };

	return syscall(SYS_futex, word, operation, value, &limit, NULL, 0);
}

/*
 * The sender waits until no more than so many packets are on the way. It looks
 * for a while, and then it sleeps as well: it may have the consumer's
 * processor.
 */
static void wait_taken(FIXTURE_DATA(wake_rx) *self, unsigned int ahead)
{
	unsigned int looks = 0;
	uint32_t turn;

	for (;;) {
		turn = __atomic_load_n(&self->turn, __ATOMIC_SEQ_CST);
		if (self->sent - __atomic_load_n(&self->taken,
						 __ATOMIC_SEQ_CST) <= ahead ||
		    __atomic_load_n(&self->stop, __ATOMIC_SEQ_CST))
			return;
		if (self->apart && looks++ < LOOKS) {
			relax(10);
			continue;
		}
		__atomic_store_n(&self->waiting, 1, __ATOMIC_SEQ_CST);
		futex(&self->turn, FUTEX_WAIT_PRIVATE, turn);
		__atomic_store_n(&self->waiting, 0, __ATOMIC_RELAXED);
	}
}

/* The consumer has given back so many, or has said that it is over. */
static void tell_sender(FIXTURE_DATA(wake_rx) *self, unsigned int got)
{
	__atomic_store_n(&self->taken, self->taken + got, __ATOMIC_SEQ_CST);
	__atomic_store_n(&self->turn, self->turn + 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&self->waiting, __ATOMIC_SEQ_CST))
		futex(&self->turn, FUTEX_WAKE_PRIVATE, 1);
}

/*
 * On a processor of its own: one packet after the other, at any time, so that
 * they meet the consumer wherever it is on its way to sleep. Else one or a few
 * when the ring is empty, or nearly so.
 */
static void *wake_sender(void *arg)
{
	FIXTURE_DATA(wake_rx) *self = arg;
	struct packet *p = malloc(sizeof(*p));
	uint64_t *seed = &self->sender_seed;
	unsigned int ahead = 0;

	numbered_packet(p, &self->dev.out, NUMBERED_MIN, 1, 0);
	for (;;) {
		wait_taken(self, self->apart ? AHEAD : ahead);
		if (__atomic_load_n(&self->stop, __ATOMIC_RELAXED))
			break;
		if (self->apart)
			relax(random_below(seed, 5000));
		else
			delay(seed);
		if (write(self->raw, p->data, p->size) < 0)
			break;
		self->sent++;
		ahead = random_below(seed, 4) ? 0 : random_below(seed, 8);
	}
	free(p);
	return NULL;
}

/* Sleep until the ring has something: false, if time is over. */
static bool sleep_by(FIXTURE_DATA(wake_rx) *self, enum way way, int ms)
{
	struct epoll_event event;
	uint64_t value;

	self->mem.calls++;
	switch (way) {
	case BY_WAIT:
		return ring_wait(self->mem.fd, MYTUN_WAIT_RX, ms) ==
		       MYTUN_WAIT_RX;
	case BY_POLL:
		return wait_events(self->mem.fd, POLLIN, ms) == POLLIN;
	case BY_EPOLL_EDGE:
		return epoll_wait(self->waiter, &event, 1, ms) == 1;
	case BY_EVENTFD:
		if (wait_events(self->waiter, POLLIN, ms) != POLLIN)
			return false;
		return read(self->waiter, &value, sizeof(value)) ==
		       sizeof(value);
	}
	return false;
}

static unsigned int take_all(FIXTURE_DATA(wake_rx) *self)
{
	unsigned int count;

	for (count = 0; ringmem_peek(&self->mem); count++)
		ringmem_next(&self->mem);
	return count;
}

/* A sender and a consumer, until the ring was emptied so often. */
static void consume(struct __test_metadata *_metadata,
		    FIXTURE_DATA(wake_rx) *self, enum way way,
		    unsigned long goal)
{
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	unsigned int spins = 0, got;

	self->stop = false;
	ASSERT_EQ(0, pthread_create(&self->sender, NULL, wake_sender, self));
	while (self->transitions < goal) {
		got = take_all(self);
		/* Now they are the kernel's again, and the sender may know. */
		if (got && random_below(&self->seed, 2))
			delay(&self->seed);
		self->emptied += got > 0;
		if (!ringmem_idle(&self->mem)) {
			tell_sender(self, got);
			continue;
		}
		if (got) {
			self->transitions++;
			tell_sender(self, got);
			spins = self->apart && random_below(&self->seed, 4) ?
				random_below(&self->seed, 5 * LOOKS) : 0;
		}
		if (spins) {
			spins--;
			relax(10);
			continue;
		}
		self->sleeps++;
		ASSERT_TRUE(sleep_by(self, way, DEADLINE_MS)) {
			TH_LOG("%u bytes wait after %lu transitions",
			       ringmem_load(&kernel->rx_producer) -
			       self->mem.rx_at, self->transitions);
		}
		self->in_vain += !ringmem_peek(&self->mem);
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_SEQ_CST);
	tell_sender(self, 0);
	pthread_join(self->sender, NULL);
	got = take_all(self);
	self->emptied += got > 0;
	ringmem_release(&self->mem);
	self->taken += got;
}

/*
 * A quarter of it on all processors, where a packet comes at any moment of
 * going to sleep; the rest on one, where each side sleeps for the other to run.
 */
TEST_F_TIMEOUT(wake_rx, no_wakeup_is_lost, LIMIT_LONG)
{
	unsigned long goal = scaled(RX_TRANSITIONS);
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	uint64_t start = now_ms();

	self->apart = true;
	consume(_metadata, self, variant->way, goal / 4);
	self->apart = false;
	ASSERT_EQ(0, one_processor(0));
	consume(_metadata, self, variant->way, goal);
	printf("# %lu transitions, %llu packets, %llu wake-ups, %lu sleeps ",
	       self->transitions, (unsigned long long)kernel->rx_packets,
	       (unsigned long long)kernel->rx_wakeups, self->sleeps);
	printf("(%lu in vain), %.3f system calls per packet, %llu ms\n",
	       self->in_vain, (double)self->mem.calls / kernel->rx_packets,
	       (unsigned long long)(now_ms() - start));
	fflush(stdout);
	EXPECT_EQ(self->sent, (uint32_t)kernel->rx_packets);
	EXPECT_EQ(0, kernel->rx_full);
	/*
	 * At most one for each time that all of what was there was given back,
	 * even if more came before anyone could see the ring empty.
	 */
	EXPECT_GE(self->emptied + 1, kernel->rx_wakeups);
	/* What woke for nothing was an edge or a count of the past. */
	if (variant->way == BY_WAIT || variant->way == BY_POLL) {
		EXPECT_EQ(0, self->in_vain);
	}
}

static void send_raw(struct __test_metadata *_metadata,
		     FIXTURE_DATA(wake_rx) *self, unsigned int count)
{
	struct packet *p = self->dev.packet;

	numbered_packet(p, &self->dev.out, NUMBERED_MIN, 1, 0);
	while (count--)
		ASSERT_EQ((ssize_t)p->size, write(self->raw, p->data, p->size));
}

/* No wake-up, unless this machine took until @due, when there is one. */
static void not_yet(struct __test_metadata *_metadata,
		    FIXTURE_DATA(wake_rx) *self, uint64_t due)
{
	uint64_t found = ringmem_counter(&self->mem.kernel->rx_wakeups);

	if (now_ms() < due)
		EXPECT_EQ(0, found);
}

TEST_F_TIMEOUT(wake_rx, one_wakeup_for_a_backlog, 60)
{
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	unsigned int i;

	EXPECT_FALSE(sleep_by(self, variant->way, QUIET_MS));
	for (i = 1; i <= 20; i++) {
		send_raw(_metadata, self, 50);
		EXPECT_EQ(i, kernel->rx_wakeups);
		EXPECT_TRUE(sleep_by(self, variant->way, DEADLINE_MS));
		/* Half of it given back: the consumer is not done yet. */
		ringmem_next(&self->mem);
		ringmem_release(&self->mem);
		send_raw(_metadata, self, 1);
		EXPECT_EQ(i, kernel->rx_wakeups);
		EXPECT_EQ(50, take_all(self));
		ringmem_release(&self->mem);
	}
	EXPECT_FALSE(sleep_by(self, variant->way, QUIET_MS));
}

TEST_F_TIMEOUT(wake_rx, moderated_by_packets, 60)
{
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	uint64_t start;

	ASSERT_EQ(0, ring_moderate(self->dev.fd, 8, 1000000));
	start = now_ms();
	send_raw(_metadata, self, 7);
	not_yet(_metadata, self, start + 1000);
	send_raw(_metadata, self, 1);
	EXPECT_EQ(1, kernel->rx_wakeups);
	EXPECT_TRUE(sleep_by(self, variant->way, DEADLINE_MS));
	EXPECT_EQ(8, take_all(self));
	ringmem_release(&self->mem);

	/* The time that began with the packets above does not run on. */
	start = now_ms();
	send_raw(_metadata, self, 1);
	while (ringmem_counter(&kernel->rx_wakeups) == 1 &&
	       now_ms() - start < DEADLINE_MS)
		sleep_ms(1);
	EXPECT_EQ(2, ringmem_counter(&kernel->rx_wakeups));
	EXPECT_LE(990, now_ms() - start);
}

TEST_F_TIMEOUT(wake_rx, moderated_by_time, 60)
{
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	uint64_t start, took;

	ASSERT_EQ(0, ring_moderate(self->dev.fd, 0, 300000));
	start = now_ms();
	send_raw(_metadata, self, 100);
	took = now_ms() - start;
	while (ringmem_counter(&kernel->rx_wakeups) == 0 &&
	       now_ms() - start < DEADLINE_MS)
		sleep_ms(1);
	EXPECT_LE(299, now_ms() - start);
	EXPECT_EQ(1, ringmem_counter(&kernel->rx_wakeups));
	printf("# sent in %llu ms, woken after %llu ms\n",
	       (unsigned long long)took,
	       (unsigned long long)(now_ms() - start));
	EXPECT_TRUE(sleep_by(self, variant->way, DEADLINE_MS));
	EXPECT_EQ(100, take_all(self));
	ringmem_release(&self->mem);

	/* Off: at once. */
	ASSERT_EQ(0, ring_moderate(self->dev.fd, 0, 0));
	send_raw(_metadata, self, 1);
	EXPECT_EQ(2, kernel->rx_wakeups);
}

/* `ethtool -C`: tx-frames and tx-usecs. */
static int coalesce(const struct ringdev *dev, struct ethtool_coalesce *c,
		    uint32_t command)
{
	c->cmd = command;
	return ethtool(dev->name, c);
}

TEST_F_TIMEOUT(wake_rx, moderated_by_ethtool, 60)
{
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	struct ethtool_coalesce c = {};
	uint64_t start;

	ASSERT_EQ(0, coalesce(&self->dev, &c, ETHTOOL_GCOALESCE));
	EXPECT_EQ(0, c.tx_coalesce_usecs);
	c.tx_max_coalesced_frames = 8;
	c.tx_coalesce_usecs = 900000;
	ASSERT_EQ(0, coalesce(&self->dev, &c, ETHTOOL_SCOALESCE));
	memset(&c, 0, sizeof(c));
	ASSERT_EQ(0, coalesce(&self->dev, &c, ETHTOOL_GCOALESCE));
	EXPECT_EQ(8, c.tx_max_coalesced_frames);
	EXPECT_EQ(900000, c.tx_coalesce_usecs);
	start = now_ms();
	send_raw(_metadata, self, 7);
	not_yet(_metadata, self, start + 900);
	send_raw(_metadata, self, 1);
	EXPECT_EQ(1, kernel->rx_wakeups);
	EXPECT_TRUE(sleep_by(self, variant->way, DEADLINE_MS));
	EXPECT_EQ(8, take_all(self));
	ringmem_release(&self->mem);

	/* What the ioctl refuses is refused here as well. */
	c.tx_coalesce_usecs = 0;
	EXPECT_EQ(-EINVAL, coalesce(&self->dev, &c, ETHTOOL_SCOALESCE));
	c.tx_coalesce_usecs = 1000001;
	EXPECT_EQ(-EINVAL, coalesce(&self->dev, &c, ETHTOOL_SCOALESCE));
	c.tx_max_coalesced_frames = 1;
	c.tx_coalesce_usecs = 0;
	EXPECT_EQ(0, coalesce(&self->dev, &c, ETHTOOL_SCOALESCE));
	send_raw(_metadata, self, 1);
	EXPECT_EQ(2, kernel->rx_wakeups);
}

/* Switched off while a wake-up is due: who sleeps is not forgotten. */
TEST_F_TIMEOUT(wake_rx, moderation_ends_in_between, 60)
{
	uint64_t start = now_ms();

	ASSERT_EQ(0, ring_moderate(self->dev.fd, 100, 1000000));
	send_raw(_metadata, self, 5);
	not_yet(_metadata, self, start + 1000);
	ASSERT_EQ(0, ring_moderate(self->dev.fd, 0, 0));
	EXPECT_TRUE(sleep_by(self, variant->way, DEADLINE_MS));
	EXPECT_EQ(1, self->mem.kernel->rx_wakeups);
	EXPECT_EQ(5, take_all(self));
}

/* Each wake-up counts once in the eventfd. */
TEST_F_TIMEOUT(wake_rx, eventfd_counts, 60)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t value = 0, before;
	unsigned int i;

	ASSERT_LE(0, event);
	ASSERT_EQ(0, ring_eventfd(self->dev.fd, event, -1));
	before = self->mem.kernel->rx_wakeups;
	for (i = 0; i < 30; i++) {
		send_raw(_metadata, self, 3);
		take_all(self);
		ringmem_release(&self->mem);
	}
	EXPECT_EQ((ssize_t)sizeof(value), read(event, &value, sizeof(value)));
	EXPECT_EQ(self->mem.kernel->rx_wakeups - before, value);
	EXPECT_EQ(30, value);
	ASSERT_EQ(0, ring_eventfd(self->dev.fd, -1, -1));
	send_raw(_metadata, self, 3);
	EXPECT_EQ(-1, read(event, &value, sizeof(value)));
	close(event);
}

/* With MYTUN_Q_SEEN a consumer sleeps on records that it has looked at. */
TEST_F_TIMEOUT(wake_rx, by_what_was_seen, 60)
{
	const struct mytun_ring ring = {
		.rx_size = RING_SMALL, .flags = MYTUN_Q_SEEN,
	};
	struct ringdev dev;
	struct ringmem mem;
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&dev, IFF_TUN | IFF_NO_PI, 38));
	ASSERT_EQ(0, ringmem_make(&mem, dev.fd, &ring));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ringdev_send(&dev, 1, i, 100));
		ASSERT_EQ(MYTUN_WAIT_RX, ring_wait(dev.fd, MYTUN_WAIT_RX,
						   DEADLINE_MS));
		EXPECT_EQ(i + 1, mem.kernel->rx_wakeups);
		ASSERT_NE(NULL, ringmem_peek(&mem));
		ringmem_next(&mem);
		ringmem_store(&mem.user->rx_seen, mem.rx_at);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		EXPECT_EQ(0, ring_wait(dev.fd, MYTUN_WAIT_RX, 0));
		EXPECT_EQ(0, wait_events(dev.fd, POLLIN, 0));
	}
	/* Nothing was given back: all of it is still there. */
	EXPECT_EQ(20 * ringdev_record(&dev, 100),
		  mem.kernel->rx_producer - mem.user->rx_consumer);
	ringmem_unmap(&mem);
	ringdev_destroy(&dev);
}

static void on_signal(int signal)
{
	(void)signal;
}

static void *signaller(void *arg)
{
	pthread_t *to = arg;
	int err = wait_asleep(getpid(), DEADLINE_MS);

	pthread_kill(*to, SIGUSR1);
	return err ? NULL : arg;
}

TEST_F_TIMEOUT(wake_rx, wait_ends_otherwise, 60)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t self_thread = pthread_self(), thread;
	uint64_t start = now_ms();
	void *slept;

	if (variant->way != BY_WAIT)
		SKIP(return, "for MYTUN_IOC_WAIT alone");
	EXPECT_EQ(0, ring_wait(self->mem.fd, MYTUN_WAIT_RX, 0));
	EXPECT_EQ(0, ring_wait(self->mem.fd, MYTUN_WAIT_RX, 100));
	EXPECT_LE(100, now_ms() - start);
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, signaller, &self_thread));
	EXPECT_EQ(-EINTR, ring_wait(self->mem.fd, MYTUN_WAIT_RX, -1));
	pthread_join(thread, &slept);
	EXPECT_NE(NULL, slept);
	send_raw(_metadata, self, 1);
	EXPECT_EQ(MYTUN_WAIT_RX, ring_wait(self->mem.fd, MYTUN_WAIT_RX, -1));
	/* Level: it stays true until the record is given back. */
	EXPECT_EQ(MYTUN_WAIT_RX, ring_wait(self->mem.fd, MYTUN_WAIT_RX, 0));
	EXPECT_EQ(POLLIN, wait_events(self->mem.fd, POLLIN, 0));
	take_all(self);
	ringmem_release(&self->mem);
	EXPECT_EQ(0, ring_wait(self->mem.fd, MYTUN_WAIT_RX, 0));
	EXPECT_EQ(0, wait_events(self->mem.fd, POLLIN, 0));
}

FIXTURE(ring_made)
{
	struct ringdev dev;
	struct ringmem mem;
	pthread_t thread;
	pid_t tid;
	int result;
};

FIXTURE_SETUP(ring_made)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, 37));
}

FIXTURE_TEARDOWN(ring_made)
{
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

static void *read_thread(void *arg)
{
	FIXTURE_DATA(ring_made) *self = arg;
	uint8_t byte;

	__atomic_store_n(&self->tid, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	self->result = device_read(self->dev.fd, &byte, sizeof(byte));
	return NULL;
}

static void *poll_thread(void *arg)
{
	FIXTURE_DATA(ring_made) *self = arg;

	__atomic_store_n(&self->tid, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	self->result = wait_events(self->dev.fd, POLLIN, DEADLINE_MS);
	return NULL;
}

/* Who waits in that way, and sleeps. */
static void start_sleeper(struct __test_metadata *_metadata,
			  FIXTURE_DATA(ring_made) *self, void *(*run)(void *))
{
	self->tid = 0;
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, run, self));
	while (!__atomic_load_n(&self->tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	ASSERT_EQ(0, wait_asleep(self->tid, DEADLINE_MS));
}

static int made(FIXTURE_DATA(ring_made) *self)
{
	const struct mytun_ring ring = { .rx_size = RING_SMALL };

	return ringmem_make(&self->mem, self->dev.fd, &ring);
}

/* A read() has nothing to wait for any more. */
TEST_F_TIMEOUT(ring_made, over_a_reader, 60)
{
	ASSERT_EQ(0, device_nonblock(self->dev.fd, false));
	start_sleeper(_metadata, self, read_thread);
	ASSERT_EQ(0, made(self));
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
	EXPECT_EQ(-EBUSY, self->result);
}

/* A packet that comes just then may be moved before its wake-up is heeded. */
TEST_F_TIMEOUT(ring_made, over_a_poll, LIMIT_LONG)
{
	unsigned long rounds = scaled(4000), i;
	uint64_t seed = random_seed();

	for (i = 0; i < rounds; i++) {
		struct ringdev_flow flow = {
			.dev = &self->dev, .socket = -1, .stream = 1,
			.count = 1, .size_min = 100, .size_max = 100,
		};

		if (i) {
			ringmem_unmap(&self->mem);
			ringdev_destroy(&self->dev);
			ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN |
						    IFF_NO_PI, 37));
		}
		start_sleeper(_metadata, self, poll_thread);
		ASSERT_EQ(0, ringdev_flow_start(&flow));
		delay(&seed);
		ASSERT_EQ(0, made(self));
		ASSERT_EQ(0, ringdev_flow_join(&flow));
		ASSERT_EQ(0, pthread_join(self->thread, NULL));
		ASSERT_EQ(POLLIN, self->result) {
			TH_LOG("round %lu: the packet is not heard of", i);
		}
		ASSERT_NE(NULL, ringmem_peek(&self->mem));
	}
}

TEST_HARNESS_MAIN
