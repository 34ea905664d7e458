// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: packets that wait while something changes. A driver may have made
 * the records when the packets came; who reads must not see the difference.
 */
#define _GNU_SOURCE
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "batchdev.h"
#include "ethtool.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define SMALL		1400	/* payloads of ordinary packets, at most */
#define READERS		3

/* Check and count records with these rooms. */
static int take(FIXTURE_DATA(batch) *self, ssize_t size, unsigned int head,
		unsigned int tail)
{
	return ringdev_take(&self->dev, self->buffer, size, head, tail,
			    &self->tally);
}

/* One read() of one packet, by a queue without batches. */
static bool take_plain(FIXTURE_DATA(batch) *self)
{
	uint32_t stream, number;
	ssize_t size = batch_read(self, BATCH_BUFFER);

	if (size < 0 || !ringdev_parse(&self->dev, self->buffer, size, &stream,
				       &number))
		return false;
	numbered_count(&self->tally, number, size);
	return true;
}

/* Each packet looks as the mode in which it is read says. */
TEST_F_TIMEOUT(batch, mode_changes, BATCH_LIMIT)
{
	static const struct {
		uint32_t flags;
		uint16_t head, tail;
	} modes[] = {
		{ MYTUN_Q_READ, 0, 0 },
		{ MYTUN_Q_READ, 96, 32 },
		{ MYTUN_Q_READ | MYTUN_Q_HASH, 0, 0 },
		{ 0, 0, 0 },
		{ MYTUN_Q_READ, 0, 8 },
		{ MYTUN_Q_READ | MYTUN_Q_HASH, 8, 0 },
		{ 0, 0, 0 },
		{ MYTUN_Q_READ, MYTUN_ROOM_MAX, MYTUN_ROOM_MAX },
	};
	const struct mytun_record *record = (void *)self->buffer;
	const int fd = self->dev.fd;
	unsigned int i, j, step;
	uint32_t number = 0;
	ssize_t size;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		for (step = 1; step < ARRAY_SIZE(modes); step++) {
			j = (i + step) % ARRAY_SIZE(modes);
			ASSERT_EQ(0, ring_batch(fd, modes[i].flags,
						modes[i].head, modes[i].tail));
			batch_send(_metadata, self, 5, &number, SMALL);
			ASSERT_EQ(0, ring_batch(fd, modes[j].flags,
						modes[j].head, modes[j].tail));
			batch_send(_metadata, self, 3, &number, SMALL);
			if (!modes[j].flags) {
				for (size = 0; size < 8; size++)
					ASSERT_TRUE(take_plain(self));
				continue;
			}
			size = batch_read(self, BATCH_BUFFER);
			ASSERT_LT(0, size);
			ASSERT_EQ(8, take(self, size, modes[j].head,
					  modes[j].tail));
			EXPECT_EQ(!!(modes[j].flags & MYTUN_Q_HASH),
				  !!record->hash);
		}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "modes"));
}

/* The header that the device has when a packet is read, not when it came. */
TEST_F_TIMEOUT(batch, header_changes, BATCH_LIMIT)
{
	static const int sizes[] = { 10, 12, 24, 10, 20 };
	const int fd = self->dev.fd;
	uint32_t number = 0;
	unsigned int i;
	ssize_t size;

	if (!(variant->flags & IFF_VNET_HDR))
		SKIP(return, "no virtio_net_hdr");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		batch_send(_metadata, self, 4, &number, SMALL);
		ASSERT_EQ(0, device_ioctl(fd, TUNSETVNETHDRSZ,
					  (unsigned long)&sizes[i]));
		batch_send(_metadata, self, 4, &number, SMALL);
		/* What stands before the packet. */
		self->dev.front = sizes[i] +
				  (variant->flags & IFF_NO_PI ? 0 : 4);
		size = batch_read(self, BATCH_BUFFER);
		ASSERT_LT(0, size);
		ASSERT_EQ(8, batch_take(self, size));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "headers"));
}

