// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out: each allocation that the driver makes for a call fails in
 * turn, and what it makes in softirqs and kernel threads fails at random. The
 * caller is told so or does not notice; the device works afterwards; nothing
 * stays behind. In the end each place in the driver that allocates must have
 * failed. Each test is a process: what they found is in shared memory, and the
 * last ones, which have to run after the others, judge it.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <netinet/ip6.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "bpf.h"
#include "inject.h"
#include "module.h"
#include "numbered.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define NAME		"fault0"
#define NET		91
#define LIMIT		1800
/* More than any of the calls allocates. */
#define MOST		20000
/* More packets than the driver takes before it needs new memory. */
#define BURST		24
/* Then packets take single pages, and there is no second try with a smaller one. */
#define SINGLE_PAGES	"/proc/sys/net/core/high_order_alloc_disable"

static struct inject *inject;
static unsigned long *total;

__attribute__((constructor)) static void share(void)
{
	inject = mmap(NULL, sizeof(*inject) + sizeof(*total),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (inject == MAP_FAILED)
		abort();
	total = (unsigned long *)(inject + 1);
}

FIXTURE(fault)
{
	struct ringdev dev;
	struct ringmem mem;
	int second;		/* another queue, or -1 */
	int pipe[2];
	uint32_t number;	/* of the next packet */
	uint64_t seed;
	size_t size;		/* of payloads */
	unsigned int pieces;	/* of the vector that is written */
	bool injecting;
};

struct operation {
	const char *name;
	int (*prepare)(FIXTURE_DATA(fault) *f);
	int (*act)(FIXTURE_DATA(fault) *f);	/* may fail */
	void (*undo)(FIXTURE_DATA(fault) *f);
};

FIXTURE_SETUP(fault)
{
	const char *missing;

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	missing = inject_begin(inject);
	if (missing)
		SKIP(return, "%s", missing);
	self->injecting = true;
	self->second = -1;
	self->dev.fd = -1;
	self->seed = random_seed();
	self->size = 200;
}

FIXTURE_TEARDOWN(fault)
{
	if (self->injecting)
		inject_end(inject);
}

/* One packet in and one out, whole. */
static void works(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *f)
{
	uint32_t stream, number, sent = f->number++;
	ssize_t n;

	n = ringdev_build(&f->dev, f->dev.buffer, 1, sent, 300);
	EXPECT_EQ(n, device_write(f->dev.fd, f->dev.buffer, n));
	do {
		/* What came before, of that which was not lost, whole or not. */
		n = ringdev_sink(&f->dev, &stream, &number, DEADLINE_MS);
	} while (n == -EBADMSG || (n >= 0 && number != sent));
	ASSERT_LT(0, n)
		TH_LOG("after a fault the stack receives nothing");
	ASSERT_EQ(0, device_nonblock(f->dev.fd, true));
	while (device_read(f->dev.fd, f->dev.buffer, RINGDEV_DATA_MAX) >= 0)
		;
	ASSERT_EQ(0, ringdev_send(&f->dev, 2, sent, 300));
	ASSERT_LT(0, wait_events(f->dev.fd, POLLIN, DEADLINE_MS));
	n = device_read(f->dev.fd, f->dev.buffer, RINGDEV_DATA_MAX);
	ASSERT_TRUE(ringdev_parse(&f->dev, f->dev.buffer, n, &stream, &number));
	EXPECT_EQ(sent, number);
}

/*
 * The first allocation of a call fails, then the second, until there is none
 * to fail any more; the call has to be all right then. Of a new device whose
 * name in sysfs got no memory the core says, without looking, EINVAL.
 */
static void each(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *f,
		 const struct operation *op)
{
	unsigned int n, told = 0;
	bool failed = true;
	int ret;

	for (n = 1; failed && n < MOST; n++) {
		if (op->prepare) {
			ASSERT_EQ(0, op->prepare(f))
				TH_LOG("%s: cannot begin, %u", op->name, n);
		}
		ASSERT_EQ(0, inject_arm(inject, n));
		ret = op->act(f);
		failed = inject_disarm(inject);
		if (!failed) {
			EXPECT_LE(0, ret)
				TH_LOG("%s fails by itself", op->name);
		} else if (ret < 0) {
			told++;
			EXPECT_TRUE(ret == -ENOMEM || ret == -ENOBUFS ||
				    (ret == -EINVAL && f->dev.fd < 0))
				TH_LOG("%s, %u: %s", op->name, n,
				       strerror(-ret));
		}
		if (op->undo)
			op->undo(f);
		if (f->dev.fd >= 0) {
			works(_metadata, f);
		} else {
			ASSERT_FALSE(device_present(NAME))
				TH_LOG("%s, %u: the device stays", op->name, n);
		}
		ASSERT_LE(0, inject_collect(inject));
	}
	*total += n - 2;
	TH_LOG("%s: %u allocations failed, %u times the caller was told",
	       op->name, n - 2, told);
	EXPECT_LT(2, n)
		TH_LOG("%s: no allocation", op->name);
}

static void close_second(FIXTURE_DATA(fault) *f)
{
	ringmem_unmap(&f->mem);
	if (f->second >= 0)
		close(f->second);
	f->second = -1;
}

/* --- set-up -------------------------------------------------------------- */

static int act_open(FIXTURE_DATA(fault) *f)
{
	f->second = device_open(0);
	return f->second < 0 ? f->second : 0;
}

static int create(FIXTURE_DATA(fault) *f, int flags)
{
	char name[IFNAMSIZ] = NAME;

	return device_setiff(f->second, name, flags);
}

static int act_create_tun(FIXTURE_DATA(fault) *f)
{
	return create(f, IFF_TUN | IFF_NO_PI);
}

static int act_create_tap(FIXTURE_DATA(fault) *f)
{
	return create(f, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_NAPI |
			 IFF_NAPI_FRAGS);
}

static int act_link(FIXTURE_DATA(fault) *f)
{
	(void)f;
	return link_add(NAME, "mytun");
}

static void undo_link(FIXTURE_DATA(fault) *f)
{
	(void)f;
	link_delete(NAME);
}

TEST_F_TIMEOUT(fault, set_up, LIMIT)
{
	static const struct operation operations[] = {
		{ "open", NULL, act_open, close_second },
		{ "create tun", act_open, act_create_tun, close_second },
		{ "create tap", act_open, act_create_tap, close_second },
		{ "ip link add", NULL, act_link, undo_link },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		each(_metadata, self, &operations[i]);
}

/* Per-CPU memory, of which each call takes one piece. */
TEST_F_TIMEOUT(fault, per_cpu, LIMIT)
{
	char name[IFNAMSIZ] = NAME;
	int fd;

	ASSERT_EQ(0, inject_percpu_arm());
	EXPECT_EQ(-ENOMEM, device_open(0));
	EXPECT_TRUE(inject_percpu_disarm(inject));
	fd = device_open(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, inject_percpu_arm());
	EXPECT_EQ(-ENOMEM, device_setiff(fd, name, IFF_TUN));
	EXPECT_TRUE(inject_percpu_disarm(inject));
	EXPECT_FALSE(device_present(NAME));
	EXPECT_EQ(0, device_setiff(fd, name, IFF_TUN));
	close(fd);
	*total += 2;
}

/* --- a device that is there ---------------------------------------------- */

static int open_second(FIXTURE_DATA(fault) *f)
{
	f->second = ringdev_queue(&f->dev);
	return f->second < 0 ? f->second : 0;
}

static int act_attach(FIXTURE_DATA(fault) *f)
{
	char name[IFNAMSIZ];

	strcpy(name, f->dev.name);
	return device_setiff(f->second, name, f->dev.flags);
}

static int put_aside(FIXTURE_DATA(fault) *f)
{
	return open_second(f) ?: device_setqueue(f->second, IFF_DETACH_QUEUE);
}

static int act_again(FIXTURE_DATA(fault) *f)
{
	return device_setqueue(f->second, IFF_ATTACH_QUEUE);
}

static int act_macs(FIXTURE_DATA(fault) *f)
{
	struct {
		struct tun_filter head;
		uint8_t macs[3][ETH_ALEN];
	} filter = {
		.head = { .flags = TUN_FLT_ALLMULTI, .count = 3 },
		.macs = { { 2, 1 }, { 2, 2 }, { 2, 3 } },
	};

	return device_ioctl(f->dev.fd, TUNSETTXFILTER, (unsigned long)&filter);
}

static void undo_macs(FIXTURE_DATA(fault) *f)
{
	struct tun_filter none = { .count = 0 };

	device_ioctl(f->dev.fd, TUNSETTXFILTER, (unsigned long)&none);
}

static int act_classic(FIXTURE_DATA(fault) *f)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 1 << 20);
	struct sock_fprog program = { .len = 1, .filter = &all };

	return device_ioctl(f->dev.fd, TUNATTACHFILTER, (unsigned long)&program);
}

