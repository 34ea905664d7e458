// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a flow after its first reply: it stays with the queue that wrote
 * it last while there is traffic in either direction, through every change of
 * the other queues, until its own queue goes.
 *
 * Against the in-kernel tun the tests only report how much goes wrong.
 */
#include "device.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_packet.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "packet.h"
#include "queues.h"
#include "rtnl.h"

#define NET		16
/* Flows of one test; all of them alive fill half a table. */
#define SOME		2000
#define ENOUGH		(15 * QUEUES)
/* Of tests that make three flows of each. */
#define FEW		1000
/* tun's numbers, and mytun's unless it is told others. */
#define DEFAULT_FLOWS	4096
#define AGEING_MS	3000
/* What must not take longer for a flow to be sure to be alive. */
#define ALIVE_MS	2500
#define HOUR_MS		3600000

#define PARAM_FLOWS	"/sys/module/mytun/parameters/flows"
#define PARAM_AGEING	"/sys/module/mytun/parameters/flow_ageing_ms"

FIXTURE(flow)
{
	struct queues *q;
	uint64_t seed;
	bool strict;
};

FIXTURE_VARIANT(flow)
{
	const char *name;
	int type;
	int family;
};

FIXTURE_VARIANT_ADD(flow, tun_ipv4)
{
	.name = "tun ipv4", .type = IFF_TUN, .family = AF_INET,
};

FIXTURE_VARIANT_ADD(flow, tun_ipv6)
{
	.name = "tun ipv6", .type = IFF_TUN, .family = AF_INET6,
};

FIXTURE_VARIANT_ADD(flow, tap_ipv4)
{
	.name = "tap ipv4", .type = IFF_TAP, .family = AF_INET,
};

FIXTURE_VARIANT_ADD(flow, tap_ipv6)
{
	.name = "tap ipv6", .type = IFF_TAP, .family = AF_INET6,
};

FIXTURE_SETUP(flow)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, queues_serve());
	self->seed = random_seed();
	self->strict = device_is_mytun();
	self->q = queues_create_ageing(variant->type, variant->family, NET,
				       QUEUES, self->seed);
	ASSERT_NE(NULL, self->q);
}

FIXTURE_TEARDOWN(flow)
{
	if (self->q)
		queues_destroy(self->q);
}

static void judge(struct __test_metadata *_metadata, bool strict,
		  const char *where, const char *what,
		  const struct queues_tally *t)
{
	queues_tally_print(t, where, what);
	EXPECT_EQ(0, t->missing);
	EXPECT_EQ(0, t->broken);
	EXPECT_LT(0, t->replies);
	if (strict)
		EXPECT_EQ(0, t->wrong);
}

/* Flows first to first + count - 1 are written, and nothing answers. */
static void write_flows(struct queues *q, unsigned int first,
			unsigned int count)
{
	unsigned int i;

	for (i = first; i < first + count; i++)
		queues_write(q, FLOW_UDP_SINK, i, i % QUEUES);
}

/* The kernel sends one packet on each of them. */
static void send_flows(struct queues *q, unsigned int first, unsigned int count)
{
	unsigned int done, burst, i;
	long sent;

	for (done = 0; done < count; done += burst) {
		burst = count - done < BURST ? count - done : BURST;
		sent = 0;
		for (i = done; i < done + burst; i++)
			sent += !queues_send(q, FLOW_UDP_SINK, first + i, 0);
		q->tally.broken += burst - sent;
		queues_collect(q, sent);
	}
}

/* The queue of these flows has gone: they may come from any other. */
static void orphan(struct queues *q, unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < FLOWS; i++)
		if (q->want[i] == (int)slot)
			q->want[i] = NO_QUEUE;
}

/* At how many queues flows that want none have been read. */
static unsigned int spread(const struct queues *q, unsigned int count)
{
	unsigned int used = 0, i;

	for (i = 0; i < count; i++)
		if (q->want[i] == NO_QUEUE && q->last[i] != NO_QUEUE)
			used |= 1u << q->last[i];
	return __builtin_popcount(used);
}

/* A module parameter, as one device is made. */
static bool set_parameter(const char *path, unsigned long value, char old[32])
{
	char text[32];

	if (file_read(path, old, 32))
		return false;
	snprintf(text, sizeof(text), "%lu", value);
	return !file_write(path, text);
}

