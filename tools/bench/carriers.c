// SPDX-License-Identifier: GPL-2.0
#include "device.h"

#include "carriers.h"

#include <stdlib.h>

#include <linux/mytun.h>

#include "bench.h"
#include "peers.h"

/* What a carrier is with. */
#define AS_TAP		0x001	/* as TAP device too, else TUN alone */
#define VNET		0x002	/* IFF_VNET_HDR */
#define CHECKSUM	0x004	/* the stack leaves checksums to the user */
#define LARGE		0x008	/* and large packets uncut */
#define HASH		0x010
#define GRO		0x020
#define NO_QDISC	0x040
#define NAPI		0x080	/* IFF_NAPI */
#define ONE_SENDS	0x100	/* of its queues */

#define OFFLOAD		(VNET | CHECKSUM | LARGE)
#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

struct definition {
	const char *by;
	const char *way;
	enum carrier_mode mode;
	unsigned int batch;
	unsigned int with;
	unsigned int drive;
	unsigned int queues;		/* 0: one */
	unsigned int ring_size;		/* 0: as usual */
};

static const struct definition receivers[] = {
	{ "tun", "read", CARRIER_PLAIN, 1, AS_TAP },
	{ "tun", "read", CARRIER_PLAIN, 1, AS_TAP | OFFLOAD },
	{ "tun", "read", CARRIER_PLAIN, 1, .queues = 4 },
	{ "mytun", "read", CARRIER_PLAIN, 1, AS_TAP },
	{ "mytun", "read", CARRIER_PLAIN, 1, AS_TAP | OFFLOAD },
	{ "mytun", "read", CARRIER_PLAIN, 1, .queues = 4 },
	{ "mytun", "batch read", CARRIER_BATCH, 8 },
	{ "mytun", "batch read", CARRIER_BATCH, 64, AS_TAP },
	{ "mytun", "batch read", CARRIER_BATCH, 64, OFFLOAD },
	{ "mytun", "batch read", CARRIER_BATCH, 64, HASH },
	{ "mytun", "batch read, no qdisc", CARRIER_BATCH, 64, NO_QDISC },
	{ "mytun", "batch read, no qdisc", CARRIER_BATCH, 64,
	  NO_QDISC | OFFLOAD },
	{ "mytun", "ring", CARRIER_RING, 64, AS_TAP },
	{ "mytun", "ring", CARRIER_RING, 64, AS_TAP | OFFLOAD },
	{ "mytun", "ring", CARRIER_RING, 64, HASH },
	{ "mytun", "ring", CARRIER_RING, 64, HASH | OFFLOAD },
	{ "mytun", "ring", CARRIER_RING, 64, .queues = 4 },
	{ "mytun", "ring", CARRIER_RING, 64, .queues = 16 },
	{ "mytun", "ring", CARRIER_RING, 64, .queues = 64 },
	{ "mytun", "ring of 64 MiB", CARRIER_RING, 64, .ring_size = 64 << 20 },
	{ "mytun", "ring, no qdisc", CARRIER_RING, 64, NO_QDISC },
	{ "mytun", "ring, no qdisc", CARRIER_RING, 64, NO_QDISC | OFFLOAD },
	{ "mytun", "ring, no qdisc", CARRIER_RING, 64, NO_QDISC | HASH },
	{ "mytun", "ring, no qdisc", CARRIER_RING, 64, NO_QDISC | HASH | OFFLOAD },
};

