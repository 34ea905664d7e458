// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* What only rings have, and what is got where there are none. */
#include <fcntl.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "fake.h"
#include "packet.h"
#include "stack.h"

#define AREA	(128U << 10)

/* What a test and its threads share. */
#define SELF	FIXTURE_DATA(ring)

FIXTURE(ring) {
	struct fake fake;
	struct mytun_options options;
	struct mytun_queue *queue;
	struct stack stack;
};

FIXTURE_SETUP(ring)
{
	mytun_options_init(&self->options);
	self->options.rx_size = AREA;
	self->options.tx_size = AREA;
	self->options.position = 0U - 64;
	self->stack.fake = &self->fake;
	fake_start(&self->fake, MYTUN_MODE_RING);
}

FIXTURE_TEARDOWN(ring)
{
	mytun_close(self->queue);
	EXPECT_EQ(0, atomic_load(&self->fake.bad));
	fake_stop(&self->fake);
}

static int attach(SELF *self)
{
	return mytun_attach(&self->queue, self->fake.fd, &self->options);
}

/* As a new process does that was given the file. */
static int hand_over(SELF *self)
{
	int fd = mytun_detach(self->queue);

	self->queue = NULL;
	return fd < 0 ? fd : mytun_attach(&self->queue, fd, NULL);
}

static void put(SELF *self, __u32 number)
{
	unsigned char data[1000];

	packet_fill(data, number, sizeof(data));
	if (!fake_put(&self->fake, data, sizeof(data)))
		atomic_fetch_add(&self->stack.wrong, 1);
}

TEST_F(ring, positions_are_taken_over)
{
	struct mytun_record *records[8];
	unsigned char data[FAKE_LEN_MAX];
	__u32 i;

	ASSERT_EQ(0, attach(self));
	for (i = 0; i < 6; i++)
		put(self, i);
	ASSERT_EQ(4, mytun_peek(self->queue, records, 4));
	ASSERT_EQ(0, mytun_release(self->queue, 1));
	/* Finished, but an older one was not: not released. */
	ASSERT_EQ(0, mytun_done(self->queue, records[2]));
	ASSERT_EQ(2, mytun_reserve(self->queue, records, 2, 500));
	packet_fill(mytun_data(records[0]), 7, 500);
	ASSERT_EQ(0, mytun_submit(self->queue, 1));

	ASSERT_EQ(0, hand_over(self));
	ASSERT_EQ(MYTUN_MODE_RING, mytun_mode(self->queue));
	put(self, 6);
	ASSERT_EQ(6, mytun_peek(self->queue, records, 8));
	for (i = 0; i < 6; i++) {
		ASSERT_TRUE(packet_good(mytun_data(records[i]), i + 1,
					records[i]->len));
		ASSERT_EQ(0, records[i]->flags);
	}
	ASSERT_EQ(0, mytun_release(self->queue, MYTUN_ALL));
	/* Submitted, and not yet taken; what was only reserved never was. */
	ASSERT_EQ(1, mytun_reserve(self->queue, records, 1, 600));
	packet_fill(mytun_data(records[0]), 8, 600);
	ASSERT_EQ(0, mytun_submit(self->queue, 1));
	ASSERT_EQ(500, fake_take(&self->fake, data));
	ASSERT_TRUE(packet_good(data, 7, 500));
	ASSERT_EQ(600, fake_take(&self->fake, data));
	ASSERT_TRUE(packet_good(data, 8, 600));
	ASSERT_EQ(0, fake_take(&self->fake, data));
}

