// SPDX-License-Identifier: GPL-2.0
/*
 * The TX ring: packets for the stack, in order and whole, at every position
 * and fill level of the ring, by each way to take them out of it.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "lender.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		900		/* seconds for one test, all counts */
/* Shortly before positions pass 2^32. */
#define NEAR_WRAP	(0U - (1U << 20))
/* Packets and bytes that may wait at the sink. */
#define FLIGHT		500
#define FLIGHT_BYTES	(4U << 20)

FIXTURE(ring_tx)
{
	struct ringdev dev;
	struct ringmem mem;
	uint64_t seed;
	struct numbered_tally tally;
	unsigned long batches;
	struct lender lender;
};

FIXTURE_VARIANT(ring_tx)
{
	int flags;
	uint32_t drive;
	uint32_t drive_flags;
	uint32_t poll_us;
};

#define TUN	(IFF_TUN | IFF_NO_PI)

FIXTURE_VARIANT_ADD(ring_tx, caller)
{
	.flags = TUN, .drive = MYTUN_DRIVE_CALLER,
};

FIXTURE_VARIANT_ADD(ring_tx, caller_gro)
{
	.flags = TUN, .drive = MYTUN_DRIVE_CALLER,
	.drive_flags = MYTUN_DRIVE_GRO,
};

FIXTURE_VARIANT_ADD(ring_tx, napi)
{
	.flags = TUN, .drive = MYTUN_DRIVE_NAPI,
};

FIXTURE_VARIANT_ADD(ring_tx, napi_gro)
{
	.flags = TUN, .drive = MYTUN_DRIVE_NAPI,
	.drive_flags = MYTUN_DRIVE_GRO,
};

FIXTURE_VARIANT_ADD(ring_tx, lent)
{
	.flags = TUN, .drive = MYTUN_DRIVE_LENT,
};

FIXTURE_VARIANT_ADD(ring_tx, lent_gro_polls)
{
	.flags = TUN, .drive = MYTUN_DRIVE_LENT,
	.drive_flags = MYTUN_DRIVE_GRO, .poll_us = 100,
};

FIXTURE_VARIANT_ADD(ring_tx, thread)
{
	.flags = TUN, .drive = MYTUN_DRIVE_THREAD,
};

FIXTURE_VARIANT_ADD(ring_tx, thread_gro_polls)
{
	.flags = TUN, .drive = MYTUN_DRIVE_THREAD,
	.drive_flags = MYTUN_DRIVE_GRO, .poll_us = 100,
};

FIXTURE_VARIANT_ADD(ring_tx, tap_pi_vnet_napi_gro)
{
	.flags = IFF_TAP | IFF_VNET_HDR, .drive = MYTUN_DRIVE_NAPI,
	.drive_flags = MYTUN_DRIVE_GRO,
};

FIXTURE_VARIANT_ADD(ring_tx, tun_pi_vnet_caller)
{
	.flags = IFF_TUN | IFF_VNET_HDR, .drive = MYTUN_DRIVE_CALLER,
};

FIXTURE_SETUP(ring_tx)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, 35));
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(ring_tx)
{
	EXPECT_EQ(-EINTR, lender_stop(&self->lender));
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

static bool need_wakeup(void *arg)
{
	const struct ringmem *mem = arg;

	return ringmem_load(&mem->kernel->tx_flags) &
	       MYTUN_RING_TX_NEED_WAKEUP;
}

/* The ring, with the variant's drive at work. */
static void make(struct __test_metadata *_metadata,
		 FIXTURE_DATA(ring_tx) *self,
		 const FIXTURE_VARIANT(ring_tx) *variant,
		 const struct mytun_ring *ring)
{
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, ring));
	ASSERT_EQ(0, ring_drive(self->dev.fd, variant->drive,
				variant->drive_flags, variant->poll_us, NULL));
	if (variant->drive == MYTUN_DRIVE_LENT)
		ASSERT_EQ(0, lender_start(&self->lender, self->dev.fd));
}

static void make_size(struct __test_metadata *_metadata,
		      FIXTURE_DATA(ring_tx) *self,
		      const FIXTURE_VARIANT(ring_tx) *variant, uint32_t size,
		      uint32_t position)
{
	const struct mytun_ring ring = {
		.tx_size = size, .position = position,
	};

	make(_metadata, self, variant, &ring);
}

