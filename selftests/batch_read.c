// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: many records from one read() of a plain fd.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		120		/* seconds for one test */
#define BUFFER		(4 << 20)
#define BURST		64		/* packets sent before they are read */
#define MAX_RECORDS	BURST

FIXTURE(batch)
{
	struct ringdev dev;
	uint8_t *buffer;
	uint64_t seed;
	struct numbered_tally tally;
	unsigned long calls;
};

FIXTURE_VARIANT(batch)
{
	int flags;
};

FIXTURE_VARIANT_ADD(batch, tun) { .flags = IFF_TUN | IFF_NO_PI };
FIXTURE_VARIANT_ADD(batch, tun_pi) { .flags = IFF_TUN };

FIXTURE_VARIANT_ADD(batch, tun_vnet)
{
	.flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
};

FIXTURE_VARIANT_ADD(batch, tap) { .flags = IFF_TAP | IFF_NO_PI };
FIXTURE_VARIANT_ADD(batch, tap_pi_vnet) { .flags = IFF_TAP | IFF_VNET_HDR };

FIXTURE_SETUP(batch)
{
	REQUIRE_DEVICE();
	if (!(ring_features() & MYTUN_F_BATCH))
		SKIP(return, "the driver has no batches");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, 31));
	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ | MYTUN_Q_WRITE,
				0, 0));
	ASSERT_EQ(0, device_nonblock(self->dev.fd, true));
	self->buffer = malloc(BUFFER);
	ASSERT_NE(NULL, self->buffer);
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(batch)
{
	ringdev_destroy(&self->dev);
	free(self->buffer);
}

/* Check and count what a read() of size bytes put into the buffer. */
static int take(FIXTURE_DATA(batch) *self, ssize_t size)
{
	return ringdev_take(&self->dev, self->buffer, size, 0, 0,
			    &self->tally);
}

static unsigned int send_burst(struct __test_metadata *_metadata,
			       FIXTURE_DATA(batch) *self, unsigned int count,
			       uint32_t *number, size_t max)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		EXPECT_EQ(0, ringdev_send(&self->dev, 1, (*number)++,
					  ringdev_random_size(&self->seed,
							      NUMBERED_MIN,
							      max)));
	}
	return count;
}

static ssize_t read_records(FIXTURE_DATA(batch) *self, size_t room)
{
	self->calls++;
	return device_read(self->dev.fd, self->buffer, room);
}

TEST_F_TIMEOUT(batch, read_order_and_content, LIMIT)
{
	unsigned long left = scaled(20000);
	uint32_t number = 0;
	unsigned int burst;
	ssize_t size;
	size_t room;
	int count;

	while (left) {
		burst = left < BURST ? left : 1 + random_below(&self->seed,
							       BURST);
		left -= burst;
		send_burst(_metadata, self, burst, &number,
			   self->dev.payload_max);
		for (;;) {
			room = 70000 + random_below(&self->seed,
						    BUFFER - 70000);
			size = read_records(self, room);
			if (size == -EAGAIN)
				break;
			ASSERT_LT(0, size);
			ASSERT_GE((ssize_t)room, size);
			count = take(self, size);
			ASSERT_LT(0, count);
		}
	}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "read"));
	printf("# %lu packets, %lu read() calls, %.3f calls per packet\n",
	       self->tally.packets, self->calls,
	       (double)self->calls / self->tally.packets);
	/* Each burst ends with a call that finds nothing. */
	EXPECT_GT(self->tally.packets, self->calls);
}

TEST_F_TIMEOUT(batch, one_read_takes_all, LIMIT)
{
	uint32_t number = 0;
	ssize_t size;

	send_burst(_metadata, self, BURST, &number, 1000);
	size = read_records(self, BUFFER);
	ASSERT_LT(0, size);
	EXPECT_EQ(BURST, take(self, size));
	EXPECT_TRUE(numbered_print(&self->tally, "one read"));
	EXPECT_EQ(-EAGAIN, read_records(self, BUFFER));
}

TEST_F_TIMEOUT(batch, read_into_vectors, LIMIT)
{
	struct iovec iov[64];
	uint32_t number = 0;
	size_t at = 0;
	ssize_t size;
	int i;

	send_burst(_metadata, self, 20, &number, 3000);
	for (i = 0; i < 64; i++) {
		iov[i].iov_base = self->buffer + at;
		iov[i].iov_len = 1 + random_below(&self->seed, 4000);
		at += iov[i].iov_len;
	}
	size = readv(self->dev.fd, iov, 64);
	ASSERT_LT(0, size);
	i = take(self, size);
	EXPECT_LT(0, i);
	size = read_records(self, BUFFER);
	if (size > 0)
		i += take(self, size);
	EXPECT_EQ(20, i);
	EXPECT_TRUE(numbered_print(&self->tally, "readv"));
}

