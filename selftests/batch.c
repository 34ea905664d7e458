// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: the mode, both directions, and ways to wait: read() itself, epoll
 * and io_uring.
 */
#include "device.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "batchdev.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"
#include "uring.h"

struct reader {
	int fd;
	uint8_t *buffer;
	ssize_t size;
	pid_t tid;
	pthread_t thread;
};

static void *reader_thread(void *arg)
{
	struct reader *reader = arg;

	__atomic_store_n(&reader->tid, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	reader->size = device_read(reader->fd, reader->buffer, BATCH_BUFFER);
	return NULL;
}

TEST_F_TIMEOUT(batch, blocking_read_waits_for_one, BATCH_LIMIT)
{
	struct reader reader = {
		.fd = self->dev.fd, .buffer = self->buffer,
	};

	ASSERT_EQ(0, device_nonblock(self->dev.fd, false));
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, reader_thread,
				    &reader));
	while (!__atomic_load_n(&reader.tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	ASSERT_EQ(0, wait_asleep(reader.tid, DEADLINE_MS));
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 0, 500));
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	ASSERT_LT(0, reader.size);
	EXPECT_EQ(1, batch_take(self, reader.size));
}

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) ? -1 : ep;
}

static int epoll_once(int ep, int ms)
{
	struct epoll_event event = {};
	int ret = epoll_wait(ep, &event, 1, ms);

	return ret < 0 ? -errno : ret ? (int)event.events : 0;
}

TEST_F_TIMEOUT(batch, epoll_level, BATCH_LIMIT)
{
	int ep = epoll_of(self->dev.fd, EPOLLIN);
	uint32_t number = 0;
	ssize_t size;

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, epoll_once(ep, QUIET_MS));
	batch_send(_metadata, self, 3, &number, 1000);
	EXPECT_EQ(EPOLLIN, epoll_once(ep, DEADLINE_MS));
	/* One record only: the rest is still there, and told. */
	size = batch_read(self, ringdev_record(&self->dev, 1000));
	EXPECT_LT(0, size);
	while (size > 0) {
		batch_take(self, size);
		if (self->tally.packets < 3)
			EXPECT_EQ(EPOLLIN, epoll_once(ep, 0));
		size = batch_read(self, BATCH_BUFFER);
	}
	EXPECT_EQ(-EAGAIN, size);
	EXPECT_EQ(3, self->tally.packets);
	EXPECT_EQ(0, epoll_once(ep, QUIET_MS));
	close(ep);
}

TEST_F_TIMEOUT(batch, epoll_edge, BATCH_LIMIT)
{
	int ep = epoll_of(self->dev.fd, EPOLLIN | EPOLLET);
	uint32_t number = 0;
	unsigned int i;
	ssize_t size;

	ASSERT_LE(0, ep);
	/* As a runtime's network poller does it: an edge, then until EAGAIN. */
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, epoll_once(ep, 0));
		batch_send(_metadata, self, 1 + i % 5, &number, 1000);
		ASSERT_EQ(EPOLLIN, epoll_once(ep, DEADLINE_MS));
		while ((size = batch_read(self, BATCH_BUFFER)) > 0)
			batch_take(self, size);
		ASSERT_EQ(-EAGAIN, size);
	}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "edges"));
	close(ep);
}

