// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: making them, what is refused, and what a record tells.
 */
#include "device.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "numbered.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		60		/* seconds for one test */

static const struct mytun_ring small = {
	.rx_size = RING_SMALL, .tx_size = RING_SMALL,
};

FIXTURE(ring)
{
	struct ringdev dev;
	struct ringmem mem;
	uint64_t seed;
};

FIXTURE_VARIANT(ring)
{
	int flags;
};

FIXTURE_VARIANT_ADD(ring, tun) { .flags = IFF_TUN | IFF_NO_PI };
FIXTURE_VARIANT_ADD(ring, tap_pi_vnet) { .flags = IFF_TAP | IFF_VNET_HDR };

FIXTURE_SETUP(ring)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, 32));
	ASSERT_EQ(0, device_nonblock(self->dev.fd, true));
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(ring)
{
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

/* One packet of the stack, checked, and given back. */
static bool one_down(struct ringdev *dev, struct ringmem *mem, uint32_t number)
{
	struct mytun_record *record;
	uint32_t stream, seen;
	bool good;

	if (ringdev_send(dev, 1, number, 100) ||
	    ring_wait(mem->fd, MYTUN_WAIT_RX, DEADLINE_MS) != MYTUN_WAIT_RX)
		return false;
	record = ringmem_peek(mem);
	if (!record || record_fault(record, 2 * mem->ring.rx_size))
		return false;
	good = ringdev_parse(dev, record_data(record), record->len, &stream,
			     &seen) && seen == number;
	ringmem_next(mem);
	ringmem_release(mem);
	return good;
}

/* One packet from the user. */
static bool one_up(struct ringdev *dev, struct ringmem *mem, uint32_t number)
{
	uint32_t stream, seen;

	return ringdev_put(dev, mem, 1, number, 100) &&
	       ringmem_submit(mem) >= 0 &&
	       ringdev_sink(dev, &stream, &seen, DEADLINE_MS) > 0 &&
	       seen == number;
}

/* Of the kernel, whatever the caller is. */
static bool kernel_has_64_bits(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.machine, "64");
}

TEST(features)
{
	uint64_t features;

	REQUIRE_DEVICE();
	features = ring_features();
	EXPECT_TRUE(features & MYTUN_F_BATCH);
	EXPECT_FALSE(features & MYTUN_F_DESCRIPTORS);
	if (!kernel_has_64_bits())
		SKIP(return, "rings are for 64-bit kernels");
	EXPECT_TRUE(features & MYTUN_F_RING);
	printf("# features 0x%llx\n", (unsigned long long)features);
}

TEST_F_TIMEOUT(ring, both_directions, LIMIT)
{
	uint32_t i;

	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &small));
	for (i = 0; i < 100; i++) {
		ASSERT_TRUE(one_down(&self->dev, &self->mem, i));
		ASSERT_TRUE(one_up(&self->dev, &self->mem, i));
	}
	EXPECT_EQ(100, self->mem.kernel->rx_packets);
	EXPECT_EQ(100, self->mem.kernel->tx_packets);
	EXPECT_LE(100, self->mem.kernel->tx_kicks);
	EXPECT_EQ(0, self->mem.kernel->rx_full);
	EXPECT_EQ(0, self->mem.kernel->tx_refused);
	EXPECT_EQ(0, self->mem.kernel->bad_position);
	EXPECT_EQ(0, self->mem.kernel->bad_size);
	EXPECT_EQ(0, self->mem.kernel->bad_record);
}

TEST_F_TIMEOUT(ring, rx_alone, LIMIT)
{
	const struct mytun_ring rx = { .rx_size = RING_SMALL };
	uint32_t stream, number;
	size_t size;

	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &rx));
	EXPECT_EQ(NULL, self->mem.tx);
	EXPECT_TRUE(one_down(&self->dev, &self->mem, 0));
	EXPECT_EQ(-EBUSY, device_read(self->dev.fd, self->dev.buffer, 2000));
	/* write() goes on to work. */
	size = ringdev_build(&self->dev, self->dev.buffer, 1, 5, 100);
	EXPECT_EQ((ssize_t)size, device_write(self->dev.fd, self->dev.buffer,
					      size));
	EXPECT_LT(0, ringdev_sink(&self->dev, &stream, &number, DEADLINE_MS));
	EXPECT_EQ(5, number);
}

