// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that an XDP program redirects: out of a TAP device, and into one,
 * where they wait as xdp_frames among the packets of the stack.
 */
#include "device.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <arpa/inet.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
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
#define COUNT		200		/* packets */
#define BURST		40		/* of them at a time */
#define SMALL		1300		/* payload that fits a page */
#define LARGE		7000		/* and one that does not */
#define ROOM		8		/* a short queue */

/* How the packets are read. */
enum way {
	BY_READ,
	BY_BATCH,
	BY_RING,
};

FIXTURE(xdp_frame)
{
	struct ringdev from;		/* written to in batches */
	struct ringdev to;		/* where its packets are redirected */
	struct ringmem mem;
	int map;			/* holds the second device */
	int raw;			/* veth: a socket of its other end */
	uint8_t *sent, *got;
	size_t got_size, got_at;	/* of a batch */
	uint64_t seed;
};

FIXTURE_VARIANT(xdp_frame)
{
	enum way way;
	int flags;
};

FIXTURE_VARIANT_ADD(xdp_frame, read) { .flags = IFF_NO_PI };
FIXTURE_VARIANT_ADD(xdp_frame, read_pi) { .flags = 0 };

FIXTURE_VARIANT_ADD(xdp_frame, read_vnet)
{
	.flags = IFF_NO_PI | IFF_VNET_HDR
};

FIXTURE_VARIANT_ADD(xdp_frame, read_pi_vnet_pressure)
{
	.flags = IFF_VNET_HDR | IFF_BACKPRESSURE
};

FIXTURE_VARIANT_ADD(xdp_frame, batch) { .way = BY_BATCH, .flags = IFF_NO_PI };

FIXTURE_VARIANT_ADD(xdp_frame, batch_pi_vnet)
{
	.way = BY_BATCH, .flags = IFF_VNET_HDR
};

FIXTURE_VARIANT_ADD(xdp_frame, ring) { .way = BY_RING, .flags = IFF_NO_PI };

FIXTURE_VARIANT_ADD(xdp_frame, ring_pi_vnet_pressure)
{
	.way = BY_RING, .flags = IFF_VNET_HDR | IFF_BACKPRESSURE
};

static int make_ring(FIXTURE_DATA(xdp_frame) *self)
{
	const struct mytun_ring ring = {
		.rx_size = RING_BIG, .flags = MYTUN_Q_HASH,
	};

	return ringmem_make(&self->mem, self->to.fd, &ring);
}

FIXTURE_SETUP(xdp_frame)
{
	REQUIRE_DEVICE();
	if (variant->way == BY_RING && !(ring_features() & MYTUN_F_RING))
		SKIP(return, "no rings on this kernel");
	self->raw = -1;
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->from, IFF_TAP | IFF_NO_PI, 62));
	ASSERT_EQ(0, ring_batch(self->from.fd, MYTUN_Q_WRITE, 0, 0));
	ASSERT_EQ(0, ringdev_create(&self->to, variant->flags | IFF_TAP, 63));
	if (variant->way == BY_BATCH) {
		ASSERT_EQ(0, ring_batch(self->to.fd, MYTUN_Q_READ |
					MYTUN_Q_HASH, 0, 0));
	}
	if (variant->way == BY_RING) {
		ASSERT_EQ(0, make_ring(self));
	}
	self->map = devmap_new(self->to.ifindex);
	ASSERT_LE(0, self->map);
	self->sent = malloc(BURST * RINGDEV_DATA_MAX);
	self->got = malloc(BURST * RINGDEV_DATA_MAX);
	ASSERT_NE(NULL, self->sent);
	ASSERT_NE(NULL, self->got);
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(xdp_frame)
{
	if (variant->way == BY_RING)
		ringmem_unmap(&self->mem);
	if (self->raw >= 0)
		close(self->raw);
	close(self->map);
	ringdev_destroy(&self->from);
	ringdev_destroy(&self->to);
	free(self->sent);
	free(self->got);
}

/* As the harness wants it for a fd that may be an error. */
static int attach(int ifindex, int program)
{
	int err = program < 0 ? program : xdp_attach(ifindex, program, 0);

	if (program >= 0)
		close(program);
	return err;
}

/* Whether programs see frames; else they run on skbs, and veth has none. */
static bool native(void)
{
	return ring_features() & MYTUN_F_XDP;
}

static size_t random_size(FIXTURE_DATA(xdp_frame) *self)
{
	return ringdev_random_size(&self->seed, NUMBERED_MIN, SMALL);
}

