// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces: devices that are moved, namespaces that end while fds
 * are open, and fds that keep a namespace alive; and processes: an fd that is
 * duplicated, inherited, sent to somebody else, or held by one that is killed.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "rtnl.h"
#include "traffic.h"

#define NAME	"space0"

FIXTURE(space) {
	char name[IFNAMSIZ];
	int fd;
	int here, there;	/* two namespaces; the test runs in here */
};

FIXTURE_VARIANT(space) {
	int flags;
};

FIXTURE_VARIANT_ADD(space, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(space, tap) { IFF_TAP };
FIXTURE_VARIANT_ADD(space, tun_queues) { IFF_TUN | IFF_MULTI_QUEUE };
FIXTURE_VARIANT_ADD(space, tap_queues) { IFF_TAP | IFF_MULTI_QUEUE };

FIXTURE_SETUP(space)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->here = netns_get();
	ASSERT_LE(0, self->here);
	self->there = netns_new();
	ASSERT_LE(0, self->there);
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, variant->flags | IFF_NO_PI);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(space)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->there >= 0)
		close(self->there);
	close(self->here);
}

static bool same_namespace(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

/* Move the device there and follow it. */
static void move_there(struct __test_metadata *_metadata,
		       FIXTURE_DATA(space) *self)
{
	ASSERT_EQ(0, link_set_netns(NAME, self->there));
	EXPECT_FALSE(link_exists(NAME));
	ASSERT_EQ(0, netns_enter(self->there));
	ASSERT_TRUE(link_exists(NAME));
}

TEST_F_TIMEOUT(space, moved_device_works, 120)
{
	struct traffic traffic;
	char name[IFNAMSIZ];
	int flags;

	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	traffic_stop(&traffic);

	move_there(_metadata, self);
	/* The move took it down and its addresses away. */
	ASSERT_EQ(0, traffic_start(&traffic, NAME, 2));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	ASSERT_EQ(0, device_getiff(self->fd, name, &flags));
	EXPECT_STREQ(NAME, name);
	traffic_stop(&traffic);

	/* And back. */
	ASSERT_EQ(0, link_set_netns(NAME, self->here));
	ASSERT_EQ(0, netns_enter(self->here));
	ASSERT_EQ(0, traffic_start(&traffic, NAME, 3));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	traffic_stop(&traffic);
	close(self->fd);
	self->fd = -1;
	EXPECT_FALSE(link_exists(NAME));
}

TEST_F_TIMEOUT(space, close_deletes_moved_device, 120)
{
	move_there(_metadata, self);
	ASSERT_EQ(0, netns_enter(self->here));
	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(0, netns_enter(self->there));
	EXPECT_FALSE(link_exists(NAME));
}

TEST_F_TIMEOUT(space, names_are_those_of_open, 120)
{
	char name[IFNAMSIZ] = NAME;
	int flags = variant->flags | IFF_NO_PI;
	int other, elsewhere;

	/* Opened here, used there: the device appears here. */
	other = device_open(0);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, netns_enter(self->there));
	strcpy(name, "space1");
	ASSERT_EQ(0, device_setiff(other, name, flags));
	EXPECT_FALSE(link_exists("space1"));
	ASSERT_EQ(0, netns_enter(self->here));
	EXPECT_TRUE(link_exists("space1"));
	close(other);

	/* The name of a device that left is free for those that stayed. */
	move_there(_metadata, self);
	elsewhere = device_open(0);
	ASSERT_LE(0, elsewhere);
	ASSERT_EQ(0, netns_enter(self->here));
	strcpy(name, NAME);
	other = device_create(name, flags);
	ASSERT_LE(0, other);
	EXPECT_TRUE(link_exists(NAME));
	/* Those opened there find the one that is there. */
	strcpy(name, NAME);
	EXPECT_EQ(variant->flags & IFF_MULTI_QUEUE ? 0 : -EBUSY,
		  device_setiff(elsewhere, name, flags));
	/* Two of one name cannot meet. */
	EXPECT_EQ(-EEXIST, link_set_netns(NAME, self->there));
	close(elsewhere);
	close(other);
}

#define REQUIRE_FILES(fd)						\
	do {								\
		if (device_ioctl(fd, SIOCGSKNS, 0) == netns_refused())	\
			SKIP(return, "modules make no namespace's file"); \
	} while (0)

TEST_F_TIMEOUT(space, namespaces_of_fd, 120)
{
	int device, opened;

	REQUIRE_FILES(self->fd);
	move_there(_metadata, self);
	device = device_ioctl(self->fd, TUNGETDEVNETNS, 0);
	ASSERT_LE(0, device);
	opened = device_ioctl(self->fd, SIOCGSKNS, 0);
	ASSERT_LE(0, opened);
	EXPECT_TRUE(same_namespace(device, self->there));
	EXPECT_TRUE(same_namespace(opened, self->here));
	close(device);
	close(opened);
	ASSERT_EQ(0, link_delete(NAME));
	EXPECT_EQ(-EBADFD, device_ioctl(self->fd, TUNGETDEVNETNS, 0));
	opened = device_ioctl(self->fd, SIOCGSKNS, 0);
	ASSERT_LE(0, opened);
	EXPECT_TRUE(same_namespace(opened, self->here));
	close(opened);
}