TEST_F_TIMEOUT(ring, tx_alone, LIMIT)
{
	const struct mytun_ring tx = { .tx_size = RING_SMALL };
	uint32_t stream, number;
	ssize_t size;

	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &tx));
	EXPECT_EQ(NULL, self->mem.rx);
	EXPECT_TRUE(one_up(&self->dev, &self->mem, 0));
	/* read() and write() go on to work. */
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 7, 100));
	size = device_read(self->dev.fd, self->dev.buffer, 2000);
	EXPECT_TRUE(ringdev_parse(&self->dev, self->dev.buffer, size, &stream,
				  &number));
	EXPECT_EQ(7, number);
	size = ringdev_build(&self->dev, self->dev.buffer, 1, 5, 100);
	EXPECT_EQ(size, device_write(self->dev.fd, self->dev.buffer, size));
	EXPECT_LT(0, ringdev_sink(&self->dev, &stream, &number, DEADLINE_MS));
	EXPECT_EQ(5, number);
}

TEST_F_TIMEOUT(ring, beside_batches, LIMIT)
{
	const int fd = self->dev.fd;

	ASSERT_EQ(0, ring_batch(fd, MYTUN_Q_READ, 0, 0));
	EXPECT_EQ(-EBUSY, ringmem_make(&self->mem, fd, &small));
	ASSERT_EQ(0, ring_batch(fd, MYTUN_Q_WRITE, 0, 0));
	EXPECT_EQ(0, ringmem_make(&self->mem, fd, &small));
	EXPECT_TRUE(one_up(&self->dev, &self->mem, 0));
	EXPECT_TRUE(one_down(&self->dev, &self->mem, 0));
}

TEST_F_TIMEOUT(ring, sizes, LIMIT)
{
	const uint32_t page = sysconf(_SC_PAGESIZE);
	const struct {
		struct mytun_ring ring;
		int ret;
	} cases[] = {
		{ { .rx_size = 3 * RING_SMALL }, -EINVAL },
		{ { .tx_size = RING_SMALL - 1 }, -EINVAL },
		{ { .rx_size = RING_SMALL + page }, -EINVAL },
		{ { .rx_size = page / 2 }, -EINVAL },
		{ { .rx_size = page }, -EINVAL },
		/* The largest record is a little larger than 64 KiB. */
		{ { .rx_size = 65536 }, -EINVAL },
		{ { .tx_size = 65536 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .tx_size = 65536 }, -EINVAL },
		{ { .rx_size = 2 * MYTUN_RING_SIZE_MAX }, -EINVAL },
		{ { .tx_size = 2 * MYTUN_RING_SIZE_MAX }, -EINVAL },
		{ { .rx_size = 0x80000000 }, -EINVAL },
		{ { .rx_size = 0 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .position = 1 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .position = 32 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .head_room = 4 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .tail_room = 4 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .head_room = 4104 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .tail_room = 4104 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .flags = 0x20 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .flags = 0x80000000 }, -EINVAL },
		{ { .rx_size = RING_SMALL, .flags = MYTUN_Q_READ }, -EINVAL },
	};
	struct mytun_ring ring;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ring = cases[i].ring;
		EXPECT_EQ(cases[i].ret, ring_make(self->dev.fd, &ring)) {
			TH_LOG("case %u", i);
		}
		ring.size = sizeof(ring);
		EXPECT_EQ(-ENOENT, device_ioctl(self->dev.fd,
						MYTUN_IOC_RING_GET,
						(unsigned long)&ring));
	}
	/* None of them left anything behind. */
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &small));
	EXPECT_TRUE(one_down(&self->dev, &self->mem, 0));
	EXPECT_TRUE(one_up(&self->dev, &self->mem, 0));
}

/* Rings of one queue after another: each larger than the one before. */
TEST_F_TIMEOUT(ring, sizes_that_work, LIMIT)
{
	struct mytun_ring ring = {};
	uint32_t size;

	for (size = RING_SMALL; size <= 16U << 20; size *= 4) {
		ring.rx_size = size;
		ring.tx_size = RING_SMALL;
		ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
		EXPECT_TRUE(one_down(&self->dev, &self->mem, size));
		EXPECT_TRUE(one_up(&self->dev, &self->mem, size));
		ringmem_unmap(&self->mem);
		ringdev_destroy(&self->dev);
		ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, 32));
	}
}

TEST_F_TIMEOUT(ring, largest_size, LIMIT)
{
	struct mytun_ring ring = { .tx_size = MYTUN_RING_SIZE_MAX };
	int ret = ringmem_make(&self->mem, self->dev.fd, &ring);

	if (ret == -ENOMEM || ret == -ENOBUFS)
		SKIP(return, "256 MiB: %s", strerror(-ret));
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(one_up(&self->dev, &self->mem, 0));
}

