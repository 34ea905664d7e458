// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETIFF: every flag and every pair of flags, for devices that are made, for
 * persistent ones that are taken over, and for more queues of one device; names,
 * users; and what flags do afterwards.
 */
#include "device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "parity.h"
#include "player.h"

#define NAME	"parity0"

static const int types[] = { IFF_TUN, IFF_TAP, IFF_TUN | IFF_TAP, 0 };

static const int flags[] = {
	IFF_NAPI, IFF_NAPI_FRAGS, IFF_NO_CARRIER, IFF_BACKPRESSURE,
	IFF_MULTI_QUEUE, IFF_NO_PI, IFF_ONE_QUEUE, IFF_VNET_HDR, IFF_TUN_EXCL,
	IFF_PERSIST, IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE, 0x0004, 0x0008,
};

static struct steps steps;

FIXTURE(flags)
{
	char title[64];
};

FIXTURE_VARIANT(flags)
{
	bool compat;
};

FIXTURE_VARIANT_ADD(flags, native) { .compat = false };
FIXTURE_VARIANT_ADD(flags, compat) { .compat = true };

FIXTURE_SETUP(flags)
{
	const char *missing = parity_missing();

	if (missing)
		SKIP(return, "%s", missing);
	if (variant->compat && player_no_compat())
		SKIP(return, "%s", player_no_compat());
	steps.count = 0;
}

FIXTURE_TEARDOWN(flags)
{
	parity_print();
}

static void look(int fd)
{
	step_fd(&steps, STEP_FILE, fd, 0);
	step_link(&steps, STEP_DEVICE, NAME, 0);
}

/* A device of its own for each combination. */
TEST_F_TIMEOUT(flags, create, 300)
{
	const unsigned int n = ARRAY_SIZE(flags);
	const unsigned long pairs = ARRAY_SIZE(types) * n * (n - 1) / 2;
	/* Each flag alone always, and as many pairs as there is time for. */
	unsigned long every = pairs / scaled(pairs), pair = 0;
	unsigned int t, i, j;

	for (t = 0; t < ARRAY_SIZE(types); t++) {
		for (i = 0; i < n; i++) {
			steps.count = 0;
			for (j = 0; j <= i; j++) {
				if (j < i && pair++ % every)
					continue;
				step_fd(&steps, STEP_OPEN, 0, 0);
				step_setiff(&steps, 0, NAME, types[t] |
					    flags[i] | flags[j]);
				look(0);
				step_fd(&steps, STEP_CLOSE, 0, 0);
			}
			snprintf(self->title, sizeof(self->title),
				 "type %d flag %#x", types[t], flags[i]);
			ASSERT_TRUE(parity_equal(&steps, variant->compat,
						 self->title));
		}
	}
}

/* A persistent device made with one set of flags, taken over with another. */
TEST_F_TIMEOUT(flags, take_over, 300)
{
	static const int before[] = {
		IFF_TUN, IFF_TAP | IFF_NO_PI, IFF_TAP | IFF_VNET_HDR,
		IFF_TUN | IFF_MULTI_QUEUE, IFF_TAP | IFF_NAPI | IFF_NO_PI,
		IFF_TAP | IFF_MULTI_QUEUE | IFF_NO_PI | IFF_VNET_HDR,
		IFF_TAP | IFF_BACKPRESSURE, IFF_TUN | IFF_NO_CARRIER,
	};
	unsigned int b, i;

	for (b = 0; b < ARRAY_SIZE(before); b++) {
		int type = before[b] & (IFF_TUN | IFF_TAP | IFF_MULTI_QUEUE);

		steps.count = 0;
		step_fd(&steps, STEP_OPEN, 0, 0);
		step_setiff(&steps, 0, NAME, before[b]);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETPERSIST, 1);
		step_ioctl(&steps, STEP_INT, 0, TUNSETVNETHDRSZ, 12);
		step_ioctl(&steps, STEP_INT, 0, TUNSETSNDBUF, 70000);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETOFFLOAD, TUN_F_CSUM);
		step_fd(&steps, STEP_CLOSE, 0, 0);
		step_link(&steps, STEP_DEVICE, NAME, 0);
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			step_fd(&steps, STEP_OPEN, 0, 0);
			step_setiff(&steps, 0, NAME, type | flags[i]);
			look(0);
			step_fd(&steps, STEP_CLOSE, 0, 0);
			step_link(&steps, STEP_DEVICE, NAME, 0);
		}
		for (i = 0; i < ARRAY_SIZE(types); i++) {
			step_fd(&steps, STEP_OPEN, 0, 0);
			step_setiff(&steps, 0, NAME, types[i]);
			look(0);
			step_fd(&steps, STEP_CLOSE, 0, 0);
		}
		step_fd(&steps, STEP_OPEN, 0, 0);
		step_setiff(&steps, 0, NAME, type);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETPERSIST, 0);
		look(0);
		step_fd(&steps, STEP_CLOSE, 0, 0);
		step_link(&steps, STEP_DEVICE, NAME, 0);
		snprintf(self->title, sizeof(self->title), "made with %#x",
			 before[b]);
		EXPECT_TRUE(parity_equal(&steps, variant->compat, self->title));
	}
}

