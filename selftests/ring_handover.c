// SPDX-License-Identifier: GPL-2.0
/*
 * Rings outlive a process: whoever is given the fd maps them and goes on.
 * Cleanly handed over, each packet is seen once; after kill -9, records that
 * were not given back are seen again, and records that were not submitted
 * never were.
 */
#include "device.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "qdisc.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		3600		/* seconds for one test, all counts */
#define WORKERS		6		/* five hand-overs */
#define FLIGHT		2000		/* packets on the way */
#define BATCH		32

/* What the processes of one test share. */
struct shared {
	uint32_t next;		/* number of the next packet out of RX */
	uint32_t wrong;		/* packets that were not the next one */
	uint32_t worked[WORKERS];
	/* Of the process that is killed. */
	uint32_t seen;		/* behind the last packet looked at */
	uint32_t releasing;	/* behind the last one given back, before and */
	uint32_t released;	/* after that was told to the kernel */
	uint32_t written;	/* packets written into TX */
	uint32_t submitting;	/* packets submitted, likewise */
	uint32_t submitted;
};

FIXTURE(ring_handover)
{
	struct ringdev dev;
	struct shared *shared;
	struct ringdev_flow flow;
	struct numbered_tally tally;
	uint64_t seed;
	int fd;
};

FIXTURE_VARIANT(ring_handover)
{
	uint32_t drive;
	uint32_t poll_us;
};

FIXTURE_VARIANT_ADD(ring_handover, caller) { .drive = MYTUN_DRIVE_CALLER };
FIXTURE_VARIANT_ADD(ring_handover, thread)
{
	.drive = MYTUN_DRIVE_THREAD, .poll_us = 50,
};

FIXTURE_SETUP(ring_handover)
{
	REQUIRE_RING();
	self->shared = mmap(NULL, sizeof(*self->shared),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->shared);
	ASSERT_EQ(0, netns_private());
	self->seed = random_seed();
	self->dev.fd = -1;
	self->dev.source = -1;
	self->dev.sink = -1;
}

FIXTURE_TEARDOWN(ring_handover)
{
	ringdev_destroy(&self->dev);
}

/* The device with its rings; not mapped by this process. */
static void make(struct __test_metadata *_metadata,
		 FIXTURE_DATA(ring_handover) *self,
		 const FIXTURE_VARIANT(ring_handover) *variant)
{
	struct mytun_ring ring = {
		.rx_size = RING_SMALL, .tx_size = RING_SMALL,
		.position = 0U - RING_SMALL,
	};

	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI |
				    IFF_BACKPRESSURE, 42));
	self->fd = self->dev.fd;
	/* One that holds them all, and drops none for being late. */
	ASSERT_EQ(0, qdisc_replace(self->dev.ifindex, "pfifo", 4 * FLIGHT));
	ASSERT_EQ(0, ring_make(self->fd, &ring));
	ASSERT_EQ(0, ring_drive(self->fd, variant->drive, 0, variant->poll_us,
				NULL));
	self->flow.dev = &self->dev;
	self->flow.socket = -1;
	self->flow.stream = 1;
	self->flow.size_min = NUMBERED_MIN;
	self->flow.size_max = 600;
	self->flow.window_packets = FLIGHT;
	self->flow.seed = random_next(&self->seed);
}

/* A packet of the stack, turned round: checksums stay right. */
static void turn_round(uint8_t *packet)
{
	uint8_t field[4];

	memcpy(field, packet + 12, 4);
	memcpy(packet + 12, packet + 16, 4);
	memcpy(packet + 16, field, 4);
	memcpy(field, packet + 20, 2);
	memcpy(packet + 20, packet + 22, 2);
	memcpy(packet + 22, field, 2);
}

/* Send back up to max packets. False: TX is full. */
static bool echo_some(struct ringmem *mem, struct shared *shared, int index,
		      unsigned int max)
{
	struct mytun_record *record, *reply;
	uint32_t stream, number;

	while (max-- && (record = ringmem_peek(mem))) {
		if (record_fault(record, RING_SMALL) ||
		    !numbered_parse(record_data(record), record->len, false,
				    &stream, &number) ||
		    number != shared->next)
			shared->wrong++;
		reply = ringmem_reserve(mem, record->len);
		if (!reply)
			return false;
		memcpy(record_data(reply), record_data(record), record->len);
		turn_round(record_data(reply));
		ringmem_push(mem);
		ringmem_next(mem);
		shared->next++;
		shared->worked[index]++;
	}
	return true;
}

