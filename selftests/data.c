// SPDX-License-Identifier: GPL-2.0
/*
 * What is written arrives in the stack, and what the stack sends is read, byte
 * for byte, with every combination of what can stand in front of a packet;
 * what a device does with buffers of the wrong size; and its statistics.
 */
#include "device.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/uio.h>

#include <linux/if_ether.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "rtnl.h"
#include "wire.h"

#define PORT		4000
#define PEER_PORT	5000
#define MTU_PAYLOAD	1400	/* with any header in 1500 bytes */
#define LARGEST_V4	(65535 - 20 - 8)
#define LARGEST_V6	(65535 - 8)
#define TAP_MAX_MTU	(65535 - 14)

static const int families[] = { AF_INET, AF_INET6 };

/* Large, and used by one test at a time. */
static struct packet packet;
static struct record record;
static uint8_t payload[65536], received[65536 + 64];

FIXTURE(data)
{
	struct wire wire;
	uint64_t seed;
	bool strict;
};

FIXTURE_VARIANT(data)
{
	int type;
	bool pi;
	int vnet;
};

#define VARIANT(fixture, name, type_, pi_, vnet_)				\
	FIXTURE_VARIANT_ADD(fixture, name)					\
	{								\
		.type = type_, .pi = pi_, .vnet = vnet_,		\
	}

VARIANT(data, tun, IFF_TUN, false, 0);
VARIANT(data, tun_vnet10, IFF_TUN, false, 10);
VARIANT(data, tun_vnet12, IFF_TUN, false, 12);
VARIANT(data, tun_vnet24, IFF_TUN, false, 24);
VARIANT(data, tun_pi, IFF_TUN, true, 0);
VARIANT(data, tun_pi_vnet10, IFF_TUN, true, 10);
VARIANT(data, tun_pi_vnet12, IFF_TUN, true, 12);
VARIANT(data, tun_pi_vnet24, IFF_TUN, true, 24);
VARIANT(data, tap, IFF_TAP, false, 0);
VARIANT(data, tap_vnet10, IFF_TAP, false, 10);
VARIANT(data, tap_vnet12, IFF_TAP, false, 12);
VARIANT(data, tap_vnet24, IFF_TAP, false, 24);
VARIANT(data, tap_pi, IFF_TAP, true, 0);
VARIANT(data, tap_pi_vnet10, IFF_TAP, true, 10);
VARIANT(data, tap_pi_vnet12, IFF_TAP, true, 12);
VARIANT(data, tap_pi_vnet24, IFF_TAP, true, 24);

FIXTURE_SETUP(data)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->wire.type = variant->type;
	self->wire.pi = variant->pi;
	self->wire.vnet = variant->vnet;
	self->wire.net = 1;
	ASSERT_EQ(0, wire_open(&self->wire));
	self->strict = device_is_mytun();
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(data)
{
	wire_close(&self->wire);
}

/* The device again, with IPv4 alone: no packets but those of the test. */
static int restart_quiet(struct wire *w)
{
	wire_close(w);
	w->ipv4_only = true;
	return wire_open(w);
}

/* The edges first, then any. */
static size_t some_size(uint64_t *seed, unsigned int round)
{
	static const size_t edges[] = { 0, 1, 2, 3, 17, 18, 63, 64, 65,
					MTU_PAYLOAD - 1, MTU_PAYLOAD };

	if (round < ARRAY_SIZE(edges))
		return edges[round];
	return random_below(seed, MTU_PAYLOAD + 1);
}

/* Datagrams that are written reach a socket. */
TEST_F_TIMEOUT(data, written, 300)
{
	unsigned int count = scaled(2000), i, f;
	struct wire *w = &self->wire;
	struct packet_flow flow;
	ssize_t ret;
	size_t size;
	int fd;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		fd = wire_socket(w, families[f], SOCK_DGRAM, PORT, PEER_PORT);
		ASSERT_LE(0, fd);
		flow = wire_flow(w, families[f], PEER_PORT, PORT);
		for (i = 0; i < count; i++) {
			size = some_size(&self->seed, i);
			random_fill(&self->seed, payload, size);
			packet_udp(&packet, &flow, payload, size);
			ret = wire_put(w, &packet, NULL);
			ASSERT_EQ(wire_head(w) + packet.size, ret);
			ret = wire_recv(fd, received, sizeof(received),
					DEADLINE_MS);
			ASSERT_EQ(size, ret);
			ASSERT_EQ(0, memcmp(payload, received, size));
		}
		close(fd);
	}
}

