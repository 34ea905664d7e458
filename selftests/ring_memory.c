// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of rings: who pays for it and for how long, what may be mapped
 * how, and what a process can do to its mappings.
 */
#include "device.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		300		/* seconds for one test, all counts */
#define QUEUES		5
#define PARAMETER	"/sys/module/mytun/parameters/rings_max_mb"

FIXTURE(ring_memory)
{
	struct ringdev dev;
	int fd[QUEUES];
	size_t page;
};

FIXTURE_SETUP(ring_memory)
{
	unsigned int i;

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, 43));
	self->fd[0] = self->dev.fd;
	for (i = 1; i < QUEUES; i++) {
		self->fd[i] = ringdev_queue(&self->dev);
		ASSERT_LE(0, self->fd[i]);
	}
	self->page = sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN(ring_memory)
{
	unsigned int i;

	for (i = 1; i < QUEUES; i++)
		close(self->fd[i]);
	ringdev_destroy(&self->dev);
}

static int make_rx(int fd, uint32_t size)
{
	struct mytun_ring ring = { .rx_size = size };

	return ring_make(fd, &ring);
}

static int set_memlock(rlim_t bytes)
{
	const struct rlimit limit = { bytes, bytes };

	return setrlimit(RLIMIT_MEMLOCK, &limit) ? -errno : 0;
}

/* In a child: no capabilities any more, and so much memory to lock. */
static bool be_user(rlim_t memlock)
{
	return !set_memlock(memlock) && !setgid(RINGDEV_UID) &&
	       !setuid(RINGDEV_UID);
}

struct attempt {
	int fd;
	uint32_t size;
};

static bool can_make(void *arg)
{
	const struct attempt *attempt = arg;

	return make_rx(attempt->fd, attempt->size) == 0;
}

/*
 * What the child does while its parent holds none of the files: the number of
 * the step that went wrong, or 0.
 */
static int spend(const int *fd, size_t page)
{
	struct attempt later = { .size = 512 << 10 };
	struct ringmem mem;

	if (!be_user(1 << 20))
		return 1;
	/* Exactly as much as is left fits, and not a page more. */
	if (make_rx(fd[0], 1 << 20) != -ENOBUFS)
		return 2;
	if (make_rx(fd[0], 512 << 10))
		return 3;
	if (make_rx(fd[1], 512 << 10) != -ENOBUFS)
		return 4;
	if (make_rx(fd[1], 256 << 10))
		return 5;
	if (make_rx(fd[2], 256 << 10) != -ENOBUFS)
		return 6;
	/* Closed: given back. */
	close(fd[1]);
	later.fd = fd[2];
	later.size = 256 << 10;
	if (wait_for(can_make, &later, DEADLINE_MS))
		return 7;
	/* A mapping keeps it when the file is closed ... */
	if (ringmem_map(&mem, fd[0]))
		return 8;
	close(fd[0]);
	sleep_ms(QUIET_MS);
	if (make_rx(fd[3], 512 << 10) != -ENOBUFS)
		return 9;
	/* ... and so does any one of them. */
	munmap((void *)mem.kernel, page);
	munmap(mem.user, page);
	munmap(mem.rx, mem.ring.rx_size);
	sleep_ms(QUIET_MS);
	if (make_rx(fd[3], 512 << 10) != -ENOBUFS)
		return 10;
	munmap(mem.rx + mem.ring.rx_size, mem.ring.rx_size);
	later.fd = fd[3];
	later.size = 512 << 10;
	if (wait_for(can_make, &later, DEADLINE_MS))
		return 11;
	return 0;
}

TEST_F_TIMEOUT(ring_memory, counts_against_memlock, LIMIT)
{
	int gate[2], status;
	char byte = 0;
	pid_t child;
	int i;

	ASSERT_EQ(0, pipe(gate));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Not before the parent has closed its own. */
		if (read(gate[0], &byte, 1) != 1)
			_exit(99);
		_exit(spend(self->fd, self->page));
	}
	for (i = 0; i < QUEUES; i++)
		close(self->fd[i]);
	ASSERT_EQ(1, write(gate[1], &byte, 1));
	status = wait_child(child, LIMIT * 1000);
	EXPECT_EQ(0, status) {
		TH_LOG("step %d", WEXITSTATUS(status));
	}
	self->dev.fd = -1;
	for (i = 1; i < QUEUES; i++)
		self->fd[i] = -1;
}

static int make_small(void *arg)
{
	return set_memlock(4096) ? -EIO : make_rx(*(int *)arg, RING_SMALL);
}

static int make_unlimited(void *arg)
{
	return make_rx(*(int *)arg, RING_SMALL);
}

