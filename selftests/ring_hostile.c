// SPDX-License-Identifier: GPL-2.0
/*
 * A process that writes what it likes into the memory it shares with the
 * kernel, from several threads, while packets move: it may lose packets of its
 * own, and each loss is counted. Another queue of the same device carries on.
 *
 * A round is one write of a chosen value to one shared word, while at least one
 * packet moves in that direction.
 */
#include "device.h"

#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		7200		/* seconds for one test, all counts */
#define ROUNDS		1000000		/* of all variants together */
#define VARIANTS	4
#define THREADS		2		/* for each direction */
#define PORT		7001		/* of the hostile process's packets */
#define RECORD		128		/* each of its records in TX */
#define BURST		8		/* of them for one round at most */
#define FLIGHT		100		/* packets of the other queue on the way */

/* What the processes share. */
struct shared {
	uint64_t goal;			/* rounds for each direction */
	uint64_t rx_rounds, tx_rounds;
	uint64_t idle;			/* writes during which nothing moved */
	uint64_t sent;			/* packets for its RX ring */
	uint64_t failed;		/* system calls that should have worked */
	bool stop;
};

FIXTURE(hostile)
{
	struct ringdev dev;
	struct ringmem mem;		/* the hostile one's, queue 0 */
	struct ringmem good;		/* queue 1 */
	int good_fd;
	int raw;
	struct shared *shared;
	struct packet *down, *up;	/* what it sends each way */
	uint64_t seed;
	struct numbered_tally received, delivered;
	unsigned long strays;
};

FIXTURE_VARIANT(hostile)
{
	uint32_t drive;
	uint32_t drive_flags;
	uint32_t ring_flags;
};

FIXTURE_VARIANT_ADD(hostile, caller) { .drive = MYTUN_DRIVE_CALLER };
FIXTURE_VARIANT_ADD(hostile, napi_gro)
{
	.drive = MYTUN_DRIVE_NAPI, .drive_flags = MYTUN_DRIVE_GRO,
};

FIXTURE_VARIANT_ADD(hostile, thread)
{
	.drive = MYTUN_DRIVE_THREAD, .ring_flags = MYTUN_Q_SEEN,
};

FIXTURE_VARIANT_ADD(hostile, thread_gro_meta)
{
	.drive = MYTUN_DRIVE_THREAD, .drive_flags = MYTUN_DRIVE_GRO,
	.ring_flags = MYTUN_Q_META | MYTUN_Q_HASH,
};

/* A packet of a flow out of a queue, so that the flow is that queue's. */
static bool claim(FIXTURE_DATA(hostile) *self, struct ringmem *mem,
		  uint16_t port)
{
	struct packet *p = self->dev.packet;
	struct packet_flow flow = self->dev.in;

	flow.to.port = port;
	flow.from.port = port == PORT ? PORT : RINGDEV_PORT;
	numbered_packet(p, &flow, NUMBERED_MIN, 0, 0);
	return ringmem_put(mem, p->data, p->size) && ringmem_submit(mem) >= 0;
}

FIXTURE_SETUP(hostile)
{
	struct mytun_ring ring = {
		.rx_size = RING_SMALL, .tx_size = RING_SMALL,
		.flags = variant->ring_flags,
	};
	const struct mytun_ring good = {
		.rx_size = RING_BIG, .tx_size = RING_SMALL,
	};
	struct sockaddr_in source;
	socklen_t size = sizeof(source);
	const int on = 1;

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, 46));
	self->good_fd = ringdev_queue(&self->dev);
	ASSERT_LE(0, self->good_fd);
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	ASSERT_EQ(0, ringmem_make(&self->good, self->good_fd, &good));
	ASSERT_EQ(0, ring_drive(self->dev.fd, variant->drive,
				variant->drive_flags, 20, NULL));
	self->raw = ringdev_raw(&self->dev, false);
	ASSERT_LE(0, self->raw);
	ASSERT_EQ(0, setsockopt(self->raw, SOL_PACKET, PACKET_QDISC_BYPASS,
				&on, sizeof(on)));
	self->shared = mmap(NULL, sizeof(*self->shared),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->shared);
	self->down = malloc(sizeof(*self->down));
	self->up = malloc(sizeof(*self->up));
	ASSERT_NE(NULL, self->down);
	ASSERT_NE(NULL, self->up);
	self->seed = random_seed();

	ASSERT_EQ(0, getsockname(self->dev.source, (struct sockaddr *)&source,
				 &size));
	ASSERT_TRUE(claim(self, &self->good, ntohs(source.sin_port)));
	ASSERT_TRUE(claim(self, &self->mem, PORT));
}

