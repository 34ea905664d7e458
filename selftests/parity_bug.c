// SPDX-License-Identifier: GPL-2.0
/*
 * What is known to go wrong with tun, in all or in older kernels, and must not
 * with mytun. With MYTUN_NODE=/dev/net/tun these tests show the bugs.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/filter.h>
#include <linux/vhost.h>

#include "kselftest_harness.h"
#include "module.h"

#include "qdisc.h"
#include "rtnl.h"
#include "tapped.h"

#define NAME	"bug0"
#define ROOM	2048

/* The least that a queue of this length must hold back and give out. */
#define LENGTH	8
#define SENT	20

FIXTURE(bug)
{
	char name[IFNAMSIZ];
	struct tapped tap;
	uint8_t buffer[ROOM];
};

FIXTURE_SETUP(bug)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, tapped_open(&self->tap));
	strcpy(self->name, NAME);
}

FIXTURE_TEARDOWN(bug)
{
}

/* A filter that lets so many bytes of a packet pass. */
static int attach_filter(int fd, uint32_t bytes)
{
	struct sock_filter verdict = BPF_STMT(BPF_RET | BPF_K, bytes);
	struct sock_fprog program = { .len = 1, .filter = &verdict };

	return device_ioctl(fd, TUNATTACHFILTER, (unsigned long)&program);
}

static int send_one(struct tapped *tap)
{
	struct load load = LOAD(LOAD_UDP4, 100);

	return tapped_send(tap, NAME, &load, false);
}

/* A device with a filter stays a device when it is opened again. */
TEST_F_TIMEOUT(bug, filter_and_reopen, 60)
{
	char name[IFNAMSIZ] = "";
	int fd;

	fd = device_create(self->name, IFF_TAP);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, attach_filter(fd, ROOM));
	ASSERT_EQ(0, device_ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	/* Without IFF_NO_PI, whose bit would leave the filter out. */
	fd = device_create(self->name, IFF_TAP);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, device_getiff(fd, name, NULL));
	EXPECT_STREQ(NAME, name);
	close(fd);
}

/* The same for a queue that was set aside. */
TEST_F_TIMEOUT(bug, filter_and_queue, 60)
{
	struct link_info info;
	int fd;

	fd = device_create(self->name, IFF_TAP | IFF_MULTI_QUEUE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, attach_filter(fd, ROOM));
	ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, device_setqueue(fd, IFF_ATTACH_QUEUE));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(1, info.num_queues);
	EXPECT_EQ(0, info.num_disabled_queues);
	EXPECT_EQ(-EINVAL, device_setqueue(fd, IFF_ATTACH_QUEUE));
	close(fd);
}

/* A file that was the second queue of a device gets a device like any other. */
TEST_F_TIMEOUT(bug, index_of_queue, 60)
{
	char other[IFNAMSIZ] = "bug1";
	int first, second;

	first = device_create(self->name, IFF_TUN | IFF_MULTI_QUEUE);
	ASSERT_LE(0, first);
	second = device_create(self->name, IFF_TUN | IFF_MULTI_QUEUE);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, link_delete(NAME));
	/* Its queue's index was 1, which is the loopback's interface index. */
	EXPECT_EQ(0, device_setiff(second, other, IFF_TUN));
	close(first);
	close(second);
}

