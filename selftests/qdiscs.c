// SPDX-License-Identifier: GPL-2.0
/*
 * The qdisc of a device: which one it has, every one that it can be given, a
 * device that has none from the start, and queues of one packet.
 */
#include "device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/mytun.h>

#include "kselftest_harness.h"
#include "qdisc.h"
#include "rtnl.h"
#include "traffic.h"

#define NAME		"qdiscs"
#define NET		21
#define LENGTH		16	/* of the device's queues, packets */
#define BURST		40
#define LIMIT		100	/* of pfifo: more than a burst */
#define PARAMETER	"/sys/module/mytun/parameters/no_queue"

#define MAX_QUEUES	4

FIXTURE(qdiscs)
{
	char name[IFNAMSIZ];
	int ifindex;
	int fd[MAX_QUEUES];
	unsigned int queues;
	struct traffic traffic;
	int socket;
	bool strict;
};

FIXTURE_VARIANT(qdiscs)
{
	int flags;
	unsigned int queues;
};

FIXTURE_VARIANT_ADD(qdiscs, tun) { .flags = IFF_TUN, .queues = 1 };
FIXTURE_VARIANT_ADD(qdiscs, tap) { .flags = IFF_TAP, .queues = 1 };
FIXTURE_VARIANT_ADD(qdiscs, tun_multiqueue)
{
	.flags = IFF_TUN | IFF_MULTI_QUEUE, .queues = MAX_QUEUES,
};

FIXTURE_SETUP(qdiscs)
{
	unsigned int i;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->strict = device_is_mytun();
	self->queues = variant->queues;
	self->socket = -1;
	for (i = 0; i < MAX_QUEUES; i++)
		self->fd[i] = -1;
}

FIXTURE_TEARDOWN(qdiscs)
{
	unsigned int i;

	for (i = 0; i < MAX_QUEUES; i++)
		if (self->fd[i] >= 0)
			close(self->fd[i]);
	if (self->socket >= 0)
		close(self->socket);
	traffic_stop(&self->traffic);
}

/* A file that is about to make a device, or to be one more queue of it. */
static int prepare(unsigned int flags)
{
	struct mytun_create create = { .size = sizeof(create), .flags = flags };
	int fd = device_open(O_NONBLOCK);
	int err;

	if (fd < 0 || !flags)
		return fd;
	err = device_ioctl(fd, MYTUN_IOC_CREATE, (unsigned long)&create);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The device, up, with addresses, and a socket that sends through it. */
static int start(FIXTURE_DATA(qdiscs) *self, int flags, unsigned int create)
{
	struct link_info info;
	unsigned int i;
	int err;

	strcpy(self->name, NAME);
	for (i = 0; i < self->queues; i++) {
		self->fd[i] = prepare(i ? 0 : create);
		if (self->fd[i] < 0)
			return self->fd[i];
		err = device_setiff(self->fd[i], self->name,
				    flags | IFF_NO_PI);
		if (err)
			return err;
	}
	err = link_set_txqueuelen(self->name, LENGTH);
	if (!err)
		err = traffic_start(&self->traffic, self->name, NET);
	if (!err)
		err = link_get(self->name, &info);
	if (err)
		return err;
	self->ifindex = info.index;
	self->socket = traffic_socket(&self->traffic);
	return self->socket < 0 ? self->socket : 0;
}

/* Packets that can be read now, of all queues. */
static unsigned int drain(FIXTURE_DATA(qdiscs) *self)
{
	unsigned int packets = 0, i;

	for (i = 0; i < self->queues; i++)
		packets += device_drain(self->fd[i]);
	return packets;
}

/*
 * Read from every queue, one packet at a time, until there are so many, and
 * there was none for a while: what a qdisc holds comes after.
 */
static unsigned int drain_slowly(FIXTURE_DATA(qdiscs) *self,
				 unsigned int wanted)
{
	uint64_t last = now_ms();
	unsigned int packets = 0, i;
	char buffer[2048];

	while (now_ms() - last < (packets < wanted ? DEADLINE_MS : QUIET_MS)) {
		for (i = 0; i < self->queues; i++) {
			if (device_read(self->fd[i], buffer,
					sizeof(buffer)) > 0) {
				packets++;
				last = now_ms();
			}
		}
	}
	return packets;
}

static uint64_t dropped(FIXTURE_DATA(qdiscs) *self)
{
	struct rtnl_link_stats64 stats = {};

	link_get_stats(self->name, &stats);
	return stats.tx_dropped;
}

static bool is_root(FIXTURE_DATA(qdiscs) *self, const char *kind)
{
	struct qdisc_stats stats;
	int err = qdisc_get_stats(self->ifindex, &stats);

	if (err || strcmp(stats.kind, kind))
		printf("# root qdisc: %s (%d)\n", stats.kind, err);
	return !err && !strcmp(stats.kind, kind);
}

TEST_F_TIMEOUT(qdiscs, from_the_start, 120)
{
	struct qdisc_stats stats;

	ASSERT_EQ(0, start(self, variant->flags, 0));
	ASSERT_EQ(0, qdisc_get_stats(self->ifindex, &stats));
	if (variant->queues > 1) {
		EXPECT_STREQ("mq", stats.kind);
		EXPECT_EQ(variant->queues, stats.children);
	} else {
		EXPECT_STRNE("mq", stats.kind);
		EXPECT_STRNE("noqueue", stats.kind);
		EXPECT_STRNE("", stats.kind);
		EXPECT_EQ(0, stats.children);
	}
	EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd[0]));
}

