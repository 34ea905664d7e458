// SPDX-License-Identifier: GPL-2.0
/*
 * GSO packets inside a UDP tunnel (VXLAN here), in both directions: kernels
 * whose tun has TUN_F_UDP_TUNNEL_GSO, with a virtio_net_hdr of 24 bytes.
 */
#include "device.h"

#include <endian.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <linux/if_ether.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "rtnl.h"
#include "wire.h"

#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO		0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM	0x100
#endif

/* virtio 1.4, 5.1.6: what the flags are, and where the offsets are. */
#define F_TUNNEL_CSUM	8
#define GSO_TUNNEL_IPV4	0x20
#define GSO_TUNNEL_IPV6	0x40
#define OUTER_L4_AT	20
#define INNER_L3_AT	22
#define HEADER		24

#define VXLAN_PORT	4789
#define VXLAN_HEADER	8
#define SHELL		(VXLAN_HEADER + ETH_HLEN)
#define OFFLOAD		(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | \
			 TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM)

static struct packet inner, outer;
static struct record record;
static uint8_t payload[65536], shell[65536];

FIXTURE(tunnel)
{
	struct wire from, to;
	struct packet_flow flow, inside;
	uint64_t seed;
	uint8_t header[HEADER];
};

FIXTURE_VARIANT(tunnel)
{
	int type;
	int family;		/* of the tunnel */
	int inside;		/* of what it carries */
	bool csum;		/* of the tunnel's UDP header */
};

FIXTURE_VARIANT_ADD(tunnel, tun_ipv4)
{
	.type = IFF_TUN, .family = AF_INET, .inside = AF_INET,
};

FIXTURE_VARIANT_ADD(tunnel, tun_ipv6_csum)
{
	.type = IFF_TUN, .family = AF_INET6, .inside = AF_INET, .csum = true,
};

FIXTURE_VARIANT_ADD(tunnel, tap_ipv4_csum)
{
	.type = IFF_TAP, .family = AF_INET, .inside = AF_INET6, .csum = true,
};

FIXTURE_VARIANT_ADD(tunnel, tap_ipv6)
{
	.type = IFF_TAP, .family = AF_INET6, .inside = AF_INET6,
};

static struct packet_flow inside_flow(int family)
{
	struct packet_flow flow = { .family = family };

	packet_addr(family, family == AF_INET ? "172.16.0.1" : "fd00:f::1",
		    flow.from.addr);
	packet_addr(family, family == AF_INET ? "172.16.0.2" : "fd00:f::2",
		    flow.to.addr);
	flow.from.port = 40000;
	flow.to.port = 80;
	return flow;
}

static int open_wires(struct wire *from, struct wire *to, int type)
{
	int err = forwarding_on();

	*from = (struct wire){ .type = type, .vnet = HEADER, .net = 1 };
	*to = (struct wire){ .type = type, .vnet = HEADER, .net = 2 };
	if (!err)
		err = wire_open(from);
	return err ? err : wire_open(to);
}

FIXTURE_SETUP(tunnel)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun() && variant->type == IFF_TUN)
		SKIP(return, "tun takes an Ethernet header for granted");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, open_wires(&self->from, &self->to, variant->type));
	if (device_ioctl(self->to.fd, TUNSETOFFLOAD, OFFLOAD))
		SKIP(return, "no UDP tunnel offload in this kernel");
	self->flow = wire_flow(&self->from, variant->family, 50000,
			       VXLAN_PORT);
	memcpy(self->flow.to.addr,
	       self->to.peer[wire_index(variant->family)].addr, 16);
	self->inside = inside_flow(variant->inside);
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(tunnel)
{
	wire_close(&self->from);
	wire_close(&self->to);
}

/* A TCP packet of so many bytes, in segments of mss, in a VXLAN tunnel. */
static void build(FIXTURE_DATA(tunnel) *self, uint32_t seq, size_t size,
		  size_t mss, bool csum)
{
	const uint16_t ethertype = self->inside.family == AF_INET ?
		ETH_P_IP : ETH_P_IPV6;
	struct virtio_net_hdr hdr, sum;
	uint16_t at;
	size_t base;

	random_fill(&self->seed, payload, size);
	packet_tcp(&inner, &self->inside, TCP_ACK | TCP_PSH, seq, 0, payload,
		   size);
	packet_gso(&inner, &hdr, mss);
	memset(shell, 0, SHELL);
	shell[0] = 8;		/* the network's number is there */
	shell[6] = 7;
	shell[VXLAN_HEADER] = 2;
	shell[VXLAN_HEADER + 6] = 2;
	shell[VXLAN_HEADER + 12] = ethertype >> 8;
	shell[VXLAN_HEADER + 13] = ethertype & 0xff;
	memcpy(shell + SHELL, inner.data, inner.size);
	packet_udp(&outer, &self->flow, shell, SHELL + inner.size);
	if (csum)
		packet_needs_csum(&outer, &sum);
	else
		memset(outer.data + outer.l4 + 6, 0, 2);

	base = outer.payload + SHELL;
	hdr.hdr_len = base + hdr.hdr_len;
	hdr.csum_start += base;
	hdr.gso_type |= self->flow.family == AF_INET ? GSO_TUNNEL_IPV4 :
						       GSO_TUNNEL_IPV6;
	if (csum)
		hdr.flags |= F_TUNNEL_CSUM;
	memset(self->header, 0, sizeof(self->header));
	memcpy(self->header, &hdr, sizeof(hdr));
	at = htole16(outer.l4);
	memcpy(self->header + OUTER_L4_AT, &at, sizeof(at));
	at = htole16(base);
	memcpy(self->header + INNER_L3_AT, &at, sizeof(at));
}

