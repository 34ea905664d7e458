// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_BACKPRESSURE: a full RX ring stops the stack's queue, and the driver
 * drops nothing. What a qdisc drops is its own affair, and counted there.
 */
#include "device.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "qdisc.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		900		/* seconds for one test, all counts */
#define SENDERS		3
#define QUEUES		4
/* How long nothing must come before all is taken to be there. */
#define SETTLE_MS	500

/*
 * Before the qdisc, newer kernels drop what is more than this at once, and
 * count it nowhere. The same for all network namespaces.
 */
#define MAX_BURST	"/proc/sys/net/core/qdisc_max_burst"

FIXTURE(ring_pressure)
{
	struct ringdev dev;
	int fd[QUEUES];
	struct ringmem mem[QUEUES];
	unsigned int queues;
	uint64_t seed;
	struct ringdev_flow flow[SENDERS];
	struct numbered_tally tally[SENDERS];
	int max_burst;			/* the file, or < 0 */
	char old_burst[16];
};

FIXTURE_VARIANT(ring_pressure)
{
	const char *qdisc;
	uint32_t limit;		/* packets that the qdisc holds */
	unsigned int queues;
};

FIXTURE_VARIANT_ADD(ring_pressure, pfifo)
{
	.qdisc = "pfifo", .limit = 1000, .queues = 1,
};

FIXTURE_VARIANT_ADD(ring_pressure, pfifo_short)
{
	.qdisc = "pfifo", .limit = 10, .queues = 1,
};

FIXTURE_VARIANT_ADD(ring_pressure, fq_codel)
{
	.qdisc = "fq_codel", .queues = 1,
};

FIXTURE_VARIANT_ADD(ring_pressure, mq)
{
	.qdisc = "mq", .queues = QUEUES,
};

FIXTURE_SETUP(ring_pressure)
{
	const struct mytun_ring ring = {
		.rx_size = RING_SMALL, .position = 0U - RING_SMALL,
	};
	int flags = IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE;
	unsigned int i;

	REQUIRE_RING();
	/* Opened here, since other namespaces do not have it. */
	self->max_burst = open(MAX_BURST, O_RDWR | O_CLOEXEC);
	if (self->max_burst >= 0) {
		ASSERT_LT(0, pread(self->max_burst, self->old_burst,
				   sizeof(self->old_burst) - 1, 0));
		ASSERT_LT(0, pwrite(self->max_burst, "1000000000", 10, 0));
	}
	ASSERT_EQ(0, netns_private());
	if (variant->queues > 1)
		flags |= IFF_MULTI_QUEUE;
	self->queues = variant->queues;
	ASSERT_EQ(0, ringdev_create(&self->dev, flags, 36));
	self->fd[0] = self->dev.fd;
	for (i = 1; i < self->queues; i++) {
		self->fd[i] = ringdev_queue(&self->dev);
		ASSERT_LE(0, self->fd[i]);
	}
	for (i = 0; i < self->queues; i++)
		ASSERT_EQ(0, ringmem_make(&self->mem[i], self->fd[i], &ring));
	ASSERT_EQ(0, qdisc_replace(self->dev.ifindex, variant->qdisc,
				   variant->limit));
	self->seed = random_seed();
	for (i = 0; i < SENDERS; i++) {
		self->flow[i].dev = &self->dev;
		self->flow[i].socket = ringdev_connect(&self->dev, 6000 + i);
		ASSERT_LE(0, self->flow[i].socket);
		self->flow[i].stream = i;
		self->flow[i].size_min = NUMBERED_MIN;
		self->flow[i].size_max = 8000;
		self->flow[i].seed = random_next(&self->seed);
	}
}

FIXTURE_TEARDOWN(ring_pressure)
{
	unsigned int i;

	for (i = 0; i < SENDERS; i++)
		close(self->flow[i].socket);
	for (i = 0; i < self->queues; i++)
		ringmem_unmap(&self->mem[i]);
	for (i = 1; i < self->queues; i++)
		close(self->fd[i]);
	ringdev_destroy(&self->dev);
	if (self->max_burst >= 0) {
		EXPECT_LT(0, pwrite(self->max_burst, self->old_burst,
				    strlen(self->old_burst), 0));
		close(self->max_burst);
	}
}