/* The device anew, with a table of that size and ageing; NULL if it failed. */
static struct queues *recreate(struct queues *q, unsigned long flows,
			       unsigned long ageing_ms)
{
	int type = q->type, family = q->family;
	char old_flows[32], old_ageing[32];
	uint64_t seed = q->seed;

	queues_destroy(q);
	if (!set_parameter(PARAM_FLOWS, flows, old_flows))
		return NULL;
	q = set_parameter(PARAM_AGEING, ageing_ms, old_ageing) ?
		queues_create_ageing(type, family, NET, QUEUES, seed) : NULL;
	file_write(PARAM_FLOWS, old_flows);
	file_write(PARAM_AGEING, old_ageing);
	return q;
}

/*
 * The device anew, on which no flow gets old, however slow the machine is. The
 * in-kernel driver has no such thing, and nothing is demanded of it.
 */
static struct queues *patient(struct queues *q, bool strict)
{
	return strict ? recreate(q, DEFAULT_FLOWS, HOUR_MS) : q;
}

#define REQUIRE_PARAMETERS()						\
	do {								\
		if (!self->strict)					\
			SKIP(return, "the in-kernel driver has no parameters"); \
	} while (0)

/* A flow that is written once and then only receives. */
TEST_F_TIMEOUT(flow, receives_only, 300)
{
	unsigned int count = scaled(SOME);
	uint64_t end, last, begun, slowest = 0;
	struct queues *q = self->q;

	last = now_ms();
	end = last + 2 * AGEING_MS + 2000;
	write_flows(q, 0, count);
	/* From the begin of one to the end of the next: a flow may be idle so. */
	while (now_ms() < end) {
		begun = now_ms();
		send_flows(q, 0, count);
		if (now_ms() - last > slowest)
			slowest = now_ms() - last;
		last = begun;
		sleep_ms(300);
	}
	if (slowest > ALIVE_MS)
		SKIP(return, "too slow to keep the flows alive");
	judge(_metadata, self->strict, variant->name, "receiving only",
	      &q->tally);
}

/* Each queue in turn is set aside and comes back. */
TEST_F_TIMEOUT(flow, detached, 300)
{
	unsigned int count = scaled(SOME);
	struct queues_tally tally = {};
	unsigned int slot, i, used;
	struct queues *q;

	/* So that those of one queue do not go to one other by chance. */
	if (count < ENOUGH)
		count = ENOUGH;
	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (slot = 0; slot < QUEUES; slot++) {
		write_flows(q, 0, count);
		ASSERT_EQ(0, queues_detach(q, slot));
		orphan(q, slot);
		send_flows(q, 0, count);
		used = spread(q, count);
		printf("# %s: flows of queue %u went to %u others\n",
		       variant->name, slot, used);
		if (self->strict)
			EXPECT_LE(2, used);

		/* It comes back with no flows, as the last. */
		ASSERT_EQ(0, queues_attach(q, slot));
		send_flows(q, 0, count);
		for (i = 0; i < count; i++)
			if (q->want[i] == NO_QUEUE)
				queues_write(q, FLOW_UDP_SINK, i, slot);
		send_flows(q, 0, count);
		queues_tally_add(&tally, &q->tally);
		queues_forget(q);
	}
	judge(_metadata, self->strict, variant->name, "around a detached queue",
	      &tally);
}

/* A closed queue's place is taken by the last one, which keeps its flows. */
TEST_F_TIMEOUT(flow, closed, 300)
{
	unsigned int count = scaled(SOME);
	struct queues_tally tally = {};
	struct queues *q;
	unsigned int slot;

	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (slot = 0; slot < QUEUES; slot++) {
		write_flows(q, 0, count);
		queues_close(q, slot);
		orphan(q, slot);
		send_flows(q, 0, count);
		if (self->strict)
			EXPECT_LE(2, spread(q, count));
		ASSERT_EQ(0, queues_open(q, slot));
		send_flows(q, 0, count);
		write_flows(q, 0, count);
		send_flows(q, 0, count);
		queues_tally_add(&tally, &q->tally);
		queues_forget(q);
	}
	judge(_metadata, self->strict, variant->name, "around a closed queue",
	      &tally);
}

