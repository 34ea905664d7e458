// SPDX-License-Identifier: GPL-2.0
/*
 * splice(): one packet is one buffer of a pipe. From a device through a pipe
 * into another device in another namespace, with everything that can stand in
 * front of a packet and in every size; from files; and what is refused.
 */
#include "device.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include <linux/if_ether.h>
#include <linux/mytun.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "rtnl.h"
#include "wire.h"

#define PORT		4000
#define PEER_PORT	5000
#define MTU		(65535 - ETH_HLEN)
#define PAGE		4096
/* IPv4 and UDP. */
#define HEADERS		28
#define ALL		(1U << 20)

static struct packet packet;
static struct record record;
static uint8_t payload[65536], received[65536 + 64];

FIXTURE(splice)
{
	struct wire near, far;
	int home, away;
	int pipe[2];		/* with room for two of the largest packets */
	int from, to;		/* UDP sockets behind near and far */
	uint64_t seed;
};

FIXTURE_VARIANT(splice)
{
	int type;
	bool pi;
	int vnet;
};

#define VARIANT(name, type_, pi_, vnet_)					\
	FIXTURE_VARIANT_ADD(splice, name)				\
	{								\
		.type = type_, .pi = pi_, .vnet = vnet_,		\
	}

VARIANT(tun, IFF_TUN, false, 0);
VARIANT(tun_vnet12, IFF_TUN, false, 12);
VARIANT(tun_pi, IFF_TUN, true, 0);
VARIANT(tun_pi_vnet24, IFF_TUN, true, 24);
VARIANT(tap, IFF_TAP, false, 0);
VARIANT(tap_vnet10, IFF_TAP, false, 10);
VARIANT(tap_pi, IFF_TAP, true, 0);
VARIANT(tap_pi_vnet12, IFF_TAP, true, 12);

static int prepare(struct wire *w, const FIXTURE_VARIANT(splice) *variant)
{
	int err;

	w->type = variant->type;
	w->pi = variant->pi;
	w->vnet = variant->vnet;
	w->net = 1;
	w->ipv4_only = true;
	err = wire_open(w);
	return err ?: link_set_mtu(w->name, MTU);
}

FIXTURE_SETUP(splice)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel driver lost splice() in 5.10");
	ASSERT_EQ(0, netns_private());
	self->home = netns_get();
	self->away = netns_new();
	ASSERT_LE(0, self->home);
	ASSERT_LE(0, self->away);
	ASSERT_EQ(0, prepare(&self->near, variant));
	self->from = wire_socket(&self->near, AF_INET, SOCK_DGRAM, PORT,
				 PEER_PORT);
	ASSERT_LE(0, self->from);
	ASSERT_EQ(0, netns_enter(self->away));
	self->far.far = true;
	ASSERT_EQ(0, prepare(&self->far, variant));
	self->to = wire_socket(&self->far, AF_INET, SOCK_DGRAM, PEER_PORT,
			       PORT);
	ASSERT_LE(0, self->to);
	ASSERT_EQ(0, netns_enter(self->home));
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC | O_DIRECT));
	ASSERT_LT(0, fcntl(self->pipe[1], F_SETPIPE_SZ, 40 * PAGE));
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(splice)
{
	close(self->from);
	close(self->to);
	close(self->pipe[0]);
	close(self->pipe[1]);
	wire_close(&self->near);
	wire_close(&self->far);
}

static ssize_t move(int from, int to, size_t size, unsigned int flags)
{
	ssize_t ret = splice(from, NULL, to, NULL, size, flags);

	return ret < 0 ? -errno : ret;
}

/* Bytes of a record with a datagram of that size. */
static size_t record_size(const struct wire *w, size_t size)
{
	return wire_head(w) + (w->type == IFF_TAP ? ETH_HLEN : 0) + HEADERS +
	       size;
}

/* The datagram that makes a record of that size. */
static size_t datagram(const struct wire *w, size_t size)
{
	return size - record_size(w, 0);
}

static bool send_random(FIXTURE_DATA(splice) *self, size_t size)
{
	random_fill(&self->seed, payload, size);
	return send(self->from, payload, size, 0) == (ssize_t)size;
}

