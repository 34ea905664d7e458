// SPDX-License-Identifier: GPL-2.0
/*
 * What those who are not trusted can do, and cannot: the table of SECURITY.md.
 * An unprivileged user, the root of a user namespace, another user's process
 * that was sent an open file, and a process that seccomp lets do little.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/seccomp.h>

#include "kselftest_harness.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"
#include "who.h"

#define LIMIT		120		/* seconds for one test */
#define PARAMETERS	"/sys/module/mytun/parameters/"
#define NO_USER_NAMESPACE	100
#define NO_SECCOMP		100
#define PAYLOAD		300

static const struct who mallory = { 1003, 2003, 0, 0 };

/*
 * What a step must return, and the end of the function if it does not: its
 * line.
 */
#define MUST(expected, step)						\
	do {								\
		if ((long)(step) != (long)(expected))			\
			return __LINE__;				\
	} while (0)

FIXTURE(privilege)
{
	struct ringdev dev;
	struct ringmem mem;
	int pair[2];
	size_t page;
};

/* A device of root's with two queues; the first one has rings. */
FIXTURE_SETUP(privilege)
{
	struct mytun_ring ring = {
		.rx_size = RING_SMALL,
		.tx_size = RING_SMALL,
	};

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI |
				    IFF_MULTI_QUEUE, 47));
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->pair));
	self->page = sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN(privilege)
{
	close(self->pair[0]);
	close(self->pair[1]);
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

static int memlock(size_t bytes)
{
	const struct rlimit limit = { bytes, bytes };

	return setrlimit(RLIMIT_MEMLOCK, &limit) ? -errno : 0;
}

static int open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* mmap() of a kind: 0, which is undone, or -errno. */
static int try_map(int fd, uint64_t offset, size_t size, int protection)
{
	void *at = mmap(NULL, size, protection, MAP_SHARED, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	munmap(at, size);
	return 0;
}

static int link_add_mytun(void)
{
	return link_add("priv1", "mytun");
}

/* None of the driver's parameters is for users. */
static int parameters_are_closed(void)
{
	static const char *const names[] = {
		"attach_any", "flow_ageing_ms", "flows", "no_queue",
		"replace_tun", "rings_max_mb",
	};
	char path[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", names[i]);
		MUST(-EACCES, open_for_writing(path));
	}
	return 0;
}

/* ------------------------------------------------------------------------- */

static int as_user(void *arg)
{
	FIXTURE_DATA(privilege) *self = arg;
	struct mytun_ring ring = { .rx_size = RING_SMALL };
	char name[IFNAMSIZ], byte = 0;
	unsigned int features = 0;
	uint64_t mine = 0;
	int fd = device_open(O_NONBLOCK);

	/* The node is for everybody, and says what the driver can do. */
	if (fd < 0)
		return __LINE__;
	MUST(0, device_ioctl(fd, TUNGETFEATURES, (long)&features));
	MUST(0, device_ioctl(fd, MYTUN_IOC_FEATURES, (long)&mine));
	/* Without a device the file is of no use. */
	MUST(-EBADFD, device_read(fd, &byte, 1));
	MUST(-EBADFD, device_write(fd, &byte, 1));
	MUST(-EBADFD, ring_make(fd, &ring));
	MUST(-EBADFD, ring_batch(fd, MYTUN_Q_READ, 0, 0));
	MUST(-EBADFD, device_ioctl(fd, TUNSETPERSIST, 1));
	MUST(-EINVAL, try_map(fd, MYTUN_MMAP_KERNEL, self->page, PROT_READ));
	MUST(-EPERM, device_ioctl(fd, SIOCGSKNS, 0));
	/* No device can be made, nor another's be used, seen or changed. */
	strcpy(name, "priv1");
	MUST(-EPERM, device_setiff(fd, name, IFF_TUN | IFF_NO_PI));
	strcpy(name, self->dev.name);
	MUST(-EPERM, device_setiff(fd, name, self->dev.flags));
	MUST(-EPERM, link_add_mytun());
	MUST(-EPERM, link_delete(self->dev.name));
	MUST(-EPERM, link_set_mtu(self->dev.name, 1400));
	MUST(-EPERM, link_set_down(self->dev.name));
	close(fd);
	return parameters_are_closed();
}

TEST_F_TIMEOUT(privilege, user, LIMIT)
{
	EXPECT_EQ(0, who_does(&mallory, as_user, self));
	EXPECT_TRUE(link_exists(self->dev.name));
	EXPECT_FALSE(link_exists("priv1"));
}

/* ------------------------------------------------------------------------- */

/* Root of a user namespace, with a network namespace of its own. */
static int as_namespace_root(void *arg)
{
	FIXTURE_DATA(privilege) *self = arg;
	struct mytun_ring ring = { .rx_size = RING_SMALL,
				   .flags = MYTUN_Q_META };
	char name[IFNAMSIZ] = "priv1";
	int fd, pid = 0;

	if (unshare(CLONE_NEWUSER))
		return NO_USER_NAMESPACE;
	MUST(0, who_maps_to_root(&mallory));
	/* Its capabilities are worth nothing where it came from. */
	MUST(-EPERM, link_delete(self->dev.name));
	MUST(-EPERM, ring_batch(self->dev.fd, MYTUN_Q_WRITE | MYTUN_Q_META,
				0, 0));
	MUST(0, unshare(CLONE_NEWNET));
	fd = device_create(name, IFF_TUN | IFF_NO_PI);
	if (fd < 0)
		return __LINE__;
	/* Its own packets may have any mark; its memory is limited. */
	MUST(0, memlock(0));
	MUST(-ENOBUFS, ring_make(fd, &ring));
	MUST(-EPERM, memlock(RLIM_INFINITY));
	MUST(0, ring_batch(fd, MYTUN_Q_READ | MYTUN_Q_META, 0, 0));
	/* The devices of other namespaces cannot be reached by name. */
	MUST(-ENODEV, link_delete(self->dev.name));
	/* The machine's settings are the machine's. */
	MUST(0, parameters_are_closed());
	MUST(-ENOENT, ring_drive(fd, MYTUN_DRIVE_THREAD, 0, 0, &pid));
	close(fd);
	/* Fragments of any shape are for the machine's administrator. */
	strcpy(name, "priv2");
	MUST(-EPERM, device_create(name, IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS));
	return 0;
}

TEST_F_TIMEOUT(privilege, namespace_root, LIMIT)
{
	int line = who_does(&mallory, as_namespace_root, self);

	if (line == NO_USER_NAMESPACE)
		SKIP(return, "no user namespaces for unprivileged users");
	EXPECT_EQ(0, line);
	EXPECT_TRUE(link_exists(self->dev.name));
}

/* ------------------------------------------------------------------------- */

static int as_thief(void *arg)
{
	FIXTURE_DATA(privilege) *self = arg;
	char name[IFNAMSIZ];
	struct ringmem mem;
	uint32_t stream, number;
	int fd = fd_receive(self->pair[1]), second;

	if (fd < 0)
		return __LINE__;
	/* It is in the queue's place: its packets, both ways, by the rings. */
	MUST(0, ringmem_map(&mem, fd));
	MUST(MYTUN_WAIT_RX, ring_wait(fd, MYTUN_WAIT_RX, DEADLINE_MS));
	MUST(true, ringdev_parse(&self->dev, record_data(ringmem_peek(&mem)),
				 ringmem_peek(&mem)->len, &stream, &number));
	MUST(7, number);
	ringmem_next(&mem);
	MUST(0, ringmem_release(&mem));
	MUST(true, ringdev_put(&self->dev, &mem, 1, 8, PAYLOAD));
	MUST(1, ringmem_submit(&mem));
	/* What the kernel writes stays the kernel's. */
	MUST(-EPERM, try_map(fd, MYTUN_MMAP_KERNEL, self->page,
			     PROT_READ | PROT_WRITE));
	MUST(-1, mprotect((void *)mem.kernel, self->page,
			  PROT_READ | PROT_WRITE));
	MUST(EACCES, errno);
	ringmem_unmap(&mem);
	/* No marks, no way into the namespace, no other queue. */
	MUST(-EPERM, ring_batch(fd, MYTUN_Q_WRITE | MYTUN_Q_META, 0, 0));
	MUST(-EPERM, device_ioctl(fd, SIOCGSKNS, 0));
	MUST(-EPERM, device_ioctl(fd, TUNGETDEVNETNS, 0));
	second = device_open(0);
	if (second < 0)
		return __LINE__;
	strcpy(name, self->dev.name);
	MUST(-EPERM, device_setiff(second, name, self->dev.flags));
	close(second);
	/* The device is another matter than the file. */
	MUST(-EPERM, link_delete(self->dev.name));
	MUST(-EPERM, link_set_mtu(self->dev.name, 1400));
	close(fd);
	return 0;
}

TEST_F_TIMEOUT(privilege, stolen_fd, LIMIT)
{
	uint32_t stream = 0, number = 0;

	ASSERT_EQ(0, fd_send(self->pair[0], self->dev.fd));
	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 7, PAYLOAD));
	EXPECT_EQ(0, who_does(&mallory, as_thief, self));
	EXPECT_EQ(PAYLOAD, ringdev_sink(&self->dev, &stream, &number,
					DEADLINE_MS));
	EXPECT_EQ(8, number);
}

