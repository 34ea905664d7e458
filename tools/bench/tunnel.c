// SPDX-License-Identifier: GPL-2.0
/*
 * End to end: mytun-fwd carries TCP and UDP between two network namespaces, by
 * a veth pair, on one processor. What it reaches is told as Mbit/s for each
 * 10^9 instructions a second, all of which are counted: those of both ends of
 * the tunnel, of both stacks, and of who sends and takes. TCP is iperf3's.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "rtnl.h"
#include "tunnel.h"

#define NEAR		"10.9.0.1"
#define FAR		"10.9.0.2"
#define NEAR_INNER	"10.10.0.1"	/* of VXLAN, inside of the tunnel */
#define FAR_INNER	"10.10.0.2"
#define PORT		5201
#define WARM		(1U << 20)	/* bytes before what counts */
#define BYTES		(8U << 20)	/* of all connections together */
#define BYTES_SEGMENT	(16U << 20)	/* with UDP_SEGMENT, which is faster */
#define FLOWS		8
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

pid_t tunnel_start(int netns, const char *program, const char * const *words)
{
	const pid_t parent = getpid();
	const pid_t child = check_errno(fork(), "fork");

	if (child)
		return child;
	check(netns_enter(netns), "network namespace");
	if (!freopen("/dev/null", "w", stdout) || getppid() != parent)
		_exit(1);
	execvp(program, (char **)words);
	fprintf(stderr, "bench: %s: %s\n", program, strerror(errno));
	_exit(127);
}

void tunnel_stop(pid_t child)
{
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

/* One end, in that namespace; its process. */
static pid_t start_end(const struct end *end, int netns, const char *self,
		       const char *other, const char *address)
{
	const char *program = getenv("MYTUN_FWD");
	const char *words[WORDS + 12] = {
		"mytun-fwd", "-i", "fwd0", "-L", self, "-R", other,
		"--address", address,
	};
	unsigned int i, at = 9;

	for (i = 0; i < WORDS && end->words[i]; i++)
		words[at++] = end->words[i];
	return tunnel_start(netns, program ? program : "./carried/mytun-fwd",
			    words);
}

/* Takes datagrams. */
static int far_socket(const char *address)
{
	struct sockaddr_in self = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(address),
	};
	const int bytes = 4 << 20;
	int fd;

	check(netns_enter(far_netns), "network namespace");
	fd = check_errno(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			 "socket");
	check(netns_enter(near_netns), "network namespace");
	check_errno(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
			       sizeof(bytes)), "SO_RCVBUFFORCE");
	check_errno(bind(fd, (struct sockaddr *)&self, sizeof(self)), "bind");
	return fd;
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
	int taker = far_socket(to), fd;
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
	taker = far_socket(FAR);
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

static void measure_vxlan(const struct row *row, size_t bytes)
{
	bool there;

	check(netns_enter(far_netns), "network namespace");
	there = add_vxlan(FAR, NEAR, FAR_INNER);
	check(netns_enter(near_netns), "network namespace");
	if (there && add_vxlan(NEAR, FAR, NEAR_INNER))
		tell("tunnel", row, 0, "TCP in VXLAN",
		     tunnel_tcp_rate(FAR_INNER, 1, bytes), RATE);
	else
		fprintf(stderr, "bench: tunnel: no VXLAN here\n");
	link_delete("inner0");
	check(netns_enter(far_netns), "network namespace");
	link_delete("inner0");
	check(netns_enter(near_netns), "network namespace");
}

static void run(const struct end *end, bool tcp)
{
	const struct row row = {
		.by = end->by, .way = end->way, .kind = "tun", .batch = 64,
		.vnet_hdr = end->vnet_hdr, .gro = end->gro,
	};
	const size_t bytes = strstr(end->way, "UDP_SEGMENT") ? BYTES_SEGMENT :
							       BYTES;
	pid_t near, far;

	if (!bench_wanted(&row))
		return;
	near = start_end(end, near_netns, "192.0.2.1", "192.0.2.2",
			 NEAR "/24");
	far = start_end(end, far_netns, "192.0.2.2", "192.0.2.1", FAR "/24");
	until_up();
	if (tcp) {
		tunnel_tcp_rate(FAR, 1, WARM);
		tell("tunnel", &row, 0, "TCP", tunnel_tcp_rate(FAR, 1, bytes),
		     RATE);
		tell("tunnel", &row, 0, "TCP, 8 flows",
		     tunnel_tcp_rate(FAR, FLOWS, bytes), RATE);
	}
	tell("tunnel", &row, 1400, "UDP", datagram_rate(FAR, 1400), RATE);
	tell("tunnel", &row, 64, "UDP", datagram_rate(FAR, 64), RATE);
	/* Its fragments leave something behind that the others would see. */
	if (tcp)
		measure_vxlan(&row, bytes);
	tunnel_stop(near);
	tunnel_stop(far);
}

void bench_tunnel(void)
{
	size_t i;
	bool tcp;

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
	tcp = tunnel_tcp_open(far_netns);
	settle();
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		run(&ends[i], tcp);
	tunnel_tcp_close();
	link_delete("wire0");
	close(far_netns);
	close(near_netns);
}
