// SPDX-License-Identifier: GPL-2.0
/*
 * What a device with virtio_net_hdr leaves to the other side: checksums and
 * segmentation, in both directions, with and without a VLAN tag.
 */
#include "device.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "packet.h"
#include "rtnl.h"
#include "wire.h"

#define PORT		4000
#define PEER_PORT	5000
#define MSS		1400
#define TSO		(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define USO		(TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6)

static struct packet packet;
static struct record record;
static uint8_t payload[65536], received[65536];

FIXTURE(offload)
{
	struct wire wire;
	uint64_t seed;
	uint8_t protocol;	/* ICMP or ICMPv6 */
	bool strict;
};

FIXTURE_VARIANT(offload)
{
	int type;
	int family;
	int vnet;
};

FIXTURE_VARIANT_ADD(offload, tun_ipv4)
{
	.type = IFF_TUN, .family = AF_INET, .vnet = 10,
};

FIXTURE_VARIANT_ADD(offload, tun_ipv6)
{
	.type = IFF_TUN, .family = AF_INET6, .vnet = 12,
};

FIXTURE_VARIANT_ADD(offload, tap_ipv4)
{
	.type = IFF_TAP, .family = AF_INET, .vnet = 12,
};

FIXTURE_VARIANT_ADD(offload, tap_ipv6)
{
	.type = IFF_TAP, .family = AF_INET6, .vnet = 10,
};

FIXTURE_SETUP(offload)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->wire.type = variant->type;
	self->wire.vnet = variant->vnet;
	self->wire.net = 1;
	ASSERT_EQ(0, wire_open(&self->wire));
	self->strict = device_is_mytun();
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(offload)
{
	wire_close(&self->wire);
}

static int set_offload(const struct wire *w, unsigned int mask)
{
	return device_ioctl(w->fd, TUNSETOFFLOAD, mask);
}

/* Every mask that is right or wrong, and that a wrong one changes nothing. */
TEST_F_TIMEOUT(offload, masks, 60)
{
	static const struct {
		unsigned int mask;
		int err;
		bool csum, tso;
	} cases[] = {
		{ TUN_F_CSUM, 0, true, false },
		{ TUN_F_TSO4, -EINVAL, true, false },
		{ TUN_F_TSO6, -EINVAL, true, false },
		{ TUN_F_TSO_ECN, -EINVAL, true, false },
		{ TUN_F_UFO, -EINVAL, true, false },
		{ TUN_F_CSUM | TUN_F_TSO_ECN, -EINVAL, true, false },
		{ TUN_F_CSUM | TUN_F_TSO4, 0, true, true },
		{ TUN_F_CSUM | TUN_F_UFO, 0, true, false },
		{ TUN_F_CSUM | TUN_F_TSO6, 0, true, true },
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN, 0, true, true },
		{ TUN_F_CSUM | TUN_F_TSO6 | TUN_F_TSO_ECN, 0, true, true },
		{ TUN_F_CSUM | TUN_F_USO4, -EINVAL, true, true },
		{ TUN_F_CSUM | TUN_F_USO6, -EINVAL, true, true },
		{ TUN_F_USO4 | TUN_F_USO6, -EINVAL, true, true },
		{ TSO | TUN_F_TSO_ECN | TUN_F_UFO, 0, true, true },
		{ TSO | 0x8000, -EINVAL, true, true },
		{ TSO | 0x80000000, -EINVAL, true, true },
		{ TUN_F_CSUM | TUN_F_UDP_TUNNEL_GSO, -EINVAL, true, true },
		{ TSO | TUN_F_UDP_TUNNEL_GSO_CSUM, -EINVAL, true, true },
		{ 0, 0, false, false },
	};
	struct wire *w = &self->wire;
	unsigned int i;

	EXPECT_EQ(0, ethtool_get(w->name, ETHTOOL_GTXCSUM));
	EXPECT_EQ(0, ethtool_get(w->name, ETHTOOL_GTSO));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err, set_offload(w, cases[i].mask))
			TH_LOG("mask %#x", cases[i].mask);
		EXPECT_EQ(cases[i].csum, ethtool_get(w->name,
						     ETHTOOL_GTXCSUM))
			TH_LOG("mask %#x", cases[i].mask);
		EXPECT_EQ(cases[i].tso, ethtool_get(w->name, ETHTOOL_GTSO))
			TH_LOG("mask %#x", cases[i].mask);
	}
}

