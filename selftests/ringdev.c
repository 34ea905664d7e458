// SPDX-License-Identifier: GPL-2.0
#include "ringdev.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "device.h"
#include "rtnl.h"

#define PI_SIZE		4
#define VNET_SIZE	10
#define BUFFER		(128 << 20)

static const uint8_t user_mac[6] = { 0x02, 0, 0, 0, 0, 0x02 };

static void address(const struct ringdev *dev, int end, char text[16])
{
	snprintf(text, 16, "10.%u.0.%d", dev->net & 0xff, end);
}

static int big_buffers(int fd)
{
	const int size = BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		return -errno;
	return 0;
}

int ringdev_socket(const struct ringdev *dev, uint16_t port)
{
	struct packet_end end = dev->out.from;
	struct sockaddr_storage to;
	socklen_t size;
	int fd, err;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	end.port = port;
	size = packet_sockaddr(AF_INET, &end, &to);
	err = big_buffers(fd);
	if (!err && bind(fd, (struct sockaddr *)&to, size))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int ringdev_connect(const struct ringdev *dev, uint16_t port)
{
	struct packet_end end = dev->out.to;
	struct sockaddr_storage to;
	int fd = ringdev_socket(dev, 0);
	socklen_t size;
	int err;

	if (fd < 0)
		return fd;
	end.port = port;
	size = packet_sockaddr(AF_INET, &end, &to);
	if (connect(fd, (struct sockaddr *)&to, size)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void flows(struct ringdev *dev, const uint8_t mac[6])
{
	struct packet_flow *flow = &dev->in;
	char text[16];

	memset(flow, 0, sizeof(*flow));
	flow->family = AF_INET;
	flow->ethernet = dev->ethernet;
	memcpy(flow->from.mac, user_mac, 6);
	memcpy(flow->to.mac, mac, 6);
	address(dev, 2, text);
	packet_addr(AF_INET, text, flow->from.addr);
	address(dev, 1, text);
	packet_addr(AF_INET, text, flow->to.addr);
	flow->from.port = RINGDEV_PORT;
	flow->to.port = RINGDEV_PORT;
	dev->out = packet_reverse(flow);
}

static void close_sockets(struct ringdev *dev)
{
	if (dev->source >= 0)
		close(dev->source);
	if (dev->sink >= 0)
		close(dev->sink);
	dev->source = -1;
	dev->sink = -1;
}

int ringdev_start(struct ringdev *dev)
{
	struct link_info info;
	char text[16];
	int err;

	close_sockets(dev);
	address(dev, 1, text);
	err = addr_add(dev->name, text, 24);
	if (!err)
		err = link_set_up(dev->name);
	if (!err)
		err = link_get(dev->name, &info);
	if (err)
		return err;
	dev->ifindex = info.index;
	flows(dev, info.mac);
	address(dev, 2, text);
	if (dev->ethernet)
		err = neigh_add(dev->name, text, user_mac);
	if (err)
		return err;
	dev->sink = ringdev_socket(dev, RINGDEV_PORT);
	if (dev->sink < 0)
		return dev->sink;
	dev->source = ringdev_connect(dev, RINGDEV_PORT);
	return dev->source < 0 ? dev->source : 0;
}

int ringdev_create(struct ringdev *dev, int flags, unsigned int net)
{
	int mtu, err;
	char old[32];

	memset(dev, 0, sizeof(*dev));
	snprintf(dev->name, sizeof(dev->name), "ring%%d");
	dev->flags = flags;
	dev->ethernet = !(flags & IFF_TUN);
	dev->net = net;
	dev->front = (flags & IFF_NO_PI ? 0 : PI_SIZE) +
		     (flags & IFF_VNET_HDR ? VNET_SIZE : 0);
	dev->source = -1;
	dev->sink = -1;
	flows_keep(old);
	dev->fd = device_create(dev->name, flags);
	flows_restore(old);
	if (dev->fd < 0)
		return dev->fd;
	mtu = dev->ethernet ? 65535 - ETH_HLEN : 65535;
	dev->payload_max = mtu - NUMBERED_HEADERS;
	dev->buffer = malloc(RINGDEV_DATA_MAX);
	dev->packet = malloc(sizeof(*dev->packet));
	err = dev->buffer && dev->packet ? 0 : -ENOMEM;
	if (!err)
		err = link_set_mtu(dev->name, mtu);
	if (!err)
		err = ringdev_start(dev);
	if (err)
		ringdev_destroy(dev);
	return err;
}

void ringdev_destroy(struct ringdev *dev)
{
	close_sockets(dev);
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
	free(dev->buffer);
	free(dev->packet);
	dev->buffer = NULL;
	dev->packet = NULL;
}

int ringdev_queue(struct ringdev *dev)
{
	char name[IFNAMSIZ];

	memcpy(name, dev->name, IFNAMSIZ);
	return device_create(name, dev->flags);
}

int ringdev_send(struct ringdev *dev, uint32_t stream, uint32_t number,
		 size_t size)
{
	numbered_fill(dev->buffer, size, stream, number);
	return send(dev->source, dev->buffer, size, 0) < 0 ? -errno : 0;
}

int ringdev_answer(struct ringdev *dev, uint32_t stream, uint32_t number,
		   size_t size)
{
	struct sockaddr_storage to;
	socklen_t length;

	length = packet_sockaddr(AF_INET, &dev->out.to, &to);
	numbered_fill(dev->buffer, size, stream, number);
	if (sendto(dev->sink, dev->buffer, size, 0, (struct sockaddr *)&to,
		   length) < 0)
		return -errno;
	return 0;
}

static int raw_socket(const struct ringdev *dev, uint16_t protocol, bool vnet)
{
	const int on = vnet;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = dev->ifindex,
	};
	int fd, err;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(protocol));
	if (fd < 0)
		return -errno;
	err = big_buffers(fd);
	if (!err && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on,
			       sizeof(on)))
		err = -errno;
	if (!err && bind(fd, (struct sockaddr *)&to, sizeof(to)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int ringdev_raw(const struct ringdev *dev, bool vnet)
{
	return raw_socket(dev, ETH_P_IP, vnet);
}

int ringdev_raw_all(const struct ringdev *dev)
{
	return raw_socket(dev, ETH_P_ALL, false);
}

int ringdev_marked(const struct ringdev *dev, uint32_t mark)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 (uint32_t)(SKF_AD_OFF + SKF_AD_MARK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0x40000),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(*code),
		.filter = code,
	};
	int fd = ringdev_raw(dev, false);

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program))) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* A PI that says IPv4, where the device has one, and an empty header. */
static void put_front(const struct ringdev *dev, uint8_t *to)
{
	const uint16_t pi[2] = { 0, htons(ETH_P_IP) };

	memset(to, 0, dev->front);
	if (!(dev->flags & IFF_NO_PI))
		memcpy(to, pi, sizeof(pi));
}

