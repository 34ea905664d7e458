// SPDX-License-Identifier: GPL-2.0
/*
 * VLAN tags on TAP devices: inside the frame that is written, and taken out
 * of it by the stack and put back for read(), with checksums and super-packets
 * whose offsets move with the tag.
 */
#include "device.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "queues.h"
#include "rtnl.h"
#include "wire.h"

#define PORT		4000
#define PEER_PORT	5000
#define TAG		5
#define MSS		1000

static struct packet packet;
static struct record record;
static uint8_t payload[65536], received[65536];

FIXTURE(vlan)
{
	struct wire wire;	/* its addresses are on the VLAN device */
	uint64_t seed;
	int fd;			/* a UDP socket on the VLAN */
};

FIXTURE_VARIANT(vlan)
{
	int family;
	bool pi;
	int vnet;
};

FIXTURE_VARIANT_ADD(vlan, ipv4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(vlan, ipv6_pi) { .family = AF_INET6, .pi = true };
FIXTURE_VARIANT_ADD(vlan, ipv4_vnet10) { .family = AF_INET, .vnet = 10 };
FIXTURE_VARIANT_ADD(vlan, ipv6_vnet12) { .family = AF_INET6, .vnet = 12 };

/* A VLAN device on top, with the addresses of another net. 0 or -errno. */
static int add_vlan(struct wire *w, int family)
{
	struct vlan_ioctl_args args = { .cmd = ADD_VLAN_CMD };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int i = wire_index(family), err = 0;
	char name[2 * IFNAMSIZ];
	char local[64], peer[64];

	if (fd < 0)
		return -errno;
	snprintf(args.device1, sizeof(args.device1), "%s", w->name);
	args.u.VID = TAG;
	if (ioctl(fd, SIOCSIFVLAN, &args))
		err = -errno;
	close(fd);
	if (err)
		return err;
	snprintf(name, sizeof(name), "%s.%u", w->name, TAG);
	snprintf(local, sizeof(local), i ? "fd00:99::1" : "10.99.0.1");
	snprintf(peer, sizeof(peer), i ? "fd00:99::2" : "10.99.0.2");
	packet_addr(family, local, w->stack[i].addr);
	packet_addr(family, peer, w->peer[i].addr);
	if (i)
		err = ipv6_enable(name);
	if (!err)
		err = link_set_up(name);
	if (!err)
		err = addr_add(name, local, i ? 64 : 24);
	if (!err)
		err = neigh_add(name, peer, w->peer[i].mac);
	if (!err && i)
		err = address_ready(w->stack[i].addr);
	return err;
}

static bool no_vlans(int err)
{
	return err == -ENOPKG || err == -ENOTTY || err == -EINVAL;
}

FIXTURE_SETUP(vlan)
{
	int err;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->wire.type = IFF_TAP;
	self->wire.pi = variant->pi;
	self->wire.vnet = variant->vnet;
	self->wire.net = 1;
	ASSERT_EQ(0, wire_open(&self->wire));
	err = add_vlan(&self->wire, variant->family);
	if (no_vlans(err))
		SKIP(return, "no VLAN devices in this kernel");
	ASSERT_EQ(0, err);
	self->fd = wire_socket(&self->wire, variant->family, SOCK_DGRAM, PORT,
			       PEER_PORT);
	ASSERT_LE(0, self->fd);
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(vlan)
{
	close(self->fd);
	wire_close(&self->wire);
}

/* The same with IPv4 alone: nothing but the test's packets comes out. */
FIXTURE(quiet)
{
	struct wire wire;
	int fd;
};

FIXTURE_VARIANT(quiet)
{
	bool pi;
	int vnet;
};

FIXTURE_VARIANT_ADD(quiet, plain) { .vnet = 0 };
FIXTURE_VARIANT_ADD(quiet, pi) { .pi = true };
FIXTURE_VARIANT_ADD(quiet, vnet10) { .vnet = 10 };
FIXTURE_VARIANT_ADD(quiet, pi_vnet12) { .pi = true, .vnet = 12 };

FIXTURE_SETUP(quiet)
{
	int err;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->wire.type = IFF_TAP;
	self->wire.pi = variant->pi;
	self->wire.vnet = variant->vnet;
	self->wire.net = 1;
	self->wire.ipv4_only = true;
	ASSERT_EQ(0, wire_open(&self->wire));
	err = add_vlan(&self->wire, AF_INET);
	if (no_vlans(err))
		SKIP(return, "no VLAN devices in this kernel");
	ASSERT_EQ(0, err);
	self->fd = wire_socket(&self->wire, AF_INET, SOCK_DGRAM, PORT,
			       PEER_PORT);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(quiet)
{
	close(self->fd);
	wire_close(&self->wire);
}

static struct packet_flow tagged_flow(const struct wire *w, int family)
{
	struct packet_flow flow = wire_flow(w, family, PEER_PORT, PORT);

	flow.vlan = TAG;
	return flow;
}

/* A frame with a tag in it reaches the VLAN device, one with another does not. */
TEST_F_TIMEOUT(vlan, written, 120)
{
	struct wire *w = &self->wire;
	struct packet_flow flow = tagged_flow(w, variant->family);
	unsigned int count = scaled(1000), i;
	struct virtio_net_hdr hdr;
	bool partial;
	size_t size;

	for (i = 0; i < count; i++) {
		partial = w->vnet && i & 1;
		size = random_below(&self->seed, 1400);
		random_fill(&self->seed, payload, size);
		packet_udp(&packet, &flow, payload, size);
		if (partial)
			packet_needs_csum(&packet, &hdr);
		ASSERT_EQ(wire_head(w) + packet.size,
			  wire_put(w, &packet, partial ? &hdr : NULL));
		ASSERT_EQ(size, wire_recv(self->fd, received, sizeof(received),
					  DEADLINE_MS));
		ASSERT_EQ(0, memcmp(payload, received, size));
	}
	flow.vlan = TAG + 1;
	packet_udp(&packet, &flow, payload, 10);
	EXPECT_LT(0, wire_put(w, &packet, NULL));
	flow.vlan = 0;
	packet_udp(&packet, &flow, payload, 10);
	/* Untagged, it comes from a device without that address, yet is ours. */
	EXPECT_LT(0, wire_put(w, &packet, NULL));
	EXPECT_EQ(10, wire_recv(self->fd, received, sizeof(received),
				DEADLINE_MS));
	EXPECT_EQ(-ETIMEDOUT, wire_recv(self->fd, received, sizeof(received),
					QUIET_MS));
}

/* What the VLAN device sends is read with the tag where it belongs. */
TEST_F_TIMEOUT(vlan, read, 120)
{
	unsigned int count = scaled(1000), i;
	static uint8_t whole[PACKET_MAX];
	struct wire *w = &self->wire;
	struct packet_view view;
	uint64_t end = 0;
	size_t size;

	for (i = 0; i < 2 * count; i++) {
		if (i == count && !w->vnet)
			break;
		if (i == count && !end) {
			ASSERT_EQ(0, device_ioctl(w->fd, TUNSETOFFLOAD,
						  TUN_F_CSUM));
			end = now_ms() + DEADLINE_MS;
		}
		size = random_below(&self->seed, 1400);
		random_fill(&self->seed, payload, size);
		ASSERT_EQ(size, send(self->fd, payload, size, 0));
		ASSERT_EQ(0, wire_get_for(w, &record, variant->family,
					  IPPROTO_UDP, DEADLINE_MS));
		EXPECT_EQ(ETH_P_8021Q, record.view.vlan_proto);
		EXPECT_EQ(TAG, record.view.flow.vlan);
		EXPECT_EQ(18, record.view.l3);
		memcpy(whole, record.data, record.size);
		/* The VLAN device may hear of it a moment later. */
		if (i == count && !record.hdr.flags && now_ms() < end) {
			i--;
			continue;
		}
		if (i >= count) {
			ASSERT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM,
				  record.hdr.flags);
			/* Counted from the frame's beginning, tag and all. */
			EXPECT_EQ(record.view.l4, record.hdr.csum_start);
			ASSERT_TRUE(packet_complete(whole, record.size,
						    &record.hdr));
		} else {
			EXPECT_EQ(0, record.hdr.flags);
		}
		ASSERT_TRUE(packet_parse(whole, record.size, true, &view));
		EXPECT_TRUE(view.l4_sum);
		ASSERT_EQ(size, view.payload_size);
		ASSERT_EQ(0, memcmp(payload, view.payload, size));
	}
}

/* A super-packet inside a tag, cut by the stack on its way to another device. */
TEST_F_TIMEOUT(vlan, tso_forwarded, 120)
{
	struct wire *w = &self->wire;
	struct wire other = { .type = IFF_TUN, .vnet = 10, .net = 2 };
	struct packet_flow flow = tagged_flow(w, variant->family);
	unsigned int count = scaled(200), i;
	int at = wire_index(variant->family);
	struct virtio_net_hdr hdr;
	size_t size, got, n;

	ASSERT_EQ(0, forwarding_on());
	ASSERT_EQ(0, wire_open(&other));
	memcpy(flow.to.addr, other.peer[at].addr, sizeof(flow.to.addr));
	if (!w->vnet) {
		/* Nothing can say what it is: one frame, as it came. */
		packet_tcp(&packet, &flow, TCP_ACK, 1, 1, payload, MSS);
		ASSERT_LT(0, wire_put(w, &packet, NULL));
		ASSERT_EQ(0, wire_get_for(&other, &record, variant->family,
					  IPPROTO_TCP, DEADLINE_MS));
		EXPECT_EQ(MSS, record.view.payload_size);
		wire_close(&other);
		return;
	}
	for (i = 0; i < count; i++) {
		size = 1 + random_below(&self->seed, 60000);
		random_fill(&self->seed, payload, size);
		packet_tcp(&packet, &flow, TCP_ACK, i, 0, payload, size);
		packet_gso(&packet, &hdr, MSS);
		ASSERT_EQ(wire_head(w) + packet.size,
			  wire_put(w, &packet, &hdr));
		for (got = 0; got < size; got += n) {
			ASSERT_EQ(0, wire_get_for(&other, &record,
						  variant->family, IPPROTO_TCP,
						  DEADLINE_MS));
			EXPECT_TRUE(record.view.l3_sum);
			EXPECT_TRUE(record.view.l4_sum);
			n = record.view.payload_size;
			ASSERT_EQ(size - got < MSS ? size - got : MSS, n);
			ASSERT_EQ(0, memcmp(payload + got, record.view.payload,
					    n));
		}
	}
	wire_close(&other);
}

/* Every buffer that is too short for the frame, the tag's bytes among them. */
TEST_F_TIMEOUT(quiet, short_read, 120)
{
	struct wire *w = &self->wire;
	size_t head = wire_head(w), total, room;
	struct rtnl_link_stats64 before, after;
	uint8_t whole[512];
	struct tun_pi pi;
	ssize_t ret;

	memset(payload, 0x77, 64);
	ASSERT_EQ(64, send(self->fd, payload, 64, 0));
	ASSERT_EQ(0, wire_get_for(w, &record, AF_INET, IPPROTO_UDP,
				  DEADLINE_MS));
	total = record.total;
	ASSERT_GT(sizeof(whole), total);
	memcpy(whole, record.raw, total);
	ASSERT_EQ(0, link_get_stats(w->name, &before));
	for (room = head ? head : 1; room <= total; room++) {
		memset(received, 0xee, 512);
		ASSERT_EQ(64, send(self->fd, payload, 64, 0));
		ret = device_read(w->fd, received, room);
		ASSERT_EQ(room, ret);
		EXPECT_EQ(0xee, received[room]);
		if (w->pi) {
			memcpy(&pi, received, sizeof(pi));
			EXPECT_EQ(room < total ? TUN_PKT_STRIP : 0, pi.flags);
		}
		/* The link header, tag and all; IPv4's id differs behind it. */
		if (room > head)
			EXPECT_EQ(0, memcmp(whole + head, received + head,
					    room - head < 18 ? room - head :
							       18));
		EXPECT_EQ(-EAGAIN, device_read(w->fd, received, room));
	}
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	room = total - (head ? head : 1) + 1;
	EXPECT_EQ(before.tx_packets + room, after.tx_packets);
	/* The tag is part of what was read, and what stands in front is not. */
	EXPECT_EQ(before.tx_bytes + room * (total - head), after.tx_bytes);
}

TEST_HARNESS_MAIN