/* A datagram is read without its checksum, which the header asks for. */
TEST_F_TIMEOUT(offload, csum_read, 120)
{
	unsigned int count = scaled(1000), i, round;
	struct wire *w = &self->wire;
	static uint8_t whole[PACKET_MAX];
	struct packet_view view;
	size_t size;
	int fd;

	fd = wire_socket(w, variant->family, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, set_offload(w, round ? TUN_F_CSUM : 0));
		for (i = 0; i < count; i++) {
			size = random_below(&self->seed, 1400);
			random_fill(&self->seed, payload, size);
			ASSERT_EQ(size, send(fd, payload, size, 0));
			ASSERT_EQ(0, wire_get_for(w, &record, variant->family,
						  IPPROTO_UDP, DEADLINE_MS));
			EXPECT_EQ(0, record.hdr.gso_type);
			EXPECT_EQ(0, record.hdr.gso_size);
			memcpy(whole, record.data, record.size);
			if (round) {
				ASSERT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM,
					  record.hdr.flags);
				EXPECT_EQ(record.view.l4,
					  record.hdr.csum_start);
				EXPECT_EQ(6, record.hdr.csum_offset);
				ASSERT_TRUE(packet_complete(whole, record.size,
							    &record.hdr));
			} else {
				EXPECT_EQ(0, record.hdr.flags);
			}
			ASSERT_TRUE(packet_parse(whole, record.size,
						 w->type == IFF_TAP, &view));
			EXPECT_TRUE(view.l4_sum);
			ASSERT_EQ(0, memcmp(payload, view.payload, size));
		}
	}
	close(fd);
}

