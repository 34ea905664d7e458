// SPDX-License-Identifier: GPL-2.0
/*
 * RPS, RFS and XPS: the administrator's settings of which CPU does what, and
 * which queue a CPU's packets take, hold for these devices.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include <linux/mytun.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "queues.h"
#include "rtnl.h"
#include "wire.h"

#define PORT		4000
#define PEER_PORT	5000
#define NET		41
#define ENTRIES		"/proc/sys/net/core/rps_sock_flow_entries"
#define PACKETS		20	/* of one flow */
#define SOCKETS		24

static struct packet packet;
static uint8_t buffer[65536];

FIXTURE(cpus)
{
	struct wire wire;
	int home;		/* the namespace where ENTRIES is */
	char entries[32];
	int fd;			/* a connected UDP socket */
	bool strict;
};

FIXTURE_VARIANT(cpus)
{
	int type;
	bool napi;
};

FIXTURE_VARIANT_ADD(cpus, tun) { .type = IFF_TUN };
FIXTURE_VARIANT_ADD(cpus, tap) { .type = IFF_TAP };
FIXTURE_VARIANT_ADD(cpus, tun_napi) { .type = IFF_TUN, .napi = true };

/* The calling thread, on that CPU alone. */
static bool run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

FIXTURE_SETUP(cpus)
{
	REQUIRE_DEVICE();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	self->home = netns_get();
	ASSERT_LE(0, self->home);
	if (file_read(ENTRIES, self->entries, sizeof(self->entries)))
		SKIP(return, "no RPS in this kernel");
	ASSERT_EQ(0, netns_private());
	self->strict = device_is_mytun();
	self->wire.type = variant->type | (variant->napi ? IFF_NAPI : 0);
	self->wire.net = NET;
	self->wire.ipv4_only = true;
	ASSERT_EQ(0, wire_open(&self->wire));
	self->wire.type = variant->type;
	self->fd = wire_socket(&self->wire, AF_INET, SOCK_DGRAM, PORT,
			       PEER_PORT);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(run_on(0));
}

FIXTURE_TEARDOWN(cpus)
{
	close(self->fd);
	wire_close(&self->wire);
	netns_enter(self->home);
	EXPECT_EQ(0, file_write(ENTRIES, self->entries));
}

/* A file below /sys/class/net/<name>/queues. 0 or -errno. */
static int set(const char *name, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/%s", name, file);
	return file_write(path, text);
}

static int set_entries(FIXTURE_DATA(cpus) *self, const char *text)
{
	int here = netns_get(), err;

	if (here < 0)
		return here;
	err = netns_enter(self->home);
	if (!err)
		err = file_write(ENTRIES, text);
	netns_enter(here);
	close(here);
	return err;
}

/* The CPU that delivered the last packet to a connected socket. */
static int delivered_on(int fd)
{
	socklen_t size = sizeof(int);
	int cpu = -1;

	getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, &size);
	return cpu;
}

/* One packet written by the calling thread arrives at the socket. */
static bool deliver(struct wire *w, int fd)
{
	struct packet_flow flow = wire_flow(w, AF_INET, PEER_PORT, PORT);

	packet_udp(&packet, &flow, "deliver", 7);
	return wire_put(w, &packet, NULL) > 0 &&
	       wire_recv(fd, buffer, sizeof(buffer), DEADLINE_MS) == 7;
}

/* RPS: rps_cpus of the device's queue says which CPU does the rest. */
TEST_F_TIMEOUT(cpus, rps, 120)
{
	struct wire *w = &self->wire;
	unsigned int i, writer;

	for (writer = 0; writer < 2; writer++) {
		ASSERT_TRUE(run_on(writer));
		ASSERT_EQ(0, set(w->name, "rx-0/rps_cpus", "0"));
		for (i = 0; i < PACKETS; i++) {
			ASSERT_TRUE(deliver(w, self->fd));
			EXPECT_EQ(writer, delivered_on(self->fd));
		}
		ASSERT_EQ(0, set(w->name, "rx-0/rps_cpus",
				 writer ? "1" : "2"));
		for (i = 0; i < PACKETS; i++) {
			ASSERT_TRUE(deliver(w, self->fd));
			EXPECT_EQ(!writer, delivered_on(self->fd));
		}
	}
}

struct receiver {
	int fd;
	unsigned int cpu;
	pthread_t thread;
	atomic_uint packets;
	atomic_bool stop;
};

