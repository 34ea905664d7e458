// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints of the driver, and what the kernel's own tracepoint of lost
 * packets (skb:kfree_skb) says of those that it loses. In an instance of
 * tracefs that the test makes for itself.
 */
#include "device.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "qdisc.h"
#include "queues.h"
#include "rtnl.h"
#include "traffic.h"

#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/mytun_test"
#define NET		33
#define COUNT		3	/* queues */
#define LENGTH		8

FIXTURE(tracing)
{
	struct queues *q;
	bool instance;
};

FIXTURE_VARIANT(tracing)
{
	int type;
};

FIXTURE_VARIANT_ADD(tracing, tun) { .type = IFF_TUN };
FIXTURE_VARIANT_ADD(tracing, tap) { .type = IFF_TAP };

FIXTURE_SETUP(tracing)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel driver has no tracepoints");
	ASSERT_EQ(0, netns_private());
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		SKIP(return, "no tracefs: %s", strerror(errno));
	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700))
		SKIP(return, "no instances of tracefs: %s", strerror(errno));
	self->instance = true;
	ASSERT_EQ(0, queues_serve());
	self->q = queues_create(variant->type, AF_INET, NET, COUNT,
				random_seed());
	ASSERT_NE(NULL, self->q);
	queues_settle(self->q, QUIET_MS);
}

FIXTURE_TEARDOWN(tracing)
{
	if (self->q)
		queues_destroy(self->q);
	if (self->instance) {
		file_write(INSTANCE "/events/enable", "0");
		EXPECT_EQ(0, rmdir(INSTANCE));
	}
}

/* From now on, that event ("mytun/learn") or group ("mytun"). 0 or -errno. */
static int follow(const char *event)
{
	char path[128];
	int err;

	err = truncate(INSTANCE "/trace", 0) ? -errno : 0;
	if (err)
		return err;
	snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", event);
	return file_write(path, "1");
}

/* Lines since trace() that have all of the words; the rest may be NULL. */
static unsigned int traced(const char *event, const char *second,
			   const char *third)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	unsigned int lines = 0;
	char line[1024];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (*line != '#' && strstr(line, event) &&
		    (!second || strstr(line, second)) &&
		    (!third || strstr(line, third)))
			lines++;
	fclose(file);
	return lines;
}

/* The value behind "hash=" in the only line of that event. */
static unsigned long hash_of(const char *event)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	unsigned long hash = 0;
	char line[1024], *at;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, event) ? strstr(line, "hash=") : NULL;
		if (at)
			hash = strtoul(at + 5, NULL, 0);
	}
	fclose(file);
	return hash;
}

TEST_F_TIMEOUT(tracing, learn_and_move, 120)
{
	struct queues *q = self->q;
	unsigned long hash;
	char dev[32];
	int i;

	snprintf(dev, sizeof(dev), "dev=%s ", q->name);
	ASSERT_EQ(0, follow("mytun"));
	queues_write(q, FLOW_PING, 1, 0);
	queues_collect(q, 1);
	EXPECT_EQ(1, traced("learn:", dev, "queue=0"));
	EXPECT_EQ(1, traced("learn:", NULL, NULL));
	EXPECT_EQ(0, traced("move:", NULL, NULL));
	hash = hash_of("learn:");
	EXPECT_NE(0, hash);

	/* Known, and not told again. */
	for (i = 0; i < 5; i++) {
		queues_write(q, FLOW_PING, 1, 0);
		queues_collect(q, 1);
	}
	EXPECT_EQ(1, traced("learn:", NULL, NULL));
	queues_write(q, FLOW_PING, 1, 2);
	queues_collect(q, 1);
	EXPECT_EQ(1, traced("learn:", NULL, NULL));
	EXPECT_EQ(1, traced("move:", dev, "queue=2"));
	EXPECT_EQ(1, traced("move:", NULL, NULL));
	EXPECT_EQ(hash, hash_of("move:"));

	queues_write(q, FLOW_PING, 2, 1);
	queues_collect(q, 1);
	EXPECT_EQ(1, traced("learn:", dev, "queue=1"));
	EXPECT_EQ(2, traced("learn:", NULL, NULL));
	EXPECT_EQ(0, traced("drop:", NULL, NULL));
	EXPECT_EQ(0, traced("stop:", NULL, NULL));
}

