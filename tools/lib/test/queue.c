// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * One queue and a fake kernel, in each of the modes: the same calls give the
 * same results. What only rings have is in ring.c.
 */
#include <sched.h>
#include <time.h>

#include "kselftest_harness.h"
#include "fake.h"
#include "packet.h"
#include "stack.h"

#define AREA	(256U << 10)
#define WORKERS	4
#define SECOND	1000000000LL

/* What a test and its threads share. */
#define SELF	FIXTURE_DATA(queue)

FIXTURE(queue) {
	struct fake fake;
	struct mytun_queue *queue;
	struct stack stack;
	atomic_bool over;
};

FIXTURE_VARIANT(queue) {
	enum mytun_mode mode;
};

FIXTURE_VARIANT_ADD(queue, ring) {
	.mode = MYTUN_MODE_RING,
};

FIXTURE_VARIANT_ADD(queue, batch) {
	.mode = MYTUN_MODE_BATCH,
};

FIXTURE_VARIANT_ADD(queue, plain) {
	.mode = MYTUN_MODE_PLAIN,
};

/* Positions begin so that they pass 2^32 early. */
FIXTURE_SETUP(queue)
{
	struct mytun_options options;

	mytun_options_init(&options);
	options.rx_size = AREA;
	options.tx_size = AREA;
	options.head_room = 64;
	options.tail_room = 40;
	options.position = 0U - 2 * AREA;
	self->stack.fake = &self->fake;
	fake_start(&self->fake, variant->mode);
	ASSERT_EQ(0, mytun_attach(&self->queue, self->fake.fd, &options));
	ASSERT_EQ(variant->mode, mytun_mode(self->queue));
}

FIXTURE_TEARDOWN(queue)
{
	mytun_close(self->queue);
	EXPECT_EQ(0, atomic_load(&self->fake.bad));
	fake_stop(&self->fake);
}

TEST_F_TIMEOUT(queue, receives_in_order, 300)
{
	struct mytun_record *records[64];
	__u32 state = 2, next = 0, held = 0, part;
	pthread_t stack;
	int got, i;

	self->stack.count = scaled(1000000);
	ASSERT_EQ(0, pthread_create(&stack, NULL, stack_sends, &self->stack));
	while (next < self->stack.count) {
		got = mytun_peek(self->queue, records,
				 1 + random_next(&state) % 64);
		ASSERT_LE(0, got);
		for (i = 0; i < got; i++) {
			ASSERT_EQ(64, mytun_head_room(records[i]));
			ASSERT_LE(40, mytun_tail_room(records[i]));
			ASSERT_TRUE(packet_good(mytun_data(records[i]), next,
						records[i]->len));
			next++;
		}
		held += (__u32)got;
		/* Some stay for later, but not all when nothing comes. */
		part = got ? random_next(&state) % (held + 1) : held;
		ASSERT_EQ(0, mytun_release(self->queue, part));
		held -= part;
		if (!got)
			ASSERT_LE(0, mytun_wait(self->queue, MYTUN_WAIT_RX,
						SECOND));
	}
	ASSERT_EQ(0, mytun_release(self->queue, MYTUN_ALL));
	ASSERT_EQ(0, mytun_peek(self->queue, records, 1));
	pthread_join(stack, NULL);
}

TEST_F_TIMEOUT(queue, sends_in_order, 300)
{
	struct mytun_record *records[16];
	__u32 state = 3, next = 0, len, left;
	pthread_t stack;
	int got, i;

	self->stack.count = scaled(1000000);
	self->fake.thread_drive = true;
	ASSERT_EQ(0, pthread_create(&stack, NULL, stack_receives,
				    &self->stack));
	while (next < self->stack.count) {
		len = packet_len(&state);
		got = mytun_reserve(self->queue, records,
				    1 + random_next(&state) % 16, len);
		ASSERT_LE(0, got);
		if (!got) {
			ASSERT_LE(0, mytun_wait(self->queue, MYTUN_WAIT_TX,
						SECOND));
			continue;
		}
		/* Some are not needed. */
		if (got > 1 && !(random_next(&state) % 4))
			got -= (int)mytun_unreserve(self->queue, 1);
		left = self->stack.count - next;
		if ((__u32)got > left) {
			mytun_unreserve(self->queue, (__u32)got - left);
			got = (int)left;
		}
		for (i = 0; i < got; i++) {
			ASSERT_EQ(64, mytun_head_room(records[i]));
			ASSERT_LE(40, mytun_tail_room(records[i]));
			packet_fill(mytun_data(records[i]), next++, len);
		}
		ASSERT_EQ(0, mytun_submit(self->queue, MYTUN_ALL));
	}
	/* A blocked socket gets the rest when it can. */
	while (mytun_wait(self->queue, MYTUN_WAIT_TX, SECOND) == 0)
		;
	pthread_join(stack, NULL);
	ASSERT_EQ(0, atomic_load(&self->stack.wrong));
	ASSERT_EQ(0, mytun_pending(self->queue, MYTUN_WAIT_TX));
}