/* What was sent last has arrived. */
static bool arrived(FIXTURE_DATA(splice) *self, size_t size)
{
	return wire_recv(self->to, received, sizeof(received), DEADLINE_MS) ==
		       (ssize_t)size &&
	       !memcmp(received, payload, size);
}

TEST_F_TIMEOUT(splice, device_to_device, 300)
{
	const size_t sizes[] = {
		0, 1, 17, 18, 100, 1400, 1472,
		datagram(&self->near, PAGE - 1), datagram(&self->near, PAGE),
		datagram(&self->near, PAGE + 1), 5000, 9000,
		datagram(&self->near, 8 * PAGE), 32768, 65000,
		MTU - HEADERS,
	};
	unsigned int count = scaled(2000), i;
	struct wire *w = &self->near;
	size_t size;

	for (i = 0; i < count; i++) {
		size = i < ARRAY_SIZE(sizes) ? sizes[i] :
		       random_below(&self->seed, i % 4 ? 1473 : MTU - HEADERS);
		ASSERT_TRUE(send_random(self, size));
		ASSERT_EQ(record_size(w, size),
			  move(w->fd, self->pipe[1], ALL, 0));
		ASSERT_EQ(record_size(w, size),
			  move(self->pipe[0], self->far.fd, ALL, 0));
		ASSERT_TRUE(arrived(self, size))
			TH_LOG("datagram %u of %zu bytes", i, size);
	}
	EXPECT_EQ(-EAGAIN, move(w->fd, self->pipe[1], ALL, 0));
}

/* What is spliced is what would be read, and counts as that. */
TEST_F_TIMEOUT(splice, as_read, 120)
{
	struct rtnl_link_stats64 before, after;
	static struct record spliced;
	struct wire *w = &self->near;
	ssize_t size;

	ASSERT_EQ(0, link_get_stats(w->name, &before));
	ASSERT_TRUE(send_random(self, 333));
	ASSERT_TRUE(send_random(self, 333));
	memset(record.raw, 0xee, wire_head(w));
	ASSERT_EQ(0, wire_get(w, &record, DEADLINE_MS));
	size = move(w->fd, self->pipe[1], ALL, 0);
	ASSERT_EQ(record.total, size);
	/* Not more than the one packet, though there is room. */
	ASSERT_EQ(size, read(self->pipe[0], spliced.raw, sizeof(spliced.raw)));
	EXPECT_EQ(0, memcmp(spliced.raw, record.raw, wire_head(w)));
	EXPECT_EQ(0, memcmp(spliced.raw + size - 333, payload, 333));
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.tx_packets + 2, after.tx_packets);
	EXPECT_EQ(before.tx_bytes + 2 * record.size, after.tx_bytes);
	EXPECT_EQ(before.tx_dropped, after.tx_dropped);
}

TEST_F_TIMEOUT(splice, several, 120)
{
	size_t sizes[] = { 10, 1000, 5000, 20, 30 }, total = 0, size;
	struct wire *w = &self->near;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(payload, 'a' + i, sizes[i]);
		ASSERT_EQ(sizes[i], send(self->from, payload, sizes[i], 0));
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = record_size(w, sizes[i]);
		ASSERT_EQ(size, move(w->fd, self->pipe[1], ALL, 0));
		total += size;
	}
	/* The first alone, then one and a part, then the rest. */
	size = record_size(w, sizes[0]);
	EXPECT_EQ(-EINVAL, move(self->pipe[0], self->far.fd, size - 1, 0));
	ASSERT_EQ(size, move(self->pipe[0], self->far.fd, size, 0));
	total -= size;
	size = record_size(w, sizes[1]);
	ASSERT_EQ(size, move(self->pipe[0], self->far.fd, size + 100, 0));
	total -= size;
	ASSERT_EQ(total, move(self->pipe[0], self->far.fd, ALL, 0));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(sizes[i], wire_recv(self->to, received,
					      sizeof(received), DEADLINE_MS));
		EXPECT_EQ('a' + i, received[0]);
		EXPECT_EQ('a' + i, received[sizes[i] - 1]);
	}
}

