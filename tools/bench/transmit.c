// SPDX-License-Identifier: GPL-2.0
/*
 * From the user to the stack: up to a drop by tc at the device's ingress, and
 * up to a UDP socket that takes no more.
 */
#include "device.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mytun.h>

#include "ethtool.h"
#include "measure.h"
#include "ringmem.h"
#include "site.h"

#define RING_SIZE	(1U << 20)
#define PACKETS		448

struct carrier {
	const char *name;
	const char *node;
	int flags;
	unsigned int batch;		/* records for one write(), or one kick */
	bool ring;
	unsigned int drive, drive_flags;
};

static const struct carrier carriers[] = {
	{ "tun write", TUN },
	{ "tun write, vnet_hdr", TUN, IFF_VNET_HDR },
	{ "tun write, IFF_NAPI", TUN, IFF_NAPI },
	{ "mytun write", MYTUN },
	{ "mytun write, vnet_hdr", MYTUN, IFF_VNET_HDR },
	{ "mytun write, IFF_NAPI", MYTUN, IFF_NAPI },
	{ "batch of 8", MYTUN, .batch = 8 },
	{ "batch of 64", MYTUN, .batch = 64 },
	{ "batch of 64, vnet_hdr", MYTUN, IFF_VNET_HDR, 64 },
	{ "ring, 1 a kick", MYTUN, 0, 1, true },
	{ "ring, 8 a kick", MYTUN, 0, 8, true },
	{ "ring, 64 a kick", MYTUN, 0, 64, true },
	{ "ring, 64 a kick, vnet_hdr", MYTUN, IFF_VNET_HDR, 64, true },
	{ "ring, 64 a kick, GRO", MYTUN, 0, 64, true, MYTUN_DRIVE_CALLER,
	  MYTUN_DRIVE_GRO },
	{ "ring, NAPI, 64 a kick", MYTUN, 0, 64, true, MYTUN_DRIVE_NAPI },
	{ "ring, thread, 64 a kick", MYTUN, 0, 64, true, MYTUN_DRIVE_THREAD },
};

static const size_t sizes[] = { 64, 1400 };

/* A record, or packet, as this carrier wants it; the bytes of it. */
static size_t one(const struct carrier *carrier, const char *name, int kind,
		  size_t size, uint8_t *to)
{
	size_t vnet = carrier->flags & IFF_VNET_HDR ? 10 : 0, at = 0;
	struct packet packet;

	site_packet(&packet, name, kind == IFF_TAP, size);
	if (carrier->batch && !carrier->ring)
		at = record_fill(to, 0, vnet + packet.size);
	to += at ? MYTUN_RECORD_HEADER : 0;
	memset(to, 0, vnet);
	memcpy(to + vnet, packet.data, packet.size);
	return at ? at : vnet + packet.size;
}

static void put_file(int fd, const struct carrier *carrier,
		     const uint8_t *data, size_t size)
{
	unsigned int step = carrier->batch ? carrier->batch : 1, i;
	ssize_t all = (ssize_t)(size * step);

	for (i = 0; i < PACKETS; i += step)
		if (write(fd, data, (size_t)all) != all)
			check(errno ? -errno : -EIO, carrier->name);
}

/* The user's part, copying the packet, is the same for all. */
static void put_ring(struct mytun_queue *queue, const struct carrier *carrier,
		     const uint8_t *data, size_t size)
{
	struct mytun_record *records[BURST];
	unsigned int i, j;

	for (i = 0; i < PACKETS; i += carrier->batch) {
		check(mytun_reserve(queue, records, carrier->batch,
				    (__u32)size) == (int)carrier->batch ?
		      0 : -ENOSPC, "reserve");
		for (j = 0; j < carrier->batch; j++)
			memcpy(record_data(records[j]), data, size);
		check(mytun_submit(queue, MYTUN_ALL), "submit");
	}
}

static void measure(int fd, struct mytun_queue *queue, const char *to,
		    const struct carrier *carrier, const char *name,
		    const uint8_t *data, size_t bytes, size_t size)
{
	struct series cost;
	uint64_t start;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		start = now();
		if (queue)
			put_ring(queue, carrier, data, bytes);
		else
			put_file(fd, carrier, data, bytes);
		if (queue && carrier->drive != MYTUN_DRIVE_CALLER)
			check(mytun_wait(queue, MYTUN_WAIT_TX, -1), "wait");
		cost.value[i] = now() - start;
	}
	tell("transmit", name, size, to, median(&cost, PACKETS));
}

static void run(const struct carrier *carrier, int kind)
{
	static uint8_t data[BURST * 2048];
	struct mytun_queue *queue = NULL;
	char device[IFNAMSIZ] = "bench0", name[64];
	struct mytun_options options;
	int fd, sink, pass;
	size_t i, j, bytes;

	setenv("MYTUN_NODE", carrier->node, 1);
	fd = check(device_create(device, kind | IFF_NO_PI | carrier->flags),
		   carrier->name);
	if (carrier->ring) {
		mytun_options_init(&options);
		options.modes = MYTUN_MODE_SET(MYTUN_MODE_RING);
		options.rx_size = RING_SIZE;
		options.tx_size = RING_SIZE;
		options.drive = carrier->drive;
		options.drive_flags = carrier->drive_flags;
		check(mytun_attach(&queue, fd, &options), "rings");
	} else if (carrier->batch) {
		check(ring_batch(fd, MYTUN_Q_WRITE, 0, 0), "batches");
	}
	site_up(device, kind == IFF_TAP);
	if (!(carrier->drive_flags & MYTUN_DRIVE_GRO))
		check(ethtool_set_feature(device, "rx-gro", false), "GRO");
	sink = site_sink();
	snprintf(name, sizeof(name), "%s %s", kind == IFF_TAP ? "tap" : "tun",
		 carrier->name);
	settle();
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			if (!bench_wanted_size(sizes[i]))
				continue;
			bytes = one(carrier, device, kind, sizes[i], data);
			for (j = 1; carrier->batch && j < BURST; j++)
				memcpy(data + j * bytes, data, bytes);
			measure(fd, queue, pass ? "drop" : "socket", carrier,
				name, data, bytes, sizes[i]);
		}
		if (!pass)
			site_drop(device);
	}
	close(sink);
	if (queue)
		mytun_close(queue);
	else
		close(fd);
}

void bench_transmit(void)
{
	size_t i;

	for (i = 0; i < sizeof(carriers) / sizeof(*carriers); i++) {
		if (!bench_wanted(carriers[i].name))
			continue;
		run(&carriers[i], IFF_TUN);
		run(&carriers[i], IFF_TAP);
	}
}
