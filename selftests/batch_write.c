// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: many records for one write() to a plain fd.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "batchdev.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

TEST_F_TIMEOUT(batch, write_order_and_content, BATCH_LIMIT)
{
	unsigned long left = scaled(20000);
	uint32_t number = 0;
	unsigned int burst;
	size_t size;

	while (left) {
		burst = 1 + random_below(&self->seed, BATCH_BURST - 1);
		if (burst > left)
			burst = left;
		left -= burst;
		size = ringdev_fill(&self->dev, self->buffer, burst, number,
				    &self->seed, self->dev.payload_max);
		number += burst;
		self->calls++;
		ASSERT_EQ((ssize_t)size, device_write(self->dev.fd,
						      self->buffer, size));
		ASSERT_EQ(burst, ringdev_collect(&self->dev, burst,
						 &self->tally));
	}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "written"));
	printf("# %lu packets, %lu write() calls, %.3f calls per packet\n",
	       self->tally.packets, self->calls,
	       (double)self->calls / self->tally.packets);
}

/* Packets of every kind, byte by byte, as the stack sees them. */
TEST_F_TIMEOUT(batch, write_random_headers, BATCH_LIMIT)
{
	const unsigned long count = scaled(10000);
	int raw = ringdev_raw_all(&self->dev);
	unsigned long i;
	size_t size;

	ASSERT_LE(0, raw);
	for (i = 0; i < count; i++) {
		ringdev_random(&self->dev, &self->seed, false);
		size = ringdev_put_random(&self->dev, self->buffer +
						      MYTUN_RECORD_HEADER);
		size = record_fill(self->buffer, 0, size);
		ASSERT_EQ((ssize_t)size, device_write(self->dev.fd,
						      self->buffer, size));
		ASSERT_LT(0, ringdev_receive_random(&self->dev, raw,
						    DEADLINE_MS));
	}
	close(raw);
}

TEST_F_TIMEOUT(batch, write_from_vectors, BATCH_LIMIT)
{
	struct iovec iov[512];
	size_t size, at = 0;
	int i;

	size = ringdev_fill(&self->dev, self->buffer, 20, 0, &self->seed, 3000);
	for (i = 0; i < 512 && at < size; i++) {
		iov[i].iov_base = self->buffer + at;
		iov[i].iov_len = 1 + random_below(&self->seed, 700);
		if (iov[i].iov_len > size - at)
			iov[i].iov_len = size - at;
		at += iov[i].iov_len;
	}
	ASSERT_EQ(size, at);
	EXPECT_EQ((ssize_t)size, writev(self->dev.fd, iov, i));
	EXPECT_EQ(20, ringdev_collect(&self->dev, 20, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "writev"));
}

/* What makes a record malformed. */
enum fault {
	SIZE_ZERO, SIZE_ODD, SIZE_SMALL, SIZE_HUGE, SIZE_BEYOND,
	OFFSET_LOW, OFFSET_HIGH, LEN_BEYOND, LEN_HUGE, HASH, MARK, PRIORITY,
	QUEUE, RESERVED, FLAG, FAULTS
};

static void spoil(struct mytun_record *record, enum fault fault)
{
	switch (fault) {
	case SIZE_ZERO:
		record->size = 0;
		break;
	case SIZE_ODD:
		record->size -= 32;
		break;
	case SIZE_SMALL:
		record->size = 32;
		break;
	case SIZE_HUGE:
		record->size = 0xffffffc0;
		break;
	case SIZE_BEYOND:
		record->size += 1 << 20;
		break;
	case OFFSET_LOW:
		record->offset = 31;
		break;
	case OFFSET_HIGH:
		record->offset = 32 + MYTUN_ROOM_MAX + 1;
		break;
	case LEN_BEYOND:
		record->len = record->size - record->offset + 1;
		break;
	case LEN_HUGE:
		record->len = 0xffffffff;
		break;
	case HASH:
		record->hash = 1;
		break;
	case MARK:
		record->mark = 1;
		break;
	case PRIORITY:
		record->priority = 1;
		break;
	case QUEUE:
		record->queue = 1;
		break;
	case RESERVED:
		record->reserved = 1;
		break;
	case FLAG:
		record->flags = 1;
		break;
	case FAULTS:
		break;
	}
}