/* Read from the pipe, each packet comes alone. */
TEST_F_TIMEOUT(splice, read_from_pipe, 120)
{
	struct wire *w = &self->near;
	unsigned int i;
	size_t size;

	for (i = 1; i < 10; i++)
		ASSERT_TRUE(send_random(self, i * i * 100));
	for (i = 1; i < 10; i++)
		ASSERT_LT(0, move(w->fd, self->pipe[1], ALL, 0));
	for (i = 1; i < 10; i++) {
		size = record_size(w, i * i * 100);
		ASSERT_EQ(size, read(self->pipe[0], received,
				     sizeof(received)));
	}
	EXPECT_EQ(0, memcmp(received + size - 8100, payload, 8100));
}

/* A copy of what is in a pipe is a packet again. */
TEST_F_TIMEOUT(splice, tee, 120)
{
	struct wire *w = &self->near;
	size_t size = record_size(w, 6000);
	int second[2], i;

	ASSERT_EQ(0, pipe2(second, O_CLOEXEC));
	ASSERT_TRUE(send_random(self, 6000));
	ASSERT_EQ(size, move(w->fd, self->pipe[1], ALL, 0));
	ASSERT_EQ(size, tee(self->pipe[0], second[1], ALL, 0));
	ASSERT_EQ(size, move(self->pipe[0], self->far.fd, ALL, 0));
	ASSERT_EQ(size, move(second[0], self->far.fd, ALL, 0));
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(arrived(self, 6000));
	close(second[0]);
	close(second[1]);
}

/* A packet is never cut: it stays until there is room. */
TEST_F_TIMEOUT(splice, too_short, 120)
{
	struct rtnl_link_stats64 before, after;
	struct wire *w = &self->near;
	size_t size = record_size(w, 600);
	int narrow[2];

	ASSERT_EQ(0, link_get_stats(w->name, &before));
	ASSERT_TRUE(send_random(self, 600));
	EXPECT_EQ(-EINVAL, move(w->fd, self->pipe[1], size - 1, 0));
	EXPECT_EQ(-EINVAL, move(w->fd, self->pipe[1], 1, 0));
	ASSERT_EQ(size, move(w->fd, self->pipe[1], size, 0));
	ASSERT_EQ(size, move(self->pipe[0], self->far.fd, size, 0));
	EXPECT_TRUE(arrived(self, 600));

	/* A pipe of one page takes that, and no more. */
	ASSERT_EQ(0, pipe2(narrow, O_CLOEXEC));
	ASSERT_EQ(PAGE, fcntl(narrow[1], F_SETPIPE_SZ, PAGE));
	ASSERT_TRUE(send_random(self, datagram(w, PAGE)));
	ASSERT_EQ(PAGE, move(w->fd, narrow[1], ALL, 0));
	EXPECT_EQ(-EAGAIN, move(w->fd, narrow[1], ALL, SPLICE_F_NONBLOCK));
	ASSERT_EQ(PAGE, move(narrow[0], self->far.fd, ALL, 0));
	EXPECT_TRUE(arrived(self, datagram(w, PAGE)));
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.tx_dropped, after.tx_dropped);
	EXPECT_EQ(before.tx_packets + 2, after.tx_packets);
	close(narrow[0]);
	close(narrow[1]);
}

/* The record of a datagram from the peer to the far stack, in received[]. */
static size_t build(FIXTURE_DATA(splice) *self, size_t size)
{
	struct wire *w = &self->far;
	struct packet_flow flow = wire_flow(w, AF_INET, PORT, PEER_PORT);
	size_t front = wire_front(w, ETH_P_IP, NULL, received);

	random_fill(&self->seed, payload, size);
	packet_udp(&packet, &flow, payload, size);
	memcpy(received + front, packet.data, packet.size);
	return front + packet.size;
}

