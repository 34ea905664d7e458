// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write(): packets that are whole, cut, or described by a header that
 * lies, for every shape a device can have; what the stack is told of them, what
 * a reader gets, and what is counted.
 */
#include "device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "parity.h"
#include "player.h"

#define NAME	"parity0"
/* Larger than any packet. */
#define ROOM	70000
#define ALL_OFFLOADS	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define USO		(TUN_F_USO4 | TUN_F_USO6)

static struct steps steps;

FIXTURE(data)
{
	char title[96];
	bool backpressure;	/* tun has it as well */
};

FIXTURE_VARIANT(data)
{
	int flags;
	int hdr;
	int sndbuf;
};

FIXTURE_VARIANT_ADD(data, tun) { .flags = IFF_TUN | IFF_NO_PI };
FIXTURE_VARIANT_ADD(data, tun_pi) { .flags = IFF_TUN };
FIXTURE_VARIANT_ADD(data, tun_vnet)
{
	.flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, .hdr = 10,
};

FIXTURE_VARIANT_ADD(data, tun_pi_vnet)
{
	.flags = IFF_TUN | IFF_VNET_HDR, .hdr = 12,
};

FIXTURE_VARIANT_ADD(data, tun_vnet_24)
{
	.flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, .hdr = 24,
};

FIXTURE_VARIANT_ADD(data, tap) { .flags = IFF_TAP | IFF_NO_PI };
FIXTURE_VARIANT_ADD(data, tap_pi) { .flags = IFF_TAP };
FIXTURE_VARIANT_ADD(data, tap_vnet)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, .hdr = 12,
};

FIXTURE_VARIANT_ADD(data, tap_pi_vnet)
{
	.flags = IFF_TAP | IFF_VNET_HDR, .hdr = 20,
};

FIXTURE_VARIANT_ADD(data, tap_vnet_24)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, .hdr = 24,
};

FIXTURE_VARIANT_ADD(data, tap_sndbuf)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, .hdr = 10,
	.sndbuf = 1 << 20,
};

FIXTURE_VARIANT_ADD(data, tap_napi)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI, .hdr = 10,
};

FIXTURE_VARIANT_ADD(data, tap_napi_queues)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI |
		 IFF_MULTI_QUEUE, .hdr = 10,
};

FIXTURE_VARIANT_ADD(data, tap_frags)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI |
		 IFF_NAPI_FRAGS, .hdr = 10,
};

FIXTURE_VARIANT_ADD(data, tap_queues)
{
	.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE,
	.hdr = 10,
};

/* The device, with one queue, up. */
static void begin(int flags, int hdr, int sndbuf)
{
	steps.count = 0;
	step_fd(&steps, STEP_OPEN, 0, O_NONBLOCK);
	step_setiff(&steps, 0, NAME, flags);
	if (hdr)
		step_ioctl(&steps, STEP_INT, 0, TUNSETVNETHDRSZ, hdr);
	if (sndbuf)
		step_ioctl(&steps, STEP_INT, 0, TUNSETSNDBUF, sndbuf);
	step_link(&steps, STEP_UP, NAME, 0);
}

static void look(void)
{
	step_fd(&steps, STEP_POLL, 0, 0);
	step_link(&steps, STEP_DEVICE, NAME, 0);
}

FIXTURE_SETUP(data)
{
	const char *missing = parity_missing();

	if (missing)
		SKIP(return, "%s", missing);
	self->backpressure = parity_tun_features() & IFF_BACKPRESSURE;
	begin(variant->flags, variant->hdr, variant->sndbuf);
}

FIXTURE_TEARDOWN(data)
{
	parity_print();
}

/* Each kind of packet, with each thing that a header may say of it. */
TEST_F_TIMEOUT(data, headers, 300)
{
	static const unsigned int sizes[] = { 1200, 3000 };
	struct load load;
	unsigned int i;
	int kind, vnet;

	for (kind = 0; kind < LOAD_KINDS; kind++) {
		begin(variant->flags, variant->hdr, variant->sndbuf);
		for (vnet = 0; vnet < VNET_KINDS; vnet++) {
			if (vnet && !variant->hdr)
				break;
			for (i = full_counts() ? 0 : 1; i < ARRAY_SIZE(sizes);
			     i++) {
				load = LOAD(kind, sizes[i]);
				load.vnet = vnet;
				step_write(&steps, 0, load);
			}
		}
		look();
		snprintf(self->title, sizeof(self->title), "packet kind %d",
			 kind);
		EXPECT_TRUE(parity_equal(&steps, false, self->title));
	}
}