/* Everything in a record that the stack sent, but for its payload. */
static void check_record(struct __test_metadata *_metadata,
			 const struct wire *w, const struct record *r,
			 int family, bool strict)
{
	static const struct virtio_net_hdr none;
	static const uint8_t zero[PACKET_VNET_MAX];
	uint16_t ethertype = family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	int tail = w->vnet ? w->vnet - (int)sizeof(none) : 0;

	EXPECT_EQ(0, r->pi.flags);
	if (w->pi)
		EXPECT_EQ(ethertype, ntohs(r->pi.proto));
	/* Without TUNSETOFFLOAD there is nothing to tell. */
	EXPECT_EQ(0, memcmp(&r->hdr, &none, sizeof(none)));
	if (strict)
		EXPECT_EQ(0, memcmp(r->tail, zero, tail));
	EXPECT_EQ(ethertype, r->view.ethertype);
	EXPECT_TRUE(r->view.l3_sum);
	EXPECT_TRUE(r->view.l4_sum);
	if (w->type == IFF_TAP) {
		EXPECT_EQ(0, memcmp(w->stack[0].mac, r->view.flow.from.mac, 6));
		EXPECT_EQ(0, memcmp(w->peer[0].mac, r->view.flow.to.mac, 6));
	}
}

/* Datagrams that a socket sends are read. */
TEST_F_TIMEOUT(data, read, 300)
{
	unsigned int count = scaled(2000), i, f;
	struct wire *w = &self->wire;
	size_t size;
	int fd;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		fd = wire_socket(w, families[f], SOCK_DGRAM, PORT, PEER_PORT);
		ASSERT_LE(0, fd);
		for (i = 0; i < count; i++) {
			size = some_size(&self->seed, i);
			random_fill(&self->seed, payload, size);
			ASSERT_EQ(size, send(fd, payload, size, 0));
			memset(record.raw, 0xee, wire_head(w));
			ASSERT_EQ(0, wire_get_for(w, &record, families[f],
						  IPPROTO_UDP, DEADLINE_MS));
			check_record(_metadata, w, &record, families[f],
				     self->strict);
			EXPECT_EQ(PORT, record.view.flow.from.port);
			EXPECT_EQ(PEER_PORT, record.view.flow.to.port);
			ASSERT_EQ(size, record.view.payload_size);
			ASSERT_EQ(0, memcmp(payload, record.view.payload,
					    size));
		}
		close(fd);
	}
}

/* A socket that sends echo requests to the peer. fd or -errno. */
static int ping_socket(const struct wire *w, int family, int protocol)
{
	struct sockaddr_storage to;
	socklen_t length = packet_sockaddr(family, &w->peer[wire_index(family)],
					   &to);
	int err = file_write("/proc/sys/net/ipv4/ping_group_range",
			     "0 2147483647");
	int fd;

	if (err)
		return err;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&to, length))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Echo requests from outside are answered, those of the stack reach outside. */
TEST_F_TIMEOUT(data, ping, 300)
{
	static const uint8_t types[][2] = { { 8, 0 }, { 128, 129 } };
	unsigned int count = scaled(1000), i, f;
	struct wire *w = &self->wire;
	struct packet_flow flow;
	uint8_t protocol;
	ssize_t ret;
	size_t size;
	int fd;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		protocol = f ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		flow = wire_flow(w, families[f], 0, 0);
		for (i = 0; i < count; i++) {
			size = some_size(&self->seed, i);
			random_fill(&self->seed, payload, size);
			packet_echo(&packet, &flow, false, 77, i, payload, size);
			ret = wire_put(w, &packet, NULL);
			ASSERT_EQ(wire_head(w) + packet.size, ret);
			ASSERT_EQ(0, wire_get_for(w, &record, families[f],
						  protocol, DEADLINE_MS));
			check_record(_metadata, w, &record, families[f],
				     self->strict);
			EXPECT_EQ(types[f][1], record.view.type);
			EXPECT_EQ(77, record.view.id);
			EXPECT_EQ(i, record.view.seq);
			ASSERT_EQ(size, record.view.payload_size);
			ASSERT_EQ(0, memcmp(payload, record.view.payload,
					    size));
		}

		/* The other way: the kernel asks, the test answers. */
		fd = ping_socket(w, families[f], protocol);
		ASSERT_LE(0, fd);
		for (i = 0; i < count; i++) {
			size = some_size(&self->seed, i);
			random_fill(&self->seed, payload, 8 + size);
			memset(payload, 0, 8);
			payload[0] = types[f][0];
			payload[7] = i & 0xff;
			ASSERT_EQ(8 + size, send(fd, payload, 8 + size, 0));
			ASSERT_EQ(0, wire_get_for(w, &record, families[f],
						  protocol, DEADLINE_MS));
			check_record(_metadata, w, &record, families[f],
				     self->strict);
			EXPECT_EQ(types[f][0], record.view.type);
			ASSERT_EQ(size, record.view.payload_size);
			ASSERT_EQ(0, memcmp(payload + 8, record.view.payload,
					    size));
			packet_echo(&packet, &flow, true, record.view.id,
				    (uint16_t)record.view.seq, payload + 8,
				    size);
			ASSERT_LT(0, wire_put(w, &packet, NULL));
			ASSERT_EQ(8 + size, wire_recv(fd, received,
						      sizeof(received),
						      DEADLINE_MS));
			EXPECT_EQ(types[f][1], received[0]);
			ASSERT_EQ(0, memcmp(payload + 8, received + 8, size));
		}
		close(fd);
	}
}