/* A read() of batches that sleeps, and one that finds something at once. */
TEST_F_TIMEOUT(batch, io_uring_reads, BATCH_LIMIT)
{
	const int fd = self->dev.fd;
	uint32_t number = 0, next;
	struct uring ring;
	int ret, i;

	ret = uring_open(&ring, 8);
	if (ret)
		SKIP(return, "no io_uring: %s", strerror(-ret));
	ASSERT_EQ(0, device_nonblock(fd, false));
	for (i = 0; i < 50; i++) {
		/* There already. */
		batch_send(_metadata, self, 10, &number, 1000);
		uring_put(&ring, IORING_OP_READ, fd, self->buffer,
			  BATCH_BUFFER, 0);
		ASSERT_EQ(1, uring_submit(&ring));
		ret = uring_result(&ring, NULL, DEADLINE_MS);
		ASSERT_LT(0, ret);
		EXPECT_EQ(10, batch_take(self, ret));

		/* Comes later: as many as are there by then, and one at least. */
		uring_put(&ring, IORING_OP_READ, fd, self->buffer,
			  BATCH_BUFFER, 0);
		ASSERT_EQ(1, uring_submit(&ring));
		EXPECT_EQ(-ETIMEDOUT, uring_result(&ring, NULL, 1));
		next = number;
		batch_send(_metadata, self, 3, &number, 1000);
		while (next < number) {
			ret = uring_result(&ring, NULL, DEADLINE_MS);
			ASSERT_LT(0, ret);
			ret = batch_take(self, ret);
			ASSERT_LT(0, ret);
			next += ret;
			if (next == number)
				break;
			uring_put(&ring, IORING_OP_READ, fd, self->buffer,
				  BATCH_BUFFER, 0);
			ASSERT_EQ(1, uring_submit(&ring));
		}
	}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "io_uring read"));

	/* O_NONBLOCK: what is there is read as well. */
	ASSERT_EQ(0, device_nonblock(fd, true));
	batch_send(_metadata, self, 10, &number, 1000);
	uring_put(&ring, IORING_OP_READ, fd, self->buffer, BATCH_BUFFER, 0);
	ASSERT_EQ(1, uring_submit(&ring));
	ret = uring_result(&ring, NULL, DEADLINE_MS);
	ASSERT_LT(0, ret);
	EXPECT_EQ(10, batch_take(self, ret));
	uring_close(&ring);
}

TEST_F_TIMEOUT(batch, io_uring_writes, BATCH_LIMIT)
{
	const int fd = self->dev.fd;
	uint32_t number = 0;
	struct uring ring;
	size_t size;
	int ret, i;

	ret = uring_open(&ring, 8);
	if (ret)
		SKIP(return, "no io_uring: %s", strerror(-ret));
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, device_nonblock(fd, i & 1));
		size = ringdev_fill(&self->dev, self->buffer, 30, number,
				    &self->seed, 1000);
		number += 30;
		uring_put(&ring, IORING_OP_WRITE, fd, self->buffer, size, 0);
		ASSERT_EQ(1, uring_submit(&ring));
		ASSERT_EQ((int)size, uring_result(&ring, NULL, DEADLINE_MS));
		EXPECT_EQ(30, ringdev_collect(&self->dev, 30, &self->tally));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "io_uring write"));

	/* Partial, and refused, as write() says it. */
	size = ringdev_fill(&self->dev, self->buffer, 3, number, &self->seed,
			    1000);
	((struct mytun_record *)self->buffer)->reserved = 1;
	uring_put(&ring, IORING_OP_WRITE, fd, self->buffer, size, 0);
	ASSERT_EQ(1, uring_submit(&ring));
	EXPECT_EQ(-EINVAL, uring_result(&ring, NULL, DEADLINE_MS));
	uring_close(&ring);
}

TEST_F_TIMEOUT(batch, gso, BATCH_LIMIT)
{
	const size_t max = self->dev.payload_max - 12;
	const unsigned long offload = TUN_F_CSUM | TUN_F_TSO4;
	const struct mytun_record *record;
	uint32_t stream, number, i;
	size_t at = 0, len;
	ssize_t size;
	int raw;

	if (!(variant->flags & IFF_VNET_HDR))
		SKIP(return, "no virtio_net_hdr");
	ASSERT_EQ(0, device_ioctl(self->dev.fd, TUNSETOFFLOAD, offload));
	raw = ringdev_raw(&self->dev, true);
	ASSERT_LE(0, raw);
	for (i = 0; i < 20; i++) {
		len = ringdev_random_size(&self->seed, 1401, max);
		ASSERT_EQ(0, ringdev_send_gso(&self->dev, raw, 1, i, len));
	}
	size = batch_read(self, BATCH_BUFFER);
	ASSERT_LT(0, size);
	for (i = 0; (ssize_t)at < size; i++, at += record->size) {
		record = (const void *)(self->buffer + at);
		ASSERT_EQ(NULL, record_fault(record, size - at));
		EXPECT_TRUE(ringdev_parse_gso(&self->dev, record_data(record),
					      record->len, &stream, &number));
		EXPECT_EQ(i, number);
	}
	EXPECT_EQ(20, i);

	for (at = 0, i = 0; i < 20; i++) {
		len = ringdev_random_size(&self->seed, 1401, max);
		len = ringdev_build_gso(&self->dev, self->buffer + at + 32, 2,
					i, len);
		at += record_fill(self->buffer + at, 0, len);
	}
	EXPECT_EQ((ssize_t)at, device_write(self->dev.fd, self->buffer, at));
	for (i = 0; i < 20; i++) {
		ASSERT_LT(0, ringdev_receive_gso(&self->dev, raw, &stream,
						 &number, DEADLINE_MS));
		EXPECT_EQ(i, number);
		EXPECT_EQ(2, stream);
	}
	close(raw);
}