/* All but one leave; what is written then is remembered when they return. */
TEST_F_TIMEOUT(flow, one_queue, 300)
{
	unsigned int count = scaled(SOME);
	struct queues_tally tally;
	unsigned int slot, i;
	struct queues *q;

	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (slot = 1; slot < QUEUES; slot++)
		queues_close(q, slot);
	for (i = 0; i < count; i++)
		queues_write(q, FLOW_UDP_SINK, i, 0);
	for (slot = 1; slot < QUEUES; slot++) {
		ASSERT_EQ(0, queues_open(q, slot));
		send_flows(q, 0, count);
	}
	for (slot = 1; slot < QUEUES; slot++)
		ASSERT_EQ(0, queues_detach(q, slot));
	for (i = count; i < 2 * count; i++)
		queues_write(q, FLOW_UDP_SINK, i, 0);
	for (slot = 1; slot < QUEUES; slot++)
		ASSERT_EQ(0, queues_attach(q, slot));
	send_flows(q, count, count);
	tally = q->tally;
	judge(_metadata, self->strict, variant->name,
	      "written while one queue was there", &tally);
}

/*
 * What is written to a queue that is set aside reaches the stack. It makes no
 * flow and moves none: nothing could be read there.
 */
TEST_F_TIMEOUT(flow, detached_writer, 300)
{
	unsigned int count = scaled(SOME), i;
	struct queues *q;

	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (i = 0; i < count; i++)
		queues_write(q, FLOW_UDP_SINK, i, 2);
	ASSERT_EQ(0, queues_detach(q, 1));
	for (i = 0; i < count; i++) {
		queues_write(q, FLOW_UDP_SINK, i, 1);
		q->want[i] = 2;
		/* This one is answered, from whichever queue. */
		queues_write(q, FLOW_UDP_ECHO, count + i, 1);
		q->want[count + i] = NO_QUEUE;
		queues_collect(q, 1);
	}
	send_flows(q, 0, count);
	judge(_metadata, self->strict, variant->name,
	      "written from a detached queue", &q->tally);
}

/* Any order of everything, against a model of who owns which flow. */
TEST_F_TIMEOUT(flow, shuffled, 600)
{
	unsigned int steps = scaled(40000), count = 300;
	unsigned int attached = QUEUES, i, dice, number, slot;
	struct queues *q;

	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (i = 0; i < steps && !q->tally.missing; i++) {
		dice = random_below(&self->seed, 100);
		number = random_below(&self->seed, count);
		slot = random_below(&self->seed, QUEUES);
		if (dice < 55) {
			ASSERT_EQ(0, queues_send(q, FLOW_UDP_SINK, number, 0));
			queues_collect(q, 1);
		} else if (dice < 95) {
			if (q->parked[slot] || q->fd[slot] < 0)
				continue;
			queues_write(q, FLOW_UDP_SINK, number, slot);
		} else if (q->fd[slot] < 0) {
			ASSERT_EQ(0, queues_open(q, slot));
			attached++;
		} else if (q->parked[slot] && dice < 98) {
			ASSERT_EQ(0, queues_attach(q, slot));
			attached++;
		} else if (q->parked[slot]) {
			queues_close(q, slot);
			q->parked[slot] = false;
		} else if (attached > 1) {
			if (dice < 98) {
				ASSERT_EQ(0, queues_detach(q, slot));
			} else {
				queues_close(q, slot);
			}
			orphan(q, slot);
			attached--;
		}
	}
	judge(_metadata, self->strict, variant->name, "in any order", &q->tally);
}

/* Read until count packets for that address have come, each from that slot. */
static void expect_for(struct queues *q, const struct packet_end *end,
		       unsigned int count, int slot, uint8_t protocol)
{
	struct packet_view view;
	int got;

	while (count) {
		got = queues_next(q, &view, q->patience);
		if (got < 0) {
			q->tally.missing += count;
			q->patience = QUIET_MS;
			return;
		}
		if (view.flow.family != q->family ||
		    view.protocol != protocol ||
		    memcmp(view.flow.to.addr, end->addr, sizeof(end->addr)))
			continue;
		q->tally.replies++;
		q->tally.wrong += got != slot;
		q->tally.broken += !view.l4_sum;
		count--;
	}
}

/* A datagram of flow, cut into pieces, from that queue. */
static void put_fragments(struct queues *q, struct packet *whole,
			  unsigned int slot, uint32_t id)
{
	size_t total = whole->size - whole->l4, offset, size;
	const size_t piece = 1440;

	for (offset = 0; offset < total; offset += piece) {
		size = total - offset < piece ? total - offset : piece;
		packet_fragment(whole, &q->out, id, offset, size,
				offset + size < total);
		queues_put(q, slot);
	}
}

