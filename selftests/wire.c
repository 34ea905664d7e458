// SPDX-License-Identifier: GPL-2.0
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/if_ether.h>

#include "device.h"
#include "queues.h"
#include "rtnl.h"

static void addresses(struct wire *w)
{
	char text[64];
	int side;

	for (side = 0; side < 2; side++) {
		struct packet_end *end = side == w->far ? w->stack : w->peer;
		const uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)(side + 1) };

		snprintf(text, sizeof(text), "10.%u.0.%d", w->net, side + 1);
		packet_addr(AF_INET, text, end[0].addr);
		snprintf(text, sizeof(text), "fd00:%x::%d", w->net, side + 1);
		packet_addr(AF_INET6, text, end[1].addr);
		memcpy(end[0].mac, mac, sizeof(mac));
		memcpy(end[1].mac, mac, sizeof(mac));
	}
}

static int add_family(struct wire *w, int family)
{
	int i = wire_index(family), err;
	char text[64];

	inet_ntop(family, w->stack[i].addr, text, sizeof(text));
	err = addr_add(w->name, text, family == AF_INET ? 24 : 64);
	if (err)
		return err;
	if (w->type == IFF_TAP) {
		inet_ntop(family, w->peer[i].addr, text, sizeof(text));
		err = neigh_add(w->name, text, w->peer[i].mac);
		if (err)
			return err;
	}
	return family == AF_INET6 ? address_ready(w->stack[1].addr) : 0;
}

static int configure(struct wire *w)
{
	int err;

	if (w->vnet) {
		err = device_ioctl(w->fd, TUNSETVNETHDRSZ,
				   (unsigned long)&w->vnet);
		if (err)
			return err;
	}
	if (w->type == IFF_TAP) {
		err = link_set_mac(w->name, w->stack[0].mac);
		if (err)
			return err;
	}
	if (!w->ipv4_only) {
		err = ipv6_enable(w->name);
		if (err)
			return err;
	}
	err = link_set_up(w->name);
	if (err)
		return err;
	err = add_family(w, AF_INET);
	if (err || w->ipv4_only)
		return err;
	return add_family(w, AF_INET6);
}

int wire_open(struct wire *w)
{
	int flags = w->type;
	int err;

	if (!w->pi)
		flags |= IFF_NO_PI;
	if (w->vnet)
		flags |= IFF_VNET_HDR;
	snprintf(w->name, sizeof(w->name), "wire%u", w->net);
	addresses(w);
	w->fd = device_create(w->name, flags);
	if (w->fd < 0)
		return w->fd;
	err = device_nonblock(w->fd, true);
	if (!err)
		err = configure(w);
	if (err)
		wire_close(w);
	return err;
}

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

size_t wire_head(const struct wire *w)
{
	return (w->pi ? sizeof(struct tun_pi) : 0) + w->vnet;
}

struct packet_flow wire_flow(const struct wire *w, int family,
			     uint16_t from_port, uint16_t to_port)
{
	struct packet_flow flow = {
		.family = family,
		.ethernet = w->type == IFF_TAP,
		.from = w->peer[wire_index(family)],
		.to = w->stack[wire_index(family)],
	};

	flow.from.port = from_port;
	flow.to.port = to_port;
	return flow;
}

size_t wire_front(const struct wire *w, uint16_t ethertype,
		  const struct virtio_net_hdr *hdr, uint8_t *to)
{
	struct tun_pi pi = { .proto = htons(ethertype) };
	uint8_t *at = to;

	if (w->pi) {
		memcpy(at, &pi, sizeof(pi));
		at += sizeof(pi);
	}
	if (w->vnet) {
		/* Nobody looks at what stands behind the ten bytes. */
		memset(at, 0xa5, w->vnet);
		memset(at, 0, sizeof(*hdr));
		if (hdr)
			memcpy(at, hdr, sizeof(*hdr));
		at += w->vnet;
	}
	return (size_t)(at - to);
}

ssize_t wire_put(struct wire *w, const struct packet *p,
		 const struct virtio_net_hdr *hdr)
{
	uint8_t front[sizeof(struct tun_pi) + PACKET_VNET_MAX];
	uint16_t ethertype = ETH_P_IPV6;
	struct iovec iov[2];
	ssize_t ret;

	if (p->data[p->l3] >> 4 == 4)
		ethertype = ETH_P_IP;
	iov[0].iov_base = front;
	iov[0].iov_len = wire_front(w, ethertype, hdr, front);
	iov[1].iov_base = (void *)p->data;
	iov[1].iov_len = p->size;
	ret = writev(w->fd, iov, 2);
	return ret < 0 ? -errno : ret;
}

static int take_apart(const struct wire *w, struct record *r)
{
	const uint8_t *at = r->raw;

	memset(&r->pi, 0, sizeof(r->pi));
	memset(&r->hdr, 0, sizeof(r->hdr));
	if (r->total < wire_head(w))
		return -EBADMSG;
	if (w->pi) {
		memcpy(&r->pi, at, sizeof(r->pi));
		at += sizeof(r->pi);
	}
	if (w->vnet) {
		memcpy(&r->hdr, at, sizeof(r->hdr));
		memcpy(r->tail, at + sizeof(r->hdr),
		       w->vnet - sizeof(r->hdr));
		at += w->vnet;
	}
	r->data = at;
	r->size = r->total - wire_head(w);
	return packet_parse(r->data, r->size, w->type == IFF_TAP, &r->view) ?
	       0 : -EBADMSG;
}

int wire_get(struct wire *w, struct record *r, int ms)
{
	uint64_t end = now_ms() + ms;
	ssize_t ret;
	int left;

	for (;;) {
		ret = device_read(w->fd, r->raw, sizeof(r->raw));
		if (ret >= 0) {
			r->total = ret;
			return take_apart(w, r);
		}
		if (ret != -EAGAIN)
			return ret;
		left = (int)(end - now_ms());
		if (left <= 0)
			return -ETIMEDOUT;
		wait_events(w->fd, POLLIN, left);
	}
}

int wire_get_for(struct wire *w, struct record *r, int family, uint8_t protocol,
		 int ms)
{
	const struct packet_end *peer = &w->peer[wire_index(family)];
	uint64_t end = now_ms() + ms;
	int left, err;

	do {
		left = (int)(end - now_ms());
		err = wire_get(w, r, left > 0 ? left : 0);
		if (err)
			return err;
	} while (r->view.flow.family != family ||
		 r->view.protocol != protocol ||
		 memcmp(r->view.flow.to.addr, peer->addr, sizeof(peer->addr)));
	return 0;
}

int wire_socket(const struct wire *w, int family, int type, uint16_t port,
		uint16_t peer_port)
{
	int i = wire_index(family), fd, one = 1, err = 0;
	struct packet_end here = w->stack[i], there = w->peer[i];
	struct sockaddr_storage address;
	socklen_t length;

	fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	here.port = port;
	there.port = peer_port;
	length = packet_sockaddr(family, &here, &address);
	if (bind(fd, (struct sockaddr *)&address, length))
		err = -errno;
	length = packet_sockaddr(family, &there, &address);
	if (!err && peer_port &&
	    connect(fd, (struct sockaddr *)&address, length) &&
	    errno != EINPROGRESS)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

ssize_t wire_recv(int fd, void *data, size_t size, int ms)
{
	ssize_t ret = wait_events(fd, POLLIN, ms);

	if (ret <= 0)
		return ret ? ret : -ETIMEDOUT;
	ret = recv(fd, data, size, MSG_DONTWAIT);
	return ret < 0 ? -errno : ret;
}