/* A list of records for workers. */
struct work {
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct mytun_record *record[4096];
	unsigned int number[4096];
	unsigned int head, tail;
	bool over;
	struct mytun_queue *queue;
	atomic_uint failed, late, last, done;
};

static bool work_take(struct work *work, struct mytun_record **record,
		      unsigned int *number)
{
	unsigned int slot;

	pthread_mutex_lock(&work->lock);
	while (work->head == work->tail && !work->over)
		pthread_cond_wait(&work->some, &work->lock);
	if (work->head == work->tail) {
		pthread_mutex_unlock(&work->lock);
		return false;
	}
	slot = work->tail++ % 4096;
	*record = work->record[slot];
	*number = work->number[slot];
	pthread_mutex_unlock(&work->lock);
	return true;
}

static void work_put(struct work *work, struct mytun_record *record,
		     unsigned int number)
{
	unsigned int slot;

	pthread_mutex_lock(&work->lock);
	slot = work->head++ % 4096;
	work->record[slot] = record;
	work->number[slot] = number;
	pthread_cond_signal(&work->some);
	pthread_mutex_unlock(&work->lock);
}

static void work_end(struct work *work, pthread_t *threads)
{
	int i;

	pthread_mutex_lock(&work->lock);
	work->over = true;
	pthread_cond_broadcast(&work->some);
	pthread_mutex_unlock(&work->lock);
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
}

/* Long enough that others overtake. */
static void dawdle(__u32 *state)
{
	if (random_next(state) % 8)
		return;
	if (random_next(state) % 64)
		sched_yield();
	else
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static void finished(struct work *work, unsigned int number)
{
	if (atomic_exchange(&work->last, number) > number)
		atomic_fetch_add(&work->late, 1);
	atomic_fetch_add(&work->done, 1);
}

static void *worker_reads(void *argument)
{
	struct work *work = argument;
	struct mytun_record *record;
	unsigned int number;
	__u32 state;

	state = (__u32)(size_t)&record | 1;
	while (work_take(work, &record, &number)) {
		dawdle(&state);
		/* Nobody has written over it while it was held. */
		if (!packet_good(mytun_data(record), number, record->len))
			atomic_fetch_add(&work->failed, 1);
		finished(work, number);
		if (mytun_done(work->queue, record))
			atomic_fetch_add(&work->failed, 1);
	}
	return NULL;
}

static void *worker_fills(void *argument)
{
	struct work *work = argument;
	struct mytun_record *record;
	unsigned int number;
	__u32 state;

	state = (__u32)(size_t)&record | 1;
	while (work_take(work, &record, &number)) {
		dawdle(&state);
		packet_fill(mytun_data(record), number, record->len);
		finished(work, number);
		if (mytun_filled(work->queue, record))
			atomic_fetch_add(&work->failed, 1);
	}
	return NULL;
}

static void work_begin(struct work *work, struct mytun_queue *queue,
		       void *(*function)(void *), pthread_t *threads)
{
	int i;

	memset(work, 0, sizeof(*work));
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->some, NULL);
	work->queue = queue;
	for (i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, function, work);
}

TEST_F_TIMEOUT(queue, four_workers_release_in_any_order, 300)
{
	struct mytun_record *records[32];
	pthread_t stack, threads[WORKERS];
	static struct work work;
	unsigned int next = 0;
	int got, i;

	self->stack.count = scaled(500000);
	work_begin(&work, self->queue, worker_reads, threads);
	ASSERT_EQ(0, pthread_create(&stack, NULL, stack_sends, &self->stack));
	while (next < self->stack.count) {
		got = mytun_wait(self->queue, MYTUN_WAIT_RX, -1);
		ASSERT_EQ(MYTUN_WAIT_RX, got);
		got = mytun_peek(self->queue, records, 32);
		ASSERT_LT(0, got);
		for (i = 0; i < got; i++)
			work_put(&work, records[i], next++);
	}
	work_end(&work, threads);
	pthread_join(stack, NULL);
	ASSERT_EQ(0, atomic_load(&work.failed));
	ASSERT_EQ(self->stack.count, atomic_load(&work.done));
	/* All went back, and some had overtaken others. */
	ASSERT_EQ(self->queue->rx.cursor, self->queue->rx.consumer);
	ASSERT_LT(0, atomic_load(&work.late));
	TH_LOG("%u records, %u overtaken", self->stack.count,
	       atomic_load(&work.late));
}

