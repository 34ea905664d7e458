// SPDX-License-Identifier: GPL-2.0
/*
 * With two processors, which instructions of one do not show: locks, lines of
 * cache that go from one to the other, who waits for whom.
 *
 *   to the user	processor 0 sends without end, by a packet socket and past
 *			the qdisc, which is the least that it can do for one;
 *			processor 1 takes without sleeping; a packet counts when
 *			it was taken
 *   to the stack	processor 1 sends without end; a thread of the kernel that
 *			empties a ring is on processor 0. tc drops the packets; one
 *			counts when the stack has seen it
 *
 * A device of tun and one of mytun are open at the same time, each in a network
 * namespace of its own, and are measured by turns. Told is how many times tun's
 * packets mytun has carried in the same time, never a time: on a machine that
 * is emulated, or busy, times say nothing, and ratios of neighbours little.
 */
#include "device.h"

#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "carrier.h"
#include "carriers.h"
#include "measure.h"
#include "site.h"

#define PAIRS		15
#define ROUND_NS	250000000
#define SENDER		0		/* processors */
#define USER		1
#define TRIES		20
#define UNIT		"times tun"

static const size_t sizes[] = { 64, 1400 };

struct side {
	struct carrier carrier;
	void *state;
	int netns;
	int source;			/* of what goes to the user, else -1 */
	struct packet packet;
	struct iovec iov;
	struct mmsghdr messages[BURST];
};

static int home;

static void run_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	check_errno(sched_setaffinity(0, sizeof(set), &set), "processor");
}

static void side_open(struct side *side, bool sends)
{
	const struct carrier *carrier = &side->carrier;
	unsigned int i;
	int index;

	side->netns = check(netns_new(), "network namespace");
	check(netns_enter(side->netns), "network namespace");
	/* A thread of the kernel runs where it was made. */
	run_on(SENDER);
	side->state = carrier->ops->open(carrier);
	run_on(USER);
	index = site_up(SITE_DEVICE, carrier->ethernet);
	carrier->ops->start(side->state);
	side->source = sends ? -1 : site_raw_source(index, PACKET_QDISC_BYPASS);
	if (sends)
		site_drop(SITE_DEVICE);
	for (i = 0; i < BURST; i++) {
		side->messages[i].msg_hdr.msg_iov = &side->iov;
		side->messages[i].msg_hdr.msg_iovlen = 1;
	}
	check(netns_enter(home), "network namespace");
}

static void side_close(struct side *side)
{
	check(netns_enter(side->netns), "network namespace");
	side->carrier.ops->close(side->state);
	check(netns_enter(home), "network namespace");
	if (side->source >= 0)
		close(side->source);
	close(side->netns);
}

static void side_load(struct side *side, size_t size)
{
	unsigned int i;

	check(netns_enter(side->netns), "network namespace");
	site_packet(&side->packet, SITE_DEVICE, side->carrier.ethernet, size);
	check(netns_enter(home), "network namespace");
	side->iov.iov_base = side->packet.data;
	side->iov.iov_len = side->packet.size;
	for (i = 0; i < BURST; i++)
		side->carrier.ops->load(side->state, i, &side->packet, NULL);
}

struct sender {
	struct side *side;
	bool done;
	unsigned long sent;
};

static void *send_on(void *argument)
{
	struct sender *sender = argument;
	struct side *side = sender->side;
	int sent;

	run_on(SENDER);
	while (!__atomic_load_n(&sender->done, __ATOMIC_RELAXED)) {
		sent = sendmmsg(side->source, side->messages, BURST, 0);
		/* It is told of a queue that is full: enough for the user. */
		if (sent < 0 && errno != ENOBUFS)
			check(-errno, "sendmmsg");
		if (sent > 0)
			__atomic_add_fetch(&sender->sent, (unsigned long)sent,
					   __ATOMIC_RELAXED);
	}
	return NULL;
}

