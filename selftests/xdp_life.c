// SPDX-License-Identifier: GPL-2.0
/*
 * XDP programs that come and go, and what they have to do with queues, flows
 * and the rest of the stack.
 */
#include "device.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/mytun.h>

#include "bpf.h"
#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		300		/* seconds for one test */
#define COUNT		40		/* packets */
#define PAYLOAD		400
#define METADATA	0x1234567

#define QUEUES		4

struct life {
	struct ringdev dev;
	unsigned int queues;
	int fd[QUEUES];			/* the first is the device's */
	uint8_t *buffer, *back;
	uint64_t seed;
};

/* A device with so many queues. flags: of TUNSETIFF. 0, or -errno. */
static int life_start(struct life *life, int flags, unsigned int queues)
{
	unsigned int i;
	int err;

	life->buffer = malloc(RINGDEV_DATA_MAX);
	life->back = malloc(RINGDEV_DATA_MAX);
	if (!life->buffer || !life->back)
		return -ENOMEM;
	life->seed = random_seed();
	life->queues = queues;
	err = ringdev_create(&life->dev, flags | IFF_TAP | IFF_NO_PI |
			     (queues > 1 ? IFF_MULTI_QUEUE : 0), 64);
	if (err)
		return err;
	life->fd[0] = life->dev.fd;
	for (i = 1; i < queues; i++) {
		life->fd[i] = ringdev_queue(&life->dev);
		if (life->fd[i] < 0)
			return life->fd[i];
	}
	for (i = 0; i < queues && !err; i++)
		err = device_nonblock(life->fd[i], true);
	return err;
}

static void life_end(struct life *life)
{
	unsigned int i;

	for (i = 1; i < life->queues; i++)
		close(life->fd[i]);
	ringdev_destroy(&life->dev);
	free(life->buffer);
	free(life->back);
}

FIXTURE(xdp_life)
{
	struct life life;
};

FIXTURE_VARIANT(xdp_life)
{
	unsigned int queues;
};

FIXTURE_VARIANT_ADD(xdp_life, one_queue) { .queues = 1 };
FIXTURE_VARIANT_ADD(xdp_life, four_queues) { .queues = QUEUES };

FIXTURE_SETUP(xdp_life)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, life_start(&self->life, 0, variant->queues));
}

FIXTURE_TEARDOWN(xdp_life)
{
	life_end(&self->life);
}

/* What takes more than one. */
FIXTURE(xdp_queues)
{
	struct life life;
};

FIXTURE_SETUP(xdp_queues)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, life_start(&self->life, 0, QUEUES));
}

FIXTURE_TEARDOWN(xdp_queues)
{
	life_end(&self->life);
}

static int attach(struct life *life, int program)
{
	int err = program < 0 ? program :
		  xdp_attach(life->dev.ifindex, program, 0);

	if (program >= 0)
		close(program);
	return err;
}

static int detach(struct life *life)
{
	return xdp_attach(life->dev.ifindex, -1, 0);
}

static size_t build(struct life *life, uint32_t number)
{
	return ringdev_build(&life->dev, life->buffer, 1, number, PAYLOAD);
}

/* Written to one queue, it comes back at that one. */
static bool echoes(struct life *life, int fd, uint32_t number)
{
	size_t size = build(life, number);

	return device_write(fd, life->buffer, size) == (ssize_t)size &&
	       wait_events(fd, POLLIN, DEADLINE_MS) > 0 &&
	       device_read(fd, life->back, RINGDEV_DATA_MAX) ==
	       (ssize_t)size && !memcmp(life->buffer, life->back, size);
}

static bool arrives(struct life *life, int fd, uint32_t number)
{
	size_t size = build(life, number);
	uint32_t stream, got;

	return device_write(fd, life->buffer, size) == (ssize_t)size &&
	       ringdev_sink(&life->dev, &stream, &got, DEADLINE_MS) > 0 &&
	       got == number;
}