static void *receive(void *arg)
{
	struct receiver *r = arg;
	char data[64];

	if (!run_on(r->cpu))
		return NULL;
	while (!atomic_load(&r->stop))
		if (wire_recv(r->fd, data, sizeof(data), 100) > 0)
			atomic_fetch_add(&r->packets, 1);
	return NULL;
}

static bool wrote_and_received(struct wire *w, struct receiver *r)
{
	struct packet_flow flow = wire_flow(w, AF_INET, PEER_PORT, PORT);
	unsigned int before = atomic_load(&r->packets);
	uint64_t end = now_ms() + DEADLINE_MS;

	packet_udp(&packet, &flow, "deliver", 7);
	if (wire_put(w, &packet, NULL) <= 0)
		return false;
	while (atomic_load(&r->packets) == before && now_ms() < end)
		sleep_ms(1);
	return atomic_load(&r->packets) == before + 1;
}

/* RFS: packets are processed where the program runs that receives them. */
TEST_F_TIMEOUT(cpus, rfs, 120)
{
	struct wire *w = &self->wire;
	struct receiver r;
	unsigned int i, cpu;

	ASSERT_EQ(0, set_entries(self, "1024"));
	ASSERT_EQ(0, set(w->name, "rx-0/rps_flow_cnt", "1024"));
	for (cpu = 0; cpu < 2; cpu++) {
		memset(&r, 0, sizeof(r));
		r.fd = self->fd;
		r.cpu = cpu;
		/* The writer is on the other CPU. */
		ASSERT_TRUE(run_on(!cpu));
		ASSERT_EQ(0, pthread_create(&r.thread, NULL, receive, &r));
		/* The first one tells the kernel where. */
		ASSERT_TRUE(wrote_and_received(w, &r));
		for (i = 0; i < PACKETS; i++) {
			ASSERT_TRUE(wrote_and_received(w, &r));
			EXPECT_EQ(cpu, delivered_on(self->fd));
		}
		atomic_store(&r.stop, true);
		pthread_join(r.thread, NULL);
	}
}

/* Packets that each CPU has processed; false if there is no such file. */
static bool processed(unsigned long counts[2])
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	bool ok = false;

	if (file) {
		ok = fscanf(file, "%lx%*[^\n]", &counts[0]) == 1 &&
		     fscanf(file, "%lx%*[^\n]", &counts[1]) == 1;
		fclose(file);
	}
	return ok;
}

struct taker {
	struct wire *wire;
	unsigned int cpu;
	bool batch;
	unsigned int packets;
};

/* Take what the device has, on a certain CPU. */
static void *take(void *arg)
{
	struct taker *t = arg;

	if (!run_on(t->cpu) ||
	    wait_events(t->wire->fd, POLLIN, DEADLINE_MS) <= 0)
		return NULL;
	if (device_read(t->wire->fd, buffer, sizeof(buffer)) > 0)
		t->packets++;
	return NULL;
}

static bool taken_on(struct wire *w, unsigned int cpu)
{
	struct taker t = { .wire = w, .cpu = cpu };
	pthread_t thread;

	if (pthread_create(&thread, NULL, take, &t))
		return false;
	pthread_join(thread, NULL);
	return t.packets == 1;
}

/*
 * RFS, for what is forwarded: the device that it came from processes packets
 * on the CPU where they are read from the other one.
 */
TEST_F_TIMEOUT(cpus, rfs_forwarded, 300)
{
	struct packet_flow flow = wire_flow(&self->wire, AF_INET, PEER_PORT,
					    PORT);
	struct mytun_batch batch = {
		.size = sizeof(batch), .flags = MYTUN_Q_READ,
	};
	struct wire out = {
		.type = variant->type, .net = NET + 1, .ipv4_only = true,
	};
	unsigned long before[2], after[2];
	unsigned int i, round, cpu;

	if (!self->strict)
		SKIP(return, "the in-kernel driver does so by what is written");
	ASSERT_EQ(0, forwarding_on());
	ASSERT_EQ(0, wire_open(&out));
	ASSERT_EQ(0, set_entries(self, "1024"));
	ASSERT_EQ(0, set(self->wire.name, "rx-0/rps_flow_cnt", "1024"));
	memcpy(flow.to.addr, out.peer[0].addr, sizeof(flow.to.addr));
	packet_udp(&packet, &flow, "forward", 7);
	/* By read(), then in batches. */
	for (round = 0; round < 4; round++) {
		cpu = round % 2;
		if (round == 2)
			ASSERT_EQ(0, device_ioctl(out.fd, MYTUN_IOC_BATCH,
						  (unsigned long)&batch));
		ASSERT_TRUE(run_on(!cpu));
		ASSERT_LT(0, wire_put(&self->wire, &packet, NULL));
		ASSERT_TRUE(taken_on(&out, cpu));
		ASSERT_TRUE(processed(before));
		for (i = 0; i < PACKETS; i++) {
			ASSERT_LT(0, wire_put(&self->wire, &packet, NULL));
			ASSERT_TRUE(taken_on(&out, cpu));
		}
		ASSERT_TRUE(processed(after));
		EXPECT_LE(PACKETS, after[cpu] - before[cpu]);
		EXPECT_GT(PACKETS / 2, after[!cpu] - before[!cpu]);
	}
	wire_close(&out);
}

