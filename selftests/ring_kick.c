// SPDX-License-Identifier: GPL-2.0
/*
 * Who takes packets out of the TX ring is woken when it sleeps, by a kick, and
 * by none when it does not: transitions between empty and not empty, with each
 * drive that sleeps.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lender.h"
#include "numbered.h"
#include "pace.h"
#include "ringdev.h"
#include "ringmem.h"

#define LIMIT_LONG	7200		/* seconds for one test, all counts */

FIXTURE(ring_kick)
{
	struct ringdev dev;
	struct ringmem mem;
	uint64_t seed;
	struct lender lender;
	pid_t thread;		/* the kernel's, or 0 */
};

FIXTURE_VARIANT(ring_kick)
{
	uint32_t drive;
	uint32_t poll_us;
	unsigned long transitions;	/* and ring_wake's: 10 million */
};

FIXTURE_VARIANT_ADD(ring_kick, napi)
{
	.drive = MYTUN_DRIVE_NAPI, .transitions = 5500000,
};

FIXTURE_VARIANT_ADD(ring_kick, lent)
{
	.drive = MYTUN_DRIVE_LENT, .transitions = 200000,
};

FIXTURE_VARIANT_ADD(ring_kick, thread)
{
	.drive = MYTUN_DRIVE_THREAD, .transitions = 200000,
};

FIXTURE_VARIANT_ADD(ring_kick, thread_polls)
{
	.drive = MYTUN_DRIVE_THREAD, .poll_us = 20, .transitions = 100000,
};

FIXTURE_SETUP(ring_kick)
{
	const struct mytun_ring ring = {
		.tx_size = RING_SMALL, .position = 0U - RING_SMALL,
	};

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, 39));
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	ASSERT_EQ(0, ring_drive(self->dev.fd, variant->drive, 0,
				variant->poll_us, &self->thread));
	self->seed = random_seed();
	/* Packets for an address that nobody has: dropped by the stack. */
	self->dev.in.to.addr[3] = 99;
	if (variant->drive == MYTUN_DRIVE_LENT)
		ASSERT_EQ(0, lender_start(&self->lender, self->dev.fd));
}

FIXTURE_TEARDOWN(ring_kick)
{
	EXPECT_EQ(-EINTR, lender_stop(&self->lender));
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

/* Who takes packets out; 0: softirq. */
static pid_t consumer(FIXTURE_DATA(ring_kick) *self)
{
	return self->lender.started ? lender_tid(&self->lender) : self->thread;
}

static bool need_wakeup(void *arg)
{
	const struct ringmem *mem = arg;

	return ringmem_load(&mem->kernel->tx_flags) &
	       MYTUN_RING_TX_NEED_WAKEUP;
}

/* Until whoever takes packets out sleeps, for want of them. */
static int until_asleep(FIXTURE_DATA(ring_kick) *self)
{
	pid_t tid = consumer(self);

	return tid ? wait_asleep(tid, DEADLINE_MS) :
		     wait_for(need_wakeup, &self->mem, DEADLINE_MS);
}

/* Until the ring is empty: by looking at memory, then asleep. */
static bool drained(struct ringmem *mem, unsigned long *waits)
{
	unsigned int looks;

	for (looks = 0; looks < LOOKS; looks++) {
		if (ringmem_sent(mem))
			return true;
		relax(10);
	}
	++*waits;
	return ring_wait(mem->fd, MYTUN_WAIT_TX, DEADLINE_MS) ==
	       MYTUN_WAIT_TX;
}

TEST_F_TIMEOUT(ring_kick, no_kick_is_lost, LIMIT_LONG)
{
	unsigned long goal = scaled(variant->transitions), i;
	unsigned long packets = 0, waits = 0;
	uint64_t start = now_ms();
	uint8_t *data = self->dev.buffer;
	unsigned int count;
	size_t size;

	/* Built once: often they are there before whoever takes them sleeps. */
	size = ringdev_build(&self->dev, data, 1, 0, NUMBERED_MIN);
	for (i = 0; i < goal; i++) {
		if (i == goal / 2) {
			/* The rest on one processor, as in ring_wake. */
			ASSERT_EQ(0, one_processor(0));
			if (consumer(self))
				ASSERT_EQ(0, one_processor(consumer(self)));
		}
		delay(&self->seed);
		count = random_below(&self->seed, 4) ? 1 :
			1 + random_below(&self->seed, 5);
		packets += count;
		while (count--)
			ASSERT_TRUE(ringmem_put(&self->mem, data, size));
		ASSERT_EQ(0, ringmem_submit(&self->mem));
		ASSERT_TRUE(drained(&self->mem, &waits)) {
			TH_LOG("%u bytes wait after %lu transitions",
			       self->mem.tx_at - ringmem_load(&self->mem
				       .kernel->tx_consumer), i);
		}
	}
	EXPECT_EQ(packets, self->mem.kernel->tx_packets);
	EXPECT_EQ(self->mem.calls, self->mem.kernel->tx_kicks);
	printf("# %lu transitions, %lu packets, %lu kicks, %lu sleeps: ", goal,
	       packets, self->mem.calls, waits);
	printf("%.3f system calls per packet, %llu ms\n",
	       (double)(self->mem.calls + waits) / packets,
	       (unsigned long long)(now_ms() - start));
	fflush(stdout);
}

TEST_F_TIMEOUT(ring_kick, kick_eventfd, 60)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const uint64_t one = 1;
	unsigned int i;

	ASSERT_LE(0, event);
	ASSERT_EQ(0, ring_eventfd(self->dev.fd, -1, event));
	for (i = 1; i <= 100; i++) {
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, 0, 100));
		ringmem_publish(&self->mem);
		ASSERT_EQ((ssize_t)sizeof(one), write(event, &one,
						      sizeof(one)));
		ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
		EXPECT_EQ(i, self->mem.kernel->tx_packets);
	}
	/* Without it, nobody hears. */
	ASSERT_EQ(0, ring_eventfd(self->dev.fd, -1, -1));
	ASSERT_EQ(0, until_asleep(self));
	ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, 0, 100));
	ringmem_publish(&self->mem);
	ASSERT_EQ((ssize_t)sizeof(one), write(event, &one, sizeof(one)));
	sleep_ms(QUIET_MS);
	EXPECT_FALSE(ringmem_sent(&self->mem));
	close(event);
}

