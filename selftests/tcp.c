// SPDX-License-Identifier: GPL-2.0
/*
 * TCP between two network namespaces, each with a device, and a program that
 * carries the records from one to the other as they are, in both directions:
 * what a tunnel does. All bytes are compared at the far end.
 */
#include "device.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "rtnl.h"
#include "wire.h"

#define PORT		4000
#define CHUNK		16384

FIXTURE(tcp)
{
	struct wire near, far;
	int home, away;		/* network namespaces */
	uint64_t seed;
};

FIXTURE_VARIANT(tcp)
{
	int type;
	bool pi;
	int vnet;
	unsigned int offload;
	uint32_t mtu;		/* 0: as it is */
};

#define TSO	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)

FIXTURE_VARIANT_ADD(tcp, tun) { .type = IFF_TUN };
FIXTURE_VARIANT_ADD(tcp, tun_pi) { .type = IFF_TUN, .pi = true };
FIXTURE_VARIANT_ADD(tcp, tun_csum)
{
	.type = IFF_TUN, .vnet = 10, .offload = TUN_F_CSUM,
};

FIXTURE_VARIANT_ADD(tcp, tun_tso)
{
	.type = IFF_TUN, .vnet = 10, .offload = TSO,
};

FIXTURE_VARIANT_ADD(tcp, tun_pi_tso)
{
	.type = IFF_TUN, .pi = true, .vnet = 12, .offload = TSO,
};

FIXTURE_VARIANT_ADD(tcp, tun_large_mtu)
{
	.type = IFF_TUN, .mtu = 65535,
};

FIXTURE_VARIANT_ADD(tcp, tap) { .type = IFF_TAP };
FIXTURE_VARIANT_ADD(tcp, tap_csum)
{
	.type = IFF_TAP, .vnet = 12, .offload = TUN_F_CSUM,
};

FIXTURE_VARIANT_ADD(tcp, tap_tso)
{
	.type = IFF_TAP, .vnet = 12, .offload = TSO,
};

FIXTURE_VARIANT_ADD(tcp, tap_tso_small_mtu)
{
	.type = IFF_TAP, .vnet = 10, .offload = TSO, .mtu = 1280,
};

static int prepare(struct wire *w, const FIXTURE_VARIANT(tcp) *variant)
{
	int err;

	w->type = variant->type;
	w->pi = variant->pi;
	w->vnet = variant->vnet;
	w->net = 1;
	err = wire_open(w);
	if (!err && variant->mtu)
		err = link_set_mtu(w->name, variant->mtu);
	/* Nobody holds the senders back but themselves. */
	if (!err)
		err = link_set_txqueuelen(w->name, 2000);
	if (!err && variant->offload)
		err = device_ioctl(w->fd, TUNSETOFFLOAD, variant->offload);
	return err;
}

FIXTURE_SETUP(tcp)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->home = netns_get();
	self->away = netns_new();
	ASSERT_LE(0, self->home);
	ASSERT_LE(0, self->away);
	ASSERT_EQ(0, prepare(&self->near, variant));
	ASSERT_EQ(0, netns_enter(self->away));
	self->far.far = true;
	ASSERT_EQ(0, prepare(&self->far, variant));
	ASSERT_EQ(0, netns_enter(self->home));
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(tcp)
{
	wire_close(&self->near);
	wire_close(&self->far);
}

/* One direction of the cable. */
struct cable {
	int from, to;
	bool ethernet;
	size_t head;
	size_t header;		/* offset of the virtio_net_hdr, if any */
	int vnet;
	pthread_t thread;
	unsigned long records, segmented, refused;
};

static atomic_bool stop;

static void *carry(void *arg)
{
	struct cable *c = arg;
	struct virtio_net_hdr hdr;
	uint8_t *data = malloc(65536 + 256);
	ssize_t size;

	while (data && !atomic_load(&stop)) {
		size = device_read(c->from, data, 65536 + 256);
		if (size == -EAGAIN) {
			wait_events(c->from, POLLIN, 100);
			continue;
		}
		if (size < (ssize_t)c->head) {
			c->refused++;
			continue;
		}
		if (c->vnet) {
			memcpy(&hdr, data + c->header, sizeof(hdr));
			c->segmented += hdr.gso_type != 0;
		}
		c->records++;
		c->refused += device_write(c->to, data, size) != size;
	}
	free(data);
	return NULL;
}

static int start(struct cable *c, const struct wire *from,
		 const struct wire *to)
{
	memset(c, 0, sizeof(*c));
	c->from = from->fd;
	c->to = to->fd;
	c->head = wire_head(from);
	c->header = from->pi ? sizeof(struct tun_pi) : 0;
	c->vnet = from->vnet;
	return -pthread_create(&c->thread, NULL, carry, c);
}

