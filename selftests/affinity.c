// SPDX-License-Identifier: GPL-2.0
/*
 * Flow affinity: a packet of a flow is read from the queue that wrote the flow
 * last, the synchronous reply to its very first packet included.
 *
 *   affinity            the tests. Against the in-kernel tun, which learns a
 *                       flow after the reply has passed, they only report.
 *   affinity --report   the numbers alone, for any node ($MYTUN_NODE)
 */
#include "device.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "queues.h"
#include "rtnl.h"

/* Of the issue at hand: 0 wrong out of this many. */
#define FULL_COUNT	10000
/* Flows of one device; with all of them alive its table is not full. */
#define ROUND		2000

struct situation {
	const char *name;
	int type;
	int family;
	bool write_label;	/* IPv6 flow labels on what user space writes */
	bool reply_label;	/* and on what the kernel answers */
};

static const struct situation situations[] = {
	{ "tun ipv4", IFF_TUN, AF_INET, false, false },
	{ "tun ipv6", IFF_TUN, AF_INET6, false, false },
	{ "tun ipv6, label written", IFF_TUN, AF_INET6, true, false },
	{ "tun ipv6, label replied", IFF_TUN, AF_INET6, false, true },
	{ "tap ipv4", IFF_TAP, AF_INET, false, false },
	{ "tap ipv6", IFF_TAP, AF_INET6, false, false },
	{ "tap ipv6, label written", IFF_TAP, AF_INET6, true, false },
	{ "tap ipv6, label replied", IFF_TAP, AF_INET6, false, true },
};

static const char *const kind_names[FLOW_KINDS] = {
	[FLOW_PING]	  = "ICMP echo",
	[FLOW_TCP_LISTEN] = "TCP SYN to a listening port",
	[FLOW_TCP_CLOSED] = "TCP SYN to a closed port",
	[FLOW_UDP_ECHO]	  = "UDP to an echo socket",
};

/* False if there was no device. */
static bool first_replies(const struct situation *s, enum flow_kind kind,
			  unsigned long count, uint64_t seed,
			  struct queues_tally *tally)
{
	unsigned int round;
	struct queues *q;

	memset(tally, 0, sizeof(*tally));
	for (; count; count -= round) {
		round = count < ROUND ? count : ROUND;
		q = queues_create(s->type, s->family, 16, QUEUES, seed++);
		if (!q)
			return false;
		q->label = s->write_label;
		queues_exchange(q, kind, 0, round, 0);
		queues_tally_add(tally, &q->tally);
		queues_destroy(q);
	}
	return true;
}

/* A namespace of our own with everything that answers. NULL or what failed. */
static const char *prepare(bool reply_label)
{
	if (netns_private())
		return "no namespace of our own";
	if (queues_serve())
		return "no sockets to answer";
	if (queues_reply_labels(reply_label))
		return "no IPv6";
	return NULL;
}

/*
 * The numbers of every kind in every situation, in namespaces of this process.
 * The replies at a wrong queue in all, or -1.
 */
static long report(unsigned long count, uint64_t seed)
{
	const char *failed = prepare(false);
	struct queues_tally tally;
	unsigned int i, kind;
	long wrong = 0;

	if (failed) {
		printf("# %s\n", failed);
		return -1;
	}
	for (i = 0; i < ARRAY_SIZE(situations); i++) {
		queues_reply_labels(situations[i].reply_label);
		for (kind = 0; kind < FLOW_KINDS; kind++) {
			if (!kind_names[kind])
				continue;
			if (!first_replies(&situations[i], kind, count, seed,
					   &tally))
				return -1;
			queues_tally_print(&tally, situations[i].name,
					   kind_names[kind]);
			wrong += tally.wrong;
		}
	}
	printf("# %s: %ld replies at a wrong queue\n", device_node(), wrong);
	return wrong;
}

FIXTURE(affinity)
{
	uint64_t seed;
	bool strict;
};

FIXTURE_VARIANT(affinity)
{
	unsigned int situation;
};