TEST_F_TIMEOUT(xdp_life, metadata_for_tc, LIMIT)
{
	struct life *life = &self->life;
	int map = array_new(), program, err;
	unsigned int i;

	ASSERT_LE(0, map);
	program = tc_count_metadata(map, METADATA);
	ASSERT_LE(0, program);
	err = tc_attach(life->dev.ifindex, program);
	if (err == -ENOENT || err == -EOPNOTSUPP)
		SKIP(return, "no clsact qdisc, or no cls_bpf, in this kernel");
	ASSERT_EQ(0, err);
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(arrives(life, life->fd[i % life->queues], i));
	}
	EXPECT_EQ(0, array_get(map));
	ASSERT_EQ(0, attach(life, xdp_put_metadata(METADATA)));
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(arrives(life, life->fd[i % life->queues], i));
	}
	EXPECT_EQ(COUNT, array_get(map));
	ASSERT_EQ(0, attach(life, xdp_put_metadata(METADATA + 1)));
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(arrives(life, life->fd[i % life->queues], i));
	}
	EXPECT_EQ(COUNT, array_get(map));
	close(program);
	close(map);
}

/*
 * Where a program runs on an skb, it is not told the queue, and the stack chooses
 * that of what it sends back.
 */
#define REQUIRE_NATIVE()						\
	do {								\
		if (!(ring_features() & MYTUN_F_XDP))			\
			SKIP(return, "programs run on skbs, of no queue"); \
	} while (0)

/* A packet goes back to who wrote it, and the program is told which queue. */
TEST_F_TIMEOUT(xdp_life, queues, LIMIT)
{
	struct life *life = &self->life;
	unsigned int i, j;

	REQUIRE_NATIVE();
	ASSERT_EQ(0, attach(life, xdp_return(XDP_TX)));
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(echoes(life, life->fd[i % life->queues], i));
	}
	for (i = 0; i < life->queues; i++) {
		ASSERT_EQ(0, attach(life, xdp_by_queue(i, XDP_TX, XDP_PASS)));
		for (j = 0; j < life->queues; j++) {
			ASSERT_TRUE(i == j ? echoes(life, life->fd[j], j) :
					     arrives(life, life->fd[j], j));
		}
	}
	if (life->queues == 1)
		return;
	/* The last one takes the number of one that leaves. */
	close(life->fd[1]);
	ASSERT_EQ(0, attach(life, xdp_by_queue(1, XDP_TX, XDP_PASS)));
	EXPECT_TRUE(echoes(life, life->fd[3], 0));
	EXPECT_TRUE(arrives(life, life->fd[0], 1));
	EXPECT_TRUE(arrives(life, life->fd[2], 2));
	/* And one that comes is the last. */
	life->fd[1] = ringdev_queue(&life->dev);
	ASSERT_LE(0, life->fd[1]);
	ASSERT_EQ(0, device_nonblock(life->fd[1], true));
	ASSERT_EQ(0, attach(life, xdp_by_queue(3, XDP_TX, XDP_PASS)));
	EXPECT_TRUE(echoes(life, life->fd[1], 3));
	EXPECT_TRUE(arrives(life, life->fd[3], 4));
}

/* A queue that is set aside gets nothing back, until it is attached again. */
TEST_F_TIMEOUT(xdp_queues, set_aside, LIMIT)
{
	struct life *life = &self->life;
	size_t size = build(life, 0), large;

	REQUIRE_NATIVE();
	ASSERT_EQ(0, attach(life, xdp_return(XDP_TX)));
	ASSERT_EQ(0, device_setqueue(life->fd[3], IFF_DETACH_QUEUE));
	ASSERT_EQ((ssize_t)size, device_write(life->fd[3], life->buffer, size));
	EXPECT_EQ(1, ethtool_counter(life->dev.name, "tx_drop_detached"));
	/* As an skb it is sent by the stack, to another queue. */
	large = ringdev_build(&life->dev, life->buffer, 1, 0, 5000);
	EXPECT_EQ((ssize_t)large, device_write(life->fd[3], life->buffer,
					       large));
	ASSERT_EQ(0, device_setqueue(life->fd[3], IFF_ATTACH_QUEUE));
	EXPECT_EQ(-EAGAIN, device_read(life->fd[3], life->back,
				       RINGDEV_DATA_MAX));
	EXPECT_TRUE(echoes(life, life->fd[3], 1));
}

