// SPDX-License-Identifier: GPL-2.0
/*
 * Counters: those of each queue in `ethtool -S` are right, and their sums are
 * the device's, also when queues have gone or were set aside.
 */
#include "device.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>

#include "kselftest_harness.h"
#include "ethtool.h"
#include "queues.h"
#include "rtnl.h"

#define COUNT	3	/* queues */
#define NET	31
#define LENGTH	8	/* txqueuelen where a test fills queues */

FIXTURE(counters)
{
	struct queues *q;
	struct rtnl_link_stats64 begin;
};

FIXTURE_VARIANT(counters)
{
	int type;
};

FIXTURE_VARIANT_ADD(counters, tun) { .type = IFF_TUN };
FIXTURE_VARIANT_ADD(counters, tap) { .type = IFF_TAP };

FIXTURE_SETUP(counters)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel driver has no such counters");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, queues_serve());
	self->q = queues_create(variant->type, AF_INET, NET, COUNT,
				random_seed());
	ASSERT_NE(NULL, self->q);
	queues_settle(self->q, QUIET_MS);
	ASSERT_EQ(0, link_get_stats(self->q->name, &self->begin));
}

FIXTURE_TEARDOWN(counters)
{
	queues_destroy(self->q);
}

/* Of one queue, by its index now. */
static long of_queue(const struct queues *q, const char *direction,
		     unsigned int index, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_queue_%u_%s", direction, index, what);
	return ethtool_counter(q->name, name);
}

/* The same of all queues. */
static long of_queues(const struct queues *q, const char *direction,
		      const char *what)
{
	long sum = 0, one;
	unsigned int i;

	for (i = 0; (one = of_queue(q, direction, i, what)) >= 0; i++)
		sum += one;
	return sum;
}

/* So many echo requests by a queue, answered there. */
static void ping(struct queues *q, unsigned int slot, unsigned int first,
		 unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		queues_write(q, FLOW_PING, first + i, slot);
		queues_collect(q, 1);
	}
}

TEST_F_TIMEOUT(counters, packets, 120)
{
	const unsigned int counts[COUNT] = { 7, 20, 33 };
	struct rtnl_link_stats64 end;
	struct queues *q = self->q;
	unsigned int i, size = 0;
	long rx[COUNT], tx[COUNT], bytes[COUNT];

	for (i = 0; i < COUNT; i++) {
		rx[i] = of_queue(q, "rx", i, "packets");
		tx[i] = of_queue(q, "tx", i, "packets");
		bytes[i] = of_queue(q, "rx", i, "bytes");
		ASSERT_LE(0, rx[i]);
		ASSERT_LE(0, tx[i]);
		ASSERT_LE(0, bytes[i]);
	}
	/* As many as there ever were, rounded up to a power of two. */
	EXPECT_EQ(0, of_queue(q, "rx", COUNT, "packets"));
	EXPECT_EQ(-ENOENT, of_queue(q, "rx", 4, "packets"));
	for (i = 0; i < COUNT; i++) {
		ping(q, i, 100 * i, counts[i]);
		size = q->out.size;
	}
	EXPECT_EQ(0, q->tally.missing);
	EXPECT_EQ(0, q->tally.wrong);
	for (i = 0; i < COUNT; i++) {
		EXPECT_EQ(rx[i] + counts[i], of_queue(q, "rx", i, "packets"));
		EXPECT_EQ(tx[i] + counts[i], of_queue(q, "tx", i, "packets"));
		EXPECT_EQ(bytes[i] + counts[i] * size,
			  of_queue(q, "rx", i, "bytes"));
	}
	ASSERT_EQ(0, link_get_stats(q->name, &end));
	EXPECT_EQ(of_queues(q, "rx", "packets"), end.rx_packets);
	EXPECT_EQ(of_queues(q, "tx", "packets"), end.tx_packets);
	EXPECT_EQ(of_queues(q, "rx", "bytes"), end.rx_bytes);
	EXPECT_EQ(of_queues(q, "tx", "bytes"), end.tx_bytes);
	EXPECT_EQ(self->begin.rx_packets + 60, end.rx_packets);
}