FIXTURE_VARIANT_ADD(affinity, tun_ipv4) { .situation = 0 };
FIXTURE_VARIANT_ADD(affinity, tun_ipv6) { .situation = 1 };
FIXTURE_VARIANT_ADD(affinity, tun_ipv6_label_written) { .situation = 2 };
FIXTURE_VARIANT_ADD(affinity, tun_ipv6_label_replied) { .situation = 3 };
FIXTURE_VARIANT_ADD(affinity, tap_ipv4) { .situation = 4 };
FIXTURE_VARIANT_ADD(affinity, tap_ipv6) { .situation = 5 };
FIXTURE_VARIANT_ADD(affinity, tap_ipv6_label_written) { .situation = 6 };
FIXTURE_VARIANT_ADD(affinity, tap_ipv6_label_replied) { .situation = 7 };

FIXTURE_SETUP(affinity)
{
	const char *failed;

	REQUIRE_DEVICE();
	failed = prepare(situations[variant->situation].reply_label);
	ASSERT_EQ(NULL, failed) TH_LOG("%s", failed);
	self->seed = random_seed();
	self->strict = device_is_mytun();
}

FIXTURE_TEARDOWN(affinity)
{
}

/* What every test demands of its numbers. */
static void judge(struct __test_metadata *_metadata, bool strict,
		  const struct situation *s, const char *what,
		  const struct queues_tally *t)
{
	queues_tally_print(t, s->name, what);
	EXPECT_EQ(0, t->missing);
	EXPECT_EQ(0, t->broken);
	EXPECT_LT(0, t->first);
	EXPECT_EQ(s->reply_label, t->labelled > 0);
	if (!strict)
		return;
	EXPECT_EQ(0, t->first_wrong);
	EXPECT_EQ(0, t->wrong);
}

static void test_first(struct __test_metadata *_metadata, bool strict,
		       const struct situation *s, enum flow_kind kind,
		       uint64_t seed)
{
	struct queues_tally tally;

	ASSERT_TRUE(first_replies(s, kind, scaled(FULL_COUNT), seed, &tally));
	judge(_metadata, strict, s, kind_names[kind], &tally);
}

TEST_F_TIMEOUT(affinity, ping, 300)
{
	test_first(_metadata, self->strict, &situations[variant->situation],
		   FLOW_PING, self->seed);
}

TEST_F_TIMEOUT(affinity, tcp_listen, 300)
{
	test_first(_metadata, self->strict, &situations[variant->situation],
		   FLOW_TCP_LISTEN, self->seed);
}

TEST_F_TIMEOUT(affinity, tcp_closed, 300)
{
	test_first(_metadata, self->strict, &situations[variant->situation],
		   FLOW_TCP_CLOSED, self->seed);
}

TEST_F_TIMEOUT(affinity, udp_echo, 300)
{
	test_first(_metadata, self->strict, &situations[variant->situation],
		   FLOW_UDP_ECHO, self->seed);
}

/*
 * A flow that another queue writes has its next reply there, at once; three
 * moves, the last one back to where it began.
 */
TEST_F_TIMEOUT(affinity, moved, 300)
{
	static const enum flow_kind moving[] = {
		FLOW_PING, FLOW_TCP_CLOSED, FLOW_UDP_ECHO
	};
	const struct situation *s = &situations[variant->situation];
	unsigned int count = scaled(FULL_COUNT / 2);
	unsigned int i, done, round, turn;
	struct queues_tally tally;
	struct queues *q;

	for (i = 0; i < ARRAY_SIZE(moving); i++) {
		memset(&tally, 0, sizeof(tally));
		for (done = 0; done < count; done += round) {
			round = count - done < ROUND ? count - done : ROUND;
			q = queues_create(s->type, s->family, 16, QUEUES,
					  self->seed + done);
			ASSERT_NE(NULL, q);
			q->label = s->write_label;
			queues_exchange(q, moving[i], 0, round, 0);
			queues_forget(q);
			for (turn = 1; turn <= QUEUES; turn++)
				queues_exchange(q, moving[i], 0, round, turn);
			queues_tally_add(&tally, &q->tally);
			queues_destroy(q);
		}
		judge(_metadata, self->strict, s, kind_names[moving[i]],
		      &tally);
	}
}