/* What a queue of one flow does not take is dropped and counted, not held. */
static void check_drops(struct __test_metadata *_metadata,
			FIXTURE_DATA(qdiscs) *self)
{
	uint64_t before;

	drain(self);
	before = dropped(self);
	ASSERT_EQ(BURST, traffic_send(self->socket, BURST));
	EXPECT_EQ(before + BURST - LENGTH, dropped(self));
	EXPECT_EQ(LENGTH, drain_slowly(self, LENGTH));
	EXPECT_EQ(before + BURST - LENGTH, dropped(self));
}

static const char * const kinds[] = {
	"pfifo", "fq_codel", "fq", "noqueue", "fq_codel", "noqueue", "pfifo",
};

/* Without IFF_BACKPRESSURE every qdisc is passed through, as in tun. */
TEST_F_TIMEOUT(qdiscs, replaced, 300)
{
	unsigned int i, missing = 0;
	int err;

	ASSERT_EQ(0, start(self, variant->flags, 0));
	check_drops(_metadata, self);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		err = qdisc_replace(self->ifindex, kinds[i], LIMIT);
		if (err == -ENOENT) {
			TH_LOG("this kernel has no %s", kinds[i]);
			missing++;
			continue;
		}
		ASSERT_EQ(0, err) TH_LOG("%s", kinds[i]);
		EXPECT_TRUE(is_root(self, kinds[i]));
		EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd[0]));
		check_drops(_metadata, self);
	}
	EXPECT_GT(ARRAY_SIZE(kinds), missing);
}

/* With it, a qdisc holds what the queue does not take, and noqueue cannot. */
TEST_F_TIMEOUT(qdiscs, replaced_backpressure, 300)
{
	unsigned int i, round;
	uint64_t before;
	int err;

	if (!self->strict)
		SKIP(return, "the in-kernel driver has IFF_BACKPRESSURE since 7.3");
	ASSERT_EQ(0, start(self, variant->flags | IFF_BACKPRESSURE, 0));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		err = qdisc_replace(self->ifindex, kinds[i], LIMIT);
		if (err == -ENOENT)
			continue;
		ASSERT_EQ(0, err);
		if (!strcmp(kinds[i], "noqueue")) {
			check_drops(_metadata, self);
			continue;
		}
		for (round = 0; round < 3; round++) {
			before = dropped(self);
			ASSERT_EQ(BURST, traffic_send(self->socket, BURST));
			EXPECT_EQ(BURST, drain_slowly(self, BURST))
				TH_LOG("%s, round %u", kinds[i], round);
			EXPECT_EQ(before, dropped(self));
		}
		/* Replaced while it holds packets and the queue is stopped. */
		ASSERT_EQ(BURST, traffic_send(self->socket, BURST));
		ASSERT_EQ(0, qdisc_replace(self->ifindex, "noqueue", 0));
		EXPECT_EQ(LENGTH, drain_slowly(self, LENGTH));
		ASSERT_EQ(1, traffic_send(self->socket, 1));
		EXPECT_EQ(1, drain_slowly(self, 1));
	}
}