TEST_F_TIMEOUT(queue, four_workers_submit_in_any_order, 300)
{
	struct mytun_record *records[32];
	pthread_t stack, threads[WORKERS];
	static struct work work;
	unsigned int next = 0;
	__u32 state = 5, want;
	int got, i;

	self->stack.count = scaled(500000);
	self->fake.thread_drive = true;
	work_begin(&work, self->queue, worker_fills, threads);
	ASSERT_EQ(0, pthread_create(&stack, NULL, stack_receives,
				    &self->stack));
	while (next < self->stack.count) {
		want = self->stack.count - next;
		if (want > 32)
			want = 32;
		got = mytun_reserve(self->queue, records, want,
				    packet_len(&state));
		ASSERT_LE(0, got);
		for (i = 0; i < got; i++)
			work_put(&work, records[i], next++);
		if (!got)
			sched_yield();
	}
	work_end(&work, threads);
	while (mytun_wait(self->queue, MYTUN_WAIT_TX, SECOND) == 0)
		;
	pthread_join(stack, NULL);
	ASSERT_EQ(0, atomic_load(&work.failed));
	ASSERT_EQ(0, atomic_load(&self->stack.wrong));
	ASSERT_EQ(self->queue->tx.cursor, self->queue->tx.producer);
	ASSERT_LT(0, atomic_load(&work.late));
	TH_LOG("%u records, %u overtaken", self->stack.count,
	       atomic_load(&work.late));
}

/* One packet at a time, with pauses of every length around the sleep. */
static void *stack_trickles(void *argument)
{
	SELF *self = argument;
	unsigned char data[64];
	__u32 state = 7, i, spin;

	for (i = 0; i < self->stack.count; i++) {
		for (spin = random_next(&state) % 2000; spin; spin--)
			atomic_load(&self->over);
		packet_fill(data, i, sizeof(data));
		while (!fake_put(&self->fake, data, sizeof(data)))
			sched_yield();
	}
	return NULL;
}

/* A lost wake-up ends in the time limit. */
TEST_F_TIMEOUT(queue, no_wakeup_is_lost, 300)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	struct mytun_record *record;
	pthread_t stack;
	__u32 next = 0;
	int got;

	self->stack.count = scaled(1000000);
	ASSERT_EQ(0, pthread_create(&stack, NULL, stack_trickles, self));
	while (next < self->stack.count) {
		ASSERT_EQ(MYTUN_WAIT_RX,
			  mytun_wait(self->queue, MYTUN_WAIT_RX, -1));
		while ((got = mytun_peek(self->queue, &record, 1)) > 0) {
			ASSERT_TRUE(packet_good(mytun_data(record), next++,
						record->len));
			ASSERT_EQ(0, mytun_release(self->queue, 1));
		}
		ASSERT_EQ(0, got);
	}
	pthread_join(stack, NULL);
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	TH_LOG("%u packets, %llu sleeps, %u wake-ups", self->stack.count,
	       counters.waits, atomic_load(&self->fake.wakeups));
	if (variant->mode == MYTUN_MODE_RING)
		ASSERT_LE(atomic_load(&self->fake.wakeups), self->stack.count);
}