struct reader {
	int fd;
	pid_t tid;
	ssize_t results[2];
};

/* EFAULT may be repeated until the device has let go of the fd. */
static void *read_twice(void *arg)
{
	struct reader *reader = arg;
	ssize_t *results = reader->results;
	char buffer[2048];

	__atomic_store_n(&reader->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	results[0] = device_read(reader->fd, buffer, sizeof(buffer));
	do {
		results[1] = device_read(reader->fd, buffer, sizeof(buffer));
	} while (results[0] == -EFAULT && results[1] == -EFAULT);
	return NULL;
}

static bool has_begun(void *arg)
{
	struct reader *reader = arg;

	return __atomic_load_n(&reader->tid, __ATOMIC_ACQUIRE);
}

TEST_F_TIMEOUT(space, namespace_ends, 120)
{
	struct reader reader = { .fd = self->fd };
	struct traffic traffic;
	pthread_t thread;
	int i;

	move_there(_metadata, self);
	ASSERT_EQ(0, netns_enter(self->here));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_twice, &reader));
	ASSERT_EQ(0, wait_for(has_begun, &reader, DEADLINE_MS));
	ASSERT_EQ(0, wait_asleep(reader.tid, DEADLINE_MS));
	/* The last reference goes, and the device with its namespace. */
	close(self->there);
	self->there = -1;
	EXPECT_EQ(POLLERR, wait_events(self->fd, POLLIN, DEADLINE_MS));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EFAULT, reader.results[0]);
	EXPECT_EQ(-EBADFD, reader.results[1]);
	EXPECT_EQ(-EBADFD, device_getiff(self->fd, NULL, NULL));

	/* The fd belongs here, and here goes on. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, device_setiff(self->fd, self->name,
					   variant->flags | IFF_NO_PI));
		ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
		EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
		traffic_stop(&traffic);
		ASSERT_EQ(0, link_delete(NAME));
	}
}

TEST_F_TIMEOUT(space, namespace_ends_with_detached_and_persistent, 120)
{
	int other;

	if (!(variant->flags & IFF_MULTI_QUEUE)) {
		ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
		move_there(_metadata, self);
		ASSERT_EQ(0, netns_enter(self->here));
		close(self->there);
		self->there = -1;
		EXPECT_EQ(POLLERR, wait_events(self->fd, POLLIN, DEADLINE_MS));
		return;
	}
	other = device_create(self->name, variant->flags | IFF_NO_PI);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	move_there(_metadata, self);
	ASSERT_EQ(0, netns_enter(self->here));
	close(self->there);
	self->there = -1;
	EXPECT_EQ(POLLERR, wait_events(self->fd, POLLIN, DEADLINE_MS));
	EXPECT_EQ(POLLERR, wait_events(other, POLLIN, DEADLINE_MS));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	EXPECT_EQ(-EINVAL, device_setqueue(other, IFF_DETACH_QUEUE));
	close(other);
}

TEST_F_TIMEOUT(space, fd_keeps_its_namespace, 120)
{
	struct traffic traffic;
	int pair[2], fd, netns;
	pid_t child;

	REQUIRE_FILES(self->fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* A namespace of its own, which nobody else refers to. */
		char name[IFNAMSIZ] = "space1";

		if (unshare(CLONE_NEWNET))
			_exit(1);
		fd = device_create(name, variant->flags | IFF_NO_PI);
		if (fd < 0 || fd_send(pair[1], fd))
			_exit(2);
		_exit(0);
	}
	ASSERT_EQ(0, wait_child(child, DEADLINE_MS));
	fd = fd_receive(pair[0]);
	ASSERT_LE(0, fd);
	sleep_ms(QUIET_MS);

	ASSERT_EQ(0, device_getiff(fd, NULL, NULL));
	netns = device_ioctl(fd, SIOCGSKNS, 0);
	ASSERT_LE(0, netns);
	ASSERT_EQ(0, netns_enter(netns));
	close(netns);
	ASSERT_TRUE(link_exists("space1"));
	ASSERT_EQ(0, traffic_start(&traffic, "space1", 1));
	EXPECT_EQ(0, traffic_echo(&traffic, fd));
	traffic_stop(&traffic);
	ASSERT_EQ(0, netns_enter(self->here));
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

FIXTURE(holder) {
	char name[IFNAMSIZ];
	int fd;
	struct traffic traffic;
};

FIXTURE_VARIANT(holder) {
	int flags;
};

