// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_NAPI: what GRO makes of packets that are written one by one, counted where
 * tc sees them. Something must let them gather: the kernel's gro_flush_timeout,
 * ethtool's rx-usecs, or a thread that has other things to do; without any of
 * these, each is polled alone. `ethtool -K gro off` keeps all apart.
 */
#include "device.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ethtool.h>

#include "kselftest_harness.h"

#include "bpf.h"
#include "ethtool.h"
#include "packet.h"
#include "ringmem.h"
#include "rtnl.h"

#define NAME		"napi0"
#define SEGMENTS	64
#define MERGED		4
#define SIZE		1000
/* Longer than it takes to write all of them on an emulated machine. */
#define GATHER_MS	400

enum gather { NOTHING, FLUSH_TIMEOUT, RX_USECS, THREADED, NO_GRO };

FIXTURE(napi)
{
	char name[IFNAMSIZ];
	int fd, map, index;
};

FIXTURE_VARIANT(napi)
{
	const char *node;	/* NULL: the one under test */
	enum gather gather;
	unsigned int frames;	/* rx-frames of a batch; 0: no batch */
};

FIXTURE_VARIANT_ADD(napi, nothing) { .gather = NOTHING };
FIXTURE_VARIANT_ADD(napi, flush_timeout) { .gather = FLUSH_TIMEOUT };
FIXTURE_VARIANT_ADD(napi, rx_usecs) { .gather = RX_USECS };
FIXTURE_VARIANT_ADD(napi, threaded) { .gather = THREADED };

FIXTURE_VARIANT_ADD(napi, switched_off) { .gather = NO_GRO };

/* All in one write(), which the stack gets so many at a time. */
FIXTURE_VARIANT_ADD(napi, batch) { .gather = NOTHING, .frames = 16 };
FIXTURE_VARIANT_ADD(napi, rx_frames) { .gather = NOTHING, .frames = 4 };

/* The same with tun, which has no rx-usecs. */
FIXTURE_VARIANT_ADD(napi, tun_nothing)
{
	.node = "/dev/net/tun", .gather = NOTHING,
};

FIXTURE_VARIANT_ADD(napi, tun_flush_timeout)
{
	.node = "/dev/net/tun", .gather = FLUSH_TIMEOUT,
};

FIXTURE_VARIANT_ADD(napi, tun_threaded)
{
	.node = "/dev/net/tun", .gather = THREADED,
};

static int set_sysfs(const char *attribute, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/net/" NAME "/%s", attribute);
	return file_write(path, value);
}

static int set_coalesce(unsigned int usecs, unsigned int frames)
{
	struct ethtool_coalesce coalesce = {
		.cmd = ETHTOOL_SCOALESCE,
		.rx_coalesce_usecs = usecs,
		.rx_max_coalesced_frames = frames,
	};

	return ethtool(NAME, &coalesce);
}

/* The kernel's thread that polls this device, or -ENOENT. */
static pid_t poll_thread(void)
{
	char path[300], name[64];
	struct dirent *entry;
	pid_t found = -ENOENT;
	DIR *dir = opendir("/proc");

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.32s/comm", entry->d_name);
		if (atoi(entry->d_name) &&
		    !file_read(path, name, sizeof(name)) &&
		    !strncmp(name, "napi/" NAME, 5 + strlen(NAME)))
			found = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/*
 * The writer and the thread share a CPU, and the writer goes first: so the
 * thread finds what has gathered. 0 or -errno.
 */
static int before_thread(void)
{
	const struct sched_param first = { .sched_priority = 1 };
	pid_t thread = poll_thread();
	cpu_set_t cpus;

	if (thread < 0)
		return thread;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(thread, sizeof(cpus), &cpus) ||
	    sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    sched_setscheduler(0, SCHED_FIFO, &first))
		return -errno;
	return 0;
}

FIXTURE_SETUP(napi)
{
	const uint8_t mac[6] = { 2, 0x5e, 0, 0, 0, 1 };
	struct link_info info;
	char text[32];
	int err;

	if (variant->node)
		setenv("MYTUN_NODE", variant->node, 1);
	REQUIRE_DEVICE();
	if (variant->gather == RX_USECS && !device_is_mytun())
		SKIP(return, "tun has no rx-usecs");
	/* 5.10's tun charges a socket for what GRO merges: a kernel warning. */
	if (variant->node && kernel_release() < KERNEL(6, 0))
		SKIP(return, "this kernel's tun miscounts merged packets");
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, IFF_TAP | IFF_NO_PI | IFF_NAPI);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_set_mac(NAME, mac));
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, link_get(NAME, &info));
	self->map = array_new();
	ASSERT_LE(0, self->map);
	/* Nobody is to answer. */
	err = tc_attach(info.index, tc_drop_protocol(self->map, ETH_P_IP));
	if (err == -ENOENT)
		SKIP(return, "the kernel has no clsact or no BPF classifier");
	ASSERT_EQ(0, err);
	if (variant->frames) {
		if (!(ring_features() & MYTUN_F_BATCH))
			SKIP(return, "the driver has no batches");
		ASSERT_EQ(0, ring_batch(self->fd, MYTUN_Q_WRITE, 0, 0));
		ASSERT_EQ(0, set_coalesce(0, variant->frames));
	}
	switch (variant->gather) {
	case NOTHING:
		break;
	case NO_GRO:
	case FLUSH_TIMEOUT:
		if (variant->gather == NO_GRO)
			ASSERT_EQ(0, ethtool_set(NAME, ETHTOOL_SGRO, 0));
		snprintf(text, sizeof(text), "%lu", GATHER_MS * 1000000UL);
		ASSERT_EQ(0, set_sysfs("gro_flush_timeout", text));
		break;
	case RX_USECS:
		ASSERT_EQ(0, set_coalesce(GATHER_MS * 1000, 0));
		break;
	case THREADED:
		err = set_sysfs("threaded", "1");
		if (err == -ENOENT || err == -EACCES)
			SKIP(return, "no threaded NAPI in this kernel");
		ASSERT_EQ(0, err);
		ASSERT_EQ(0, before_thread());
		break;
	}
}