size_t ringdev_build(struct ringdev *dev, uint8_t *to, uint32_t stream,
		     uint32_t number, size_t size)
{
	put_front(dev, to);
	numbered_packet(dev->packet, &dev->in, size, stream, number);
	memcpy(to + dev->front, dev->packet->data, dev->packet->size);
	return dev->front + dev->packet->size;
}

bool ringdev_put(struct ringdev *dev, struct ringmem *mem, uint32_t stream,
		 uint32_t number, size_t size)
{
	struct mytun_record *record;
	size_t len = dev->front + (dev->ethernet ? ETH_HLEN : 0) +
		     NUMBERED_HEADERS + size;

	record = ringmem_reserve(mem, len);
	if (!record)
		return false;
	ringdev_build(dev, record_data(record), stream, number, size);
	ringmem_push(mem);
	return true;
}

bool ringdev_parse(const struct ringdev *dev, const uint8_t *data, size_t len,
		   uint32_t *stream, uint32_t *number)
{
	uint16_t pi[2];

	if (len < dev->front)
		return false;
	if (!(dev->flags & IFF_NO_PI)) {
		memcpy(pi, data, sizeof(pi));
		if (pi[0] || pi[1] != htons(ETH_P_IP))
			return false;
	}
	return numbered_parse(data + dev->front, len - dev->front,
			      dev->ethernet, stream, number);
}

