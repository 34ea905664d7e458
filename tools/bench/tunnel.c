// SPDX-License-Identifier: GPL-2.0
/*
 * End to end: mytun-fwd carries TCP and UDP between two network namespaces, by
 * a veth pair, on one processor. What it reaches is told as Mbit/s for each
 * 10^9 instructions a second, all of which are counted: those of both ends of
 * the tunnel, of both stacks, and of who sends and takes.
 *
 *        near                               far
 *   sends 10.9.0.1                   takes 10.9.0.2
 *   mytun-fwd 192.0.2.1 ==== veth ==== 192.0.2.2 mytun-fwd
 *
 * The program is ./carried/mytun-fwd, or $MYTUN_FWD.
 */
#include "device.h"

#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "rtnl.h"

#define NEAR		"10.9.0.1"
#define FAR		"10.9.0.2"
#define NEAR_INNER	"10.10.0.1"	/* of VXLAN, inside of the tunnel */
#define FAR_INNER	"10.10.0.2"
#define PORT		5201
#define WARM		(1U << 20)	/* bytes before what counts */
#define BYTES		(8U << 20)	/* of all connections together */
#define FLOWS_MAX	8
#define WINDOW		64		/* datagrams that are on the way */
#define DATAGRAMS	4096
#define WORDS		12
#define COALESCE	"32,50"		/* packets, microseconds */
#define RATE		"Mbit/s per GIPS"

struct end {
	const char *by, *way;
	bool vnet_hdr, gro;
	const char *words[WORDS];	/* options of mytun-fwd */
};

static const struct end ends[] = {
	{ "tun", "one datagram a call", .words = {
		"-l", "tun", "--no-udp-segment", "--no-udp-gro" } },
	{ "tun", "UDP_SEGMENT", .words = { "-l", "tun" } },
	{ "tun", "UDP_SEGMENT", true, .words = { "-l", "tun", "--vnet-hdr" } },
	{ "mytun", "batch, one datagram a call", .words = {
		"-l", "batch", "--no-udp-segment", "--no-udp-gro" } },
	{ "mytun", "batch, UDP_SEGMENT", .words = { "-l", "batch" } },
	{ "mytun", "batch, UDP_SEGMENT", true, .words = {
		"-l", "batch", "--vnet-hdr" } },
	{ "mytun", "ring, one datagram a call", .words = {
		"-l", "ring", "--no-udp-segment", "--no-udp-gro" } },
	{ "mytun", "ring, one datagram a call", false, true, .words = {
		"-l", "ring", "--gro", "--drive", "napi",
		"--no-udp-segment", "--no-udp-gro" } },
	{ "mytun", "ring, UDP_SEGMENT", .words = { "-l", "ring" } },
	{ "mytun", "ring, UDP_SEGMENT", false, true, .words = {
		"-l", "ring", "--gro", "--drive", "napi" } },
	{ "mytun", "ring, UDP_SEGMENT", true, .words = {
		"-l", "ring", "--vnet-hdr" } },
	{ "mytun", "ring, coalesced, one datagram a call", .words = {
		"-l", "ring", "--coalesce", COALESCE,
		"--no-udp-segment", "--no-udp-gro" } },
	{ "mytun", "ring, coalesced, UDP_SEGMENT", .words = {
		"-l", "ring", "--coalesce", COALESCE } },
};

static int near_netns, far_netns;

/* One end, in that namespace; its process. */
static pid_t start_end(const struct end *end, int netns, const char *self,
		       const char *other, const char *address)
{
	const char *program = getenv("MYTUN_FWD");
	const char *words[WORDS + 12] = {
		"mytun-fwd", "-i", "fwd0", "-L", self, "-R", other,
		"--address", address,
	};
	const pid_t parent = getpid();
	unsigned int i, at = 9;
	pid_t child;

	for (i = 0; i < WORDS && end->words[i]; i++)
		words[at++] = end->words[i];
	child = check_errno(fork(), "fork");
	if (child)
		return child;
	check(netns_enter(netns), "network namespace");
	/* What it has counted is nobody's concern. */
	if (!freopen("/dev/null", "w", stdout) || getppid() != parent)
		_exit(1);
	execv(program ? program : "./carried/mytun-fwd", (char **)words);
	fprintf(stderr, "bench: mytun-fwd: %s\n", strerror(errno));
	_exit(127);
}