TEST_F_TIMEOUT(ring, what_is_told, LIMIT)
{
	struct mytun_ring ring = {
		.rx_size = RING_SMALL,
		.tx_size = 2 * RING_SMALL,
		.head_room = 128,
		.tail_room = 64,
		.flags = MYTUN_Q_HASH,
		.position = 0x12345640,
	};
	const size_t front = self->dev.front + (self->dev.ethernet ? 14 : 0);
	struct ringmem *mem = &self->mem;
	struct mytun_ring again;

	EXPECT_EQ(0, ring_make(self->dev.fd, &ring));
	EXPECT_EQ((uint32_t)sysconf(_SC_PAGESIZE), ring.page_size);
	EXPECT_LE(record_size(128 + 64, 65535 + self->dev.front),
		  ring.rx_record_max);
	EXPECT_GE(RING_SMALL, ring.rx_record_max);
	again = small;
	EXPECT_EQ(-EBUSY, ring_make(self->dev.fd, &again));

	ASSERT_EQ(0, ringmem_map(mem, self->dev.fd));
	ring.size = mem->ring.size;
	EXPECT_EQ(0, memcmp(&ring, &mem->ring, sizeof(ring)));
	EXPECT_EQ(ring.position, mem->kernel->rx_producer);
	EXPECT_EQ(ring.position, mem->kernel->tx_consumer);
	EXPECT_EQ(ring.position, mem->user->rx_consumer);
	EXPECT_EQ(ring.position, mem->user->tx_producer);
	EXPECT_EQ(0, mem->kernel->rx_flags);
	EXPECT_EQ(MYTUN_RING_TX_NEED_WAKEUP, mem->kernel->tx_flags);
	EXPECT_EQ(0, mem->kernel->rx_packets);
	EXPECT_EQ(0, mem->kernel->rx_wakeups);

	/* Records have the rooms that were asked for. */
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 0, NUMBERED_MIN));
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 1, NUMBERED_MIN));
	EXPECT_EQ(ring.position + 2 * record_size(128 + 64, front + 28 + 16),
		  mem->kernel->rx_producer);
	ringmem_next(mem);
	ASSERT_NE(NULL, ringmem_peek(mem));
	EXPECT_EQ(32 + 128, ringmem_peek(mem)->offset);
	EXPECT_EQ(front + 28 + NUMBERED_MIN, ringmem_peek(mem)->len);
	EXPECT_EQ(NULL, record_fault(ringmem_peek(mem), RING_SMALL));
}

/* Each byte of a data ring is mapped twice. */
TEST_F_TIMEOUT(ring, mapped_twice, LIMIT)
{
	struct ringmem *mem = &self->mem;
	uint32_t i;

	ASSERT_EQ(0, ringmem_make(mem, self->dev.fd, &small));
	for (i = 0; i < RING_SMALL; i += 61) {
		mem->rx[i] = i;
		mem->tx[i + RING_SMALL] = i + 1;
		EXPECT_EQ((uint8_t)i, mem->rx[i + RING_SMALL]);
		EXPECT_EQ((uint8_t)(i + 1), mem->tx[i]);
	}
}

TEST_F_TIMEOUT(ring, no_rings, LIMIT)
{
	const int fd = self->dev.fd;
	struct mytun_ring ring = { .size = sizeof(ring) };
	int event = eventfd(0, EFD_CLOEXEC);

	ASSERT_LE(0, event);
	EXPECT_EQ(-ENOENT, device_ioctl(fd, MYTUN_IOC_RING_GET,
					(unsigned long)&ring));
	EXPECT_EQ(-ENOENT, ring_kick(fd));
	EXPECT_EQ(-ENOENT, ring_wait(fd, MYTUN_WAIT_RX, 0));
	EXPECT_EQ(-ENOENT, ring_drive(fd, MYTUN_DRIVE_NAPI, 0, 0, NULL));
	EXPECT_EQ(-ENOENT, ring_eventfd(fd, event, -1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd,
				   MYTUN_MMAP_KERNEL));
	close(event);
}

