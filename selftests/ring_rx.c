// SPDX-License-Identifier: GPL-2.0
/*
 * The RX ring: packets that the stack sends, in order and whole, at every
 * position and fill level of the ring.
 */
#include "device.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		900		/* seconds for one test, all counts */
/* Shortly before positions pass 2^32. */
#define NEAR_WRAP	(0U - (1U << 20))

FIXTURE(ring_rx)
{
	struct ringdev dev;
	struct ringmem mem;
	uint64_t seed;
	struct numbered_tally tally;
	unsigned long batches;		/* looks that found something */
};

FIXTURE_VARIANT(ring_rx)
{
	int flags;
};

FIXTURE_VARIANT_ADD(ring_rx, tun) { .flags = IFF_TUN | IFF_NO_PI };
FIXTURE_VARIANT_ADD(ring_rx, tun_pi_vnet) { .flags = IFF_TUN | IFF_VNET_HDR };
FIXTURE_VARIANT_ADD(ring_rx, tap) { .flags = IFF_TAP | IFF_NO_PI };
FIXTURE_VARIANT_ADD(ring_rx, tap_vnet)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
};

FIXTURE_SETUP(ring_rx)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, 34));
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(ring_rx)
{
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

static int make(FIXTURE_DATA(ring_rx) *self, uint32_t size, uint32_t position)
{
	const struct mytun_ring ring = {
		.rx_size = size, .position = position,
	};

	return ringmem_make(&self->mem, self->dev.fd, &ring);
}

/*
 * Take up to max of the records that are there and give them back. Each is
 * spoiled once it was looked at: the kernel does not read what it wrote.
 */
static unsigned int drain(FIXTURE_DATA(ring_rx) *self,
			  struct ringdev_flow *flow, unsigned int max)
{
	struct mytun_record *record;
	uint32_t stream, number;
	const char *fault;
	unsigned int count;
	uint64_t bytes = 0;
	size_t size, room;

	for (count = 0; count < max; count++) {
		record = ringmem_peek(&self->mem);
		if (!record)
			break;
		room = self->mem.ring.rx_size;
		fault = record_fault(record, room);
		if (fault || record->queue || record->hash) {
			printf("# record at %u: %s\n", self->mem.rx_at,
			       fault ? fault : "hash or queue");
			self->tally.broken++;
			break;
		}
		size = record->len - self->dev.front - NUMBERED_HEADERS -
		       (self->dev.ethernet ? 14 : 0);
		if (ringdev_parse(&self->dev, record_data(record), record->len,
				  &stream, &number))
			numbered_count(&self->tally, number, size);
		else
			self->tally.broken++;
		bytes += record->size;
		ringmem_next(&self->mem);
		random_fill(&self->seed, record, MYTUN_RECORD_HEADER);
	}
	if (count) {
		self->batches++;
		ringmem_release(&self->mem);
	}
	if (flow)
		ringdev_flow_done(flow, count, bytes);
	return count;
}

static void print_costs(FIXTURE_DATA(ring_rx) *self)
{
	unsigned long packets = self->tally.packets;

	printf("# %lu packets, %lu batches, %llu wake-ups, %lu system calls",
	       packets, self->batches,
	       (unsigned long long)self->mem.kernel->rx_wakeups,
	       self->mem.calls);
	printf(": %.4f calls per packet\n",
	       packets ? (double)self->mem.calls / packets : 0);
	fflush(stdout);
}

/* Drain all packets of a flow that is under way. */
static void receive(struct __test_metadata *_metadata,
		    FIXTURE_DATA(ring_rx) *self, struct ringdev_flow *flow)
{
	unsigned int looks = 0;

	while (self->tally.packets + self->tally.broken < flow->count) {
		if (drain(self, flow, 1 + random_below(&self->seed, 64))) {
			looks = 0;
			continue;
		}
		/* Busy for a while, then asleep, as real consumers are. */
		if (++looks < 100) {
			sched_yield();
			continue;
		}
		looks = 0;
		self->mem.calls++;
		ASSERT_EQ(MYTUN_WAIT_RX, ring_wait(self->mem.fd, MYTUN_WAIT_RX,
						   DEADLINE_MS));
	}
	ASSERT_EQ(0, ringdev_flow_join(flow));
}

/* All packets of a flow, while the sender is never ahead by a ring. */
static void order(struct __test_metadata *_metadata,
		  FIXTURE_DATA(ring_rx) *self, unsigned long count,
		  size_t size_max)
{
	struct ringdev_flow flow = {
		.dev = &self->dev, .socket = -1, .stream = 1, .count = count,
		.size_min = NUMBERED_MIN, .size_max = size_max,
		.seed = random_next(&self->seed),
		/* Even behind the end of the ring the largest one fits. */
		.window = self->mem.ring.rx_size,
	};

	ASSERT_EQ(0, ringdev_flow_start(&flow));
	receive(_metadata, self, &flow);
	EXPECT_TRUE(numbered_print(&self->tally, "received"));
	EXPECT_EQ(count, self->tally.packets);
	EXPECT_EQ(count, self->mem.kernel->rx_packets);
	EXPECT_EQ(0, self->mem.kernel->rx_full);
	EXPECT_EQ(0, self->mem.kernel->bad_position);
	print_costs(self);
}

TEST_F_TIMEOUT(ring_rx, order_and_content, LIMIT)
{
	ASSERT_EQ(0, make(self, RING_SMALL, 0));
	order(_metadata, self, scaled(100000), self->dev.payload_max);
}

TEST_F_TIMEOUT(ring_rx, order_in_a_large_ring, LIMIT)
{
	ASSERT_EQ(0, make(self, RING_BIG, 0));
	order(_metadata, self, scaled(100000), 3000);
}

struct sent {
	struct ringdev_flow *flow;
	uint64_t packets;
};

static bool has_sent(void *arg)
{
	struct sent *wanted = arg;

	return __atomic_load_n(&wanted->flow->packets, __ATOMIC_ACQUIRE) >=
	       wanted->packets;
}

/* Behind what waited for read() goes what comes while a ring is made. */
TEST_F_TIMEOUT(ring_rx, made_under_traffic, LIMIT)
{
	enum { QUEUED = 300, PACKETS = 3 * QUEUED };
	unsigned long rounds = scaled(400), lost = 0, late = 0, broken = 0, i;

	for (i = 0; i < rounds; i++) {
		struct ringdev_flow flow = {
			.dev = &self->dev, .socket = -1, .stream = 1,
			.count = PACKETS,
			.size_min = NUMBERED_MIN, .size_max = 64,
			.seed = random_next(&self->seed),
			.window_packets = QUEUED,
		};
		struct sent wanted = {
			&flow, random_below(&self->seed, QUEUED),
		};

		if (i) {
			ringmem_unmap(&self->mem);
			ringdev_destroy(&self->dev);
			ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags,
						    34));
		}
		memset(&self->tally, 0, sizeof(self->tally));
		ASSERT_EQ(0, ringdev_flow_start(&flow));
		ASSERT_EQ(0, wait_for(has_sent, &wanted, DEADLINE_MS));
		ASSERT_EQ(0, make(self, RING_SMALL, 0));
		receive(_metadata, self, &flow);
		lost += self->tally.lost;
		late += self->tally.late;
		broken += self->tally.broken;
		ASSERT_EQ(PACKETS, self->tally.packets);
	}
	TH_LOG("%lu rounds: %lu lost, %lu late, %lu broken", rounds, lost,
	       late, broken);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, late);
	EXPECT_EQ(0, broken);
}

