// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel sends with interrupts off: netconsole's messages, through a
 * TAP device whose user reads them, alone and while a socket sends as well.
 */
#define _GNU_SOURCE
#include "device.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <linux/mytun.h>

#include "kselftest_harness.h"
#include "module.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define NET		47
#define TARGETS		"/sys/kernel/config/netconsole"
#define TARGET		TARGETS "/mytun"
#define MESSAGE		"mytun's netconsole message "
#define TRAFFIC		"a datagram beside it"
#define MESSAGES	40
/* Datagrams on the way at once: all of them fit. */
#define WINDOW		32
#define BUFFER		(1U << 20)

enum way { READ, BATCH, RING };

FIXTURE(netpoll)
{
	struct ringdev dev;
	struct ringmem mem;
	uint8_t *buffer;
	bool target;
	unsigned int next;	/* number of the next message to come */
	unsigned int wrong;	/* messages that came out of their order */
	unsigned long sent, seen;	/* datagrams; atomic */
	bool stop;		/* atomic */
};

FIXTURE_VARIANT(netpoll)
{
	int flags;
	enum way way;
};

#define VARIANT(name, flags_, way_)					\
	FIXTURE_VARIANT_ADD(netpoll, name)				\
	{								\
		.flags = IFF_TAP | IFF_NO_PI | (flags_), .way = way_,	\
	}

VARIANT(read, 0, READ);
VARIANT(napi, IFF_NAPI, READ);
VARIANT(batch, 0, BATCH);
VARIANT(ring, 0, RING);
VARIANT(ring_backpressure, IFF_BACKPRESSURE, RING);

/* One attribute of the target, as netconsole.rst has it. 0 or -errno. */
static int attribute(const char *name, const char *value)
{
	char path[128];
	ssize_t ret;
	int fd;

	snprintf(path, sizeof(path), TARGET "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value));
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Messages go from the stack's end to the user's. */
static int target_make(const struct ringdev *dev)
{
	char local[32], remote[32];
	int err;

	snprintf(local, sizeof(local), "10.%u.0.1", dev->net);
	snprintf(remote, sizeof(remote), "10.%u.0.2", dev->net);
	if (mkdir(TARGET, 0755))
		return -errno;
	err = attribute("dev_name", dev->name);
	if (!err)
		err = attribute("local_ip", local);
	if (!err)
		err = attribute("remote_ip", remote);
	if (!err)
		err = attribute("remote_mac", "02:00:00:00:00:02");
	return err ?: attribute("enabled", "1");
}

FIXTURE_SETUP(netpoll)
{
	const struct mytun_ring ring = { .rx_size = RING_SMALL };

	REQUIRE_DEVICE();
	if (variant->way != READ)
		REQUIRE_RING();
	if (module_load("netconsole", NULL))
		SKIP(return, "this kernel has no netconsole");
	/* With a /sys of its own, where nothing is mounted. */
	ASSERT_EQ(0, netns_private());
	if (mount("none", "/sys/kernel/config", "configfs", 0, NULL))
		ASSERT_EQ(EBUSY, errno);
	if (access(TARGETS, F_OK))
		SKIP(return, "netconsole cannot be set up here");
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, NET));
	if (variant->way == RING)
		ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	if (variant->way == BATCH)
		ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ, 0, 0));
	ASSERT_EQ(0, device_nonblock(self->dev.fd, true));
	self->buffer = malloc(BUFFER);
	ASSERT_NE(NULL, self->buffer);
	ASSERT_EQ(0, target_make(&self->dev));
	self->target = true;
}

FIXTURE_TEARDOWN(netpoll)
{
	attribute("enabled", "0");
	EXPECT_EQ(self->target, !rmdir(TARGET));
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
	free(self->buffer);
}

/* What is in so many bytes of packets. */
static void look(FIXTURE_DATA(netpoll) *self, const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *at;
	unsigned int number;

	for (at = data;
	     (at = memmem(at, end - at, TRAFFIC, strlen(TRAFFIC))); at++)
		__atomic_add_fetch(&self->seen, 1, __ATOMIC_RELEASE);
	for (at = data;
	     (at = memmem(at, end - at, MESSAGE, strlen(MESSAGE))); at++) {
		number = atoi((const char *)at + strlen(MESSAGE));
		if (number != self->next)
			self->wrong++;
		self->next = number + 1;
	}
}

/* Everything that is there. */
static void take(FIXTURE_DATA(netpoll) *self)
{
	const struct mytun_record *record;
	ssize_t size;

	if (self->mem.kernel) {
		while ((record = ringmem_peek(&self->mem))) {
			look(self, record_data(record), record->len);
			ringmem_next(&self->mem);
			ringmem_release(&self->mem);
		}
		return;
	}
	/* The byte behind a number ends it. */
	while ((size = device_read(self->dev.fd, self->buffer,
				   BUFFER - 1)) > 0) {
		self->buffer[size] = 0;
		look(self, self->buffer, size);
	}
}

/* Say that many messages, and wait until each has come. */
static void say(struct __test_metadata *_metadata,
		FIXTURE_DATA(netpoll) *self, unsigned int count)
{
	uint64_t last = now_ms();
	unsigned int number;
	char text[64];
	int fd, size;

	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (number = 0; number < count; number++) {
		/* Of the urgent ones, which every console gets. */
		size = snprintf(text, sizeof(text), "<1>" MESSAGE "%u\n",
				number);
		EXPECT_EQ(size, write(fd, text, size));
		take(self);
	}
	close(fd);
	while (self->next < count) {
		ASSERT_GT(DEADLINE_MS, now_ms() - last) {
			TH_LOG("%u of %u came", self->next, count);
		}
		sched_yield();
		take(self);
	}
	EXPECT_EQ(0, self->wrong);
}

TEST_F(netpoll, messages)
{
	say(_metadata, self, MESSAGES);
}

static void *send_datagrams(void *arg)
{
	FIXTURE_DATA(netpoll) *self = arg;

	while (!__atomic_load_n(&self->stop, __ATOMIC_ACQUIRE)) {
		if (self->sent - __atomic_load_n(&self->seen,
						 __ATOMIC_ACQUIRE) >= WINDOW)
			sched_yield();
		else if (send(self->dev.source, TRAFFIC, strlen(TRAFFIC), 0) > 0)
			self->sent++;
	}
	return NULL;
}

/* The console comes into the midst of what another processor sends. */
TEST_F(netpoll, messages_in_traffic)
{
	uint64_t begin;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, send_datagrams, self));
	say(_metadata, self, 5 * MESSAGES);
	__atomic_store_n(&self->stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	begin = now_ms();
	while (self->seen < self->sent && now_ms() - begin < DEADLINE_MS)
		take(self);
	EXPECT_EQ(self->sent, self->seen);
	EXPECT_LT(0, self->sent);
}

/* The device goes while the console sends by it: the kernel lets go of it. */
TEST_F(netpoll, device_goes)
{
	say(_metadata, self, 1);
	ringmem_unmap(&self->mem);
	memset(&self->mem, 0, sizeof(self->mem));
	close(self->dev.fd);
	self->dev.fd = -1;
	EXPECT_FALSE(link_exists(self->dev.name));
	attribute("enabled", "0");
}

TEST_HARNESS_MAIN