/* Batches in one direction leave the other one as it was. */
TEST_F_TIMEOUT(batch, one_direction, BATCH_LIMIT)
{
	uint32_t stream, number = 0;
	size_t size;
	ssize_t ret;

	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ, 0, 0));
	size = ringdev_build(&self->dev, self->buffer, 1, 0, 600);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
	batch_send(_metadata, self, 2, &number, 600);
	memset(&self->tally, 0, sizeof(self->tally));
	ret = batch_read(self, BATCH_BUFFER);
	EXPECT_EQ(2, batch_take(self, ret));

	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_WRITE, 0, 0));
	size = ringdev_fill(&self->dev, self->buffer, 4, 1, &self->seed, 600);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	memset(&self->tally, 0, sizeof(self->tally));
	self->tally.next = 1;
	EXPECT_EQ(4, ringdev_collect(&self->dev, 4, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "batch write alone"));
	batch_send(_metadata, self, 2, &number, 600);
	ret = batch_read(self, BATCH_BUFFER);
	EXPECT_TRUE(ringdev_parse(&self->dev, self->buffer, ret, &stream,
				  &number));
	EXPECT_EQ(2, number);

	/* And off again. */
	ASSERT_EQ(0, ring_batch(self->dev.fd, 0, 0, 0));
	ret = batch_read(self, BATCH_BUFFER);
	EXPECT_TRUE(ringdev_parse(&self->dev, self->buffer, ret, &stream,
				  &number));
	EXPECT_EQ(3, number);
	size = ringdev_build(&self->dev, self->buffer, 1, 5, 600);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
}

TEST_F_TIMEOUT(batch, arguments, BATCH_LIMIT)
{
	struct {
		struct mytun_batch batch;
		uint64_t later;
	} large = { .batch.size = sizeof(large) };
	struct mytun_batch batch = { .size = sizeof(batch) };
	const int fd = self->dev.fd;
	int alone;

	EXPECT_EQ(-EINVAL, ring_batch(fd, 0x10, 0, 0));
	EXPECT_EQ(-EINVAL, ring_batch(fd, 0x80000000, 0, 0));
	EXPECT_EQ(-EINVAL, ring_batch(fd, MYTUN_Q_READ, MYTUN_ROOM_MAX + 8, 0));
	EXPECT_EQ(-EINVAL, ring_batch(fd, MYTUN_Q_READ, 0, MYTUN_ROOM_MAX + 8));
	EXPECT_EQ(-EINVAL, ring_batch(fd, MYTUN_Q_READ, 4, 0));
	EXPECT_EQ(-EINVAL, ring_batch(fd, MYTUN_Q_READ, 0, 4));
	EXPECT_EQ(-EFAULT, device_ioctl(fd, MYTUN_IOC_BATCH, 0));
	batch.size = sizeof(batch) - 1;
	EXPECT_EQ(-EINVAL, device_ioctl(fd, MYTUN_IOC_BATCH,
					(unsigned long)&batch));
	EXPECT_EQ(0, device_ioctl(fd, MYTUN_IOC_BATCH, (unsigned long)&large));
	large.later = 1ULL << 60;
	EXPECT_EQ(-E2BIG, device_ioctl(fd, MYTUN_IOC_BATCH,
				       (unsigned long)&large));
	alone = device_open(0);
	ASSERT_LE(0, alone);
	EXPECT_EQ(-EBADFD, ring_batch(alone, MYTUN_Q_READ, 0, 0));
	close(alone);
}

TEST_HARNESS_MAIN