/* It is who makes the rings that pays, whoever opened the file. */
TEST_F_TIMEOUT(ring_memory, the_maker_pays, LIMIT)
{
	ASSERT_EQ(0, set_memlock(RLIM_INFINITY));
	EXPECT_EQ(-ENOBUFS, ringdev_as_user(make_small, &self->fd[0]));
	EXPECT_EQ(0, ringdev_as_user(make_unlimited, &self->fd[0]));
}

/* CAP_IPC_LOCK: no limit. */
TEST_F_TIMEOUT(ring_memory, capability_has_no_limit, LIMIT)
{
	ASSERT_EQ(0, set_memlock(0));
	EXPECT_EQ(0, make_rx(self->fd[0], RING_SMALL));
	EXPECT_EQ(0, make_rx(self->fd[1], RING_BIG));
}

/* A limit of the module for all of them. */
TEST_F_TIMEOUT(ring_memory, module_has_a_limit, LIMIT)
{
	char before[32];
	int ret;

	if (file_read(PARAMETER, before, sizeof(before)))
		SKIP(return, "no " PARAMETER);
	ASSERT_EQ(0, file_write(PARAMETER, "1"));
	ret = make_rx(self->fd[0], 2 << 20);
	EXPECT_EQ(0, make_rx(self->fd[1], 512 << 10));
	EXPECT_EQ(-ENOBUFS, make_rx(self->fd[2], 512 << 10));
	ASSERT_EQ(0, file_write(PARAMETER, before));
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_EQ(0, make_rx(self->fd[2], 512 << 10));
}

/* The signal that ends a child which writes to p, or 0. */
static int signal_of_write(uint32_t *p)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -1;
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		__atomic_store_n(p, 1, __ATOMIC_RELAXED);
		_exit(0);
	}
	status = wait_child(child, DEADLINE_MS);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST_F_TIMEOUT(ring_memory, kernel_page_is_read_only, LIMIT)
{
	const int both = PROT_READ | PROT_WRITE, fd = self->fd[0];
	const struct mytun_ring ring = {
		.rx_size = RING_SMALL, .tx_size = RING_SMALL,
	};
	struct ringmem mem;
	struct iovec from, to;
	uint32_t value = 0xdeadbeef;
	void *p;
	int own;

	ASSERT_EQ(0, ringmem_make(&mem, fd, &ring));
	p = mmap(NULL, self->page, both, MAP_SHARED, fd, MYTUN_MMAP_KERNEL);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_TRUE(errno == EACCES || errno == EPERM);
	p = mmap(NULL, self->page, PROT_WRITE, MAP_SHARED, fd,
		 MYTUN_MMAP_KERNEL);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(-1, mprotect((void *)mem.kernel, self->page, both));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect((void *)mem.kernel, self->page, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(SIGSEGV, signal_of_write((void *)&mem.kernel->rx_producer));
	EXPECT_EQ(SIGSEGV, signal_of_write((void *)&mem.kernel->tx_flags));

	/* Ways around the page's protection. */
	own = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, own);
	EXPECT_EQ(-1, pwrite(own, &value, sizeof(value),
			     (uintptr_t)&mem.kernel->rx_producer));
	close(own);
	from.iov_base = &value;
	from.iov_len = sizeof(value);
	to.iov_base = (void *)&mem.kernel->rx_producer;
	to.iov_len = sizeof(value);
	EXPECT_EQ(-1, process_vm_writev(getpid(), &from, 1, &to, 1, 0));
	EXPECT_EQ(0, mem.kernel->rx_producer);
	ringmem_unmap(&mem);
}

