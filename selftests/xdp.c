// SPDX-License-Identifier: GPL-2.0
/*
 * XDP programs on a TAP device: every verdict for packets that come by every
 * way, a packet that the program moves the ends of, and packets on which no
 * native program can run.
 */
#include "device.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mytun.h>

#include "bpf.h"
#include "ethtool.h"
#include "kselftest_harness.h"
#include "lender.h"
#include "numbered.h"
#include "packet.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		300		/* seconds for one test */
#define COUNT		40		/* packets */
#define SMALL		1300		/* payload: the packet fits a page */
#define LARGE		9000		/* and this one does not */
#define MOVE		8		/* bytes */
#define UNKNOWN		77		/* no XDP action */

/* How packets get to the device. They come back by read() or records. */
enum way {
	BY_WRITE,
	BY_BATCH,
	BY_KICK,
	BY_NAPI,
	BY_LENT,
	BY_THREAD,
};

FIXTURE(xdp)
{
	struct ringdev dev;
	struct ringmem mem;
	struct lender lender;
	uint8_t *buffer, *back;
	uint64_t seed;
	bool rings;
	bool native;			/* MYTUN_F_XDP: else all run on skbs */
};

FIXTURE_VARIANT(xdp)
{
	enum way way;
	int flags;			/* of TUNSETIFF, beside IFF_TAP */
	uint32_t drive;			/* MYTUN_DRIVE_GRO */
	bool rx;			/* an RX ring as well */
};

FIXTURE_VARIANT_ADD(xdp, write) { .way = BY_WRITE };
FIXTURE_VARIANT_ADD(xdp, write_napi) { .way = BY_WRITE, .flags = IFF_NAPI };
FIXTURE_VARIANT_ADD(xdp, write_vnet) { .way = BY_WRITE, .flags = IFF_VNET_HDR };
FIXTURE_VARIANT_ADD(xdp, batch) { .way = BY_BATCH };
FIXTURE_VARIANT_ADD(xdp, batch_vnet) { .way = BY_BATCH, .flags = IFF_VNET_HDR };
FIXTURE_VARIANT_ADD(xdp, ring_kick) { .way = BY_KICK };
FIXTURE_VARIANT_ADD(xdp, ring_kick_rx) { .way = BY_KICK, .rx = true };

FIXTURE_VARIANT_ADD(xdp, ring_kick_gro)
{
	.way = BY_KICK, .drive = MYTUN_DRIVE_GRO
};

FIXTURE_VARIANT_ADD(xdp, ring_napi_rx) { .way = BY_NAPI, .rx = true };
FIXTURE_VARIANT_ADD(xdp, ring_lent) { .way = BY_LENT };

FIXTURE_VARIANT_ADD(xdp, ring_thread_rx_vnet)
{
	.way = BY_THREAD, .rx = true, .flags = IFF_VNET_HDR
};

static int start_rings(struct ringdev *dev, struct ringmem *mem,
		       struct lender *lender, enum way way, uint32_t flags, bool rx)
{
	const struct mytun_ring ring = {
		.tx_size = RING_BIG, .rx_size = rx ? RING_BIG : 0,
	};
	static const uint32_t drives[] = {
		[BY_KICK] = MYTUN_DRIVE_CALLER,
		[BY_NAPI] = MYTUN_DRIVE_NAPI,
		[BY_LENT] = MYTUN_DRIVE_LENT,
		[BY_THREAD] = MYTUN_DRIVE_THREAD,
	};
	int pid, err;

	err = ringmem_make(mem, dev->fd, &ring);
	if (!err)
		err = ring_drive(dev->fd, drives[way], flags, 0, &pid);
	if (!err && way == BY_LENT)
		err = lender_start(lender, dev->fd);
	return err;
}

