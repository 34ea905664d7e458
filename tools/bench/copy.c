// SPDX-License-Identifier: GPL-2.0
/*
 * What copying a packet costs in the rings, and at which size not to copy
 * would begin to pay.
 *
 * Times are those of CLOCK_MONOTONIC. On a machine whose clock counts
 * instructions (QEMU's -icount, as "make bench-copy" starts it) they are
 * instructions per packet, and the same from run to run; anywhere else they
 * are nanoseconds and only as good as the machine is idle.
 *
 *   receive	a packet socket sends past the qdisc into the device's RX ring;
 *		the same into a dummy device, which copies nothing, is taken off
 *   transmit	one kick takes packets out of the TX ring; the stack drops them
 *		at once, for an EtherType that nobody takes
 *   copy, pin	UDP into a dummy device, copied by the kernel, and with
 *		MSG_ZEROCOPY: pages pinned, fragments instead of a copy, and
 *		notifications that are read, one call for a batch
 *   remap	64 KiB of pages mapped into a process, and taken away: the least
 *		that handing over pages instead of bytes would take
 */
#include "device.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "ringmem.h"
#include "rtnl.h"

#define ETHERTYPE	0x88b5		/* for local experiments */
#define BATCH		32		/* packets in one round */
#define ROUNDS		51
#define RING_SIZE	(8U << 20)
#define MTU		65521
#define REMAP		65536U
#define SETTLE_SECONDS	4		/* for what a boot leaves to do */

static const size_t sizes[] = {
	64, 256, 512, 1024, 1500, 3000, 4096, 8192, 16384, 32768, 65000,
};

#define SIZES		(sizeof(sizes) / sizeof(*sizes))

struct result {
	double receive, nothing, transmit, copy, pin;
};

static uint8_t *frame;			/* page aligned, MTU bytes and more */

static void check(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "copy: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of the rounds, for one of n in each. */
static double median(uint64_t rounds[ROUNDS], unsigned int n)
{
	qsort(rounds, ROUNDS, sizeof(*rounds), compare);
	return (double)rounds[ROUNDS / 2] / n;
}

static int raw_socket(int ifindex)
{
	const int on = 1;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
	};
	/* Protocol 0: it receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		return -errno;
	return fd;
}

/* Up, with that MTU; an IPv4 address, if there is one. Its index. */
static int bring_up(const char *name, const char *address)
{
	struct link_info info;
	int err = link_set_mtu(name, MTU);

	if (!err && address)
		err = addr_add(name, address, 24);
	if (!err)
		err = link_set_up(name);
	if (!err)
		err = link_get(name, &info);
	return err ? err : info.index;
}

/* The frame's headers, for a device with that MAC address. */
static void fill_frame(const char *name)
{
	struct link_info info;
	struct ethhdr *header = (void *)frame;

	check(link_get(name, &info), name);
	memset(frame, 0x5a, MTU + ETH_HLEN);
	memcpy(header->h_dest, info.mac, ETH_ALEN);
	header->h_proto = htons(ETHERTYPE);
}

/* Sent by a packet socket; what has come into the ring is given back. */
static double receive(int socket, struct ringmem *mem, size_t size)
{
	uint64_t rounds[ROUNDS], start;
	unsigned int i, j;

	for (i = 0; i < ROUNDS; i++) {
		start = now_ns();
		for (j = 0; j < BATCH; j++)
			if (write(socket, frame, size) != (ssize_t)size)
				check(-errno, "packet socket");
		rounds[i] = now_ns() - start;
		if (!mem)
			continue;
		for (j = 0; ringmem_peek(mem); j++)
			ringmem_next(mem);
		ringmem_release(mem);
		if (j != BATCH)
			check(-EPROTO, "RX ring");
	}
	return median(rounds, BATCH);
}

static double transmit(struct ringmem *mem, size_t size)
{
	uint64_t rounds[ROUNDS], start;
	unsigned int i, j;
	int ret;

	for (i = 0; i < ROUNDS; i++) {
		for (j = 0; j < BATCH; j++)
			if (!ringmem_put(mem, frame, size))
				check(-ENOSPC, "TX ring");
		ringmem_publish(mem);
		start = now_ns();
		ret = ring_kick(mem->fd);
		rounds[i] = now_ns() - start;
		check(ret == BATCH ? 0 : -EPROTO, "kick");
	}
	return median(rounds, BATCH);
}

static int udp_socket(const char *to)
{
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = inet_addr(to),
	};
	const int on = 1, bytes = 16 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -errno;
	return fd;
}