/* The next packet for the user, with its record if it has one; or NULL. */
static const uint8_t *next(FIXTURE_DATA(xdp_frame) *self, enum way way,
			   size_t *size, const struct mytun_record **record)
{
	ssize_t got;

	*record = NULL;
	if (way == BY_RING) {
		*record = ringmem_peek(&self->mem);
		if (!*record && ring_wait(self->to.fd, MYTUN_WAIT_RX,
					  DEADLINE_MS) > 0)
			*record = ringmem_peek(&self->mem);
		if (!*record)
			return NULL;
		ringmem_next(&self->mem);
		*size = (*record)->len;
		return record_data(*record);
	}
	if (self->got_at >= self->got_size) {
		if (wait_events(self->to.fd, POLLIN, DEADLINE_MS) <= 0)
			return NULL;
		got = device_read(self->to.fd, self->got,
				  BURST * RINGDEV_DATA_MAX);
		if (got <= 0)
			return NULL;
		self->got_at = 0;
		self->got_size = got;
		if (way == BY_READ) {
			self->got_at = got;
			*size = got;
			return self->got;
		}
	}
	*record = (void *)(self->got + self->got_at);
	if (record_fault(*record, (self->got_size - self->got_at + 63) & ~63UL))
		return NULL;
	self->got_at += (*record)->size;
	*size = (*record)->len;
	return record_data(*record);
}

static void release(FIXTURE_DATA(xdp_frame) *self, enum way way)
{
	if (way == BY_RING)
		ringmem_release(&self->mem);
}

/* The packet, with what belongs in front of it, and a hash in a record. */
static bool is_packet(const struct ringdev *dev, const uint8_t *data,
		      size_t size, const struct mytun_record *record,
		      const uint8_t *packet, size_t packet_size)
{
	static const uint8_t zeroes[64];
	const uint8_t pi[4] = { 0, 0, 0x08, 0x00 };
	size_t n = dev->flags & IFF_NO_PI ? 0 : sizeof(pi);

	if (size != dev->front + packet_size || memcmp(data, pi, n) ||
	    memcmp(data + n, zeroes, dev->front - n) ||
	    memcmp(data + dev->front, packet, packet_size)) {
		printf("# %zu bytes of %zu + %zu, or others\n", size,
		       dev->front, packet_size);
		return false;
	}
	return !record || (record->hash && !record->mark && !record->queue);
}

static bool comes(FIXTURE_DATA(xdp_frame) *self, enum way way,
		  const uint8_t *packet, size_t size)
{
	const struct mytun_record *record;
	const uint8_t *data;
	size_t got;
	bool same;

	data = next(self, way, &got, &record);
	same = data && is_packet(&self->to, data, got, record, packet, size);
	release(self, way);
	return same;
}

/* Records of numbered packets, as many as that, in one write(). */
static bool send_burst(FIXTURE_DATA(xdp_frame) *self, unsigned int count,
		       uint32_t number)
{
	size_t size = ringdev_fill(&self->from, self->sent, count, number,
				   &self->seed, SMALL);

	return device_write(self->from.fd, self->sent, size) == (ssize_t)size;
}

/* All of them come out of the second device. */
static bool burst_comes(FIXTURE_DATA(xdp_frame) *self, enum way way,
			unsigned int count)
{
	const uint8_t *at = self->sent;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct mytun_record *record = (void *)at;

		if (!comes(self, way, record_data(record), record->len))
			return false;
		at += record->size;
	}
	return true;
}

TEST_F_TIMEOUT(xdp_frame, between_devices, LIMIT)
{
	struct rtnl_link_stats64 from, to;
	uint32_t i;

	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	for (i = 0; i < COUNT; i += BURST) {
		ASSERT_TRUE(send_burst(self, BURST, i));
		ASSERT_TRUE(burst_comes(self, variant->way, BURST));
	}
	ASSERT_EQ(0, link_get_stats(self->from.name, &from));
	ASSERT_EQ(0, link_get_stats(self->to.name, &to));
	EXPECT_EQ(COUNT, from.rx_packets);
	EXPECT_EQ(from.rx_bytes, to.tx_bytes);
	EXPECT_EQ(COUNT, to.tx_packets);
	EXPECT_EQ(0, from.rx_dropped);
	EXPECT_EQ(0, to.tx_dropped);
}

/* One packet that a write() does not wait for. */
TEST_F_TIMEOUT(xdp_frame, one_by_one, LIMIT)
{
	uint32_t i;

	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	for (i = 0; i < BURST; i++) {
		ASSERT_TRUE(send_burst(self, 1, i));
		ASSERT_TRUE(burst_comes(self, variant->way, 1));
	}
}