TEST_F_TIMEOUT(ring_memory, what_can_be_mapped, LIMIT)
{
	const int both = PROT_READ | PROT_WRITE, fd = self->fd[0];
	const size_t page = self->page, size = 2 * RING_SMALL;
	const struct {
		uint64_t offset;
		size_t size;
		int prot, flags;
		bool works;
	} cases[] = {
		{ MYTUN_MMAP_KERNEL, page, PROT_READ, MAP_SHARED, true },
		{ MYTUN_MMAP_USER, page, both, MAP_SHARED, true },
		{ MYTUN_MMAP_USER, page, PROT_READ, MAP_SHARED, true },
		{ MYTUN_MMAP_RX, size, both, MAP_SHARED, true },
		{ MYTUN_MMAP_RX, size, PROT_READ, MAP_SHARED, true },
		{ MYTUN_MMAP_RX, size, both, MAP_SHARED | MAP_POPULATE, true },
		/* No such ring. */
		{ MYTUN_MMAP_TX, size, both, MAP_SHARED, false },
		/* Other lengths. */
		{ MYTUN_MMAP_KERNEL, 2 * page, PROT_READ, MAP_SHARED, false },
		{ MYTUN_MMAP_USER, 2 * page, both, MAP_SHARED, false },
		{ MYTUN_MMAP_RX, size / 2, both, MAP_SHARED, false },
		{ MYTUN_MMAP_RX, size + page, both, MAP_SHARED, false },
		{ MYTUN_MMAP_RX, page, both, MAP_SHARED, false },
		/* Other offsets. */
		{ MYTUN_MMAP_KERNEL + page, page, PROT_READ, MAP_SHARED, false },
		{ MYTUN_MMAP_RX + page, size, both, MAP_SHARED, false },
		{ MYTUN_MMAP_RX + page, size - page, both, MAP_SHARED, false },
		{ 0x400000000ULL, page, both, MAP_SHARED, false },
		{ 0x7ffffffffffff000ULL & ~(page - 1), page, both, MAP_SHARED,
		  false },
		/* Copies. */
		{ MYTUN_MMAP_KERNEL, page, PROT_READ, MAP_PRIVATE, false },
		{ MYTUN_MMAP_USER, page, both, MAP_PRIVATE, false },
		{ MYTUN_MMAP_RX, size, both, MAP_PRIVATE, false },
	};
	unsigned int i;
	void *p;

	/* None without rings. */
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		p = mmap(NULL, cases[i].size, cases[i].prot, cases[i].flags,
			 fd, (off_t)cases[i].offset);
		EXPECT_EQ(MAP_FAILED, p);
	}
	ASSERT_EQ(0, make_rx(fd, RING_SMALL));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		p = mmap(NULL, cases[i].size, cases[i].prot, cases[i].flags,
			 fd, (off_t)cases[i].offset);
		EXPECT_EQ(cases[i].works, p != MAP_FAILED) {
			TH_LOG("case %u: %s", i, strerror(errno));
		}
		if (p != MAP_FAILED)
			munmap(p, cases[i].size);
	}
	/* Neither does a file that is open for something else have rings. */
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd[1],
		 MYTUN_MMAP_KERNEL);
	EXPECT_EQ(MAP_FAILED, p);
}

/* Send one packet and see it in what is still mapped. */
static bool still_works(struct ringdev *dev, struct ringmem *mem,
			uint32_t number)
{
	const uint8_t *data;
	uint32_t stream, seen;
	struct mytun_record *record;

	if (ringdev_send(dev, 1, number, 100))
		return false;
	record = ringmem_peek(mem);
	if (!record || record_fault(record, mem->ring.rx_size))
		return false;
	data = record_data(record);
	if (!ringdev_parse(dev, data, record->len, &stream, &seen) ||
	    seen != number)
		return false;
	ringmem_next(mem);
	ringmem_release(mem);
	return true;
}