TEST_F_TIMEOUT(tracing, drop, 120)
{
	struct queues *q = self->q;
	char dev[32], len[32];
	unsigned int i;

	snprintf(dev, sizeof(dev), "dev=%s ", q->name);
	ASSERT_EQ(0, link_set_txqueuelen(q->name, LENGTH));
	ASSERT_EQ(0, follow("mytun/drop"));
	for (i = 0; i < LENGTH + 3; i++)
		queues_write(q, FLOW_PING, i, 1);
	EXPECT_EQ(3, traced("drop:", dev, "queue=1 "));
	EXPECT_EQ(3, traced("drop:", dev, "reason=tx_drop_full"));
	snprintf(len, sizeof(len), "len=%zu ", q->out.size);
	EXPECT_EQ(3, traced("drop:", dev, len));
	EXPECT_EQ(3, traced("drop:", NULL, NULL));
	ASSERT_EQ(0, link_set_down(q->name));
	EXPECT_EQ(-EIO, device_write(q->fd[2], q->out.data, q->out.size));
	EXPECT_EQ(1, traced("drop:", "queue=2 ", "reason=rx_drop_down"));
	EXPECT_EQ(4, traced("drop:", NULL, NULL));
}

/* A device of its own, with one queue and backpressure. */
TEST_F_TIMEOUT(tracing, stop_and_wake, 120)
{
	char name[IFNAMSIZ] = "tracing", buffer[2048];
	struct traffic traffic;
	struct link_info info;
	unsigned int packets;
	uint64_t end;
	int fd, from;

	fd = device_create(name, variant->type | IFF_NO_PI | IFF_BACKPRESSURE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_nonblock(fd, true));
	ASSERT_EQ(0, link_set_txqueuelen(name, LENGTH));
	ASSERT_EQ(0, traffic_start(&traffic, name, NET + 2));
	ASSERT_EQ(0, link_get(name, &info));
	ASSERT_EQ(0, qdisc_replace(info.index, "pfifo", 100));
	from = traffic_socket(&traffic);
	ASSERT_LE(0, from);
	device_drain(fd);

	ASSERT_EQ(0, follow("mytun"));
	ASSERT_EQ(LENGTH - 1, traffic_send(from, LENGTH - 1));
	EXPECT_EQ(0, traced("stop:", NULL, NULL));
	ASSERT_EQ(4, traffic_send(from, 4));
	EXPECT_EQ(1, traced("stop:", "dev=tracing ", "queue=0"));
	EXPECT_EQ(1, traced("stop:", NULL, NULL));
	EXPECT_EQ(0, traced("wake:", NULL, NULL));
	packets = 0;
	end = now_ms() + DEADLINE_MS;
	while (packets < LENGTH + 3 && now_ms() < end)
		packets += device_read(fd, buffer, sizeof(buffer)) > 0;
	EXPECT_EQ(LENGTH + 3, packets);
	EXPECT_LE(1, traced("wake:", "dev=tracing ", "queue=0"));
	/* As often woken as stopped. */
	EXPECT_EQ(traced("stop:", NULL, NULL), traced("wake:", NULL, NULL));
	EXPECT_EQ(0, traced("drop:", NULL, NULL));
	close(from);
	close(fd);
	traffic_stop(&traffic);
}

/* Whether the kernel tells why, in the words of tun's own reasons (5.18). */
static bool kernel_tells(void)
{
	FILE *file = fopen(INSTANCE "/events/skb/kfree_skb/format", "re");
	bool found = false;
	char line[16384];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		found |= !!strstr(line, "FULL_RING");
	fclose(file);
	return found;
}