/* Packets that a program writes to the pipe, and that come from a file. */
TEST_F_TIMEOUT(splice, from_program_and_file, 120)
{
	struct wire *w = &self->far;
	size_t size, second;
	int file;

	size = build(self, 700);
	ASSERT_EQ(size, write(self->pipe[1], received, size));
	second = build(self, 1200);
	ASSERT_EQ(second, write(self->pipe[1], received, second));
	/* Two buffers, since the pipe keeps writes apart. */
	ASSERT_EQ(size + second, move(self->pipe[0], w->fd, ALL, 0));
	EXPECT_EQ(700, wire_recv(self->to, received, sizeof(received),
				 DEADLINE_MS));
	EXPECT_TRUE(arrived(self, 1200));

	file = memfd_create("packet", MFD_CLOEXEC);
	ASSERT_LE(0, file);
	size = build(self, datagram(w, PAGE));
	ASSERT_EQ(PAGE, size);
	ASSERT_EQ(size, write(file, received, size));
	ASSERT_EQ(0, lseek(file, 0, SEEK_SET));
	ASSERT_EQ(size, sendfile(w->fd, file, NULL, size));
	EXPECT_TRUE(arrived(self, datagram(w, PAGE)));
	/* A stream has no place to begin from. */
	EXPECT_EQ(-1, sendfile(file, w->fd, NULL, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(w->fd, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
	close(file);
}

/* What write() refuses, in the same words; what came before is accepted. */
TEST_F_TIMEOUT(splice, malformed, 120)
{
	struct rtnl_link_stats64 stats;
	struct wire *w = &self->far;
	size_t size = build(self, 700);

	ASSERT_EQ(size, write(self->pipe[1], received, size));
	/* TUN with packet information takes anything that has it. */
	ASSERT_EQ(3, write(self->pipe[1], "\377\377\377", 3));
	ASSERT_EQ(size, move(self->pipe[0], w->fd, ALL, 0));
	EXPECT_EQ(-EINVAL, move(self->pipe[0], w->fd, ALL, 0));
	EXPECT_TRUE(arrived(self, 700));
	ASSERT_EQ(3, read(self->pipe[0], received, sizeof(received)));

	size = build(self, 10);
	ASSERT_EQ(size, write(self->pipe[1], received, size));
	ASSERT_EQ(0, netns_enter(self->away));
	ASSERT_EQ(0, link_set_down(w->name));
	EXPECT_EQ(-EIO, move(self->pipe[0], w->fd, ALL, 0));
	ASSERT_EQ(0, link_get_stats(w->name, &stats));
	EXPECT_LE(1, stats.rx_dropped);
	ASSERT_EQ(0, netns_enter(self->home));
}

struct splicer {
	int from, to;
	unsigned int flags;
	pthread_t thread;
	atomic_int tid;
	ssize_t ret;
};

static void *splice_once(void *arg)
{
	struct splicer *s = arg;

	atomic_store(&s->tid, (int)syscall(SYS_gettid));
	s->ret = move(s->from, s->to, ALL, s->flags);
	return NULL;
}

/* A thread that is asleep in splice(). 0 or -errno. */
static int start(struct splicer *s, int from, int to)
{
	uint64_t end = now_ms() + DEADLINE_MS;
	int err;

	memset(s, 0, sizeof(*s));
	s->from = from;
	s->to = to;
	err = pthread_create(&s->thread, NULL, splice_once, s);
	if (err)
		return -err;
	while (!atomic_load(&s->tid) && now_ms() < end)
		sleep_ms(1);
	return wait_asleep(atomic_load(&s->tid), DEADLINE_MS);
}

TEST_F_TIMEOUT(splice, blocking, 120)
{
	struct wire *w = &self->near;
	struct splicer s;

	EXPECT_EQ(-EAGAIN, move(w->fd, self->pipe[1], ALL, 0));
	EXPECT_EQ(-EAGAIN, move(self->pipe[0], w->fd, ALL, SPLICE_F_NONBLOCK));
	ASSERT_EQ(0, device_nonblock(w->fd, false));
	EXPECT_EQ(-EAGAIN, move(w->fd, self->pipe[1], ALL, SPLICE_F_NONBLOCK));
	EXPECT_EQ(0, move(w->fd, self->pipe[1], 0, 0));

	ASSERT_EQ(0, start(&s, w->fd, self->pipe[1]));
	ASSERT_TRUE(send_random(self, 50));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(record_size(w, 50), s.ret);
	ASSERT_EQ(s.ret, move(self->pipe[0], self->far.fd, ALL, 0));
	EXPECT_TRUE(arrived(self, 50));

	ASSERT_EQ(0, start(&s, self->pipe[0], self->far.fd));
	ASSERT_TRUE(send_random(self, 60));
	ASSERT_EQ(record_size(w, 60), move(w->fd, self->pipe[1], ALL, 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(record_size(w, 60), s.ret);
	EXPECT_TRUE(arrived(self, 60));
}

/* A device goes while splice() sleeps, on either side of it. */
TEST_F_TIMEOUT(splice, device_goes, 120)
{
	struct wire *w = &self->near;
	struct splicer in, out;
	int other[2];

	ASSERT_EQ(0, pipe2(other, O_CLOEXEC));
	ASSERT_EQ(0, device_nonblock(w->fd, false));
	ASSERT_EQ(0, start(&in, w->fd, self->pipe[1]));
	ASSERT_EQ(0, start(&out, other[0], w->fd));
	ASSERT_EQ(0, link_delete(w->name));
	pthread_join(in.thread, NULL);
	EXPECT_EQ(-EFAULT, in.ret);
	ASSERT_EQ(1, write(other[1], "E", 1));
	pthread_join(out.thread, NULL);
	EXPECT_EQ(-EBADFD, out.ret);
	EXPECT_EQ(-EBADFD, move(w->fd, self->pipe[1], ALL, 0));
	EXPECT_EQ(-EBADFD, move(other[0], w->fd, ALL, 0));
	close(other[0]);
	close(other[1]);
}

/* Nobody reads the pipe: that is told before a packet is taken. */
TEST_F_TIMEOUT(splice, broken_pipe, 120)
{
	struct wire *w = &self->near;

	signal(SIGPIPE, SIG_IGN);
	ASSERT_TRUE(send_random(self, 50));
	close(self->pipe[0]);
	EXPECT_EQ(-EPIPE, move(w->fd, self->pipe[1], ALL, 0));
	EXPECT_EQ(0, wire_get(w, &record, 0));
}

/* Batches are for read() and write(); an RX ring leaves splice() nothing. */
TEST_F_TIMEOUT(splice, other_modes, 120)
{
	struct mytun_batch batch = {
		.size = sizeof(batch), .flags = MYTUN_Q_READ | MYTUN_Q_WRITE,
	};
	struct mytun_ring ring = { .size = sizeof(ring), .rx_size = 1 << 20 };
	struct wire *w = &self->near;
	uint64_t features;
	size_t size;

	ASSERT_EQ(0, device_ioctl(w->fd, MYTUN_IOC_FEATURES,
				  (unsigned long)&features));
	EXPECT_NE(0, features & MYTUN_F_SPLICE);
	ASSERT_EQ(0, device_ioctl(w->fd, MYTUN_IOC_BATCH,
				  (unsigned long)&batch));
	ASSERT_EQ(0, device_ioctl(self->far.fd, MYTUN_IOC_BATCH,
				  (unsigned long)&batch));
	ASSERT_TRUE(send_random(self, 40));
	size = record_size(w, 40);
	ASSERT_EQ(size, move(w->fd, self->pipe[1], ALL, 0));
	ASSERT_EQ(size, move(self->pipe[0], self->far.fd, ALL, 0));
	EXPECT_TRUE(arrived(self, 40));
	if (!(features & MYTUN_F_RING))
		SKIP(return, "no rings on this kernel");
	batch.flags = 0;
	ASSERT_EQ(0, device_ioctl(w->fd, MYTUN_IOC_BATCH,
				  (unsigned long)&batch));
	ASSERT_EQ(0, device_ioctl(w->fd, MYTUN_IOC_RING, (unsigned long)&ring));
	ASSERT_TRUE(send_random(self, 40));
	EXPECT_EQ(-EBUSY, move(w->fd, self->pipe[1], ALL, 0));
}

TEST_HARNESS_MAIN