TEST_F_TIMEOUT(qdiscs, none_from_the_start, 120)
{
	if (!self->strict)
		SKIP(return, "mytun only");
	ASSERT_EQ(0, start(self, variant->flags | IFF_BACKPRESSURE,
			   MYTUN_CREATE_NO_QUEUE));
	EXPECT_TRUE(is_root(self, "noqueue"));
	EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd[0]));
	check_drops(_metadata, self);
	/* It stays so when it goes down and comes up. */
	ASSERT_EQ(0, link_set_down(self->name));
	ASSERT_EQ(0, traffic_up(&self->traffic, self->name));
	EXPECT_TRUE(is_root(self, "noqueue"));
	check_drops(_metadata, self);
	/* And can be given one. */
	ASSERT_EQ(0, qdisc_replace(self->ifindex, "pfifo", LIMIT));
	ASSERT_EQ(BURST, traffic_send(self->socket, BURST));
	EXPECT_EQ(BURST, drain_slowly(self, BURST));
}

TEST_F_TIMEOUT(qdiscs, create_arguments, 120)
{
	struct mytun_create create = {
		.size = sizeof(create), .flags = MYTUN_CREATE_NO_QUEUE,
	};
	unsigned long arg = (unsigned long)&create;
	uint64_t features = 0;

	if (!self->strict)
		SKIP(return, "mytun only");
	self->queues = 1;
	self->fd[0] = device_open(0);
	ASSERT_LE(0, self->fd[0]);
	ASSERT_EQ(0, device_ioctl(self->fd[0], MYTUN_IOC_FEATURES,
				  (unsigned long)&features));
	EXPECT_NE(0, features & MYTUN_F_CREATE);
	EXPECT_EQ(-EFAULT, device_ioctl(self->fd[0], MYTUN_IOC_CREATE, 0));
	create.size--;
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd[0], MYTUN_IOC_CREATE, arg));
	create.size++;
	create.flags = 2;
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd[0], MYTUN_IOC_CREATE, arg));
	create.flags = MYTUN_CREATE_NO_QUEUE;
	EXPECT_EQ(0, device_ioctl(self->fd[0], MYTUN_IOC_CREATE, arg));
	/* The last one holds. */
	create.flags = 0;
	EXPECT_EQ(0, device_ioctl(self->fd[0], MYTUN_IOC_CREATE, arg));
	strcpy(self->name, NAME);
	ASSERT_EQ(0, device_setiff(self->fd[0], self->name,
				   variant->flags | IFF_NO_PI));
	EXPECT_EQ(-EBUSY, device_ioctl(self->fd[0], MYTUN_IOC_CREATE, arg));
	ASSERT_EQ(0, traffic_start(&self->traffic, self->name, NET));
	self->ifindex = if_nametoindex(self->name);
	EXPECT_FALSE(is_root(self, "noqueue"));
}

/* For programs that do not know of it, and for `ip link add`. */
TEST_F_TIMEOUT(qdiscs, parameter, 120)
{
	struct link_info info;

	if (!self->strict)
		SKIP(return, "mytun only");
	ASSERT_EQ(0, file_write(PARAMETER, "Y"));
	EXPECT_EQ(0, start(self, variant->flags, 0));
	EXPECT_EQ(0, link_add("qdiscs2", "mytun"));
	ASSERT_EQ(0, file_write(PARAMETER, "N"));
	EXPECT_TRUE(is_root(self, "noqueue"));
	check_drops(_metadata, self);
	ASSERT_EQ(0, link_set_up("qdiscs2"));
	ASSERT_EQ(0, link_get("qdiscs2", &info));
	self->ifindex = info.index;
	EXPECT_TRUE(is_root(self, "noqueue"));
	ASSERT_EQ(0, link_delete("qdiscs2"));
}

