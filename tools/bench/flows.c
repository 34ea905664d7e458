// SPDX-License-Identifier: GPL-2.0
/*
 * How the cost grows with the flows that a device with queues remembers: what
 * learning one costs, what it costs to see it again in either direction, and
 * the memory that it takes.
 *
 * What comes from the user (learn, known) is dropped by tc. What goes to the
 * user (find) comes from a packet socket, past the qdisc, so that neither
 * routes nor sockets are part of it; taking it is not counted.
 */
#include "device.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include <mytun.h>

#include "carrier.h"
#include "carriers.h"
#include "measure.h"
#include "rtnl.h"
#include "site.h"

#define PARAMETERS	"/sys/module/mytun/parameters/"
#define SIZE		64

static const unsigned long scales[] = { 10, 1000, 10000, 100000, 1000000 };

/* Memory that is in use, in bytes. */
static double memory(void)
{
	double total = 0, unused = 0;
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];

	check(file ? 0 : -errno, "meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemTotal: %lf", &total) != 1 &&
		    sscanf(line, "MemFree: %lf", &unused) == 1)
			break;
	fclose(file);
	return (total - unused) * 1024;
}

/* BURST flows from the first on, or any if it is negative. */
static void load(const struct carrier *carrier, void *state, long first,
		 unsigned long flows, uint64_t *seed)
{
	static struct packet packet;
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		site_flow(&packet, SITE_DEVICE, carrier->ethernet, SIZE,
			  first < 0 ? random_below(seed, (uint32_t)flows) :
			  (uint32_t)(((unsigned long)first + i) % flows));
		carrier->ops->load(state, i, &packet, NULL);
	}
}

/* All of them, a burst at a time; the median burst for one packet. */
static double learn(const struct carrier *carrier, void *state,
		    unsigned long flows)
{
	uint64_t start, *costs;
	unsigned long bursts = (flows + BURST - 1) / BURST, n;
	struct series last;

	costs = calloc(bursts, sizeof(*costs));
	check(costs ? 0 : -ENOMEM, "memory");
	for (n = 0; n < bursts; n++) {
		load(carrier, state, (long)(n * BURST), flows, NULL);
		start = now();
		carrier->ops->send(state, BURST);
		costs[n] = now() - start;
	}
	/* The last ones: then the table is as full as it gets. */
	for (n = 0; n < ROUNDS; n++)
		last.value[n] = costs[bursts - 1 - n % bursts];
	free(costs);
	return median(&last, BURST);
}

static double known(const struct carrier *carrier, void *state,
		    unsigned long flows, uint64_t *seed)
{
	struct series cost;
	unsigned int n;
	uint64_t start;

	for (n = 0; n < ROUNDS; n++) {
		load(carrier, state, -1, flows, seed);
		start = now();
		carrier->ops->send(state, BURST);
		cost.value[n] = now() - start;
	}
	return median(&cost, BURST);
}

/* BURST packets out of the device, each of any of the flows. */
static double find(const struct carrier *carrier, void *state,
		   unsigned long flows, uint64_t *seed)
{
	static struct packet packets[BURST];
	struct mmsghdr messages[BURST] = {};
	struct packet_view view;
	struct iovec iov[BURST];
	struct link_info info;
	struct series cost;
	unsigned int n, i;
	uint64_t start;
	int fd;

	check(link_get(SITE_DEVICE, &info), SITE_DEVICE);
	fd = site_raw_source(info.index, PACKET_QDISC_BYPASS);
	for (i = 0; i < BURST; i++) {
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (n = 0; n < ROUNDS; n++) {
		for (i = 0; i < BURST; i++) {
			site_flow(&packets[i], SITE_DEVICE, carrier->ethernet,
				  SIZE, random_below(seed, (uint32_t)flows));
			packet_parse(packets[i].data, packets[i].size,
				     carrier->ethernet, &view);
			view.flow = packet_reverse(&view.flow);
			packet_udp(&packets[i], &view.flow, view.payload,
				   view.payload_size);
			iov[i].iov_base = packets[i].data;
			iov[i].iov_len = packets[i].size;
		}
		start = now();
		if (sendmmsg(fd, messages, BURST, 0) != BURST)
			check(errno ? -errno : -EIO, "sendmmsg");
		cost.value[n] = now() - start;
		carrier->ops->receive(state, SIZE);
	}
	close(fd);
	return median(&cost, BURST);
}

static void run_scale(const struct carrier *carrier, unsigned long flows)
{
	struct carrier one = *carrier;
	uint64_t seed = 1;
	char room[32];
	double before;
	void *state;

	one.row.scale = flows;
	snprintf(room, sizeof(room), "%lu", flows < 64 ? 64 : flows);
	check(file_write(PARAMETERS "flows", room), "flows");
	before = memory();
	state = carrier_open(&one);
	if (!state)
		return;
	site_up(SITE_DEVICE, one.ethernet);
	site_drop(SITE_DEVICE);
	if (one.ops->start)
		one.ops->start(state);
	settle();
	tell("flows", &one.row, SIZE, "learn", learn(&one, state, flows),
	     PER_PACKET);
	tell("flows", &one.row, SIZE, "known", known(&one, state, flows, &seed),
	     PER_PACKET);
	tell("flows", &one.row, SIZE, "find", find(&one, state, flows, &seed),
	     PER_PACKET);
	tell("flows", &one.row, SIZE, "memory", (memory() - before) / 1024,
	     "KiB");
	one.ops->close(state);
	settle();
}

/* What the first device leaves behind is no memory of flows. */
static void warm(const struct carrier *carrier)
{
	void *state = carrier_open(carrier);

	if (!state)
		return;
	site_up(SITE_DEVICE, carrier->ethernet);
	site_drop(SITE_DEVICE);
	settle();
	carrier->ops->close(state);
	settle();
}

static void run(const struct carrier *carrier)
{
	size_t i;

	warm(carrier);
	for (i = 0; i < sizeof(scales) / sizeof(*scales); i++)
		run_scale(carrier, scales[i]);
}

/* There is room for just as many as there are, and none is forgotten. */
void bench_flows(void)
{
	char flows[32], ageing[32];

	check(file_read(PARAMETERS "flows", flows, sizeof(flows)), "flows");
	check(file_read(PARAMETERS "flow_ageing_ms", ageing, sizeof(ageing)),
	      "flow_ageing_ms");
	check(file_write(PARAMETERS "flow_ageing_ms", "86400000"),
	      "flow_ageing_ms");
	carriers_flows(run);
	check(file_write(PARAMETERS "flows", flows), "flows");
	check(file_write(PARAMETERS "flow_ageing_ms", ageing),
	      "flow_ageing_ms");
}