/* In one queue with packets that the stack sends. */
TEST_F_TIMEOUT(xdp_frame, among_others, LIMIT)
{
	const struct mytun_record *record;
	uint32_t i, stream, number;
	const uint8_t *data;
	size_t size;

	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	for (i = 0; i < BURST; i++) {
		ASSERT_TRUE(send_burst(self, 1, i));
		ASSERT_EQ(0, ringdev_send(&self->to, 5, i, random_size(self)));
		ASSERT_TRUE(burst_comes(self, variant->way, 1));
		data = next(self, variant->way, &size, &record);
		ASSERT_NE(NULL, data);
		ASSERT_TRUE(ringdev_parse(&self->to, data, size, &stream,
					  &number));
		EXPECT_EQ(5, stream);
		EXPECT_EQ(i, number);
		release(self, variant->way);
	}
}

/* A socket for frames at one end of a veth pair whose other end is veth0. */
static int make_veth(FIXTURE_DATA(xdp_frame) *self, unsigned int mtu)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	const int big = 4 << 20;
	struct link_info info;
	int err;

	err = link_add_veth("veth0", "veth1", -1);
	if (!err)
		err = link_set_mtu("veth0", mtu);
	if (!err)
		err = link_set_mtu("veth1", mtu);
	if (!err)
		err = link_set_up("veth0");
	if (!err)
		err = link_set_up("veth1");
	if (!err)
		err = link_get("veth1", &info);
	if (err)
		return err;
	address.sll_ifindex = info.index;
	self->raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (self->raw < 0 ||
	    setsockopt(self->raw, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)) ||
	    bind(self->raw, (void *)&address, sizeof(address)))
		return -errno;
	if (link_get("veth0", &info))
		return -ENODEV;
	return info.index;
}

/* What the veth gets comes out of the device. */
static bool through_veth(FIXTURE_DATA(xdp_frame) *self, enum way way,
			 uint32_t number, size_t payload)
{
	size_t size = ringdev_build(&self->from, self->sent, 1, number,
				    payload);

	return send(self->raw, self->sent, size, 0) == (ssize_t)size &&
	       comes(self, way, self->sent, size);
}

TEST_F_TIMEOUT(xdp_frame, from_veth, LIMIT)
{
	int veth = make_veth(self, 1500), err;
	uint32_t i;

	ASSERT_LT(0, veth);
	err = attach(veth, xdp_redirect(self->map, false));
	if (!native() && err == -EOPNOTSUPP)
		SKIP(return, "this kernel's veth runs no XDP programs");
	ASSERT_EQ(0, err);
	for (i = 0; i < BURST; i++) {
		ASSERT_TRUE(through_veth(self, variant->way, i,
					 random_size(self)));
	}
}

/* Frames of more than one page. */
TEST_F_TIMEOUT(xdp_frame, from_veth_in_pieces, LIMIT)
{
	int program, veth;
	uint32_t i;

	/* Since 6.3 drivers say whether they take them, and they are sent. */
	if (!kernel_has_enum("netdev_xdp_act"))
		SKIP(return, "frames in pieces are not redirected");
	program = xdp_redirect(self->map, true);
	ASSERT_LE(0, program);
	veth = make_veth(self, 9000);
	ASSERT_LT(0, veth);
	ASSERT_EQ(0, attach(veth, program));
	for (i = 0; i < BURST; i++) {
		ASSERT_TRUE(through_veth(self, variant->way, i,
					 LARGE + random_size(self)));
	}
}

/* The other way: to a veth, whose other end wants frames. */
TEST_F_TIMEOUT(xdp_frame, to_veth, LIMIT)
{
	struct link_info info;
	uint8_t frame[2048];
	uint32_t i;
	int map, err;

	ASSERT_LT(0, make_veth(self, 1500));
	ASSERT_EQ(0, link_get("veth1", &info));
	err = attach(info.index, xdp_return(XDP_PASS));
	/* Then the other end takes skbs. */
	if (native() || err != -EOPNOTSUPP) {
		ASSERT_EQ(0, err);
	}
	ASSERT_EQ(0, link_get("veth0", &info));
	map = devmap_new(info.index);
	ASSERT_LE(0, map);
	ASSERT_EQ(0, attach(self->from.ifindex, xdp_redirect(map, false)));
	for (i = 0; i < BURST; i++) {
		const struct mytun_record *record = (void *)self->sent;

		ASSERT_TRUE(send_burst(self, 1, i));
		ASSERT_LT(0, wait_events(self->raw, POLLIN, DEADLINE_MS));
		ASSERT_EQ(record->len, recv(self->raw, frame, sizeof(frame), 0));
		ASSERT_EQ(0, memcmp(record_data(record), frame, record->len));
	}
	close(map);
}

/* Until some have been lost, and counted. How many were sent. */
static unsigned long overfill(FIXTURE_DATA(xdp_frame) *self)
{
	unsigned long sent = 0;

	while (!ethtool_counter(self->to.name, "tx_drop_full") && sent < RING_BIG) {
		if (!send_burst(self, BURST, sent))
			return 0;
		sent += BURST;
	}
	return sent;
}