static const struct definition senders[] = {
	{ "tun", "write", CARRIER_PLAIN, 1, AS_TAP },
	{ "tun", "write", CARRIER_PLAIN, 1, VNET | LARGE },
	{ "tun", "write, IFF_NAPI", CARRIER_PLAIN, 1, NAPI },
	{ "tun", "write, IFF_NAPI", CARRIER_PLAIN, 1, NAPI | GRO },
	{ "tun", "write", CARRIER_PLAIN, 1, .queues = 4 },
	{ "mytun", "write", CARRIER_PLAIN, 1, AS_TAP },
	{ "mytun", "write", CARRIER_PLAIN, 1, VNET | LARGE },
	{ "mytun", "write", CARRIER_PLAIN, 1, .queues = 4 },
	{ "mytun", "write, IFF_NAPI", CARRIER_PLAIN, 1, NAPI },
	{ "mytun", "write, IFF_NAPI", CARRIER_PLAIN, 1, NAPI | GRO },
	{ "mytun", "batch write", CARRIER_BATCH, 8 },
	{ "mytun", "batch write", CARRIER_BATCH, 64, AS_TAP },
	{ "mytun", "batch write", CARRIER_BATCH, 64, VNET },
	{ "mytun", "ring", CARRIER_RING, 1, 0, MYTUN_DRIVE_CALLER },
	{ "mytun", "ring", CARRIER_RING, 8, 0, MYTUN_DRIVE_CALLER },
	{ "mytun", "ring", CARRIER_RING, 64, AS_TAP, MYTUN_DRIVE_CALLER },
	{ "mytun", "ring", CARRIER_RING, 8, VNET | LARGE, MYTUN_DRIVE_CALLER },
	{ "mytun", "ring", CARRIER_RING, 64, VNET, MYTUN_DRIVE_CALLER },
	{ "mytun", "ring", CARRIER_RING, 64, GRO, MYTUN_DRIVE_CALLER },
	{ "mytun", "ring", CARRIER_RING, 64, .queues = 4 },
	{ "mytun", "ring", CARRIER_RING, 64, .queues = 16 },
	{ "mytun", "ring", CARRIER_RING, 64, .queues = 64 },
	{ "mytun", "ring of 64 MiB", CARRIER_RING, 64, .ring_size = 64 << 20 },
	{ "mytun", "ring", CARRIER_RING, 1, 0, MYTUN_DRIVE_NAPI },
	{ "mytun", "ring", CARRIER_RING, 8, 0, MYTUN_DRIVE_NAPI },
	{ "mytun", "ring", CARRIER_RING, 64, 0, MYTUN_DRIVE_NAPI },
	{ "mytun", "ring", CARRIER_RING, 64, GRO, MYTUN_DRIVE_NAPI },
	{ "mytun", "ring", CARRIER_RING, 1, 0, MYTUN_DRIVE_THREAD },
	{ "mytun", "ring", CARRIER_RING, 8, 0, MYTUN_DRIVE_THREAD },
	{ "mytun", "ring", CARRIER_RING, 64, 0, MYTUN_DRIVE_THREAD },
	{ "mytun", "ring", CARRIER_RING, 1, 0, MYTUN_DRIVE_LENT },
	{ "mytun", "ring", CARRIER_RING, 8, 0, MYTUN_DRIVE_LENT },
	{ "mytun", "ring", CARRIER_RING, 64, 0, MYTUN_DRIVE_LENT },
};

static const struct definition sleepers[] = {
	{ "tun", "read, write", CARRIER_PLAIN, 1, AS_TAP },
	{ "mytun", "read, write", CARRIER_PLAIN, 1, AS_TAP },
	{ "mytun", "batch read, write", CARRIER_BATCH, 1 },
	{ "mytun", "ring", CARRIER_RING, 1 },
};

static const struct definition rememberers[] = {
	{ "mytun", "ring", CARRIER_RING, 64, ONE_SENDS, .queues = 4 },
};

static const struct definition pairs_receiving[] = {
	{ "mytun", "read", CARRIER_PLAIN, 1 },
	{ "mytun", "batch read", CARRIER_BATCH, 64 },
	{ "mytun", "ring, to the user", CARRIER_RING, 64 },
};

static const struct definition pairs_sending[] = {
	{ "mytun", "write", CARRIER_PLAIN, 1 },
	{ "mytun", "batch write", CARRIER_BATCH, 64 },
	{ "mytun", "ring, to the stack", CARRIER_RING, 64, 0,
	  MYTUN_DRIVE_CALLER },
	{ "mytun", "ring, to the stack", CARRIER_RING, 64, 0,
	  MYTUN_DRIVE_THREAD },
};