FIXTURE_SETUP(xdp)
{
	REQUIRE_DEVICE();
	self->rings = variant->way >= BY_KICK;
	self->native = ring_features() & MYTUN_F_XDP;
	if (self->rings && !(ring_features() & MYTUN_F_RING))
		SKIP(return, "no rings on this kernel");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags | IFF_TAP |
				    IFF_NO_PI, 61));
	if (self->rings) {
		ASSERT_EQ(0, start_rings(&self->dev, &self->mem, &self->lender,
					 variant->way, variant->drive,
					 variant->rx));
	}
	if (variant->way == BY_BATCH) {
		ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ |
					MYTUN_Q_WRITE, 0, 0));
	}
	self->buffer = malloc(2 * RINGDEV_DATA_MAX);
	self->back = malloc(2 * RINGDEV_DATA_MAX);
	ASSERT_NE(NULL, self->buffer);
	ASSERT_NE(NULL, self->back);
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(xdp)
{
	EXPECT_EQ(-EINTR, lender_stop(&self->lender));
	if (self->rings)
		ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
	free(self->buffer);
	free(self->back);
}

/* Hand one packet over, and wait until the driver has dealt with it. */
static bool put(FIXTURE_DATA(xdp) *self, const FIXTURE_VARIANT(xdp) *variant,
		const void *data, size_t size)
{
	static uint8_t record[2 * RINGDEV_DATA_MAX];
	size_t n;

	switch (variant->way) {
	case BY_WRITE:
		return device_write(self->dev.fd, data, size) == (ssize_t)size;
	case BY_BATCH:
		n = record_fill(record, 0, size);
		memcpy(record + MYTUN_RECORD_HEADER, data, size);
		return device_write(self->dev.fd, record, n) == (ssize_t)n;
	default:
		return ringmem_put(&self->mem, data, size) &&
		       ringmem_submit(&self->mem) >= 0 &&
		       !ringmem_wait_sent(&self->mem, DEADLINE_MS);
	}
}

/* The next packet for the user: its size, or -errno, -ETIMEDOUT after ms. */
static ssize_t get(FIXTURE_DATA(xdp) *self, const FIXTURE_VARIANT(xdp) *variant,
		   uint8_t *to, int ms)
{
	struct mytun_record *record;
	ssize_t size;
	int ret;

	if (variant->rx) {
		record = ringmem_peek(&self->mem);
		if (!record && ring_wait(self->dev.fd, MYTUN_WAIT_RX, ms) > 0)
			record = ringmem_peek(&self->mem);
		if (!record)
			return -ETIMEDOUT;
		size = record->len;
		memcpy(to, record_data(record), size);
		ringmem_next(&self->mem);
		ret = ringmem_release(&self->mem);
		return ret < 0 ? ret : size;
	}
	ret = wait_events(self->dev.fd, POLLIN, ms);
	if (ret <= 0)
		return ret ? ret : -ETIMEDOUT;
	size = device_read(self->dev.fd, to, 2 * RINGDEV_DATA_MAX);
	if (size < 0 || variant->way != BY_BATCH)
		return size;
	record = (struct mytun_record *)to;
	if (record_fault(record, (size + 63) & ~63UL))
		return -EBADMSG;
	size = record->len;
	memmove(to, record_data(record), size);
	return size;
}

/* A whole packet with that number at the socket of the stack. */
static bool arrives(FIXTURE_DATA(xdp) *self, uint32_t number)
{
	uint32_t stream, got;

	return ringdev_sink(&self->dev, &stream, &got, DEADLINE_MS) > 0 &&
	       stream == 1 && got == number;
}

static bool nothing_arrives(FIXTURE_DATA(xdp) *self)
{
	uint32_t stream, number;

	return ringdev_sink(&self->dev, &stream, &number, QUIET_MS) ==
	       -ETIMEDOUT;
}

/* Comes to the user, byte by byte as it was put into buffer. */
static bool comes_back(FIXTURE_DATA(xdp) *self,
		       const FIXTURE_VARIANT(xdp) *variant, const uint8_t *data,
		       size_t size)
{
	ssize_t got = get(self, variant, self->back, DEADLINE_MS);

	if (got != (ssize_t)size || memcmp(data, self->back, size)) {
		printf("# %zd bytes came back of %zu\n", got, size);
		return false;
	}
	return true;
}

static bool nothing_comes(FIXTURE_DATA(xdp) *self,
			  const FIXTURE_VARIANT(xdp) *variant)
{
	return get(self, variant, self->back, QUIET_MS) == -ETIMEDOUT;
}