/* One end of the connection: what it sends, and what it checks. */
struct end {
	int fd;
	uint64_t send_seed, check_seed;
	size_t sent, checked;
	uint8_t out[CHUNK], in[CHUNK], expect[CHUNK];
	size_t out_left;
};

/* Send what goes, and look at what has come. False: different bytes, or an end. */
static bool progress(struct end *e, size_t total)
{
	size_t n, at = e->checked % CHUNK;
	ssize_t ret;

	if (e->sent < total) {
		if (!e->out_left) {
			random_fill(&e->send_seed, e->out, CHUNK);
			e->out_left = CHUNK;
		}
		ret = send(e->fd, e->out + CHUNK - e->out_left, e->out_left,
			   MSG_DONTWAIT);
		if (ret > 0) {
			e->out_left -= ret;
			e->sent += ret;
		} else if (errno != EAGAIN) {
			return false;
		}
	}
	if (e->checked == total)
		return true;
	ret = recv(e->fd, e->in, CHUNK - at, MSG_DONTWAIT);
	if (ret < 0)
		return errno == EAGAIN;
	if (!ret)
		return false;
	if (!at)
		random_fill(&e->check_seed, e->expect, CHUNK);
	n = ret;
	e->checked += n;
	return !memcmp(e->in, e->expect + at, n);
}

/* Both ends at once, total bytes each way. */
static void converse(struct __test_metadata *_metadata, struct end *ends,
		     size_t total)
{
	uint64_t last = now_ms();
	size_t before, after;
	struct pollfd pfd[2];
	int i;

	while (ends[0].checked < total || ends[1].checked < total) {
		before = ends[0].checked + ends[1].checked;
		for (i = 0; i < 2; i++) {
			ASSERT_TRUE(progress(&ends[i], total))
				TH_LOG("end %d: %zu sent, %zu checked", i,
				       ends[i].sent, ends[i].checked);
			pfd[i].fd = ends[i].fd;
			pfd[i].events = POLLIN;
			if (ends[i].sent < total)
				pfd[i].events |= POLLOUT;
		}
		after = ends[0].checked + ends[1].checked;
		if (after != before)
			last = now_ms();
		ASSERT_GT(DEADLINE_MS, now_ms() - last)
			TH_LOG("stuck at %zu and %zu of %zu", ends[0].checked,
			       ends[1].checked, total);
		if (after < 2 * total)
			poll(pfd, 2, 1000);
	}
}

static void connection(struct __test_metadata *_metadata,
		       FIXTURE_DATA(tcp) *self, int family, size_t total)
{
	struct packet_end there = self->near.stack[wire_index(family)];
	struct sockaddr_storage to;
	static struct end ends[2];
	socklen_t length;
	int listener;

	memset(ends, 0, sizeof(ends));
	listener = wire_socket(&self->near, family, SOCK_STREAM, PORT, 0);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, listen(listener, 1));
	ASSERT_EQ(0, netns_enter(self->away));
	ends[1].fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, netns_enter(self->home));
	there.port = PORT;
	length = packet_sockaddr(family, &there, &to);
	ASSERT_EQ(0, connect(ends[1].fd, (struct sockaddr *)&to, length));
	ends[0].fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, ends[0].fd);
	close(listener);
	ends[0].send_seed = random_next(&self->seed);
	ends[1].send_seed = random_next(&self->seed);
	ends[0].check_seed = ends[1].send_seed;
	ends[1].check_seed = ends[0].send_seed;
	converse(_metadata, ends, total);
	close(ends[0].fd);
	close(ends[1].fd);
}

/* One connection of each family, with data both ways at once. */
TEST_F_TIMEOUT(tcp, both_ways, 300)
{
	size_t total = scaled(64 << 20) / CHUNK * CHUNK;
	struct cable out, back;

	ASSERT_EQ(0, start(&out, &self->near, &self->far));
	ASSERT_EQ(0, start(&back, &self->far, &self->near));
	connection(_metadata, self, AF_INET, total);
	connection(_metadata, self, AF_INET6, total);
	atomic_store(&stop, true);
	pthread_join(out.thread, NULL);
	pthread_join(back.thread, NULL);
	printf("# %zu bytes each way, twice: %lu and %lu records, ", total,
	       out.records, back.records);
	printf("%lu and %lu of them super-packets\n", out.segmented,
	       back.segmented);
	EXPECT_EQ(0, out.refused);
	EXPECT_EQ(0, back.refused);
	if (variant->offload & TUN_F_TSO4) {
		EXPECT_LT(0, out.segmented);
		EXPECT_LT(0, back.segmented);
	} else {
		EXPECT_EQ(0, out.segmented + back.segmented);
	}
}

TEST_HARNESS_MAIN