/* Written without its checksum, a datagram is taken; with a wrong one, not. */
TEST_F_TIMEOUT(offload, csum_written, 120)
{
	unsigned int count = scaled(1000), i;
	struct wire *w = &self->wire;
	struct packet_flow flow = wire_flow(w, variant->family, PEER_PORT,
					    PORT);
	struct virtio_net_hdr hdr;
	size_t size;
	int fd;

	fd = wire_socket(w, variant->family, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	for (i = 0; i < count; i++) {
		size = random_below(&self->seed, 1400);
		random_fill(&self->seed, payload, size);
		packet_udp(&packet, &flow, payload, size);
		packet_needs_csum(&packet, &hdr);
		hdr.hdr_len = i & 1 ? packet.payload : 0;
		ASSERT_LT(0, wire_put(w, &packet, &hdr));
		ASSERT_EQ(size, wire_recv(fd, received, sizeof(received),
					  DEADLINE_MS));
		ASSERT_EQ(0, memcmp(payload, received, size));
	}
	packet_udp(&packet, &flow, payload, 100);
	packet.data[packet.l4 + 6] ^= 0x55;
	memset(&hdr, 0, sizeof(hdr));
	EXPECT_LT(0, wire_put(w, &packet, &hdr));
	EXPECT_EQ(-ETIMEDOUT, wire_recv(fd, received, sizeof(received),
					QUIET_MS));
	/* Only the stack's own word counts, not the writer's. */
	hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	EXPECT_LT(0, wire_put(w, &packet, &hdr));
	EXPECT_EQ(-ETIMEDOUT, wire_recv(fd, received, sizeof(received),
					QUIET_MS));
	close(fd);
}

/* A second device that has no offloads, and forwarding to it. 0 or -errno. */
static int forward_to(struct wire *other, int type)
{
	int err = forwarding_on();

	if (err)
		return err;
	*other = (struct wire){ .type = type, .vnet = 10, .net = 2 };
	return wire_open(other);
}

/* From the peer of one device to the peer of the other. */
static struct packet_flow through(const struct wire *w, const struct wire *other,
				  int family)
{
	struct packet_flow flow = wire_flow(w, family, PEER_PORT, PORT);

	memcpy(flow.to.addr, other->peer[wire_index(family)].addr,
	       sizeof(flow.to.addr));
	return flow;
}

/* Forwarded, what was left out is put in for a device that cannot. */
TEST_F_TIMEOUT(offload, csum_forwarded, 120)
{
	struct wire *w = &self->wire, other;
	unsigned int count = scaled(500), i;
	struct virtio_net_hdr hdr;
	struct packet_flow flow;
	size_t size;

	ASSERT_EQ(0, forward_to(&other, variant->type));
	flow = through(w, &other, variant->family);
	for (i = 0; i < count; i++) {
		size = random_below(&self->seed, 1400);
		random_fill(&self->seed, payload, size);
		packet_udp(&packet, &flow, payload, size);
		packet_needs_csum(&packet, &hdr);
		ASSERT_LT(0, wire_put(w, &packet, &hdr));
		ASSERT_EQ(0, wire_get_for(&other, &record, variant->family,
					  IPPROTO_UDP, DEADLINE_MS));
		EXPECT_EQ(0, record.hdr.flags);
		EXPECT_TRUE(record.view.l3_sum);
		EXPECT_TRUE(record.view.l4_sum);
		ASSERT_EQ(size, record.view.payload_size);
		ASSERT_EQ(0, memcmp(payload, record.view.payload, size));
	}
	wire_close(&other);
}

/* The test's end of a TCP connection: just enough to carry data. */
struct connection {
	struct packet_flow flow;	/* from the peer to the stack */
	uint32_t seq, ack;
	int fd;				/* the stack's end */
};

static ssize_t put_tcp(struct wire *w, const struct connection *c, uint8_t flags)
{
	packet_tcp(&packet, &c->flow, flags, c->seq, c->ack, NULL, 0);
	return wire_put(w, &packet, NULL);
}

/* The peer connects to a listening socket of the stack. 0 or -errno. */
static int connect_in(struct wire *w, int family, struct connection *c)
{
	int listener = wire_socket(w, family, SOCK_STREAM, PORT, 0);
	uint64_t end = now_ms() + DEADLINE_MS;
	int err;

	if (listener < 0)
		return listener;
	c->flow = wire_flow(w, family, PEER_PORT, PORT);
	c->seq = 0xfffff000;	/* it will wrap */
	c->ack = 0;
	err = listen(listener, 1) ? -errno : 0;
	packet_syn(&packet, &c->flow, c->seq, MSS);
	if (!err && wire_put(w, &packet, NULL) < 0)
		err = -EIO;
	/* What a former connection repeated on a slow machine may come before. */
	while (!err) {
		err = wire_get_for(w, &record, family, IPPROTO_TCP,
				   DEADLINE_MS);
		if (err || record.view.tcp_flags == (TCP_SYN | TCP_ACK))
			break;
		if (now_ms() > end)
			err = -EPROTO;
	}
	c->seq++;
	c->ack = record.view.seq + 1;
	if (!err && put_tcp(w, c, TCP_ACK) < 0)
		err = -EIO;
	if (!err && wait_events(listener, POLLIN, DEADLINE_MS) <= 0)
		err = -ETIMEDOUT;
	c->fd = err ? -1 : accept(listener, NULL, NULL);
	close(listener);
	return err;
}

/* What a record of a TCP connection says about its segmentation. */
static void check_tso(struct __test_metadata *_metadata, const struct wire *w,
		      const struct record *r, int family, unsigned int mss)
{
	uint8_t type = family == AF_INET ? VIRTIO_NET_HDR_GSO_TCPV4 :
					   VIRTIO_NET_HDR_GSO_TCPV6;
	size_t headers = r->size - r->view.payload_size;

	EXPECT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM, r->hdr.flags);
	EXPECT_EQ(r->view.l4, r->hdr.csum_start);
	EXPECT_EQ(16, r->hdr.csum_offset);
	EXPECT_TRUE(r->view.l3_sum);
	EXPECT_EQ(w->type == IFF_TAP ? 14 : 0, r->view.l3);
	if (r->view.payload_size <= mss) {
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_NONE, r->hdr.gso_type);
		return;
	}
	EXPECT_EQ(type, r->hdr.gso_type);
	EXPECT_EQ(mss, r->hdr.gso_size);
	/* Headers at least; the kernel says how much it has in one piece. */
	EXPECT_LE(headers, r->hdr.hdr_len);
	EXPECT_GE(r->size, r->hdr.hdr_len);
}

/*
 * A socket's large sends are read as super-packets, and as segments with whole
 * checksums when segmentation is switched off.
 */