/* Every packet once, through hundreds of owners of the file. */
TEST_F_TIMEOUT(ring, hand_over_under_load, 300)
{
	struct mytun_record *record;
	__u32 state = 2, in = 0, out = 0, owners = 1, len;
	pthread_t sends, receives;

	self->stack.count = scaled(500000);
	ASSERT_EQ(0, attach(self));
	pthread_create(&sends, NULL, stack_sends, &self->stack);
	pthread_create(&receives, NULL, stack_receives, &self->stack);
	while (in < self->stack.count || out < self->stack.count) {
		if (mytun_peek(self->queue, &record, 1) == 1) {
			/* Some are peeked and not released. */
			if (random_next(&state) % 200 == 0) {
				ASSERT_EQ(0, hand_over(self));
				owners++;
				continue;
			}
			ASSERT_TRUE(packet_good(mytun_data(record), in++,
						record->len));
			ASSERT_EQ(0, mytun_release(self->queue, 1));
		}
		if (out == self->stack.count ||
		    mytun_reserve(self->queue, &record, 1,
				  packet_len(&state)) != 1) {
			sched_yield();
		} else {
			len = record->len;
			packet_fill(mytun_data(record), out, len);
			/* Some are reserved and not submitted. */
			if (random_next(&state) % 200 == 0) {
				ASSERT_EQ(0, hand_over(self));
				owners++;
				continue;
			}
			out++;
			ASSERT_EQ(0, mytun_submit(self->queue, 1));
		}
	}
	pthread_join(sends, NULL);
	pthread_join(receives, NULL);
	ASSERT_EQ(0, atomic_load(&self->stack.wrong));
	ASSERT_LT(self->stack.count / 400, owners);
	TH_LOG("%u packets each way, %u owners", self->stack.count, owners);
}

/* The older of two records for one thread, the younger for another. */
struct couple {
	SELF *self;
	struct mytun_record *younger;
	int (*finish)(struct mytun_queue *queue, struct mytun_record *record);
	atomic_uint begun, ended;
	atomic_bool over;
};

static void spin(__u32 times)
{
	while (times--)
		atomic_signal_fence(memory_order_seq_cst);
}

/* Waits for the other thread, which may have no processor. */
static void meet(atomic_uint *number, unsigned int wanted, atomic_bool *over)
{
	unsigned int looks = 0;

	while (atomic_load(number) != wanted && !atomic_load(over)) {
		if (++looks % 4096 == 0)
			sched_yield();
	}
}

static void *finish_younger(void *argument)
{
	struct couple *couple = argument;
	__u32 state = 17;
	unsigned int i;

	for (i = 1;; i++) {
		meet(&couple->begun, i, &couple->over);
		if (atomic_load(&couple->over))
			return NULL;
		spin(random_next(&state) % 64);
		couple->finish(couple->self->queue, couple->younger);
		atomic_store(&couple->ended, i);
	}
}

static void finish_both(struct couple *couple, struct mytun_record **records,
			unsigned int number, __u32 *state)
{
	couple->younger = records[1];
	atomic_store(&couple->begun, number);
	spin(random_next(state) % 64);
	couple->finish(couple->self->queue, records[0]);
	meet(&couple->ended, number, &couple->over);
}

/* Whoever is first, none of the two is left behind. */
TEST_F_TIMEOUT(ring, two_finish_at_once, 300)
{
	struct couple couple = { .self = self, .finish = mytun_done };
	struct mytun_record *records[2];
	unsigned char data[FAKE_LEN_MAX];
	__u32 state = 19, i;
	pthread_t thread;

	ASSERT_EQ(0, attach(self));
	self->stack.count = scaled(5000000);
	ASSERT_EQ(0, pthread_create(&thread, NULL, finish_younger, &couple));
	memset(data, 0, sizeof(data));
	for (i = 1; i <= self->stack.count; i++) {
		ASSERT_TRUE(fake_put(&self->fake, data, 20));
		ASSERT_TRUE(fake_put(&self->fake, data, 20));
		ASSERT_EQ(2, mytun_peek(self->queue, records, 2));
		finish_both(&couple, records, i, &state);
		ASSERT_EQ(self->queue->rx.cursor, self->fake.user->rx_consumer);
	}
	atomic_store(&couple.over, true);
	pthread_join(thread, NULL);

	couple = (struct couple){ .self = self, .finish = mytun_filled };
	ASSERT_EQ(0, pthread_create(&thread, NULL, finish_younger, &couple));
	for (i = 1; i <= self->stack.count; i++) {
		ASSERT_EQ(2, mytun_reserve(self->queue, records, 2, 20));
		finish_both(&couple, records, i, &state);
		ASSERT_EQ(self->queue->tx.cursor, self->fake.user->tx_producer);
		ASSERT_EQ(20, fake_take(&self->fake, data));
		ASSERT_EQ(20, fake_take(&self->fake, data));
	}
	atomic_store(&couple.over, true);
	pthread_join(thread, NULL);
}

