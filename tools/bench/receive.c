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

#include <mytun.h>

#include "measure.h"
#include "ringmem.h"
#include "rtnl.h"
#include "site.h"

#define RING_SIZE	(1U << 20)
#define RECORD_MAX	(64 + 65536)

struct carrier {
	const char *name;
	const char *node;
	int flags;
	unsigned int offload;		/* TUN_F_* */
	unsigned int batch;		/* records for one read(); 0: none */
	bool ring;
	unsigned int queue_flags;	/* MYTUN_Q_* */
	bool no_qdisc;			/* as dummy has none */
};

static const struct carrier carriers[] = {
	{ "tun read", TUN },
	{ "tun read, vnet_hdr", TUN, IFF_VNET_HDR, TUN_F_CSUM },
	{ "mytun read", MYTUN },
	{ "mytun read, vnet_hdr", MYTUN, IFF_VNET_HDR, TUN_F_CSUM },
	{ "batch of 8", MYTUN, .batch = 8 },
	{ "batch of 64", MYTUN, .batch = 64 },
	{ "batch of 64, vnet_hdr", MYTUN, IFF_VNET_HDR, TUN_F_CSUM, 64 },
	{ "ring", MYTUN, .ring = true },
	{ "ring, vnet_hdr", MYTUN, IFF_VNET_HDR, TUN_F_CSUM, .ring = true },
	{ "ring, hash", MYTUN, .ring = true, .queue_flags = MYTUN_Q_HASH },
	{ "ring, hash, vnet_hdr", MYTUN, IFF_VNET_HDR, TUN_F_CSUM,
	  .ring = true, .queue_flags = MYTUN_Q_HASH },
	{ "ring, no qdisc", MYTUN, .ring = true, .no_qdisc = true },
	{ "ring, vnet_hdr, no qdisc", MYTUN, IFF_VNET_HDR, TUN_F_CSUM,
	  .ring = true, .no_qdisc = true },
	{ "ring, hash, no qdisc", MYTUN, .ring = true,
	  .queue_flags = MYTUN_Q_HASH, .no_qdisc = true },
};

static const size_t sizes[] = { 64, 1400 };

static uint8_t *buffer;			/* 64 records of the largest size */

/* How much room one read() gets. */
static size_t read_room(const struct carrier *carrier, size_t size)
{
	if (!carrier->batch)
		return RECORD_MAX;
	if (carrier->flags & IFF_TAP)
		size += 14;
	if (carrier->flags & IFF_VNET_HDR)
		size += 10;
	return (size_t)carrier->batch * record_size(0, size);
}

static unsigned int drain_file(int fd, const struct carrier *carrier,
			       size_t size)
{
	size_t room = read_room(carrier, size), at;
	unsigned int packets = 0;
	ssize_t got;

	while ((got = read(fd, buffer, room)) > 0) {
		if (!carrier->batch) {
			packets++;
			continue;
		}
		for (at = 0; at < (size_t)got; packets++)
			at += ((struct mytun_record *)(buffer + at))->size;
	}
	return packets;
}

static unsigned int drain_ring(struct mytun_queue *queue)
{
	struct mytun_record *records[BURST];
	unsigned int packets = 0;
	int got;

	while ((got = mytun_peek(queue, records, BURST)) > 0) {
		packets += (unsigned int)got;
		mytun_release(queue, MYTUN_ALL);
	}
	return packets;
}

static void measure(int source, int fd, struct mytun_queue *queue,
		    const struct carrier *carrier, const char *name,
		    size_t size, double floor)
{
	struct series fill, drain;
	unsigned int i, packets;
	double total;
	uint64_t start;

	for (i = 0; i < ROUNDS; i++) {
		start = now();
		site_send(source, size);
		fill.value[i] = now() - start;
		start = now();
		packets = queue ? drain_ring(queue) :
				  drain_file(fd, carrier, size);
		drain.value[i] = now() - start;
		if (packets != ROUND && i)
			fprintf(stderr, "bench: %s: %u of %u packets\n", name,
				packets, ROUND);
	}
	total = median(&fill, ROUND) + median(&drain, ROUND);
	tell("receive", name, size, "producer", median(&fill, ROUND));
	tell("receive", name, size, "user", median(&drain, ROUND));
	tell("receive", name, size, "total", total);
	tell("receive", name, size, "crossing", total - floor);
}

static void run(const struct carrier *carrier, int kind, const double *floor)
{
	struct mytun_create no_queue = {
		.size = sizeof(no_queue), .flags = MYTUN_CREATE_NO_QUEUE,
	};
	struct mytun_options options;
	char device[IFNAMSIZ] = "bench0", name[64];
	struct mytun_queue *queue = NULL;
	int fd, source;
	size_t i;

	setenv("MYTUN_NODE", carrier->node, 1);
	fd = check(device_open(0), carrier->node);
	if (carrier->no_qdisc)
		check(device_ioctl(fd, MYTUN_IOC_CREATE, (long)&no_queue),
		      "no qdisc");
	check(device_setiff(fd, device, kind | IFF_NO_PI | carrier->flags),
	      carrier->name);
	if (carrier->flags & IFF_VNET_HDR)
		check(device_ioctl(fd, TUNSETOFFLOAD, carrier->offload),
		      "TUNSETOFFLOAD");
	check(device_nonblock(fd, true), "O_NONBLOCK");
	if (carrier->batch)
		check(ring_batch(fd, MYTUN_Q_READ | carrier->queue_flags, 0,
				 0), "batches");
	if (carrier->ring) {
		mytun_options_init(&options);
		options.modes = MYTUN_MODE_SET(MYTUN_MODE_RING);
		options.rx_size = RING_SIZE;
		options.tx_size = RING_SIZE;
		options.queue_flags = carrier->queue_flags;
		check(mytun_attach(&queue, fd, &options), "rings");
	}
	site_up(device, kind == IFF_TAP);
	source = site_source();
	snprintf(name, sizeof(name), "%s %s", kind == IFF_TAP ? "tap" : "tun",
		 carrier->name);
	settle();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (bench_wanted_size(sizes[i]))
			measure(source, fd, queue, carrier, name, sizes[i],
				floor[i]);
	close(source);
	if (queue)
		mytun_close(queue);
	else
		close(fd);
}

static void measure_floor(double *floor)
{
	struct series fill;
	unsigned int round;
	uint64_t start;
	int source;
	size_t i;

	check(link_add("dummy9", "dummy"), "dummy device");
	site_up("dummy9", true);
	source = site_source();
	settle();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (!bench_wanted_size(sizes[i]))
			continue;
		for (round = 0; round < ROUNDS; round++) {
			start = now();
			site_send(source, sizes[i]);
			fill.value[round] = now() - start;
		}
		floor[i] = median(&fill, ROUND);
		tell("receive", "dummy", sizes[i], "producer", floor[i]);
	}
	close(source);
	check(link_delete("dummy9"), "dummy device");
}

void bench_receive(void)
{
	double floor[sizeof(sizes) / sizeof(*sizes)] = {};
	size_t i;

	buffer = malloc((size_t)BURST * RECORD_MAX);
	check(buffer ? 0 : -ENOMEM, "memory");
	memset(buffer, 0, (size_t)BURST * RECORD_MAX);
	if (bench_wanted("dummy"))
		measure_floor(floor);
	for (i = 0; i < sizeof(carriers) / sizeof(*carriers); i++) {
		if (!bench_wanted(carriers[i].name))
			continue;
		run(&carriers[i], IFF_TUN, floor);
		run(&carriers[i], IFF_TAP, floor);
	}
	free(buffer);
}