static void undo_classic(FIXTURE_DATA(fault) *f)
{
	struct sock_fprog none = {};

	device_ioctl(f->dev.fd, TUNDETACHFILTER, (unsigned long)&none);
}

static int act_batch(FIXTURE_DATA(fault) *f)
{
	return ring_batch(f->dev.fd, MYTUN_Q_READ | MYTUN_Q_WRITE, 0, 0);
}

static void undo_batch(FIXTURE_DATA(fault) *f)
{
	ring_batch(f->dev.fd, 0, 0, 0);
}

static int act_length(FIXTURE_DATA(fault) *f)
{
	/* Another one each time, or nothing is done. */
	return link_set_txqueuelen(f->dev.name, 500 + f->number % 2);
}

static int act_async(FIXTURE_DATA(fault) *f)
{
	return fcntl(f->dev.fd, F_SETFL, O_ASYNC | O_NONBLOCK) ? -errno : 0;
}

static void undo_async(FIXTURE_DATA(fault) *f)
{
	fcntl(f->dev.fd, F_SETFL, O_NONBLOCK);
}

TEST_F_TIMEOUT(fault, attach, LIMIT)
{
	static const struct operation operations[] = {
		{ "attach", act_open, act_attach, close_second },
		{ "attach again", put_aside, act_again, close_second },
		{ "TUNATTACHFILTER", NULL, act_classic, undo_classic },
		{ "TUNSETTXFILTER", NULL, act_macs, undo_macs },
		{ "batches", NULL, act_batch, undo_batch },
		{ "txqueuelen", NULL, act_length, NULL },
		{ "O_ASYNC", NULL, act_async, undo_async },
	};
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TAP | IFF_NO_PI |
				    IFF_MULTI_QUEUE, NET));
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		each(_metadata, self, &operations[i]);
	ringdev_destroy(&self->dev);
}