/* One end of the veth pair, in the caller's namespace. 0 or -errno. */
static int veth_end(char *name, int family, const char *address,
		    struct link_info *info)
{
	int err = 0;

	if (family == AF_INET6)
		err = ipv6_enable(name);
	if (!err)
		err = link_set_up(name);
	if (!err)
		err = addr_add(name, address, family == AF_INET ? 24 : 64);
	return err ? err : link_get(name, info);
}

/* The far end's namespace, where everything else is behind the near end. */
static int far_namespace(const struct situation *s, char *name,
			 const char *address, const char *gateway,
			 const struct link_info *near, struct packet_end *far)
{
	struct link_info info;
	int err = queues_reply_labels(s->reply_label);

	if (!err)
		err = veth_end(name, s->family, address, &info);
	if (!err)
		err = neigh_add(name, gateway, near->mac);
	if (!err)
		err = route_add(name, "default", 0, gateway);
	packet_addr(s->family, address, far->addr);
	memcpy(far->mac, info.mac, sizeof(far->mac));
	if (!err && s->family == AF_INET6)
		err = address_ready(far->addr);
	/* Until the pair has a carrier, it drops what it is to send. */
	return err ? err : link_wait_running(name);
}

/*
 * A namespace behind a veth pair, whose end of the flows is far: packets from
 * the device are forwarded to it, and its replies back, all inside write().
 * 0 or -errno.
 */
static int host_behind(const struct situation *s, struct packet_end *far)
{
	const char *here = s->family == AF_INET ? "10.200.0.1" : "fd00:c8::1";
	const char *there = s->family == AF_INET ? "10.200.0.2" : "fd00:c8::2";
	char near_name[] = "near", far_name[] = "far";
	int ns = netns_new(), home = netns_get();
	struct link_info near;
	int err;

	if (ns < 0 || home < 0)
		return -EBADF;
	err = link_add_veth(near_name, far_name, ns);
	if (!err)
		err = veth_end(near_name, s->family, here, &near);
	if (!err)
		err = netns_enter(ns);
	if (err)
		return err;
	err = far_namespace(s, far_name, there, here, &near, far);
	if (netns_enter(home))
		return -EBADF;
	if (!err)
		err = link_wait_running(near_name);
	return err ? err : neigh_add(near_name, there, far->mac);
}

struct behind {
	const struct situation *s;
	const struct packet_end *far;
	uint64_t seed;
};

/* Whether the way to the host and back is ready: links and routes settle. */
static bool far_answers(void *arg)
{
	const struct behind *b = arg;
	struct queues *q = queues_create(b->s->type, b->s->family, 16, QUEUES,
					 b->seed);
	bool answers;

	if (!q)
		return false;
	memcpy(q->local.addr, b->far->addr, sizeof(b->far->addr));
	q->patience = QUIET_MS;
	queues_exchange(q, FLOW_PING, 0, 1, 0);
	answers = !q->tally.missing;
	queues_destroy(q);
	return answers;
}

/* Packets that are forwarded and answered by another host. */
TEST_F_TIMEOUT(affinity, forwarded, 300)
{
	static const enum flow_kind kinds[] = { FLOW_PING, FLOW_TCP_CLOSED };
	const struct situation *s = &situations[variant->situation];
	unsigned int count = scaled(FULL_COUNT);
	unsigned int i, done, round;
	struct queues_tally tally;
	struct packet_end far = {};
	struct behind behind = { s, &far, self->seed };
	struct queues *q;

	ASSERT_EQ(0, forwarding_on());
	ASSERT_EQ(0, host_behind(s, &far));
	ASSERT_EQ(0, wait_for(far_answers, &behind, DEADLINE_MS));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		memset(&tally, 0, sizeof(tally));
		for (done = 0; done < count; done += round) {
			round = count - done < ROUND ? count - done : ROUND;
			q = queues_create(s->type, s->family, 16, QUEUES,
					  self->seed + done);
			ASSERT_NE(NULL, q);
			q->label = s->write_label;
			memcpy(q->local.addr, far.addr, sizeof(far.addr));
			queues_exchange(q, kinds[i], 0, round, 0);
			queues_tally_add(&tally, &q->tally);
			queues_destroy(q);
		}
		judge(_metadata, self->strict, s, kind_names[kinds[i]], &tally);
	}
}