/* Count what is at the sink, after waiting for one, if asked to. */
static unsigned int collect(FIXTURE_DATA(ring_tx) *self, bool wait,
			    uint64_t *bytes)
{
	uint32_t stream, number;
	unsigned int count = 0;
	int size;

	for (;;) {
		size = ringdev_sink(&self->dev, &stream, &number,
				    wait && !count ? DEADLINE_MS : 0);
		if (size == -ETIMEDOUT)
			return count;
		count++;
		if (size < 0) {
			self->tally.broken++;
			continue;
		}
		numbered_count(&self->tally, number, size);
		*bytes += size;
	}
}

/* Where it hangs: in the ring, in the driver, or before the socket. */
static void tell(FIXTURE_DATA(ring_tx) *self)
{
	const struct mytun_ring_kernel *k = self->mem.kernel;
	struct rtnl_link_stats64 stats = {};
	char text[4096], *line;

	printf("# ring: %u bytes, flags %x, %llu taken, %llu refused, %llu kicks\n",
	       ringmem_load(&self->mem.user->tx_producer) -
	       ringmem_load(&k->tx_consumer), ringmem_load(&k->tx_flags),
	       (unsigned long long)k->tx_packets,
	       (unsigned long long)k->tx_refused,
	       (unsigned long long)k->tx_kicks);
	if (!link_get_stats(self->dev.name, &stats))
		printf("# device: %llu packets, %llu dropped\n",
		       (unsigned long long)stats.rx_packets,
		       (unsigned long long)stats.rx_dropped);
	if (!file_read("/proc/net/snmp", text, sizeof(text)))
		for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			if (!strncmp(line, "Udp:", 4) ||
			    !strncmp(line, "Ip:", 3))
				printf("# %s\n", line);
	fflush(stdout);
}

/* count packets of random sizes, submitted in random batches. */
static void order(struct __test_metadata *_metadata,
		  FIXTURE_DATA(ring_tx) *self, unsigned long count,
		  size_t size_max)
{
	uint64_t sent_bytes = 0, seen_bytes = 0;
	unsigned long sent = 0, seen = 0;
	unsigned int batch, got, came;
	size_t size;

	while (seen < count) {
		batch = 1 + random_below(&self->seed, 64);
		size = ringdev_random_size(&self->seed, NUMBERED_MIN,
					   size_max);
		for (got = 0; got < batch && sent < count; got++) {
			if (sent - seen >= FLIGHT ||
			    sent_bytes - seen_bytes > FLIGHT_BYTES ||
			    !ringdev_put(&self->dev, &self->mem, 1, sent,
					 size))
				break;
			sent++;
			sent_bytes += size;
			size = ringdev_random_size(&self->seed, NUMBERED_MIN,
						   size_max);
		}
		if (!got && sent == seen) {
			/* All came, before their room is free. */
			ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
			continue;
		}
		if (got) {
			self->batches++;
			ASSERT_LE(0, ringmem_submit(&self->mem));
		}
		came = collect(self, !got, &seen_bytes);
		ASSERT_TRUE(got || came) {
			TH_LOG("%lu of %lu came", seen, count);
			tell(self);
		}
		seen += came;
	}
	EXPECT_TRUE(numbered_print(&self->tally, "delivered"));
	EXPECT_EQ(count, self->tally.packets);
	EXPECT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	EXPECT_EQ(count, self->mem.kernel->tx_packets);
	EXPECT_EQ(0, self->mem.kernel->tx_refused);
	EXPECT_EQ(0, self->mem.kernel->bad_position);
	printf("# %lu packets, %lu batches, %llu kicks, %lu system calls",
	       count, self->batches,
	       (unsigned long long)self->mem.kernel->tx_kicks,
	       self->mem.calls);
	printf(": %.4f calls per packet\n", (double)self->mem.calls / count);
	fflush(stdout);
}

TEST_F_TIMEOUT(ring_tx, order_and_content, LIMIT)
{
	make_size(_metadata, self, variant, RING_SMALL, NEAR_WRAP);
	order(_metadata, self, scaled(60000), self->dev.payload_max);
	EXPECT_GT(0x80000000, self->mem.kernel->tx_consumer);
}