TEST_F_TIMEOUT(ring_memory, mappings_change, LIMIT)
{
	const int both = PROT_READ | PROT_WRITE;
	const struct mytun_ring ring = { .rx_size = 2 * RING_SMALL };
	struct ringdev dev;
	struct ringmem mem;
	size_t size, page = self->page;
	uint8_t *p, *other;
	unsigned int i;

	ASSERT_EQ(0, ringdev_create(&dev, IFF_TUN | IFF_NO_PI, 44));
	ASSERT_EQ(0, ringmem_make(&mem, dev.fd, &ring));
	size = 2UL * mem.ring.rx_size;
	EXPECT_TRUE(still_works(&dev, &mem, 0));

	/* It cannot grow, into what does not belong to it. */
	p = mremap(mem.rx, size, size + page, 0);
	EXPECT_EQ(MAP_FAILED, (void *)p);
	p = mremap(mem.rx, size, 2 * size, MREMAP_MAYMOVE);
	EXPECT_EQ(MAP_FAILED, (void *)p);
	p = mremap((void *)mem.kernel, page, 2 * page, MREMAP_MAYMOVE);
	EXPECT_EQ(MAP_FAILED, (void *)p);

	/* It can move. */
	other = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	ASSERT_NE(MAP_FAILED, (void *)other);
	p = mremap(mem.rx, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	if (p != MAP_FAILED)
		mem.rx = p;
	for (i = 1; i < 500; i++)
		ASSERT_TRUE(still_works(&dev, &mem, i));

	/* A hole in the middle of it is the process's own loss. */
	EXPECT_EQ(0, munmap(mem.rx + size / 2 + page, page));
	EXPECT_EQ(SIGSEGV, signal_of_write((void *)(mem.rx + size / 2 +
						    page)));
	EXPECT_EQ(0, mprotect(mem.rx, page, PROT_READ));
	EXPECT_EQ(0, mprotect(mem.rx, page, both));
	/* The half without a hole will do. */
	mem.rx_at = ringmem_load(&mem.kernel->rx_producer);
	ringmem_release(&mem);
	while (still_works(&dev, &mem, i++))
		if ((mem.rx_at & (mem.ring.rx_size - 1)) > mem.ring.rx_size / 2)
			break;
	EXPECT_LT(0, mem.rx_at & (mem.ring.rx_size - 1));

	/* Pages thrown away by force: it is only this process that loses. */
	madvise(mem.rx, page, MADV_DONTNEED);
	madvise(mem.rx, page, MADV_REMOVE);
	madvise(mem.user, page, MADV_DONTNEED);
	EXPECT_EQ(0, ringdev_send(&dev, 1, 0, 100));

	EXPECT_EQ(0, munmap(mem.rx, size / 2));
	EXPECT_EQ(0, munmap(mem.rx + size / 2, size / 2));
	mem.rx = NULL;
	ringmem_unmap(&mem);

	/* And another mapping is as good as the first one. */
	ASSERT_EQ(0, ringmem_map(&mem, dev.fd));
	mem.rx_at = ringmem_load(&mem.kernel->rx_producer);
	ringmem_release(&mem);
	for (i = 0; i < 500; i++)
		ASSERT_TRUE(still_works(&dev, &mem, i));
	ringmem_unmap(&mem);
	ringdev_destroy(&dev);
}

/* Header sizes of the device decide how large the largest record is. */
TEST_F_TIMEOUT(ring_memory, largest_record, LIMIT)
{
	const int flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
	struct mytun_ring ring = { .rx_size = RING_SMALL };
	struct ringdev dev;
	struct ringmem mem;
	int header = 70000;
	uint64_t before;

	ASSERT_EQ(0, ringdev_create(&dev, flags, 45));
	ASSERT_EQ(0, device_ioctl(dev.fd, TUNSETVNETHDRSZ,
				  (unsigned long)&header));
	EXPECT_EQ(-EINVAL, make_rx(dev.fd, RING_SMALL));
	header = 10;
	ASSERT_EQ(0, device_ioctl(dev.fd, TUNSETVNETHDRSZ,
				  (unsigned long)&header));
	ASSERT_EQ(0, ringmem_make(&mem, dev.fd, &ring));

	/* Made larger later: what does not fit any more is counted. */
	ASSERT_EQ(0, ringdev_send(&dev, 1, 0, 65000));
	EXPECT_EQ(1, mem.kernel->rx_packets);
	header = 70000;
	ASSERT_EQ(0, device_ioctl(dev.fd, TUNSETVNETHDRSZ,
				  (unsigned long)&header));
	before = ethtool_counter(dev.name, "tx_drop_too_big");
	ASSERT_EQ(0, ringdev_send(&dev, 1, 0, 65000));
	EXPECT_EQ(1, mem.kernel->rx_packets);
	EXPECT_EQ((long)before + 1, ethtool_counter(dev.name, "tx_drop_too_big"));
	header = 10;
	ASSERT_EQ(0, device_ioctl(dev.fd, TUNSETVNETHDRSZ,
				  (unsigned long)&header));
	ASSERT_EQ(0, ringdev_send(&dev, 1, 0, 1000));
	EXPECT_EQ(2, mem.kernel->rx_packets);
	ringmem_unmap(&mem);
	ringdev_destroy(&dev);
}

/* Many rings, made and ended in all orders; none is left behind. */
TEST_F_TIMEOUT(ring_memory, made_and_ended, LIMIT)
{
	const unsigned int rounds = scaled(1000);
	const struct mytun_ring ring = {
		.rx_size = RING_SMALL, .tx_size = RING_SMALL,
	};
	struct ringmem mem;
	unsigned int i;
	int fd;

	for (i = 0; i < rounds; i++) {
		fd = ringdev_queue(&self->dev);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ringmem_make(&mem, fd, &ring));
		if (i & 1)
			close(fd);
		if (i & 2)
			ringmem_unmap(&mem);
		if (i & 4)
			EXPECT_LE(0, ringdev_send(&self->dev, 1, i, 100));
		if (!(i & 1))
			close(fd);
		if (!(i & 2))
			ringmem_unmap(&mem);
	}
}

/* Control groups: a group of ours, by a mount of the hierarchy of our own. */
FIXTURE(ring_cgroup)
{
	struct ringdev dev;
	char top[64], group[80];
	bool counts;		/* what the driver says of this kernel */
};