FIXTURE_TEARDOWN(napi)
{
	close(self->fd);
}

/* Consecutive segments of a host have consecutive identifications. */
static void set_id(struct packet *p, uint16_t id)
{
	uint8_t *ip = p->data + p->l3;
	uint32_t sum = (uint16_t)~(ip[10] << 8 | ip[11]);

	/* It was 0: RFC 1624. */
	sum += id;
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[4] = id >> 8;
	ip[5] = id;
	ip[10] = sum >> 8;
	ip[11] = sum;
}

/* All of them as records of one write(). */
static int write_batch(int fd, const struct packet *packets, unsigned int count)
{
	static uint8_t buffer[SEGMENTS * (SIZE + 256)]
		__attribute__((aligned(MYTUN_RECORD_ALIGN)));
	size_t size = 0;
	unsigned int i;
	ssize_t done;

	memset(buffer, 0, sizeof(buffer));
	for (i = 0; i < count; i++) {
		struct mytun_record *record = (void *)(buffer + size);

		record->size = record_size(0, packets[i].size);
		record->len = packets[i].size;
		record->offset = MYTUN_RECORD_HEADER;
		memcpy(buffer + size + record->offset, packets[i].data,
		       packets[i].size);
		size += record->size;
	}
	done = device_write(fd, buffer, size);
	return done < 0 ? done : (size_t)done == size ? 0 : -EIO;
}

struct arrival {
	int map;
	unsigned long before;
};

static bool arrived(void *arg)
{
	const struct arrival *a = arg;

	return array_get(a->map) > a->before;
}

/* Write the segments; how many packets tc saw of them. */
static unsigned long exchange(struct __test_metadata *_metadata, int fd,
			      int map, unsigned int round, bool batch)
{
	struct packet_flow flow = {
		.family = AF_INET, .ethernet = true,
		.from = { .mac = { 2, 0x5e, 0, 0, 0, 2 },
			  .addr = { 10, 0, 0, 2 }, .port = 4000 + round },
		.to = { .mac = { 2, 0x5e, 0, 0, 0, 1 },
			.addr = { 10, 0, 0, 1 }, .port = 5000 },
	};
	struct arrival before = { map, array_get(map) };
	static struct packet packets[SEGMENTS];
	static uint8_t payload[SIZE];
	unsigned long count;
	unsigned int i;

	for (i = 0; i < SEGMENTS; i++) {
		packet_tcp(&packets[i], &flow, TCP_ACK, 1 + i * SIZE, 1,
			   payload, SIZE);
		set_id(&packets[i], 1 + i);
	}
	if (batch)
		ASSERT_EQ(0, write_batch(fd, packets, SEGMENTS));
	for (i = 0; i < SEGMENTS && !batch; i++)
		ASSERT_EQ((ssize_t)packets[i].size,
			  device_write(fd, packets[i].data, packets[i].size));
	ASSERT_EQ(0, wait_for(arrived, &before, DEADLINE_MS));
	/* Until nothing comes any more. */
	do {
		count = array_get(map);
		sleep_ms(2 * GATHER_MS);
	} while (array_get(map) != count);
	return count - before.before;
}

TEST_F_TIMEOUT(napi, merge, 120)
{
	bool apart = !variant->frames && (variant->gather == NOTHING ||
					  variant->gather == NO_GRO);
	unsigned int rounds = 5, round;
	unsigned long count = 0;

	for (round = 0; round < rounds; round++) {
		count = exchange(_metadata, self->fd, self->map, round,
				 variant->frames);
		printf("# %u segments, %lu packets\n", SEGMENTS, count);
		/*
		 * A machine that is busy otherwise may run the softirq later,
		 * or let the time pass.
		 */
		if (variant->frames ? count == SEGMENTS / variant->frames :
		    apart ? count == SEGMENTS : count <= MERGED)
			break;
	}
	EXPECT_GT(rounds, round);
}

TEST_HARNESS_MAIN