/* A checksum that the user shall finish is told in whatever order of bytes. */
TEST_F_TIMEOUT(batch, byte_order_changes, BATCH_LIMIT)
{
	static const unsigned long orders[] = { TUNSETVNETBE, TUNSETVNETLE };
	const struct mytun_record *record = (void *)self->buffer;
	const int fd = self->dev.fd, on = 1, off = 0;
	const uint8_t *vnet;
	unsigned int i, start, link = self->dev.ethernet ? 14 : 0;

	if (!(variant->flags & IFF_VNET_HDR))
		SKIP(return, "no virtio_net_hdr");
	ASSERT_EQ(0, device_ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM));
	for (i = 0; i < 4; i++) {
		/* As it comes, and changed to the other order. */
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, i, 500));
		if (i & 1) {
			if (device_ioctl(fd, orders[1], (unsigned long)&off) ||
			    device_ioctl(fd, orders[0], (unsigned long)&on))
				SKIP(return, "one order only");
		} else {
			device_ioctl(fd, orders[0], (unsigned long)&off);
			ASSERT_EQ(0, device_ioctl(fd, orders[1],
						  (unsigned long)&on));
		}
		ASSERT_LT(0, batch_read(self, BATCH_BUFFER));
		vnet = record_data(record) + self->dev.front - 10;
		EXPECT_EQ(1, vnet[0]);
		start = i & 1 ? vnet[6] << 8 | vnet[7] : vnet[7] << 8 | vnet[6];
		EXPECT_EQ(link + 20, start);
	}
}

/* Of any size: what is large must not overtake what is small, nor wait. */
TEST_F_TIMEOUT(batch, large_among_small, BATCH_LIMIT)
{
	static const size_t sizes[] = {
		100, 9000, 60, 30000, 2000, 1900, 2100, 1500, 60000, 16, 1000,
	};
	unsigned int i, rounds = scaled(2000);
	uint32_t number = 0;
	ssize_t size;

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++,
					  sizes[i % ARRAY_SIZE(sizes)]));
		if (random_below(&self->seed, 20))
			continue;
		while ((size = batch_read(self, 70000 +
					  random_below(&self->seed, 70000))) > 0)
			ASSERT_LT(0, batch_take(self, size));
		ASSERT_EQ(-EAGAIN, size);
	}
	while ((size = batch_read(self, BATCH_BUFFER)) > 0)
		batch_take(self, size);
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "sizes"));
}

/* As many as txqueuelen says wait, however many bytes that is. */
TEST_F_TIMEOUT(batch, long_queue, BATCH_LIMIT)
{
	const unsigned int count = 3000, extra = 50;
	uint32_t number = 0, round;
	ssize_t size;

	ASSERT_EQ(0, link_set_txqueuelen(self->dev.name, count));
	for (round = 1; round < 4; round++) {
		while (number < count * round)
			ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++,
						  SMALL));
		while ((size = batch_read(self, BATCH_BUFFER)) > 0)
			batch_take(self, size);
		ASSERT_EQ(-EAGAIN, size);
	}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "long queue"));
	EXPECT_EQ(0, ethtool_counter(self->dev.name, "tx_drop_full"));
	while (number < count * 3 + count + extra)
		ringdev_send(&self->dev, 1, number++, 100);
	while ((size = batch_read(self, BATCH_BUFFER)) > 0)
		batch_take(self, size);
	EXPECT_EQ(count * 4, self->tally.packets);
	EXPECT_EQ(extra, ethtool_counter(self->dev.name, "tx_drop_full"));
}