/*
 * One of the processes: is given the rings, sends back quota packets, and
 * gives them to the next one while more packets come.
 */
static int worker(struct shared *shared, int index, int from, int to,
		  uint32_t quota)
{
	struct ringmem mem;
	uint32_t left;
	int ret, fd;

	fd = fd_receive(from);
	if (fd < 0)
		return 10;
	if (ringmem_map(&mem, fd))
		return 11;
	/* What the one before submitted and had no time to kick for. */
	ringmem_submit(&mem);
	while (shared->worked[index] < quota) {
		left = quota - shared->worked[index];
		if (!echo_some(&mem, shared, index,
			       left < BATCH ? left : BATCH))
			ring_wait(fd, MYTUN_WAIT_TX, 100);
		if (ringmem_submit(&mem) < 0)
			return 12;
		if (shared->worked[index] >= quota || !ringmem_idle(&mem))
			continue;
		ret = ring_wait(fd, MYTUN_WAIT_RX, DEADLINE_MS);
		if (ret <= 0)
			return 13;
	}
	/* Give back all, submit all, and nothing more. */
	ringmem_release(&mem);
	ringmem_publish(&mem);
	if (to >= 0) {
		ringmem_unmap(&mem);
		return fd_send(to, fd) ? 14 : 0;
	}
	ring_kick(fd);
	return 0;
}

/* Replies come to the socket that sent. How many, after waiting for one. */
static unsigned int count_replies(FIXTURE_DATA(ring_handover) *self, int ms)
{
	uint32_t stream, number;
	unsigned int count = 0;
	int size;

	for (;;) {
		size = ringdev_receive(self->dev.source, &stream, &number,
				       count ? 0 : ms);
		if (size == -ETIMEDOUT)
			return count;
		count++;
		if (size < 0)
			self->tally.broken++;
		else
			numbered_count(&self->tally, number, size);
	}
}

TEST_F_TIMEOUT(ring_handover, clean, LIMIT)
{
	const unsigned long count = scaled(1000000) / WORKERS * WORKERS;
	struct shared *shared = self->shared;
	int link[WORKERS][2], i, status;
	unsigned long seen = 0;
	unsigned int got;
	pid_t pid[WORKERS];

	/* They are there before the rings: nothing is inherited. */
	for (i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, link[i]));
	for (i = 0; i < WORKERS; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (pid[i])
			continue;
		_exit(worker(shared, i, link[i][0],
			     i + 1 < WORKERS ? link[i + 1][1] : -1,
			     count / WORKERS));
	}
	make(_metadata, self, variant);
	self->flow.count = count;
	ASSERT_EQ(0, ringdev_flow_start(&self->flow));
	ASSERT_EQ(0, fd_send(link[0][1], self->fd));
	while (seen < count) {
		got = count_replies(self, DEADLINE_MS);
		ASSERT_NE(0, got) {
			TH_LOG("%lu of %lu came back, %u were taken", seen,
			       count, shared->next);
		}
		seen += got;
		ringdev_flow_done(&self->flow, got, 0);
	}
	EXPECT_EQ(0, ringdev_flow_join(&self->flow));
	for (i = 0; i < WORKERS; i++) {
		status = wait_child(pid[i], DEADLINE_MS);
		EXPECT_EQ(0, status) {
			TH_LOG("process %d: exit %d", i, WEXITSTATUS(status));
		}
		EXPECT_EQ(count / WORKERS, shared->worked[i]);
		close(link[i][0]);
		close(link[i][1]);
	}
	EXPECT_EQ(0, shared->wrong);
	EXPECT_EQ(count, shared->next);
	EXPECT_TRUE(numbered_print(&self->tally, "through 5 hand-overs"));
	EXPECT_EQ(count, self->tally.packets);
	/* Nor did one come twice, later. */
	EXPECT_EQ(0, count_replies(self, QUIET_MS));
	EXPECT_EQ(0, ethtool_counter(self->dev.name, "tx_drop_full"));
}

/*
 * The process that will be killed: takes packets and writes others, and keeps
 * a record of what it told the kernel, before and after it did so.
 */
