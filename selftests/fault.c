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
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "faultop.h"
#include "inject.h"
#include "module.h"
#include "rtnl.h"

#define NAME		"fault0"
#define NET		91
#define LIMIT		1800
/* More than any of the calls allocates. */
#define MOST		20000
/* More packets than the driver takes before it needs new memory: a page... */
#define BURST		24
/* ...and skbs, of which the stack keeps some for each processor. */
#define BURST_SMALL	160
/* Where allocations have failed that often, only one of so many does further. */
#define ENOUGH		8
/* Then packets take single pages, and there is no second try with a smaller one. */
#define SINGLE_PAGES	"/proc/sys/net/core/high_order_alloc_disable"
/* Where nothing else is mapped: another page of each level of page tables. */
#define FAR		((void *)(1UL << 45))

static struct inject *inject;
static unsigned long *total;
static int single_pages = -1;

__attribute__((constructor)) static void share(void)
{
	inject = mmap(NULL, sizeof(*inject) + sizeof(*total),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (inject == MAP_FAILED)
		abort();
	total = (unsigned long *)(inject + 1);
	/* The namespaces that the tests make do not have it. */
	single_pages = open(SINGLE_PAGES, O_WRONLY | O_CLOEXEC);
}

FIXTURE(fault)
{
	struct faultdev f;
	bool injecting;
};

struct operation {
	const char *name;
	int (*prepare)(struct faultdev *f);
	int (*act)(struct faultdev *f);	/* may fail */
	void (*undo)(struct faultdev *f);
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
	self->f.second = -1;
	self->f.dev.fd = -1;
	self->f.seed = random_seed();
	self->f.size = 200;
	self->f.burst = BURST;
}

FIXTURE_TEARDOWN(fault)
{
	if (self->injecting)
		inject_end(inject);
}

/* One packet in and one out, whole. */
static void works(struct __test_metadata *_metadata, struct faultdev *f)
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

/* The n-th allocation of a call fails, if it has so many: whether it has. */
static bool one(struct __test_metadata *_metadata, struct faultdev *f,
		const struct operation *op, unsigned int n, unsigned int *told)
{
	bool failed;
	int ret;

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
		(*told)++;
		EXPECT_TRUE(ret == -ENOMEM || ret == -ENOBUFS ||
			    (ret == -EINVAL && f->dev.fd < 0))
			TH_LOG("%s, %u: %s", op->name, n, strerror(-ret));
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
	return failed;
}

/*
 * The first allocation of a call fails, then the second, until there is none
 * to fail any more; the call has to be all right then. Of a new device whose
 * name in sysfs got no memory the core says, without looking, EINVAL.
 *
 * A call in the driver may allocate many times, in the core or in a loop. Unless
 * counts are full, some are passed over of those that are of calls which have
 * failed often enough, and looked at after all if another one comes next.
 */
static void each(struct __test_metadata *_metadata, struct faultdev *f,
		 const struct operation *op)
{
	static unsigned long before[INJECT_SITES];
	unsigned int i, n = 1, step = 1, faults = 0, told = 0;
	bool often;

	for (i = 0; i < inject->nsites; i++)
		before[i] = inject->sites[i].failed;
	while (n < MOST) {
		bool failed = one(_metadata, f, op, n, &told);

		faults += failed;
		i = inject->last ? inject->last - inject->sites : 0;
		often = failed && inject->last &&
			inject->last->failed - before[i] > ENOUGH;
		if (step > 1 && !often) {
			n -= step - 1;
			step = 1;
			continue;
		}
		if (!failed)
			break;
		step = often && !full_counts() ? ENOUGH : 1;
		n += step;
	}
	*total += faults;
	TH_LOG("%s: %u of %u allocations failed, %u times the caller was told",
	       op->name, faults, n - 1, told);
	EXPECT_LT(1, n)
		TH_LOG("%s: no allocation", op->name);
}

static void close_second(struct faultdev *f)
{
	ringmem_unmap(&f->mem);
	if (f->second >= 0)
		close(f->second);
	f->second = -1;
}

/* --- set-up -------------------------------------------------------------- */

static int act_open(struct faultdev *f)
{
	f->second = device_open(0);
	return f->second < 0 ? f->second : 0;
}

static int create(struct faultdev *f, int flags)
{
	char name[IFNAMSIZ] = NAME;

	return device_setiff(f->second, name, flags);
}

static int act_create_tun(struct faultdev *f)
{
	return create(f, IFF_TUN | IFF_NO_PI);
}

static int act_create_tap(struct faultdev *f)
{
	return create(f, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_NAPI |
			 IFF_NAPI_FRAGS);
}

static int act_link(struct faultdev *f)
{
	(void)f;
	return link_add(NAME, "mytun");
}

static void undo_link(struct faultdev *f)
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
		each(_metadata, &self->f, &operations[i]);
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

static int open_second(struct faultdev *f)
{
	f->second = ringdev_queue(&f->dev);
	return f->second < 0 ? f->second : 0;
}

static int act_attach(struct faultdev *f)
{
	char name[IFNAMSIZ];

	strcpy(name, f->dev.name);
	return device_setiff(f->second, name, f->dev.flags);
}

static int put_aside(struct faultdev *f)
{
	return open_second(f) ?: device_setqueue(f->second, IFF_DETACH_QUEUE);
}

static int act_again(struct faultdev *f)
{
	return device_setqueue(f->second, IFF_ATTACH_QUEUE);
}

static int act_macs(struct faultdev *f)
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

static void undo_macs(struct faultdev *f)
{
	struct tun_filter none = { .count = 0 };

	device_ioctl(f->dev.fd, TUNSETTXFILTER, (unsigned long)&none);
}

static int act_classic(struct faultdev *f)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 1 << 20);
	struct sock_fprog program = { .len = 1, .filter = &all };

	return device_ioctl(f->dev.fd, TUNATTACHFILTER, (unsigned long)&program);
}