TEST_F_TIMEOUT(ring_tx, order_in_a_large_ring, LIMIT)
{
	make_size(_metadata, self, variant, RING_BIG, 0);
	order(_metadata, self, scaled(60000), 300);
}

TEST_F_TIMEOUT(ring_tx, empty_edge, LIMIT)
{
	const uint32_t size = ringdev_record(&self->dev, 100);
	uint32_t i, position = NEAR_WRAP;
	uint64_t bytes = 0;

	make_size(_metadata, self, variant, RING_SMALL, position);
	for (i = 0; i < 2 * RING_SMALL / size; i++) {
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, i, 100));
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->dev.fd, MYTUN_WAIT_TX,
						   DEADLINE_MS));
		position += size;
		ASSERT_EQ(position, self->mem.kernel->tx_consumer);
		ASSERT_EQ(1, collect(self, true, &bytes));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "one at a time"));
}

TEST_F_TIMEOUT(ring_tx, full_edge, LIMIT)
{
	const uint32_t size = ringdev_record(&self->dev, 100);
	const uint32_t fit = RING_SMALL / size;
	uint32_t round, i, number = 0;
	uint64_t bytes = 0;
	int ret;

	make_size(_metadata, self, variant, RING_SMALL, 0U - RING_SMALL / 2);
	for (round = 0; round < 8; round++) {
		/* Filled to the last byte while whoever takes them sleeps. */
		ASSERT_EQ(0, wait_for(need_wakeup, &self->mem, DEADLINE_MS));
		for (i = 0; i < fit; i++)
			ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1,
						number++, 100));
		EXPECT_FALSE(ringdev_put(&self->dev, &self->mem, 1, 0, 6000));
		EXPECT_GT(RING_SMALL + 1, self->mem.tx_at -
					  self->mem.kernel->tx_consumer);
		ret = ringmem_submit(&self->mem);
		EXPECT_EQ(variant->drive == MYTUN_DRIVE_CALLER ? (int)fit : 0,
			  ret);
		for (i = 0; i < fit;) {
			ret = collect(self, true, &bytes);
			ASSERT_NE(0, ret);
			i += ret;
		}
		EXPECT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
		/* The next round begins elsewhere. */
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, number++,
					500));
		ASSERT_LE(0, ringmem_submit(&self->mem));
		EXPECT_EQ(1, collect(self, true, &bytes));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "full rings"));
	EXPECT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	EXPECT_EQ(number, self->mem.kernel->tx_packets);
}

/* A write() of nothing is a kick. */
TEST_F_TIMEOUT(ring_tx, kick_by_write, LIMIT)
{
	uint64_t bytes = 0;
	uint32_t i;

	make_size(_metadata, self, variant, RING_SMALL, 0);
	for (i = 0; i < 50; i++) {
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, i, 100));
		ringmem_publish(&self->mem);
		ASSERT_EQ(0, device_write(self->dev.fd, "", 0));
		ASSERT_EQ(1, collect(self, true, &bytes));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "kicked by write()"));
	EXPECT_LE(50, self->mem.kernel->tx_kicks);
}

/* write() beside the ring. */
TEST_F_TIMEOUT(ring_tx, beside_write, LIMIT)
{
	uint64_t bytes = 0;
	uint32_t i;
	size_t size;

	make_size(_metadata, self, variant, RING_SMALL, 0);
	for (i = 0; i < 100; i += 2) {
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, i, 100));
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_EQ(1, collect(self, true, &bytes));
		size = ringdev_build(&self->dev, self->dev.buffer, 1, i + 1,
				     100);
		ASSERT_EQ((ssize_t)size,
			  device_write(self->dev.fd, self->dev.buffer, size));
		ASSERT_EQ(1, collect(self, true, &bytes));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "ring and write()"));
}