static const struct carrier peers_receiving[] = {
	{ { "AF_PACKET", "TPACKET_V3", "dummy", .batch = 64 }, &packet_ops,
	  .ethernet = true, .option = PACKET_TPACKET },
	{ { "AF_PACKET", "TPACKET_V3", "veth", .batch = 64 }, &packet_ops,
	  .ethernet = true, .option = PACKET_TPACKET },
	{ { "AF_PACKET", "recvmmsg", "veth", .batch = 64 }, &packet_ops,
	  .ethernet = true, .option = PACKET_RECVMMSG },
	{ { "AF_XDP", "generic, copy", "veth", .batch = 64 }, &xdp_ops,
	  .ethernet = true, .option = XDP_OPTION_GENERIC },
	{ { "AF_XDP", "native, copy", "veth", .batch = 64 }, &xdp_ops,
	  .ethernet = true, .option = XDP_OPTION_NATIVE },
	{ { "tun", "io_uring", "tun", .batch = 64 }, &uring_ops },
	{ { "tun", "vhost-net", "tap", .batch = 64, .vnet_hdr = true },
	  &vhost_ops, .ethernet = true },
};

static const struct carrier peers_sending[] = {
	{ { "AF_PACKET", "sendmmsg", "veth", .batch = 64 }, &packet_ops,
	  .ethernet = true, .option = PACKET_SENDMMSG },
	{ { "AF_XDP", "copy", "veth", .batch = 64 }, &xdp_ops,
	  .ethernet = true, .option = XDP_OPTION_GENERIC },
	{ { "tun", "io_uring", "tun", .batch = 64 }, &uring_ops },
	{ { "tun", "vhost-net", "tap", .batch = 64, .vnet_hdr = true },
	  &vhost_ops, .ethernet = true },
};

static const char * const drives[] = {
	[MYTUN_DRIVE_CALLER] = "caller",
	[MYTUN_DRIVE_NAPI] = "napi",
	[MYTUN_DRIVE_LENT] = "lent",
	[MYTUN_DRIVE_THREAD] = "thread",
};

static void run_one(const struct definition *definition, bool ethernet,
		    bool sends, void (*run)(const struct carrier *carrier))
{
	const unsigned int with = definition->with;
	const struct carrier carrier = {
		.row = {
			.by = definition->by,
			.way = definition->way,
			.kind = ethernet ? "tap" : "tun",
			.batch = definition->batch,
			.queues = definition->queues,
			.vnet_hdr = with & VNET,
			.hash = with & HASH,
			.gro = with & GRO,
			.checksum = with & CHECKSUM,
			.drive = sends && definition->mode == CARRIER_RING ?
				 drives[definition->drive] : NULL,
		},
		.ops = &device_ops,
		.ethernet = ethernet,
		.large = with & LARGE,
		.mode = definition->mode,
		.flags = with & NAPI ? IFF_NAPI : 0,
		.drive = definition->drive,
		.ring_size = definition->ring_size,
		.no_qdisc = with & NO_QDISC,
		.one_sends = with & ONE_SENDS,
	};

	run(&carrier);
}

static void run_peers(const struct carrier *carriers, size_t count,
		      void (*run)(const struct carrier *carrier))
{
	for (; count--; carriers++)
		run(carriers);
}

static void run_all(const struct definition *definitions, size_t count,
		    bool sends, void (*run)(const struct carrier *carrier))
{
	for (; count--; definitions++) {
		run_one(definitions, false, sends, run);
		if (definitions->with & AS_TAP)
			run_one(definitions, true, sends, run);
	}
}

void carriers_receive(void (*run)(const struct carrier *carrier))
{
	run_peers(peers_receiving, COUNT(peers_receiving), run);
	run_all(receivers, COUNT(receivers), false, run);
}

void carriers_transmit(void (*run)(const struct carrier *carrier))
{
	run_peers(peers_sending, COUNT(peers_sending), run);
	run_all(senders, COUNT(senders), true, run);
}

void carriers_wake(void (*run)(const struct carrier *carrier))
{
	run_all(sleepers, COUNT(sleepers), true, run);
}

void carriers_flows(void (*run)(const struct carrier *carrier))
{
	run_all(rememberers, COUNT(rememberers), true, run);
}

void carriers_pairs(void (*to_user)(const struct carrier *carrier),
		    void (*to_stack)(const struct carrier *carrier))
{
	run_all(pairs_receiving, COUNT(pairs_receiving), false, to_user);
	run_all(pairs_sending, COUNT(pairs_sending), true, to_stack);
}

void *carrier_open(const struct carrier *carrier)
{
	return bench_wanted(&carrier->row) ? carrier->ops->open(carrier) : NULL;
}