static void undo_classic(struct faultdev *f)
{
	struct sock_fprog none = {};

	device_ioctl(f->dev.fd, TUNDETACHFILTER, (unsigned long)&none);
}

/* What reading takes stays until the file is closed: another one each time. */
static int act_batch(struct faultdev *f)
{
	return ring_batch(f->second, MYTUN_Q_READ | MYTUN_Q_WRITE, 0, 0);
}

static int act_length(struct faultdev *f)
{
	/* Another one each time, or nothing is done. */
	return link_set_txqueuelen(f->dev.name, 500 + f->number % 2);
}

static int act_async(struct faultdev *f)
{
	return fcntl(f->second, F_SETFL, O_ASYNC | O_NONBLOCK) ? -errno : 0;
}

TEST_F_TIMEOUT(fault, attach, LIMIT)
{
	static const struct operation operations[] = {
		{ "attach", act_open, act_attach, close_second },
		{ "attach again", put_aside, act_again, close_second },
		{ "TUNATTACHFILTER", NULL, act_classic, undo_classic },
		{ "TUNSETTXFILTER", NULL, act_macs, undo_macs },
		{ "batches", open_second, act_batch, close_second },
		{ "txqueuelen", NULL, act_length, NULL },
		{ "O_ASYNC", open_second, act_async, close_second },
	};
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&self->f.dev, IFF_TAP | IFF_NO_PI |
				    IFF_MULTI_QUEUE, NET));
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		each(_metadata, &self->f, &operations[i]);
	ringdev_destroy(&self->f.dev);
}

/* --- rings --------------------------------------------------------------- */

static int act_ring(struct faultdev *f)
{
	struct mytun_ring ring = { .rx_size = RING_SMALL,
				   .tx_size = RING_SMALL };

	return ring_make(f->second, &ring);
}

static int have_ring(struct faultdev *f)
{
	return open_second(f) ?: act_ring(f);
}