/* What breaks a rule but not the chain of records. */
static void spoil(struct mytun_record *record, unsigned int how)
{
	switch (how) {
	case 0:
		record->offset = 31;
		break;
	case 1:
		record->offset = MYTUN_RECORD_HEADER + MYTUN_ROOM_MAX + 1;
		break;
	case 2:
		record->len = record->size - record->offset + 1;
		break;
	case 3:
		record->len = 0xffffffff;
		break;
	case 4:
		record->hash = 1;
		break;
	case 5:
		record->mark = 1;
		break;
	case 6:
		record->priority = 1;
		break;
	case 7:
		record->queue = 1;
		break;
	case 8:
		record->reserved = 1;
		break;
	case 9:
		record->flags = 1;
		break;
	case 10:
		record->len = 0xffffffe0;
		record->offset = 64;
		break;
	}
}

#define WAYS_TO_SPOIL	11

TEST_F_TIMEOUT(ring_tx, bad_records_are_skipped, LIMIT)
{
	const unsigned int rounds = scaled(1000);
	unsigned int i, good = 0, bad = 0, round;
	struct mytun_record *record;
	uint64_t bytes = 0;

	make_size(_metadata, self, variant, RING_SMALL, NEAR_WRAP);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < 2 * WAYS_TO_SPOIL; i++) {
			record = ringmem_reserve(&self->mem, 1000);
			ASSERT_NE(NULL, record);
			ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1,
						good, 100));
			if (random_below(&self->seed, 2)) {
				spoil(record, i % WAYS_TO_SPOIL);
				bad++;
			} else {
				/* Whatever the user keeps there. */
				record->user = i;
				record->flags = MYTUN_RECORD_USER_BITS;
				good++;
			}
		}
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->dev.fd, MYTUN_WAIT_TX,
						   DEADLINE_MS));
		while (self->tally.packets < good)
			ASSERT_NE(0, collect(self, true, &bytes));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "between bad ones"));
	EXPECT_EQ(good, self->mem.kernel->tx_packets);
	EXPECT_EQ(bad, self->mem.kernel->tx_refused);
	EXPECT_EQ(bad, self->mem.kernel->bad_record);
	EXPECT_EQ(0, self->mem.kernel->bad_size);
	EXPECT_EQ((long)bad, ethtool_counter(self->dev.name, "rx_drop_record"));
}

/* Reserved and not needed: passed over, and counted as nothing. */
TEST_F_TIMEOUT(ring_tx, records_without_data, LIMIT)
{
	struct mytun_record *record;
	uint64_t bytes = 0;
	unsigned int i;

	make_size(_metadata, self, variant, RING_SMALL, 0);
	for (i = 0; i < 300; i++) {
		record = ringmem_reserve(&self->mem, 1000);
		if (!record)
			break;
		if (i % 3) {
			record->len = 0;
			ringmem_push(&self->mem);
		} else {
			ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1,
						i / 3, 100));
		}
	}
	ASSERT_LE(0, ringmem_submit(&self->mem));
	ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->dev.fd, MYTUN_WAIT_TX,
					   DEADLINE_MS));
	while (self->tally.packets < (i + 2) / 3)
		ASSERT_NE(0, collect(self, true, &bytes));
	EXPECT_TRUE(numbered_print(&self->tally, "between empty ones"));
	EXPECT_EQ((i + 2) / 3, self->mem.kernel->tx_packets);
	EXPECT_EQ(0, self->mem.kernel->tx_refused);
}

/* After an impossible size all that was submitted with it is lost, no more. */
TEST_F_TIMEOUT(ring_tx, bad_sizes, LIMIT)
{
	static const uint32_t sizes[] = {
		0, 1, 32, 63, 65, 96, RING_SMALL + 64, 0x80000000, 0xffffffc0,
		0xffffffff,
	};
	struct mytun_record *record;
	unsigned int i, j, good = 0;
	uint64_t bytes = 0;

	make_size(_metadata, self, variant, RING_SMALL, NEAR_WRAP);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < 5; j++)
			ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1,
						good++, 100));
		record = ringmem_reserve(&self->mem, 100);
		for (j = 0; j < 5; j++)
			ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1,
						1000000, 100));
		record->size = sizes[i];
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->dev.fd, MYTUN_WAIT_TX,
						   DEADLINE_MS));
		while (self->tally.packets < good)
			ASSERT_NE(0, collect(self, true, &bytes));
		EXPECT_EQ(i + 1, self->mem.kernel->bad_size);
	}
	EXPECT_TRUE(numbered_print(&self->tally, "before impossible sizes"));
	EXPECT_EQ(good, self->mem.kernel->tx_packets);
	EXPECT_EQ(0, self->mem.kernel->bad_record);
	EXPECT_EQ(0, self->mem.kernel->tx_refused);
	EXPECT_EQ((long)i, ethtool_counter(self->dev.name, "rx_drop_record"));
}