static ssize_t put(FIXTURE_DATA(tunnel) *self)
{
	struct iovec iov[2] = {
		{ .iov_base = self->header, .iov_len = HEADER },
		{ .iov_base = outer.data, .iov_len = outer.size },
	};
	ssize_t ret = writev(self->from.fd, iov, 2);

	return ret < 0 ? -errno : ret;
}

/* A packet of the tunnel came out: what it carries. */
static bool open_shell(const struct packet_view *view, int family, bool csum,
		       struct packet_view *inside)
{
	const uint8_t *udp = view->payload - 8;

	return view->payload_size > SHELL && view->flow.to.port == VXLAN_PORT &&
	       view->l3_sum && (csum ? view->l4_sum : !udp[6] && !udp[7]) &&
	       packet_parse(view->payload + SHELL, view->payload_size - SHELL,
			    false, inside) &&
	       inside->flow.family == family;
}

/* Segments that arrive one by one, each of them right inside and outside. */
static void check_segments(struct __test_metadata *_metadata,
			   FIXTURE_DATA(tunnel) *self, int family, bool csum,
			   uint32_t seq, size_t size, size_t mss)
{
	struct packet_view inside;
	size_t got, n;

	for (got = 0; got < size; got += n) {
		ASSERT_EQ(0, wire_get_for(&self->to, &record, family,
					  IPPROTO_UDP, DEADLINE_MS));
		EXPECT_EQ(0, record.hdr.gso_type);
		/* The inner checksum may have been left to the reader. */
		if (record.hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
			ASSERT_TRUE(packet_complete((uint8_t *)record.data,
						    record.size, &record.hdr));
			ASSERT_TRUE(packet_parse(record.data, record.size,
						 self->to.type == IFF_TAP,
						 &record.view));
		}
		ASSERT_TRUE(open_shell(&record.view, self->inside.family, csum,
				       &inside));
		EXPECT_TRUE(inside.l3_sum);
		EXPECT_TRUE(inside.l4_sum);
		EXPECT_EQ(seq + got, inside.seq);
		n = inside.payload_size;
		ASSERT_EQ(size - got < mss ? size - got : mss, n);
		ASSERT_EQ(0, memcmp(payload + got, inside.payload, n));
	}
}

/* Written as one, read by somebody who takes no offload. */
TEST_F_TIMEOUT(tunnel, written, 120)
{
	unsigned int count = scaled(200), i;
	size_t size, mss;

	ASSERT_EQ(0, device_ioctl(self->to.fd, TUNSETOFFLOAD, 0));
	for (i = 0; i < count; i++) {
		mss = 600 + random_below(&self->seed, 700);
		size = mss + 1 + random_below(&self->seed, i % 4 ? 20000 :
								   60000);
		build(self, i, size, mss, variant->csum);
		ASSERT_EQ(HEADER + outer.size, put(self));
		check_segments(_metadata, self, variant->family, variant->csum,
			       i, size, mss);
	}
}

/* Written as one and read as one, from behind the tunnel's IP header the same. */
TEST_F_TIMEOUT(tunnel, read, 120)
{
	unsigned int count = scaled(200), i;
	size_t size, mss;
	uint8_t header[HEADER];

	for (i = 0; i < count; i++) {
		mss = 600 + random_below(&self->seed, 700);
		size = mss + 1 + random_below(&self->seed, i % 4 ? 20000 :
								   60000);
		build(self, i, size, mss, variant->csum);
		ASSERT_EQ(HEADER + outer.size, put(self));
		ASSERT_EQ(0, wire_get_for(&self->to, &record, variant->family,
					  IPPROTO_UDP, DEADLINE_MS));
		ASSERT_EQ(outer.size, record.size);
		memcpy(header, &record.hdr, sizeof(record.hdr));
		memcpy(header + sizeof(record.hdr), record.tail,
		       HEADER - sizeof(record.hdr));
		/* How much of it is linear is the stack's business. */
		memcpy(header + 2, self->header + 2, 2);
		EXPECT_EQ(0, memcmp(self->header, header, HEADER));
		EXPECT_EQ(0, memcmp(outer.data + outer.l4,
				    record.data + outer.l4,
				    outer.size - outer.l4));
	}
}