static size_t build(FIXTURE_DATA(xdp) *self, uint32_t number, size_t payload)
{
	return ringdev_build(&self->dev, self->buffer, 1, number, payload);
}

static size_t small(FIXTURE_DATA(xdp) *self, uint32_t number)
{
	return build(self, number, ringdev_random_size(&self->seed,
						       NUMBERED_MIN, SMALL));
}

static int attach(FIXTURE_DATA(xdp) *self, int program)
{
	int err = program < 0 ? program :
		  xdp_attach(self->dev.ifindex, program, 0);

	if (program >= 0)
		close(program);
	return err;
}

static long dropped(FIXTURE_DATA(xdp) *self)
{
	return ethtool_counter(self->dev.name, "rx_drop_xdp");
}

/* What is counted of so many that a program dropped: on skbs the core does it. */
static long counted(FIXTURE_DATA(xdp) *self, long n)
{
	return self->native ? n : 0;
}

/* Frames that can wait, and this helper, came with the same release, 4.18. */
TEST(native)
{
	int program = xdp_move_tail(-MOVE, XDP_PASS);

	REQUIRE_DEVICE();
	EXPECT_EQ(program >= 0, !!(ring_features() & MYTUN_F_XDP));
	if (program >= 0)
		close(program);
}

TEST_F_TIMEOUT(xdp, pass, LIMIT)
{
	uint32_t i, id;

	EXPECT_EQ(0, xdp_attached(self->dev.ifindex, &id));
	EXPECT_EQ(0, id);
	ASSERT_EQ(0, attach(self, xdp_return(XDP_PASS)));
	EXPECT_EQ(0, xdp_attached(self->dev.ifindex, &id));
	EXPECT_NE(0, id);
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(put(self, variant, self->buffer, small(self, i)));
		ASSERT_TRUE(arrives(self, i));
	}
	EXPECT_EQ(0, dropped(self));
	EXPECT_TRUE(nothing_comes(self, variant));
}

TEST_F_TIMEOUT(xdp, drop, LIMIT)
{
	static const int verdicts[] = { XDP_DROP, XDP_ABORTED, UNKNOWN };
	/* Of what is no action, such a core warns with a trace. */
	const unsigned int n = self->native ? 3 : 2;
	struct rtnl_link_stats64 before, after;
	unsigned int v;
	uint32_t i;

	for (v = 0; v < n; v++) {
		ASSERT_EQ(0, attach(self, xdp_return(verdicts[v])));
		ASSERT_EQ(0, link_get_stats(self->dev.name, &before));
		for (i = 0; i < COUNT; i++) {
			ASSERT_TRUE(put(self, variant, self->buffer,
					small(self, i)));
		}
		ASSERT_EQ(0, link_get_stats(self->dev.name, &after));
		EXPECT_EQ(counted(self, (v + 1) * COUNT), dropped(self));
		EXPECT_EQ(counted(self, COUNT),
			  after.rx_dropped - before.rx_dropped);
		EXPECT_EQ(COUNT - counted(self, COUNT),
			  after.rx_packets - before.rx_packets);
	}
	EXPECT_TRUE(nothing_arrives(self));
	EXPECT_TRUE(nothing_comes(self, variant));
	ASSERT_EQ(0, xdp_attach(self->dev.ifindex, -1, 0));
	ASSERT_TRUE(put(self, variant, self->buffer, small(self, i)));
	EXPECT_TRUE(arrives(self, i));
}

TEST_F_TIMEOUT(xdp, send_back, LIMIT)
{
	struct rtnl_link_stats64 before, after;
	uint64_t bytes = 0;
	uint32_t i;
	size_t size;

	ASSERT_EQ(0, attach(self, xdp_return(XDP_TX)));
	ASSERT_EQ(0, link_get_stats(self->dev.name, &before));
	for (i = 0; i < COUNT; i++) {
		size = small(self, i);
		bytes += size - self->dev.front;
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		ASSERT_TRUE(comes_back(self, variant, self->buffer, size));
	}
	ASSERT_EQ(0, link_get_stats(self->dev.name, &after));
	EXPECT_EQ(COUNT, after.rx_packets - before.rx_packets);
	EXPECT_EQ(COUNT, after.tx_packets - before.tx_packets);
	EXPECT_EQ(bytes, after.rx_bytes - before.rx_bytes);
	EXPECT_EQ(bytes, after.tx_bytes - before.tx_bytes);
	EXPECT_TRUE(nothing_arrives(self));
	EXPECT_EQ(0, dropped(self));
}