/* Who makes the rings of a queue that was sent pays, not who sent it. */
static int pays(void *arg)
{
	FIXTURE_DATA(privilege) *self = arg;
	struct mytun_ring ring = { .rx_size = RING_SMALL };
	int fd = fd_receive(self->pair[1]);

	if (fd < 0)
		return __LINE__;
	MUST(0, memlock(self->page));
	MUST(-ENOBUFS, ring_make(fd, &ring));
	/* And what it may lock already is no way around that. */
	MUST(-EPERM, memlock(RLIM_INFINITY));
	return 0;
}

TEST_F_TIMEOUT(privilege, stolen_fd_memory, LIMIT)
{
	int fd = ringdev_queue(&self->dev);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fd_send(self->pair[0], fd));
	EXPECT_EQ(0, who_does(&mallory, pays, self));
	close(fd);
}

/* ------------------------------------------------------------------------- */

#define LOAD(field)							\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,				\
		 offsetof(struct seccomp_data, field))
/* The low half of an argument, on a little-endian machine. */
#define LOAD_ARGUMENT(n)						\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,				\
		 offsetof(struct seccomp_data, args[n]))
#define ALLOW_IF(value)							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),		\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE								\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)

static int confine(struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog program = { .len = len, .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ?
	       -errno : 0;
}

/* One packet in each direction; @kick starts what waits in TX. */
static int exchange(FIXTURE_DATA(privilege) *self, int (*kick)(int fd))
{
	struct pollfd file = { .fd = self->dev.fd, .events = POLLIN };
	uint32_t stream, number;

	while (!ringmem_peek(&self->mem))
		if (ppoll(&file, 1, NULL, NULL) < 0)
			return __LINE__;
	MUST(true, ringdev_parse(&self->dev,
				 record_data(ringmem_peek(&self->mem)),
				 ringmem_peek(&self->mem)->len,
				 &stream, &number));
	MUST(7, number);
	ringmem_next(&self->mem);
	MUST(0, ringmem_release(&self->mem));
	MUST(true, ringdev_put(&self->dev, &self->mem, 1, 8, PAYLOAD));
	ringmem_publish(&self->mem);
	return kick(self->dev.fd);
}

static int kick_by_write(int fd)
{
	MUST(0, device_write(fd, "", 0));
	return 0;
}

static int kick_by_ioctl(int fd)
{
	MUST(1, ring_kick(fd));
	return 0;
}

static int without_ioctl(void *arg)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		ALLOW_IF(__NR_read),
		ALLOW_IF(__NR_write),
		ALLOW_IF(__NR_ppoll),
		ALLOW_IF(__NR_exit_group),
		REFUSE,
	};
	FIXTURE_DATA(privilege) *self = arg;
	struct mytun_ring ring = {};

	if (confine(filter, ARRAY_SIZE(filter)))
		return NO_SECCOMP;
	MUST(0, exchange(self, kick_by_write));
	/* The rest is out of reach. */
	MUST(-EACCES, ring_kick(self->dev.fd));
	MUST(-EACCES, ring_make(self->dev.fd, &ring));
	MUST(-EACCES, device_ioctl(self->dev.fd, TUNSETPERSIST, 1));
	return 0;
}