/* One queue is there; the next one comes with other flags. */
TEST_F_TIMEOUT(flags, more_queues, 300)
{
	unsigned int i, t;

	for (t = 0; t < 2; t++) {
		int type = types[t] | IFF_MULTI_QUEUE;

		steps.count = 0;
		step_fd(&steps, STEP_OPEN, 0, 0);
		step_setiff(&steps, 0, NAME, type | IFF_NO_PI);
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			step_fd(&steps, STEP_OPEN, 1, 0);
			step_setiff(&steps, 1, NAME, type | flags[i]);
			look(1);
			/* And from there, with more than one. */
			step_fd(&steps, STEP_OPEN, 2, 0);
			step_setiff(&steps, 2, NAME, type | flags[i]);
			look(2);
			step_fd(&steps, STEP_SETQUEUE, 0, IFF_DETACH_QUEUE);
			look(0);
			step_fd(&steps, STEP_CLOSE, 1, 0);
			look(2);
			step_fd(&steps, STEP_SETQUEUE, 0, IFF_ATTACH_QUEUE);
			look(0);
			step_fd(&steps, STEP_CLOSE, 2, 0);
			look(0);
		}
		EXPECT_TRUE(parity_equal(&steps, variant->compat, "queues"));
	}
}

TEST_F_TIMEOUT(flags, names, 120)
{
	static const char * const names[] = {
		"", "x%d", "x%d", "%d", "a/b", "a b", ".", "..", "a%d%d",
		"a%s", "a%", "a:b", "lo", "all", "abcdefghijklmno", "\377x",
		"parity0", "PARITY0",
	};
	unsigned int i, t;

	for (t = 0; t < 2; t++) {
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			step_fd(&steps, STEP_CLOSE, i % 2, 0);
			step_fd(&steps, STEP_OPEN, i % 2, 0);
			step_setiff(&steps, i % 2, names[i], types[t]);
			step_fd(&steps, STEP_FILE, i % 2, 0);
		}
	}
	EXPECT_TRUE(parity_equal(&steps, variant->compat, "names"));
}

/* Who may make a device, and who may attach to one. */
TEST_F_TIMEOUT(flags, users, 120)
{
	static const struct {
		long owner, group, user;
	} cases[] = {
		{ -1, -1, 1000 }, { 1000, -1, 1000 }, { 1001, -1, 1000 },
		{ -1, 1000, 1000 }, { -1, 1001, 1000 }, { 1000, 1000, 1000 },
		{ 1000, 1001, 1000 }, { 1001, 1000, 1000 }, { 0, -1, 1000 },
		{ -1, -1, 0 }, { 1001, 1001, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		steps.count = 0;
		step_fd(&steps, STEP_OPEN, 0, 0);
		step_fd(&steps, STEP_OPEN, 1, 0);
		step_fd(&steps, STEP_OPEN, 2, 0);
		step_fd(&steps, STEP_OPEN, 3, 0);
		step_setiff(&steps, 0, NAME, IFF_TAP | IFF_MULTI_QUEUE);
		if (cases[i].owner >= 0)
			step_ioctl(&steps, STEP_VALUE, 0, TUNSETOWNER,
				   cases[i].owner);
		if (cases[i].group >= 0)
			step_ioctl(&steps, STEP_VALUE, 0, TUNSETGROUP,
				   cases[i].group);
		look(0);
		step_fd(&steps, STEP_USER, 0, cases[i].user);
		step_setiff(&steps, 2, "other0", IFF_TUN);
		step_setiff(&steps, 2, "other0", 0);
		step_setiff(&steps, 2, NAME, IFF_TUN);
		step_setiff(&steps, 2, NAME, IFF_TAP | IFF_MULTI_QUEUE |
			    IFF_NAPI | IFF_NAPI_FRAGS);
		step_ioctl(&steps, STEP_NETNS, 2, SIOCGSKNS, 0);
		step_ioctl(&steps, STEP_NETNS, 0, TUNGETDEVNETNS, 0);
		step_fd(&steps, STEP_SETMAC, 0, 9);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETPERSIST, 1);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETPERSIST, 0);
		step_setiff(&steps, 1, NAME, IFF_TAP | IFF_MULTI_QUEUE);
		step_fd(&steps, STEP_FILE, 1, 0);
		step_fd(&steps, STEP_USER, 0, 0);
		snprintf(self->title, sizeof(self->title),
			 "owner %ld group %ld user %ld", cases[i].owner,
			 cases[i].group, cases[i].user);
		EXPECT_TRUE(parity_equal(&steps, variant->compat, self->title));
	}
}