/*
 * Fragments are of the flow of their addresses and protocol, which is another
 * flow than that of the ports that only the first one shows.
 */
TEST_F_TIMEOUT(flow, fragments, 300)
{
	static struct packet whole;
	static uint8_t payload[3400];
	const unsigned int pieces = 3;
	unsigned int count = scaled(FEW), i, a, b;
	struct queues *q;
	struct packet_flow flow;
	uint8_t icmp = variant->family == AF_INET ? IPPROTO_ICMP :
						    IPPROTO_ICMPV6;

	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	random_fill(&self->seed, payload, sizeof(payload));
	for (i = 0; i < count && !q->tally.missing; i++) {
		a = i % QUEUES;
		b = (i + 1 + i / QUEUES % (QUEUES - 1)) % QUEUES;
		flow = queues_flow(q, FLOW_UDP_ECHO, i * QUEUES);

		/* In pieces from a, whole from b: each its own way back. */
		packet_udp(&whole, &flow, payload, sizeof(payload));
		put_fragments(q, &whole, a, i);
		expect_for(q, &flow.from, pieces, a, IPPROTO_UDP);
		packet_udp(&q->out, &flow, payload, 100);
		queues_put(q, b);
		expect_for(q, &flow.from, 1, b, IPPROTO_UDP);
		queues_send(q, FLOW_UDP_ECHO, i * QUEUES, sizeof(payload));
		expect_for(q, &flow.from, pieces, a, IPPROTO_UDP);
		queues_send(q, FLOW_UDP_ECHO, i * QUEUES, 100);
		expect_for(q, &flow.from, 1, b, IPPROTO_UDP);

		/* Echo has no ports: in pieces or whole, it is one flow. */
		packet_echo(&whole, &flow, false, 1, 1, payload,
			    sizeof(payload));
		put_fragments(q, &whole, b, i + 0x8000);
		expect_for(q, &flow.from, pieces, b, icmp);
		packet_echo(&q->out, &flow, false, 1, 2, payload, 100);
		queues_put(q, a);
		expect_for(q, &flow.from, 1, a, icmp);
	}
	judge(_metadata, self->strict, variant->name, "fragments", &q->tally);
}

/*
 * An ICMP error belongs to the flow of its addresses and ICMP, as an echo
 * does, and not to the flow of the packet that it quotes.
 */
TEST_F_TIMEOUT(flow, icmp_error, 300)
{
	/* Few enough for the limit on errors, 50 in a burst on every kernel. */
	unsigned int count = 32, i, a, b;
	struct queues *q;
	struct packet_flow flow;
	uint8_t icmp = variant->family == AF_INET ? IPPROTO_ICMP :
						    IPPROTO_ICMPV6;

	self->q = patient(self->q, self->strict);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (i = 0; i < count && !q->tally.missing; i++) {
		a = i % QUEUES;
		b = (i + 1) % QUEUES;
		flow = queues_flow(q, FLOW_UDP_CLOSED, i * 16);
		packet_echo(&q->out, &flow, false, 1, 1, &i, sizeof(i));
		queues_put(q, a);
		expect_for(q, &flow.from, 1, a, icmp);
		packet_udp(&q->out, &flow, &i, sizeof(i));
		queues_put(q, b);
		expect_for(q, &flow.from, 1, a, icmp);
	}
	judge(_metadata, self->strict, variant->name, "ICMP errors", &q->tally);
}