TEST_F_TIMEOUT(ring_tx, bad_positions, LIMIT)
{
	static const int64_t offsets[] = {
		-64, 1, -1, 63, RING_SMALL + 64, 0x7fffffc0, 0x80000000,
		-(int64_t)RING_SMALL,
	};
	uint64_t before, start, bytes = 0;
	uint32_t number = 0;
	unsigned int i;

	make_size(_metadata, self, variant, RING_SMALL, 0);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		before = ringmem_counter(&self->mem.kernel->bad_position);
		ringmem_store(&self->mem.user->tx_producer,
			      self->mem.tx_at + offsets[i]);
		ASSERT_LE(0, ring_kick(self->dev.fd));
		/* A thread looks when it has woken. */
		start = now_ms();
		while (ringmem_counter(&self->mem.kernel->bad_position) ==
		       before && now_ms() - start < DEADLINE_MS)
			sleep_ms(1);
		EXPECT_LT(before, self->mem.kernel->bad_position) {
			TH_LOG("position %+lld", (long long)offsets[i]);
		}
		EXPECT_EQ(self->mem.tx_at, self->mem.kernel->tx_consumer);
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, number++,
					100));
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_EQ(1, collect(self, true, &bytes));
		ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "after bad positions"));
	EXPECT_EQ(number, self->mem.kernel->tx_packets);
}

/* Packets that write() would refuse. */
TEST_F_TIMEOUT(ring_tx, refused_packets, LIMIT)
{
	struct mytun_record *record;
	uint64_t bytes = 0;
	uint32_t i;

	make_size(_metadata, self, variant, RING_SMALL, 0);
	for (i = 0; i < 100; i++) {
		record = ringmem_reserve(&self->mem, 3);
		memcpy(record_data(record), "\xff\xff\xff", 3);
		ringmem_push(&self->mem);
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, i, 100));
	}
	ASSERT_LE(0, ringmem_submit(&self->mem));
	ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->dev.fd, MYTUN_WAIT_TX,
					   DEADLINE_MS));
	while (self->tally.packets < 100)
		ASSERT_NE(0, collect(self, true, &bytes));
	EXPECT_TRUE(numbered_print(&self->tally, "between refused ones"));
	EXPECT_EQ(100, self->mem.kernel->tx_packets);
	EXPECT_EQ(100, self->mem.kernel->tx_refused);
	EXPECT_EQ(0, self->mem.kernel->bad_record);
}

TEST_F_TIMEOUT(ring_tx, device_is_down, LIMIT)
{
	struct ringmem *mem = &self->mem;
	struct link_info info;
	uint64_t bytes = 0;
	uint32_t i;

	make_size(_metadata, self, variant, RING_SMALL, 0);
	ASSERT_EQ(0, link_set_down(self->dev.name));
	for (i = 0; i < 100; i++)
		ASSERT_TRUE(ringdev_put(&self->dev, mem, 1, i, 100));
	ASSERT_LE(0, ringmem_submit(mem));
	ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->dev.fd, MYTUN_WAIT_TX,
					   DEADLINE_MS));
	EXPECT_EQ(0, mem->kernel->tx_packets);
	EXPECT_EQ(100, mem->kernel->tx_refused);
	EXPECT_EQ(100, ethtool_counter(self->dev.name, "rx_drop_down"));
	ASSERT_EQ(0, link_get(self->dev.name, &info));
	EXPECT_EQ(100, info.stats.rx_dropped);
	ASSERT_EQ(0, link_set_up(self->dev.name));
	ASSERT_TRUE(ringdev_put(&self->dev, mem, 1, 100, 100));
	ASSERT_LE(0, ringmem_submit(mem));
	EXPECT_EQ(1, collect(self, true, &bytes));
	ASSERT_EQ(0, ringmem_wait_sent(mem, DEADLINE_MS));
	EXPECT_EQ(1, mem->kernel->tx_packets);
}