TEST_F(ring, senseless_positions_are_refused)
{
	int fd;

	ASSERT_EQ(0, attach(self));
	fd = mytun_detach(self->queue);
	self->queue = NULL;
	self->fake.user->rx_consumer += 64;
	ASSERT_EQ(-EPROTO, mytun_attach(&self->queue, fd, NULL));
	self->fake.user->rx_consumer -= 64;
	self->fake.user->tx_producer += 2;
	ASSERT_EQ(-EPROTO, mytun_attach(&self->queue, fd, NULL));
	self->fake.user->tx_producer -= 2;
	ASSERT_EQ(0, mytun_attach(&self->queue, fd, NULL));
}

/* Not before half of the ring is free, and then once. */
TEST_F(ring, a_stopped_queue_is_kicked)
{
	struct mytun_record *records[AREA / 1088 + 1];
	unsigned int kicks, half, all = 0;
	unsigned char data[1000];
	__u32 size;

	self->fake.backpressure = true;
	ASSERT_EQ(0, attach(self));
	packet_fill(data, 1, sizeof(data));
	while (fake_put(&self->fake, data, sizeof(data)))
		all++;
	kicks = atomic_load(&self->fake.kicks);
	ASSERT_EQ(all, mytun_peek(self->queue, records, all + 1));
	size = records[0]->size;
	ASSERT_EQ(AREA / size, all);
	/* The last count with which more than half is in use. */
	for (half = 0; (all - half) * size > AREA / 2; half++)
		;
	ASSERT_EQ(0, mytun_release(self->queue, half - 1));
	ASSERT_EQ(kicks, atomic_load(&self->fake.kicks));
	ASSERT_EQ(0, mytun_release(self->queue, 1));
	ASSERT_EQ(kicks + 1, atomic_load(&self->fake.kicks));
	ASSERT_TRUE(fake_put(&self->fake, data, sizeof(data)));
	ASSERT_EQ(0, mytun_release(self->queue, 1));
	ASSERT_EQ(kicks + 1, atomic_load(&self->fake.kicks));
}

/* One for each submit while nobody looks, none while somebody does. */
TEST_F(ring, kicks_only_where_asked_for)
{
	struct mytun_record *record;
	unsigned char data[FAKE_LEN_MAX];
	int i;

	ASSERT_EQ(0, attach(self));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 10));
		ASSERT_EQ(0, mytun_submit(self->queue, 1));
		ASSERT_EQ(i + 1, atomic_load(&self->fake.kicks));
	}
	self->fake.kernel->tx_flags = 0;
	ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 10));
	ASSERT_EQ(0, mytun_submit(self->queue, 1));
	ASSERT_EQ(3, atomic_load(&self->fake.kicks));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(10, fake_take(&self->fake, data));
}

TEST_F(ring, without_memory_there_are_batches)
{
	const int errors[] = { EOPNOTSUPP, ENOBUFS, ENOMEM };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		self->fake.ring_error = errors[i];
		ASSERT_EQ(0, attach(self));
		ASSERT_EQ(MYTUN_MODE_BATCH, mytun_mode(self->queue));
		ASSERT_EQ(-errors[i], mytun_fallback(self->queue));
		ASSERT_EQ(self->fake.fd, mytun_detach(self->queue));
		self->queue = NULL;
	}
	/* These are no reason to do without. */
	self->fake.ring_error = EPERM;
	ASSERT_EQ(-EPERM, attach(self));
	self->fake.ring_error = ENOBUFS;
	self->options.modes = MYTUN_MODE_SET(MYTUN_MODE_RING);
	ASSERT_EQ(-ENOBUFS, attach(self));
}

TEST_F(ring, modes_are_those_allowed)
{
	self->options.modes = MYTUN_MODE_SET(MYTUN_MODE_BATCH);
	ASSERT_EQ(0, attach(self));
	ASSERT_EQ(MYTUN_MODE_BATCH, mytun_mode(self->queue));
	ASSERT_EQ(0, mytun_fallback(self->queue));
	ASSERT_EQ(-EOPNOTSUPP, mytun_set_drive(self->queue,
					       MYTUN_DRIVE_NAPI, 0, 0));
	ASSERT_EQ(self->fake.fd, mytun_detach(self->queue));
	self->options.modes = MYTUN_MODE_SET(MYTUN_MODE_PLAIN);
	ASSERT_EQ(0, attach(self));
	ASSERT_EQ(MYTUN_MODE_PLAIN, mytun_mode(self->queue));
	ASSERT_EQ(0, self->fake.batch_flags);
	ASSERT_EQ(self->fake.fd, mytun_detach(self->queue));
	self->options.modes = 0;
	ASSERT_EQ(0, attach(self));
	ASSERT_EQ(MYTUN_MODE_RING, mytun_mode(self->queue));
	ASSERT_EQ(self->fake.fd, mytun_detach(self->queue));
	self->queue = NULL;
	/* Now it has rings, and nothing else can be used beside them. */
	self->options.modes = MYTUN_MODE_SET(MYTUN_MODE_BATCH);
	ASSERT_EQ(-EBUSY, attach(self));
}