TEST_F_TIMEOUT(ring_rx, positions_pass_2_to_the_32, LIMIT)
{
	ASSERT_EQ(0, make(self, RING_SMALL, NEAR_WRAP));
	order(_metadata, self, scaled(100000), self->dev.payload_max);
	EXPECT_GT(0x80000000, self->mem.kernel->rx_producer);
}

TEST_F_TIMEOUT(ring_rx, empty_edge, LIMIT)
{
	const uint32_t size = ringdev_record(&self->dev, 100);
	uint32_t i, position = NEAR_WRAP;

	ASSERT_EQ(0, make(self, RING_SMALL, position));
	for (i = 0; i < 3 * RING_SMALL / size; i++) {
		ASSERT_EQ(NULL, ringmem_peek(&self->mem));
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
		position += size;
		ASSERT_EQ(position, self->mem.kernel->rx_producer);
		ASSERT_EQ(1, drain(self, NULL, 2));
		/* Each of these woke, had anyone been asleep. */
		ASSERT_GE(i + 1, self->mem.kernel->rx_wakeups);
	}
	EXPECT_TRUE(numbered_print(&self->tally, "one at a time"));
}

/* The ring takes packets to its last byte, and not one more. */
TEST_F_TIMEOUT(ring_rx, full_edge, LIMIT)
{
	const uint32_t size = ringdev_record(&self->dev, 100);
	const uint32_t fit = RING_SMALL / size;
	const uint32_t positions[] = { 0, 64, NEAR_WRAP, 0U - RING_SMALL / 2 };
	uint32_t i, round, number = 0;

	/* From where it fills to the last byte, and from elsewhere. */
	ASSERT_EQ(0, make(self, RING_SMALL, positions[3]));
	for (round = 0; round < 8; round++) {
		for (i = 0; i < fit + 10; i++)
			ASSERT_EQ(0, ringdev_send(&self->dev, 1, number + i,
						  100));
		EXPECT_EQ((round + 1) * 10, self->mem.kernel->rx_full);
		EXPECT_EQ((long)(round + 1) * 10,
			  ethtool_counter(self->dev.name, "tx_drop_full"));
		EXPECT_EQ(fit * size, self->mem.kernel->rx_producer -
				      self->mem.rx_at);
		EXPECT_EQ(fit, drain(self, NULL, 2 * fit));
		number += fit;
		/* By one record further, so that each round begins elsewhere. */
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++, 500));
		EXPECT_EQ(1, drain(self, NULL, 2));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "full rings"));
	EXPECT_EQ(number, self->mem.kernel->rx_packets);
}