/*
 * Two devices, and packets forwarded between them: each device knows the flow
 * by what was written to it, so one flow has a queue of its own in each.
 */
TEST_F_TIMEOUT(affinity, two_devices, 300)
{
	const struct situation *s = &situations[variant->situation];
	unsigned int count = scaled(FULL_COUNT / 5);
	unsigned int number, near_slot, far_slot;
	long wrong = 0, missing = 0;
	struct packet_flow flow, back;
	struct packet_view view;
	struct queues *near, *far;
	int step, slot;

	ASSERT_EQ(0, forwarding_on());
	near = queues_create(s->type, s->family, 16, QUEUES, self->seed);
	far = queues_create(s->type, s->family, 32, QUEUES, self->seed);
	ASSERT_NE(NULL, near);
	ASSERT_NE(NULL, far);
	near->label = s->write_label;
	for (number = 0; number < count && !missing; number++) {
		near_slot = number % QUEUES;
		far_slot = number / QUEUES % QUEUES;
		/* From the other ends of one device to those of the other. */
		flow = queues_flow(near, FLOW_UDP_SINK, number);
		back = queues_flow(far, FLOW_UDP_SINK, number);
		flow.to.port = back.from.port;
		memcpy(flow.to.addr, back.from.addr, sizeof(flow.to.addr));
		memcpy(back.to.addr, flow.from.addr, sizeof(back.to.addr));
		back.to.port = flow.from.port;
		for (step = 0; step < 2; step++) {
			packet_udp(&near->out, &flow, &number, sizeof(number));
			ASSERT_TRUE(queues_put(near, near_slot));
			do {
				slot = queues_next(far, &view, DEADLINE_MS);
			} while (slot >= 0 &&
				 queues_number(far, &view) != (int)number);
			missing += slot < 0;
			/* Nothing was written there before the second time. */
			wrong += step && slot != (int)far_slot;
			packet_udp(&far->out, &back, &number, sizeof(number));
			ASSERT_TRUE(queues_put(far, far_slot));
			do {
				slot = queues_next(near, &view, DEADLINE_MS);
			} while (slot >= 0 &&
				 queues_number(near, &view) != (int)number);
			missing += slot < 0;
			wrong += slot != (int)near_slot;
		}
	}
	printf("# %s: forwarded between two devices: %ld of %u wrong\n",
	       s->name, wrong, 3 * number);
	EXPECT_EQ(0, missing);
	if (self->strict)
		EXPECT_EQ(0, wrong);
	queues_destroy(near);
	queues_destroy(far);
}

/* One of several threads, each with a queue and its own flows. */
struct writer {
	struct queues *q;
	unsigned int slot;
	unsigned int count;
	struct packet packet;
	uint8_t in[2048];
	long wrong;
	pthread_t thread;
};

static atomic_uint arrived;
static atomic_bool failed_write;

static void drain_own(struct writer *w)
{
	struct packet_view view;
	ssize_t size;
	int number;

	for (;;) {
		size = device_read(w->q->fd[w->slot], w->in, sizeof(w->in));
		if (size <= 0)
			return;
		if (!packet_parse(w->in, size, w->q->type == IFF_TAP, &view))
			continue;
		number = queues_number(w->q, &view);
		if (number < 0)
			continue;
		w->wrong += (unsigned int)number % QUEUES != w->slot;
		atomic_fetch_add(&arrived, 1);
	}
}