/*
 * What waits fills the new length to the last place: the next packet has none.
 * The core of kernels before 5.0 puts it behind the end.
 */
TEST_F_TIMEOUT(qdiscs, length_of_what_waits, 120)
{
	unsigned int length, i;
	uint64_t before;

	if (!self->strict)
		SKIP(return, "an old kernel's own tun would do it, too");
	ASSERT_EQ(0, start(self, variant->flags, 0));
	drain(self);
	for (length = LENGTH - 1; length; length--) {
		ASSERT_EQ((int)length, traffic_send(self->socket, length));
		ASSERT_EQ(0, link_set_txqueuelen(self->name, length));
		before = dropped(self);
		for (i = 1; i <= 3; i++) {
			ASSERT_EQ(1, traffic_send(self->socket, 1));
			EXPECT_EQ(before + i, dropped(self));
		}
		EXPECT_EQ(length, drain_slowly(self, length));
		EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd[0]));
		ASSERT_EQ(0, link_set_txqueuelen(self->name, LENGTH));
	}
}

/* `txqueuelen 0` leaves room for one packet; tun drops everything then. */
TEST_F_TIMEOUT(qdiscs, length_0, 120)
{
	struct link_info info;
	unsigned int i;
	uint64_t before;

	if (!self->strict)
		SKIP(return, "mytun only");
	ASSERT_EQ(0, start(self, variant->flags, 0));
	ASSERT_EQ(0, link_set_txqueuelen(self->name, 0));
	ASSERT_EQ(0, link_get(self->name, &info));
	EXPECT_EQ(1, info.txqueuelen);
	for (i = 0; i < 5; i++) {
		before = dropped(self);
		ASSERT_EQ(3, traffic_send(self->socket, 3));
		EXPECT_EQ(before + 2, dropped(self));
		EXPECT_EQ(1, drain_slowly(self, 1));
		EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd[0]));
	}
	/* A queue that comes later has as much room. */
	close(self->fd[self->queues - 1]);
	if (self->queues == 1) {
		self->fd[0] = device_open(O_NONBLOCK);
		ASSERT_LE(0, self->fd[0]);
		traffic_stop(&self->traffic);
		ASSERT_EQ(0, device_setiff(self->fd[0], self->name,
					   variant->flags | IFF_NO_PI));
		ASSERT_EQ(0, link_set_txqueuelen(self->name, 0));
		ASSERT_EQ(0, traffic_start(&self->traffic, self->name, NET));
	} else {
		self->fd[self->queues - 1] = device_create(self->name,
							   variant->flags |
							   IFF_NO_PI);
		ASSERT_LE(0, self->fd[self->queues - 1]);
	}
	EXPECT_EQ(0, traffic_echo(&self->traffic,
				  self->fd[self->queues - 1]));
	ASSERT_EQ(0, link_set_txqueuelen(self->name, LENGTH));
	check_drops(_metadata, self);
}

/* With backpressure, one packet at a time passes, and none is lost. */
TEST_F_TIMEOUT(qdiscs, length_0_backpressure, 120)
{
	uint64_t before;

	if (!self->strict)
		SKIP(return, "mytun only");
	ASSERT_EQ(0, start(self, variant->flags | IFF_BACKPRESSURE, 0));
	ASSERT_EQ(0, link_set_txqueuelen(self->name, 0));
	ASSERT_EQ(0, qdisc_replace(self->ifindex, "pfifo", LIMIT));
	before = dropped(self);
	ASSERT_EQ(BURST, traffic_send(self->socket, BURST));
	EXPECT_EQ(BURST, drain_slowly(self, BURST));
	EXPECT_EQ(before, dropped(self));
}

TEST_HARNESS_MAIN