/* Each reason counts for the queue that it happened to, and for the device. */
TEST_F_TIMEOUT(counters, drops, 120)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &nothing };
	const unsigned int counts[COUNT] = { LENGTH + 1, LENGTH + 5, LENGTH };
	struct rtnl_link_stats64 end;
	struct queues *q = self->q;
	unsigned int i, j, filtered = 0;

	ASSERT_EQ(0, link_set_txqueuelen(q->name, LENGTH));
	for (i = 0; i < COUNT; i++)
		for (j = 0; j < counts[i]; j++)
			queues_write(q, FLOW_PING, 100 * i + j, i);
	EXPECT_EQ(1, of_queue(q, "tx", 0, "drop_full"));
	EXPECT_EQ(5, of_queue(q, "tx", 1, "drop_full"));
	EXPECT_EQ(0, of_queue(q, "tx", 2, "drop_full"));
	EXPECT_EQ(6, ethtool_counter(q->name, "tx_drop_full"));
	/* All are there, and only then counted as transmitted. */
	queues_collect(q, COUNT * LENGTH);
	EXPECT_EQ(0, q->tally.missing);

	if (q->type == IFF_TAP) {
		ASSERT_EQ(0, device_ioctl(q->fd[0], TUNATTACHFILTER,
					  (unsigned long)&program));
		for (i = 0; i < 4; i++)
			queues_write(q, FLOW_PING, 500 + i, 1);
		filtered = 4;
		ASSERT_EQ(0, device_ioctl(q->fd[0], TUNDETACHFILTER,
					  (unsigned long)&program));
		EXPECT_EQ(4, of_queue(q, "tx", 1, "drop_filter"));
		EXPECT_EQ(0, of_queue(q, "tx", 0, "drop_filter"));
	} else {
		/* Neither IPv4 nor IPv6. */
		EXPECT_EQ(-EINVAL, device_write(q->fd[2], "\360", 1));
		EXPECT_EQ(1, of_queue(q, "rx", 2, "drop_protocol"));
		EXPECT_EQ(1, ethtool_counter(q->name, "rx_drop_protocol"));
	}
	ASSERT_EQ(0, link_get_stats(q->name, &end));
	EXPECT_EQ(self->begin.tx_dropped + 6 + filtered, end.tx_dropped);
	EXPECT_EQ(self->begin.rx_dropped + (q->type == IFF_TUN),
		  end.rx_dropped);

	/* The device is down. */
	ASSERT_EQ(0, link_set_down(q->name));
	EXPECT_EQ(-EIO, device_write(q->fd[1], q->out.data, q->out.size));
	EXPECT_EQ(1, of_queue(q, "rx", 1, "drop_down"));
	EXPECT_EQ(1, of_queues(q, "rx", "drop_down"));
	EXPECT_EQ(1, ethtool_counter(q->name, "rx_drop_down"));
}