static void stop(pid_t child)
{
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

/* What it is asked for goes on in a thread, which has its own namespace. */
struct flow {
	pthread_t taker, sender;
	int listener;			/* or a UDP socket */
	struct sockaddr_in to;
	size_t bytes;
};

static int far_socket(int type, const char *address, uint16_t port)
{
	struct sockaddr_in self = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(address),
	};
	const int on = 1, bytes = 4 << 20;
	int fd;

	check(netns_enter(far_netns), "network namespace");
	fd = check_errno(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
	check(netns_enter(near_netns), "network namespace");
	check_errno(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
		    "socket");
	if (type == SOCK_DGRAM)
		check_errno(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
				       sizeof(bytes)), "SO_RCVBUFFORCE");
	check_errno(bind(fd, (struct sockaddr *)&self, sizeof(self)), "bind");
	if (type == SOCK_STREAM)
		check_errno(listen(fd, 1), "listen");
	return fd;
}

/* One connection, until all came; then it says so. */
static void *take_stream(void *argument)
{
	static __thread char buffer[1 << 18];
	struct flow *flow = argument;
	int fd = accept(flow->listener, NULL, NULL);
	size_t taken = 0;
	ssize_t got;

	check_errno(fd, "accept");
	while (taken < flow->bytes) {
		got = read(fd, buffer, sizeof(buffer));
		if (got <= 0)
			break;
		taken += (size_t)got;
	}
	if (taken == flow->bytes && write(fd, "", 1) != 1)
		fprintf(stderr, "bench: tunnel: %s\n", strerror(errno));
	close(fd);
	return NULL;
}

static void *send_stream(void *argument)
{
	static const char buffer[1 << 16];
	struct flow *flow = argument;
	size_t sent = 0, size;
	ssize_t got;
	char end;
	int fd;

	fd = check_errno(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
			 "socket");
	check_errno(connect(fd, (struct sockaddr *)&flow->to,
			    sizeof(flow->to)), "connect");
	for (; sent < flow->bytes; sent += (size_t)got) {
		size = flow->bytes - sent;
		got = write(fd, buffer, size < sizeof(buffer) ? size :
						 sizeof(buffer));
		check_errno((int)got, "TCP in the tunnel");
	}
	check(read(fd, &end, 1) == 1 ? 0 : -EPIPE, "TCP in the tunnel");
	close(fd);
	return NULL;
}

/* All bytes over so many connections; how long that took. */
static uint64_t stream(const char *to, unsigned int count, size_t bytes)
{
	static struct flow flows[FLOWS_MAX];
	uint64_t start;
	unsigned int i;

	for (i = 0; i < count; i++) {
		flows[i] = (struct flow){
			.listener = far_socket(SOCK_STREAM, to,
					       (uint16_t)(PORT + i)),
			.to.sin_family = AF_INET,
			.to.sin_port = htons((uint16_t)(PORT + i)),
			.to.sin_addr.s_addr = inet_addr(to),
			.bytes = bytes / count,
		};
		check(-pthread_create(&flows[i].taker, NULL, take_stream,
				      &flows[i]), "thread");
	}
	start = now();
	for (i = 0; i < count; i++)
		check(-pthread_create(&flows[i].sender, NULL, send_stream,
				      &flows[i]), "thread");
	for (i = 0; i < count; i++)
		pthread_join(flows[i].sender, NULL);
	start = now() - start;
	for (i = 0; i < count; i++) {
		pthread_join(flows[i].taker, NULL);
		close(flows[i].listener);
	}
	return start;
}

static double stream_rate(const char *to, unsigned int count)
{
	stream(to, count, WARM);
	return BYTES * 8e3 / stream(to, count, BYTES);
}

/* Datagrams that are there now, up to WINDOW. */
static unsigned int take_datagrams(int fd, struct mmsghdr *messages,
				   int patience_ms)
{
	struct pollfd readable = { fd, POLLIN, 0 };
	int got;

	if (poll(&readable, 1, patience_ms) <= 0)
		return 0;
	got = recvmmsg(fd, messages, WINDOW, MSG_DONTWAIT, NULL);
	return got > 0 ? (unsigned int)got : 0;
}

/*
 * WINDOW datagrams at a time, until they have come; what does not come within
 * a second is lost, which is told.
 */