/* How many packets of new sockets come out of each queue, sent here. */
static bool spread(struct queues *q, unsigned int count[2])
{
	struct packet_view view;
	unsigned int i;
	int slot;

	count[0] = 0;
	count[1] = 0;
	for (i = 0; i < SOCKETS; i++) {
		struct packet_end to = { .port = 9 };
		struct sockaddr_storage address;
		socklen_t size;
		char text[32];
		ssize_t sent;
		int fd;

		snprintf(text, sizeof(text), "10.%u.7.%u", NET + 3, i + 1);
		packet_addr(AF_INET, text, to.addr);
		size = packet_sockaddr(AF_INET, &to, &address);
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		sent = sendto(fd, "out", 3, 0, (struct sockaddr *)&address,
			      size);
		close(fd);
		if (sent != 3)
			return false;
		slot = queues_next(q, &view, DEADLINE_MS);
		if (slot < 0)
			return false;
		count[slot]++;
	}
	return true;
}

/* XPS: what belongs to no queue yet goes to the one for the CPU. */
TEST_F_TIMEOUT(cpus, xps, 120)
{
	unsigned int count[2], cpu, i;
	struct queues *q;
	int err;

	if (!self->strict)
		SKIP(return, "the in-kernel driver does not look at XPS");
	ASSERT_EQ(0, queues_serve());
	q = queues_create(variant->type, AF_INET, NET + 2, 2, random_seed());
	ASSERT_NE(NULL, q);
	queues_settle(q, QUIET_MS);
	/* Without it, the hash spreads them. */
	ASSERT_TRUE(spread(q, count));
	EXPECT_LT(0, count[0]);
	EXPECT_LT(0, count[1]);

	err = set(q->name, "tx-0/xps_cpus", "1");
	if (err == -ENOENT)
		SKIP(queues_destroy(q); return, "no XPS in this kernel");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, set(q->name, "tx-1/xps_cpus", "2"));
	for (cpu = 0; cpu < 2; cpu++) {
		ASSERT_TRUE(run_on(cpu));
		ASSERT_TRUE(spread(q, count));
		EXPECT_EQ(SOCKETS, count[cpu]);
		EXPECT_EQ(0, count[!cpu]);
	}

	/* A flow that is known goes to its queue, from any CPU. */
	for (cpu = 0; cpu < 2; cpu++) {
		ASSERT_TRUE(run_on(cpu));
		for (i = 0; i < 10; i++) {
			queues_write(q, FLOW_UDP_ECHO, i, i % 2);
			queues_collect(q, 1);
		}
	}
	EXPECT_EQ(0, q->tally.missing);
	EXPECT_EQ(0, q->tally.wrong);

	/* The other way round, and then off. */
	ASSERT_EQ(0, set(q->name, "tx-0/xps_cpus", "2"));
	ASSERT_EQ(0, set(q->name, "tx-1/xps_cpus", "1"));
	ASSERT_TRUE(run_on(1));
	ASSERT_TRUE(spread(q, count));
	EXPECT_EQ(SOCKETS, count[0]);
	ASSERT_EQ(0, set(q->name, "tx-0/xps_cpus", "0"));
	ASSERT_EQ(0, set(q->name, "tx-1/xps_cpus", "0"));
	ASSERT_TRUE(spread(q, count));
	EXPECT_LT(0, count[0]);
	EXPECT_LT(0, count[1]);
	queues_destroy(q);
}

TEST_HARNESS_MAIN