TEST_F_TIMEOUT(tracing, kernel_reasons, 120)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &nothing };
	struct queues *q = self->q;
	unsigned int i;

	if (!kernel_tells())
		SKIP(return, "this kernel knows no reason for a full ring");
	ASSERT_EQ(0, link_set_txqueuelen(q->name, LENGTH));
	ASSERT_EQ(0, follow("skb/kfree_skb"));
	for (i = 0; i < LENGTH; i++)
		queues_write(q, FLOW_PING, i, 1);
	EXPECT_EQ(0, traced("kfree_skb:", "FULL_RING", NULL));
	for (i = 0; i < 4; i++)
		queues_write(q, FLOW_PING, i, 1);
	EXPECT_EQ(4, traced("kfree_skb:", "FULL_RING", NULL));
	/* What is read is consumed, and no loss. */
	queues_collect(q, LENGTH);
	EXPECT_EQ(4, traced("kfree_skb:", "FULL_RING", NULL));
	EXPECT_EQ(0, traced("kfree_skb:", "UCOPY_FAULT", NULL));

	if (q->type == IFF_TAP) {
		ASSERT_EQ(0, device_ioctl(q->fd[0], TUNATTACHFILTER,
					  (unsigned long)&program));
		queues_write(q, FLOW_PING, 7, 1);
		EXPECT_EQ(1, traced("kfree_skb:", "TAP_FILTER", NULL));
		ASSERT_EQ(0, device_ioctl(q->fd[0], TUNDETACHFILTER,
					  (unsigned long)&program));
	} else {
		EXPECT_EQ(-EINVAL, device_write(q->fd[2], "\360", 1));
		EXPECT_EQ(1, traced("kfree_skb:", "UNHANDLED_PROTO", NULL));
	}
	ASSERT_EQ(0, link_set_down(q->name));
	EXPECT_EQ(-EIO, device_write(q->fd[2], q->out.data, q->out.size));
	EXPECT_EQ(1, traced("kfree_skb:", "DEV_READY", NULL));
}

/* What a security module is asked, in the order of hooks[]. */
static const char * const hooks[] = {
	"create", "alloc_security", "attach", "open", "attach_queue",
	"free_security",
};

static void count_hooks(unsigned int counts[ARRAY_SIZE(hooks)])
{
	unsigned int i;
	char name[64];

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		snprintf(name, sizeof(name), " lsm_%s:", hooks[i]);
		counts[i] = traced(name, NULL, NULL);
	}
}

static bool were(const char *what, const unsigned int wanted[])
{
	unsigned int counts[ARRAY_SIZE(hooks)], i;
	bool same = true;

	count_hooks(counts);
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (counts[i] != wanted[i]) {
			printf("# %s: security_tun_dev_%s: %u times, not %u\n",
			       what, hooks[i], counts[i], wanted[i]);
			same = false;
		}
	}
	return same;
}

/* Each decision about a device is one for the security modules as well. */
TEST_F_TIMEOUT(tracing, security_hooks, 120)
{
	unsigned int want[ARRAY_SIZE(hooks)] = {}, i;
	char name[IFNAMSIZ] = "hooks", text[128];
	int flags, first, second;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(hooks) && !err; i++) {
		snprintf(text, sizeof(text),
			 "p:mytun_test/lsm_%s security_tun_dev_%s", hooks[i],
			 hooks[i]);
		err = file_write(TRACEFS "/kprobe_events", text);
	}
	if (err)
		SKIP(return, "no probes on security hooks: %s", strerror(-err));
	flags = variant->type | IFF_NO_PI | IFF_MULTI_QUEUE;
	ASSERT_EQ(0, follow("mytun_test"));
	first = device_create(name, flags);
	ASSERT_LE(0, first);
	want[0]++;
	want[1]++;
	want[2]++;
	EXPECT_TRUE(were("made", want));
	second = device_create(name, flags);
	ASSERT_LE(0, second);
	want[2]++;
	want[3]++;
	EXPECT_TRUE(were("second queue", want));
	ASSERT_EQ(0, device_setqueue(second, IFF_DETACH_QUEUE));
	EXPECT_TRUE(were("set aside", want));
	ASSERT_EQ(0, device_setqueue(second, IFF_ATTACH_QUEUE));
	want[2]++;
	want[4]++;
	EXPECT_TRUE(were("attached again", want));
	close(second);
	EXPECT_TRUE(were("one closed", want));
	close(first);
	want[5]++;
	EXPECT_TRUE(were("gone", want));
	ASSERT_EQ(0, file_write(INSTANCE "/events/mytun_test/enable", "0"));
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		snprintf(text, sizeof(text), "-:mytun_test/lsm_%s", hooks[i]);
		EXPECT_EQ(0, file_write(TRACEFS "/kprobe_events", text));
	}
}

TEST_HARNESS_MAIN