/* An address space that has no page tables there yet. */
static int act_map(struct faultdev *f)
{
	void *at = mmap(FAR, 2 * RING_SMALL, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, f->second,
			MYTUN_MMAP_RX);

	return at == MAP_FAILED ? -errno : 0;
}

static void undo_map(struct faultdev *f)
{
	munmap(FAR, 2 * RING_SMALL);
	close_second(f);
}

static int act_thread(struct faultdev *f)
{
	return ring_drive(f->second, MYTUN_DRIVE_THREAD, 0, 0, NULL);
}

TEST_F_TIMEOUT(fault, rings, LIMIT)
{
	static const struct operation operations[] = {
		{ "ring", open_second, act_ring, close_second },
		{ "mmap", have_ring, act_map, undo_map },
		{ "thread", have_ring, act_thread, close_second },
	};
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&self->f.dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, NET));
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		each(_metadata, &self->f, &operations[i]);
	ringdev_destroy(&self->f.dev);
}

/* --- packets ------------------------------------------------------------- */

struct way {
	const char *name;
	int flags;
	size_t size;
	unsigned int pieces;
	int (*act)(struct faultdev *f);
	int (*begin)(struct faultdev *f);
};

TEST_F_TIMEOUT(fault, write, LIMIT)
{
	static const struct way ways[] = {
		{ "write in a page", IFF_TUN | IFF_NO_PI, 1400, 1,
		  faultop_write, NULL },
		{ "write in fragments", IFF_TUN | IFF_NO_PI, 20000, 1,
		  faultop_write, NULL },
		{ "write to a TAP", IFF_TAP | IFF_NO_PI, 700, 1,
		  faultop_write, NULL },
		{ "write with XDP", IFF_TAP | IFF_NO_PI, 700, 1,
		  faultop_write, faultop_xdp },
		{ "write with IFF_NAPI", IFF_TUN | IFF_NO_PI | IFF_NAPI, 700,
		  1, faultop_write, NULL },
		{ "write with IFF_NAPI_FRAGS", IFF_TAP | IFF_NO_PI | IFF_NAPI |
		  IFF_NAPI_FRAGS, 9000, 4, faultop_write, NULL },
		{ "write with TUNSETSNDBUF", IFF_TUN | IFF_NO_PI, 9000, 1,
		  faultop_write, faultop_charged },
		{ "write of GSO", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, 20000, 1,
		  faultop_gso, NULL },
		{ "write of long headers", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR,
		  20000, 1, faultop_headers, NULL },
	};
	unsigned int i;

	ASSERT_EQ(1, pwrite(single_pages, "1", 1, 0));
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];
		const struct operation op = { .name = way->name,
					      .act = way->act };

		ASSERT_EQ(0, ringdev_create(&self->f.dev, way->flags, NET));
		if (way->begin) {
			ASSERT_EQ(0, way->begin(&self->f));
		}
		self->f.size = way->size;
		self->f.burst = way->size < 2000 ? BURST_SMALL : BURST;
		self->f.pieces = way->pieces;
		each(_metadata, &self->f, &op);
		ringdev_destroy(&self->f.dev);
		self->f.dev.fd = -1;
	}
}

/* Records, through a queue of its own: works() writes plain packets. */
static int batch_second(struct faultdev *f)
{
	return open_second(f) ?: ring_batch(f->second, MYTUN_Q_WRITE, 0, 0);
}