static int victim(struct shared *shared, struct ringdev *dev, uint32_t stream,
		  uint64_t seed)
{
	struct mytun_record *record;
	struct ringmem mem;
	uint32_t from, number;
	bool first = true, right;

	if (ringmem_map(&mem, dev->fd))
		return 20;
	for (;;) {
		while ((record = ringmem_peek(&mem))) {
			if (record_fault(record, RING_SMALL) ||
			    !ringdev_parse(dev, record_data(record),
					   record->len, &from, &number))
				return 21;
			/* What was not given back is there again. */
			if (first)
				right = number == shared->released ||
					number == shared->releasing;
			else
				right = number == shared->next;
			if (!right)
				shared->wrong++;
			first = false;
			shared->next = number + 1;
			__atomic_store_n(&shared->seen, number + 1,
					 __ATOMIC_RELEASE);
			ringmem_next(&mem);
			if (random_below(&seed, 16))
				continue;
			__atomic_store_n(&shared->releasing, number + 1,
					 __ATOMIC_SEQ_CST);
			ringmem_release(&mem);
			__atomic_store_n(&shared->released, number + 1,
					 __ATOMIC_SEQ_CST);
		}
		if (ringdev_put(dev, &mem, stream, shared->written, 100))
			__atomic_fetch_add(&shared->written, 1,
					   __ATOMIC_SEQ_CST);
		else
			ring_wait(dev->fd, MYTUN_WAIT_TX, 1);
		if (!random_below(&seed, 16)) {
			__atomic_store_n(&shared->submitting, shared->written,
					 __ATOMIC_SEQ_CST);
			ringmem_submit(&mem);
			__atomic_store_n(&shared->submitted, shared->written,
					 __ATOMIC_SEQ_CST);
		}
		if (!random_below(&seed, 8))
			sched_yield();
	}
}

/* What the one that was killed had submitted, and only that, is delivered. */
static void check_submitted(struct __test_metadata *_metadata,
			    FIXTURE_DATA(ring_handover) *self, uint32_t stream,
			    unsigned long *unsubmitted)
{
	struct shared *shared = self->shared;
	uint32_t from, number, count = 0;
	int size;

	for (;;) {
		size = ringdev_sink(&self->dev, &from, &number,
				    count < shared->submitted ? DEADLINE_MS :
							       QUIET_MS);
		if (size == -ETIMEDOUT)
			break;
		ASSERT_LT(0, size);
		EXPECT_EQ(stream, from);
		EXPECT_EQ(count, number);
		count = number + 1;
	}
	EXPECT_LE(shared->submitted, count);
	EXPECT_GE(shared->submitting, count);
	*unsubmitted += shared->written - count;
}

TEST_F_TIMEOUT(ring_handover, killed, LIMIT)
{
	const unsigned int rounds = 15 + scaled(100);
	struct shared *shared = self->shared;
	unsigned long again = 0, unsubmitted = 0;
	unsigned int i;
	int status;
	pid_t pid;

	make(_metadata, self, variant);
	self->flow.count = 1UL << 30;
	self->flow.window_packets = 0;
	/* It waits where there is no room: sockets have a limit. */
	i = 1 << 18;
	ASSERT_EQ(0, setsockopt(self->dev.source, SOL_SOCKET, SO_SNDBUF, &i,
				sizeof(i)));
	ASSERT_EQ(0, ringdev_flow_start(&self->flow));
	/* More of them until each case has been met. */
	for (i = 0; i < rounds ||
	     (i < 20 * rounds && (!unsubmitted || !again)); i++) {
		shared->written = 0;
		shared->submitting = 0;
		shared->submitted = 0;
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(victim(shared, &self->dev, i,
				     random_next(&self->seed) + i));
		sleep_ms(20 + random_below(&self->seed, 100));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		status = wait_child(pid, DEADLINE_MS);
		ASSERT_TRUE(WIFSIGNALED(status)) {
			TH_LOG("exit %d", WEXITSTATUS(status));
		}
		again += shared->seen - shared->released;
		/* The kick that it had no time for. */
		ASSERT_LE(0, ring_kick(self->fd));
		/* All that it had submitted was taken, and so delivered. */
		ASSERT_EQ(MYTUN_WAIT_TX, ring_wait(self->fd, MYTUN_WAIT_TX,
						   DEADLINE_MS));
		check_submitted(_metadata, self, i, &unsubmitted);
	}
	EXPECT_EQ(0, shared->wrong);
	printf("# %u killed: %u packets received, %lu of them seen again; ", i,
	       shared->next, again);
	printf("%lu written but not submitted, none of them delivered\n",
	       unsubmitted);
	fflush(stdout);
	EXPECT_LT(0, shared->next);
	EXPECT_LT(0, again);
	EXPECT_LT(0, unsubmitted);
	/* The sender may be waiting for room: without a device there is no end. */
	__atomic_store_n(&self->flow.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, link_delete(self->dev.name));
	ringdev_flow_join(&self->flow);
}

TEST_HARNESS_MAIN