/* Only flows of packets that the stack gets are learned. */
TEST_F_TIMEOUT(xdp_queues, flows, LIMIT)
{
	struct life *life = &self->life;
	static const int verdicts[] = { XDP_DROP, XDP_TX, XDP_ABORTED };
	unsigned int i;

	REQUIRE_NATIVE();
	for (i = 0; i < 3; i++) {
		size_t size = build(life, i);

		ASSERT_EQ(0, attach(life, xdp_return(verdicts[i])));
		ASSERT_EQ((ssize_t)size, device_write(life->fd[2], life->buffer,
						      size));
		EXPECT_EQ(0, ethtool_counter(life->dev.name, "flows_entries"));
	}
	ASSERT_EQ(1, device_drain(life->fd[2]));
	ASSERT_EQ(0, attach(life, xdp_return(XDP_PASS)));
	for (i = 0; i < life->queues; i++) {
		ASSERT_TRUE(arrives(life, life->fd[i], i));
		EXPECT_EQ(1, ethtool_counter(life->dev.name, "flows_entries"));
		/* What the stack sends of it goes to the same queue. */
		ASSERT_EQ(0, ringdev_answer(&life->dev, 2, i, PAYLOAD));
		EXPECT_LT(0, wait_events(life->fd[i], POLLIN, DEADLINE_MS));
		EXPECT_EQ(1, device_drain(life->fd[i]));
	}
}

/* All programs let packets pass: none may be lost, or come twice. */

struct writer {
	struct ringdev *dev;
	unsigned long count;
	unsigned long window;
	unsigned long received;		/* by the main thread */
	pthread_t thread;
	int error;
};

static void *write_all(void *arg)
{
	struct writer *w = arg;
	uint8_t *buffer = malloc(RINGDEV_DATA_MAX);
	unsigned long i;
	size_t size;

	for (i = 0; i < w->count && !w->error; i++) {
		while (i - __atomic_load_n(&w->received, __ATOMIC_RELAXED) >
		       w->window)
			usleep(100);
		size = ringdev_build(w->dev, buffer, 1, i, PAYLOAD);
		if (device_write(w->dev->fd, buffer, size) != (ssize_t)size)
			w->error = -EIO;
	}
	free(buffer);
	return NULL;
}

/* Large ones, for which a program runs as for packets of any device. */
struct large_writer {
	struct ringdev *dev;
	pthread_t thread;
	int fd;
	bool stop;
	unsigned long written, failed;
};

static void *write_large(void *arg)
{
	struct large_writer *w = arg;
	uint8_t *buffer = malloc(RINGDEV_DATA_MAX);
	size_t size = ringdev_build(w->dev, buffer, 1, 0, 5000);

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		if (device_write(w->fd, buffer, size) == (ssize_t)size)
			w->written++;
		else
			w->failed++;
	}
	free(buffer);
	return NULL;
}

/*
 * A packet never claims to be from a queue that the stack does not know any
 * more: the kernel's log would say so.
 */
TEST_F_TIMEOUT(xdp_queues, set_aside_under_traffic, LIMIT)
{
	struct life *life = &self->life;
	struct large_writer w = { .dev = &life->dev, .fd = life->fd[3] };
	unsigned long rounds = scaled(20000), i;
	int map = array_new();

	ASSERT_EQ(0, attach(life, xdp_count(map, XDP_DROP)));
	ASSERT_EQ(0, -pthread_create(&w.thread, NULL, write_large, &w));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, device_setqueue(w.fd, IFF_DETACH_QUEUE));
		ASSERT_EQ(0, device_setqueue(w.fd, IFF_ATTACH_QUEUE));
	}
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	pthread_join(w.thread, NULL);
	EXPECT_LT(0, w.written);
	EXPECT_EQ(0, w.failed);
	EXPECT_EQ(w.written, array_get(map));
	close(map);
	printf("# %lu packets, set aside %lu times\n", w.written, rounds);
}

/*
 * In use by devices without packets, programs come and go at another one without
 * a change of the kernel's code (the dispatcher of XDP programs), which emulated
 * processors may run into half-changed: the kernel dies of an int3.
 */