static void *write_flows(void *arg)
{
	struct writer *w = arg;
	uint64_t end = now_ms() + 6 * DEADLINE_MS;
	struct packet_flow flow;
	unsigned int i, number;

	for (i = 0; i < w->count; i++) {
		number = i * QUEUES + w->slot;
		if (i & 1) {
			flow = queues_flow(w->q, FLOW_PING, number);
			packet_echo(&w->packet, &flow, false, 1, 1, NULL, 0);
		} else {
			flow = queues_flow(w->q, FLOW_TCP_CLOSED, number);
			packet_tcp(&w->packet, &flow, TCP_SYN, number, 0, NULL,
				   0);
		}
		if (device_write(w->q->fd[w->slot], w->packet.data,
				 w->packet.size) != (ssize_t)w->packet.size)
			atomic_store(&failed_write, true);
		drain_own(w);
	}
	/* What went astray is for the others to read. */
	while (atomic_load(&arrived) < QUEUES * w->count && now_ms() < end) {
		drain_own(w);
		sleep_ms(1);
	}
	return NULL;
}

/* All queues write new flows at once, each from its own thread. */
TEST_F_TIMEOUT(affinity, concurrent, 300)
{
	const struct situation *s = &situations[variant->situation];
	unsigned int count = scaled(FULL_COUNT) / QUEUES;
	static struct writer writers[QUEUES];
	long wrong = 0, written = 0;
	unsigned int done, round, i;
	struct queues *q;

	for (done = 0; done < count; done += round) {
		round = count - done < ROUND / QUEUES ? count - done :
							ROUND / QUEUES;
		q = queues_create(s->type, s->family, 16, QUEUES,
				  self->seed + done);
		ASSERT_NE(NULL, q);
		q->label = s->write_label;
		atomic_store(&arrived, 0);
		for (i = 0; i < QUEUES; i++) {
			writers[i].q = q;
			writers[i].slot = i;
			writers[i].count = round;
			writers[i].wrong = 0;
			ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL,
						    write_flows, &writers[i]));
		}
		for (i = 0; i < QUEUES; i++) {
			pthread_join(writers[i].thread, NULL);
			wrong += writers[i].wrong;
		}
		EXPECT_EQ(QUEUES * round, atomic_load(&arrived));
		written += QUEUES * round;
		queues_destroy(q);
	}
	printf("# %s: four threads: %ld of %ld replies wrong\n", s->name, wrong,
	       written);
	EXPECT_FALSE(atomic_load(&failed_write));
	if (self->strict)
		EXPECT_EQ(0, wrong);
}

/*
 * What the in-kernel driver does in this very machine, for comparison. It
 * cannot fail, but says whether there was a difference to see.
 */
FIXTURE(comparison)
{
};

FIXTURE_SETUP(comparison)
{
}

FIXTURE_TEARDOWN(comparison)
{
}

TEST_F_TIMEOUT(comparison, in_kernel_driver, 300)
{
	const char *missing;
	long wrong;

	setenv("MYTUN_NODE", "/dev/net/tun", 1);
	missing = device_missing();
	if (missing)
		SKIP(return, "%s", missing);
	if (device_is_mytun())
		SKIP(return, "/dev/net/tun is served by mytun");
	wrong = report(200, random_seed());
	printf("# %s\n", wrong > 0 ? "the in-kernel driver misplaces replies" :
	       wrong ? "the in-kernel driver could not be measured" :
	       "the in-kernel driver misplaced none");
}

int main(int argc, char **argv)
{
	const char *missing;

	if (argc != 2 || strcmp(argv[1], "--report"))
		return test_harness_run(argc, argv);
	missing = device_missing();
	if (missing) {
		printf("# %s\n", missing);
		return KSFT_SKIP;
	}
	return report(scaled(FULL_COUNT), random_seed()) < 0 ? KSFT_FAIL :
							       KSFT_PASS;
}