TEST_F_TIMEOUT(offload, tso_read, 120)
{
	size_t total = 1 << 20, sent, got, largest, size, n;
	struct wire *w = &self->wire;
	struct connection c;
	unsigned int round;
	ssize_t ret;

	random_fill(&self->seed, payload, sizeof(payload));
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, set_offload(w, round ? 0 : TSO));
		ASSERT_EQ(0, connect_in(w, variant->family, &c));
		size = 1 << 22;
		setsockopt(c.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(int));
		sent = 0;
		got = 0;
		largest = 0;
		while (got < total) {
			n = sizeof(payload) - sent % sizeof(payload);
			if (n > total - sent)
				n = total - sent;
			ret = n ? send(c.fd, payload + sent % sizeof(payload),
				       n, MSG_DONTWAIT) : 0;
			if (ret > 0) {
				sent += ret;
				continue;
			}
			ASSERT_EQ(0, wire_get_for(w, &record, variant->family,
						  IPPROTO_TCP, DEADLINE_MS));
			if (record.view.seq != c.ack)
				continue;	/* sent again: we are slow */
			size = record.view.payload_size;
			if (round) {
				EXPECT_EQ(0, record.hdr.flags);
				EXPECT_EQ(0, record.hdr.gso_type);
				EXPECT_TRUE(record.view.l4_sum);
				EXPECT_GE(MSS, size);
			} else {
				check_tso(_metadata, w, &record,
					  variant->family, MSS);
			}
			for (n = 0; n < size; n++)
				if (record.view.payload[n] !=
				    payload[(got + n) % sizeof(payload)])
					break;
			ASSERT_EQ(size, n);
			if (size > largest)
				largest = size;
			got += size;
			c.ack += size;
			ASSERT_LT(0, put_tcp(w, &c, TCP_ACK));
		}
		printf("# largest read: %zu bytes of payload\n", largest);
		/* TCP sends less at a time to who answers late. */
		if (!round)
			EXPECT_LT((slower() > 1 ? 1 : 4) * MSS, largest);
		put_tcp(w, &c, TCP_RST);
		close(c.fd);
	}
}

/* A packet socket that takes a virtio_net_hdr. fd or -errno. */
static int packet_socket(const struct wire *w, int family,
			 struct sockaddr_ll *to)
{
	struct link_info info;
	int fd, one = 1;

	if (link_get(w->name, &info))
		return -ENODEV;
	memset(to, 0, sizeof(*to));
	to->sll_family = AF_PACKET;
	to->sll_protocol = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	to->sll_ifindex = info.index;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		return fd;
	close(fd);
	return -ENOPROTOOPT;
}

/* The largest super-packets, read exactly as another driver sent them. */
TEST_F_TIMEOUT(offload, largest_read, 120)
{
	unsigned int count = scaled(200), i;
	struct wire *w = &self->wire;
	struct packet_flow flow;
	struct virtio_net_hdr hdr;
	struct sockaddr_ll to;
	struct iovec iov[2] = { { &hdr, sizeof(hdr) }, { packet.data, 0 } };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = iov, .msg_iovlen = 2,
	};
	int fd, room = 1 << 22;
	size_t size;

	ASSERT_EQ(0, set_offload(w, TSO));
	fd = packet_socket(w, variant->family, &to);
	ASSERT_LE(0, fd);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	flow = wire_flow(w, variant->family, PEER_PORT, PORT);
	flow = packet_reverse(&flow);
	for (i = 0; i < count; i++) {
		/* With all headers less than 64 KiB, or the kernel cuts it. */
		size = i ? 2000 + random_below(&self->seed, 63000) :
			   65535 - 14 - 40 - 20;
		random_fill(&self->seed, payload, size);
		packet_tcp(&packet, &flow, TCP_ACK, i, i, payload, size);
		packet_gso(&packet, &hdr, MSS);
		iov[1].iov_len = packet.size;
		ASSERT_EQ(sizeof(hdr) + packet.size, sendmsg(fd, &msg, 0));
		ASSERT_EQ(0, wire_get_for(w, &record, variant->family,
					  IPPROTO_TCP, DEADLINE_MS));
		check_tso(_metadata, w, &record, variant->family, MSS);
		ASSERT_EQ(packet.size, record.size);
		ASSERT_EQ(0, memcmp(packet.data, record.data, packet.size));
	}
	close(fd);
}