TEST_F_TIMEOUT(ring, no_device, LIMIT)
{
	struct mytun_ring ring = small;
	int fd = device_open(0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADFD, ring_make(fd, &ring));
	EXPECT_EQ(-EBADFD, device_ioctl(fd, MYTUN_IOC_RING_GET,
					(unsigned long)&ring));
	EXPECT_EQ(-EBADFD, ring_kick(fd));
	EXPECT_EQ(-EBADFD, ring_wait(fd, MYTUN_WAIT_RX, 0));
	EXPECT_EQ(-EBADFD, ring_drive(fd, MYTUN_DRIVE_NAPI, 0, 0, NULL));
	EXPECT_EQ(-EBADFD, device_ioctl(fd, MYTUN_IOC_LEND, 0));
	EXPECT_EQ(-EBADFD, ring_moderate(fd, 0, 0));
	EXPECT_EQ(-EBADFD, ring_eventfd(fd, -1, -1));
	close(fd);
}

/* Structures may be larger, if what is not known is 0, and not smaller. */
TEST_F_TIMEOUT(ring, structures_grow, LIMIT)
{
	static const struct {
		unsigned long command;
		uint32_t size;
	} ioctls[] = {
		{ MYTUN_IOC_RING, sizeof(struct mytun_ring) },
		{ MYTUN_IOC_RING_GET, sizeof(struct mytun_ring) },
		{ MYTUN_IOC_WAIT, sizeof(struct mytun_wait) },
		{ MYTUN_IOC_DRIVE, sizeof(struct mytun_drive) },
		{ MYTUN_IOC_MODERATE, sizeof(struct mytun_moderate) },
		{ MYTUN_IOC_EVENTFD, sizeof(struct mytun_eventfd) },
	};
	union {
		struct mytun_ring ring;
		struct mytun_wait wait;
		struct mytun_eventfd event;
		uint32_t size;
		uint8_t bytes[4096];
	} arg;
	uint32_t size;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		size = ioctls[i].size;
		memset(&arg, 0, sizeof(arg));
		if (ioctls[i].command == MYTUN_IOC_RING) {
			arg.ring = small;
		} else if (ioctls[i].command == MYTUN_IOC_WAIT) {
			arg.wait.events = MYTUN_WAIT_RX;
		} else if (ioctls[i].command == MYTUN_IOC_EVENTFD) {
			arg.event.rx = -1;
			arg.event.kick = -1;
		}
		arg.size = size - 1;
		EXPECT_EQ(-EINVAL, device_ioctl(self->dev.fd, ioctls[i].command,
						(unsigned long)&arg)) {
			TH_LOG("ioctl %u", i);
		}
		arg.size = size + 16;
		arg.bytes[size + 15] = 1;
		EXPECT_EQ(-E2BIG, device_ioctl(self->dev.fd, ioctls[i].command,
					       (unsigned long)&arg)) {
			TH_LOG("ioctl %u", i);
		}
		arg.bytes[size + 15] = 0;
		EXPECT_EQ(0, device_ioctl(self->dev.fd, ioctls[i].command,
					  (unsigned long)&arg)) {
			TH_LOG("ioctl %u", i);
		}
		EXPECT_EQ(-EFAULT, device_ioctl(self->dev.fd,
						ioctls[i].command, 0));
	}
}