/* A queue that gets shorter keeps the oldest packets, and goes on. */
TEST_F_TIMEOUT(batch, shorter_queue, BATCH_LIMIT)
{
	uint32_t number = 0, round;
	unsigned int i;
	ssize_t size;

	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, link_set_txqueuelen(self->dev.name, 400));
		memset(&self->tally, 0, sizeof(self->tally));
		self->tally.next = number;
		for (i = 0; i < 400; i++)
			ASSERT_EQ(0, ringdev_send(&self->dev, 1, number++,
						  SMALL));
		ASSERT_EQ(0, link_set_txqueuelen(self->dev.name, 7));
		size = batch_read(self, BATCH_BUFFER);
		ASSERT_LT(0, size);
		EXPECT_EQ(7, batch_take(self, size));
		EXPECT_TRUE(numbered_print(&self->tally, "the oldest"));
	}
}

/* splice() and plain reads of packets that came for batches, and back. */
TEST_F_TIMEOUT(batch, other_readers, BATCH_LIMIT)
{
	const int fd = self->dev.fd;
	uint32_t stream, got, number = 0;
	int ends[2], i;
	ssize_t size;

	ASSERT_EQ(0, pipe(ends));
	for (i = 0; i < 20; i++) {
		batch_send(_metadata, self, 4, &number, SMALL);
		size = splice(fd, NULL, ends[1], NULL, 1 << 16, 0);
		ASSERT_LT(0, size);
		ASSERT_EQ(size, read(ends[0], self->buffer, BATCH_BUFFER));
		ASSERT_TRUE(ringdev_parse(&self->dev, self->buffer, size,
					  &stream, &got));
		numbered_count(&self->tally, got, size);
		ASSERT_EQ(0, ring_batch(fd, 0, 0, 0));
		ASSERT_TRUE(take_plain(self));
		ASSERT_EQ(0, ring_batch(fd, MYTUN_Q_READ, 0, 0));
		size = batch_read(self, BATCH_BUFFER);
		ASSERT_LT(0, size);
		EXPECT_EQ(2, batch_take(self, size));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "readers of all kinds"));
	close(ends[0]);
	close(ends[1]);
}

/* What came for batches goes into an RX ring that is made meanwhile. */
TEST_F_TIMEOUT(batch, into_a_ring, BATCH_LIMIT)
{
	struct mytun_ring ring = { .size = sizeof(ring), .rx_size = 1 << 20 };
	const struct mytun_record *record;
	uint32_t number = 0, stream, got;
	struct ringmem mem;

	if (!(ring_features() & MYTUN_F_RING))
		SKIP(return, "no rings on this kernel");
	batch_send(_metadata, self, 30, &number, SMALL);
	ASSERT_EQ(0, ring_batch(self->dev.fd, 0, 0, 0));
	ASSERT_EQ(0, ringmem_make(&mem, self->dev.fd, &ring));
	batch_send(_metadata, self, 10, &number, SMALL);
	while ((record = ringmem_peek(&mem))) {
		ASSERT_TRUE(ringdev_parse(&self->dev, record_data(record),
					  record->len, &stream, &got));
		numbered_count(&self->tally, got, record->len);
		ringmem_next(&mem);
	}
	ringmem_release(&mem);
	EXPECT_EQ(40, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "moved"));
	ringmem_unmap(&mem);
}

struct overlap {
	FIXTURE_DATA(batch) *self;
	uint8_t *buffer;
	struct ringdev_flow *flow;
	unsigned long *total;
	unsigned long packets, bad;
	uint64_t seed;
	pthread_t thread;
};

