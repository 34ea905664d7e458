// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs when the user sleeps: a process that waits for packets, and one
 * that sends them, on one processor.
 *
 *   one way	a packet, and then the processor, until it was taken
 *   round trip	it comes back by the device to the sender, who sleeps, too
 *   burst	BURST packets at once, until all were taken; and how many system
 *		calls they took
 */
#include "device.h"

#include "bench.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "carrier.h"
#include "carriers.h"
#include "measure.h"
#include "site.h"

#define SIZE	64			/* of the packets */
#define TIMES	64			/* in one round */

/* What both processes see. */
struct shared {
	unsigned long taken;
	unsigned long calls;
	bool answers;
	bool tells;			/* how many calls it made */
};

static struct shared *shared;

/* The process that waits. */
static void take(const struct carrier *carrier, void *state)
{
	unsigned int packets;

	for (;;) {
		packets = carrier->ops->await(state);
		if (__atomic_load_n(&shared->answers, __ATOMIC_ACQUIRE))
			carrier->ops->send(state, packets);
		if (__atomic_load_n(&shared->tells, __ATOMIC_ACQUIRE))
			shared->calls = carrier->ops->calls(state);
		__atomic_add_fetch(&shared->taken, packets, __ATOMIC_RELEASE);
	}
}

static void until_taken(unsigned long number)
{
	while (__atomic_load_n(&shared->taken, __ATOMIC_ACQUIRE) < number)
		sched_yield();
}

static void send_one(int source)
{
	static const char data[SIZE - 28];

	check_errno((int)send(source, data, sizeof(data), 0), "send");
}

static double one_way(int source)
{
	struct series cost;
	unsigned int n, i;
	uint64_t start;

	for (n = 0; n <= ROUNDS; n++) {
		start = now();
		for (i = 0; i < TIMES; i++) {
			send_one(source);
			until_taken(n * TIMES + i + 1);
		}
		cost.value[n ? n - 1 : 0] = now() - start;
	}
	return median(&cost, TIMES);
}

/* System calls of the process that waits, with one packet more. */
static unsigned long calls_until_now(int source)
{
	unsigned long number = shared->taken + 1;

	__atomic_store_n(&shared->tells, true, __ATOMIC_RELEASE);
	send_one(source);
	until_taken(number);
	__atomic_store_n(&shared->tells, false, __ATOMIC_RELEASE);
	return shared->calls;
}

static double burst(int source, double *calls)
{
	unsigned long called = calls_until_now(source), before = shared->taken;
	struct series cost;
	unsigned int n;
	uint64_t start;

	for (n = 0; n <= ROUNDS; n++) {
		start = now();
		site_send(&source, 1, SIZE);
		until_taken(before + (n + 1) * ROUND);
		cost.value[n ? n - 1 : 0] = now() - start;
	}
	called = calls_until_now(source) - called;
	*calls = (double)called / (shared->taken - before);
	return median(&cost, ROUND);
}

static double round_trip(int source)
{
	char data[SIZE];
	struct series cost;
	unsigned int n, i;
	uint64_t start;

	__atomic_store_n(&shared->answers, true, __ATOMIC_RELEASE);
	for (n = 0; n <= ROUNDS; n++) {
		start = now();
		for (i = 0; i < TIMES; i++) {
			send_one(source);
			check_errno((int)recv(source, data, sizeof(data), 0),
				    "recv");
		}
		cost.value[n ? n - 1 : 0] = now() - start;
	}
	return median(&cost, TIMES);
}

static void run(const struct carrier *carrier)
{
	static struct packet packet;
	const pid_t parent = getpid();
	double value, calls;
	unsigned int i;
	pid_t child;
	void *state;
	int source;

	state = carrier_open(carrier);
	if (!state)
		return;
	site_up(SITE_DEVICE, carrier->ethernet);
	source = site_source(0);
	site_answer(&packet, SITE_DEVICE, carrier->ethernet, SIZE);
	for (i = 0; i < BURST; i++)
		carrier->ops->load(state, i, &packet, NULL);
	settle();
	*shared = (struct shared){};
	child = check_errno(fork(), "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			take(carrier, state);
		_exit(1);
	}
	/* Let it fall asleep. */
	settle();
	tell("wake", &carrier->row, SIZE, "one way", one_way(source),
	     PER_PACKET);
	value = burst(source, &calls);
	tell("wake", &carrier->row, SIZE, "burst", value, PER_PACKET);
	tell("wake", &carrier->row, SIZE, "calls", calls, "calls/packet");
	tell("wake", &carrier->row, SIZE, "round trip", round_trip(source),
	     PER_PACKET);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(source);
	carrier->ops->close(state);
}

void bench_wake(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(shared == MAP_FAILED ? -errno : 0, "memory");
	carriers_wake(run);
	munmap(shared, sizeof(*shared));
}
