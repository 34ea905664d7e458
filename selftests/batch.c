// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: the mode, both directions, and ways to wait: read() itself, epoll and
 * io_uring.
 */
#include "device.h"

#include <linux/io_uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
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
	reader->size = device_read(reader->fd, reader->buffer, BUFFER);
	return NULL;
}

TEST_F_TIMEOUT(batch, blocking_read_waits_for_one, LIMIT)
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
	EXPECT_EQ(1, take(self, reader.size));
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

TEST_F_TIMEOUT(batch, epoll_level, LIMIT)
{
	int ep = epoll_of(self->dev.fd, EPOLLIN);
	uint32_t number = 0;
	ssize_t size;

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, epoll_once(ep, QUIET_MS));
	send_burst(_metadata, self, 3, &number, 1000);
	EXPECT_EQ(EPOLLIN, epoll_once(ep, DEADLINE_MS));
	/* One record only: the rest is still there, and told. */
	size = read_records(self, ringdev_record(&self->dev, 1000));
	EXPECT_LT(0, size);
	while (size > 0) {
		take(self, size);
		if (self->tally.packets < 3)
			EXPECT_EQ(EPOLLIN, epoll_once(ep, 0));
		size = read_records(self, BUFFER);
	}
	EXPECT_EQ(-EAGAIN, size);
	EXPECT_EQ(3, self->tally.packets);
	EXPECT_EQ(0, epoll_once(ep, QUIET_MS));
	close(ep);
}

TEST_F_TIMEOUT(batch, epoll_edge, LIMIT)
{
	int ep = epoll_of(self->dev.fd, EPOLLIN | EPOLLET);
	uint32_t number = 0;
	unsigned int i;
	ssize_t size;

	ASSERT_LE(0, ep);
	/* As a runtime's network poller does it: an edge, then until EAGAIN. */
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, epoll_once(ep, 0));
		send_burst(_metadata, self, 1 + i % 5, &number, 1000);
		ASSERT_EQ(EPOLLIN, epoll_once(ep, DEADLINE_MS));
		while ((size = read_records(self, BUFFER)) > 0)
			take(self, size);
		ASSERT_EQ(-EAGAIN, size);
	}
	EXPECT_EQ(number, self->tally.packets);
	EXPECT_TRUE(numbered_print(&self->tally, "edges"));
	close(ep);
}

/* What one operation of an io_uring needs, by system calls alone. */
struct uring {
	int fd;
	struct io_uring_params params;
	uint8_t *sq, *cq;
	struct io_uring_sqe *sqes;
};