/* A device is not filtered as one was that the same file had before. */
TEST_F_TIMEOUT(bug, filter_of_gone_device, 60)
{
	int fd, flags;

	fd = device_create(self->name, IFF_TAP);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, attach_filter(fd, 0));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, device_setiff(fd, self->name, IFF_TAP));
	ASSERT_EQ(0, device_getiff(fd, NULL, &flags));
	EXPECT_EQ(IFF_TAP | IFF_NOFILTER, flags);
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, device_nonblock(fd, true));
	ASSERT_LT(0, send_one(&self->tap));
	EXPECT_LT(0, device_read(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

/* The send buffer of a persistent device is that of who comes next. */
TEST_F_TIMEOUT(bug, sndbuf_and_reopen, 60)
{
	int size = 70000, fd;

	fd = device_create(self->name, IFF_TAP);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_ioctl(fd, TUNSETSNDBUF, (unsigned long)&size));
	ASSERT_EQ(0, device_ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	fd = device_create(self->name, IFF_TAP);
	ASSERT_LE(0, fd);
	size = 0;
	ASSERT_EQ(0, device_ioctl(fd, TUNGETSNDBUF, (unsigned long)&size));
	EXPECT_EQ(70000, size);
	close(fd);
}

/* What stands behind the ten bytes of virtio_net_hdr is not left to chance. */
TEST_F_TIMEOUT(bug, header_tail, 60)
{
	int fd, size = 24, i;

	fd = device_create(self->name, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_ioctl(fd, TUNSETVNETHDRSZ, (unsigned long)&size));
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, device_nonblock(fd, true));
	ASSERT_LT(0, send_one(&self->tap));
	memset(self->buffer, 0xa5, sizeof(self->buffer));
	ASSERT_LT(24, device_read(fd, self->buffer, sizeof(self->buffer)));
	for (i = 10; i < 24; i++)
		EXPECT_EQ(0, self->buffer[i]);
	close(fd);
}

/* A packet that a read is too short for is lost, and counted. */
TEST_F_TIMEOUT(bug, lost_by_read, 60)
{
	struct rtnl_link_stats64 before, after;
	int fd;

	fd = device_create(self->name, IFF_TUN);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, device_nonblock(fd, true));
	ASSERT_LT(0, send_one(&self->tap));
	ASSERT_EQ(0, link_get_stats(NAME, &before));
	ASSERT_EQ(-EINVAL, device_read(fd, self->buffer, 3));
	ASSERT_EQ(0, link_get_stats(NAME, &after));
	EXPECT_EQ(before.tx_packets, after.tx_packets);
	EXPECT_EQ(before.tx_dropped + 1, after.tx_dropped);
	close(fd);
}