static int group_write(const char *group, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", group, name);
	return file_write(path, text);
}

/* The number in a file of the group, behind key if there is one; or -1. */
static long group_read(const char *group, const char *name, const char *key)
{
	char path[128], text[1024], *at;

	snprintf(path, sizeof(path), "%s/%s", group, name);
	if (file_read(path, text, sizeof(text)))
		return -1;
	at = *key ? strstr(text, key) : text;
	return at ? atol(at + strlen(key)) : -1;
}

FIXTURE_SETUP(ring_cgroup)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	self->dev.fd = -1;
	self->dev.source = -1;
	self->dev.sink = -1;
	self->counts = ring_features() & MYTUN_F_MEMCG;
	strcpy(self->top, "/tmp/ring_memory.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->top));
	if (mount("none", self->top, "cgroup2", 0, NULL))
		SKIP(return, "no cgroup2: %s", strerror(errno));
	if (group_write(self->top, "cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory controller");
	snprintf(self->group, sizeof(self->group), "%s/ring_memory",
		 self->top);
	ASSERT_EQ(0, mkdir(self->group, 0755));
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, 47));
}

static bool group_gone(void *arg)
{
	return !rmdir(arg) || errno == ENOENT;
}

FIXTURE_TEARDOWN(ring_cgroup)
{
	ringdev_destroy(&self->dev);
	/* A process leaves its group some time after it was waited for. */
	if (*self->group) {
		EXPECT_EQ(0, wait_for(group_gone, self->group, DEADLINE_MS));
	}
	umount2(self->top, MNT_DETACH);
	rmdir(self->top);
}

/* What MYTUN_IOC_RING returns to a process of that group. */
static int make_in_group(FIXTURE_DATA(ring_cgroup) *self, uint32_t rx_size,
			 uint32_t tx_size)
{
	struct mytun_ring ring = { .rx_size = rx_size, .tx_size = tx_size };
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		if (group_write(self->group, "cgroup.procs", "0"))
			_exit(255);
		_exit(-ring_make(self->dev.fd, &ring));
	}
	status = wait_child(child, DEADLINE_MS);
	/* Nobody may be killed for it. */
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static bool nearly_nothing(void *arg)
{
	return group_read(arg, "memory.current", "") < 2 << 20;
}

/* The group of who makes them pays, for as long as the file is open. */
TEST_F_TIMEOUT(ring_cgroup, counts, LIMIT)
{
	const long size = 16 << 20;
	long charged;

	EXPECT_GT(2 << 20, group_read(self->group, "memory.current", ""));
	ASSERT_EQ(0, make_in_group(self, size, 0));
	/* The process is gone. It is counted in steps of some pages. */
	charged = group_read(self->group, "memory.current", "");
	printf("# 16 MiB of ring: %ld bytes in the cgroup, feature %d\n",
	       charged, self->counts);
	fflush(stdout);
	EXPECT_EQ(self->counts, charged >= size);
	EXPECT_GT(size + (2 << 20), charged);
	close(self->dev.fd);
	self->dev.fd = -1;
	EXPECT_EQ(0, wait_for(nearly_nothing, self->group, DEADLINE_MS));
}

/* More than the group may have: refused, nothing is left, nobody is killed. */
TEST_F_TIMEOUT(ring_cgroup, limit, LIMIT)
{
	const struct {
		uint32_t rx, tx;
	} cases[] = {
		{ 64 << 20, 0 }, { 0, 64 << 20 }, { 8 << 20, 8 << 20 },
		{ 4 << 20, 16 << 20 }, { 16 << 20, RING_SMALL },
	};
	unsigned int i;
	int ret;

	if (!self->counts)
		SKIP(return, "this kernel cannot map pages that are charged");
	ASSERT_EQ(0, group_write(self->group, "memory.max", "8388608"));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ret = make_in_group(self, cases[i].rx, cases[i].tx);
		EXPECT_EQ(-ENOMEM, ret) {
			TH_LOG("case %u", i);
		}
		EXPECT_EQ(0, wait_for(nearly_nothing, self->group,
				      DEADLINE_MS));
	}
	EXPECT_LT(0, group_read(self->group, "memory.events", "max "));
	EXPECT_EQ(0, group_read(self->group, "memory.events", "oom_kill "));
	/* What it may have, it gets. */
	EXPECT_EQ(0, make_in_group(self, 4 << 20, 1 << 20));
	EXPECT_LE(5 << 20, group_read(self->group, "memory.current", ""));
	EXPECT_GE(8 << 20, group_read(self->group, "memory.current", ""));
}

TEST_HARNESS_MAIN
