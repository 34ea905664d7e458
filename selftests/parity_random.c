// SPDX-License-Identifier: GPL-2.0
/*
 * Random sequences of calls, played on tun and on mytun: several files and
 * devices, packets that are right and wrong, and everything that can be changed
 * meanwhile. One printed seed repeats a run, MYTUN_SEED.
 */
#include "device.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_arp.h>

#include "kselftest_harness.h"

#include "packet.h"
#include "parity.h"

#define SEQUENCES	2000
#define FILES		4
#define STEPS_MIN	20
#define STEPS_MORE	40

static struct steps steps;
static uint64_t state;
/* Flags that the running kernel's tun knows. */
static unsigned int features;
/*
 * With tun a classic filter stays on the file, for its next device, and a queue
 * that has one does not come back: so with filters devices are not deleted, and
 * queues not set aside and attached again.
 */
static bool filters;
/*
 * A send buffer, the only one of a sequence beside the first, which is without
 * limit: for a file that changes devices tun and mytun differ, as listed, and
 * one of the two then has the first.
 */
static int sndbuf;

static uint32_t below(uint32_t n)
{
	return random_below(&state, n);
}

static const char *name(void)
{
	static const char * const names[] = { "r0", "r1", "r2" };

	/* One is used most. */
	return below(2) ? names[0] : names[below(ARRAY_SIZE(names))];
}

static int file(void)
{
	return below(2) ? 0 : below(FILES);
}

/*
 * Several queues are steered by a program from the start: which queue a hash
 * means is each driver's own matter.
 */
static void attach(int fd)
{
	static const int optional[] = {
		IFF_NO_PI, IFF_NO_PI, IFF_VNET_HDR, IFF_VNET_HDR,
		IFF_MULTI_QUEUE, IFF_NAPI, IFF_ONE_QUEUE, IFF_TUN_EXCL,
		IFF_NO_CARRIER, IFF_BACKPRESSURE, IFF_NAPI | IFF_NAPI_FRAGS,
	};
	int flags = below(2) ? IFF_TAP : IFF_TUN, i;

	for (i = below(5); i > 0; i--)
		flags |= optional[below(ARRAY_SIZE(optional))];
	if (!(features & IFF_NO_CARRIER))
		flags &= ~IFF_NO_CARRIER;
	if (!(features & IFF_BACKPRESSURE))
		flags &= ~IFF_BACKPRESSURE;
	step_setiff(&steps, fd, name(), flags);
	if (flags & IFF_MULTI_QUEUE)
		step_ioctl(&steps, STEP_PROGRAM, fd, TUNSETSTEERINGEBPF,
			   PROGRAM_ZERO);
}

static struct load load(void)
{
	static const unsigned int sizes[] = {
		0, 1, 40, 100, 500, 1200, 1472, 3000, 9000, 40000,
	};
	struct load l = LOAD(below(LOAD_KINDS), sizes[below(ARRAY_SIZE(sizes))]);

	if (below(3) == 0)
		l.size = below(1600);
	if (below(2))
		l.vnet = below(VNET_KINDS);
	if (below(8) == 0)
		l.vlan = 1 + below(4000);
	if (below(10) == 0)
		l.pi = below(6);
	if (below(10) == 0)
		l.hdr = below(30);
	if (below(10) == 0)
		l.proto = below(65536);
	if (below(8) == 0)
		l.cut = below(120);
	if (below(6) == 0)
		l.pieces = 1 + below(24);
	l.flow = below(1000);
	return l;
}

static void traffic(void)
{
	static const long rooms[] = { 70000, 70000, 70000, 2000, 100, 14, 4, 0 };
	unsigned int i;

	switch (below(5)) {
	case 0:
	case 1:
		for (i = below(4); i > 0; i--)
			step_write(&steps, file(), load());
		break;
	case 2:
	case 3:
		for (i = below(8); i > 0; i--)
			step_send(&steps, name(), load());
		break;
	default:
		for (i = below(8); i > 0; i--)
			step_fd(&steps, STEP_READ, file(), rooms[below(ARRAY_SIZE(rooms))]);
	}
}

static void set_by_value(int fd)
{
	static const long types[] = {
		ARPHRD_ETHER, ARPHRD_NONE, ARPHRD_PPP, ARPHRD_RAWIP,
	};

	switch (below(7)) {
	case 0:
	case 1:
		step_ioctl(&steps, STEP_VALUE, fd, TUNSETOFFLOAD,
			   below(2) ? 0x1f & random_next(&state) : below(128));
		break;
	case 2:
	case 3:
		step_ioctl(&steps, STEP_VALUE, fd, TUNSETPERSIST, below(2));
		break;
	case 4:
		step_ioctl(&steps, STEP_VALUE, fd, below(2) ? TUNSETOWNER :
			   TUNSETGROUP, below(3) * 500);
		break;
	case 5:
		step_ioctl(&steps, STEP_VALUE, fd, TUNSETLINK, types[below(ARRAY_SIZE(types))]);
		break;
	default:
		step_ioctl(&steps, STEP_VALUE, fd, TUNSETDEBUG, below(100));
	}
}