/* A full table keeps what it has, and counts what it has no room for. */
TEST_F_TIMEOUT(flow, full_table, 300)
{
	unsigned int size = DEFAULT_FLOWS, more = 256, i;
	struct queues *q;

	REQUIRE_PARAMETERS();
	EXPECT_EQ(size, ethtool_counter(self->q->name, "flows_table_size"));
	self->q = recreate(self->q, size, HOUR_MS);
	q = self->q;
	ASSERT_NE(NULL, q);
	write_flows(q, 0, size);
	EXPECT_EQ(size, ethtool_counter(q->name, "flows_entries"));
	EXPECT_EQ(0, ethtool_counter(q->name, "flows_table_full"));
	write_flows(q, size, more);
	EXPECT_EQ(size, ethtool_counter(q->name, "flows_entries"));
	EXPECT_EQ(more, ethtool_counter(q->name, "flows_table_full"));

	/* No flow is wrong but those without an entry, and they still come. */
	for (i = size; i < size + more; i++)
		q->want[i] = NO_QUEUE;
	send_flows(q, 0, size + more);
	EXPECT_LE(2, spread(q, size + more));

	/* A queue that goes makes room for what others write. */
	ASSERT_EQ(0, queues_detach(q, 0));
	EXPECT_EQ(size - size / QUEUES, ethtool_counter(q->name, "flows_entries"));
	orphan(q, 0);
	for (i = size; i < size + more; i++)
		queues_write(q, FLOW_UDP_SINK, i, 1 + i % (QUEUES - 1));
	EXPECT_EQ(more, ethtool_counter(q->name, "flows_table_full"));
	send_flows(q, 0, size + more);
	judge(_metadata, self->strict, variant->name, "a full table", &q->tally);
}

/* What is older than the ageing time makes room, whoever has to look for it. */
TEST_F_TIMEOUT(flow, aged, 300)
{
	unsigned int size = 256, ageing = 1000, round, i;
	struct queues *q;

	REQUIRE_PARAMETERS();
	self->q = recreate(self->q, size, ageing);
	q = self->q;
	ASSERT_NE(NULL, q);
	EXPECT_EQ(size, ethtool_counter(q->name, "flows_table_size"));
	for (round = 0; round < 4; round++) {
		write_flows(q, round * size, size);
		EXPECT_LT(0, ethtool_counter(q->name, "flows_entries"));
		sleep_ms(ageing + ageing / 4);
	}
	EXPECT_EQ(round * size, ethtool_counter(q->name, "flows_learned"));
	EXPECT_EQ(0, ethtool_counter(q->name, "flows_table_full"));

	/* With nothing written, the table empties by itself. */
	for (i = 0; i < DEADLINE_MS / 100; i++) {
		if (!ethtool_counter(q->name, "flows_entries"))
			break;
		sleep_ms(100);
	}
	EXPECT_EQ(0, ethtool_counter(q->name, "flows_entries"));

	/* Forgotten flows are spread by their hash, as unknown ones are. */
	memset(q->want, NO_QUEUE, sizeof(q->want));
	send_flows(q, 0, size);
	EXPECT_LE(2, spread(q, size));
	judge(_metadata, self->strict, variant->name, "aged", &q->tally);
}

/* As many flows as a table of the largest size takes: none is lost or mixed. */
TEST_F_TIMEOUT(flow, large_table, 3600)
{
	unsigned int count = scaled(FLOWS), done, round;
	struct queues *q;

	REQUIRE_PARAMETERS();
	self->q = recreate(self->q, FLOWS, HOUR_MS);
	q = self->q;
	ASSERT_NE(NULL, q);
	for (done = 0; done < count; done += round) {
		round = count - done < SOME ? count - done : SOME;
		write_flows(q, done, round);
	}
	/* With a million, about 116 pairs of them share a hash of 32 bits. */
	send_flows(q, 0, count);
	EXPECT_EQ(count, ethtool_counter(q->name, "flows_entries"));
	EXPECT_EQ(0, ethtool_counter(q->name, "flows_table_full"));
	judge(_metadata, self->strict, variant->name, "a large table",
	      &q->tally);
}

FIXTURE(frame)
{
	struct queues *q;
	uint64_t seed;
	bool strict;
	int fd;			/* packet socket on the device */
	struct sockaddr_ll address;
};

FIXTURE_SETUP(frame)
{
	struct link_info info;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, queues_serve());
	self->seed = random_seed();
	self->strict = device_is_mytun();
	self->q = queues_create(IFF_TAP, AF_INET, NET, QUEUES, self->seed);
	ASSERT_NE(NULL, self->q);
	ASSERT_EQ(0, link_get(self->q->name, &info));
	self->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, self->fd);
	self->address.sll_family = AF_PACKET;
	self->address.sll_protocol = htons(0x0003); /* ETH_P_ALL */
	self->address.sll_ifindex = info.index;
	ASSERT_EQ(0, bind(self->fd, (struct sockaddr *)&self->address,
			  sizeof(self->address)));
}

FIXTURE_TEARDOWN(frame)
{
	close(self->fd);
	queues_destroy(self->q);
}