/* The largest packets, both ways; the device's MTU is no limit to a write. */
TEST_F_TIMEOUT(data, largest, 300)
{
	struct wire *w = &self->wire;
	struct packet_flow flow;
	unsigned int f;
	size_t size;
	int fd;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		size = f ? LARGEST_V6 : LARGEST_V4;
		random_fill(&self->seed, payload, size);
		fd = wire_socket(w, families[f], SOCK_DGRAM, PORT, PEER_PORT);
		ASSERT_LE(0, fd);
		flow = wire_flow(w, families[f], PEER_PORT, PORT);
		packet_udp(&packet, &flow, payload, size);
		ASSERT_EQ(wire_head(w) + packet.size,
			  wire_put(w, &packet, NULL));
		ASSERT_EQ(size, wire_recv(fd, received, sizeof(received),
					  DEADLINE_MS));
		EXPECT_EQ(0, memcmp(payload, received, size));
		close(fd);
	}

	ASSERT_EQ(0, link_set_mtu(w->name, w->type == IFF_TAP ? TAP_MAX_MTU :
								65535));
	size = w->type == IFF_TAP ? TAP_MAX_MTU : 65535;
	EXPECT_EQ(-EINVAL, link_set_mtu(w->name, size + 1));
	EXPECT_EQ(-EINVAL, link_set_mtu(w->name, 67));
	for (f = 0; f < ARRAY_SIZE(families); f++) {
		size_t room = size - (f ? 40 : 20) - 8;

		fd = wire_socket(w, families[f], SOCK_DGRAM, PORT, PEER_PORT);
		ASSERT_LE(0, fd);
		ASSERT_EQ(room, send(fd, payload, room, 0));
		ASSERT_EQ(0, wire_get_for(w, &record, families[f], IPPROTO_UDP,
					  DEADLINE_MS));
		EXPECT_FALSE(record.view.fragment);
		check_record(_metadata, w, &record, families[f], self->strict);
		ASSERT_EQ(room, record.view.payload_size);
		EXPECT_EQ(0, memcmp(payload, record.view.payload, room));
		close(fd);
	}
}

/* Cut whole into up to max pieces of any size, none among them. */
static int cut(uint64_t *seed, uint8_t *whole, size_t size, struct iovec *iov,
	       int max)
{
	size_t at = 0, n;
	int count = 0;

	while (at < size && count < max - 1) {
		switch (random_below(seed, 4)) {
		case 0:
			n = 0;
			break;
		case 1:
			n = 1;
			break;
		default:
			n = random_below(seed, 1 + (uint32_t)(size - at) / 2);
		}
		iov[count].iov_base = whole + at;
		iov[count++].iov_len = n;
		at += n;
	}
	iov[count].iov_base = whole + at;
	iov[count++].iov_len = size - at;
	return count;
}

