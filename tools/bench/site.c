// SPDX-License-Identifier: GPL-2.0
#include "device.h"

#include "site.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"
#include "rtnl.h"

#define NEAR		"10.1.0.1"
#define FAR		"10.1.0.2"
#define PORT_NEAR	4001
#define PORT_FAR	4002
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

	check(fd < 0 ? -errno : 0, "UDP socket");
	check(bind(fd, (struct sockaddr *)&self, sizeof(self)) ? -errno : 0,
	      "UDP socket");
	return fd;
}

int site_sink(void)
{
	const int bytes = 1;
	int fd = udp_socket(NEAR, PORT_NEAR);

	check(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) ?
	      -errno : 0, "SO_RCVBUF");
	return fd;
}

int site_source(void)
{
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT_FAR),
		.sin_addr.s_addr = inet_addr(FAR),
	};
	const int bytes = 16 << 20;
	int fd = udp_socket(NEAR, PORT_NEAR + 10);

	check(connect(fd, (struct sockaddr *)&there, sizeof(there)) ?
	      -errno : 0, "UDP socket");
	check(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
			 sizeof(bytes)) ? -errno : 0, "SO_SNDBUFFORCE");
	return fd;
}

void site_send(int socket, size_t size)
{
	struct iovec iov = {
		.iov_base = payload,
		.iov_len = size - IP_UDP,
	};
	struct mmsghdr messages[BURST] = {};
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < ROUND; i += BURST)
		if (sendmmsg(socket, messages, BURST, 0) != BURST)
			check(errno ? -errno : -EIO, "sendmmsg");
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

void site_packet(struct packet *packet, const char *name, bool ethernet,
		 size_t size)
{
	struct packet_flow flow;

	flow_to(&flow, name, ethernet);
	packet_udp(packet, &flow, payload, size - IP_UDP);
}

void site_segment(struct packet *packet, const char *name, bool ethernet,
		  size_t size, uint32_t seq)
{
	struct packet_flow flow;

	flow_to(&flow, name, ethernet);
	packet_tcp(packet, &flow, TCP_ACK, seq, 1, payload, size - IP_TCP);
}