/* Packets of every kind, byte by byte, as the stack sees them. */
TEST_F_TIMEOUT(ring_tx, random_headers, LIMIT)
{
	const unsigned long count = scaled(10000);
	int raw = ringdev_raw_all(&self->dev);
	struct mytun_record *record;
	unsigned long i;
	size_t len;

	ASSERT_LE(0, raw);
	make_size(_metadata, self, variant, RING_SMALL, NEAR_WRAP);
	for (i = 0; i < count; i++) {
		ringdev_random(&self->dev, &self->seed, false);
		len = self->dev.front + self->dev.packet->size;
		/* The stack sees a packet before its place in the ring is free. */
		ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
		record = ringmem_reserve(&self->mem, len);
		ASSERT_NE(NULL, record);
		ringdev_put_random(&self->dev, record_data(record));
		ringmem_push(&self->mem);
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_LT(0, ringdev_receive_random(&self->dev, raw,
						    DEADLINE_MS));
	}
	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	EXPECT_EQ(count, self->mem.kernel->tx_packets);
	close(raw);
}

TEST_F_TIMEOUT(ring_tx, gso, LIMIT)
{
	const unsigned long count = scaled(2000);
	const size_t max = self->dev.payload_max - 12;
	struct mytun_record *record;
	uint32_t stream, number, i;
	size_t len, size;
	int raw;

	if (!(variant->flags & IFF_VNET_HDR))
		SKIP(return, "no virtio_net_hdr");
	raw = ringdev_raw(&self->dev, true);
	ASSERT_LE(0, raw);
	make_size(_metadata, self, variant, RING_SMALL, NEAR_WRAP);
	for (i = 0; i < count; i++) {
		size = ringdev_random_size(&self->seed, 1401, max);
		len = size + 40 + self->dev.front +
		      (self->dev.ethernet ? 14 : 0);
		ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
		record = ringmem_reserve(&self->mem, len);
		ASSERT_NE(NULL, record);
		ASSERT_EQ(len, ringdev_build_gso(&self->dev,
						 record_data(record), 1, i,
						 size));
		ringmem_push(&self->mem);
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_LT(0, ringdev_receive_gso(&self->dev, raw, &stream,
						 &number, DEADLINE_MS));
		ASSERT_EQ(i, number);
	}
	close(raw);
}

/* A segment of TCP that GRO may merge with the one before; false: no room. */
static bool put_segment(struct ringdev *dev, struct ringmem *mem, uint32_t seq,
			const uint8_t *payload, size_t size)
{
	struct mytun_record *record;
	struct packet *p = dev->packet;
	uint8_t *l3, *to;
	uint16_t sum;

	packet_tcp(p, &dev->in, TCP_ACK, seq, 1, payload, size);
	/* DF: 0x4000 more in the header, so much less in its checksum. */
	l3 = p->data + p->l3;
	l3[6] |= 0x40;
	sum = (uint16_t)(l3[10] << 8 | l3[11]);
	sum = sum >= 0x4000 ? sum - 0x4000 : sum - 0x4001;
	l3[10] = sum >> 8;
	l3[11] = sum & 0xff;
	record = ringmem_reserve(mem, dev->front + p->size);
	if (!record)
		return false;
	to = record_data(record);
	memset(to, 0, dev->front);
	if (!(dev->flags & IFF_NO_PI))
		to[2] = 0x08;
	memcpy(to + dev->front, p->data, p->size);
	ringmem_push(mem);
	return true;
}