TEST_F_TIMEOUT(xdp, shorter_at_the_start, LIMIT)
{
	uint32_t i;
	size_t size;

	ASSERT_EQ(0, attach(self, xdp_move_head(MOVE, XDP_PASS)));
	for (i = 0; i < COUNT; i++) {
		size = small(self, i);
		memmove(self->buffer + self->dev.front + MOVE,
			self->buffer + self->dev.front, size - self->dev.front);
		memset(self->buffer + self->dev.front, 0xee, MOVE);
		ASSERT_TRUE(put(self, variant, self->buffer, size + MOVE));
		ASSERT_TRUE(arrives(self, i));
	}
	ASSERT_EQ(0, attach(self, xdp_move_head(MOVE, XDP_TX)));
	size = small(self, i);
	ASSERT_TRUE(put(self, variant, self->buffer, size));
	memmove(self->buffer + self->dev.front, self->buffer +
		self->dev.front + MOVE, size - self->dev.front - MOVE);
	EXPECT_TRUE(comes_back(self, variant, self->buffer, size - MOVE));
}

TEST_F_TIMEOUT(xdp, longer_at_the_start, LIMIT)
{
	uint32_t i;
	size_t size;

	ASSERT_EQ(0, attach(self, xdp_move_head(-MOVE, XDP_TX)));
	for (i = 0; i < COUNT; i++) {
		size = small(self, i);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		memmove(self->buffer + self->dev.front + MOVE,
			self->buffer + self->dev.front, size - self->dev.front);
		memset(self->buffer + self->dev.front, XDP_FILL, MOVE);
		ASSERT_TRUE(comes_back(self, variant, self->buffer,
				       size + MOVE));
	}
	EXPECT_EQ(0, dropped(self));
}

TEST_F_TIMEOUT(xdp, shorter_at_the_end, LIMIT)
{
	int program = xdp_move_tail(-MOVE, XDP_PASS);
	uint32_t i;
	size_t size;

	if (!self->native && program == -EINVAL)
		SKIP(return, "this kernel has no bpf_xdp_adjust_tail()");
	ASSERT_EQ(0, attach(self, program));
	for (i = 0; i < COUNT; i++) {
		/* Padding behind what IP says. */
		size = small(self, i);
		memset(self->buffer + size, 0xee, MOVE);
		ASSERT_TRUE(put(self, variant, self->buffer, size + MOVE));
		ASSERT_TRUE(arrives(self, i));
	}
	ASSERT_EQ(0, attach(self, xdp_move_tail(-MOVE, XDP_TX)));
	for (i = 0; i < COUNT; i++) {
		size = small(self, i);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		ASSERT_TRUE(comes_back(self, variant, self->buffer,
				       size - MOVE));
	}
	/* More than there is: the program fails, and says so. */
	ASSERT_EQ(0, attach(self, xdp_move_tail(-4096, XDP_TX)));
	ASSERT_TRUE(put(self, variant, self->buffer, small(self, i)));
	EXPECT_EQ(counted(self, 1), dropped(self));
}

/* Larger than a page: on the skb, as the stack's own programs run. */
TEST_F_TIMEOUT(xdp, large, LIMIT)
{
	uint32_t i;
	size_t size;

	ASSERT_EQ(0, attach(self, xdp_return(XDP_PASS)));
	for (i = 0; i < COUNT; i++) {
		size = build(self, i, i & 1 ? LARGE : SMALL);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		ASSERT_TRUE(arrives(self, i));
	}
	ASSERT_EQ(0, attach(self, xdp_return(XDP_DROP)));
	for (i = 0; i < COUNT; i++) {
		size = build(self, i, LARGE + i);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
	}
	EXPECT_TRUE(nothing_arrives(self));
	ASSERT_EQ(0, attach(self, xdp_return(XDP_TX)));
	for (i = 0; i < COUNT; i++) {
		size = build(self, i, LARGE + i);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		ASSERT_TRUE(comes_back(self, variant, self->buffer, size));
	}
	EXPECT_TRUE(nothing_arrives(self));
}