/* One byte too much is too much; a smaller packet behind it still fits. */
TEST_F_TIMEOUT(ring_rx, full_by_one_record, LIMIT)
{
	const uint32_t size = ringdev_record(&self->dev, 100);
	uint32_t i, left;

	ASSERT_EQ(0, make(self, RING_SMALL, 0));
	for (i = 0; i < RING_SMALL / size - 1; i++)
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
	left = RING_SMALL - i * size;
	ASSERT_LE(size, left);
	/* A record of left + 64 bytes. */
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 1000, 100 + left - size + 64));
	EXPECT_EQ(1, self->mem.kernel->rx_full);
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
	EXPECT_EQ(1, self->mem.kernel->rx_full);
	EXPECT_EQ(i + 1, drain(self, NULL, 10000));
	EXPECT_TRUE(numbered_print(&self->tally, "what fitted"));
}

/* What was not given back stays as it is, whatever comes. */
TEST_F_TIMEOUT(ring_rx, unreleased_is_untouched, LIMIT)
{
	struct mytun_record *record;
	uint8_t *before = malloc(RING_SMALL);
	unsigned int i;

	ASSERT_NE(NULL, before);
	ASSERT_EQ(0, make(self, RING_SMALL, 0));
	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
	ASSERT_LT(0, self->mem.kernel->rx_full);
	memcpy(before, self->mem.rx, RING_SMALL);
	for (i = 0; i < 100; i++) {
		record = ringmem_peek(&self->mem);
		ASSERT_NE(NULL, record);
		ASSERT_EQ(NULL, record_fault(record, RING_SMALL));
		ringmem_next(&self->mem);
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 100));
	}
	EXPECT_EQ(0, memcmp(before, self->mem.rx, RING_SMALL));
	free(before);
}