/* Packets of every kind, byte by byte. */
TEST_F_TIMEOUT(batch, read_random_headers, LIMIT)
{
	const unsigned long count = scaled(10000);
	struct mytun_record *record = (void *)self->buffer;
	int raw = ringdev_raw(&self->dev, false);
	unsigned long i;
	ssize_t size;

	ASSERT_LE(0, raw);
	for (i = 0; i < count; i++) {
		ringdev_random(&self->dev, &self->seed, true);
		ASSERT_EQ(0, ringdev_send_random(&self->dev, raw));
		size = read_records(self, BUFFER);
		ASSERT_LT(0, size);
		ASSERT_EQ(NULL, record_fault(record, size));
		ASSERT_TRUE(ringdev_is_random(&self->dev, record_data(record),
					      record->len));
	}
	close(raw);
}

TEST_F_TIMEOUT(batch, read_rooms, LIMIT)
{
	static const uint16_t rooms[][2] = {
		{ 8, 0 }, { 0, 8 }, { 96, 32 }, { 128, 256 },
		{ MYTUN_ROOM_MAX, MYTUN_ROOM_MAX },
	};
	uint32_t number = 0;
	unsigned int i;
	ssize_t size;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ,
					rooms[i][0], rooms[i][1]));
		send_burst(_metadata, self, 10, &number,
			   self->dev.payload_max);
		size = read_records(self, BUFFER);
		ASSERT_LT(0, size);
		EXPECT_EQ(10, ringdev_take(&self->dev, self->buffer, size,
					   rooms[i][0], rooms[i][1],
					   &self->tally));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "with rooms"));
}

TEST_F_TIMEOUT(batch, read_too_small_keeps_the_packet, LIMIT)
{
	const size_t data = self->dev.front + (self->dev.ethernet ? 14 : 0) +
			    NUMBERED_HEADERS;
	struct mytun_record *record = (void *)self->buffer;
	size_t exact;

	/* Payloads such that the padding is 1 to 63 bytes. */
	exact = MYTUN_RECORD_HEADER + data + 1000;
	if (exact % MYTUN_RECORD_ALIGN == 0)
		exact++;
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 0,
				  exact - data - MYTUN_RECORD_HEADER));
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 1, 100));
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 2, 2000));

	EXPECT_EQ(-EMSGSIZE, read_records(self, 1));
	EXPECT_EQ(-EMSGSIZE, read_records(self, MYTUN_RECORD_HEADER));
	EXPECT_EQ(-EMSGSIZE, read_records(self, exact - 1));
	/* Fits to the byte, without the padding. */
	ASSERT_EQ((ssize_t)exact, read_records(self, exact));
	EXPECT_EQ(1, take(self, exact));
	EXPECT_EQ(record_size(0, record->len), record->size);

	/* The second fits, the third one does not. */
	ASSERT_LT(0, read_records(self, 1000));
	EXPECT_EQ(1, take(self, record->size));
	EXPECT_EQ(-EMSGSIZE, read_records(self, 1000));
	EXPECT_EQ(0, read_records(self, 0));
	ASSERT_LT(0, read_records(self, BUFFER));
	EXPECT_EQ(1, take(self, record->size));
	EXPECT_TRUE(numbered_print(&self->tally, "small buffers"));
	EXPECT_EQ(3, self->tally.packets);
	EXPECT_EQ(-EAGAIN, read_records(self, BUFFER));
}

/* The reader's memory faults in the second record: the first one is kept. */
TEST_F_TIMEOUT(batch, read_into_unwritable_memory, LIMIT)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t size;

	ASSERT_NE(MAP_FAILED, (void *)memory);
	ASSERT_EQ(0, munmap(memory + page, page));
	EXPECT_EQ(0, ringdev_send(&self->dev, 1, 0, page / 2));
	EXPECT_EQ(0, ringdev_send(&self->dev, 1, 1, page));
	size = device_read(self->dev.fd, memory, 2 * page);
	ASSERT_LT(0, size);
	EXPECT_EQ(1, ringdev_take(&self->dev, memory, size, 0, 0, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "writable ones"));
	munmap(memory, page);
}

/* The flow hash of received records: alike in both directions, if wanted. */
TEST_F_TIMEOUT(batch, read_hash, LIMIT)
{
	struct mytun_record *record = (void *)self->buffer;
	int raw = ringdev_raw(&self->dev, false);
	struct packet *p = self->dev.packet;
	uint32_t hash[2];
	unsigned int i;
	ssize_t size;

	ASSERT_LE(0, raw);
	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ | MYTUN_Q_HASH,
				0, 0));
	for (i = 0; i < 2; i++) {
		numbered_packet(p, i ? &self->dev.in : &self->dev.out, 100, 1,
				i);
		ASSERT_EQ((ssize_t)p->size, write(raw, p->data, p->size));
		size = read_records(self, BUFFER);
		ASSERT_LT(0, size);
		hash[i] = record->hash;
	}
	EXPECT_NE(0, hash[0]);
	EXPECT_EQ(hash[0], hash[1]);
	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ, 0, 0));
	ASSERT_EQ((ssize_t)p->size, write(raw, p->data, p->size));
	ASSERT_LT(0, read_records(self, BUFFER));
	EXPECT_EQ(0, record->hash);
	close(raw);
}

TEST_HARNESS_MAIN
