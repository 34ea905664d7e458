// SPDX-License-Identifier: GPL-2.0
/*
 * From the user to the stack: up to a drop by tc at the device's ingress, and
 * up to a UDP socket that takes no more. What GRO has to merge are 64 segments
 * of a TCP connection in order.
 */
#include "device.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "carrier.h"
#include "carriers.h"
#include "measure.h"
#include "site.h"

static const size_t sizes[] = { 64, 1400, SITE_LARGE };

#define SIZES	(sizeof(sizes) / sizeof(*sizes))
#define TCP_HEADERS	40

static void load(const struct carrier *carrier, void *state, size_t size)
{
	static struct packet packet;
	struct virtio_net_hdr header = {};
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		if (size == SITE_LARGE || carrier->row.gro)
			site_segment(&packet, SITE_DEVICE, carrier->ethernet,
				     size, 1 + i * (uint32_t)(size -
							      TCP_HEADERS));
		else
			site_packet(&packet, SITE_DEVICE, carrier->ethernet,
				    size);
		if (size == SITE_LARGE)
			packet_gso(&packet, &header, SITE_SEGMENT);
		carrier->ops->load(state, i, &packet,
				   carrier->row.vnet_hdr ? &header : NULL);
	}
}

/* Round 0 is for what is used for the first time. */
static void measure(const struct carrier *carrier, void *state,
		    const char *to, size_t size)
{
	const unsigned int count = size == SITE_LARGE ? ROUND_LARGE : ROUND;
	unsigned long seen = 0;
	struct series cost;
	unsigned int n;
	uint64_t start;

	load(carrier, state, size);
	for (n = 0; n <= ROUNDS; n++) {
		if (n == 1)
			seen = site_seen();
		start = now();
		carrier->ops->send(state, count);
		cost.value[n ? n - 1 : 0] = now() - start;
	}
	seen = site_seen() - seen;
	tell("transmit", &carrier->row, size, to, median(&cost, count),
	     PER_PACKET);
	if (carrier->row.gro && seen)
		tell("transmit", &carrier->row, size, "merged",
		     (double)count * ROUNDS / seen, "segments/skb");
	else if (seen < (unsigned long)count * ROUNDS)
		fprintf(stderr, "bench: %s %s: %lu of %u packets\n",
			carrier->row.by, carrier->row.way, seen,
			count * ROUNDS);
}

static void run(const struct carrier *carrier)
{
	void *state = carrier_open(carrier);
	int sink, dropped;
	size_t i;

	if (!state)
		return;
	site_up(SITE_DEVICE, carrier->ethernet);
	if (carrier->ops->start)
		carrier->ops->start(state);
	sink = site_sink();
	settle();
	for (dropped = 0; dropped < 2; dropped++) {
		for (i = 0; i < SIZES; i++) {
			if (!bench_wanted_size(sizes[i]))
				continue;
			/* TCP has nobody to go to. */
			if (sizes[i] == SITE_LARGE &&
			    (!carrier->large || !dropped))
				continue;
			if (carrier->row.gro && (sizes[i] != 1400 || !dropped))
				continue;
			measure(carrier, state, dropped ? "drop" : "socket",
				sizes[i]);
		}
		if (!dropped)
			site_drop(SITE_DEVICE);
	}
	close(sink);
	carrier->ops->close(state);
}

void bench_transmit(void)
{
	carriers_transmit(run);
}
