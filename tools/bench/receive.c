// SPDX-License-Identifier: GPL-2.0
/*
 * From the stack to the user: what sending costs, what taking costs, and what
 * is left when the same into a dummy device is taken off ("crossing").
 */
#include "device.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "carrier.h"
#include "carriers.h"
#include "measure.h"
#include "rtnl.h"
#include "site.h"

#define SOURCES	64

static const size_t sizes[] = { 64, 1400, SITE_LARGE };

#define SIZES	(sizeof(sizes) / sizeof(*sizes))

static double floor_of[SIZES];

/* What sends: sockets, and one for what is large. */
struct source {
	int sockets[SOURCES];
	unsigned int count;
	int large;
	struct packet packet;
	struct virtio_net_hdr header;
};

static void source_open(struct source *source, const struct row *row,
			bool ethernet)
{
	unsigned int i;

	source->large = site_raw_source(site_up(SITE_DEVICE, ethernet),
					PACKET_VNET_HDR);
	source->count = row->queues > 1 ? row->queues : 1;
	site_large(&source->packet, &source->header, SITE_DEVICE, ethernet);
	for (i = 0; i < source->count; i++)
		source->sockets[i] = site_source(i);
}

static void source_close(const struct source *source)
{
	unsigned int i;

	for (i = 0; i < source->count; i++)
		close(source->sockets[i]);
	close(source->large);
}

/* One round; how many packets that were. */
static unsigned int source_send(const struct source *source, size_t size)
{
	if (size != SITE_LARGE) {
		site_send(source->sockets, source->count, size);
		return ROUND;
	}
	site_send_large(source->large, &source->packet, &source->header);
	return ROUND_LARGE;
}

/* Round 0 is for what is used for the first time. */
static void measure(const struct carrier *carrier, void *state,
		    const struct source *source, size_t size, double floor)
{
	unsigned int sent = 0, taken, n;
	struct series fill, drain;
	double producer, user;
	uint64_t start;

	for (n = 0; n <= ROUNDS; n++) {
		start = now();
		sent = source_send(source, size);
		fill.value[n ? n - 1 : 0] = now() - start;
		start = now();
		taken = carrier->ops->receive(state, size);
		drain.value[n ? n - 1 : 0] = now() - start;
		if (taken != sent && n)
			fprintf(stderr, "bench: %s %s: %u of %u packets\n",
				carrier->row.by, carrier->row.way, taken, sent);
	}
	producer = median(&fill, sent);
	user = median(&drain, sent);
	tell("receive", &carrier->row, size, "producer", producer, PER_PACKET);
	tell("receive", &carrier->row, size, "user", user, PER_PACKET);
	tell("receive", &carrier->row, size, "total", producer + user,
	     PER_PACKET);
	if (floor)
		tell("receive", &carrier->row, size, "crossing",
		     producer + user - floor, PER_PACKET);
}

static void run(const struct carrier *carrier)
{
	void *state = carrier_open(carrier);
	static struct source source;
	size_t i;

	if (!state)
		return;
	source_open(&source, &carrier->row, carrier->ethernet);
	if (carrier->ops->start)
		carrier->ops->start(state);
	settle();
	carrier->ops->receive(state, sizes[0]);
	for (i = 0; i < SIZES; i++)
		if (bench_wanted_size(sizes[i]) &&
		    (carrier->large || sizes[i] != SITE_LARGE))
			measure(carrier, state, &source, sizes[i],
				floor_of[i]);
	source_close(&source);
	carrier->ops->close(state);
}

/* Into a device that throws all away. */
static void run_floor(void)
{
	const struct row row = { "dummy", "nothing", "dummy" };
	static struct source source;
	struct series fill;
	unsigned int sent = 0, n;
	uint64_t start;
	size_t i;
	int err = link_add(SITE_DEVICE, "dummy");

	if (err == -EOPNOTSUPP) {
		fprintf(stderr, "bench: no dummy device: no crossing\n");
		return;
	}
	check(err, "dummy device");
	source_open(&source, &row, true);
	settle();
	for (i = 0; i < SIZES; i++) {
		for (n = 0; n <= ROUNDS; n++) {
			start = now();
			sent = source_send(&source, sizes[i]);
			fill.value[n ? n - 1 : 0] = now() - start;
		}
		floor_of[i] = median(&fill, sent);
		tell("receive", &row, sizes[i], "total", floor_of[i],
		     PER_PACKET);
	}
	source_close(&source);
	check(link_delete(SITE_DEVICE), "dummy device");
}

void bench_receive(void)
{
	run_floor();
	carriers_receive(run);
}