static int keep_in_use(const int programs[2])
{
	static const char * const names[] = { "kept0", "kept1" };
	int err = link_add_veth(names[0], names[1], -1), i;
	struct link_info info;

	for (i = 0; i < 2 && !err; i++) {
		err = link_get(names[i], &info);
		if (!err)
			err = xdp_attach(info.index, programs[i],
					 XDP_FLAGS_SKB_MODE);
	}
	return err;
}

TEST_F_TIMEOUT(xdp_life, replaced_under_traffic, LIMIT)
{
	struct life *life = &self->life;
	struct writer w = {
		.dev = &life->dev, .count = scaled(100000), .window = 64,
	};
	int programs[2] = { xdp_return(XDP_PASS), xdp_put_metadata(1) };
	struct numbered_tally tally = {};
	unsigned long changes = 0;
	uint32_t stream, number;
	int size;

	ASSERT_LE(0, programs[0]);
	ASSERT_LE(0, programs[1]);
	ASSERT_EQ(0, keep_in_use(programs));
	ASSERT_EQ(0, -pthread_create(&w.thread, NULL, write_all, &w));
	while (tally.packets < w.count) {
		switch (changes++ % 4) {
		case 0:
			ASSERT_EQ(0, xdp_attach(life->dev.ifindex, programs[0],
						0));
			break;
		case 1:
		case 2:
			ASSERT_EQ(0, xdp_attach(life->dev.ifindex,
						programs[changes & 1], 0));
			break;
		case 3:
			ASSERT_EQ(0, detach(life));
			break;
		}
		do {
			size = ringdev_sink(&life->dev, &stream, &number,
					    DEADLINE_MS);
			ASSERT_LT(0, size);
			numbered_count(&tally, number, size);
			__atomic_fetch_add(&w.received, 1, __ATOMIC_RELAXED);
		} while (tally.packets % 16 && tally.packets < w.count);
	}
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.error);
	EXPECT_TRUE(numbered_print(&tally, "while programs changed"));
	EXPECT_EQ(0, ethtool_counter(life->dev.name, "rx_drop_xdp"));
	printf("# %lu packets, %lu changes\n", tally.packets, changes);
	close(programs[0]);
	close(programs[1]);
}

/* The device, or its namespace, goes with a program and with frames. */
TEST_F_TIMEOUT(xdp_life, gone, LIMIT)
{
	struct life *life = &self->life;
	struct link_info info;
	size_t size = build(life, 0);
	int home = netns_get(), away = netns_new();

	ASSERT_LE(0, home);
	ASSERT_LE(0, away);
	ASSERT_EQ(0, attach(life, xdp_return(XDP_TX)));
	ASSERT_EQ((ssize_t)size, device_write(life->fd[0], life->buffer, size));
	ASSERT_EQ(0, link_delete(life->dev.name));
	EXPECT_EQ(-EBADFD, device_write(life->fd[0], life->buffer, size));

	/* The same fd makes another, which moves. */
	ASSERT_EQ(0, device_setiff(life->fd[0], life->dev.name,
				   life->dev.flags));
	ASSERT_EQ(0, link_set_up(life->dev.name));
	ASSERT_EQ(0, link_get(life->dev.name, &info));
	life->dev.ifindex = info.index;
	ASSERT_EQ(0, attach(life, xdp_return(XDP_TX)));
	EXPECT_TRUE(echoes(life, life->fd[0], 1));
	ASSERT_EQ(0, link_set_netns(life->dev.name, away));
	ASSERT_EQ(0, netns_enter(away));
	ASSERT_EQ(0, link_set_up(life->dev.name));
	EXPECT_TRUE(echoes(life, life->fd[0], 2));
	ASSERT_EQ((ssize_t)size, device_write(life->fd[0], life->buffer, size));
	ASSERT_EQ(0, netns_enter(home));
	close(away);
	close(home);
}

static void *write_until_gone(void *arg)
{
	struct writer *w = arg;
	uint8_t *buffer = malloc(RINGDEV_DATA_MAX);
	size_t size = ringdev_build(w->dev, buffer, 1, 0, PAYLOAD);

	do {
		w->count++;
		w->error = device_write(w->dev->fd, buffer, size);
	} while (w->error == (int)size || w->error == -EIO);
	free(buffer);
	return NULL;
}

