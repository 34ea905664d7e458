// SPDX-License-Identifier: GPL-2.0
#include "queues.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_vlan.h>
#include <linux/sockios.h>

#include "device.h"
#include "rtnl.h"

#define PORTS_OF_ADDRESS	(FLOWS / PORTLESS_FLOWS)
#define PORT_STEP		3500
#define PORT_BASE		2048
#define PAYLOAD			24

static const struct {
	uint8_t protocol;
	uint16_t port;
} kinds[FLOW_KINDS] = {
	[FLOW_PING]	  = { IPPROTO_ICMP, 0 },
	[FLOW_TCP_LISTEN] = { IPPROTO_TCP, PORT_LISTEN },
	[FLOW_TCP_CLOSED] = { IPPROTO_TCP, PORT_CLOSED },
	[FLOW_UDP_ECHO]	  = { IPPROTO_UDP, PORT_ECHO },
	[FLOW_UDP_SINK]	  = { IPPROTO_UDP, PORT_SINK },
	[FLOW_UDP_CLOSED] = { IPPROTO_UDP, PORT_CLOSED },
};

/* Sockets that also send when the test tells them to. */
static struct {
	int echo, sink;
} sockets_v4 = { -1, -1 }, sockets_v6 = { -1, -1 };

static uint64_t mix(const struct queues *q, unsigned int number)
{
	uint64_t state = q->seed + number;

	return random_next(&state);
}

/* A bijection of the numbers below range (a power of 2), and back. */
static uint32_t scramble(const struct queues *q, uint32_t number,
			 uint32_t range)
{
	return (number * 40503u ^ (uint32_t)q->seed) & (range - 1);
}

static uint32_t unscramble(const struct queues *q, uint32_t code,
			   uint32_t range)
{
	/* 1650947975 * 40503 is 1 modulo 2^32. */
	return (code ^ (uint32_t)q->seed) * 1650947975u & (range - 1);
}

struct packet_flow queues_flow(const struct queues *q, enum flow_kind kind,
			       unsigned int number)
{
	struct packet_flow flow = {
		.family = q->family,
		.ethernet = q->type == IFF_TAP,
		.vlan = q->vlan,
		.to = q->local,
	};
	uint64_t noise = mix(q, number);
	uint32_t code, host;

	if (kinds[kind].protocol == IPPROTO_ICMP) {
		host = scramble(q, number, PORTLESS_FLOWS);
	} else {
		code = scramble(q, number, FLOWS);
		host = code / PORTS_OF_ADDRESS;
		flow.from.port = (uint16_t)(PORT_BASE +
					    code % PORTS_OF_ADDRESS * PORT_STEP +
					    noise % PORT_STEP);
		flow.to.port = kinds[kind].port;
	}
	memcpy(flow.from.mac, q->gateway, 6);
	if (q->family == AF_INET) {
		flow.from.addr[0] = 10;
		flow.from.addr[1] = (uint8_t)(q->net + 1);
		flow.from.addr[2] = host >> 8;
		flow.from.addr[3] = host & 0xff;
	} else {
		flow.from.addr[0] = 0xfd;
		flow.from.addr[3] = (uint8_t)(q->net + 1);
		memset(flow.from.addr + 8, 0x5a, 6);
		flow.from.addr[14] = host >> 8;
		flow.from.addr[15] = host & 0xff;
		if (q->label)
			flow.label = 1 + noise % 0xfffff;
	}
	return flow;
}

int queues_number(const struct queues *q, const struct packet_view *view)
{
	const struct packet_end *end = &view->flow.to;
	uint32_t host;

	if (view->flow.family != q->family)
		return -1;
	if (q->family == AF_INET) {
		if (end->addr[0] != 10 || end->addr[1] != q->net + 1)
			return -1;
		host = (uint32_t)end->addr[2] << 8 | end->addr[3];
	} else {
		if (end->addr[0] != 0xfd || end->addr[3] != q->net + 1)
			return -1;
		host = (uint32_t)end->addr[14] << 8 | end->addr[15];
	}
	if (!view->fragment && (view->protocol == IPPROTO_TCP ||
				view->protocol == IPPROTO_UDP)) {
		if (end->port < PORT_BASE)
			return -1;
		host = host * PORTS_OF_ADDRESS +
		       (end->port - PORT_BASE) / PORT_STEP;
		return (int)unscramble(q, host, FLOWS);
	}
	return (int)unscramble(q, host, PORTLESS_FLOWS);
}