/* Record number place of those that ringdev_fill() wrote. */
static struct mytun_record *nth(uint8_t *buffer, unsigned int place)
{
	while (place--)
		buffer += ((struct mytun_record *)buffer)->size;
	return (void *)buffer;
}

static void write_malformed(struct __test_metadata *_metadata,
			    FIXTURE_DATA(batch) *self, enum fault fault,
			    unsigned int place, uint32_t number)
{
	size_t size = ringdev_fill(&self->dev, self->buffer, 40, number,
				   &self->seed, 1000);
	struct mytun_record *record = nth(self->buffer, place);
	ssize_t want = (uint8_t *)record - self->buffer;

	spoil(record, fault);
	EXPECT_EQ(want ? want : -EINVAL,
		  device_write(self->dev.fd, self->buffer, size)) {
		TH_LOG("fault %u in record %u", fault, place);
	}
	EXPECT_EQ(place, ringdev_collect(&self->dev, place, &self->tally)) {
		TH_LOG("fault %u in record %u", fault, place);
	}
}

TEST_F_TIMEOUT(batch, write_stops_at_malformed, BATCH_LIMIT)
{
	static const unsigned int places[] = { 0, 1, 7, 16, 17, 39 };
	unsigned int i, fault;
	uint32_t number = 0;

	for (fault = 0; fault < FAULTS; fault++) {
		for (i = 0; i < ARRAY_SIZE(places); i++) {
			write_malformed(_metadata, self, fault, places[i],
					number);
			number += places[i];
		}
	}
	EXPECT_TRUE(numbered_print(&self->tally, "before malformed ones"));
	EXPECT_EQ(number, self->tally.packets);
}

/* The padding of the last record may be missing, nothing else. */
TEST_F_TIMEOUT(batch, write_incomplete, BATCH_LIMIT)
{
	struct mytun_record *first = (void *)self->buffer;
	struct mytun_record *second;
	size_t whole, cut;

	ringdev_fill(&self->dev, self->buffer, 2, 0, &self->seed, 1000);
	second = nth(self->buffer, 1);
	for (cut = first->offset + first->len - 1; cut > 0; cut = cut * 2 / 3) {
		EXPECT_EQ(-EINVAL, device_write(self->dev.fd, self->buffer,
						cut));
	}
	whole = first->size + second->offset + second->len;
	EXPECT_EQ((ssize_t)first->size,
		  device_write(self->dev.fd, self->buffer, whole - 1));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
	EXPECT_EQ((ssize_t)(whole - first->size),
		  device_write(self->dev.fd, second, whole - first->size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "complete ones"));
}

/* What was reserved and not needed is passed over. */
TEST_F_TIMEOUT(batch, write_passes_over_records_without_data, BATCH_LIMIT)
{
	struct mytun_record *record;
	size_t size, at;
	uint32_t number;

	size = ringdev_fill(&self->dev, self->buffer, 40, 0, &self->seed, 1000);
	for (at = 0, number = 0; at < size; at += record->size, number++) {
		record = (void *)(self->buffer + at);
		if (number % 3 != 1)
			record->len = 0;
	}
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(13, ringdev_collect(&self->dev, 13, &self->tally));
	EXPECT_EQ(25, self->tally.lost);
	EXPECT_EQ(0, self->tally.broken);
}

/* A packet that no plain write() takes, in an otherwise good record. */
TEST_F_TIMEOUT(batch, write_stops_at_refused, BATCH_LIMIT)
{
	const unsigned int place = 5;
	struct mytun_record *record;
	size_t size, at;

	size = ringdev_fill(&self->dev, self->buffer, 10, 0, &self->seed, 1000);
	record = nth(self->buffer, place);
	at = (uint8_t *)record - self->buffer;
	if (self->dev.front || self->dev.ethernet) {
		/* Not even the headers are there. */
		record->len = 3;
	} else {
		/* Neither IPv4 nor IPv6. */
		record_data(record)[0] = 0x5f;
	}
	EXPECT_EQ((ssize_t)at, device_write(self->dev.fd, self->buffer, size));
	EXPECT_EQ(place, ringdev_collect(&self->dev, place, &self->tally));
	EXPECT_EQ(-EINVAL, device_write(self->dev.fd, self->buffer + at,
					size - at));
	EXPECT_EQ(0, ringdev_collect(&self->dev, 0, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "before a refused one"));
}