void ringdev_random(struct ringdev *dev, uint64_t *seed, bool vlan)
{
	static __thread uint8_t payload[65536];
	struct packet_flow flow = dev->out;
	size_t size;

	flow.family = random_below(seed, 2) ? AF_INET : AF_INET6;
	random_fill(seed, flow.from.addr, 16);
	random_fill(seed, flow.to.addr, 16);
	/* No loopback, multicast or broadcast: something of 20/8, 20::/8. */
	flow.from.addr[0] = 20;
	flow.to.addr[0] = 20;
	flow.from.port = 1 + random_below(seed, 65535);
	flow.to.port = 1 + random_below(seed, 65535);
	if (flow.family == AF_INET6)
		flow.label = random_below(seed, 1 << 20);
	if (dev->ethernet && vlan && random_below(seed, 2))
		flow.vlan = 1 + random_below(seed, 4094);
	/* The longest headers: IPv6 and TCP, less what payload_max is less. */
	size = ringdev_random_size(seed, NUMBERED_MIN, dev->payload_max -
				   (40 + 20 - NUMBERED_HEADERS));
	numbered_fill(payload, size, 0, (uint32_t)random_next(seed));
	switch (random_below(seed, 3)) {
	case 0:
		packet_udp(dev->packet, &flow, payload, size);
		break;
	case 1:
		packet_tcp(dev->packet, &flow, TCP_ACK | TCP_PSH,
			   (uint32_t)random_next(seed),
			   (uint32_t)random_next(seed), payload, size);
		break;
	default:
		packet_echo(dev->packet, &flow, true, flow.from.port,
			    flow.to.port, payload, size);
	}
}

