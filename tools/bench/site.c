// SPDX-License-Identifier: GPL-2.0
#include "device.h"

#include "site.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "measure.h"
#include "rtnl.h"

#define NEAR		"10.1.0.1"
#define FAR		"10.1.0.2"
#define PORT_NEAR	4001
#define PORT_FAR	4002
#define PORT_SOURCE	4011
#define FLOW_PORTS	32768
#define IP_UDP		28		/* bytes of both headers */
#define IP_TCP		40

const uint8_t site_peer[6] = { 0x02, 0, 0, 0, 0, 0x02 };

static uint8_t payload[65536];

int site_up(const char *name, bool ethernet)
{
	struct link_info info;

	check(addr_add(name, NEAR, 24), name);
	check(link_set_up(name), name);
	if (ethernet)
		check(neigh_add(name, FAR, site_peer), name);
	check(link_get(name, &info), name);
	return info.index;
}

void site_drop(const char *name)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "tc qdisc add dev %s clsact && tc filter add dev %s ingress matchall action drop",
		 name, name);
	if (system(command)) {
		fprintf(stderr, "bench: tc cannot drop at %s\n", name);
		exit(1);
	}
}

static int udp_socket(const char *address, uint16_t port)
{
	struct sockaddr_in self = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(address),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check_errno(fd, "UDP socket");
	check_errno(bind(fd, (struct sockaddr *)&self, sizeof(self)),
		    "UDP socket");
	return fd;
}

int site_sink(void)
{
	const int bytes = 1;
	int fd = udp_socket(NEAR, PORT_NEAR);

	check_errno(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes,
			       sizeof(bytes)), "SO_RCVBUF");
	return fd;
}

static void flow_to(struct packet_flow *flow, const char *name, bool ethernet)
{
	struct link_info info;

	memset(flow, 0, sizeof(*flow));
	flow->family = AF_INET;
	flow->ethernet = ethernet;
	packet_addr(AF_INET, FAR, flow->from.addr);
	packet_addr(AF_INET, NEAR, flow->to.addr);
	flow->from.port = PORT_FAR;
	flow->to.port = PORT_NEAR;
	if (!ethernet)
		return;
	check(link_get(name, &info), name);
	memcpy(flow->from.mac, site_peer, sizeof(site_peer));
	memcpy(flow->to.mac, info.mac, sizeof(info.mac));
}

int site_source(unsigned int number)
{
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT_FAR),
		.sin_addr.s_addr = inet_addr(FAR),
	};
	const int bytes = 16 << 20;
	int fd = udp_socket(NEAR, (uint16_t)(PORT_SOURCE + number));

	check_errno(connect(fd, (struct sockaddr *)&there, sizeof(there)),
		    "UDP socket");
	check_errno(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
			       sizeof(bytes)), "SO_SNDBUFFORCE");
	return fd;
}

void site_send(const int *sockets, unsigned int count, size_t size)
{
	struct iovec iov = {
		.iov_base = payload,
		.iov_len = size - IP_UDP,
	};
	struct mmsghdr messages[BURST] = {};
	static unsigned int turn;
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < ROUND / BURST; i++)
		if (sendmmsg(sockets[turn++ % count], messages, BURST, 0) !=
		    BURST)
			check(errno ? -errno : -EIO, "sendmmsg");
}

int site_raw_source(int ifindex, int option)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
	};
	const int on = 1, bytes = 16 << 20;
	/* Protocol 0: it receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	check_errno(fd, "packet socket");
	check_errno(bind(fd, (struct sockaddr *)&to, sizeof(to)),
		    "packet socket");
	check_errno(setsockopt(fd, SOL_PACKET, option, &on, sizeof(on)),
		    "packet socket");
	check_errno(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
			       sizeof(bytes)), "SO_SNDBUFFORCE");
	return fd;
}

void site_large(struct packet *packet, struct virtio_net_hdr *header,
		const char *name, bool ethernet)
{
	struct packet_flow flow;

	flow_to(&flow, name, ethernet);
	flow = packet_reverse(&flow);
	packet_tcp(packet, &flow, TCP_ACK, 1, 1, payload, SITE_LARGE - IP_TCP);
	packet_gso(packet, header, SITE_SEGMENT);
}

void site_send_large(int socket, const struct packet *packet,
		     const struct virtio_net_hdr *header)
{
	const struct iovec iov[2] = {
		{ (void *)header, sizeof(*header) },
		{ (void *)packet->data, packet->size },
	};
	unsigned int i;

	for (i = 0; i < ROUND_LARGE; i++)
		check_errno((int)writev(socket, iov, 2), "packet socket");
}

void site_packet(struct packet *packet, const char *name, bool ethernet,
		 size_t size)
{
	struct packet_flow flow;

	flow_to(&flow, name, ethernet);
	packet_udp(packet, &flow, payload, size - IP_UDP);
}

void site_answer(struct packet *packet, const char *name, bool ethernet,
		 size_t size)
{
	struct packet_flow flow;

	flow_to(&flow, name, ethernet);
	flow.to.port = PORT_SOURCE;
	packet_udp(packet, &flow, payload, size - IP_UDP);
}

/* A million of them are made: what they have in common is made once. */
void site_flow(struct packet *packet, const char *name, bool ethernet,
	       size_t size, uint32_t number)
{
	const uint32_t block = number / FLOW_PORTS;
	const uint16_t port = (uint16_t)(1024 + number % FLOW_PORTS);
	static struct packet common;
	static uint32_t made = UINT32_MAX;
	struct packet_flow flow;

	if (ethernet || block != made || common.size != size) {
		flow_to(&flow, name, ethernet);
		flow.from.addr[3] = (uint8_t)(flow.from.addr[3] + block);
		packet_udp(&common, &flow, payload, size - IP_UDP);
		/* UDP without a checksum: the port may be any. */
		memset(common.data + common.l4 + 6, 0, 2);
		made = block;
	}
	packet->size = common.size;
	packet->l3 = common.l3;
	packet->l4 = common.l4;
	packet->payload = common.payload;
	memcpy(packet->data, common.data, common.size);
	packet->data[packet->l4] = (uint8_t)(port >> 8);
	packet->data[packet->l4 + 1] = (uint8_t)port;
}

/* As every TCP sends it: else GRO wants its ids to count up. */
static void set_dont_fragment(uint8_t *ip)
{
	uint32_t sum = (uint32_t)~(ip[10] << 8 | ip[11]) & 0xffff;

	ip[6] |= 0x40;
	sum += 0x4000;
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

void site_segment(struct packet *packet, const char *name, bool ethernet,
		  size_t size, uint32_t seq)
{
	struct packet_flow flow;

	flow_to(&flow, name, ethernet);
	packet_tcp(packet, &flow, TCP_ACK, seq, 1, payload, size - IP_TCP);
	set_dont_fragment(packet->data + packet->l3);
}

unsigned long site_seen(void)
{
	unsigned long sum = 0;
	char line[256];
	FILE *file = fopen("/proc/net/softnet_stat", "r");

	check(file ? 0 : -errno, "softnet_stat");
	while (fgets(line, sizeof(line), file))
		sum += strtoul(line, NULL, 16);
	fclose(file);
	return sum;
}