/* Take what queue i has, up to max, and give it back. */
static unsigned int drain(FIXTURE_DATA(ring_pressure) *self, unsigned int i,
			  unsigned int max)
{
	struct ringmem *mem = &self->mem[i];
	const struct mytun_record *record;
	uint32_t stream, number;
	unsigned int count;

	for (count = 0; count < max; count++) {
		record = ringmem_peek(mem);
		if (!record)
			break;
		if (record_fault(record, RING_SMALL) ||
		    !ringdev_parse(&self->dev, record_data(record),
				   record->len, &stream, &number) ||
		    stream >= SENDERS)
			self->tally[0].broken++;
		else
			numbered_count(&self->tally[stream], number,
				       record->len);
		ringmem_next(mem);
	}
	if (count)
		ringmem_release(mem);
	return count;
}

static unsigned long received(FIXTURE_DATA(ring_pressure) *self)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < SENDERS; i++)
		sum += self->tally[i].packets + self->tally[i].broken;
	return sum;
}

static unsigned long sent(FIXTURE_DATA(ring_pressure) *self)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < SENDERS; i++)
		sum += __atomic_load_n(&self->flow[i].packets,
				       __ATOMIC_ACQUIRE);
	return sum;
}

/* The driver dropped nothing, and what is missing the qdisc has dropped. */
static void judge(struct __test_metadata *_metadata,
		  FIXTURE_DATA(ring_pressure) *self)
{
	unsigned long full = 0, stops = 0, lost = 0, late = 0;
	struct qdisc_stats qdisc;
	struct link_info info;
	unsigned int i;

	for (i = 0; i < self->queues; i++) {
		full += self->mem[i].kernel->rx_full;
		stops += self->mem[i].kernel->rx_stops;
	}
	for (i = 0; i < SENDERS; i++) {
		lost += self->tally[i].lost;
		late += self->tally[i].late;
		EXPECT_EQ(0, self->tally[i].broken);
	}
	ASSERT_EQ(0, qdisc_get_stats(self->dev.ifindex, &qdisc));
	ASSERT_EQ(0, link_get(self->dev.name, &info));
	printf("# %lu sent, %lu received, %lu lost: %u in the qdisc, ",
	       sent(self), received(self), lost, qdisc.drops);
	printf("%lu by the driver; queue stopped %lu times\n", full, stops);
	fflush(stdout);
	EXPECT_EQ(0, full);
	EXPECT_EQ(0, late);
	EXPECT_LT(0, stops);
	EXPECT_EQ(0, qdisc.backlog);
	EXPECT_EQ(0, ethtool_counter(self->dev.name, "tx_drop_full"));
	EXPECT_EQ(0, info.stats.tx_dropped);
	EXPECT_EQ(sent(self), received(self) + qdisc.drops);
}

/* Where it hangs: who still sends, what waits in the qdisc and the rings. */
static void tell(FIXTURE_DATA(ring_pressure) *self)
{
	const struct mytun_ring_kernel *k;
	struct qdisc_stats qdisc = {};
	unsigned int i;

	for (i = 0; i < SENDERS; i++)
		printf("# sender %u: %llu of %lu, error %d\n", i,
		       (unsigned long long)
		       __atomic_load_n(&self->flow[i].packets,
				       __ATOMIC_ACQUIRE),
		       self->flow[i].count, self->flow[i].error);
	for (i = 0; i < self->queues; i++) {
		k = self->mem[i].kernel;
		printf("# ring %u: %u bytes, flags %x, stopped %llu times\n",
		       i, ringmem_load(&k->rx_producer) -
			  ringmem_load(&self->mem[i].user->rx_consumer),
		       ringmem_load(&k->rx_flags),
		       (unsigned long long)k->rx_stops);
	}
	if (!qdisc_get_stats(self->dev.ifindex, &qdisc))
		printf("# qdisc: %u wait, %u dropped\n", qdisc.backlog,
		       qdisc.drops);
	fflush(stdout);
}

