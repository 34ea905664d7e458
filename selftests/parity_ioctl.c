// SPDX-License-Identifier: GPL-2.0
/*
 * Every ioctl of a TUN/TAP file, with right and wrong arguments, in every state
 * that the file can be in, by native and by 32-bit callers: what tun answers
 * and what follows from it, mytun must answer and do.
 */
#include "device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_arp.h>
#include <linux/sockios.h>

#include "kselftest_harness.h"

#include "parity.h"
#include "player.h"

#define NAME	"parity0"
/* Nothing is mapped at the first page. */
#define BAD	8

enum state {
	UNATTACHED, TUN, TAP, UP, QUEUES, ASIDE, GONE
};

static struct steps steps;

FIXTURE(ioctl)
{
	char title[64];
};

FIXTURE_VARIANT(ioctl)
{
	enum state state;
};

FIXTURE_VARIANT_ADD(ioctl, unattached) { .state = UNATTACHED };
FIXTURE_VARIANT_ADD(ioctl, tun) { .state = TUN };
FIXTURE_VARIANT_ADD(ioctl, tap) { .state = TAP };
FIXTURE_VARIANT_ADD(ioctl, up) { .state = UP };
FIXTURE_VARIANT_ADD(ioctl, queues) { .state = QUEUES };
FIXTURE_VARIANT_ADD(ioctl, aside) { .state = ASIDE };
FIXTURE_VARIANT_ADD(ioctl, gone) { .state = GONE };

/* File 0 comes into that state; file 1 is another queue, or has no device. */
static void reach(enum state state)
{
	static const int flags[] = {
		[TUN] = IFF_TUN,
		[TAP] = IFF_TAP | IFF_NO_PI,
		[UP] = IFF_TAP,
		[QUEUES] = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE,
		[ASIDE] = IFF_TUN | IFF_MULTI_QUEUE,
		[GONE] = IFF_TAP | IFF_MULTI_QUEUE,
	};

	steps.count = 0;
	step_fd(&steps, STEP_OPEN, 0, O_NONBLOCK);
	step_fd(&steps, STEP_OPEN, 1, O_NONBLOCK);
	if (state == UNATTACHED)
		return;
	step_setiff(&steps, 0, NAME, flags[state]);
	if (flags[state] & IFF_MULTI_QUEUE)
		step_setiff(&steps, 1, NAME, flags[state]);
	if (state == UP)
		step_link(&steps, STEP_UP, NAME, 0);
	if (state == ASIDE)
		step_fd(&steps, STEP_SETQUEUE, 0, IFF_DETACH_QUEUE);
	if (state == GONE)
		step_link(&steps, STEP_DELETE, NAME, 0);
}

/* After each call: what can be seen. */
static void look(void)
{
	step_fd(&steps, STEP_FILE, 0, 0);
	step_link(&steps, STEP_DEVICE, NAME, 0);
}

FIXTURE_SETUP(ioctl)
{
	const char *missing = parity_missing();

	if (missing)
		SKIP(return, "%s", missing);
	snprintf(self->title, sizeof(self->title), "state %d", variant->state);
	reach(variant->state);
	look();
	step_link(&steps, STEP_ETHTOOL, NAME, 0);
}

FIXTURE_TEARDOWN(ioctl)
{
	parity_print();
}

/*
 * By a native caller, and by a 32-bit one: the latter in all states with
 * MYTUN_LONG, else where there is most to see.
 */
static bool equal(enum state state, const char *title)
{
	bool compat = state == UP || full_counts();

	if (!parity_equal(&steps, false, title))
		return false;
	if (!compat)
		return true;
	if (player_no_compat()) {
		printf("# no 32-bit caller: %s\n", player_no_compat());
		return true;
	}
	return parity_equal(&steps, true, title);
}

static void value(unsigned long command, long arg)
{
	step_ioctl(&steps, STEP_VALUE, 0, command, arg);
	look();
}

static void integer(unsigned long command, long arg)
{
	step_ioctl(&steps, STEP_INT, 0, command, arg);
	look();
}