/* A record may come in pieces, wherever they are cut. */
TEST_F_TIMEOUT(data, vectors, 300)
{
	static uint8_t raw[PACKET_MAX + 64];
	unsigned int count = scaled(2000), i;
	struct wire *w = &self->wire;
	size_t size, head = wire_head(w);
	struct packet_flow flow = wire_flow(w, AF_INET, PEER_PORT, PORT);
	struct iovec iov[64];
	int fd, pieces;
	ssize_t ret;

	fd = wire_socket(w, AF_INET, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	for (i = 0; i < count; i++) {
		size = some_size(&self->seed, i);
		random_fill(&self->seed, payload, size);
		packet_udp(&packet, &flow, payload, size);
		wire_front(w, ETH_P_IP, NULL, raw);
		memcpy(raw + head, packet.data, packet.size);
		pieces = cut(&self->seed, raw, head + packet.size, iov,
			     ARRAY_SIZE(iov));
		ASSERT_EQ(head + packet.size, writev(w->fd, iov, pieces));
		ASSERT_EQ(size, wire_recv(fd, received, sizeof(received),
					  DEADLINE_MS));
		ASSERT_EQ(0, memcmp(payload, received, size));

		ASSERT_EQ(size, send(fd, payload, size, 0));
		memset(raw, 0, sizeof(raw));
		pieces = cut(&self->seed, raw, head + packet.size + 8, iov,
			     ARRAY_SIZE(iov));
		do {
			ASSERT_LT(0, wait_events(w->fd, POLLIN, DEADLINE_MS));
			ret = readv(w->fd, iov, pieces);
			ASSERT_LT(0, ret);
			/* Not what IPv6 says by itself. */
		} while ((size_t)ret != head + packet.size ||
			 memcmp(raw + ret - size, payload, size));
	}
	close(fd);
}

/* Send one datagram of that size, with its number in it. */
static bool send_numbered(int fd, uint8_t number, size_t size)
{
	memset(payload, number, size);
	return send(fd, payload, size, 0) == (ssize_t)size;
}

/*
 * A buffer that is too short: the packet is cut to it, PI says so, and the
 * rest is lost; without room for what stands in front, all of it is.
 */
TEST_F_TIMEOUT(data, short_read, 300)
{
	const size_t size = 200;
	struct wire *w = &self->wire;
	size_t head = wire_head(w), total, room;
	struct tun_pi pi;
	uint8_t number = 0;
	ssize_t ret;
	int fd;

	ASSERT_EQ(0, restart_quiet(w));
	fd = wire_socket(w, AF_INET, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	total = head + (w->type == IFF_TAP ? 14 : 0) + 20 + 8 + size;
	for (room = 1; room <= total + 8; room++) {
		ASSERT_TRUE(send_numbered(fd, ++number, size));
		memset(received, 0xee, sizeof(received));
		ret = device_read(w->fd, received, room);
		if (room < head) {
			EXPECT_EQ(-EINVAL, ret) TH_LOG("room %zu", room);
		} else {
			EXPECT_EQ(room < total ? room : total, ret)
				TH_LOG("room %zu", room);
		}
		if (w->pi && ret > 0) {
			memcpy(&pi, received, sizeof(pi));
			EXPECT_EQ(room < total ? TUN_PKT_STRIP : 0, pi.flags)
				TH_LOG("room %zu", room);
			EXPECT_EQ(ETH_P_IP, ntohs(pi.proto));
		}
		/* Nothing behind the buffer is touched. */
		EXPECT_EQ(0xee, received[room]);
		if (ret > 0 && (size_t)ret > total - size)
			EXPECT_EQ(number, received[ret - 1]);
		/* Read or not, it is gone. */
		EXPECT_EQ(-EAGAIN, device_read(w->fd, received, room));
	}

	/* Nothing asked for, nothing lost. */
	ASSERT_TRUE(send_numbered(fd, 7, size));
	EXPECT_EQ(0, device_read(w->fd, received, 0));
	EXPECT_EQ(total, device_read(w->fd, received, sizeof(received)));
	EXPECT_EQ(7, received[total - 1]);
	close(fd);
}

/* Write the first bytes of a packet with what belongs in front of it. */
static ssize_t put_first(struct wire *w, const struct virtio_net_hdr *hdr,
			 const void *data, size_t size)
{
	uint8_t raw[2048];
	size_t head = wire_front(w, ETH_P_IP, hdr, raw);

	memcpy(raw + head, data, size);
	return device_write(w->fd, raw, head + size);
}

/* What is too short to be written, and what is counted of it. */
TEST_F_TIMEOUT(data, short_write, 300)
{
	struct rtnl_link_stats64 before, after;
	struct wire *w = &self->wire;
	size_t head = wire_head(w), least, i;
	struct packet_flow flow;
	uint8_t raw[64];

	ASSERT_EQ(0, restart_quiet(w));
	flow = wire_flow(w, AF_INET, PEER_PORT, PORT);
	packet_udp(&packet, &flow, payload, 64);
	wire_front(w, ETH_P_IP, NULL, raw);
	ASSERT_EQ(0, link_get_stats(w->name, &before));
	for (i = 0; i < head; i++)
		EXPECT_EQ(-EINVAL, device_write(w->fd, raw, i));
	if (w->type == IFF_TAP) {
		for (i = 0; i < 14; i++)
			EXPECT_EQ(-EINVAL, put_first(w, NULL, packet.data, i));
		/* A frame without anything in it is one. */
		EXPECT_EQ(head + 14, put_first(w, NULL, packet.data, 14));
	} else if (w->pi) {
		/* The protocol is known: any length will do, even none. */
		EXPECT_EQ(head, put_first(w, NULL, packet.data, 0));
		EXPECT_EQ(head + 1, put_first(w, NULL, packet.data, 1));
	}
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.rx_dropped, after.rx_dropped);
	EXPECT_EQ(before.rx_frame_errors, after.rx_frame_errors);
	if (w->type != IFF_TUN || w->pi)
		return;

	/* The first four bits have to tell the protocol. */
	least = 0;
	EXPECT_EQ(-EINVAL, put_first(w, NULL, packet.data, least));
	for (i = 0; i < 16; i++) {
		packet.data[0] = (uint8_t)(i << 4 | 5);
		if (i == 4 || i == 6) {
			EXPECT_EQ(head + 60, put_first(w, NULL, packet.data,
						       60));
		} else {
			EXPECT_EQ(-EINVAL, put_first(w, NULL, packet.data, 60));
		}
	}
	before = after;
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.rx_dropped + 15, after.rx_dropped);
	EXPECT_EQ(before.rx_packets + 2, after.rx_packets);
}