TEST_F_TIMEOUT(ring, arguments, LIMIT)
{
	struct mytun_wait wait = { .size = sizeof(wait), .events = 0x4 };
	const int fd = self->dev.fd;
	int event = eventfd(0, EFD_CLOEXEC);

	ASSERT_LE(0, event);
	ASSERT_EQ(0, ringmem_make(&self->mem, fd, &small));
	EXPECT_EQ(-EINVAL, device_ioctl(fd, MYTUN_IOC_WAIT,
					(unsigned long)&wait));
	EXPECT_EQ(-EINVAL, ring_drive(fd, 4, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, ring_drive(fd, MYTUN_DRIVE_NAPI, 2, 0, NULL));
	EXPECT_EQ(-EINVAL, ring_moderate(fd, 2, 0));
	EXPECT_EQ(-EINVAL, ring_moderate(fd, 2, 1000001));
	EXPECT_EQ(0, ring_moderate(fd, 2, 1000000));
	EXPECT_EQ(0, ring_moderate(fd, 1, 0));
	EXPECT_EQ(0, ring_moderate(fd, 0, 0));
	EXPECT_EQ(-EBADF, ring_eventfd(fd, 1000, -1));
	EXPECT_EQ(-EINVAL, ring_eventfd(fd, fd, -1));
	/* A kick eventfd has nobody to call in. */
	EXPECT_EQ(-EINVAL, ring_eventfd(fd, -1, event));
	EXPECT_EQ(0, ring_eventfd(fd, event, -1));
	EXPECT_EQ(0, ring_eventfd(fd, -1, -1));
	EXPECT_EQ(-EINVAL, device_ioctl(fd, MYTUN_IOC_LEND, 0));
	close(event);
}

TEST_F_TIMEOUT(ring, hash, LIMIT)
{
	struct mytun_ring ring = {
		.rx_size = RING_SMALL, .flags = MYTUN_Q_HASH,
	};
	int raw = ringdev_raw(&self->dev, false);
	struct packet *p = self->dev.packet;
	struct ringmem *mem = &self->mem;
	struct packet_flow flow;
	uint32_t hash[3];
	unsigned int i;

	ASSERT_LE(0, raw);
	ASSERT_EQ(0, ringmem_make(mem, self->dev.fd, &ring));
	/* One flow in both directions, and another one. */
	for (i = 0; i < 3; i++) {
		flow = i ? self->dev.in : self->dev.out;
		if (i == 2)
			flow.from.port++;
		numbered_packet(p, &flow, 100, 1, i);
		ASSERT_EQ((ssize_t)p->size, write(raw, p->data, p->size));
		ASSERT_EQ(MYTUN_WAIT_RX, ring_wait(mem->fd, MYTUN_WAIT_RX,
						   DEADLINE_MS));
		hash[i] = ringmem_peek(mem)->hash;
		ringmem_next(mem);
	}
	EXPECT_NE(0, hash[0]);
	EXPECT_EQ(hash[0], hash[1]);
	EXPECT_NE(hash[0], hash[2]);
	close(raw);
}

TEST_F_TIMEOUT(ring, metadata, LIMIT)
{
	struct ringmem *mem = &self->mem;
	const uint32_t mark = 0xabcdef01;
	const int priority = 5;

	ASSERT_EQ(0, ringmem_make(mem, self->dev.fd, &small));
	ASSERT_EQ(0, setsockopt(self->dev.source, SOL_SOCKET, SO_MARK, &mark,
				sizeof(mark)));
	ASSERT_EQ(0, setsockopt(self->dev.source, SOL_SOCKET, SO_PRIORITY,
				&priority, sizeof(priority)));
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 0, 100));
	ASSERT_EQ(MYTUN_WAIT_RX, ring_wait(mem->fd, MYTUN_WAIT_RX,
					   DEADLINE_MS));
	ASSERT_NE(NULL, ringmem_peek(mem));
	EXPECT_EQ(mark, ringmem_peek(mem)->mark);
	EXPECT_EQ(5, ringmem_peek(mem)->priority);
	EXPECT_EQ(0, ringmem_peek(mem)->queue);
	/* Not asked for. */
	EXPECT_EQ(0, ringmem_peek(mem)->hash);
}

static int ask_meta(void *arg)
{
	struct mytun_ring ring = {
		.tx_size = RING_SMALL, .flags = MYTUN_Q_META,
	};

	return ring_make(*(int *)arg, &ring);
}

TEST_F_TIMEOUT(ring, meta_needs_the_capability, LIMIT)
{
	EXPECT_EQ(-EPERM, ringdev_as_user(ask_meta, &self->dev.fd));
	EXPECT_EQ(0, ask_meta(&self->dev.fd));
}

/* Of several queues, each record tells which one it came out of. */
TEST_F_TIMEOUT(ring, queue_index, LIMIT)
{
	struct ringmem mem[2] = {};
	bool seen[2] = {};
	struct ringdev dev;
	int fd[2], socket, port;
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&dev, variant->flags | IFF_MULTI_QUEUE,
				    33));
	fd[0] = dev.fd;
	fd[1] = ringdev_queue(&dev);
	ASSERT_LE(0, fd[1]);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, ringmem_make(&mem[i], fd[i], &small));
	for (port = 1000; port < 1200 && !(seen[0] && seen[1]); port++) {
		socket = ringdev_connect(&dev, port);
		ASSERT_LE(0, socket);
		EXPECT_EQ(4, send(socket, "data", 4, 0));
		close(socket);
		for (i = 0; i < 2; i++) {
			if (!ringmem_peek(&mem[i]))
				continue;
			seen[i] = true;
			EXPECT_EQ(i, ringmem_peek(&mem[i])->queue);
			ringmem_next(&mem[i]);
			ringmem_release(&mem[i]);
		}
	}
	EXPECT_TRUE(seen[0] && seen[1]);
	for (i = 0; i < 2; i++)
		ringmem_unmap(&mem[i]);
	close(fd[1]);
	ringdev_destroy(&dev);
}

TEST_HARNESS_MAIN