static uint32_t sequence(const struct queues *q, unsigned int number)
{
	return (uint32_t)(mix(q, number) >> 32);
}

static void content(const struct queues *q, unsigned int number,
		    uint8_t payload[PAYLOAD])
{
	uint64_t state = q->seed ^ ((uint64_t)number << 32);

	random_fill(&state, payload, PAYLOAD);
}

static bool genuine(const struct queues *q, unsigned int number,
		    const struct packet_view *view)
{
	uint8_t payload[PAYLOAD];

	if (!view->l3_sum || !view->l4_sum)
		return false;
	if (view->protocol == IPPROTO_TCP)
		return view->ack == sequence(q, number) + 1;
	if (view->fragment || view->payload_size != PAYLOAD)
		return true;
	content(q, number, payload);
	return !memcmp(payload, view->payload, PAYLOAD);
}

bool queues_put(struct queues *q, unsigned int slot)
{
	ssize_t ret = device_write(q->fd[slot], q->out.data, q->out.size);

	if (ret == (ssize_t)q->out.size)
		return true;
	printf("# writing %zu bytes to queue %u: %zd\n", q->out.size, slot, ret);
	return false;
}

bool queues_write(struct queues *q, enum flow_kind kind, unsigned int number,
		  unsigned int slot)
{
	struct packet_flow flow = queues_flow(q, kind, number);
	uint8_t payload[PAYLOAD];

	content(q, number, payload);
	switch (kinds[kind].protocol) {
	case IPPROTO_ICMP:
		packet_echo(&q->out, &flow, false, (uint16_t)number, 1, payload,
			    sizeof(payload));
		break;
	case IPPROTO_TCP:
		packet_tcp(&q->out, &flow, TCP_SYN, sequence(q, number), 0,
			   NULL, 0);
		break;
	default:
		packet_udp(&q->out, &flow, payload, sizeof(payload));
	}
	q->want[number] = (int8_t)slot;
	q->awaited[number] = kind != FLOW_UDP_SINK && kind != FLOW_UDP_CLOSED;
	q->tally.written++;
	return queues_put(q, slot);
}

int queues_send(struct queues *q, enum flow_kind kind, unsigned int number,
		size_t size)
{
	struct packet_flow flow = queues_flow(q, kind, number);
	static uint8_t payload[65536];
	struct sockaddr_storage to;
	socklen_t length = packet_sockaddr(q->family, &flow.from, &to);
	int fd;

	if (kind == FLOW_UDP_ECHO)
		fd = q->family == AF_INET ? sockets_v4.echo : sockets_v6.echo;
	else
		fd = q->family == AF_INET ? sockets_v4.sink : sockets_v6.sink;
	if (!size)
		content(q, number, payload);
	if (sendto(fd, payload, size ? size : PAYLOAD, 0,
		   (struct sockaddr *)&to, length) < 0)
		return -errno;
	q->awaited[number] = true;
	return 0;
}

static int poll_queues(struct queues *q, int ms)
{
	struct pollfd pfd[QUEUES];
	unsigned int i;
	int ret;

	for (i = 0; i < QUEUES; i++) {
		pfd[i].fd = q->parked[i] ? -1 : q->fd[i];
		pfd[i].events = POLLIN;
		pfd[i].revents = 0;
	}
	ret = poll(pfd, QUEUES, ms);
	if (ret < 0)
		return -errno;
	for (i = 0; i < QUEUES; i++)
		if (pfd[i].revents & POLLIN)
			q->ready |= 1u << i;
	return ret;
}

int queues_next(struct queues *q, struct packet_view *view, int ms)
{
	uint64_t end = now_ms() + ms;
	int slot, left;
	ssize_t size;

	for (;;) {
		while (q->ready) {
			slot = __builtin_ctz(q->ready);
			size = device_read(q->fd[slot], q->in, sizeof(q->in));
			if (size <= 0) {
				q->ready &= ~(1u << slot);
				continue;
			}
			if (packet_parse(q->in, size, q->type == IFF_TAP, view))
				return slot;
		}
		left = (int)(end - now_ms());
		if (poll_queues(q, left > 0 ? left : 0) <= 0 && left <= 0)
			return -ETIMEDOUT;
	}
}