/* Until so much was sent and nothing comes any more. */
static void consume(struct __test_metadata *_metadata,
		    FIXTURE_DATA(ring_pressure) *self, unsigned long count)
{
	struct qdisc_stats qdisc;
	uint64_t last = now_ms();
	unsigned int i, got;

	for (;;) {
		for (i = 0, got = 0; i < self->queues; i++)
			got += drain(self, i,
				     1 + random_below(&self->seed, 100));
		if (got) {
			last = now_ms();
			/* Slower than the senders, at times. */
			if (!random_below(&self->seed, 50))
				sleep_ms(1);
			continue;
		}
		if (sent(self) == count && now_ms() - last > SETTLE_MS) {
			/* On a busy machine the qdisc may take its time. */
			ASSERT_EQ(0, qdisc_get_stats(self->dev.ifindex,
						     &qdisc));
			if (received(self) + qdisc.drops >= count)
				break;
			sleep_ms(10);
		}
		ASSERT_GT(DEADLINE_MS, now_ms() - last) {
			TH_LOG("stuck after %lu of %lu", received(self), count);
			tell(self);
		}
		sched_yield();
	}
}

static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(ring_pressure) *self, unsigned long count)
{
	unsigned int i;

	for (i = 0; i < SENDERS; i++) {
		self->flow[i].count = count / SENDERS;
		ASSERT_EQ(0, ringdev_flow_start(&self->flow[i]));
	}
}

/*
 * Until a queue was stopped: where senders are slower than who consumes, none
 * would be.
 */
static void stopped_once(struct __test_metadata *_metadata,
			 FIXTURE_DATA(ring_pressure) *self)
{
	uint64_t begin = now_ms();
	unsigned int i;

	for (;;) {
		for (i = 0; i < self->queues; i++)
			if (self->mem[i].kernel->rx_stops)
				return;
		ASSERT_GT(DEADLINE_MS, now_ms() - begin)
			tell(self);
		sched_yield();
	}
}

static void join(struct __test_metadata *_metadata,
		 FIXTURE_DATA(ring_pressure) *self)
{
	unsigned int i;

	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(0, ringdev_flow_join(&self->flow[i]));
}

TEST_F_TIMEOUT(ring_pressure, no_drops, LIMIT)
{
	unsigned long count = scaled(300000) / SENDERS * SENDERS;

	start(_metadata, self, count);
	stopped_once(_metadata, self);
	consume(_metadata, self, count);
	join(_metadata, self);
	judge(_metadata, self);
}

/* Stopped for good while nobody consumes, and on again by one kick. */
TEST_F_TIMEOUT(ring_pressure, stops_and_goes_on, LIMIT)
{
	unsigned long count = 2000 * SENDERS;
	bool stopped = false;
	unsigned int i;

	start(_metadata, self, count);
	/* All of them are sent: into rings, qdisc, or nowhere. */
	join(_metadata, self);
	for (i = 0; i < self->queues; i++) {
		stopped |= self->mem[i].kernel->rx_flags &
			   MYTUN_RING_RX_STOPPED;
	}
	EXPECT_TRUE(stopped);
	consume(_metadata, self, count);
	judge(_metadata, self);
	for (i = 0; i < self->queues; i++)
		EXPECT_FALSE(self->mem[i].kernel->rx_flags &
			     MYTUN_RING_RX_STOPPED);
}

/* A kick that comes too early does no harm. */
TEST_F_TIMEOUT(ring_pressure, early_kicks, LIMIT)
{
	unsigned long count = scaled(60000) / SENDERS * SENDERS;
	unsigned int i;

	start(_metadata, self, count);
	stopped_once(_metadata, self);
	while (received(self) < count / 2 && sent(self) < count) {
		for (i = 0; i < self->queues; i++) {
			ASSERT_EQ(0, ring_kick(self->fd[i]));
			drain(self, i, 3);
			ASSERT_EQ(0, ring_kick(self->fd[i]));
		}
	}
	consume(_metadata, self, count);
	join(_metadata, self);
	judge(_metadata, self);
}

/* Other queues that come and go leave a full one stopped. */
TEST_F_TIMEOUT(ring_pressure, neighbours_come_and_go, LIMIT)
{
	unsigned long count = 2000 * SENDERS;
	int i, fd;

	if (self->queues == 1)
		SKIP(return, "one queue");
	start(_metadata, self, count);
	join(_metadata, self);
	for (i = 0; i < 20; i++) {
		fd = ringdev_queue(&self->dev);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
		ASSERT_EQ(0, device_setqueue(fd, IFF_ATTACH_QUEUE));
		close(fd);
	}
	consume(_metadata, self, count);
	judge(_metadata, self);
}

TEST_HARNESS_MAIN
