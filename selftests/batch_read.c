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
#include "batchdev.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

TEST_F_TIMEOUT(batch, read_order_and_content, BATCH_LIMIT)
{
	unsigned long left = scaled(20000);
	uint32_t number = 0;
	unsigned int burst;
	ssize_t size;
	size_t room;
	int count;

	while (left) {
		burst = 1 + random_below(&self->seed, BATCH_BURST);
		if (burst > left)
			burst = left;
		left -= burst;
		batch_send(_metadata, self, burst, &number,
			   self->dev.payload_max);
		for (;;) {
			room = 70000 + random_below(&self->seed,
						    BATCH_BUFFER - 70000);
			size = batch_read(self, room);
			if (size == -EAGAIN)
				break;
			ASSERT_LT(0, size);
			ASSERT_GE((ssize_t)room, size);
			count = batch_take(self, size);
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

TEST_F_TIMEOUT(batch, one_read_takes_all, BATCH_LIMIT)
{
	uint32_t number = 0;
	ssize_t size;

	batch_send(_metadata, self, BATCH_BURST, &number, 1000);
	size = batch_read(self, BATCH_BUFFER);
	ASSERT_LT(0, size);
	EXPECT_EQ(BATCH_BURST, batch_take(self, size));
	EXPECT_TRUE(numbered_print(&self->tally, "one read"));
	EXPECT_EQ(-EAGAIN, batch_read(self, BATCH_BUFFER));
}

TEST_F_TIMEOUT(batch, read_into_vectors, BATCH_LIMIT)
{
	struct iovec iov[64];
	uint32_t number = 0;
	size_t at = 0;
	ssize_t size;
	int i;

	batch_send(_metadata, self, 20, &number, 3000);
	for (i = 0; i < 64; i++) {
		iov[i].iov_base = self->buffer + at;
		iov[i].iov_len = 1 + random_below(&self->seed, 4000);
		at += iov[i].iov_len;
	}
	size = readv(self->dev.fd, iov, 64);
	ASSERT_LT(0, size);
	i = batch_take(self, size);
	EXPECT_LT(0, i);
	size = batch_read(self, BATCH_BUFFER);
	if (size > 0)
		i += batch_take(self, size);
	EXPECT_EQ(20, i);
	EXPECT_TRUE(numbered_print(&self->tally, "readv"));
}

/* Packets of every kind, byte by byte. */
TEST_F_TIMEOUT(batch, read_random_headers, BATCH_LIMIT)
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
		size = batch_read(self, BATCH_BUFFER);
		ASSERT_LT(0, size);
		ASSERT_EQ(NULL, record_fault(record, size));
		ASSERT_TRUE(ringdev_is_random(&self->dev, record_data(record),
					      record->len));
	}
	close(raw);
}

TEST_F_TIMEOUT(batch, read_rooms, BATCH_LIMIT)
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
		batch_send(_metadata, self, 10, &number,
			   self->dev.payload_max);
		size = batch_read(self, BATCH_BUFFER);
		ASSERT_LT(0, size);
		EXPECT_EQ(10, ringdev_take(&self->dev, self->buffer, size,
					   rooms[i][0], rooms[i][1],
					   &self->tally));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "with rooms"));
}

TEST_F_TIMEOUT(batch, read_too_small_keeps_the_packet, BATCH_LIMIT)
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

	EXPECT_EQ(-EMSGSIZE, batch_read(self, 1));
	EXPECT_EQ(-EMSGSIZE, batch_read(self, MYTUN_RECORD_HEADER));
	EXPECT_EQ(-EMSGSIZE, batch_read(self, exact - 1));
	/* Fits to the byte, without the padding. */
	ASSERT_EQ((ssize_t)exact, batch_read(self, exact));
	EXPECT_EQ(1, batch_take(self, exact));
	EXPECT_EQ(record_size(0, record->len), record->size);

	/* The second fits, the third one does not. */
	ASSERT_LT(0, batch_read(self, 1000));
	EXPECT_EQ(1, batch_take(self, record->size));
	EXPECT_EQ(-EMSGSIZE, batch_read(self, 1000));
	EXPECT_EQ(0, batch_read(self, 0));
	ASSERT_LT(0, batch_read(self, BATCH_BUFFER));
	EXPECT_EQ(1, batch_take(self, record->size));
	EXPECT_TRUE(numbered_print(&self->tally, "small buffers"));
	EXPECT_EQ(3, self->tally.packets);
	EXPECT_EQ(-EAGAIN, batch_read(self, BATCH_BUFFER));
}

/* The reader's memory faults in the second record: the first one is kept. */
TEST_F_TIMEOUT(batch, read_into_unwritable_memory, BATCH_LIMIT)
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
	EXPECT_EQ(1, ringdev_take(&self->dev, memory, size, 0, 0,
				  &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "writable ones"));
	munmap(memory, page);
}

/* The flow hash of received records: alike in both directions, if wanted. */
TEST_F_TIMEOUT(batch, read_hash, BATCH_LIMIT)
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
		size = batch_read(self, BATCH_BUFFER);
		ASSERT_LT(0, size);
		hash[i] = record->hash;
	}
	EXPECT_NE(0, hash[0]);
	EXPECT_EQ(hash[0], hash[1]);
	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ, 0, 0));
	ASSERT_EQ((ssize_t)p->size, write(raw, p->data, p->size));
	ASSERT_LT(0, batch_read(self, BATCH_BUFFER));
	EXPECT_EQ(0, record->hash);
	close(raw);
}

TEST_HARNESS_MAIN