/* Super-packets that are written reach a TCP socket. */
TEST_F_TIMEOUT(offload, tso_written, 120)
{
	unsigned int count = scaled(400), i;
	struct wire *w = &self->wire;
	struct virtio_net_hdr hdr;
	struct connection c;
	size_t size, got;
	ssize_t ret;
	int room;

	ASSERT_EQ(0, connect_in(w, variant->family, &c));
	room = 4 << 20;
	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	for (i = 0; i < count; i++) {
		/* No more than the window, which is 64 KiB at the beginning. */
		size = 1 + random_below(&self->seed, i % 4 ? 20000 : 60000);
		random_fill(&self->seed, payload, size);
		packet_tcp(&packet, &c.flow, TCP_ACK | TCP_PSH, c.seq, c.ack,
			   payload, size);
		packet_gso(&packet, &hdr, 500 + random_below(&self->seed, 900));
		if (i % 3 == 1)
			hdr.hdr_len = 0;
		if (i % 3 == 2)
			hdr.hdr_len += size / 2;
		ASSERT_EQ(wire_head(w) + packet.size,
			  wire_put(w, &packet, &hdr));
		for (got = 0; got < size; got += ret) {
			ret = wire_recv(c.fd, received + got, size - got,
					DEADLINE_MS);
			ASSERT_LT(0, ret)
				TH_LOG("packet %u, %zu of %zu", i, got, size);
		}
		ASSERT_EQ(0, memcmp(payload, received, size));
		c.seq += size;
		/* Until all is acknowledged, and the window is open again. */
		do {
			ASSERT_EQ(0, wire_get_for(w, &record, variant->family,
						  IPPROTO_TCP, DEADLINE_MS));
		} while (record.view.ack != c.seq);
	}
	put_tcp(w, &c, TCP_RST);
	close(c.fd);
}

/* Forwarded to a device that cannot, a super-packet is cut as was asked. */
TEST_F_TIMEOUT(offload, tso_forwarded, 120)
{
	struct wire *w = &self->wire, other;
	unsigned int count = scaled(200), i;
	size_t size, got, mss, n;
	struct virtio_net_hdr hdr;
	struct packet_flow flow;

	ASSERT_EQ(0, forward_to(&other, variant->type));
	flow = through(w, &other, variant->family);
	for (i = 0; i < count; i++) {
		mss = 600 + random_below(&self->seed, 800);
		size = 1 + random_below(&self->seed, i % 4 ? 20000 : 65000);
		random_fill(&self->seed, payload, size);
		packet_tcp(&packet, &flow, TCP_ACK | TCP_PSH, i, 0, payload,
			   size);
		packet_gso(&packet, &hdr, mss);
		/* Without a word on checksums, the whole one has to be right. */
		if (i & 1) {
			packet_tcp(&packet, &flow, TCP_ACK | TCP_PSH, i, 0,
				   payload, size);
			hdr.flags = 0;
			hdr.csum_start = 0;
			hdr.csum_offset = 0;
		}
		ASSERT_EQ(wire_head(w) + packet.size,
			  wire_put(w, &packet, &hdr));
		for (got = 0; got < size; got += n) {
			ASSERT_EQ(0, wire_get_for(&other, &record,
						  variant->family, IPPROTO_TCP,
						  DEADLINE_MS));
			EXPECT_EQ(0, record.hdr.gso_type);
			EXPECT_TRUE(record.view.l3_sum);
			EXPECT_TRUE(record.view.l4_sum);
			EXPECT_EQ(i + got, record.view.seq);
			n = record.view.payload_size;
			ASSERT_EQ(size - got < mss ? size - got : mss, n);
			ASSERT_EQ(0, memcmp(payload + got, record.view.payload,
					    n));
		}
	}
	wire_close(&other);
}