/* The largest packet that the stack sees says whether packets were merged. */
TEST_F_TIMEOUT(ring_tx, gro_merges, LIMIT)
{
	const bool gro = variant->drive_flags & MYTUN_DRIVE_GRO;
	const size_t headers = self->dev.front + 40 +
			       (self->dev.ethernet ? 14 : 0);
	enum { SEGMENTS = 16, SIZE = 1000 };
	static uint8_t payload[SIZE], buffer[65536];
	ssize_t size, largest = 0;
	size_t total = 0;
	int i, raw;

	raw = ringdev_raw(&self->dev, false);
	ASSERT_LE(0, raw);
	make_size(_metadata, self, variant, RING_BIG, 0);
	ASSERT_EQ(0, wait_for(need_wakeup, &self->mem, DEADLINE_MS));
	for (i = 0; i < SEGMENTS; i++) {
		random_fill(&self->seed, payload, SIZE);
		ASSERT_TRUE(put_segment(&self->dev, &self->mem, i * SIZE,
					payload, SIZE));
		ASSERT_EQ(headers + SIZE,
			  self->dev.front + self->dev.packet->size);
	}
	ASSERT_LE(0, ringmem_submit(&self->mem));
	while (total < SEGMENTS * SIZE) {
		ASSERT_EQ(POLLIN, wait_events(raw, POLLIN, DEADLINE_MS));
		size = read(raw, buffer, sizeof(buffer));
		ASSERT_LT(0, size);
		size -= headers - self->dev.front;
		total += size;
		if (size > largest)
			largest = size;
	}
	EXPECT_EQ(SEGMENTS * SIZE, total);
	EXPECT_LE(gro ? 8 * SIZE : SIZE, largest);
	EXPECT_GE(gro ? SEGMENTS * SIZE : SIZE, largest);
	printf("# largest packet in the stack: %zd of %d bytes sent\n",
	       largest, SEGMENTS * SIZE);
	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	EXPECT_EQ(SEGMENTS, self->mem.kernel->tx_packets);
	close(raw);
}

/*
 * What GRO keeps for longer, since the administrator said so, does not stay
 * behind what comes by another way: only NAPI keeps it, up to a change.
 */
TEST_F_TIMEOUT(ring_tx, gro_keeps_nothing_behind, LIMIT)
{
	const bool keeps = variant->drive == MYTUN_DRIVE_NAPI &&
			   variant->drive_flags & MYTUN_DRIVE_GRO;
	const uint8_t payload[100] = {};
	unsigned int tries;
	char path[96];
	int raw;

	snprintf(path, sizeof(path), "/sys/class/net/%s/gro_flush_timeout",
		 self->dev.name);
	/* In ns: longer than any test waits. */
	ASSERT_EQ(0, file_write(path, "1000000000000"));
	raw = ringdev_raw(&self->dev, false);
	ASSERT_LE(0, raw);
	make_size(_metadata, self, variant, RING_BIG, 0);
	for (tries = 1;; tries++) {
		ASSERT_EQ(0, wait_for(need_wakeup, &self->mem, DEADLINE_MS));
		ASSERT_TRUE(put_segment(&self->dev, &self->mem, 0, payload,
					sizeof(payload)));
		ASSERT_LE(0, ringmem_submit(&self->mem));
		ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
		if (!keeps || !wait_events(raw, POLLIN, QUIET_MS))
			break;
		/* A tick came in between: what is of before it is not kept. */
		ASSERT_GT(20, tries);
		ASSERT_LT(0, read(raw, self->dev.buffer, RINGDEV_DATA_MAX));
	}
	if (keeps)
		ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_CALLER, 0, 0,
					NULL));
	EXPECT_EQ(POLLIN, wait_events(raw, POLLIN, DEADLINE_MS));
	close(raw);
}

/* Mark and priority of a record become those of the packet. */
TEST_F_TIMEOUT(ring_tx, meta, LIMIT)
{
	const struct mytun_ring ring = {
		.tx_size = RING_SMALL, .flags = MYTUN_Q_META,
	};
	struct mytun_record *record;
	const uint32_t mark = 0xfedcba98;
	uint64_t bytes = 0;
	int marked;

	make(_metadata, self, variant, &ring);
	marked = ringdev_marked(&self->dev, mark);
	ASSERT_LE(0, marked);
	ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, 0, 100));
	record = ringmem_reserve(&self->mem, 100);
	ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, 1, 100));
	record->mark = mark;
	record->priority = 3;
	ASSERT_LE(0, ringmem_submit(&self->mem));
	EXPECT_EQ(POLLIN, wait_events(marked, POLLIN, DEADLINE_MS));
	while (self->tally.packets < 2)
		ASSERT_NE(0, collect(self, true, &bytes));
	EXPECT_LT(0, read(marked, self->dev.buffer, 2000));
	EXPECT_EQ(0, wait_events(marked, POLLIN, 0));
	EXPECT_EQ(0, self->mem.kernel->tx_refused);
	close(marked);
}

TEST_HARNESS_MAIN