/* Other ends' MAC addresses: locally administered, one for each number. */
static void mac_of(unsigned int number, uint8_t mac[6])
{
	memset(mac, 0, 6);
	mac[0] = 0x06;
	mac[3] = number & 1 ? 0xff : 0x01; /* above and below the device's */
	mac[4] = number >> 8 & 0xff;
	mac[5] = number & 0xff;
}

/*
 * The stack sends the frame back: written with that source, it arrives at the
 * packet socket, whose program swaps the addresses. tag 0: none.
 */
static void bounce(struct queues *q, int fd, unsigned int number,
		   uint16_t ethertype, uint16_t tag, unsigned int slot)
{
	uint8_t mac[6], frame[64], inner[46] = {}, back[2048];
	uint8_t *at = inner;
	struct packet_view view;
	ssize_t size;
	int got;

	mac_of(number, mac);
	if (tag) {
		*at++ = tag >> 8;
		*at++ = tag & 0xff;
		*at++ = ethertype >> 8;
		*at++ = ethertype & 0xff;
	}
	memcpy(at, &number, sizeof(number));
	packet_ether(&q->out, q->local.mac, mac, tag ? 0x8100 : ethertype,
		     inner, sizeof(inner));
	queues_put(q, slot);

	/* The tag was taken off and is told apart: put in what was written. */
	do {
		size = recv(fd, back, sizeof(back), 0);
	} while (size > 0 && memcmp(back + 6, mac, 6));
	if (size <= 0) {
		q->tally.missing++;
		return;
	}
	memcpy(frame, q->out.data, q->out.size);
	memcpy(frame, mac, 6);
	memcpy(frame + 6, q->local.mac, 6);
	if (send(fd, frame, q->out.size, 0) != (ssize_t)q->out.size) {
		q->tally.broken++;
		return;
	}
	do {
		got = queues_next(q, &view, DEADLINE_MS);
	} while (got >= 0 && (view.ethertype != ethertype ||
			      memcmp(view.flow.to.mac, mac, 6)));
	if (got < 0) {
		q->tally.missing++;
		return;
	}
	q->tally.replies++;
	q->tally.wrong += got != (int)slot;
	q->tally.broken += !!view.vlan_proto != !!tag ||
			   memcmp(view.payload, &number, sizeof(number));
}

/*
 * Frames without IP: the flow is the EtherType and both MAC addresses, in
 * either order and with or without a VLAN tag.
 */
TEST_F_TIMEOUT(frame, without_ip, 300)
{
	unsigned int count = scaled(FEW), i;
	struct queues *q = self->q;

	for (i = 0; i < count && !q->tally.missing; i++) {
		bounce(q, self->fd, i, 0x88b5, 0, i % QUEUES);
		bounce(q, self->fd, i, 0x88b6, 0, (i + 1) % QUEUES);
		bounce(q, self->fd, i + count, 0x88b5, 5, (i + 2) % QUEUES);
	}
	judge(_metadata, self->strict, "tap", "frames without IP", &q->tally);
}

/* The same pair and EtherType again, from another queue each time. */
TEST_F_TIMEOUT(frame, moved, 300)
{
	unsigned int count = scaled(SOME), i;
	struct queues *q = self->q;

	for (i = 0; i < count && !q->tally.missing; i++)
		bounce(q, self->fd, i % 16, 0x88b5, 0, i / 16 % QUEUES);
	judge(_metadata, self->strict, "tap", "frames without IP that move",
	      &q->tally);
}

/* IP inside a VLAN tag, which the stack takes off and the driver puts back. */
TEST_F_TIMEOUT(frame, vlan, 300)
{
	static const enum flow_kind kinds[] = {
		FLOW_PING, FLOW_TCP_CLOSED, FLOW_UDP_ECHO
	};
	unsigned int count = scaled(FEW), i;
	struct queues *q = self->q;
	int err = queues_add_vlan(q, 5);

	if (err == -ENOPKG || err == -EOPNOTSUPP || err == -ENOTTY ||
	    err == -EINVAL)
		SKIP(return, "no VLAN devices in this kernel");
	ASSERT_EQ(0, err);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		queues_forget(q);
		queues_exchange(q, kinds[i], 0, count, i);
		judge(_metadata, self->strict, "tap", "inside a VLAN",
		      &q->tally);
	}
}

TEST_HARNESS_MAIN