/* A super-packet of datagrams is read from it, or written to it, as such. */
TEST_F_TIMEOUT(offload, uso, 120)
{
	const size_t step = 1000, steps = 20, size = step * steps - 7;
	struct packet_flow flow = wire_flow(&self->wire, variant->family,
					    PEER_PORT, PORT);
	int segment = step, fd, err;
	struct wire *w = &self->wire;
	struct virtio_net_hdr hdr;
	size_t got, n;

	err = set_offload(w, USO);
	if (err == -EINVAL)
		SKIP(return, "no UDP segmentation offload in this kernel");
	ASSERT_EQ(0, err);
	fd = wire_socket(w, variant->family, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	random_fill(&self->seed, payload, size);
	packet_udp(&packet, &flow, payload, size);
	packet_gso(&packet, &hdr, step);
	ASSERT_EQ(wire_head(w) + packet.size, wire_put(w, &packet, &hdr));
	for (got = 0; got < size; got += n) {
		n = size - got < step ? size - got : step;
		ASSERT_EQ(n, wire_recv(fd, received, sizeof(received),
				       DEADLINE_MS));
		ASSERT_EQ(0, memcmp(payload + got, received, n));
	}

	/* UDP_SEGMENT, in SOL_UDP: linux/udp.h does not go with netinet. */
	ASSERT_EQ(0, setsockopt(fd, IPPROTO_UDP, 103, &segment,
				sizeof(segment)));
	ASSERT_EQ(size, send(fd, payload, size, 0));
	ASSERT_EQ(0, wire_get_for(w, &record, variant->family, IPPROTO_UDP,
				  DEADLINE_MS));
	EXPECT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM, record.hdr.flags);
	EXPECT_EQ(5, record.hdr.gso_type);
	EXPECT_EQ(step, record.hdr.gso_size);
	EXPECT_EQ(record.view.l4, record.hdr.csum_start);
	EXPECT_LE(record.view.l4 + 8, record.hdr.hdr_len);
	ASSERT_EQ(size, record.view.payload_size);
	EXPECT_EQ(0, memcmp(payload, record.view.payload, size));
	close(fd);
}

/* What user space asked for, `ethtool -K` can take back, and give again. */
TEST_F_TIMEOUT(offload, uso_switched_off, 120)
{
	const size_t step = 1000, steps = 20, size = step * steps;
	struct wire *w = &self->wire;
	int segment = step, fd, err;
	size_t got;

	err = set_offload(w, USO);
	if (err == -EINVAL)
		SKIP(return, "no UDP segmentation offload in this kernel");
	ASSERT_EQ(0, err);
	fd = wire_socket(w, variant->family, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setsockopt(fd, IPPROTO_UDP, 103, &segment,
				sizeof(segment)));
	random_fill(&self->seed, payload, size);
	ASSERT_EQ(0, ethtool_set_feature(w->name, "tx-udp-segmentation",
					 false));
	ASSERT_EQ(size, send(fd, payload, size, 0));
	for (got = 0; got < size; got += step) {
		ASSERT_EQ(0, wire_get_for(w, &record, variant->family,
					  IPPROTO_UDP, DEADLINE_MS));
		EXPECT_EQ(0, record.hdr.gso_type);
		ASSERT_EQ(step, record.view.payload_size);
		EXPECT_EQ(0, memcmp(payload + got, record.view.payload, step));
	}
	ASSERT_EQ(0, ethtool_set_feature(w->name, "tx-udp-segmentation", true));
	ASSERT_EQ(size, send(fd, payload, size, 0));
	ASSERT_EQ(0, wire_get_for(w, &record, variant->family, IPPROTO_UDP,
				  DEADLINE_MS));
	EXPECT_EQ(size, record.view.payload_size);
	close(fd);
}

/* One large datagram, as the oldest offload has it, arrives in one piece. */
TEST_F_TIMEOUT(offload, ufo_written, 120)
{
	struct packet_flow flow = wire_flow(&self->wire, variant->family,
					    PEER_PORT, PORT);
	struct wire *w = &self->wire;
	struct virtio_net_hdr hdr;
	const size_t size = 20000;
	int fd;

	fd = wire_socket(w, variant->family, SOCK_DGRAM, PORT, PEER_PORT);
	ASSERT_LE(0, fd);
	random_fill(&self->seed, payload, size);
	packet_udp(&packet, &flow, payload, size);
	packet_gso(&packet, &hdr, 1480);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	ASSERT_EQ(wire_head(w) + packet.size, wire_put(w, &packet, &hdr));
	ASSERT_EQ(size, wire_recv(fd, received, sizeof(received),
				  DEADLINE_MS));
	EXPECT_EQ(0, memcmp(payload, received, size));
	close(fd);
}

TEST_HARNESS_MAIN