/* --- rings --------------------------------------------------------------- */

static int act_ring(FIXTURE_DATA(fault) *f)
{
	struct mytun_ring ring = { .rx_size = RING_SMALL,
				   .tx_size = RING_SMALL };

	return ring_make(f->second, &ring);
}

static int have_ring(FIXTURE_DATA(fault) *f)
{
	return open_second(f) ?: act_ring(f);
}

/* An address space that has no page tables there yet. */
static int act_map(FIXTURE_DATA(fault) *f)
{
	return ringmem_map(&f->mem, f->second);
}

static int act_thread(FIXTURE_DATA(fault) *f)
{
	return ring_drive(f->second, MYTUN_DRIVE_THREAD, 0, 0, NULL);
}

TEST_F_TIMEOUT(fault, rings, LIMIT)
{
	static const struct operation operations[] = {
		{ "ring", open_second, act_ring, close_second },
		{ "mmap", have_ring, act_map, close_second },
		{ "thread", have_ring, act_thread, close_second },
	};
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, NET));
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		each(_metadata, self, &operations[i]);
	ringdev_destroy(&self->dev);
}

/* --- packets ------------------------------------------------------------- */

/* Write packets until one is refused. */
static int act_write(FIXTURE_DATA(fault) *f)
{
	unsigned int i, k;
	ssize_t n, ret;

	for (i = 0; i < BURST; i++) {
		struct iovec vec[16];

		n = ringdev_build(&f->dev, f->dev.buffer, 3, f->number++,
				  f->size);
		vec[0].iov_base = f->dev.buffer;
		vec[0].iov_len = n;
		/* A head, then a page at most each. */
		for (k = 1; k < f->pieces && vec[k - 1].iov_len > 200; k++) {
			size_t len = vec[k - 1].iov_len;

			vec[k - 1].iov_len = k == 1 ? 200 : 4000;
			if (vec[k - 1].iov_len > len)
				vec[k - 1].iov_len = len;
			vec[k].iov_base = (char *)vec[k - 1].iov_base +
					  vec[k - 1].iov_len;
			vec[k].iov_len = len - vec[k - 1].iov_len;
		}
		ret = writev(f->dev.fd, vec, k);
		if (ret < 0)
			return -errno;
		if (ret != n)
			return -EIO;
	}
	return 0;
}