FIXTURE_TEARDOWN(hostile)
{
	close(self->raw);
	ringmem_unmap(&self->mem);
	ringmem_unmap(&self->good);
	close(self->good_fd);
	ringdev_destroy(&self->dev);
	free(self->down);
	free(self->up);
}

/* One of the hostile threads. */
struct attacker {
	FIXTURE_DATA(hostile) *self;
	uint32_t drive;
	uint64_t seed;
	bool down;			/* attacks RX, else TX */
	pthread_t thread;
};

static uint32_t word_at(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void set_word(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

/* A position or a size near where something changes, or any number. */
static uint32_t bad_value(uint64_t *seed, uint32_t here, uint32_t size)
{
	static const uint32_t fixed[] = {
		0, 1, 31, 32, 63, 64, 65, 128, 4096, 65535, 65536, 0x7fffffff,
		0x80000000, 0x80000001, 0xffff0000, 0xffffffbf, 0xffffffc0,
		0xffffffff,
	};
	uint32_t value = (uint32_t)random_next(seed);

	switch (random_below(seed, 6)) {
	case 0:
		return value;
	case 1:
		return fixed[value % ARRAY_SIZE(fixed)];
	case 2:
		return here + (int32_t)(value % 513) - 256;
	case 3:
		return here + size + (int32_t)(value % 3) * 64 - 64;
	case 4:
		return here - size + (int32_t)(value % 3) * 64 - 64;
	default:
		return here + 64 * (value % (2 * size / 64));
	}
}

static bool send_down(FIXTURE_DATA(hostile) *self)
{
	/* Past the qdisc, who sends is told that a packet was dropped. */
	if (write(self->raw, self->down->data, self->down->size) < 0 &&
	    errno != ENOBUFS)
		return false;
	__atomic_fetch_add(&self->shared->sent, 1, __ATOMIC_RELAXED);
	return true;
}

static void attack_rx(struct attacker *a)
{
	FIXTURE_DATA(hostile) *self = a->self;
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	struct mytun_ring_user *user = self->mem.user;
	uint32_t *word = &user->rx_consumer;
	uint64_t before = ringmem_counter(&kernel->rx_packets);
	uint32_t here = word_at(&kernel->rx_producer);
	uint32_t value = bad_value(&a->seed, here, RING_SMALL);

	switch (random_below(&a->seed, 8)) {
	case 0:
		word = &user->rx_seen;
		break;
	case 1:
		word = &user->pad0[random_below(&a->seed, 14)];
		break;
	case 2:
		/* A record that is there, or will be. */
		word = (uint32_t *)self->mem.rx + random_below(&a->seed,
							RING_SMALL / 2);
		break;
	}
	set_word(word, value);
	if (!send_down(self))
		__atomic_fetch_add(&self->shared->failed, 1, __ATOMIC_RELAXED);
	if (ringmem_counter(&kernel->rx_packets) != before)
		__atomic_fetch_add(&self->shared->rx_rounds, 1,
				   __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&self->shared->idle, 1, __ATOMIC_RELAXED);
	/* Make room again, or nothing would move. */
	if (!random_below(&a->seed, 4) ||
	    ringmem_counter(&kernel->rx_packets) == before)
		ringmem_store(&user->rx_consumer,
			      ringmem_load(&kernel->rx_producer));
	if (!random_below(&a->seed, 64)) {
		wait_events(self->mem.fd, POLLIN | POLLOUT, 0);
		ring_wait(self->mem.fd, MYTUN_WAIT_RX | MYTUN_WAIT_TX, 0);
	}
}

/* count good records from base on. */
static void good_records(FIXTURE_DATA(hostile) *self, uint32_t base,
			 unsigned int count)
{
	uint8_t record[RECORD] = {};

	record_fill(record, 0, self->up->size);
	memcpy(record + MYTUN_RECORD_HEADER, self->up->data, self->up->size);
	while (count--) {
		memcpy(self->mem.tx + (base & (RING_SMALL - 1)), record,
		       RECORD);
		base += RECORD;
	}
}

static void kick(FIXTURE_DATA(hostile) *self)
{
	if (ring_kick(self->mem.fd) < 0)
		__atomic_fetch_add(&self->shared->failed, 1, __ATOMIC_RELAXED);
}

/* Who takes packets does so when it gets to run: give it a while. */
static bool moved(FIXTURE_DATA(hostile) *self, uint32_t drive, uint64_t before)
{
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	unsigned int tries = drive == MYTUN_DRIVE_CALLER ? 1 : 50;

	while (tries--) {
		if (ringmem_counter(&kernel->tx_packets) != before)
			return true;
		if (tries)
			sched_yield();
	}
	return false;
}

static void attack_tx(struct attacker *a)
{
	FIXTURE_DATA(hostile) *self = a->self;
	const struct mytun_ring_kernel *kernel = self->mem.kernel;
	struct mytun_ring_user *user = self->mem.user;
	uint64_t before = ringmem_counter(&kernel->tx_packets);
	unsigned int count = 1 + random_below(&a->seed, BURST);
	uint32_t base = ringmem_load(&kernel->tx_consumer), value;
	uint32_t victim = random_below(&a->seed, count);
	uint32_t *record;

	good_records(self, base, count);
	record = (uint32_t *)(self->mem.tx + ((base + victim * RECORD) &
					      (RING_SMALL - 1)));
	switch (random_below(&a->seed, 8)) {
	case 0:
	case 1:
		value = bad_value(&a->seed, base, RING_SMALL);
		set_word(&user->tx_producer, value);
		kick(self);
		break;
	case 2:
		set_word(&user->pad1[random_below(&a->seed, 15)],
			 (uint32_t)random_next(&a->seed));
		break;
	case 3:
		/* The packet, while it is being looked at. */
		ringmem_store(&user->tx_producer, base + count * RECORD);
		set_word(record + 8 + random_below(&a->seed, 11),
			 (uint32_t)random_next(&a->seed));
		break;
	case 4:
		/* The size. */
		set_word(record, bad_value(&a->seed, RECORD, RING_SMALL));
		break;
	case 5:
		/* The length, after it was submitted. */
		ringmem_store(&user->tx_producer, base + count * RECORD);
		set_word(record + 1, bad_value(&a->seed, RECORD, RING_SMALL));
		break;
	default:
		/* Any word of the header. */
		set_word(record + random_below(&a->seed, 8),
			 bad_value(&a->seed, RECORD, RING_SMALL));
	}
	ringmem_store(&user->tx_producer, base + count * RECORD);
	kick(self);
	if (!moved(self, a->drive, before)) {
		/* With what is good, something moves. */
		base = ringmem_load(&kernel->tx_consumer);
		good_records(self, base, 1);
		ringmem_store(&user->tx_producer, base + RECORD);
		kick(self);
	}
	if (moved(self, a->drive, before))
		__atomic_fetch_add(&self->shared->tx_rounds, 1,
				   __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&self->shared->idle, 1, __ATOMIC_RELAXED);
}

static void *attacker_thread(void *arg)
{
	struct attacker *a = arg;
	struct shared *shared = a->self->shared;
	const uint64_t *rounds = a->down ? &shared->rx_rounds :
					   &shared->tx_rounds;

	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		if (__atomic_load_n(rounds, __ATOMIC_RELAXED) >= shared->goal)
			sleep_ms(1);
		else if (a->down)
			attack_rx(a);
		else
			attack_tx(a);
	}
	return NULL;
}

/* The hostile process. */
static int hostile_process(FIXTURE_DATA(hostile) *self, uint32_t drive)
{
	struct attacker attackers[2 * THREADS] = {};
	unsigned int i;

	for (i = 0; i < 2 * THREADS; i++) {
		attackers[i].self = self;
		attackers[i].drive = drive;
		attackers[i].seed = random_next(&self->seed);
		attackers[i].down = i & 1;
		if (pthread_create(&attackers[i].thread, NULL,
				   attacker_thread, &attackers[i]))
			return 1;
	}
	for (i = 0; i < 2 * THREADS; i++)
		pthread_join(attackers[i].thread, NULL);
	return 0;
}

/* What the other queue has received: how many of them are its own. */
static unsigned int take_good(FIXTURE_DATA(hostile) *self)
{
	struct mytun_record *record;
	uint32_t stream, number;
	unsigned int count = 0;

	while ((record = ringmem_peek(&self->good))) {
		if (record_fault(record, RING_BIG)) {
			self->received.broken++;
			break;
		}
		if (numbered_parse(record_data(record), record->len, false,
				   &stream, &number) && stream == 1) {
			numbered_count(&self->received, number, record->len);
			count++;
		} else {
			self->strays++;
		}
		ringmem_next(&self->good);
	}
	ringmem_release(&self->good);
	return count;
}

/* The sum of the counters of a direction in `ethtool -S`. */
static long all_drops(const struct ringdev *dev, bool rx)
{
	static const char *const tx[] = {
		"tx_drop_no_queue", "tx_drop_filter", "tx_drop_full",
		"tx_drop_nomem", "tx_drop_detached", "tx_drop_header",
		"tx_drop_buffer", "tx_drop_too_big", NULL
	};
	static const char *const rx_names[] = {
		"rx_drop_down", "rx_drop_nomem", "rx_drop_fault",
		"rx_drop_protocol", "rx_drop_too_big", "rx_drop_record",
		"rx_drop_vnet", NULL
	};
	const char *const *name = rx ? rx_names : tx;
	long sum = 0;

	for (; *name; name++)
		sum += ethtool_counter(dev->name, *name);
	return sum;
}

/*
 * Positions that make sense again. Until the kernel agrees: it may still be
 * at work on what was submitted before.
 */
static bool behaves(void *arg)
{
	struct ringmem *mem = arg;

	ringmem_store(&mem->user->rx_consumer,
		      ringmem_load(&mem->kernel->rx_producer));
	mem->tx_at = ringmem_load(&mem->kernel->tx_consumer);
	ringmem_publish(mem);
	return ring_kick(mem->fd) >= 0 && ringmem_sent(mem);
}

/*
 * It does so, and nobody is at work in the ring any more: the position that is
 * shown is that of before a run, and a change of the drive waits for its end.
 */
static int calm(FIXTURE_DATA(hostile) *self)
{
	int err = ring_drive(self->dev.fd, MYTUN_DRIVE_CALLER, 0, 0, NULL);

	return err ?: wait_for(behaves, &self->mem, DEADLINE_MS);
}

static void judge(struct __test_metadata *_metadata,
		  FIXTURE_DATA(hostile) *self)
{
	const struct mytun_ring_kernel *k = self->mem.kernel;
	const struct mytun_ring_kernel *g = self->good.kernel;
	const struct shared *shared = self->shared;
	struct link_info info;

	ASSERT_EQ(0, link_get(self->dev.name, &info));
	printf("# %llu rounds against RX, %llu against TX, %llu idle ones\n",
	       (unsigned long long)shared->rx_rounds,
	       (unsigned long long)shared->tx_rounds,
	       (unsigned long long)shared->idle);
	printf("# packets moved: %llu to the process, %llu from it\n",
	       (unsigned long long)k->rx_packets,
	       (unsigned long long)k->tx_packets);
	printf("# bad_position %llu, bad_size %llu, bad_record %llu, ",
	       (unsigned long long)k->bad_position,
	       (unsigned long long)k->bad_size,
	       (unsigned long long)k->bad_record);
	printf("tx_refused %llu; rx_full %llu\n",
	       (unsigned long long)k->tx_refused,
	       (unsigned long long)k->rx_full);
	fflush(stdout);
	EXPECT_LT(0, k->bad_position);
	EXPECT_LT(0, k->bad_size);
	EXPECT_LT(0, k->bad_record);
	EXPECT_LT(0, k->tx_refused);
	EXPECT_EQ(0, shared->failed);

	/* Every packet was delivered or is counted as lost. */
	EXPECT_EQ(k->tx_packets + g->tx_packets, info.stats.rx_packets);
	EXPECT_EQ(k->tx_refused + k->bad_size + g->tx_refused,
		  (uint64_t)all_drops(&self->dev, true));
	EXPECT_EQ(info.stats.rx_dropped + info.stats.rx_frame_errors,
		  (uint64_t)all_drops(&self->dev, true));
	EXPECT_EQ(k->rx_packets + g->rx_packets, info.stats.tx_packets);
	EXPECT_EQ(k->rx_full + g->rx_full,
		  (uint64_t)ethtool_counter(self->dev.name, "tx_drop_full"));
	EXPECT_EQ(info.stats.tx_dropped,
		  (uint64_t)all_drops(&self->dev, false));
	/* The stack may have sent more: answers to what came by chance. */
	EXPECT_LE(shared->sent + self->received.packets,
		  info.stats.tx_packets + info.stats.tx_dropped);

	/* The other queue saw nothing of it. */
	EXPECT_TRUE(numbered_print(&self->received, "other queue, received"));
	EXPECT_TRUE(numbered_print(&self->delivered, "other queue, delivered"));
	EXPECT_LT(0, self->received.packets);
	EXPECT_LT(0, self->delivered.packets);
	EXPECT_EQ(0, g->bad_position + g->bad_size + g->bad_record);
	EXPECT_EQ(0, g->tx_refused + g->rx_full);
	printf("# %lu packets of others in the other queue\n", self->strays);
	fflush(stdout);
}

TEST_F_TIMEOUT(hostile, attacks_every_word, LIMIT)
{
	const uint64_t goal = (scaled(ROUNDS) / VARIANTS + 1) / 2;
	struct ringdev_flow flow = {
		.dev = &self->dev, .socket = -1, .stream = 1,
		.count = ULONG_MAX, .size_min = NUMBERED_MIN, .size_max = 1000,
		.window_packets = FLIGHT, .seed = random_next(&self->seed),
	};
	struct shared *shared = self->shared;
	struct packet_flow other = self->dev.in;
	unsigned int sent = 0, got;
	uint64_t progress;
	pid_t child;
	int status;

	other.from.port = PORT;
	other.to.port = PORT;
	/* Nobody has that address: the stack drops it, and answers nothing. */
	other.to.addr[3] = 99;
	numbered_packet(self->up, &other, NUMBERED_MIN, 2, 0);
	other = self->dev.out;
	other.from.port = PORT;
	other.to.port = PORT;
	numbered_packet(self->down, &other, NUMBERED_MIN, 2, 0);

	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	shared->goal = goal;
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(hostile_process(self, variant->drive));
	ASSERT_EQ(0, ringdev_flow_start(&flow));
	progress = now_ms();
	/* Both directions of the other queue, for as long as it takes. */
	while (__atomic_load_n(&shared->rx_rounds, __ATOMIC_RELAXED) < goal ||
	       __atomic_load_n(&shared->tx_rounds, __ATOMIC_RELAXED) < goal) {
		got = take_good(self);
		ringdev_flow_done(&flow, got, 0);
		if (sent - self->delivered.packets < FLIGHT &&
		    ringdev_put(&self->dev, &self->good, 1, sent, 200)) {
			sent++;
			ASSERT_LE(0, ringmem_submit(&self->good));
		}
		got += ringdev_collect(&self->dev, 0, &self->delivered);
		if (got)
			progress = now_ms();
		else
			sched_yield();
		ASSERT_GT(2 * DEADLINE_MS, now_ms() - progress) {
			TH_LOG("the other queue is stuck");
		}
	}
	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
	status = wait_child(child, DEADLINE_MS);
	EXPECT_EQ(0, status);
	__atomic_store_n(&flow.stop, true, __ATOMIC_RELAXED);
	EXPECT_EQ(0, ringdev_flow_join(&flow));
	take_good(self);
	EXPECT_EQ(flow.packets, self->received.packets);
	ringdev_collect(&self->dev, sent - self->delivered.packets,
			&self->delivered);
	EXPECT_EQ(sent, self->delivered.packets);

	/* And the hostile one's queue works, once it behaves. */
	EXPECT_EQ(0, calm(self));
	judge(_metadata, self);
}

/* The process dies in the middle of it. */
TEST_F_TIMEOUT(hostile, is_killed, LIMIT)
{
	const unsigned int rounds = scaled(100);
	struct packet_flow other = self->dev.in;
	unsigned int i;
	pid_t child;

	other.to.addr[3] = 99;
	numbered_packet(self->up, &other, NUMBERED_MIN, 2, 0);
	other = self->dev.out;
	other.from.port = PORT;
	other.to.port = PORT;
	numbered_packet(self->down, &other, NUMBERED_MIN, 2, 0);
	self->shared->goal = UINT64_MAX;
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, calm(self));
		ASSERT_EQ(0, ring_drive(self->dev.fd, variant->drive,
					variant->drive_flags, 20, NULL));
		/* The answers may be lost of one that is gone. */
		ASSERT_TRUE(claim(self, &self->mem, PORT));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(hostile_process(self, variant->drive));
		sleep_ms(10 + random_below(&self->seed, 50));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_LE(0, wait_child(child, DEADLINE_MS));
	}
	ASSERT_EQ(0, calm(self));
	ASSERT_TRUE(claim(self, &self->mem, PORT));
	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	self->mem.rx_at = ringmem_load(&self->mem.kernel->rx_producer);
	ASSERT_TRUE(send_down(self));
	EXPECT_NE(NULL, ringmem_peek(&self->mem));
}

TEST_HARNESS_MAIN