/* While the flag says that it is not needed, a kick is not needed. */
TEST_F_TIMEOUT(ring_kick, polling_needs_no_kick, 600)
{
	unsigned long waits = 0;
	unsigned int i, kicks;
	uint64_t start;

	if (!variant->poll_us)
		SKIP(return, "for a thread that polls");
	ASSERT_EQ(0, ring_drive(self->dev.fd, variant->drive, 0, 1000000,
				NULL));
	ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, 0, 100));
	ASSERT_EQ(0, ringmem_submit(&self->mem));
	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	kicks = self->mem.calls;
	start = now_ms();
	for (i = 0; i < 1000; i++) {
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, 0, 100));
		ASSERT_EQ(0, ringmem_submit(&self->mem));
		ASSERT_TRUE(drained(&self->mem, &waits));
	}
	printf("# 1000 submissions, %lu kicks\n", self->mem.calls - kicks);
	/* A busy machine may keep us away: it looks for a second before each. */
	EXPECT_LE(self->mem.calls - kicks, (now_ms() - start) / 1000 + 1);
	/* And then it sleeps, and says so. */
	EXPECT_EQ(0, wait_for(need_wakeup, &self->mem, DEADLINE_MS));
}

TEST_F_TIMEOUT(ring_kick, wait_for_room, 60)
{
	const int fd = self->dev.fd;

	EXPECT_EQ(MYTUN_WAIT_TX, ring_wait(fd, MYTUN_WAIT_TX, 0));
	EXPECT_EQ(POLLOUT, wait_events(fd, POLLOUT, 0));
	EXPECT_EQ(-EINVAL, ring_wait(fd, MYTUN_WAIT_RX, 0));
	ASSERT_EQ(0, until_asleep(self));
	while (ringdev_put(&self->dev, &self->mem, 1, 0, 100))
		;
	ringmem_publish(&self->mem);
	EXPECT_EQ(0, ring_wait(fd, MYTUN_WAIT_TX, QUIET_MS));
	EXPECT_EQ(0, wait_events(fd, POLLOUT, 0));
	ASSERT_EQ(0, ring_kick(fd));
	EXPECT_EQ(MYTUN_WAIT_TX, ring_wait(fd, MYTUN_WAIT_TX, DEADLINE_MS));
	EXPECT_EQ(POLLOUT, wait_events(fd, POLLOUT, DEADLINE_MS));
}

TEST_HARNESS_MAIN