TEST_F_TIMEOUT(ioctl, by_value, 300)
{
	static const long ids[] = { 0, 1000, 65534, 0x100000005L, -1 };
	unsigned int i;

	value(TUNSETNOCSUM, 0);
	value(TUNSETNOCSUM, 1);
	value(TUNSETDEBUG, 7);
	value(TUNSETDEBUG, -1);
	step_link(&steps, STEP_ETHTOOL, NAME, 0);
	value(TUNSETPERSIST, 1);
	value(TUNSETPERSIST, 1);
	value(TUNSETPERSIST, 0);
	value(TUNSETPERSIST, 2);
	value(TUNSETPERSIST, -1);
	value(TUNSETPERSIST, 0);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		value(TUNSETOWNER, ids[i]);
		value(TUNSETGROUP, ids[i]);
	}
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, link_type, 300)
{
	static const long types[] = {
		ARPHRD_ETHER, ARPHRD_FDDI, ARPHRD_INFINIBAND, ARPHRD_IEEE1394,
		ARPHRD_AX25, ARPHRD_IEEE802154, 825 /* 6LOWPAN */,
		ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE,
		823 /* IP6GRE */, ARPHRD_LOOPBACK, ARPHRD_PPP, ARPHRD_RAWIP,
		ARPHRD_VOID, 0, 65536 + ARPHRD_ETHER, -1, ARPHRD_NONE,
		ARPHRD_ETHER,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		value(TUNSETLINK, types[i]);
		step_fd(&steps, STEP_SETMAC, 0, 7);
		step_fd(&steps, STEP_GETMAC, 0, 0);
	}
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, offload, 300)
{
	unsigned int mask;

	for (mask = 0; mask < 0x200; mask++) {
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETOFFLOAD, mask);
		if (mask < 0x80)
			step_link(&steps, STEP_ETHTOOL, NAME, 0);
	}
	for (mask = 0x200; mask; mask <<= 1)
		step_ioctl(&steps, STEP_VALUE, 0, TUNSETOFFLOAD,
			   TUN_F_CSUM | mask);
	step_ioctl(&steps, STEP_VALUE, 0, TUNSETOFFLOAD, 0x100000001L);
	step_link(&steps, STEP_ETHTOOL, NAME, 0);
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, by_pointer, 300)
{
	static const struct {
		unsigned long command;
		int values[8];
		unsigned int n;
	} all[] = {
		{ TUNGETFEATURES, { 0 }, 1 },
		{ TUNGETSNDBUF, { 0 }, 1 },
		{ TUNSETSNDBUF, { 1, 4096, 0, -1, -0x7fffffff - 1,
				  0x7fffffff }, 6 },
		{ TUNGETVNETHDRSZ, { 0 }, 1 },
		{ TUNSETVNETHDRSZ, { 9, 0, -1, 10, 11, 12, 65536, 10 }, 8 },
		{ TUNGETVNETLE, { 7 }, 1 },
		{ TUNSETVNETLE, { 1, 0, -1, 0 }, 4 },
		{ TUNGETVNETBE, { 7 }, 1 },
		{ TUNSETVNETBE, { 1, 0, -1, 0 }, 4 },
		{ TUNSETCARRIER, { 0, 1, 2, -1, 0, 1 }, 6 },
		{ TUNSETIFINDEX, { 0, 4711 }, 2 },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (j = 0; j < all[i].n; j++)
			integer(all[i].command, all[i].values[j]);
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, bad_pointer, 120)
{
	static const unsigned long commands[] = {
		TUNSETIFF, TUNGETIFF, TUNSETQUEUE, TUNGETFEATURES,
		TUNGETSNDBUF, TUNSETSNDBUF, TUNGETVNETHDRSZ, TUNSETVNETHDRSZ,
		TUNGETVNETLE, TUNSETVNETLE, TUNGETVNETBE, TUNSETVNETBE,
		TUNSETIFINDEX, TUNSETTXFILTER, TUNATTACHFILTER,
		TUNGETFILTER, TUNSETSTEERINGEBPF, TUNSETFILTEREBPF,
		TUNSETCARRIER, SIOCGIFHWADDR, SIOCSIFHWADDR, SIOCGIFFLAGS,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		step_ioctl(&steps, STEP_POINTER, 0, commands[i], BAD);
		look();
	}
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, unknown, 120)
{
	static const unsigned long commands[] = {
		_IO('T', 199), _IO('T', 250), _IO('x', 1), FIONREAD,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		step_ioctl(&steps, STEP_INT, 0, commands[i], 0);
	/* Of sockets: these are copied as ifreq before they are refused. */
	step_ioctl(&steps, STEP_INT, 0, SIOCGIFFLAGS, 0);
	step_ioctl(&steps, STEP_NETNS, 0, SIOCGSKNS, 0);
	step_ioctl(&steps, STEP_NETNS, 0, TUNGETDEVNETNS, 0);
	step_fd(&steps, STEP_SEEK, 0, 0);
	step_fd(&steps, STEP_POLL, 0, 0);
	step_fd(&steps, STEP_READ, 0, 100);
	step_fd(&steps, STEP_READ, 0, 0);
	step_write(&steps, 0, LOAD(LOAD_UDP4, 100));
	look();
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, address, 120)
{
	step_fd(&steps, STEP_GETMAC, 0, 0);
	step_fd(&steps, STEP_SETMAC, 0, 1);
	look();
	step_fd(&steps, STEP_SETMAC, 0, -1);
	look();
	step_ioctl(&steps, STEP_SETMAC, 0, ARPHRD_FDDI, 2);
	look();
	step_link(&steps, STEP_MAC, NAME, 3);
	look();
	EXPECT_TRUE(equal(variant->state, self->title));
}

/* What a filter lets through, and how long it is then. */
static void pass(void)
{
	struct load load = LOAD(LOAD_UDP4, 100);

	step_send(&steps, NAME, load);
	load.kind = LOAD_ETHER;
	step_send(&steps, NAME, load);
	step_fd(&steps, STEP_READ, 0, 2000);
	step_fd(&steps, STEP_READ, 0, 2000);
	step_fd(&steps, STEP_READ, 1, 2000);
	step_fd(&steps, STEP_READ, 1, 2000);
	look();
}

TEST_F_TIMEOUT(ioctl, mac_filter, 120)
{
	int macs;

	for (macs = MACS_NONE; macs <= MACS_BAD; macs++) {
		step_fd(&steps, STEP_TXFILTER, 0, macs);
		if (variant->state == UP)
			pass();
	}
	step_fd(&steps, STEP_TXFILTER, 0, MACS_NONE);
	look();
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, classic_filter, 120)
{
	int filter;

	step_fd(&steps, STEP_GETFILTER, 0, 0);
	for (filter = FILTER_ALL; filter <= FILTER_LONG; filter++) {
		step_fd(&steps, STEP_FILTER, 0, filter);
		step_fd(&steps, STEP_GETFILTER, 0, 0);
		look();
		if (variant->state == UP)
			pass();
	}
	step_fd(&steps, STEP_DETACHFILTER, 0, 0);
	step_fd(&steps, STEP_GETFILTER, 0, 0);
	look();
	step_fd(&steps, STEP_DETACHFILTER, 0, 0);
	look();
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, programs, 120)
{
	static const unsigned long commands[] = {
		TUNSETFILTEREBPF, TUNSETSTEERINGEBPF,
	};
	unsigned int i;
	int program;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		for (program = PROGRAM_ZERO; program <= PROGRAM_WRONG;
		     program++) {
			step_ioctl(&steps, STEP_PROGRAM, 0, commands[i],
				   program);
			if (variant->state == UP)
				pass();
		}
		step_ioctl(&steps, STEP_PROGRAM, 0, commands[i], PROGRAM_OFF);
		look();
	}
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, queue, 120)
{
	static const int flags[] = {
		0, IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE, IFF_DETACH_QUEUE,
		IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE, IFF_ATTACH_QUEUE,
		IFF_DETACH_QUEUE | IFF_TAP, 0x8fff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		step_fd(&steps, STEP_SETQUEUE, 0, flags[i]);
		look();
	}
	EXPECT_TRUE(equal(variant->state, self->title));
}

TEST_F_TIMEOUT(ioctl, again, 120)
{
	step_setiff(&steps, 0, NAME, IFF_TAP);
	look();
	step_setiff(&steps, 0, "other0", IFF_TAP | IFF_MULTI_QUEUE);
	look();
	step_setiff(&steps, 0, "a/b", 0);
	look();
	step_setiff(&steps, 1, NAME, IFF_TUN);
	look();
	step_setiff(&steps, 1, "", IFF_TAP);
	look();
	step_fd(&steps, STEP_CLOSE, 0, 0);
	step_link(&steps, STEP_DEVICE, NAME, 0);
	EXPECT_TRUE(equal(variant->state, self->title));
}

/* The index is that of the next device, and is given once. */
TEST_F_TIMEOUT(ioctl, index, 120)
{
	step_ioctl(&steps, STEP_INT, 0, TUNSETIFINDEX, -1);
	if (variant->state == UNATTACHED) {
		step_ioctl(&steps, STEP_INT, 0, TUNSETIFINDEX, 4711);
		step_setiff(&steps, 0, NAME, IFF_TAP);
		look();
		step_ioctl(&steps, STEP_INT, 1, TUNSETIFINDEX, 4711);
		step_setiff(&steps, 1, "other0", IFF_TAP);
		step_ioctl(&steps, STEP_INT, 1, TUNSETIFINDEX, 0);
		step_setiff(&steps, 1, "other0", IFF_TAP);
		step_link(&steps, STEP_DEVICE, "other0", 0);
		/* Taken once, and not again for the next device. */
		step_link(&steps, STEP_DELETE, NAME, 0);
		step_setiff(&steps, 0, NAME, IFF_TAP);
		look();
	}
	EXPECT_TRUE(equal(variant->state, self->title));
}

/* An exception that is not needed is a mistake in the table. Comes last. */
#define PARITY_WHERE	PARITY_IOCTL
#include "parity_table.h"

TEST_HARNESS_MAIN