static void set_by_pointer(int fd)
{
	const long buffers[] = { INT_MAX, sndbuf, sndbuf, 0 };
	static const long headers[] = { 10, 12, 20, 24, 64, 9 };

	switch (below(6)) {
	case 0:
		step_ioctl(&steps, STEP_INT, fd, TUNSETSNDBUF,
			   buffers[below(ARRAY_SIZE(buffers))]);
		break;
	case 1:
		step_ioctl(&steps, STEP_INT, fd, TUNSETVNETHDRSZ,
			   headers[below(ARRAY_SIZE(headers))]);
		break;
	case 2:
		step_ioctl(&steps, STEP_INT, fd, TUNSETVNETLE, below(2));
		break;
	case 3:
	case 4:
		step_ioctl(&steps, STEP_INT, fd, TUNSETCARRIER, below(3) > 0);
		break;
	default:
		step_fd(&steps, STEP_SETMAC, fd, below(200));
	}
}

static void set_filter(int fd)
{
	switch (below(5)) {
	case 0:
		step_fd(&steps, STEP_TXFILTER, fd, below(MACS_BAD));
		break;
	case 1:
		if (filters)
			step_fd(&steps, STEP_FILTER, fd, below(FILTER_LONG));
		break;
	case 2:
		step_fd(&steps, STEP_DETACHFILTER, fd, 0);
		break;
	case 3:
		step_ioctl(&steps, STEP_PROGRAM, fd, TUNSETFILTEREBPF,
			   below(PROGRAM_WRONG + 1));
		break;
	default:
		step_fd(&steps, STEP_TXFILTER, fd, MACS_NONE);
		step_ioctl(&steps, STEP_PROGRAM, fd, TUNSETFILTEREBPF,
			   PROGRAM_OFF);
	}
}

static void set_link(void)
{
	static const long mtus[] = { 68, 1280, 1500, 9000, 65521, 65535 };
	static const long lengths[] = { 1, 2, 5, 500, 1000 };
	struct step *step;

	switch (below(10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		step_link(&steps, STEP_UP, name(), 0);
		break;
	case 4:
		step_link(&steps, STEP_DOWN, name(), 0);
		break;
	case 5:
		step_link(&steps, STEP_MTU, name(), mtus[below(ARRAY_SIZE(mtus))]);
		break;
	case 6:
		step_link(&steps, STEP_LENGTH, name(), lengths[below(ARRAY_SIZE(lengths))]);
		break;
	case 7:
		step_link(&steps, STEP_CARRIER, name(), below(3) > 0);
		break;
	case 8:
		step_link(&steps, STEP_MAC, name(), below(200));
		break;
	default:
		if (!filters) {
			step_link(&steps, STEP_DELETE, name(), 0);
			break;
		}
		step = step_add(&steps, STEP_RENAME);
		snprintf(step->name, sizeof(step->name), "%s", name());
		snprintf(step->to, sizeof(step->to), "%s", name());
	}
}

static void look(int fd)
{
	static const char * const names[] = { "r0", "r1", "r2" };
	unsigned int i;

	step_fd(&steps, STEP_FILE, fd, 0);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		step_link(&steps, STEP_DEVICE, names[i], 0);
}

static void reopen(int fd)
{
	step_fd(&steps, STEP_CLOSE, fd, 0);
	step_fd(&steps, STEP_OPEN, fd, O_NONBLOCK);
}

static void generate(void)
{
	static const int sndbufs[] = { 1 << 20, 70000, 5000 };
	unsigned int count = STEPS_MIN + below(STEPS_MORE), i;

	steps.count = 0;
	steps.spares_tun = true;
	filters = below(2);
	sndbuf = sndbufs[below(ARRAY_SIZE(sndbufs))];
	for (i = 0; i < FILES; i++)
		step_fd(&steps, STEP_OPEN, i, O_NONBLOCK);
	attach(0);
	if (below(4))
		step_link(&steps, STEP_UP, steps.at[FILES].name, 0);
	for (i = 0; i < count; i++) {
		switch (below(16)) {
		case 0:
			step_fd(&steps, STEP_CLOSE, file(), 0);
			break;
		case 1:
			reopen(file());
			break;
		case 2:
		case 3:
			attach(file());
			break;
		case 4:
			step_fd(&steps, STEP_SETQUEUE, file(),
				below(2) && !filters ? IFF_ATTACH_QUEUE :
						       IFF_DETACH_QUEUE);
			break;
		case 5:
			set_by_value(file());
			break;
		case 6:
			set_by_pointer(file());
			break;
		case 7:
			set_filter(file());
			break;
		case 8:
		case 9:
			set_link();
			break;
		case 10:
			look(file());
			break;
		default:
			traffic();
		}
	}
	look(0);
	step_link(&steps, STEP_ETHTOOL, "r0", 0);
}

FIXTURE(random)
{
};

FIXTURE_SETUP(random)
{
	if (parity_missing())
		SKIP(return, "%s", parity_missing());
	features = parity_tun_features();
}

FIXTURE_TEARDOWN(random)
{
	parity_print();
}

TEST_F_TIMEOUT(random, sequences, 7200)
{
	unsigned long count, i, different = 0;
	uint64_t seed;
	char title[64];

	count = scaled(SEQUENCES);
	seed = random_seed();
	for (i = 0; i < count && different < 5; i++) {
		state = seed + i;
		random_next(&state);
		generate();
		snprintf(title, sizeof(title), "MYTUN_SEED=%llu, sequence %lu",
			 (unsigned long long)seed, i);
		if (!parity_equal(&steps, false, title))
			different++;
	}
	EXPECT_EQ(0, different);
}

TEST_HARNESS_MAIN