/* In the middle of traffic that a program sends back. */
TEST_F_TIMEOUT(xdp_life, gone_under_traffic, LIMIT)
{
	struct life *life = &self->life;
	unsigned long rounds = scaled(200), i;
	struct link_info info;

	for (i = 0; i < rounds; i++) {
		struct writer w = { .dev = &life->dev };

		ASSERT_EQ(0, attach(life, xdp_return(i & 1 ? XDP_TX :
							     XDP_PASS)));
		ASSERT_EQ(0, -pthread_create(&w.thread, NULL, write_until_gone,
					     &w));
		sleep_ms(random_below(&life->seed, 20));
		ASSERT_EQ(0, link_delete(life->dev.name));
		pthread_join(w.thread, NULL);
		EXPECT_EQ(-EBADFD, w.error);
		ASSERT_EQ(0, device_setiff(life->fd[0], life->dev.name,
					   life->dev.flags));
		ASSERT_EQ(0, link_set_up(life->dev.name));
		ASSERT_EQ(0, link_get(life->dev.name, &info));
		life->dev.ifindex = info.index;
	}
	printf("# %lu devices\n", rounds);
}

/* IFF_NAPI_FRAGS: what is written is an skb from the start. */
TEST(fragments)
{
	struct life life = {};
	struct iovec iov[2];
	unsigned int i;
	size_t size;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, life_start(&life, IFF_NAPI | IFF_NAPI_FRAGS, 1));
	size = build(&life, 0);
	/* The first piece holds less than the Ethernet header, at times. */
	for (i = 10; i < 20; i++) {
		iov[0] = (struct iovec){ life.buffer, i };
		iov[1] = (struct iovec){ life.buffer + i, size - i };
		ASSERT_EQ(0, attach(&life, xdp_return(XDP_TX)));
		ASSERT_EQ((ssize_t)size, writev(life.fd[0], iov, 2));
		ASSERT_LT(0, wait_events(life.fd[0], POLLIN, DEADLINE_MS));
		ASSERT_EQ((ssize_t)size, device_read(life.fd[0], life.back,
						     RINGDEV_DATA_MAX));
		ASSERT_EQ(0, memcmp(life.buffer, life.back, size));
		ASSERT_EQ(0, attach(&life, xdp_return(XDP_DROP)));
		ASSERT_EQ((ssize_t)size, writev(life.fd[0], iov, 2));
		ASSERT_EQ(0, attach(&life, xdp_return(XDP_PASS)));
		EXPECT_TRUE(arrives(&life, life.fd[0], 0));
	}
	life_end(&life);
}

/* A TUN device has no frames; programs on skbs work as on any device. */
TEST(tun)
{
	struct ringdev dev;
	uint32_t stream, number;
	uint8_t *buffer;
	int program;
	size_t size;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&dev, IFF_TUN | IFF_NO_PI, 65));
	buffer = malloc(RINGDEV_DATA_MAX);
	program = xdp_return(XDP_DROP);
	ASSERT_LE(0, program);
	EXPECT_EQ(-EOPNOTSUPP, xdp_attach(dev.ifindex, program, 0));
	EXPECT_EQ(0, xdp_attach(dev.ifindex, program, XDP_FLAGS_SKB_MODE));
	size = ringdev_build(&dev, buffer, 1, 0, PAYLOAD);
	EXPECT_EQ((ssize_t)size, device_write(dev.fd, buffer, size));
	EXPECT_EQ(-ETIMEDOUT, ringdev_sink(&dev, &stream, &number, QUIET_MS));
	EXPECT_EQ(0, xdp_attach(dev.ifindex, -1, XDP_FLAGS_SKB_MODE));
	EXPECT_EQ((ssize_t)size, device_write(dev.fd, buffer, size));
	EXPECT_LT(0, ringdev_sink(&dev, &stream, &number, DEADLINE_MS));
	close(program);
	free(buffer);
	ringdev_destroy(&dev);
}

TEST_HARNESS_MAIN