/* Into buffer behind gap bytes; if the device has a header, it asks for more. */
static size_t build_unfinished(FIXTURE_DATA(xdp) *self, uint32_t number,
			       size_t gap)
{
	struct virtio_net_hdr *hdr = (void *)self->buffer;
	uint8_t *data = self->buffer + self->dev.front;
	size_t size = small(self, number);

	if (self->dev.front) {
		packet_needs_csum(self->dev.packet, hdr);
		hdr->csum_start += gap;
	}
	memcpy(data + gap, self->dev.packet->data, size - self->dev.front);
	/* To the same address, which the stack looks at before. */
	memcpy(data, self->dev.packet->data, gap);
	return size + gap;
}

/* What an xdp_buff cannot tell of is kept, and moves with the packet. */
TEST_F_TIMEOUT(xdp, unfinished_checksum, LIMIT)
{
	struct virtio_net_hdr *hdr = (void *)self->buffer;
	uint32_t i;
	size_t size;

	ASSERT_EQ(0, attach(self, xdp_move_head(MOVE, XDP_PASS)));
	for (i = 0; i < COUNT; i++) {
		size = build_unfinished(self, i, MOVE);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		ASSERT_TRUE(arrives(self, i));
	}
	ASSERT_EQ(0, attach(self, xdp_return(XDP_DROP)));
	for (i = 0; i < COUNT; i++) {
		size = build_unfinished(self, i, 0);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
	}
	EXPECT_TRUE(nothing_arrives(self));
	/* The user is told what is left to do, and where that is now. */
	ASSERT_EQ(0, attach(self, xdp_move_head(MOVE, XDP_TX)));
	for (i = 0; i < COUNT; i++) {
		uint8_t *data = self->buffer + self->dev.front;

		size = build_unfinished(self, i, MOVE);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		size -= MOVE;
		memmove(data, data + MOVE, size - self->dev.front);
		if (self->dev.front)
			hdr->csum_start -= MOVE;
		ASSERT_TRUE(comes_back(self, variant, self->buffer, size));
	}
}

/* A device that is down takes nothing, and no program sees it. */
TEST_F_TIMEOUT(xdp, down, LIMIT)
{
	size_t size = small(self, 0);

	ASSERT_EQ(0, attach(self, xdp_return(XDP_TX)));
	ASSERT_EQ(0, link_set_down(self->dev.name));
	/* A ring's record is taken and refused; write() fails. */
	EXPECT_EQ(self->rings, put(self, variant, self->buffer, size));
	EXPECT_EQ(1, ethtool_counter(self->dev.name, "rx_drop_down"));
	EXPECT_TRUE(nothing_comes(self, variant));
}

/* Packets that a send buffer pays for are skbs at once; those of rings are not. */
TEST_F_TIMEOUT(xdp, send_buffer, LIMIT)
{
	int sndbuf = 1 << 20;
	uint32_t i;
	size_t size;

	ASSERT_EQ(0, device_ioctl(self->dev.fd, TUNSETSNDBUF,
				  (unsigned long)&sndbuf));
	ASSERT_EQ(0, attach(self, xdp_return(XDP_DROP)));
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(put(self, variant, self->buffer, small(self, i)));
	}
	EXPECT_TRUE(nothing_arrives(self));
	ASSERT_EQ(0, attach(self, xdp_return(XDP_TX)));
	for (i = 0; i < COUNT; i++) {
		size = small(self, i);
		ASSERT_TRUE(put(self, variant, self->buffer, size));
		ASSERT_TRUE(comes_back(self, variant, self->buffer, size));
	}
	ASSERT_EQ(0, attach(self, xdp_return(XDP_PASS)));
	for (i = 0; i < COUNT; i++) {
		ASSERT_TRUE(put(self, variant, self->buffer, small(self, i)));
		ASSERT_TRUE(arrives(self, i));
	}
}

TEST_HARNESS_MAIN