/* Packets of every kind, byte by byte. */
TEST_F_TIMEOUT(ring_rx, random_headers, LIMIT)
{
	const unsigned long count = scaled(20000);
	int raw = ringdev_raw(&self->dev, false);
	struct mytun_record *record;
	unsigned long i;

	ASSERT_LE(0, raw);
	ASSERT_EQ(0, make(self, RING_SMALL, NEAR_WRAP));
	for (i = 0; i < count; i++) {
		ringdev_random(&self->dev, &self->seed, true);
		ASSERT_EQ(0, ringdev_send_random(&self->dev, raw));
		record = ringmem_peek(&self->mem);
		ASSERT_NE(NULL, record);
		ASSERT_EQ(NULL, record_fault(record, RING_SMALL));
		ASSERT_TRUE(ringdev_is_random(&self->dev, record_data(record),
					      record->len));
		ringmem_next(&self->mem);
		ringmem_release(&self->mem);
	}
	EXPECT_EQ(count, self->mem.kernel->rx_packets);
	close(raw);
}

TEST_F_TIMEOUT(ring_rx, gso, LIMIT)
{
	const unsigned long count = scaled(4000);
	const size_t max = self->dev.payload_max - 12;
	struct mytun_record *record;
	uint32_t stream, number, i;
	int raw;

	if (!(variant->flags & IFF_VNET_HDR))
		SKIP(return, "no virtio_net_hdr");
	ASSERT_EQ(0, device_ioctl(self->dev.fd, TUNSETOFFLOAD,
				  TUN_F_CSUM | TUN_F_TSO4));
	raw = ringdev_raw(&self->dev, true);
	ASSERT_LE(0, raw);
	ASSERT_EQ(0, make(self, RING_SMALL, NEAR_WRAP));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, ringdev_send_gso(&self->dev, raw, 1, i,
					      ringdev_random_size(&self->seed,
								  1401, max)));
		record = ringmem_peek(&self->mem);
		ASSERT_NE(NULL, record);
		ASSERT_EQ(NULL, record_fault(record, RING_SMALL));
		ASSERT_TRUE(ringdev_parse_gso(&self->dev, record_data(record),
					      record->len, &stream, &number));
		ASSERT_EQ(i, number);
		ringmem_next(&self->mem);
		ringmem_release(&self->mem);
	}
	close(raw);
}

/* Sent in bursts, with the qdisc's own batches: published once per burst. */
TEST_F_TIMEOUT(ring_rx, bursts, LIMIT)
{
	const unsigned long rounds = scaled(2000);
	struct mmsghdr messages[64] = {};
	uint8_t payload[64][200];
	struct iovec iov[64];
	unsigned int i, got;
	uint32_t number = 0;
	unsigned long round;

	ASSERT_EQ(0, make(self, RING_BIG, 0));
	for (i = 0; i < 64; i++) {
		iov[i].iov_base = payload[i];
		iov[i].iov_len = sizeof(payload[i]);
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < 64; i++)
			numbered_fill(payload[i], sizeof(payload[i]), 1,
				      number++);
		ASSERT_EQ(64, sendmmsg(self->dev.source, messages, 64, 0));
		for (got = 0; got < 64;) {
			i = drain(self, NULL, 64);
			ASSERT_NE(0, i);
			got += i;
		}
	}
	EXPECT_TRUE(numbered_print(&self->tally, "bursts"));
	/* Nobody came between: one look found them all. */
	EXPECT_EQ(rounds, self->batches);
	EXPECT_GE(rounds, self->mem.kernel->rx_wakeups);
	print_costs(self);
}