/* So does one whose queue is closed, or set aside. */
TEST_F_TIMEOUT(bug, lost_by_detach, 60)
{
	struct rtnl_link_stats64 stats;
	int fd;

	fd = device_create(self->name, IFF_TUN | IFF_MULTI_QUEUE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_LT(0, send_one(&self->tap));
	ASSERT_EQ(0, device_setqueue(fd, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, link_get_stats(NAME, &stats));
	EXPECT_EQ(1, stats.tx_dropped);
	close(fd);
}

/* A call that must not wait does not, whatever the file's flags are. */
TEST_F_TIMEOUT(bug, nowait, 60)
{
	struct iovec iov = { self->buffer, sizeof(self->buffer) };
	int fd;

	fd = device_create(self->name, IFF_TUN | IFF_NO_PI);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, link_set_up(NAME));
	EXPECT_EQ(-1, preadv2(fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_LT(0, send_one(&self->tap));
	EXPECT_EQ(128, preadv2(fd, &iov, 1, -1, RWF_NOWAIT));
	close(fd);
}

/*
 * IFF_BACKPRESSURE, as Linux 7.3 documents it: a full queue leaves the rest to
 * the qdisc, and takes it when half of its length has been read.
 */
TEST_F_TIMEOUT(bug, backpressure, 120)
{
	struct rtnl_link_stats64 stats;
	struct qdisc_stats waiting;
	struct link_info info;
	unsigned int ms;
	int fd, i;

	fd = device_create(self->name, IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_nonblock(fd, true));
	ASSERT_EQ(0, link_set_txqueuelen(NAME, LENGTH));
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, link_get(NAME, &info));
	ASSERT_EQ(0, qdisc_replace(info.index, "pfifo", 1000));
	for (i = 0; i < SENT; i++) {
		struct load load = LOAD(LOAD_UDP4, 100 + i);

		ASSERT_LT(0, tapped_send(&self->tap, NAME, &load, true));
	}
	ASSERT_EQ(0, qdisc_get_stats(info.index, &waiting));
	EXPECT_EQ(SENT - LENGTH, waiting.backlog);
	for (i = 0; i < SENT; i++) {
		/* In order, each whole; the qdisc's may take a moment. */
		ASSERT_EQ(POLLIN, wait_events(fd, POLLIN, DEADLINE_MS));
		ASSERT_EQ(128 + i, device_read(fd, self->buffer, ROOM));
		ASSERT_EQ(0, qdisc_get_stats(info.index, &waiting));
		if (i < LENGTH / 2 - 1) {
			EXPECT_EQ(SENT - LENGTH, waiting.backlog);
		} else if (i == LENGTH / 2 - 1) {
			/* By a softirq, which may be its thread's to run. */
			for (ms = 0; ms < DEADLINE_MS && waiting.backlog ==
			     SENT - LENGTH; ms++) {
				sleep_ms(1);
				ASSERT_EQ(0, qdisc_get_stats(info.index,
							     &waiting));
			}
			EXPECT_EQ(SENT - LENGTH - LENGTH / 2, waiting.backlog);
		}
	}
	EXPECT_EQ(-EAGAIN, device_read(fd, self->buffer, ROOM));
	ASSERT_EQ(0, link_get_stats(NAME, &stats));
	EXPECT_EQ(SENT, stats.tx_packets);
	EXPECT_EQ(0, stats.tx_dropped);
	close(fd);
}

/*
 * vhost-net takes the files of tun, which it knows by name; those of others it
 * refuses, and nothing else happens.
 */
TEST_F_TIMEOUT(bug, vhost, 60)
{
	const size_t size = 65536;
	struct {
		struct vhost_memory memory;
		struct vhost_memory_region region;
	} table = { .memory.nregions = 1 };
	struct vhost_vring_state state = { .index = 0 };
	struct vhost_vring_addr ring = { .index = 0 };
	struct vhost_vring_file backend = { .index = 0 };
	bool loaded = module_references("vhost_net") >= 0;
	uint8_t *memory;
	int vhost;

	/* Without udev, nothing loads it when its node is opened. */
	if (!loaded)
		module_load("vhost_net", NULL);
	vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (vhost < 0)
		SKIP(return, "/dev/vhost-net: %s", strerror(errno));
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	table.region.memory_size = size;
	table.region.userspace_addr = (uintptr_t)memory;
	ring.desc_user_addr = (uintptr_t)memory;
	ring.avail_user_addr = (uintptr_t)memory + 4096;
	ring.used_user_addr = (uintptr_t)memory + 8192;
	ASSERT_EQ(0, ioctl(vhost, VHOST_SET_OWNER));
	ASSERT_EQ(0, ioctl(vhost, VHOST_SET_MEM_TABLE, &table));
	state.num = 16;
	ASSERT_EQ(0, ioctl(vhost, VHOST_SET_VRING_NUM, &state));
	state.num = 0;
	ASSERT_EQ(0, ioctl(vhost, VHOST_SET_VRING_BASE, &state));
	ASSERT_EQ(0, ioctl(vhost, VHOST_SET_VRING_ADDR, &ring));
	backend.fd = device_create(self->name,
				   IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	ASSERT_LE(0, backend.fd);
	if (device_is_mytun()) {
		EXPECT_EQ(-1, ioctl(vhost, VHOST_NET_SET_BACKEND, &backend));
		EXPECT_EQ(ENOTSOCK, errno);
	} else {
		EXPECT_EQ(0, ioctl(vhost, VHOST_NET_SET_BACKEND, &backend));
	}
	close(vhost);
	/* The device is as it was. */
	EXPECT_EQ(0, link_set_up(NAME));
	ASSERT_LT(0, send_one(&self->tap));
	close(backend.fd);
	munmap(memory, size);
	/* It keeps tun in use. */
	if (!loaded)
		EXPECT_EQ(0, module_unload("vhost_net"));
}

TEST_HARNESS_MAIN