/* How long a packet took, in nanoseconds. 0: none came. */
static double to_user(struct side *side, size_t size)
{
	struct sender sender = { .side = side };
	unsigned long taken = 0, before;
	uint64_t start, passed;
	pthread_t thread;

	check(-pthread_create(&thread, NULL, send_on, &sender), "thread");
	/* Both are at work when it begins. */
	while (!side->carrier.ops->receive(side->state, size))
		;
	before = __atomic_load_n(&sender.sent, __ATOMIC_RELAXED);
	start = now();
	do {
		taken += side->carrier.ops->receive(side->state, size);
		passed = now() - start;
	} while (passed < ROUND_NS);
	__atomic_store_n(&sender.done, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	/* One call may have been under way before. */
	if (!side->carrier.ops->receive(side->state, size) && !taken &&
	    sender.sent - before > BURST)
		check(-EIO, "packets that did not come");
	return taken ? (double)passed / taken : 0;
}

static double to_stack(const struct side *side)
{
	unsigned long seen = site_seen();
	uint64_t start = now(), passed;
	unsigned int i;

	do {
		for (i = 0; i < ROUND; i += BURST)
			side->carrier.ops->offer(side->state, BURST);
		passed = now() - start;
	} while (passed < ROUND_NS);
	seen = site_seen() - seen;
	/* Wait for what is in the ring still: it does come. */
	side->carrier.ops->send(side->state, 0);
	return seen ? (double)passed / seen : 0;
}

/*
 * Where the host let the other processor wait all the time, nothing came, and
 * it is done again.
 */
static double carry(struct side *side, size_t size)
{
	double cost = 0;
	unsigned int i;

	for (i = 0; i < TRIES && !cost; i++)
		cost = side->source < 0 ? to_stack(side) : to_user(side, size);
	check(cost ? 0 : -ENODATA, side->carrier.row.way);
	return cost;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Round 0 is for what is used for the first time. */
static void measure(struct side *tun, struct side *mytun, size_t size)
{
	const struct row *row = &mytun->carrier.row;
	double ratio[PAIRS], theirs, ours;
	unsigned int n;

	side_load(tun, size);
	side_load(mytun, size);
	for (n = 0; n <= PAIRS; n++) {
		theirs = carry(tun, size);
		ours = carry(mytun, size);
		ratio[n ? n - 1 : 0] = theirs / ours;
	}
	qsort(ratio, PAIRS, sizeof(*ratio), compare);
	tell("pairs", row, size, "median", ratio[PAIRS / 2], UNIT);
	tell("pairs", row, size, "lowest", ratio[0], UNIT);
	tell("pairs", row, size, "highest", ratio[PAIRS - 1], UNIT);
}

static void run(const struct carrier *carrier, bool sends)
{
	static struct side mytun, tun;
	size_t i;

	if (!bench_wanted(&carrier->row))
		return;
	mytun.carrier = *carrier;
	tun = (struct side){
		.carrier = {
			.row = {
				.by = "tun",
				.way = sends ? "write" : "read",
				.kind = carrier->row.kind,
				.batch = 1,
			},
			.ops = carrier->ops,
			.ethernet = carrier->ethernet,
		},
	};
	side_open(&tun, sends);
	side_open(&mytun, sends);
	settle();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (bench_wanted_size(sizes[i]))
			measure(&tun, &mytun, sizes[i]);
	side_close(&mytun);
	side_close(&tun);
}

static void run_to_user(const struct carrier *carrier)
{
	run(carrier, false);
}

static void run_to_stack(const struct carrier *carrier)
{
	run(carrier, true);
}

void bench_pairs(void)
{
	cpu_set_t before;

	check_errno(sched_getaffinity(0, sizeof(before), &before), "processor");
	if (!CPU_ISSET(SENDER, &before) || !CPU_ISSET(USER, &before)) {
		fprintf(stderr, "bench: pairs: that takes two processors\n");
		return;
	}
	home = check(netns_get(), "network namespace");
	carriers_pairs(run_to_user, run_to_stack);
	close(home);
	check_errno(sched_setaffinity(0, sizeof(before), &before), "processor");
}