/* Many senders on all processors at once: each stream stays in order. */
TEST_F_TIMEOUT(ring_rx, concurrent_senders, LIMIT)
{
	enum { SENDERS = 4 };
	const unsigned long count = scaled(100000) / SENDERS;
	struct numbered_tally tally[SENDERS] = {};
	struct ringdev_flow flow[SENDERS] = {};
	const struct mytun_record *record;
	unsigned long seen = 0;
	uint64_t bytes;
	uint32_t stream, number;
	unsigned int i;

	ASSERT_EQ(0, make(self, RING_SMALL, NEAR_WRAP));
	for (i = 0; i < SENDERS; i++) {
		flow[i].dev = &self->dev;
		flow[i].socket = ringdev_connect(&self->dev, 5000 + i);
		ASSERT_LE(0, flow[i].socket);
		flow[i].stream = i;
		flow[i].count = count;
		flow[i].size_min = NUMBERED_MIN;
		flow[i].size_max = 1400;
		flow[i].seed = random_next(&self->seed);
		flow[i].window = RING_SMALL / SENDERS;
		ASSERT_EQ(0, ringdev_flow_start(&flow[i]));
	}
	while (seen < SENDERS * count) {
		ASSERT_EQ(MYTUN_WAIT_RX, ring_wait(self->mem.fd, MYTUN_WAIT_RX,
						   DEADLINE_MS));
		while ((record = ringmem_peek(&self->mem))) {
			ASSERT_EQ(NULL, record_fault(record, RING_SMALL));
			ASSERT_TRUE(ringdev_parse(&self->dev,
						  record_data(record),
						  record->len, &stream,
						  &number));
			ASSERT_GT(SENDERS, stream);
			i = record->len - self->dev.front - NUMBERED_HEADERS -
			    (self->dev.ethernet ? 14 : 0);
			numbered_count(&tally[stream], number, i);
			bytes = record->size;
			ringmem_next(&self->mem);
			ringmem_release(&self->mem);
			ringdev_flow_done(&flow[stream], 1, bytes);
			seen++;
		}
	}
	for (i = 0; i < SENDERS; i++) {
		EXPECT_EQ(0, ringdev_flow_join(&flow[i]));
		EXPECT_TRUE(numbered_print(&tally[i], "one of 4 senders"));
		close(flow[i].socket);
	}
	EXPECT_EQ(0, self->mem.kernel->rx_full);
}

/* A bad position is counted and ignored, and a good one mends it. */
TEST_F_TIMEOUT(ring_rx, bad_position, LIMIT)
{
	/* From the end of what was taken; one record follows. */
	static const int64_t offsets[] = {
		1, -1, 63, RING_SMALL, 0x7fffffc0, 0x80000000,
		-(int64_t)RING_SMALL,
	};
	uint32_t number = 0, good;
	uint64_t before;
	unsigned int i;

	ASSERT_EQ(0, make(self, RING_SMALL, 0));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++, 100));
		EXPECT_EQ(1, drain(self, NULL, 10));
		good = self->mem.rx_at;
		before = ringmem_counter(&self->mem.kernel->bad_position);
		ringmem_store(&self->mem.user->rx_consumer, good + offsets[i]);
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++, 100));
		EXPECT_LT(before, self->mem.kernel->bad_position) {
			TH_LOG("position %+lld", (long long)offsets[i]);
		}
		EXPECT_EQ(0, self->mem.kernel->rx_full);
		ringmem_store(&self->mem.user->rx_consumer, good);
		EXPECT_EQ(1, drain(self, NULL, 10));
		before = ringmem_counter(&self->mem.kernel->bad_position);
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++, 100));
		EXPECT_EQ(1, drain(self, NULL, 10));
		EXPECT_EQ(before, self->mem.kernel->bad_position);
	}
	EXPECT_TRUE(numbered_print(&self->tally, "around bad positions"));
}

TEST_HARNESS_MAIN