/* Answer a SYN-ACK by RST, so that the listener's backlog stays empty. */
static void reset(struct queues *q, unsigned int number,
		  const struct packet_view *view)
{
	struct packet_flow flow;

	if (view->protocol != IPPROTO_TCP ||
	    view->tcp_flags != (TCP_SYN | TCP_ACK) ||
	    q->want[number] == NO_QUEUE)
		return;
	flow = queues_flow(q, FLOW_TCP_LISTEN, number);
	packet_tcp(&q->out, &flow, TCP_RST, view->ack, 0, NULL, 0);
	queues_put(q, q->want[number]);
}

/* True if it was awaited: not, for one, what is sent again. */
static bool count(struct queues *q, int slot, const struct packet_view *view)
{
	int number = queues_number(q, view);
	bool wrong, awaited;

	if (number < 0)
		return false;
	awaited = q->awaited[number];
	q->awaited[number] = false;
	wrong = q->want[number] != NO_QUEUE && q->want[number] != slot;
	q->tally.replies++;
	q->tally.wrong += wrong;
	if (!q->seen[number]) {
		q->tally.first++;
		q->tally.first_wrong += wrong;
	}
	if (q->seen[number] < 255)
		q->seen[number]++;
	q->last[number] = (int8_t)slot;
	q->tally.labelled += view->flow.label != 0;
	q->tally.broken += !genuine(q, number, view);
	reset(q, number, view);
	return awaited;
}

/* Where what did not come may be: what each layer counted until now. */
static void print_whereabouts(const struct queues *q)
{
	static const char * const files[] = {
		"/proc/net/dev", "/proc/net/softnet_stat", "/proc/net/snmp",
		NULL
	};
	char text[16384], *line, *save;
	unsigned int i;

	for (i = 0; files[i]; i++) {
		if (file_read(files[i], text, sizeof(text)) < 0)
			continue;
		line = strtok_r(text, "\n", &save);
		for (; line; line = strtok_r(NULL, "\n", &save))
			printf("# %s %s: %s\n", q->name, files[i], line);
	}
	fflush(stdout);
}

void queues_collect(struct queues *q, long wanted)
{
	struct packet_view view;
	long got = 0;
	int slot;

	while (got < wanted) {
		slot = queues_next(q, &view, q->patience);
		if (slot < 0) {
			q->tally.missing += wanted - got;
			print_whereabouts(q);
			/* It has failed: do not spend the time limit on it. */
			q->patience = QUIET_MS;
			return;
		}
		got += count(q, slot, &view);
	}
}

void queues_exchange(struct queues *q, enum flow_kind kind, unsigned int first,
		     unsigned int count, unsigned int turn)
{
	unsigned int done, burst, i;

	for (done = 0; done < count; done += burst) {
		burst = count - done < BURST ? count - done : BURST;
		for (i = done; i < done + burst; i++)
			queues_write(q, kind, first + i, (i + turn) % QUEUES);
		queues_collect(q, burst);
	}
}

void queues_settle(struct queues *q, int ms)
{
	uint64_t end = now_ms() + ms;
	struct packet_view view;
	int slot;

	do {
		slot = queues_next(q, &view, 0);
		if (slot >= 0)
			count(q, slot, &view);
		else if (now_ms() < end)
			sleep_ms(10);
	} while (slot >= 0 || now_ms() < end);
}

void queues_forget(struct queues *q)
{
	memset(q->last, NO_QUEUE, sizeof(q->last));
	memset(q->seen, 0, sizeof(q->seen));
	memset(&q->tally, 0, sizeof(q->tally));
}

void queues_tally_add(struct queues_tally *to, const struct queues_tally *more)
{
	to->written += more->written;
	to->replies += more->replies;
	to->first += more->first;
	to->first_wrong += more->first_wrong;
	to->wrong += more->wrong;
	to->broken += more->broken;
	to->missing += more->missing;
	to->labelled += more->labelled;
}