/* From nothing to the largest, and in pieces. */
TEST_F_TIMEOUT(data, sizes, 300)
{
	static const unsigned int sizes[] = {
		0, 1, 13, 18, 46, 100, 1472, 1500, 3500, 3700, 4000, 8000,
		32000, 64900, 65000,
	};
	static const unsigned int pieces[] = { 1, 2, 3, 17, 18, 19, 40 };
	unsigned int i, j;
	struct load load;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		load = LOAD(LOAD_UDP4, sizes[i]);
		for (j = 0; j < ARRAY_SIZE(pieces); j++) {
			load.pieces = pieces[j];
			load.flow = j;
			step_write(&steps, 0, load);
		}
		look();
	}
	EXPECT_TRUE(parity_equal(&steps, false, "sizes"));
}

/* Every length up to a whole packet's headers, or every third. */
TEST_F_TIMEOUT(data, cut, 300)
{
	const int step = full_counts() ? 1 : 3;
	static const enum load_kind kinds[] = {
		LOAD_TCP4, LOAD_UDP6, LOAD_ETHER,
	};
	struct load load;
	unsigned int i;
	int cut;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		begin(variant->flags, variant->hdr, variant->sndbuf);
		for (cut = 0; cut < 100; cut += cut < 60 ? step : 7) {
			load = LOAD(kinds[i], 100);
			load.cut = cut;
			step_write(&steps, 0, load);
			if (variant->hdr) {
				load.vnet = VNET_CSUM;
				step_write(&steps, 0, load);
				load.vnet = VNET_GSO;
				step_write(&steps, 0, load);
			}
		}
		look();
		EXPECT_TRUE(parity_equal(&steps, false, "cut"));
	}
}

/* What is in front is of another size than the device wants. */
TEST_F_TIMEOUT(data, fronts, 120)
{
	struct load load;
	int pi, hdr;

	for (pi = 0; pi <= 8; pi += 2) {
		for (hdr = 0; hdr < 30; hdr += 5) {
			load = LOAD(LOAD_UDP4, 50);
			load.pi = pi;
			load.hdr = hdr;
			step_write(&steps, 0, load);
		}
	}
	load = LOAD(LOAD_UDP4, 100);
	load.proto = 0x86dd;
	step_write(&steps, 0, load);
	load.proto = 0x1234;
	step_write(&steps, 0, load);
	load.kind = LOAD_NOISE;
	for (load.flow = 0; load.flow < 40; load.flow++)
		step_write(&steps, 0, load);
	look();
	EXPECT_TRUE(parity_equal(&steps, false, "fronts"));
}

TEST_F_TIMEOUT(data, vlan, 120)
{
	struct load load;
	int kind, vnet;

	for (kind = 0; kind <= LOAD_TUNNEL; kind++) {
		for (vnet = 0; vnet < VNET_UFO; vnet++) {
			if (vnet && !variant->hdr)
				break;
			load = LOAD(kind, 2000);
			load.vlan = 77;
			load.vnet = vnet;
			step_write(&steps, 0, load);
		}
	}
	look();
	EXPECT_TRUE(parity_equal(&steps, false, "vlan"));
}

/* A link that is down, a queue that is aside, a device that is gone. */
TEST_F_TIMEOUT(data, refused, 120)
{
	static const int vnets[] = { VNET_NONE, VNET_CSUM, VNET_GSO,
				     VNET_BAD_LEN, VNET_BAD_TYPE };
	static const int cuts[] = { LOAD_RIGHT, 0, 5, 20, 40 };
	unsigned int i, j, round;
	struct load load;

	for (round = 0; round < 3; round++) {
		if (round == 0) {
			step_link(&steps, STEP_DOWN, NAME, 0);
		} else if (round == 1) {
			step_link(&steps, STEP_UP, NAME, 0);
			step_fd(&steps, STEP_SETQUEUE, 0, IFF_DETACH_QUEUE);
		} else {
			step_link(&steps, STEP_DELETE, NAME, 0);
		}
		for (i = 0; i < ARRAY_SIZE(cuts); i++) {
			for (j = 0; j < ARRAY_SIZE(vnets); j++) {
				load = LOAD(LOAD_TCP4, 1500);
				load.vnet = vnets[j];
				load.cut = cuts[i];
				step_write(&steps, 0, load);
			}
		}
		look();
		step_send(&steps, NAME, LOAD(LOAD_TCP4, 100));
		step_fd(&steps, STEP_READ, 0, ROOM);
		look();
	}
	EXPECT_TRUE(parity_equal(&steps, false, "refused"));
}