static int act_gso(FIXTURE_DATA(fault) *f)
{
	unsigned int i;
	ssize_t n, ret;

	for (i = 0; i < BURST; i++) {
		n = ringdev_build_gso(&f->dev, f->dev.buffer, 3, f->number++,
				      f->size);
		ret = device_write(f->dev.fd, f->dev.buffer, n);
		if (ret != n)
			return ret < 0 ? ret : -EIO;
	}
	return 0;
}

static int act_records(FIXTURE_DATA(fault) *f)
{
	static uint8_t records[1 << 18];
	size_t n = ringdev_fill(&f->dev, records, 32, f->number, &f->seed,
				f->size);
	ssize_t ret = device_write(f->second, records, n);

	f->number += 32;
	return ret < 0 ? ret : 0;
}

static int act_kick(FIXTURE_DATA(fault) *f)
{
	uint64_t taken = ringmem_counter(&f->mem.kernel->tx_packets) +
			 ringmem_counter(&f->mem.kernel->tx_refused);
	unsigned int i;

	for (i = 0; i < BURST; i++)
		if (!ringdev_put(&f->dev, &f->mem, 3, f->number++, f->size))
			break;
	if (ringmem_submit(&f->mem) < 0 || !ringmem_sent(&f->mem))
		return -EIO;
	/* Each is accepted, or counted as refused. */
	if (ringmem_counter(&f->mem.kernel->tx_packets) +
	    ringmem_counter(&f->mem.kernel->tx_refused) != taken + i)
		return -EBADMSG;
	return 0;
}

static int wait_packet(FIXTURE_DATA(fault) *f)
{
	device_nonblock(f->dev.fd, true);
	while (device_read(f->dev.fd, f->dev.buffer, RINGDEV_DATA_MAX) >= 0)
		;
	return ringdev_send(&f->dev, 4, f->number++, f->size);
}

static int act_splice(FIXTURE_DATA(fault) *f)
{
	ssize_t n = splice(f->dev.fd, NULL, f->pipe[1], NULL, 1 << 16,
			   SPLICE_F_NONBLOCK);

	return n < 0 ? -errno : 0;
}

static void undo_splice(FIXTURE_DATA(fault) *f)
{
	while (read(f->pipe[0], f->dev.buffer, RINGDEV_DATA_MAX) > 0)
		;
}

/*
 * Headers that reach far into the packet, so that more than the linear part has
 * to be in one piece: a checksum that begins there, and a TCP header behind
 * long options, which the virtio_net_hdr does not tell of.
 */
static int act_headers(FIXTURE_DATA(fault) *f)
{
	const size_t front = sizeof(struct virtio_net_hdr);
	const size_t options = 2048;
	struct virtio_net_hdr *vnet = (void *)f->dev.buffer;
	struct ip6_hdr *ip = (void *)(vnet + 1);
	uint8_t *extension = (uint8_t *)(ip + 1);
	size_t n = ringdev_build(&f->dev, f->dev.buffer, 3, f->number++,
				 f->size);
	ssize_t ret;

	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = 3000;
	ret = device_write(f->dev.fd, f->dev.buffer, n);
	if (ret < 0)
		return ret;
	memset(f->dev.buffer, 0, n);
	vnet->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	vnet->gso_size = 1400;
	ip->ip6_vfc = 6 << 4;
	ip->ip6_plen = htons(n - front - sizeof(*ip));
	ip->ip6_nxt = IPPROTO_DSTOPTS;
	extension[0] = IPPROTO_TCP;
	extension[1] = options / 8 - 1;
	ret = device_write(f->dev.fd, f->dev.buffer, n);
	return ret < 0 ? ret : 0;
}

static int begin_charged(FIXTURE_DATA(fault) *f)
{
	const int size = 1 << 30;

	return device_ioctl(f->dev.fd, TUNSETSNDBUF, (unsigned long)&size);
}

static int begin_xdp(FIXTURE_DATA(fault) *f)
{
	int program = xdp_return(XDP_PASS);

	return program < 0 ? program : xdp_attach(f->dev.ifindex, program, 0);
}