static double datagram_rate(const char *to, size_t size)
{
	static char buffers[WINDOW][2048];
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(to),
	};
	struct mmsghdr out[WINDOW] = {}, in[WINDOW] = {};
	struct iovec out_iov[WINDOW], in_iov[WINDOW];
	unsigned int i, sent, came, got, lost = 0;
	int taker = far_socket(SOCK_DGRAM, to, PORT), fd;
	uint64_t start;

	fd = check_errno(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			 "socket");
	check_errno(connect(fd, (struct sockaddr *)&there, sizeof(there)),
		    "connect");
	for (i = 0; i < WINDOW; i++) {
		out_iov[i] = (struct iovec){ buffers[0], size - 28 };
		in_iov[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
		out[i].msg_hdr.msg_iov = &out_iov[i];
		out[i].msg_hdr.msg_iovlen = 1;
		in[i].msg_hdr.msg_iov = &in_iov[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	start = now();
	for (sent = 0; sent < DATAGRAMS; sent += WINDOW) {
		if (sendmmsg(fd, out, WINDOW, 0) != WINDOW)
			check(errno ? -errno : -EIO, "UDP in the tunnel");
		for (came = 0; came < WINDOW; came += got) {
			got = take_datagrams(taker, in, 1000);
			if (!got) {
				lost += WINDOW - came;
				break;
			}
		}
	}
	start = now() - start;
	close(fd);
	close(taker);
	if (lost)
		fprintf(stderr, "bench: tunnel: %u of %u datagrams lost\n",
			lost, DATAGRAMS);
	return DATAGRAMS * size * 8e3 / start;
}

/* Both ends have said hello, and have their addresses. */
static bool answers(void *argument)
{
	char data[64];
	struct mmsghdr message = {};
	struct iovec iov = { data, sizeof(data) };
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(FAR),
	};
	const int *taker = argument;
	int fd = check_errno(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			     "socket");

	message.msg_hdr.msg_iov = &iov;
	message.msg_hdr.msg_iovlen = 1;
	sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&there,
	       sizeof(there));
	close(fd);
	return take_datagrams(*taker, &message, 50) > 0;
}

/* The far end's address is there a while after it was started. */
static bool addressed(void *unused)
{
	struct sockaddr_in self = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr(FAR),
	};
	bool done;
	int fd;

	(void)unused;
	check(netns_enter(far_netns), "network namespace");
	fd = check_errno(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			 "socket");
	check(netns_enter(near_netns), "network namespace");
	done = !bind(fd, (struct sockaddr *)&self, sizeof(self));
	close(fd);
	return done;
}

static void until_up(void)
{
	int taker;

	check(wait_for(addressed, NULL, DEADLINE_MS), "mytun-fwd");
	taker = far_socket(SOCK_DGRAM, FAR, PORT);
	check(wait_for(answers, &taker, DEADLINE_MS), "mytun-fwd");
	close(taker);
}

/* VXLAN in this namespace, over the tunnel. False: the kernel has none. */
static bool add_vxlan(const char *self, const char *other, const char *inner)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "ip link add inner0 type vxlan id 9 local %s remote %s dstport 4789 && ip addr add %s/24 dev inner0 && ip link set inner0 up",
		 self, other, inner);
	return !system(command);
}

static void measure_vxlan(const struct row *row)
{
	bool there;

	check(netns_enter(far_netns), "network namespace");
	there = add_vxlan(FAR, NEAR, FAR_INNER);
	check(netns_enter(near_netns), "network namespace");
	if (there && add_vxlan(NEAR, FAR, NEAR_INNER))
		tell("tunnel", row, 0, "TCP in VXLAN",
		     stream_rate(FAR_INNER, 1), RATE);
	else
		fprintf(stderr, "bench: tunnel: no VXLAN here\n");
	link_delete("inner0");
	check(netns_enter(far_netns), "network namespace");
	link_delete("inner0");
	check(netns_enter(near_netns), "network namespace");
}

static void run(const struct end *end)
{
	const struct row row = {
		.by = end->by, .way = end->way, .kind = "tun", .batch = 64,
		.vnet_hdr = end->vnet_hdr, .gro = end->gro,
	};
	pid_t near, far;

	if (!bench_wanted(&row))
		return;
	near = start_end(end, near_netns, "192.0.2.1", "192.0.2.2",
			 NEAR "/24");
	far = start_end(end, far_netns, "192.0.2.2", "192.0.2.1", FAR "/24");
	until_up();
	tell("tunnel", &row, 0, "TCP", stream_rate(FAR, 1), RATE);
	tell("tunnel", &row, 0, "TCP, 8 flows", stream_rate(FAR, FLOWS_MAX),
	     RATE);
	tell("tunnel", &row, 1400, "UDP", datagram_rate(FAR, 1400), RATE);
	tell("tunnel", &row, 64, "UDP", datagram_rate(FAR, 64), RATE);
	measure_vxlan(&row);
	stop(near);
	stop(far);
}

void bench_tunnel(void)
{
	size_t i;

	/* A sender whose other end has gone shall say so. */
	signal(SIGPIPE, SIG_IGN);
	near_netns = check(netns_get(), "network namespace");
	far_netns = check(netns_new(), "network namespace");
	check(link_add_veth("wire0", "wire1", far_netns), "veth");
	check(addr_add("wire0", "192.0.2.1", 24), "veth");
	check(link_set_up("wire0"), "veth");
	check(netns_enter(far_netns), "network namespace");
	check(link_set_up("lo"), "loopback");
	check(addr_add("wire1", "192.0.2.2", 24), "veth");
	check(link_set_up("wire1"), "veth");
	check(netns_enter(near_netns), "network namespace");
	settle();
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		run(&ends[i]);
	link_delete("wire0");
	close(far_netns);
	close(near_netns);
}
