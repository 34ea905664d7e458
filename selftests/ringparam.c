// SPDX-License-Identifier: GPL-2.0
/*
 * `ethtool -g` and `-G`: the ring of a device is the queue that read() takes
 * from, whose length `ip link` shows as txqueuelen.
 */
#include "device.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include <linux/ethtool.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "rtnl.h"
#include "traffic.h"

#define NAME	"rings"
#define NET	51
#define MOST	32767

FIXTURE(ringparam)
{
	char name[IFNAMSIZ];
	int fd;
	int socket;
	struct traffic traffic;
};

FIXTURE_VARIANT(ringparam)
{
	int type;
	unsigned int length;	/* that a new device has */
};

FIXTURE_VARIANT_ADD(ringparam, tun) { .type = IFF_TUN, .length = 500 };
FIXTURE_VARIANT_ADD(ringparam, tap) { .type = IFF_TAP, .length = 1000 };

FIXTURE_SETUP(ringparam)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel driver tells of no rings");
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, variant->type | IFF_NO_PI);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, device_nonblock(self->fd, true));
	ASSERT_EQ(0, traffic_start(&self->traffic, self->name, NET));
	self->socket = traffic_socket(&self->traffic);
	ASSERT_LE(0, self->socket);
}

FIXTURE_TEARDOWN(ringparam)
{
	close(self->fd);
	close(self->socket);
	traffic_stop(&self->traffic);
}

/* ETHTOOL_GRINGPARAM or ETHTOOL_SRINGPARAM. 0 or -errno. */
static int ringparam(uint32_t command, struct ethtool_ringparam *ring)
{
	ring->cmd = command;
	return ethtool(NAME, ring);
}

/* How many packets the device holds for a reader. */
static unsigned int room(FIXTURE_DATA(ringparam) *self, unsigned int send)
{
	device_drain(self->fd);
	traffic_send(self->socket, send);
	return device_drain(self->fd);
}

TEST_F_TIMEOUT(ringparam, get, 120)
{
	struct ethtool_ringparam ring = {};

	ASSERT_EQ(0, ringparam(ETHTOOL_GRINGPARAM, &ring));
	EXPECT_EQ(variant->length, ring.tx_pending);
	EXPECT_EQ(MOST, ring.tx_max_pending);
	EXPECT_EQ(0, ring.rx_pending);
	EXPECT_EQ(0, ring.rx_max_pending);
	EXPECT_EQ(0, ring.rx_mini_max_pending);
	EXPECT_EQ(0, ring.rx_jumbo_max_pending);
	ASSERT_EQ(0, link_set_txqueuelen(self->name, 77));
	ASSERT_EQ(0, ringparam(ETHTOOL_GRINGPARAM, &ring));
	EXPECT_EQ(77, ring.tx_pending);
}

TEST_F_TIMEOUT(ringparam, set, 120)
{
	const unsigned int sizes[] = { 10, 1, 64, 33 };
	struct ethtool_ringparam ring = {};
	struct link_info info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ring.tx_pending = sizes[i];
		ASSERT_EQ(0, ringparam(ETHTOOL_SRINGPARAM, &ring));
		ASSERT_EQ(0, link_get(self->name, &info));
		EXPECT_EQ(sizes[i], info.txqueuelen);
		EXPECT_EQ(sizes[i], room(self, 100));
		EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd));
	}
	ring.tx_pending = MOST;
	EXPECT_EQ(0, ringparam(ETHTOOL_SRINGPARAM, &ring));
	EXPECT_EQ(100, room(self, 100));

	/* What is refused changes nothing. */
	ring.tx_pending = 0;
	EXPECT_EQ(-EINVAL, ringparam(ETHTOOL_SRINGPARAM, &ring));
	ring.tx_pending = MOST + 1;
	EXPECT_EQ(-EINVAL, ringparam(ETHTOOL_SRINGPARAM, &ring));
	ring.tx_pending = 20;
	ring.rx_pending = 1;
	EXPECT_EQ(-EINVAL, ringparam(ETHTOOL_SRINGPARAM, &ring));
	ASSERT_EQ(0, ringparam(ETHTOOL_GRINGPARAM, &ring));
	EXPECT_EQ(MOST, ring.tx_pending);
}

/* What waits, and finds no room in a shorter queue, is counted. */
TEST_F_TIMEOUT(ringparam, shorter, 120)
{
	struct ethtool_ringparam ring = { .tx_pending = 64 };
	struct rtnl_link_stats64 before, after;
	long full;

	ASSERT_EQ(0, ringparam(ETHTOOL_SRINGPARAM, &ring));
	device_drain(self->fd);
	ASSERT_EQ(20, traffic_send(self->socket, 20));
	full = ethtool_counter(NAME, "tx_drop_full");
	ASSERT_EQ(0, link_get_stats(NAME, &before));
	ring.tx_pending = 5;
	ASSERT_EQ(0, ringparam(ETHTOOL_SRINGPARAM, &ring));
	EXPECT_EQ(full + 15, ethtool_counter(NAME, "tx_drop_full"));
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 2));
	EXPECT_EQ(full + 18, ethtool_counter(NAME, "tx_drop_full"));
	ASSERT_EQ(0, link_get_stats(NAME, &after));
	EXPECT_EQ(before.tx_dropped + 18, after.tx_dropped);
	EXPECT_EQ(2, device_drain(self->fd));
}

TEST_HARNESS_MAIN