/* What links do to files, and files to links. */
TEST_F_TIMEOUT(flags, link, 120)
{
	static const long lengths[] = { 1, 2, 10, 500, 100000, 0, 500 };
	static const long mtus[] = { 67, 68, 1500, 9000, 65521, 65522, 65535,
				     65536, 0, -1, 1500 };
	unsigned int i, t;
	struct step *step;

	for (t = 0; t < 2; t++) {
		steps.count = 0;
		step_fd(&steps, STEP_OPEN, 0, O_NONBLOCK);
		step_setiff(&steps, 0, NAME, types[t]);
		for (i = 0; i < ARRAY_SIZE(mtus); i++) {
			step_link(&steps, STEP_MTU, NAME, mtus[i]);
			look(0);
		}
		for (i = 0; i < ARRAY_SIZE(lengths); i++) {
			step_link(&steps, STEP_LENGTH, NAME, lengths[i]);
			look(0);
		}
		step_link(&steps, STEP_UP, NAME, 0);
		look(0);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETLINK, 1);
		step_link(&steps, STEP_CARRIER, NAME, 0);
		look(0);
		step_link(&steps, STEP_CARRIER, NAME, 1);
		look(0);
		step_link(&steps, STEP_MAC, NAME, 1);
		look(0);
		step_link(&steps, STEP_DOWN, NAME, 0);
		look(0);
		step = step_add(&steps, STEP_RENAME);
		strcpy(step->name, NAME);
		strcpy(step->to, "renamed0");
		look(0);
		step_link(&steps, STEP_DEVICE, "renamed0", 0);
		step_link(&steps, STEP_ETHTOOL, "renamed0", 0);
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETPERSIST, 1);
		step_fd(&steps, STEP_CLOSE, 0, 0);
		step_link(&steps, STEP_CARRIER, "renamed0", 1);
		step_link(&steps, STEP_UP, "renamed0", 1);
		step_send(&steps, "renamed0", LOAD(LOAD_UDP4, 100));
		step_link(&steps, STEP_DEVICE, "renamed0", 0);
		step_link(&steps, STEP_DELETE, "renamed0", 0);
		step_link(&steps, STEP_DEVICE, "renamed0", 0);
		EXPECT_TRUE(parity_equal(&steps, variant->compat, "link"));
	}
}

/* Packets that wait in a queue, when the queue's length or place changes. */
TEST_F_TIMEOUT(flags, waiting, 120)
{
	unsigned int i, t;

	for (t = 0; t < 4; t++) {
		steps.count = 0;
		step_fd(&steps, STEP_OPEN, 0, O_NONBLOCK);
		step_setiff(&steps, 0, NAME, types[t / 2] | IFF_NO_PI);
		step_link(&steps, STEP_UP, NAME, 0);
		step_link(&steps, STEP_LENGTH, NAME, 4);
		for (i = 0; i < 6; i++)
			step_send(&steps, NAME, LOAD(LOAD_UDP4, 10 + i));
		look(0);
		/* Longer, or too short for those that wait. */
		step_link(&steps, STEP_LENGTH, NAME, t % 2 ? 2 : 6);
		look(0);
		step_link(&steps, STEP_LENGTH, NAME, 8);
		for (i = 0; i < 3; i++)
			step_send(&steps, NAME, LOAD(LOAD_UDP4, 20 + i));
		look(0);
		for (i = 0; i < 6; i++)
			step_fd(&steps, STEP_READ, 0, 2000);
		look(0);
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 30));
		step_link(&steps, STEP_DOWN, NAME, 0);
		look(0);
		step_fd(&steps, STEP_READ, 0, 2000);
		step_fd(&steps, STEP_READ, 0, 2000);
		look(0);
		EXPECT_TRUE(parity_equal(&steps, variant->compat, "waiting"));
	}
}

/* Packets that wait in a queue that is set aside, or closed. */
TEST_F_TIMEOUT(flags, leaving, 120)
{
	unsigned int t;

	for (t = 0; t < 2; t++) {
		int mode = types[t] | IFF_NO_PI | IFF_MULTI_QUEUE;

		steps.count = 0;
		step_fd(&steps, STEP_OPEN, 0, O_NONBLOCK);
		step_fd(&steps, STEP_OPEN, 1, O_NONBLOCK);
		step_setiff(&steps, 0, NAME, mode);
		step_ioctl(&steps, STEP_PROGRAM, 0, TUNSETSTEERINGEBPF,
			   PROGRAM_ZERO);
		step_link(&steps, STEP_UP, NAME, 0);
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 10));
		step_fd(&steps, STEP_SETQUEUE, 0, IFF_DETACH_QUEUE);
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 10));
		step_fd(&steps, STEP_READ, 0, 2000);
		step_write(&steps, 0, LOAD(LOAD_UDP4, 10));
		step_fd(&steps, STEP_SETQUEUE, 0, IFF_ATTACH_QUEUE);
		step_fd(&steps, STEP_READ, 0, 2000);
		step_setiff(&steps, 1, NAME, mode);
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 11));
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 12));
		step_fd(&steps, STEP_CLOSE, 0, 0);
		/* The other one stands in its place now. */
		step_send(&steps, NAME, LOAD(LOAD_UDP4, 13));
		step_fd(&steps, STEP_READ, 1, 2000);
		look(1);
		EXPECT_TRUE(parity_equal(&steps, variant->compat, "leaving"));
	}
}

/* An exception that is not needed is a mistake in the table. Comes last. */
#define PARITY_WHERE	PARITY_FLAGS
#include "parity_table.h"

TEST_HARNESS_MAIN