/* Without room they are lost and counted, and the others keep their order. */
TEST_F_TIMEOUT(xdp_frame, no_room, LIMIT)
{
	const struct mytun_record *record;
	uint32_t stream, number, after = 0;
	unsigned long sent, lost, i;
	const uint8_t *data;
	size_t size;

	if (!native() && variant->flags & IFF_BACKPRESSURE)
		SKIP(return, "the core drops skbs for a queue that is stopped");
	ASSERT_EQ(0, link_set_txqueuelen(self->to.name, ROOM));
	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	sent = overfill(self);
	lost = ethtool_counter(self->to.name, "tx_drop_full");
	ASSERT_LT(0, lost);
	if (variant->way != BY_RING) {
		EXPECT_EQ(ROOM, sent - lost);
	}
	for (i = lost; i < sent; i++) {
		data = next(self, variant->way, &size, &record);
		ASSERT_NE(NULL, data);
		ASSERT_TRUE(ringdev_parse(&self->to, data, size, &stream,
					  &number));
		EXPECT_LE(after, number);
		after = number + 1;
		release(self, variant->way);
	}
	/* There is room again. */
	ASSERT_TRUE(send_burst(self, ROOM, sent));
	EXPECT_TRUE(burst_comes(self, variant->way, ROOM));
	EXPECT_EQ(lost, ethtool_counter(self->to.name, "tx_drop_full"));
}

/* Frames that nobody reads: whatever ends their wait must free them. */
TEST_F_TIMEOUT(xdp_frame, left_waiting, LIMIT)
{
	struct rtnl_link_stats64 stats;

	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	ASSERT_TRUE(send_burst(self, BURST, 0));
	/* Some do not fit any more. */
	ASSERT_EQ(0, link_set_txqueuelen(self->to.name, ROOM));
	ASSERT_EQ(0, link_set_txqueuelen(self->to.name, 2 * BURST));
	ASSERT_EQ(0, link_delete(self->to.name));
	ASSERT_TRUE(send_burst(self, BURST, 0));
	ASSERT_EQ(0, link_get_stats(self->from.name, &stats));
	EXPECT_EQ(native() ? BURST : 0, stats.rx_dropped);
	EXPECT_EQ(native() ? BURST : 0,
		  ethtool_counter(self->from.name, "rx_drop_xdp"));
}

/* Read by read(), and then by a ring that is made meanwhile. */
TEST_F_TIMEOUT(xdp_frame, moved_to_a_ring, LIMIT)
{
	const uint8_t *at;
	unsigned int i;

	if (!(ring_features() & MYTUN_F_RING))
		SKIP(return, "no rings on this kernel");
	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	ASSERT_TRUE(send_burst(self, BURST, 0));
	if (variant->way != BY_RING) {
		ASSERT_EQ(0, ring_batch(self->to.fd, 0, 0, 0));
		ASSERT_EQ(0, make_ring(self));
	}
	for (i = 0, at = self->sent; i < BURST; i++) {
		const struct mytun_record *record = (void *)at;

		ASSERT_TRUE(comes(self, BY_RING, record_data(record),
				  record->len));
		at += record->size;
	}
	if (variant->way != BY_RING)
		ringmem_unmap(&self->mem);
}

/* The program of the second device is told of packets that it is given. */
TEST_F_TIMEOUT(xdp_frame, there_and_back, LIMIT)
{
	int map = devmap_new(self->from.ifindex);
	uint8_t back[2048];
	size_t size;
	uint32_t i;

	/* Out of the first into the second, whose user sends it back. */
	ASSERT_LE(0, map);
	ASSERT_EQ(0, attach(self->from.ifindex,
			    xdp_redirect(self->map, false)));
	ASSERT_EQ(0, attach(self->to.ifindex, xdp_redirect(map, false)));
	for (i = 0; i < BURST; i++) {
		const struct mytun_record *record = (void *)self->sent;

		ASSERT_TRUE(send_burst(self, 1, i));
		ASSERT_TRUE(burst_comes(self, variant->way, 1));
		size = self->to.front + record->len;
		memset(back, 0, self->to.front);
		memcpy(back + self->to.front, record_data(record), record->len);
		ASSERT_EQ((ssize_t)size, device_write(self->to.fd, back, size));
		ASSERT_LT(0, wait_events(self->from.fd, POLLIN, DEADLINE_MS));
		ASSERT_EQ(record->len, device_read(self->from.fd, back,
						   sizeof(back)));
		ASSERT_EQ(0, memcmp(record_data(record), back, record->len));
	}
	close(map);
}

TEST_HARNESS_MAIN