FIXTURE_VARIANT_ADD(holder, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(holder, tap_queues) { IFF_TAP | IFF_MULTI_QUEUE };

FIXTURE_SETUP(holder)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, variant->flags | IFF_NO_PI);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, traffic_start(&self->traffic, NAME, 1));
}

FIXTURE_TEARDOWN(holder)
{
	if (self->fd >= 0)
		close(self->fd);
	traffic_stop(&self->traffic);
}

static bool link_gone(void *arg)
{
	(void)arg;
	return !link_exists(NAME);
}

TEST_F_TIMEOUT(holder, dup, 60)
{
	char name[IFNAMSIZ] = NAME;
	int copy = dup(self->fd);

	ASSERT_LE(0, copy);
	/* One queue, two numbers. */
	EXPECT_EQ(-EEXIST, device_setiff(copy, name, variant->flags));
	EXPECT_EQ(0, traffic_ask(&self->traffic, self->fd));
	EXPECT_EQ(0, traffic_answer(&self->traffic, copy, DEADLINE_MS));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(link_exists(NAME));
	EXPECT_EQ(0, traffic_echo(&self->traffic, copy));
	close(copy);
	EXPECT_FALSE(link_exists(NAME));
}

TEST_F_TIMEOUT(holder, child_keeps_it, 60)
{
	int pair[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int err;

		close(pair[0]);
		if (read(pair[1], &byte, 1) != 1)
			_exit(1);
		err = traffic_echo(&self->traffic, self->fd);
		byte = -err;
		if (write(pair[1], &byte, 1) != 1)
			_exit(2);
		/* Until the parent is done. */
		_exit(read(pair[1], &byte, 1) == 0 ? 0 : 3);
	}
	close(pair[1]);
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(link_exists(NAME));
	ASSERT_EQ(1, write(pair[0], "x", 1));
	ASSERT_EQ(1, read(pair[0], &byte, 1));
	EXPECT_EQ(0, byte);
	EXPECT_TRUE(link_exists(NAME));
	close(pair[0]);
	EXPECT_EQ(0, wait_child(child, DEADLINE_MS));
	EXPECT_FALSE(link_exists(NAME));
}

/* Keeps fd until it is killed. */
static pid_t fork_holder(void)
{
	pid_t child = fork();

	if (!child) {
		/* Also if the test fails and leaves it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return child;
}

TEST_F_TIMEOUT(holder, killed_child_lets_go, 60)
{
	pid_t child = fork_holder();
	int status;

	ASSERT_LT(0, child);
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(link_exists(NAME));
	ASSERT_EQ(0, kill(child, SIGKILL));
	status = wait_child(child, DEADLINE_MS);
	ASSERT_LE(0, status);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, wait_for(link_gone, NULL, DEADLINE_MS));
}

TEST_F_TIMEOUT(holder, killed_reader_lets_go, 60)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		char buffer[2048];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(self->fd, buffer, sizeof(buffer)) >= 0)
			;
		_exit(1);
	}
	/* A signal that kills ends a read that sleeps. */
	ASSERT_EQ(0, wait_asleep(child, DEADLINE_MS));
	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(0, kill(child, SIGKILL));
	status = wait_child(child, DEADLINE_MS);
	ASSERT_LE(0, status);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, wait_for(link_gone, NULL, DEADLINE_MS));
}

TEST_F_TIMEOUT(holder, sent_to_another_process, 60)
{
	int pair[2], fd;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	/* In flight, the message alone keeps the device. */
	ASSERT_EQ(0, fd_send(pair[0], self->fd));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(link_exists(NAME));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		fd = fd_receive(pair[1]);
		_exit(fd < 0 ? 1 :
		      traffic_echo(&self->traffic, fd) ? 2 : 0);
	}
	EXPECT_EQ(0, wait_child(child, DEADLINE_MS));
	EXPECT_EQ(0, wait_for(link_gone, NULL, DEADLINE_MS));
	close(pair[0]);
	close(pair[1]);
}

TEST_F_TIMEOUT(holder, lost_in_flight, 60)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, fd_send(pair[0], self->fd));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(link_exists(NAME));
	close(pair[0]);
	close(pair[1]);
	EXPECT_EQ(0, wait_for(link_gone, NULL, DEADLINE_MS));
}

TEST_F_TIMEOUT(holder, renamed, 60)
{
	char name[IFNAMSIZ], text[32];

	ASSERT_EQ(0, link_set_down(NAME));
	ASSERT_EQ(0, link_set_name(NAME, "space9"));
	ASSERT_EQ(0, device_getiff(self->fd, name, NULL));
	EXPECT_STREQ("space9", name);
	ASSERT_EQ(0, device_fdinfo(self->fd, "iff", text, sizeof(text)));
	EXPECT_STREQ("space9", text);
	ASSERT_EQ(0, traffic_up(&self->traffic, "space9"));
	EXPECT_EQ(0, traffic_echo(&self->traffic, self->fd));
}

TEST_HARNESS_MAIN