/* Records that are held neither end a sleep nor keep the next from ending it */
TEST_F_TIMEOUT(queue, sleeps_while_records_are_held, 30)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	struct mytun_record *held, *record;
	unsigned char data[100];

	packet_fill(data, 1, sizeof(data));
	ASSERT_TRUE(fake_put(&self->fake, data, sizeof(data)));
	ASSERT_EQ(MYTUN_WAIT_RX, mytun_wait(self->queue, MYTUN_WAIT_RX, -1));
	ASSERT_EQ(1, mytun_peek(self->queue, &held, 1));
	ASSERT_EQ(0, mytun_wait(self->queue, MYTUN_WAIT_RX, SECOND / 10));
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	ASSERT_EQ(1, counters.waits);
	packet_fill(data, 2, sizeof(data));
	ASSERT_TRUE(fake_put(&self->fake, data, sizeof(data)));
	ASSERT_EQ(MYTUN_WAIT_RX, mytun_wait(self->queue, MYTUN_WAIT_RX, -1));
	ASSERT_EQ(1, mytun_peek(self->queue, &record, 1));
	ASSERT_TRUE(packet_good(mytun_data(held), 1, held->len));
	ASSERT_TRUE(packet_good(mytun_data(record), 2, record->len));
	ASSERT_EQ(0, mytun_release(self->queue, MYTUN_ALL));
}

TEST_F_TIMEOUT(queue, records_are_put_back, 30)
{
	struct mytun_record *records[5], *again[5];
	unsigned char data[100];
	__u32 i;
	int got;

	for (i = 0; i < 5; i++) {
		packet_fill(data, i, sizeof(data));
		ASSERT_TRUE(fake_put(&self->fake, data, sizeof(data)));
	}
	for (i = 0; i < 5; i += (__u32)got) {
		got = mytun_peek(self->queue, records + i, 5 - i);
		ASSERT_LE(0, got);
	}
	ASSERT_EQ(2, mytun_unpeek(self->queue, 2));
	ASSERT_EQ(0, mytun_release(self->queue, 1));
	ASSERT_LT(0, mytun_pending(self->queue, MYTUN_WAIT_RX));
	ASSERT_EQ(2, mytun_peek(self->queue, again, 5));
	ASSERT_EQ(records[3], again[0]);
	ASSERT_EQ(records[4], again[1]);
	ASSERT_EQ(4, mytun_unpeek(self->queue, MYTUN_ALL));
	ASSERT_EQ(4, mytun_peek(self->queue, again, 5));
	ASSERT_EQ(records[1], again[0]);
	ASSERT_EQ(0, mytun_peek(self->queue, records, 5));
	ASSERT_EQ(0, mytun_unpeek(self->queue, 0));
	ASSERT_EQ(0, mytun_release(self->queue, MYTUN_ALL));
	ASSERT_EQ(0, mytun_unpeek(self->queue, MYTUN_ALL));
}

TEST_F_TIMEOUT(queue, reserves_up_to_the_last_byte, 30)
{
	const __u32 one = 1024 - MYTUN_RECORD_HEADER - 64 - 40;
	struct mytun_record *records[AREA / 1024 + 1];

	ASSERT_EQ(-EINVAL, mytun_reserve(self->queue, records, 1, 0));
	ASSERT_EQ(-EMSGSIZE, mytun_reserve(self->queue, records, 1, AREA));
	ASSERT_EQ(-EMSGSIZE, mytun_reserve(self->queue, records, 1, ~0U));
	ASSERT_EQ(-EMSGSIZE, mytun_reserve(self->queue, records, 1, AREA -
					   MYTUN_RECORD_HEADER - 64 - 39));
	ASSERT_EQ(1, mytun_reserve(self->queue, records, 2, AREA -
				   MYTUN_RECORD_HEADER - 64 - 40));
	ASSERT_EQ(AREA, records[0]->size);
	ASSERT_EQ(0, mytun_reserve(self->queue, records, 1, 1));
	ASSERT_EQ(1, mytun_unreserve(self->queue, 7));
	ASSERT_EQ(AREA / 1024, mytun_reserve(self->queue, records,
					     AREA / 1024 + 1, one));
	ASSERT_EQ(0, mytun_reserve(self->queue, records, 1, 1));
	ASSERT_EQ(3, mytun_unreserve(self->queue, 3));
	ASSERT_EQ(3, mytun_reserve(self->queue, records, 9, one));
	ASSERT_EQ(AREA / 1024, mytun_unreserve(self->queue, MYTUN_ALL));
}