/* Reads until all have been read by somebody; its own come in order. */
static void *overlap_thread(void *arg)
{
	struct overlap *o = arg;
	const struct mytun_record *record;
	uint32_t stream, number, last = 0;
	struct pollfd pfd = { .fd = o->self->dev.fd, .events = POLLIN };
	ssize_t size, at;

	while (__atomic_load_n(o->total, __ATOMIC_RELAXED) < o->flow->count) {
		size = device_read(o->self->dev.fd, o->buffer,
				   70000 + random_below(&o->seed, 200000));
		if (size < 0) {
			poll(&pfd, 1, 10);
			continue;
		}
		for (at = 0; at < size; at += record->size) {
			record = (const void *)(o->buffer + at);
			if (record_fault(record, size - at) ||
			    !ringdev_parse(&o->self->dev, record_data(record),
					   record->len, &stream, &number) ||
			    (o->packets && number <= last)) {
				o->bad++;
				return NULL;
			}
			last = number;
			o->packets++;
			__atomic_fetch_add(o->total, 1, __ATOMIC_RELAXED);
			ringdev_flow_done(o->flow, 1,
					  ringdev_record(&o->self->dev, 0));
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(batch, readers_overlap, BATCH_LIMIT)
{
	struct ringdev_flow flow = {
		.dev = &self->dev, .socket = -1, .stream = 1,
		.count = scaled(20000), .size_min = NUMBERED_MIN,
		.size_max = 3000, .seed = self->seed, .window_packets = 300,
	};
	struct overlap readers[READERS] = {};
	unsigned long total = 0, packets = 0;
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		readers[i].self = self;
		readers[i].flow = &flow;
		readers[i].total = &total;
		readers[i].seed = self->seed + i;
		readers[i].buffer = malloc(BATCH_BUFFER);
		ASSERT_NE(NULL, readers[i].buffer);
	}
	ASSERT_EQ(0, ringdev_flow_start(&flow));
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL,
					    overlap_thread, &readers[i]));
	for (i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT_EQ(0, readers[i].bad);
		packets += readers[i].packets;
		free(readers[i].buffer);
	}
	flow.stop = true;
	EXPECT_EQ(0, ringdev_flow_join(&flow));
	EXPECT_EQ(flow.count, packets);
}

/* What waits in a queue that is set aside is lost, counted, and no more. */
TEST_F_TIMEOUT(batch, set_aside, BATCH_LIMIT)
{
	uint32_t number = 0;
	int fd, i;
	ssize_t size;

	ringdev_destroy(&self->dev);
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags |
				    IFF_MULTI_QUEUE, 31));
	fd = self->dev.fd;
	ASSERT_EQ(0, device_nonblock(fd, true));
	ASSERT_EQ(0, ring_batch(fd, MYTUN_Q_READ, 0, 0));
	for (i = 1; i <= 10; i++) {
		self->tally.next = number;
		batch_send(_metadata, self, 3, &number, SMALL);
		size = batch_read(self, ringdev_record(&self->dev, SMALL));
		ASSERT_LT(0, size);
		ASSERT_LE(1, batch_take(self, size));
		batch_send(_metadata, self, 30, &number, SMALL);
		ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
		EXPECT_EQ(-EAGAIN, batch_read(self, BATCH_BUFFER));
		EXPECT_EQ(number - self->tally.packets,
			  ethtool_counter(self->dev.name, "tx_drop_detached"));
		ASSERT_EQ(0, device_setqueue(fd, IFF_ATTACH_QUEUE));
	}
	EXPECT_EQ(0, self->tally.late + self->tally.broken);
}

/* Without memory for records, packets come all the same. */
TEST_F_TIMEOUT(batch, no_memory, BATCH_LIMIT)
{
	static const char limit[] = "/sys/module/mytun/parameters/rings_max_mb";
	uint32_t number = 0;
	char old[16] = "";
	ssize_t size;
	int file;

	file = open(limit, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_LT(0, read(file, old, sizeof(old) - 1));
	ASSERT_EQ(1, pwrite(file, "0", 1, 0));
	ringdev_destroy(&self->dev);
	EXPECT_EQ(0, ringdev_create(&self->dev, variant->flags, 31));
	EXPECT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ, 0, 0));
	EXPECT_EQ((ssize_t)strlen(old), pwrite(file, old, strlen(old), 0));
	close(file);
	ASSERT_EQ(0, device_nonblock(self->dev.fd, true));
	batch_send(_metadata, self, 60, &number, 3000);
	size = batch_read(self, BATCH_BUFFER);
	ASSERT_LT(0, size);
	EXPECT_EQ(60, batch_take(self, size));
	EXPECT_TRUE(numbered_print(&self->tally, "without memory"));
}

TEST_HARNESS_MAIN