/* What the stack sends, read into buffers of every size. */
TEST_F_TIMEOUT(data, rooms, 300)
{
	static const long rooms[] = {
		ROOM, 0, 1, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15, 16, 23, 24,
		25, 27, 28, 29, 40, 60, 100, 141, 142, 143, 152, 156, 200,
	};
	static const enum load_kind kinds[] = {
		LOAD_UDP4, LOAD_TCP6, LOAD_ETHER,
	};
	unsigned int i, k;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		begin(variant->flags, variant->hdr, variant->sndbuf);
		for (i = 0; i < ARRAY_SIZE(rooms); i++) {
			step_send(&steps, NAME, LOAD(kinds[k], 100));
			step_fd(&steps, STEP_POLL, 0, 0);
			step_fd(&steps, STEP_READ, 0, rooms[i]);
			step_fd(&steps, STEP_READ, 0, ROOM);
		}
		look();
		EXPECT_TRUE(parity_equal(&steps, false, "rooms"));
	}
}

/* Packets that the stack left unfinished, with and without offloads. */
TEST_F_TIMEOUT(data, offloads, 300)
{
	static const int masks[] = {
		0, TUN_F_CSUM, TUN_F_CSUM | TUN_F_TSO4,
		TUN_F_CSUM | TUN_F_TSO6, ALL_OFFLOADS, ALL_OFFLOADS | USO,
	};
	static const enum load_vnet vnets[] = {
		VNET_NONE, VNET_CSUM, VNET_GSO, VNET_GSO_ECN,
	};
	unsigned int m, v, i;
	struct load load;
	int kind;

	for (m = 0; m < ARRAY_SIZE(masks); m++) {
		begin(variant->flags, variant->hdr, variant->sndbuf);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETOFFLOAD, masks[m]);
		for (kind = 0; kind <= LOAD_TUNNEL; kind++) {
			for (v = 0; v < ARRAY_SIZE(vnets); v++) {
				if (kind >= LOAD_ETHER && v)
					break;
				load = LOAD(kind, 2200);
				load.vnet = vnets[v];
				/* An MTU's worth, unless it is to be cut. */
				if (v < 2)
					load.size = 1200;
				load.vlan = kind == LOAD_TCP4 && v == 2 ? 5 : 0;
				step_send(&steps, NAME, load);
				steps.at[steps.count - 1].value = v >= 2;
				for (i = 0; i < 6; i++)
					step_fd(&steps, STEP_READ, 0, ROOM);
			}
		}
		look();
		snprintf(self->title, sizeof(self->title), "offloads %#x",
			 masks[m]);
		EXPECT_TRUE(parity_equal(&steps, false, self->title));
	}
}

/* A queue that is full: drops, or a qdisc that waits. */
TEST_F_TIMEOUT(data, full, 120)
{
	unsigned int rounds = self->backpressure ? 2 : 1, round, i;

	for (round = 0; round < rounds; round++) {
		begin(variant->flags | (round ? IFF_BACKPRESSURE : 0),
		      variant->hdr, variant->sndbuf);
		step_link(&steps, STEP_LENGTH, NAME, 4);
		for (i = 0; i < 8; i++) {
			step_send(&steps, NAME, LOAD(LOAD_UDP4, 100 + i));
			steps.at[steps.count - 1].value = 1;
			look();
		}
		for (i = 0; i < 10; i++) {
			step_fd(&steps, STEP_READ, 0, ROOM);
			look();
		}
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 200));
		steps.at[steps.count - 1].value = 1;
		step_fd(&steps, STEP_READ, 0, ROOM);
		look();
		EXPECT_TRUE(parity_equal(&steps, false,
					 round ? "backpressure" : "full"));
	}
}

/* An exception that is not needed is a mistake in the table. Comes last. */
#define PARITY_WHERE	PARITY_DATA
#include "parity_table.h"

TEST_HARNESS_MAIN