/* The notifications of a batch: that it was not copied after all. */
static void read_notifications(int fd)
{
	struct sock_extended_err *err;
	unsigned int seen = 0;
	struct cmsghdr *cmsg;
	char control[128];

	while (seen < BATCH) {
		struct msghdr msg = {
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
			check(-errno, "notification");
		cmsg = CMSG_FIRSTHDR(&msg);
		err = cmsg ? (void *)CMSG_DATA(cmsg) : NULL;
		if (!err || err->ee_origin != SO_EE_ORIGIN_ZEROCOPY ||
		    err->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
			check(-EPROTO, "MSG_ZEROCOPY");
		seen += err->ee_data - err->ee_info + 1;
	}
}

static double udp(int fd, size_t size, int flags)
{
	uint64_t rounds[ROUNDS], start;
	unsigned int i, j;

	for (i = 0; i < ROUNDS; i++) {
		start = now_ns();
		for (j = 0; j < BATCH; j++)
			if (send(fd, frame, size, flags) != (ssize_t)size)
				check(-errno, "UDP");
		if (flags & MSG_ZEROCOPY)
			read_notifications(fd);
		rounds[i] = now_ns() - start;
	}
	return median(rounds, BATCH);
}

/*
 * REMAP bytes of a file's pages, mapped by one fault that takes all of them,
 * and unmapped by one call. On one CPU: no other one has to be told.
 */
static double remap(int fd)
{
	uint64_t rounds[ROUNDS], start;
	uint64_t sum = 0;
	uint8_t *area;
	unsigned int i;

	check(ftruncate(fd, 2 * REMAP) ? -errno : 0, "ftruncate");
	area = mmap(NULL, 2 * REMAP, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	check(area == MAP_FAILED ? -errno : 0, "mmap");
	memset(area, 1, 2 * REMAP);
	/* A fault takes what is around it up to a multiple of REMAP. */
	area += -(uintptr_t)area % REMAP;
	for (i = 0; i < ROUNDS; i++) {
		start = now_ns();
		if (madvise(area, REMAP, MADV_DONTNEED))
			check(-errno, "madvise");
		sum += __atomic_load_n(area, __ATOMIC_RELAXED);
		rounds[i] = now_ns() - start;
	}
	check(sum == ROUNDS ? 0 : -EPROTO, "mapping");
	return median(rounds, 1);
}

/* By how much a byte more costs, from one size to the other. */
static double slope(const struct result *r, size_t from, size_t to,
		    double (*cost)(const struct result *r))
{
	return (cost(&r[to]) - cost(&r[from])) / (sizes[to] - sizes[from]);
}

static double crossing(const struct result *r)
{
	return r->receive - r->nothing;
}

static double sending(const struct result *r)
{
	return r->transmit;
}

static void print(const struct result *r, double pages)
{
	struct utsname system;
	double more, before;
	size_t i;

	uname(&system);
	printf("Linux %s: instructions per packet with -icount, else ns\n",
	       system.release);
	printf("%8s %10s %10s %10s %10s %10s\n", "bytes", "receive", "transmit",
	       "copy", "pin", "pin-copy");
	for (i = 0; i < SIZES; i++)
		printf("%8zu %10.0f %10.0f %10.0f %10.0f %10.0f\n", sizes[i],
		       crossing(&r[i]), sending(&r[i]), r[i].copy, r[i].pin,
		       r[i].pin - r[i].copy);
	printf("a byte more, 64 to 1500: receive %.3f, transmit %.3f\n",
	       slope(r, 0, 4, crossing), slope(r, 0, 4, sending));
	printf("a byte more, 4096 to 65000: receive %.3f, transmit %.3f\n",
	       slope(r, 6, SIZES - 1, crossing),
	       slope(r, 6, SIZES - 1, sending));
	for (i = 0; i < SIZES && r[i].pin > r[i].copy; i++)
		;
	if (i && i < SIZES) {
		before = r[i - 1].pin - r[i - 1].copy;
		more = r[i].copy - r[i].pin;
		printf("pinning pages pays from %.0f bytes\n", sizes[i - 1] +
		       (sizes[i] - sizes[i - 1]) * before / (before + more));
	} else {
		printf("pinning pages pays %s\n", i ? "never" : "always");
	}
	printf("mapping %u bytes of pages: %.0f, as much as %.0f bytes copied\n",
	       REMAP, pages, pages / slope(r, 6, SIZES - 1, crossing));
}

int main(void)
{
	const struct mytun_ring ring = {
		.rx_size = RING_SIZE, .tx_size = RING_SIZE,
	};
	char name[IFNAMSIZ] = "copy0";
	struct result results[SIZES];
	int fd, to_ring, to_dummy, datagrams;
	struct ringmem mem;
	size_t i;

	check(netns_private(), "network namespace");
	frame = aligned_alloc(65536, 131072);
	check(frame ? 0 : -ENOMEM, "memory");
	fd = device_create(name, IFF_TAP | IFF_NO_PI);
	check(fd, "device");
	check(ringmem_make(&mem, fd, &ring), "rings");
	to_ring = raw_socket(bring_up(name, NULL));
	check(to_ring, "packet socket");
	check(link_add("dummy9", "dummy"), "dummy device");
	to_dummy = raw_socket(bring_up("dummy9", "10.9.9.1"));
	check(to_dummy, "packet socket");
	datagrams = udp_socket("10.9.9.2");
	check(datagrams, "UDP socket");
	fill_frame(name);
	sleep(SETTLE_SECONDS);
	while (ringmem_peek(&mem))
		ringmem_next(&mem);
	ringmem_release(&mem);

	/* Twice: the first time is for what is used for the first time. */
	for (i = 0; i < 2 * SIZES; i++) {
		struct result *r = &results[i % SIZES];
		size_t size = sizes[i % SIZES];

		r->receive = receive(to_ring, &mem, size);
		r->nothing = receive(to_dummy, NULL, size);
		r->transmit = transmit(&mem, size);
		r->copy = udp(datagrams, size, 0);
		r->pin = udp(datagrams, size, MSG_ZEROCOPY);
	}
	print(results, remap(memfd_create("copy", MFD_CLOEXEC)));
	return 0;
}
