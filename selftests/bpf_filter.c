// SPDX-License-Identifier: GPL-2.0
/* eBPF programs of the device: TUNSETSTEERINGEBPF and TUNSETFILTEREBPF. */
#include "device.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "rtnl.h"

#define LIMIT		120		/* seconds for one test */
#define QUEUES		4
#define COUNT		40
#define PAYLOAD		400

FIXTURE(bpf_filter)
{
	struct ringdev dev;
	int fd[QUEUES];
	uint8_t *buffer;
	size_t headers;			/* of a packet */
};

FIXTURE_VARIANT(bpf_filter)
{
	int type;
};

FIXTURE_VARIANT_ADD(bpf_filter, tun) { .type = IFF_TUN };
FIXTURE_VARIANT_ADD(bpf_filter, tap) { .type = IFF_TAP };

FIXTURE_SETUP(bpf_filter)
{
	int i;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->type | IFF_NO_PI |
				    IFF_MULTI_QUEUE, 66));
	self->fd[0] = self->dev.fd;
	for (i = 1; i < QUEUES; i++) {
		self->fd[i] = ringdev_queue(&self->dev);
		ASSERT_LE(0, self->fd[i]);
	}
	for (i = 0; i < QUEUES; i++) {
		ASSERT_EQ(0, device_nonblock(self->fd[i], true));
	}
	self->headers = (variant->type == IFF_TAP ? 14 : 0) + NUMBERED_HEADERS;
	self->buffer = malloc(RINGDEV_DATA_MAX);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(bpf_filter)
{
	int i;

	for (i = 1; i < QUEUES; i++)
		close(self->fd[i]);
	ringdev_destroy(&self->dev);
	free(self->buffer);
}

/* program -1: none. It may be closed: the device keeps it. */
static int set(FIXTURE_DATA(bpf_filter) *self, unsigned long command,
	       int program)
{
	int err = device_ioctl(self->dev.fd, command, (unsigned long)&program);

	if (program >= 0)
		close(program);
	return err;
}

/* Send one packet of that size; all of it, or what is left, is at this queue. */
static bool comes_at(FIXTURE_DATA(bpf_filter) *self, unsigned int queue,
		     size_t payload, size_t want)
{
	unsigned int i;
	ssize_t size;

	if (ringdev_answer(&self->dev, 1, 0, payload) ||
	    wait_events(self->fd[queue], POLLIN, DEADLINE_MS) <= 0)
		return false;
	size = device_read(self->fd[queue], self->buffer, RINGDEV_DATA_MAX);
	for (i = 0; i < QUEUES; i++)
		if (device_drain(self->fd[i]))
			return false;
	return size == (ssize_t)want;
}

TEST_F_TIMEOUT(bpf_filter, steering, LIMIT)
{
	unsigned int i, home;
	size_t size;

	/* The flow is learned for one queue... */
	size = ringdev_build(&self->dev, self->buffer, 1, 0, PAYLOAD);
	home = QUEUES - 1;
	ASSERT_EQ((ssize_t)size, device_write(self->fd[home], self->buffer,
					      size));
	size = self->headers + PAYLOAD;
	ASSERT_TRUE(comes_at(self, home, PAYLOAD, size));
	/* ... which no longer matters. */
	for (i = 0; i < 3 * QUEUES; i++) {
		ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF, filter_return(i)));
		ASSERT_TRUE(comes_at(self, i % QUEUES, PAYLOAD, size));
	}
	/* By the packet's last address byte: the user's end is .2. */
	ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF,
			 filter_byte(self->headers - NUMBERED_HEADERS + 19)));
	ASSERT_TRUE(comes_at(self, 2, PAYLOAD, size));
	/* And back. */
	ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF, -1));
	EXPECT_TRUE(comes_at(self, home, PAYLOAD, size));
}

/* With a program no flow is learned. */
TEST_F_TIMEOUT(bpf_filter, steering_learns_nothing, LIMIT)
{
	size_t size = ringdev_build(&self->dev, self->buffer, 1, 0, PAYLOAD);
	long before = ethtool_counter(self->dev.name, "flows_learned");

	ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF, filter_return(1)));
	ASSERT_EQ((ssize_t)size, device_write(self->fd[2], self->buffer, size));
	EXPECT_EQ(before, ethtool_counter(self->dev.name, "flows_learned"));
	ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF, -1));
	ASSERT_EQ((ssize_t)size, device_write(self->fd[2], self->buffer, size));
	EXPECT_EQ(before + 1, ethtool_counter(self->dev.name, "flows_learned"));
}

TEST_F_TIMEOUT(bpf_filter, filter, LIMIT)
{
	size_t size = self->headers + PAYLOAD;
	unsigned int i;

	ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF, filter_return(0)));
	ASSERT_EQ(0, set(self, TUNSETFILTEREBPF, filter_return(0)));
	for (i = 0; i < COUNT; i++)
		ringdev_send(&self->dev, 1, i, PAYLOAD);
	EXPECT_EQ(COUNT, ethtool_counter(self->dev.name, "tx_drop_filter"));
	EXPECT_EQ(0, wait_events(self->fd[0], POLLIN, QUIET_MS));
	/* So many bytes are kept, or all there are. */
	ASSERT_EQ(0, set(self, TUNSETFILTEREBPF, filter_return(100)));
	EXPECT_TRUE(comes_at(self, 0, PAYLOAD, 100));
	EXPECT_TRUE(comes_at(self, 0, 16, self->headers + 16));
	ASSERT_EQ(0, set(self, TUNSETFILTEREBPF, filter_return(size)));
	EXPECT_TRUE(comes_at(self, 0, PAYLOAD, size));
	ASSERT_EQ(0, set(self, TUNSETFILTEREBPF, filter_return(-1)));
	EXPECT_TRUE(comes_at(self, 0, PAYLOAD, size));
	ASSERT_EQ(0, set(self, TUNSETFILTEREBPF, -1));
	EXPECT_TRUE(comes_at(self, 0, PAYLOAD, size));
	EXPECT_EQ(COUNT, ethtool_counter(self->dev.name, "tx_drop_filter"));
}

TEST_F_TIMEOUT(bpf_filter, refused, LIMIT)
{
	static const unsigned long commands[] = {
		TUNSETSTEERINGEBPF, TUNSETFILTEREBPF,
	};
	unsigned int i;
	int closed = dup(0);

	close(closed);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EBADF, set(self, commands[i], closed));
		EXPECT_EQ(-EINVAL, set(self, commands[i], array_new()));
		EXPECT_EQ(-EINVAL, set(self, commands[i],
				       xdp_return(XDP_PASS)));
		EXPECT_EQ(-EFAULT, device_ioctl(self->dev.fd, commands[i], 1));
		/* What was there stays: nothing. */
		EXPECT_EQ(0, ringdev_send(&self->dev, 1, i, PAYLOAD));
	}
	EXPECT_EQ(0, ethtool_counter(self->dev.name, "tx_drop_filter"));
}

/* The programs go with the device. */
TEST_F_TIMEOUT(bpf_filter, left_attached, LIMIT)
{
	ASSERT_EQ(0, set(self, TUNSETSTEERINGEBPF, filter_return(2)));
	ASSERT_EQ(0, set(self, TUNSETFILTEREBPF, filter_return(60)));
	EXPECT_TRUE(comes_at(self, 2, PAYLOAD, 60));
	EXPECT_EQ(0, link_delete(self->dev.name));
}

TEST_HARNESS_MAIN