TEST_F_TIMEOUT(queue, dropped_records_are_passed_over, 30)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	struct mytun_record *records[6];
	unsigned char data[FAKE_LEN_MAX];
	__u32 i, len;

	ASSERT_EQ(6, mytun_reserve(self->queue, records, 6, 100));
	for (i = 0; i < 6; i++) {
		packet_fill(mytun_data(records[i]), i, 100);
		if (i == 0 || i == 3 || i == 5)
			mytun_drop(records[i]);
	}
	ASSERT_EQ(0, mytun_submit(self->queue, MYTUN_ALL));
	for (i = 0; i < 6; i++) {
		if (i == 0 || i == 3 || i == 5)
			continue;
		len = fake_take(&self->fake, data);
		ASSERT_TRUE(packet_good(data, i, len));
	}
	ASSERT_EQ(0, fake_take(&self->fake, data));
	ASSERT_EQ(MYTUN_WAIT_TX, mytun_wait(self->queue, MYTUN_WAIT_TX, 0));
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	ASSERT_EQ(0, counters.refused);
}

TEST_F_TIMEOUT(queue, borders_move_in_place, 30)
{
	unsigned char data[FAKE_LEN_MAX], *at;
	struct mytun_record *record;
	__u32 len;

	ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 100));
	packet_fill(mytun_data(record), 9, 100);
	ASSERT_EQ(NULL, mytun_push(record, 65));
	at = mytun_push(record, 64);
	ASSERT_EQ(mytun_data(record), at);
	memset(at, 1, 64);
	ASSERT_EQ(0, mytun_head_room(record));
	ASSERT_EQ(NULL, mytun_put(record, mytun_tail_room(record) + 1));
	at = mytun_put(record, 16);
	ASSERT_EQ(mytun_data(record) + 164, at);
	memset(at, 2, 16);
	ASSERT_EQ(180, record->len);
	ASSERT_EQ(0, mytun_submit(self->queue, 1));
	len = fake_take(&self->fake, data);
	ASSERT_EQ(180, len);
	ASSERT_TRUE(packet_good(data + 64, 9, 100));
	ASSERT_EQ(2, data[179]);

	ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 100));
	packet_fill(mytun_data(record) + 20, 9, 60);
	ASSERT_EQ(NULL, mytun_pull(record, 100));
	ASSERT_NE(NULL, mytun_pull(record, 20));
	mytun_trim(record, 60);
	mytun_trim(record, 70);
	ASSERT_EQ(0, mytun_submit(self->queue, 1));
	len = fake_take(&self->fake, data);
	ASSERT_EQ(60, len);
	ASSERT_TRUE(packet_good(data, 9, 60));
}

/* What waits is still received; then it is over, for every call. */
TEST_F_TIMEOUT(queue, the_device_ends, 30)
{
	struct mytun_record *record;
	unsigned char data[100];
	int i;

	packet_fill(data, 1, sizeof(data));
	ASSERT_TRUE(fake_put(&self->fake, data, sizeof(data)));
	ASSERT_EQ(MYTUN_WAIT_RX, mytun_wait(self->queue, MYTUN_WAIT_RX, -1));
	fake_end(&self->fake);
	ASSERT_EQ(1, mytun_peek(self->queue, &record, 1));
	ASSERT_TRUE(packet_good(mytun_data(record), 1, record->len));
	mytun_release(self->queue, 1);
	ASSERT_EQ(-EBADFD, mytun_peek(self->queue, &record, 1));
	ASSERT_EQ(-EBADFD, mytun_wait(self->queue, MYTUN_WAIT_RX, -1));
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 100));
		ASSERT_EQ(-EBADFD, mytun_submit(self->queue, 1));
	}
	ASSERT_EQ(-EBADFD, mytun_wait(self->queue, MYTUN_WAIT_TX, -1));
	ASSERT_EQ(-EBADFD, mytun_kick(self->queue));
}

TEST_F_TIMEOUT(queue, a_wait_is_ended_by_its_time_and_by_signals, 30)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	ASSERT_EQ(0, mytun_wait(self->queue, MYTUN_WAIT_RX, 0));
	ASSERT_EQ(0, mytun_wait(self->queue, MYTUN_WAIT_RX, SECOND / 20));
	clock_gettime(CLOCK_MONOTONIC, &end);
	ASSERT_LE(SECOND / 20, (end.tv_sec - begin.tv_sec) * SECOND +
		  end.tv_nsec - begin.tv_nsec);
	ASSERT_EQ(-EINVAL, mytun_wait(self->queue, 0, 0));
	ASSERT_EQ(-EINVAL, mytun_wait(self->queue, 4, 0));
	ASSERT_EQ(MYTUN_WAIT_TX, mytun_wait(self->queue, MYTUN_WAIT_TX |
					    MYTUN_WAIT_RX, -1));
}

TEST_HARNESS_MAIN