struct way {
	const char *name;
	int flags;
	size_t size;
	unsigned int pieces;
	int (*act)(FIXTURE_DATA(fault) *f);
	int (*begin)(FIXTURE_DATA(fault) *f);
};

TEST_F_TIMEOUT(fault, write, LIMIT)
{
	static const struct way ways[] = {
		{ "write in a page", IFF_TUN | IFF_NO_PI, 1400, 1, act_write,
		  NULL },
		{ "write in fragments", IFF_TUN | IFF_NO_PI, 20000, 1,
		  act_write, NULL },
		{ "write to a TAP", IFF_TAP | IFF_NO_PI, 700, 1, act_write,
		  NULL },
		{ "write with XDP", IFF_TAP | IFF_NO_PI, 700, 1, act_write,
		  begin_xdp },
		{ "write with IFF_NAPI", IFF_TUN | IFF_NO_PI | IFF_NAPI, 700,
		  1, act_write, NULL },
		{ "write with IFF_NAPI_FRAGS", IFF_TAP | IFF_NO_PI | IFF_NAPI |
		  IFF_NAPI_FRAGS, 9000, 4, act_write, NULL },
		{ "write with TUNSETSNDBUF", IFF_TUN | IFF_NO_PI, 9000, 1,
		  act_write, begin_charged },
		{ "write of GSO", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, 20000, 1,
		  act_gso, NULL },
		{ "write of long headers", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR,
		  20000, 1, act_headers, NULL },
	};
	unsigned int i;

	ASSERT_EQ(0, file_write(SINGLE_PAGES, "1"));
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];
		const struct operation op = { .name = way->name,
					      .act = way->act };

		ASSERT_EQ(0, ringdev_create(&self->dev, way->flags, NET));
		if (way->begin) {
			ASSERT_EQ(0, way->begin(self));
		}
		self->size = way->size;
		self->pieces = way->pieces;
		each(_metadata, self, &op);
		ringdev_destroy(&self->dev);
		self->dev.fd = -1;
	}
}

/* Records, through a queue of its own: works() writes plain packets. */
static int batch_second(FIXTURE_DATA(fault) *f)
{
	return open_second(f) ?: ring_batch(f->second, MYTUN_Q_WRITE, 0, 0);
}

TEST_F_TIMEOUT(fault, batch_and_ring, LIMIT)
{
	static const struct operation out = { "splice", wait_packet, act_splice,
					      undo_splice };
	static const struct operation batch = { "write of records",
						batch_second, act_records,
						close_second };
	static const struct operation kick = { "kick", NULL, act_kick, NULL };
	const struct mytun_ring ring = { .tx_size = RING_SMALL };

	ASSERT_EQ(0, file_write(SINGLE_PAGES, "1"));
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, NET));
	ASSERT_EQ(0, pipe2(self->pipe, O_NONBLOCK | O_CLOEXEC));
	self->size = 1000;
	each(_metadata, self, &out);
	each(_metadata, self, &batch);
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	each(_metadata, self, &kick);
	self->size = 6000;
	each(_metadata, self, &kick);
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

/* What the stack sends from memory of the sender: the driver copies it. */
static int act_zerocopy(FIXTURE_DATA(fault) *f)
{
	const int on = 1;

	if (setsockopt(f->dev.source, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -errno;
	numbered_fill(f->dev.buffer, f->size, 4, f->number++);
	if (send(f->dev.source, f->dev.buffer, f->size, MSG_ZEROCOPY) < 0)
		return -errno;
	return 0;
}

/* The sender is told that its memory is its own again. */
static void undo_zerocopy(FIXTURE_DATA(fault) *f)
{
	struct msghdr message = {};

	while (recvmsg(f->dev.source, &message, MSG_ERRQUEUE) >= 0)
		;
}

TEST_F_TIMEOUT(fault, send, LIMIT)
{
	static const struct operation operation = { "send", NULL, act_zerocopy,
						    undo_zerocopy };

	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, NET));
	self->size = 20000;
	each(_metadata, self, &operation);
	ringdev_destroy(&self->dev);
}

/* --- softirqs and threads ------------------------------------------------ */

static bool taken_all(void *mem)
{
	return ringmem_sent(mem);
}

/*
 * Packets through the TX ring while allocations fail at random: each record is
 * accepted or counted as refused, and what was accepted has arrived.
 */