static int uring_open(struct uring *ring)
{
	struct io_uring_params *p = &ring->params;
	const int both = PROT_READ | PROT_WRITE;
	size_t size;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(__NR_io_uring_setup, 8, p);
	if (ring->fd < 0)
		return -errno;
	size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	ring->sq = mmap(NULL, size, both, MAP_SHARED, ring->fd,
			IORING_OFF_SQ_RING);
	size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	ring->cq = mmap(NULL, size, both, MAP_SHARED, ring->fd,
			IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, p->sq_entries * sizeof(*ring->sqes), both,
			  MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->sq == MAP_FAILED || ring->cq == MAP_FAILED ||
	       ring->sqes == MAP_FAILED ? -ENOMEM : 0;
}

static int uring_submit(struct uring *ring, int opcode, int fd, void *buffer,
			size_t size, unsigned int wait)
{
	uint32_t *tail = (uint32_t *)(ring->sq + ring->params.sq_off.tail);
	uint32_t mask = *(uint32_t *)(ring->sq + ring->params.sq_off.ring_mask);
	uint32_t *array = (uint32_t *)(ring->sq + ring->params.sq_off.array);
	uint32_t index = *tail & mask;
	struct io_uring_sqe *sqe = &ring->sqes[index];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buffer;
	sqe->len = size;
	array[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return syscall(__NR_io_uring_enter, ring->fd, 1, wait,
		       wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

/* The result of the one operation, or -ETIMEDOUT. */
static int uring_result(struct uring *ring, int ms)
{
	uint32_t *head = (uint32_t *)(ring->cq + ring->params.cq_off.head);
	uint32_t *tail = (uint32_t *)(ring->cq + ring->params.cq_off.tail);
	uint32_t mask = *(uint32_t *)(ring->cq + ring->params.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (void *)(ring->cq +
					     ring->params.cq_off.cqes);
	int result;

	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head &&
	    wait_events(ring->fd, POLLIN, ms) <= 0)
		return -ETIMEDOUT;
	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		return -ETIMEDOUT;
	result = cqes[*head & mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

TEST_F_TIMEOUT(batch, io_uring, LIMIT)
{
	uint32_t number = 0;
	struct uring ring;
	size_t size;
	int ret;

	ret = uring_open(&ring);
	if (ret)
		SKIP(return, "no io_uring: %s", strerror(-ret));
	ASSERT_EQ(0, device_nonblock(self->dev.fd, false));

	/* There already. */
	send_burst(_metadata, self, 10, &number, 1000);
	ASSERT_EQ(1, uring_submit(&ring, IORING_OP_READ, self->dev.fd,
				  self->buffer, BUFFER, 1));
	ret = uring_result(&ring, DEADLINE_MS);
	ASSERT_LT(0, ret);
	EXPECT_EQ(10, take(self, ret));

	/* Comes later. */
	ASSERT_EQ(1, uring_submit(&ring, IORING_OP_READ, self->dev.fd,
				  self->buffer, BUFFER, 0));
	EXPECT_EQ(-ETIMEDOUT, uring_result(&ring, QUIET_MS));
	send_burst(_metadata, self, 1, &number, 1000);
	ret = uring_result(&ring, DEADLINE_MS);
	ASSERT_LT(0, ret);
	EXPECT_EQ(1, take(self, ret));
	EXPECT_TRUE(numbered_print(&self->tally, "io_uring read"));

	size = ringdev_fill(&self->dev, self->buffer, 30, 0, &self->seed, 1000);
	ASSERT_EQ(1, uring_submit(&ring, IORING_OP_WRITE, self->dev.fd,
				  self->buffer, size, 1));
	EXPECT_EQ((int)size, uring_result(&ring, DEADLINE_MS));
	memset(&self->tally, 0, sizeof(self->tally));
	EXPECT_EQ(30, ringdev_collect(&self->dev, 30, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "io_uring write"));
	close(ring.fd);
}

TEST_F_TIMEOUT(batch, gso, LIMIT)
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
	size = read_records(self, BUFFER);
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
TEST_F_TIMEOUT(batch, one_direction, LIMIT)
{
	uint32_t stream, number = 0;
	size_t size;
	ssize_t ret;

	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ, 0, 0));
	size = ringdev_build(&self->dev, self->buffer, 1, 0, 600);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
	send_burst(_metadata, self, 2, &number, 600);
	memset(&self->tally, 0, sizeof(self->tally));
	ret = read_records(self, BUFFER);
	EXPECT_EQ(2, take(self, ret));

	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_WRITE, 0, 0));
	size = ringdev_fill(&self->dev, self->buffer, 4, 1, &self->seed, 600);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	memset(&self->tally, 0, sizeof(self->tally));
	self->tally.next = 1;
	EXPECT_EQ(4, ringdev_collect(&self->dev, 4, &self->tally));
	EXPECT_TRUE(numbered_print(&self->tally, "batch write alone"));
	send_burst(_metadata, self, 2, &number, 600);
	ret = read_records(self, BUFFER);
	EXPECT_TRUE(ringdev_parse(&self->dev, self->buffer, ret, &stream,
				  &number));
	EXPECT_EQ(2, number);

	/* And off again. */
	ASSERT_EQ(0, ring_batch(self->dev.fd, 0, 0, 0));
	ret = read_records(self, BUFFER);
	EXPECT_TRUE(ringdev_parse(&self->dev, self->buffer, ret, &stream,
				  &number));
	EXPECT_EQ(3, number);
	size = ringdev_build(&self->dev, self->buffer, 1, 5, 600);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->buffer,
					      size));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
}

TEST_F_TIMEOUT(batch, arguments, LIMIT)
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