void queues_tally_print(const struct queues_tally *tally, const char *where,
			const char *what)
{
	printf("# %s: %s: %ld of %ld first replies wrong, %ld of %ld in all",
	       where, what, tally->first_wrong, tally->first, tally->wrong,
	       tally->replies);
	if (tally->missing || tally->broken)
		printf(", %ld missing, %ld broken", tally->missing,
		       tally->broken);
	printf("\n");
	fflush(stdout);
}

int queues_open(struct queues *q, unsigned int slot)
{
	int fd = device_open(O_NONBLOCK);
	int err;

	if (fd < 0)
		return fd;
	err = device_setiff(fd, q->name,
			    q->type | IFF_NO_PI | IFF_MULTI_QUEUE);
	if (err) {
		close(fd);
		return err;
	}
	q->fd[slot] = fd;
	q->parked[slot] = false;
	return 0;
}

int queues_detach(struct queues *q, unsigned int slot)
{
	int err = device_setqueue(q->fd[slot], IFF_DETACH_QUEUE);

	if (!err)
		q->parked[slot] = true;
	q->ready &= ~(1u << slot);
	return err;
}

int queues_attach(struct queues *q, unsigned int slot)
{
	int err = device_setqueue(q->fd[slot], IFF_ATTACH_QUEUE);

	if (!err)
		q->parked[slot] = false;
	return err;
}

void queues_close(struct queues *q, unsigned int slot)
{
	if (q->fd[slot] >= 0)
		close(q->fd[slot]);
	q->fd[slot] = -1;
	q->ready &= ~(1u << slot);
}

struct local_route {
	char line[40];		/* as /proc/net/ipv6_route begins it */
};

static bool has_route(void *arg)
{
	const struct local_route *route = arg;
	FILE *file = fopen("/proc/thread-self/net/ipv6_route", "re");
	char line[256];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, route->line, 35);
	fclose(file);
	return found;
}

int address_ready(const uint8_t addr[16])
{
	struct local_route route;
	unsigned int i;

	for (i = 0; i < 16; i++)
		snprintf(route.line + 2 * i, 3, "%02x", addr[i]);
	memcpy(route.line + 32, " 80", 4);
	return wait_for(has_route, &route, DEADLINE_MS);
}

/* Addresses of net q->net on that link: the device, or a VLAN on top of it. */
static int configure(struct queues *q, const char *name)
{
	bool v4 = q->family == AF_INET;
	char local[64], gateway[64], others[64];
	struct link_info info;
	int err;

	if (v4) {
		snprintf(local, sizeof(local), "10.%u.0.1", q->net);
		snprintf(gateway, sizeof(gateway), "10.%u.0.2", q->net);
		snprintf(others, sizeof(others), "10.%u.0.0", q->net + 1);
	} else {
		snprintf(local, sizeof(local), "fd00:%x::1", q->net);
		snprintf(gateway, sizeof(gateway), "fd00:%x::2", q->net);
		snprintf(others, sizeof(others), "fd00:%x::", q->net + 1);
		err = ipv6_enable(name);
		if (err)
			return err;
	}
	err = link_set_up(name);
	if (err)
		return err;
	err = addr_add(name, local, v4 ? 24 : 64);
	if (err)
		return err;
	if (q->type == IFF_TAP) {
		err = neigh_add(name, gateway, q->gateway);
		if (err)
			return err;
	}
	err = route_add(name, others, v4 ? 16 : 64, gateway);
	if (err)
		return err;
	err = link_get(name, &info);
	if (err)
		return err;
	packet_addr(q->family, local, q->local.addr);
	memcpy(q->local.mac, info.mac, sizeof(q->local.mac));
	return v4 ? 0 : address_ready(q->local.addr);
}

int queues_add_vlan(struct queues *q, uint16_t vid)
{
	struct vlan_ioctl_args args = { .cmd = ADD_VLAN_CMD };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[2 * IFNAMSIZ];
	int err = 0;

	if (fd < 0)
		return -errno;
	snprintf(args.device1, sizeof(args.device1), "%s", q->name);
	args.u.VID = vid;
	if (ioctl(fd, SIOCSIFVLAN, &args))
		err = -errno;
	close(fd);
	if (err)
		return err;
	snprintf(name, sizeof(name), "%s.%u", q->name, vid);
	q->net += 16;
	q->vlan = vid;
	return configure(q, name);
}