static void conserve(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *f,
		     const char *name, unsigned int rate)
{
	const struct mytun_ring_kernel *k = f->mem.kernel;
	uint64_t taken = ringmem_counter(&k->tx_packets);
	uint64_t refused = ringmem_counter(&k->tx_refused);
	unsigned long i, rounds = scaled(4000) + 20, put = 0, come = 0;
	uint32_t stream, number;

	ASSERT_EQ(0, inject_rate(rate));
	for (i = 0; i < rounds; i++) {
		unsigned int n;

		f->size = ringdev_random_size(&f->seed, 64, 16000);
		for (n = 0; n < 16; n++)
			put += ringdev_put(&f->dev, &f->mem, 5, n, f->size);
		ASSERT_LE(0, ringmem_submit(&f->mem));
		ASSERT_EQ(0, wait_for(taken_all, &f->mem, DEADLINE_MS));
		while (ringdev_sink(&f->dev, &stream, &number, 0) >= 0)
			come++;
	}
	ASSERT_EQ(0, inject_rate(0));
	taken = ringmem_counter(&k->tx_packets) - taken;
	refused = ringmem_counter(&k->tx_refused) - refused;
	TH_LOG("%s: %lu packets, %llu refused", name, put,
	       (unsigned long long)refused);
	EXPECT_EQ(put, taken + refused);
	EXPECT_EQ(taken, come);
	if (rate) {
		EXPECT_LT(0, refused);
		*total += refused;
	} else {
		EXPECT_EQ(0, refused);
	}
	ASSERT_LE(0, inject_collect(inject));
}

TEST_F_TIMEOUT(fault, softirq_and_thread, LIMIT)
{
	static const struct {
		const char *name;
		uint32_t drive;
	} drives[] = {
		{ "NAPI", MYTUN_DRIVE_NAPI },
		{ "thread", MYTUN_DRIVE_THREAD },
	};
	const struct mytun_ring ring = { .tx_size = 4 * RING_SMALL };
	unsigned int i;

	ASSERT_EQ(0, file_write(SINGLE_PAGES, "1"));
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, NET));
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	for (i = 0; i < ARRAY_SIZE(drives); i++) {
		ASSERT_EQ(0, ring_drive(self->dev.fd, drives[i].drive, 0, 0,
					NULL));
		conserve(_metadata, self, drives[i].name, 20);
		conserve(_metadata, self, drives[i].name, 0);
		works(_metadata, self);
	}
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

/* --- what came of it ----------------------------------------------------- */

static bool no_pages(void *arg)
{
	long *pages = arg;

	*pages = inject_pages();
	return *pages <= 0;
}

TEST_F_TIMEOUT(fault, nothing_is_left, LIMIT)
{
	long pages = -1;

	EXPECT_EQ(0, module_references("mytun"));
	EXPECT_EQ(0, wait_for(no_pages, &pages, DEADLINE_MS));
	EXPECT_EQ(0, pages)
		TH_LOG("pages are not counted: the kernel has no page_owner");
	EXPECT_EQ(0, inject_leaks());
}

/* Places that need no memory here, and why. */
static const struct {
	const char *function, *callee, *why;
} never[] = {
	/* A small head has room for ETH_HLEN bytes, whatever was written. */
	{ "mytun_intake_deliver", "__pskb_pull_tail", "there is room" },
	{ "mytun_intake_take", "__pskb_pull_tail", "there is room" },
};

static const char *excused(const struct inject_site *site)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(never); i++)
		if (!strncmp(site->function, never[i].function,
			     strlen(never[i].function)) &&
		    !strcmp(site->callee, never[i].callee))
			return never[i].why;
	return NULL;
}

TEST_F(fault, every_site_has_failed)
{
	unsigned int i;

	TH_LOG("%lu faults", *total);
	for (i = 0; i < inject->nsites; i++) {
		const struct inject_site *site = &inject->sites[i];
		const char *why = excused(site);

		if (!site->failed && why) {
			TH_LOG("never: %s+0x%lx, %s: %s", site->function,
			       site->offset, site->callee, why);
			continue;
		}
		TH_LOG("%6lu %s+0x%lx, %s", site->failed, site->function,
		       site->offset, site->callee);
		EXPECT_TRUE(site->failed)
			TH_LOG("%s+0x%lx, %s: has never failed",
			       site->function, site->offset, site->callee);
	}
}

TEST_HARNESS_MAIN