TEST_F_TIMEOUT(batch, write_to_a_device_that_is_down, BATCH_LIMIT)
{
	size_t size = ringdev_fill(&self->dev, self->buffer, 10, 0,
				   &self->seed, 1000);

	ASSERT_EQ(0, link_set_down(self->dev.name));
	EXPECT_EQ(-EIO, device_write(self->dev.fd, self->buffer, size));
}

TEST_F_TIMEOUT(batch, write_from_unreadable_memory, BATCH_LIMIT)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t room = 64 * page;
	uint8_t *memory = mmap(NULL, room, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int good = 0;
	size_t size, at, end;

	ASSERT_NE(MAP_FAILED, (void *)memory);
	size = ringdev_fill(&self->dev, self->buffer, 40, 0, &self->seed, 1000);
	/* Not all of it, even if it ends with a page. */
	end = (size - 1) & ~(page - 1);
	ASSERT_GT(room, size);
	memcpy(memory, self->buffer, size);
	ASSERT_EQ(0, munmap(memory + end, room - end));
	while ((uint8_t *)nth(self->buffer, good + 1) - self->buffer <=
	       (ssize_t)end)
		good++;
	at = (uint8_t *)nth(self->buffer, good) - self->buffer;
	EXPECT_EQ((ssize_t)at, device_write(self->dev.fd, memory, size));
	EXPECT_EQ(good, ringdev_collect(&self->dev, good, &self->tally));
	EXPECT_EQ(-EFAULT, device_write(self->dev.fd, memory + end, 4096));
	EXPECT_TRUE(numbered_print(&self->tally, "readable ones"));
	munmap(memory, end);
}

/* The user's own bits and words are of no concern to the kernel. */
TEST_F_TIMEOUT(batch, write_ignores_bookkeeping, BATCH_LIMIT)
{
	struct mytun_record *record = (void *)self->buffer;
	size_t size = ringdev_fill(&self->dev, self->buffer, 1, 0,
				   &self->seed, 500);

	record->flags = MYTUN_RECORD_USER_BITS;
	record->user = 0xdeadbeef;
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
}

/* Rooms, and a size that is larger than needed, are the writer's affair. */
TEST_F_TIMEOUT(batch, write_rooms, BATCH_LIMIT)
{
	static const uint16_t offsets[] = { 32, 33, 64, 77, 1000, 32 + 4096 };
	struct mytun_record *record;
	unsigned int i;
	size_t at = 0;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		record = (void *)(self->buffer + at);
		len = ringdev_build(&self->dev, self->buffer + at + offsets[i],
				    1, i, 300);
		at += record_fill(record, offsets[i] - 32, len);
		record->size += 64 * i;
		at += 64 * i;
	}
	EXPECT_EQ((ssize_t)at, device_write(self->dev.fd, self->buffer, at));
	EXPECT_EQ(i, ringdev_collect(&self->dev, i, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "with rooms"));
}

static int ask_meta(void *arg)
{
	return ring_batch(*(int *)arg, MYTUN_Q_WRITE | MYTUN_Q_META, 0, 0);
}

TEST_F_TIMEOUT(batch, write_meta, BATCH_LIMIT)
{
	struct mytun_record *record = (void *)self->buffer;
	int right, wrong;
	size_t size;

	EXPECT_EQ(-EPERM, ringdev_as_user(ask_meta, &self->dev.fd));
	ASSERT_EQ(0, ask_meta(&self->dev.fd));
	right = ringdev_marked(&self->dev, 0x12345678);
	ASSERT_LE(0, right);
	wrong = ringdev_marked(&self->dev, 0);
	ASSERT_LE(0, wrong);
	size = ringdev_fill(&self->dev, self->buffer, 1, 0, &self->seed, 500);
	record->mark = 0x12345678;
	record->priority = 6;
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
	EXPECT_EQ(POLLIN, wait_events(right, POLLIN, DEADLINE_MS));
	EXPECT_EQ(0, wait_events(wrong, POLLIN, QUIET_MS));
	close(right);
	close(wrong);
}

TEST_HARNESS_MAIN