/* A header that cannot tell of tunnels: the stack segments, nothing is lost. */
TEST_F_TIMEOUT(tunnel, short_header, 120)
{
	int size = 12;

	if (!device_is_mytun())
		SKIP(return, "tun loses every packet then");
	ASSERT_EQ(0, device_ioctl(self->to.fd, TUNSETVNETHDRSZ,
				  (unsigned long)&size));
	self->to.vnet = size;
	build(self, 1, 10000, 1000, variant->csum);
	ASSERT_EQ(HEADER + outer.size, put(self));
	check_segments(_metadata, self, variant->family, variant->csum, 1,
		       10000, 1000);
	/* And back: one that can. */
	size = HEADER;
	ASSERT_EQ(0, device_ioctl(self->to.fd, TUNSETVNETHDRSZ,
				  (unsigned long)&size));
	self->to.vnet = size;
	build(self, 1, 10000, 1000, variant->csum);
	ASSERT_EQ(HEADER + outer.size, put(self));
	ASSERT_EQ(0, wire_get_for(&self->to, &record, variant->family,
				  IPPROTO_UDP, DEADLINE_MS));
	EXPECT_EQ(outer.size, record.size);
}

static void add16(uint8_t *at, int delta)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	value = htole16(le16toh(value) + delta);
	memcpy(at, &value, sizeof(value));
}

/* What the header says must be what the packet is. */
TEST_F_TIMEOUT(tunnel, contradictions, 60)
{
	static const struct {
		const char *what;
		uint8_t flags_off, type_off, type_on;
		int outer, inner, csum_start;
		bool tun;	/* tun finds it as well */
	} cases[] = {
		{ "both families", 0, 0, 0x60, 0, 0, 0, true },
		{ "the other family", 0, 0x60, 0xff, 0, 0, 0, false },
		{ "no checksum", 1, 0, 0, 0, 0, 0, true },
		{ "nothing in it", 0, 0x0f, 0, 0, 0, 0, true },
		{ "UFO in it", 0, 0x0f, 3, 0, 0, 0, true },
		{ "outer header before", 0, 0, 0, -1, 0, 0, false },
		{ "outer header behind", 0, 0, 0, 1, 0, 0, false },
		{ "inner in outer", 0, 0, 0, 0, -30, 0, true },
		{ "inner behind its transport", 0, 0, 0, 0, 100, 0, true },
		{ "transport in inner", 0, 0, 0, 0, 0, -19, true },
		{ "transport beyond", 0, 0, 0, 0, 0, 30000, true },
	};
	struct virtio_net_hdr *hdr = (void *)self->header;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!cases[i].tun && !device_is_mytun())
			continue;
		build(self, 1, 10000, 1000, variant->csum);
		hdr->flags &= ~cases[i].flags_off;
		if (cases[i].type_on == 0xff) {
			hdr->gso_type ^= 0x60;
		} else {
			hdr->gso_type &= ~cases[i].type_off;
			hdr->gso_type |= cases[i].type_on;
		}
		add16(self->header + OUTER_L4_AT, cases[i].outer);
		add16(self->header + INNER_L3_AT, cases[i].inner);
		add16((uint8_t *)&hdr->csum_start, cases[i].csum_start);
		EXPECT_EQ(-EINVAL, put(self)) TH_LOG("%s", cases[i].what);
	}
	/* And one that is right is still taken. */
	build(self, 1, 10000, 1000, variant->csum);
	EXPECT_EQ(HEADER + outer.size, put(self));
}

/* Headers at random in front of a right packet: the kernel stands. */
TEST_F_TIMEOUT(tunnel, random_headers, 300)
{
	unsigned int count = scaled(40000), taken = 0, refused = 0, i;
	ssize_t ret;

	for (i = 0; i < count; i++) {
		build(self, i, 1 + random_below(&self->seed, 8000),
		      100 + random_below(&self->seed, 1400), i & 1);
		do {
			random_fill(&self->seed, self->header +
				    random_below(&self->seed, HEADER - 1), 1);
		} while (random_below(&self->seed, 3));
		ret = put(self);
		if (ret == -EINVAL) {
			refused++;
		} else {
			ASSERT_EQ(HEADER + outer.size, ret);
			taken++;
		}
		while (!wire_get(&self->to, &record, 0))
			;
	}
	printf("# %u taken, %u refused\n", taken, refused);
	EXPECT_LT(0, taken);
	EXPECT_LT(0, refused);
}

TEST_HARNESS_MAIN