TEST_F(ring, detach_keeps_what_waits_in_our_memory)
{
	struct mytun_record *record;

	self->options.modes = MYTUN_MODE_SET(MYTUN_MODE_BATCH);
	ASSERT_EQ(0, attach(self));
	self->fake.mode = MYTUN_MODE_BATCH;
	put(self, 1);
	ASSERT_EQ(1, mytun_peek(self->queue, &record, 1));
	ASSERT_EQ(-EBUSY, mytun_detach(self->queue));
	ASSERT_EQ(0, mytun_release(self->queue, 1));
	ASSERT_EQ(self->fake.fd, mytun_detach(self->queue));
	self->queue = NULL;
}

TEST_F(ring, options_grow_by_size)
{
	struct {
		struct mytun_options known;
		unsigned char unknown[8];
	} options;

	memset(&options, 0, sizeof(options));
	options.known = self->options;
	options.known.size = sizeof(options);
	ASSERT_EQ(0, mytun_attach(&self->queue, self->fake.fd,
				  &options.known));
	ASSERT_EQ(self->fake.fd, mytun_detach(self->queue));
	self->queue = NULL;
	options.unknown[7] = 1;
	ASSERT_EQ(-E2BIG, mytun_attach(&self->queue, self->fake.fd,
				       &options.known));
	self->options.size = 8;
	ASSERT_EQ(-EINVAL, attach(self));
	self->options.size = sizeof(self->options);
	self->options.head_room = 4;
	ASSERT_EQ(-EINVAL, attach(self));
	self->options.head_room = MYTUN_ROOM_MAX + 8;
	ASSERT_EQ(-EINVAL, attach(self));
	self->options.head_room = 0;
	self->options.rx_size = 3 << 16;
	ASSERT_EQ(-EINVAL, attach(self));
	self->options.rx_size = 0;
	self->options.position = 1;
	ASSERT_EQ(-EINVAL, attach(self));
	self->options.position = 0;
	self->options.modes = 8;
	ASSERT_EQ(-EINVAL, attach(self));
	self->options.modes = 0;
	self->options.name = "sixteen.letters.";
	ASSERT_EQ(-ENAMETOOLONG, attach(self));
	ASSERT_EQ(-EBADF, mytun_attach(&self->queue, 9999, NULL));
}

TEST_F(ring, counters_grow_by_size)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	struct mytun_record *record;

	ASSERT_EQ(0, attach(self));
	ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 10));
	ASSERT_EQ(0, mytun_submit(self->queue, 1));
	self->fake.kernel->tx_refused = 5;
	self->fake.kernel->rx_full = 6;
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	ASSERT_EQ(1, counters.kicks);
	ASSERT_EQ(5, counters.refused);
	ASSERT_EQ(6, counters.lost);
	memset(&counters, 0xff, sizeof(counters));
	counters.size = offsetof(struct mytun_counters, writes);
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	ASSERT_EQ(0, counters.reads);
	ASSERT_EQ(~0ULL, counters.writes);
	counters.size = 4;
	ASSERT_EQ(-EINVAL, mytun_count(self->queue, &counters));
}

TEST_F(ring, a_device_is_opened_by_its_path)
{
	struct mytun_queue *queues[1];

	self->options.path = "/fake/nothing";
	ASSERT_EQ(-ENOENT, mytun_open(queues, 1, &self->options));
	ASSERT_EQ(-EINVAL, mytun_open(queues, 0, &self->options));
	ASSERT_STREQ("ring", mytun_mode_name(MYTUN_MODE_RING));
	ASSERT_STREQ("batch", mytun_mode_name(MYTUN_MODE_BATCH));
	ASSERT_STREQ("plain", mytun_mode_name(MYTUN_MODE_PLAIN));
	ASSERT_EQ(NULL, mytun_mode_name((enum mytun_mode)3));
	close(self->fake.fd);
}

TEST_HARNESS_MAIN
