// SPDX-License-Identifier: GPL-2.0
#include "traffic.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include "device.h"
#include "packet.h"
#include "rtnl.h"

#define ECHO_ID	0x6d79

static const uint8_t peer_mac[6] = { 0x02, 0, 0, 0, 0, 0x02 };

int traffic_up(struct traffic *traffic, const char *name)
{
	char remote[16];
	int err = link_set_up(name);

	if (err || !traffic->ethernet)
		return err;
	snprintf(remote, sizeof(remote), "10.%u.0.2", traffic->net);
	return neigh_add(name, remote, peer_mac);
}

int traffic_start(struct traffic *traffic, const char *name, uint8_t net)
{
	char local[16], remote[16];
	struct packet_flow flow = {};
	struct link_info info;
	int err;

	memset(traffic, 0, sizeof(*traffic));
	snprintf(local, sizeof(local), "10.%u.0.1", net);
	snprintf(remote, sizeof(remote), "10.%u.0.2", net);
	err = addr_add(name, local, 24);
	if (err)
		return err;
	err = link_get(name, &info);
	if (err)
		return err;
	traffic->net = net;
	traffic->ethernet = info.type == ARPHRD_ETHER;
	err = traffic_up(traffic, name);
	if (err)
		return err;
	traffic->packet = malloc(sizeof(*traffic->packet));
	if (!traffic->packet)
		return -ENOMEM;
	flow.family = AF_INET;
	flow.ethernet = traffic->ethernet;
	memcpy(flow.from.mac, peer_mac, sizeof(peer_mac));
	memcpy(flow.to.mac, info.mac, sizeof(info.mac));
	packet_addr(AF_INET, remote, flow.from.addr);
	packet_addr(AF_INET, local, flow.to.addr);
	packet_echo(traffic->packet, &flow, false, ECHO_ID, 0, "echo", 4);
	return 0;
}

void traffic_stop(struct traffic *traffic)
{
	free(traffic->packet);
	traffic->packet = NULL;
}

int traffic_ask(struct traffic *traffic, int fd)
{
	struct packet *packet = traffic->packet;
	uint8_t *icmp = packet->data + packet->l4;
	uint16_t old, new;
	uint32_t sum;
	ssize_t ret;

	/* Another sequence number, and the checksum follows (RFC 1624). */
	memcpy(&old, icmp + 6, sizeof(old));
	new = htons(++traffic->seq);
	memcpy(icmp + 6, &new, sizeof(new));
	memcpy(&new, icmp + 2, sizeof(new));
	sum = (uint16_t)~new + (uint32_t)(uint16_t)~old + htons(traffic->seq);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	new = ~sum;
	memcpy(icmp + 2, &new, sizeof(new));

	ret = device_write(fd, packet->data, packet->size);
	if (ret < 0)
		return ret;
	return ret == (ssize_t)packet->size ? 0 : -EIO;
}

int traffic_answer(struct traffic *traffic, int fd, int ms)
{
	uint64_t end = now_ms() + ms;
	struct packet_view view;
	uint8_t buffer[2048];
	ssize_t size;
	int ret;

	ret = device_nonblock(fd, true);
	if (ret)
		return ret;
	for (;;) {
		size = device_read(fd, buffer, sizeof(buffer));
		if (size == -EAGAIN) {
			if (now_ms() >= end)
				return -ETIMEDOUT;
			ret = wait_events(fd, POLLIN, end - now_ms());
			if (ret < 0)
				return ret;
			continue;
		}
		if (size < 0)
			return size;
		if (packet_parse(buffer, size, traffic->ethernet, &view) &&
		    view.protocol == IPPROTO_ICMP && view.type == 0 &&
		    view.id == ECHO_ID && view.seq == traffic->seq)
			return view.l3_sum && view.l4_sum ? 0 : -EBADMSG;
	}
}

int traffic_echo(struct traffic *traffic, int fd)
{
	int err = traffic_ask(traffic, fd);

	return err ? err : traffic_answer(traffic, fd, DEADLINE_MS);
}

int traffic_socket(struct traffic *traffic)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage to;
	struct packet_end end = { .port = 9 };
	char remote[16];
	socklen_t size;

	if (fd < 0)
		return -errno;
	snprintf(remote, sizeof(remote), "10.%u.0.2", traffic->net);
	packet_addr(AF_INET, remote, end.addr);
	size = packet_sockaddr(AF_INET, &end, &to);
	if (connect(fd, (struct sockaddr *)&to, size)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

unsigned int traffic_send(int socket, unsigned int count)
{
	unsigned int sent = 0;

	while (count--)
		sent += send(socket, "datagram", 8, 0) == 8;
	return sent;
}