struct queues *queues_create_ageing(int type, int family, unsigned int net,
				    unsigned int count, uint64_t seed)
{
	static const uint8_t gateway[6] = { 2, 0, 0, 0, 0, 2 };
	struct queues *q = calloc(1, sizeof(*q));
	unsigned int i;
	int err = 0;

	if (!q)
		return NULL;
	q->type = type;
	q->family = family;
	q->net = net;
	q->seed = seed;
	q->patience = DEADLINE_MS;
	memcpy(q->gateway, gateway, sizeof(gateway));
	q->gateway[5] += net;
	snprintf(q->name, sizeof(q->name), "steer%u", net);
	memset(q->want, NO_QUEUE, sizeof(q->want));
	queues_forget(q);
	for (i = 0; i < QUEUES; i++)
		q->fd[i] = -1;
	for (i = 0; i < count && !err; i++)
		err = queues_open(q, i);
	if (!err)
		err = configure(q, q->name);
	if (err) {
		printf("# %s: no device with %u queues: %s\n", q->name, count,
		       strerror(-err));
		queues_destroy(q);
		return NULL;
	}
	return q;
}

struct queues *queues_create(int type, int family, unsigned int net,
			     unsigned int count, uint64_t seed)
{
	struct queues *q;
	char old[32];

	flows_keep(old);
	q = queues_create_ageing(type, family, net, count, seed);
	flows_restore(old);
	return q;
}

void queues_destroy(struct queues *q)
{
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		queues_close(q, i);
	free(q);
}

static int server(int family, int type, uint16_t port)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	const struct packet_end any = { .port = port };
	struct sockaddr_storage address;
	socklen_t length = packet_sockaddr(family, &any, &address);
	int one = 1, err;

	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, length) ||
	    (type == SOCK_STREAM && listen(fd, 65535))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void *echo(void *arg)
{
	static __thread uint8_t data[65536];
	struct sockaddr_storage from;
	int fd = *(int *)arg;
	socklen_t length;
	ssize_t size;

	for (;;) {
		length = sizeof(from);
		size = recvfrom(fd, data, sizeof(data), 0,
				(struct sockaddr *)&from, &length);
		if (size >= 0)
			sendto(fd, data, size, 0, (struct sockaddr *)&from,
			       length);
		else if (errno != EINTR && errno != ECONNREFUSED)
			return NULL;
	}
}

static int serve(int family, int *echo_fd, int *sink_fd)
{
	pthread_t thread;
	int ret;

	ret = server(family, SOCK_STREAM, PORT_LISTEN);
	if (ret < 0)
		return ret;
	*sink_fd = server(family, SOCK_DGRAM, PORT_SINK);
	if (*sink_fd < 0)
		return *sink_fd;
	*echo_fd = server(family, SOCK_DGRAM, PORT_ECHO);
	if (*echo_fd < 0)
		return *echo_fd;
	return -pthread_create(&thread, NULL, echo, echo_fd);
}

int queues_serve(void)
{
	static const struct {
		const char *path, *value;
	} limits[] = {
		{ "/proc/sys/net/ipv4/icmp_ratelimit", "0" },
		{ "/proc/sys/net/ipv6/icmp/ratelimit", "0" },
		{ "/proc/sys/net/core/somaxconn", "65535" },
		{ "/proc/sys/net/ipv4/tcp_max_syn_backlog", "65535" },
		{ NULL, NULL },
	};
	unsigned int i;
	int err;

	for (i = 0; limits[i].path; i++) {
		err = file_write(limits[i].path, limits[i].value);
		if (err)
			return err;
	}
	err = serve(AF_INET, &sockets_v4.echo, &sockets_v4.sink);
	return err ? err :
	       serve(AF_INET6, &sockets_v6.echo, &sockets_v6.sink);
}

int queues_reply_labels(bool on)
{
	return file_write("/proc/sys/net/ipv6/auto_flowlabels", on ? "1" : "0");
}