/* Devices with a virtio_net_hdr; the rest as above. */
FIXTURE(header)
{
	struct wire wire;
	bool strict;
};

FIXTURE_VARIANT(header)
{
	int type;
	bool pi;
	int vnet;
};

VARIANT(header, tun_vnet10, IFF_TUN, false, 10);
VARIANT(header, tun_vnet12, IFF_TUN, false, 12);
VARIANT(header, tun_pi_vnet24, IFF_TUN, true, 24);
VARIANT(header, tap_vnet10, IFF_TAP, false, 10);
VARIANT(header, tap_vnet24, IFF_TAP, false, 24);
VARIANT(header, tap_pi_vnet12, IFF_TAP, true, 12);

FIXTURE_SETUP(header)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->wire.type = variant->type;
	self->wire.pi = variant->pi;
	self->wire.vnet = variant->vnet;
	self->wire.net = 1;
	self->wire.ipv4_only = true;
	ASSERT_EQ(0, wire_open(&self->wire));
	self->strict = device_is_mytun();
}

FIXTURE_TEARDOWN(header)
{
	wire_close(&self->wire);
}

/* virtio_net_hdrs that cannot be true. */
TEST_F_TIMEOUT(header, bad, 300)
{
	struct rtnl_link_stats64 before, after;
	struct wire *w = &self->wire;
	struct packet_flow flow;
	struct virtio_net_hdr hdr;
	unsigned int errors = 0;
	ssize_t good;

	flow = wire_flow(w, AF_INET, PEER_PORT, PORT);
	packet_tcp(&packet, &flow, TCP_ACK, 1, 1, payload, 1000);
	good = wire_head(w) + packet.size;
	ASSERT_EQ(0, link_get_stats(w->name, &before));

	/* More header than packet, said or meant. */
	hdr = (struct virtio_net_hdr){ .hdr_len = packet.size };
	EXPECT_EQ(good, wire_put(w, &packet, &hdr));
	/* The newest in-kernel driver counts the header's tail as packet. */
	hdr.hdr_len += self->strict ? 1 : w->vnet;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	hdr.hdr_len = 0xffff;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	packet_needs_csum(&packet, &hdr);
	hdr.csum_start = packet.size;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	packet_needs_csum(&packet, &hdr);
	hdr.csum_offset = packet.size - hdr.csum_start - 1;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	if (w->type == IFF_TAP) {
		hdr = (struct virtio_net_hdr){ .hdr_len = 13 };
		EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
		hdr.hdr_len = 1;
		EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
		hdr.hdr_len = 14;
		EXPECT_EQ(good, wire_put(w, &packet, &hdr));
	}
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.rx_dropped, after.rx_dropped);

	/* Segmentation that makes no sense. */
	packet_gso(&packet, &hdr, 500);
	hdr.gso_type = 0x7f;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	hdr.gso_type = 2;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	packet_gso(&packet, &hdr, 0);
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	packet_gso(&packet, &hdr, 500);
	hdr.csum_start = packet.l3; /* no room for a network header */
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	/* The in-kernel driver shows them for TUN, and for TAP until 5.10. */
	if (self->strict)
		EXPECT_EQ(before.rx_frame_errors + errors,
			  after.rx_frame_errors);
	if (!self->strict)
		return;

	/* What the older in-kernel drivers let through, to be found later. */
	packet_gso(&packet, &hdr, 500);
	hdr.csum_offset = 6; /* UDP's */
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	packet_gso(&packet, &hdr, 500);
	hdr.flags = 0;
	hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	packet_gso(&packet, &hdr, 0xffff); /* of the stack's own meaning */
	EXPECT_EQ(-EINVAL, wire_put(w, &packet, &hdr));
	errors++;
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.rx_frame_errors + errors, after.rx_frame_errors);
}