/* What a queue has counted stays the device's when it goes. */
TEST_F_TIMEOUT(counters, queue_closed, 120)
{
	struct rtnl_link_stats64 before, after;
	struct queues *q = self->q;
	long rx[COUNT], last;
	unsigned int i;

	ASSERT_EQ(0, link_set_txqueuelen(q->name, LENGTH));
	for (i = 0; i < COUNT; i++)
		ping(q, i, 100 * i, 10 + i);
	for (i = 0; i < LENGTH + 3; i++)
		queues_write(q, FLOW_PING, 500 + i, 0);
	ASSERT_EQ(0, link_get_stats(q->name, &before));
	EXPECT_EQ(3, of_queue(q, "tx", 0, "drop_full"));
	for (i = 0; i < COUNT; i++)
		rx[i] = of_queue(q, "rx", i, "packets");
	last = of_queue(q, "tx", COUNT - 1, "packets");

	/* The last queue takes the number of the one that goes. */
	queues_close(q, 0);
	ASSERT_EQ(0, link_get_stats(q->name, &after));
	EXPECT_EQ(before.rx_packets, after.rx_packets);
	EXPECT_EQ(before.rx_bytes, after.rx_bytes);
	EXPECT_EQ(before.tx_packets, after.tx_packets);
	EXPECT_EQ(before.tx_bytes, after.tx_bytes);
	/* What waited there is lost, and counted as that. */
	EXPECT_EQ(before.tx_dropped + LENGTH, after.tx_dropped);
	EXPECT_EQ(LENGTH, ethtool_counter(q->name, "tx_drop_detached"));
	EXPECT_EQ(3, ethtool_counter(q->name, "tx_drop_full"));
	EXPECT_EQ(0, of_queues(q, "tx", "drop_full"));
	EXPECT_EQ(rx[2], of_queue(q, "rx", 0, "packets"));
	EXPECT_EQ(rx[1], of_queue(q, "rx", 1, "packets"));
	EXPECT_EQ(0, of_queue(q, "rx", 2, "packets"));
	EXPECT_EQ(last, of_queue(q, "tx", 0, "packets"));

	/* A new one begins at 0. */
	ASSERT_EQ(0, queues_open(q, 0));
	EXPECT_EQ(0, of_queue(q, "rx", 2, "packets"));
	EXPECT_EQ(0, of_queue(q, "tx", 2, "packets"));
	queues_forget(q);
	ping(q, 0, 600, 5);
	EXPECT_EQ(5, of_queue(q, "rx", 2, "packets"));
	EXPECT_EQ(5, of_queue(q, "tx", 2, "packets"));
	ASSERT_EQ(0, link_get_stats(q->name, &after));
	EXPECT_EQ(before.rx_packets + 5, after.rx_packets);
	EXPECT_EQ(before.tx_packets + 5, after.tx_packets);
}

/* A queue that is set aside is not shown, and counts in the device. */
TEST_F_TIMEOUT(counters, queue_detached, 120)
{
	struct rtnl_link_stats64 before, after;
	struct queues *q = self->q;
	unsigned int i;
	long rx;

	for (i = 0; i < COUNT; i++)
		ping(q, i, 100 * i, 10 + i);
	rx = of_queue(q, "rx", 1, "packets");
	ASSERT_EQ(0, link_get_stats(q->name, &before));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, queues_detach(q, 1));
		EXPECT_EQ(0, of_queue(q, "rx", COUNT - 1, "packets"));
		ASSERT_EQ(0, link_get_stats(q->name, &after));
		EXPECT_EQ(before.rx_packets, after.rx_packets);
		EXPECT_EQ(before.tx_packets, after.tx_packets);
		ASSERT_EQ(0, queues_attach(q, 1));
		EXPECT_EQ(rx, of_queue(q, "rx", COUNT - 1, "packets"));
		ASSERT_EQ(0, link_get_stats(q->name, &after));
		EXPECT_EQ(before.rx_packets, after.rx_packets);
	}
	EXPECT_EQ(of_queues(q, "rx", "packets"), after.rx_packets);
}

/* All queues gone but one persistent device: it remembers. */
TEST_F_TIMEOUT(counters, all_closed, 120)
{
	struct rtnl_link_stats64 before, after;
	struct queues *q = self->q;
	unsigned int i;

	for (i = 0; i < COUNT; i++)
		ping(q, i, 100 * i, 10 + i);
	ASSERT_EQ(0, device_ioctl(q->fd[0], TUNSETPERSIST, 1));
	ASSERT_EQ(0, link_get_stats(q->name, &before));
	for (i = 0; i < COUNT; i++)
		queues_close(q, i);
	ASSERT_EQ(0, link_get_stats(q->name, &after));
	EXPECT_EQ(before.rx_packets, after.rx_packets);
	EXPECT_EQ(before.tx_packets, after.tx_packets);
	EXPECT_EQ(before.tx_bytes, after.tx_bytes);
	EXPECT_EQ(0, of_queue(q, "rx", 0, "packets"));
	ASSERT_EQ(0, link_delete(q->name));
}

TEST_HARNESS_MAIN