static int with_one_ioctl(void *arg)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		ALLOW_IF(__NR_read),
		ALLOW_IF(__NR_ppoll),
		ALLOW_IF(__NR_exit_group),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 1, 0),
		REFUSE,
		LOAD_ARGUMENT(1),
		ALLOW_IF(MYTUN_IOC_KICK),
		REFUSE,
	};
	FIXTURE_DATA(privilege) *self = arg;

	if (confine(filter, ARRAY_SIZE(filter)))
		return NO_SECCOMP;
	MUST(0, exchange(self, kick_by_ioctl));
	MUST(-EACCES, ring_wait(self->dev.fd, MYTUN_WAIT_RX, 0));
	MUST(-EACCES, device_ioctl(self->dev.fd, TUNSETPERSIST, 1));
	return 0;
}

static void expect_exchange(struct __test_metadata *_metadata,
			    FIXTURE_DATA(privilege) *self,
			    int (*run)(void *arg))
{
	uint32_t stream = 0, number = 0;
	int line;

	ASSERT_EQ(0, ringdev_send(&self->dev, 1, 7, PAYLOAD));
	line = who_does(&mallory, run, self);
	if (line == NO_SECCOMP)
		SKIP(return, "no seccomp filters in this kernel");
	EXPECT_EQ(0, line);
	EXPECT_EQ(PAYLOAD, ringdev_sink(&self->dev, &stream, &number,
					DEADLINE_MS));
	EXPECT_EQ(8, number);
}

TEST_F_TIMEOUT(privilege, seccomp_without_ioctl, LIMIT)
{
	expect_exchange(_metadata, self, without_ioctl);
}

TEST_F_TIMEOUT(privilege, seccomp_with_one_ioctl, LIMIT)
{
	expect_exchange(_metadata, self, with_one_ioctl);
}

TEST_HARNESS_MAIN