/* Packets and bytes, and when they are counted: written, and read. */
TEST_F_TIMEOUT(data, counted, 300)
{
	struct rtnl_link_stats64 before, after;
	unsigned int count = 40, i, queue = 16;
	struct wire *w = &self->wire;
	uint64_t in = 0, out = 0;
	struct packet_flow flow;
	size_t size;
	int fd;

	ASSERT_EQ(0, restart_quiet(w));
	ASSERT_EQ(0, link_set_txqueuelen(w->name, queue));
	fd = wire_socket(w, AF_INET, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	flow = wire_flow(w, AF_INET, PEER_PORT, PORT);
	ASSERT_EQ(0, link_get_stats(w->name, &before));
	for (i = 0; i < count; i++) {
		size = some_size(&self->seed, i);
		packet_udp(&packet, &flow, payload, size);
		ASSERT_LT(0, wire_put(w, &packet, NULL));
		in += packet.size;
	}
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.rx_packets + count, after.rx_packets);
	EXPECT_EQ(before.rx_bytes + in, after.rx_bytes);
	EXPECT_EQ(before.rx_dropped, after.rx_dropped);
	EXPECT_EQ(before.rx_errors, after.rx_errors);

	/* The queue takes so many; the rest is dropped, the oldest stay. */
	for (i = 0; i < count; i++)
		ASSERT_TRUE(send_numbered(fd, (uint8_t)i, 10 * i + 1));
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.tx_packets, after.tx_packets);
	EXPECT_EQ(before.tx_bytes, after.tx_bytes);
	EXPECT_EQ(before.tx_dropped + count - queue, after.tx_dropped);
	for (i = 0; i < queue; i++) {
		ASSERT_EQ(0, wire_get(w, &record, 0));
		EXPECT_EQ(10 * i + 1, record.view.payload_size);
		EXPECT_EQ(i, record.view.payload[10 * i]);
		out += record.size;
	}
	EXPECT_EQ(-ETIMEDOUT, wire_get(w, &record, 0));
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.tx_packets + queue, after.tx_packets);
	EXPECT_EQ(before.tx_bytes + out, after.tx_bytes);
	EXPECT_EQ(before.tx_dropped + count - queue, after.tx_dropped);

	/* A longer queue, while packets wait in it, keeps them. */
	for (i = 0; i < queue; i++)
		ASSERT_TRUE(send_numbered(fd, (uint8_t)i, 100));
	ASSERT_EQ(0, link_set_txqueuelen(w->name, 2 * queue));
	for (; i < 2 * queue; i++)
		ASSERT_TRUE(send_numbered(fd, (uint8_t)i, 100));
	for (i = 0; i < 2 * queue; i++) {
		ASSERT_EQ(0, wire_get(w, &record, 0));
		EXPECT_EQ(i, record.view.payload[0]);
	}
	before = after;
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.tx_dropped, after.tx_dropped);
	close(fd);
}

TEST_HARNESS_MAIN