TEST_F_TIMEOUT(fault, batch_and_ring, LIMIT)
{
	static const struct operation out[] = {
		{ "splice", faultop_wait_packet, faultop_splice,
		  faultop_drain_pipe },
		{ "splice of a record", faultop_wait_record, faultop_unpack,
		  faultop_drain_pipe },
		{ "write of records", batch_second, faultop_records,
		  close_second },
	};
	static const struct operation kick = { "kick", NULL, faultop_kick,
					       NULL };
	const struct mytun_ring ring = { .tx_size = 4 * RING_SMALL };
	unsigned int i;

	ASSERT_EQ(1, pwrite(single_pages, "1", 1, 0));
	ASSERT_EQ(0, ringdev_create(&self->f.dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, NET));
	ASSERT_EQ(0, pipe2(self->f.pipe, O_NONBLOCK | O_CLOEXEC));
	self->f.size = 1000;
	for (i = 0; i < ARRAY_SIZE(out); i++)
		each(_metadata, &self->f, &out[i]);
	ASSERT_EQ(0, ringmem_make(&self->f.mem, self->f.dev.fd, &ring));
	self->f.burst = BURST_SMALL;
	each(_metadata, &self->f, &kick);
	self->f.burst = BURST;
	self->f.size = 6000;
	each(_metadata, &self->f, &kick);
	ringmem_unmap(&self->f.mem);
	ringdev_destroy(&self->f.dev);
}

TEST_F_TIMEOUT(fault, send, LIMIT)
{
	static const struct operation operation = { "send", NULL,
						    faultop_zerocopy,
						    faultop_completed };

	ASSERT_EQ(0, ringdev_create(&self->f.dev, IFF_TUN | IFF_NO_PI, NET));
	self->f.size = 20000;
	each(_metadata, &self->f, &operation);
	ringdev_destroy(&self->f.dev);
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
static void conserve(struct __test_metadata *_metadata, struct faultdev *f,
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

	ASSERT_EQ(1, pwrite(single_pages, "1", 1, 0));
	ASSERT_EQ(0, ringdev_create(&self->f.dev, IFF_TUN | IFF_NO_PI, NET));
	ASSERT_EQ(0, ringmem_make(&self->f.mem, self->f.dev.fd, &ring));
	for (i = 0; i < ARRAY_SIZE(drives); i++) {
		ASSERT_EQ(0, ring_drive(self->f.dev.fd, drives[i].drive, 0, 0,
					NULL));
		conserve(_metadata, &self->f, drives[i].name, 20);
		conserve(_metadata, &self->f, drives[i].name, 0);
		works(_metadata, &self->f);
	}
	ringmem_unmap(&self->f.mem);
	ringdev_destroy(&self->f.dev);
}

/* --- what came of it ----------------------------------------------------- */

/*
 * A packet over the loopback interface for each processor: skbs that another
 * one has freed stay with it until it takes packets again.
 */
static void take_packets(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long i, n = sysconf(_SC_NPROCESSORS_CONF);

	for (i = 0; i < n; i++) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(i, &one);
		if (!sched_setaffinity(0, sizeof(one), &one))
			sendto(fd, &to, sizeof(to), 0, (struct sockaddr *)&to,
			       sizeof(to));
	}
	close(fd);
}

static bool no_pages(void *arg)
{
	long *pages = arg;

	take_packets();
	*pages = inject_pages(false);
	return *pages <= 0;
}

TEST_F_TIMEOUT(fault, nothing_is_left, LIMIT)
{
	long pages = -1;

	EXPECT_EQ(0, module_references("mytun"));
	EXPECT_EQ(0, wait_for(no_pages, &pages, DEADLINE_MS));
	if (pages > 0)
		inject_pages(true);
	EXPECT_EQ(0, pages)
		TH_LOG("%s", pages < 0 ? "the kernel has no page_owner" :
		       "pages are left, see above");
	EXPECT_EQ(0, inject_leaks());
}

/* Places that need no memory here, and why. */
static const struct {
	const char *function, *callee, *why;
} never[] = {
	/* A small head has room for ETH_HLEN bytes, whatever was written. */
	{ "deliver_any", "__pskb_pull_tail", "there is room" },
	{ "take_any", "__pskb_pull_tail", "there is room" },
	/* The queue of a file without a device has no room. */
	{ "mytun_queue_open", "__kvmalloc_node_noprof", "of no bytes" },
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