static uint16_t random_protocol(const struct ringdev *dev)
{
	const uint8_t *data = dev->packet->data;

	if (dev->ethernet)
		return htons((uint16_t)(data[12] << 8 | data[13]));
	return htons(data[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
}

int ringdev_send_random(struct ringdev *dev, int raw)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = random_protocol(dev),
		.sll_ifindex = dev->ifindex,
	};

	return sendto(raw, dev->packet->data, dev->packet->size, 0,
		      (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

size_t ringdev_put_random(struct ringdev *dev, uint8_t *to)
{
	uint16_t protocol = random_protocol(dev);

	put_front(dev, to);
	if (!(dev->flags & IFF_NO_PI))
		memcpy(to + 2, &protocol, sizeof(protocol));
	memcpy(to + dev->front, dev->packet->data, dev->packet->size);
	return dev->front + dev->packet->size;
}

bool ringdev_is_random(const struct ringdev *dev, const uint8_t *data,
		       size_t len)
{
	uint16_t protocol = random_protocol(dev);
	struct packet_view view;

	if (len != dev->front + dev->packet->size)
		return false;
	if (!(dev->flags & IFF_NO_PI) &&
	    memcmp(data + 2, &protocol, sizeof(protocol)))
		return false;
	data += dev->front;
	return !memcmp(data, dev->packet->data, dev->packet->size) &&
	       packet_parse(data, dev->packet->size, dev->ethernet, &view) &&
	       view.l3_sum && view.l4_sum;
}

int ringdev_receive_random(const struct ringdev *dev, int raw, int ms)
{
	static uint8_t buffer[PACKET_MAX];
	struct sockaddr_ll from;
	socklen_t length;
	ssize_t size;
	int ret;

	do {
		ret = wait_events(raw, POLLIN, ms);
		if (ret <= 0)
			return ret ? ret : -ETIMEDOUT;
		length = sizeof(from);
		size = recvfrom(raw, buffer, sizeof(buffer), 0,
				(struct sockaddr *)&from, &length);
		if (size < 0)
			return -errno;
		/* What the stack sends goes past here as well. */
	} while (from.sll_pkttype == PACKET_OUTGOING);
	if ((size_t)size != dev->packet->size ||
	    memcmp(buffer, dev->packet->data, size) ||
	    from.sll_protocol != random_protocol(dev))
		return -EBADMSG;
	return size;
}

static void build_gso(struct ringdev *dev, const struct packet_flow *flow,
		      struct virtio_net_hdr *hdr, uint32_t stream,
		      uint32_t number, size_t size)
{
	uint8_t *payload = malloc(size);

	numbered_fill(payload, size, stream, number);
	packet_tcp(dev->packet, flow, TCP_ACK, number, 1, payload, size);
	packet_gso(dev->packet, hdr, RINGDEV_GSO_SIZE);
	free(payload);
}

/* A packet behind its header, in memory that it may change. */
static bool parse_gso(const struct ringdev *dev, uint8_t *data, size_t len,
		      const struct virtio_net_hdr *hdr, uint32_t *stream,
		      uint32_t *number)
{
	struct packet_view view;

	if ((hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) !=
	    VIRTIO_NET_HDR_GSO_TCPV4 || hdr->gso_size != RINGDEV_GSO_SIZE ||
	    !(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return false;
	return packet_complete(data, len, hdr) &&
	       packet_parse(data, len, dev->ethernet, &view) &&
	       view.protocol == IPPROTO_TCP && view.l3_sum && view.l4_sum &&
	       numbered_whole(view.payload, view.payload_size, stream, number);
}

int ringdev_send_gso(struct ringdev *dev, int raw, uint32_t stream,
		     uint32_t number, size_t size)
{
	struct virtio_net_hdr hdr;
	struct iovec iov[2] = { { &hdr, sizeof(hdr) } };

	build_gso(dev, &dev->out, &hdr, stream, number, size);
	iov[1].iov_base = dev->packet->data;
	iov[1].iov_len = dev->packet->size;
	return writev(raw, iov, 2) < 0 ? -errno : 0;
}

size_t ringdev_build_gso(struct ringdev *dev, uint8_t *to, uint32_t stream,
			 uint32_t number, size_t size)
{
	struct virtio_net_hdr hdr;

	put_front(dev, to);
	build_gso(dev, &dev->in, &hdr, stream, number, size);
	memcpy(to + dev->front - VNET_SIZE, &hdr, sizeof(hdr));
	memcpy(to + dev->front, dev->packet->data, dev->packet->size);
	return dev->front + dev->packet->size;
}

bool ringdev_parse_gso(const struct ringdev *dev, const uint8_t *data,
		       size_t len, uint32_t *stream, uint32_t *number)
{
	struct virtio_net_hdr hdr;
	uint8_t *copy;
	bool whole;

	if (len <= dev->front || !(dev->flags & IFF_VNET_HDR))
		return false;
	len -= dev->front;
	copy = malloc(len);
	memcpy(&hdr, data + dev->front - VNET_SIZE, sizeof(hdr));
	memcpy(copy, data + dev->front, len);
	whole = parse_gso(dev, copy, len, &hdr, stream, number);
	free(copy);
	return whole;
}

int ringdev_receive_gso(struct ringdev *dev, int raw, uint32_t *stream,
			uint32_t *number, int ms)
{
	static uint8_t buffer[PACKET_MAX];
	struct virtio_net_hdr hdr;
	struct iovec iov[2] = {
		{ &hdr, sizeof(hdr) }, { buffer, sizeof(buffer) }
	};
	int ret = wait_events(raw, POLLIN, ms);
	ssize_t size;

	if (ret <= 0)
		return ret ? ret : -ETIMEDOUT;
	size = readv(raw, iov, 2);
	if (size < 0)
		return -errno;
	size -= sizeof(hdr);
	if (!parse_gso(dev, buffer, size, &hdr, stream, number))
		return -EBADMSG;
	return size;
}

int ringdev_as_user(int (*run)(void *arg), void *arg)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		if (setgid(RINGDEV_UID) || setuid(RINGDEV_UID))
			_exit(255);
		_exit(-run(arg));
	}
	status = wait_child(child, DEADLINE_MS);
	if (status < 0)
		return status;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int ringdev_receive(int socket, uint32_t *stream, uint32_t *number, int ms)
{
	static __thread uint8_t buffer[65536];
	ssize_t size;
	int ret;

	size = recv(socket, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN) {
		ret = wait_events(socket, POLLIN, ms);
		if (ret <= 0)
			return ret ? ret : -ETIMEDOUT;
		size = recv(socket, buffer, sizeof(buffer), MSG_DONTWAIT);
	}
	if (size < 0)
		return -errno;
	if (!numbered_whole(buffer, size, stream, number))
		return -EBADMSG;
	return size;
}

int ringdev_sink(struct ringdev *dev, uint32_t *stream, uint32_t *number,
		 int ms)
{
	return ringdev_receive(dev->sink, stream, number, ms);
}

int ringdev_take(const struct ringdev *dev, const uint8_t *buffer, ssize_t size,
		 unsigned int head_room, unsigned int tail_room,
		 struct numbered_tally *tally)
{
	const struct mytun_record *record;
	uint32_t stream, number;
	const char *fault;
	ssize_t at = 0;
	int count = 0;

	while (at < size) {
		record = (const void *)(buffer + at);
		fault = record_fault(record, size - at);
		if (!fault && record->offset != 32 + head_room)
			fault = "not that head room";
		if (!fault && record->size <
		    (size_t)record->offset + record->len + tail_room)
			fault = "no tail room";
		if (!fault && (record->mark || record->queue))
			fault = "mark or queue";
		if (fault) {
			printf("# record %d at %zd of %zd: %s\n", count, at,
			       size, fault);
			return -1;
		}
		if (ringdev_parse(dev, record_data(record), record->len,
				  &stream, &number))
			numbered_count(tally, number, record->len);
		else
			tally->broken++;
		at += record->size;
		count++;
	}
	return count;
}

size_t ringdev_fill(struct ringdev *dev, uint8_t *to, unsigned int count,
		    uint32_t number, uint64_t *seed, size_t max)
{
	size_t at = 0, size, len;

	while (count--) {
		size = ringdev_random_size(seed, NUMBERED_MIN, max);
		len = ringdev_build(dev, to + at + MYTUN_RECORD_HEADER, 1,
				    number++, size);
		at += record_fill(to + at, 0, len);
	}
	return at;
}

unsigned int ringdev_collect(struct ringdev *dev, unsigned int want,
			     struct numbered_tally *tally)
{
	uint32_t stream, number;
	unsigned int count;
	int size;

	for (count = 0;; count++) {
		size = ringdev_sink(dev, &stream, &number,
				    count < want ? DEADLINE_MS : 0);
		if (size == -ETIMEDOUT)
			return count;
		if (size < 0)
			tally->broken++;
		else
			numbered_count(tally, number, size);
	}
}

size_t ringdev_record(const struct ringdev *dev, size_t size)
{
	return record_size(0, dev->front + (dev->ethernet ? ETH_HLEN : 0) +
			      NUMBERED_HEADERS + size);
}

size_t ringdev_random_size(uint64_t *seed, size_t min, size_t max)
{
	size_t ceiling = max;
	uint32_t kind;

	if (max <= min)
		return min;
	/* Mostly small ones, and as many at both ends as in between. */
	kind = random_below(seed, 16);
	if (kind == 0)
		return max - random_below(seed, max - min < 64 ? 1 : 64);
	if (kind == 1)
		return min + random_below(seed, max - min < 64 ? 1 : 64);
	if (kind > 3 && max > min + 1500)
		ceiling = min + 1500;
	return min + random_below(seed, ceiling - min + 1);
}

static bool must_wait(struct ringdev_flow *flow, size_t size)
{
	uint64_t bytes = flow->bytes + size -
			 __atomic_load_n(&flow->bytes_done, __ATOMIC_ACQUIRE);
	uint64_t packets = flow->packets + 1 -
			   __atomic_load_n(&flow->packets_done,
					   __ATOMIC_ACQUIRE);

	return (flow->window && bytes > flow->window) ||
	       (flow->window_packets && packets > flow->window_packets);
}

static void *flow_thread(void *arg)
{
	struct ringdev_flow *flow = arg;
	int fd = flow->socket < 0 ? flow->dev->source : flow->socket;
	uint8_t *buffer = malloc(65536);
	unsigned long i;
	size_t size, record;

	for (i = 0; i < flow->count; i++) {
		size = ringdev_random_size(&flow->seed, flow->size_min,
					   flow->size_max);
		record = ringdev_record(flow->dev, size);
		while (must_wait(flow, record)) {
			if (__atomic_load_n(&flow->stop, __ATOMIC_RELAXED))
				goto out;
			sched_yield();
		}
		if (__atomic_load_n(&flow->stop, __ATOMIC_RELAXED))
			break;
		numbered_fill(buffer, size, flow->stream, flow->first + i);
		if (send(fd, buffer, size, 0) < 0) {
			flow->error = -errno;
			break;
		}
		__atomic_store_n(&flow->bytes, flow->bytes + record,
				 __ATOMIC_RELEASE);
		__atomic_store_n(&flow->packets, flow->packets + 1,
				 __ATOMIC_RELEASE);
	}
out:
	free(buffer);
	return NULL;
}

int ringdev_flow_start(struct ringdev_flow *flow)
{
	return -pthread_create(&flow->thread, NULL, flow_thread, flow);
}

void ringdev_flow_done(struct ringdev_flow *flow, uint64_t packets,
		       uint64_t bytes)
{
	__atomic_fetch_add(&flow->bytes_done, bytes, __ATOMIC_RELEASE);
	__atomic_fetch_add(&flow->packets_done, packets, __ATOMIC_RELEASE);
}

int ringdev_flow_join(struct ringdev_flow *flow)
{
	pthread_join(flow->thread, NULL);
	return flow->error;
}
