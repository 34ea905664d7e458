// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a device, and not waiting: blocking reads and what ends them,
 * O_NONBLOCK, RWF_NOWAIT, poll and epoll, io_uring, and a device that is down.
 */
#include "device.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "packet.h"
#include "rtnl.h"
#include "uring.h"
#include "wire.h"

#define PORT		4000
#define PEER_PORT	5000

static struct packet packet;
static struct record record;
static uint8_t buffer[4096];

FIXTURE(wait)
{
	struct wire wire;
	int fd;		/* a UDP socket, connected to the peer */
	bool strict;
};

FIXTURE_VARIANT(wait)
{
	int type;
};

FIXTURE_VARIANT_ADD(wait, tun) { .type = IFF_TUN };
FIXTURE_VARIANT_ADD(wait, tap) { .type = IFF_TAP };

FIXTURE_SETUP(wait)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->strict = device_is_mytun();
	self->wire.type = variant->type;
	self->wire.net = 1;
	self->wire.ipv4_only = true;
	ASSERT_EQ(0, wire_open(&self->wire));
	self->fd = wire_socket(&self->wire, AF_INET, SOCK_DGRAM, PORT,
			       PEER_PORT);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(wait)
{
	close(self->fd);
	wire_close(&self->wire);
}

static void build(const struct wire *w, size_t size)
{
	struct packet_flow flow = wire_flow(w, AF_INET, PEER_PORT, PORT);

	packet_udp(&packet, &flow, buffer, size);
}

TEST_F_TIMEOUT(wait, nonblocking, 120)
{
	struct wire *w = &self->wire;

	EXPECT_EQ(-EAGAIN, device_read(w->fd, buffer, sizeof(buffer)));
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_LT(0, device_read(w->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(-EAGAIN, device_read(w->fd, buffer, sizeof(buffer)));
	/* Nothing to read is not worth a wait either. */
	ASSERT_EQ(0, device_nonblock(w->fd, false));
	EXPECT_EQ(0, device_read(w->fd, buffer, 0));
}

/* preadv2() and pwritev2() on a blocking fd, which must not block. */
TEST_F_TIMEOUT(wait, nowait, 120)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = sizeof(buffer) };
	struct wire *w = &self->wire;
	ssize_t ret;

	ASSERT_EQ(0, device_nonblock(w->fd, false));
	ret = preadv2(w->fd, &iov, 1, -1, RWF_NOWAIT);
	if (ret < 0 && errno == EOPNOTSUPP && !self->strict)
		SKIP(return, "the in-kernel driver has it since 6.4");
	EXPECT_EQ(-1, ret);
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	ret = preadv2(w->fd, &iov, 1, -1, RWF_NOWAIT);
	EXPECT_LT(28, ret);
	build(w, 32);
	iov.iov_base = packet.data;
	iov.iov_len = packet.size;
	ret = pwritev2(w->fd, &iov, 1, -1, RWF_NOWAIT);
	EXPECT_EQ(packet.size, ret);
	EXPECT_EQ(32, wire_recv(self->fd, buffer, sizeof(buffer), DEADLINE_MS));
}

struct reader {
	int fd;
	pthread_t thread;
	atomic_int tid;
	ssize_t ret;
};

static void *read_once(void *arg)
{
	static uint8_t data[4096];
	struct reader *reader = arg;

	atomic_store(&reader->tid, (int)syscall(SYS_gettid));
	reader->ret = device_read(reader->fd, data, sizeof(data));
	return NULL;
}

/* A thread that is asleep in read(). 0 or -errno. */
static int start_reader(struct reader *reader, int fd)
{
	uint64_t end = now_ms() + DEADLINE_MS;
	int err;

	reader->fd = fd;
	atomic_store(&reader->tid, 0);
	err = pthread_create(&reader->thread, NULL, read_once, reader);
	if (err)
		return -err;
	while (!atomic_load(&reader->tid) && now_ms() < end)
		sleep_ms(1);
	return wait_asleep(atomic_load(&reader->tid), DEADLINE_MS);
}

/* One packet wakes a reader; with two readers, each packet wakes one. */
TEST_F_TIMEOUT(wait, blocking_read, 120)
{
	unsigned int count = scaled(1000), i;
	struct wire *w = &self->wire;
	struct reader first, second;

	ASSERT_EQ(0, device_nonblock(w->fd, false));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, start_reader(&first, w->fd));
		ASSERT_EQ(0, start_reader(&second, w->fd));
		ASSERT_EQ(1, send(self->fd, "x", 1, 0));
		ASSERT_EQ(2, send(self->fd, "yy", 2, 0));
		ASSERT_EQ(0, pthread_join(first.thread, NULL));
		ASSERT_EQ(0, pthread_join(second.thread, NULL));
		/* Either may have taken either. */
		EXPECT_LT(0, first.ret);
		EXPECT_EQ(1, first.ret > second.ret ? first.ret - second.ret :
						      second.ret - first.ret);
	}
}

static void nothing(int sig)
{
	(void)sig;
}

/* A signal ends a read, and it is begun again if the handler says so. */
TEST_F_TIMEOUT(wait, interrupted, 120)
{
	struct sigaction action = { .sa_handler = nothing };
	struct wire *w = &self->wire;
	struct reader reader;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, device_nonblock(w->fd, false));
	ASSERT_EQ(0, start_reader(&reader, w->fd));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(-EINTR, reader.ret);

	action.sa_flags = SA_RESTART;
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, start_reader(&reader, w->fd));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	sleep_ms(QUIET_MS);
	ASSERT_EQ(0, wait_asleep(atomic_load(&reader.tid), DEADLINE_MS));
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_LT(0, reader.ret);
}

/* Readable for as long as there is something to read, writable always. */
TEST_F_TIMEOUT(wait, poll_level, 120)
{
	const short out = POLLOUT | POLLWRNORM, in = POLLIN | POLLRDNORM;
	struct wire *w = &self->wire;
	int i;

	EXPECT_EQ(0, wait_events(w->fd, in, 0));
	EXPECT_EQ(out, wait_events(w->fd, in | out, 0));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(in, wait_events(w->fd, in, 0));
		EXPECT_EQ(in | out, wait_events(w->fd, in | out, 0));
		EXPECT_LT(0, device_read(w->fd, buffer, sizeof(buffer)));
	}
	EXPECT_EQ(0, wait_events(w->fd, in, 0));
}

static void *send_later(void *arg)
{
	sleep_ms(QUIET_MS);
	if (send(*(int *)arg, "x", 1, 0) != 1)
		perror("send");
	return NULL;
}

/* poll() and epoll_wait() that have begun to wait are woken. */
TEST_F_TIMEOUT(wait, poll_woken, 120)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct wire *w = &self->wire;
	int epfd = epoll_create1(EPOLL_CLOEXEC);
	pthread_t thread;

	ASSERT_LE(0, epfd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_later, &self->fd));
	EXPECT_EQ(POLLIN, wait_events(w->fd, POLLIN, DEADLINE_MS));
	pthread_join(thread, NULL);
	EXPECT_LT(0, device_read(w->fd, buffer, sizeof(buffer)));
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &event));
	EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_later, &self->fd));
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, DEADLINE_MS));
	EXPECT_EQ(EPOLLIN, event.events);
	pthread_join(thread, NULL);
	/* Level: told again until it is read. */
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, 0));
	EXPECT_LT(0, device_read(w->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	close(epfd);
}

/* Edge-triggered: told once for what arrives, whether it is read or not. */
TEST_F_TIMEOUT(wait, epoll_edge, 120)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	unsigned int count = scaled(2000), i;
	struct wire *w = &self->wire;
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epfd);
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &event));
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, DEADLINE_MS));
	EXPECT_EQ(EPOLLOUT, event.events);
	EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(1, send(self->fd, "x", 1, 0));
		ASSERT_EQ(1, epoll_wait(epfd, &event, 1, DEADLINE_MS));
		EXPECT_EQ(EPOLLIN, event.events & EPOLLIN);
		EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
		/* Read down to EAGAIN, as who uses it must. */
		EXPECT_LT(0, device_read(w->fd, buffer, sizeof(buffer)));
		EXPECT_EQ(-EAGAIN, device_read(w->fd, buffer, sizeof(buffer)));
		EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	}
	/* Each of two that are not read is told. */
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, DEADLINE_MS));
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, DEADLINE_MS));
	EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	close(epfd);
}

/* Several at once: each packet ends one read, each write is one packet. */
TEST_F_TIMEOUT(wait, io_uring, 120)
{
	enum { MANY = 8 };
	static uint8_t data[MANY][2048];
	unsigned int rounds = scaled(400), round, i;
	struct wire *w = &self->wire;
	size_t front, size;
	struct uring ring;
	uint64_t tag;
	bool seen[MANY];
	int ret;

	ret = uring_open(&ring, MANY);
	if (ret)
		SKIP(return, "no io_uring: %s", strerror(-ret));
	ASSERT_EQ(0, device_nonblock(w->fd, false));
	build(w, 1000);
	front = packet.size - 1000;
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < MANY; i++)
			uring_put(&ring, IORING_OP_READ, w->fd, data[i],
				  sizeof(data[i]), i);
		ASSERT_EQ(MANY, uring_submit(&ring));
		EXPECT_EQ(-ETIMEDOUT, uring_result(&ring, NULL, 0));
		for (i = 0; i < MANY; i++)
			ASSERT_EQ((ssize_t)(1 + i), send(self->fd, buffer,
							 1 + i, 0));
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < MANY; i++) {
			ret = uring_result(&ring, &tag, DEADLINE_MS);
			ASSERT_LT(front, ret);
			size = ret - front;
			ASSERT_GE(MANY, size);
			EXPECT_FALSE(seen[size - 1]);
			seen[size - 1] = true;
		}
		for (i = 0; i < MANY; i++) {
			build(w, 100 + i);
			memcpy(data[i], packet.data, packet.size);
			uring_put(&ring, IORING_OP_WRITE, w->fd, data[i],
				  packet.size, i);
		}
		ASSERT_EQ(MANY, uring_submit(&ring));
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < MANY; i++) {
			ret = uring_result(&ring, &tag, DEADLINE_MS);
			EXPECT_EQ(front + 100 + tag, ret);
			ret = wire_recv(self->fd, buffer, sizeof(buffer),
					DEADLINE_MS);
			ASSERT_LE(100, ret);
			ASSERT_GT(100 + MANY, ret);
			EXPECT_FALSE(seen[ret - 100]);
			seen[ret - 100] = true;
		}
	}
	/* What write() refuses. */
	uring_put(&ring, IORING_OP_WRITE, w->fd, data[0], 0, 0);
	ASSERT_EQ(1, uring_submit(&ring));
	EXPECT_EQ(-EINVAL, uring_result(&ring, &tag, DEADLINE_MS));
	uring_close(&ring);
}

/*
 * Down: writes are refused and counted, what waits can be read, and poll says
 * so; up again, whoever waits to write is woken.
 */
TEST_F_TIMEOUT(wait, down, 120)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	struct rtnl_link_stats64 before, after;
	struct wire *w = &self->wire;
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epfd);
	build(w, 32);
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	ASSERT_EQ(0, link_get_stats(w->name, &before));
	ASSERT_EQ(0, link_set_down(w->name));
	EXPECT_EQ(-EIO, wire_put(w, &packet, NULL));
	EXPECT_EQ(-EIO, wire_put(w, &packet, NULL));
	ASSERT_EQ(0, link_get_stats(w->name, &after));
	EXPECT_EQ(before.rx_packets, after.rx_packets);
	EXPECT_EQ(before.rx_dropped + 2, after.rx_dropped);
	/* What is malformed is told first. */
	EXPECT_EQ(-EINVAL, device_write(w->fd, "", 0));

	EXPECT_EQ(POLLIN, wait_events(w->fd, POLLIN | POLLOUT, 0));
	EXPECT_EQ(0, wire_get(w, &record, 0));
	EXPECT_EQ(0, wait_events(w->fd, POLLIN | POLLOUT, 0));
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &event));
	EXPECT_EQ(0, epoll_wait(epfd, &event, 1, QUIET_MS));

	ASSERT_EQ(0, link_set_up(w->name));
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, DEADLINE_MS));
	EXPECT_EQ(EPOLLOUT, event.events);
	EXPECT_EQ(POLLOUT, wait_events(w->fd, POLLOUT, 0));
	EXPECT_EQ(packet.size, wire_put(w, &packet, NULL));
	EXPECT_EQ(32, wire_recv(self->fd, buffer, sizeof(buffer), DEADLINE_MS));
	close(epfd);
}

/* The signal that comes within that time, or 0; its origin. */
static int signalled(const sigset_t *set, siginfo_t *info, int ms)
{
	struct timespec limit = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L,
	};
	int ret = sigtimedwait(set, info, &limit);

	return ret < 0 ? 0 : ret;
}

/* SIGIO, or the signal of F_SETSIG, to who asked for it with O_ASYNC. */
TEST_F_TIMEOUT(wait, sigio, 120)
{
	int number = SIGRTMIN + 3, flags;
	struct wire *w = &self->wire;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, number);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	flags = fcntl(w->fd, F_GETFL);
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_EQ(0, signalled(&set, &info, QUIET_MS));

	/* The owner is the caller unless F_SETOWN says who. */
	ASSERT_EQ(0, fcntl(w->fd, F_SETFL, flags | O_ASYNC));
	EXPECT_EQ(getpid(), fcntl(w->fd, F_GETOWN));
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_EQ(SIGIO, signalled(&set, &info, DEADLINE_MS));

	ASSERT_EQ(0, fcntl(w->fd, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(w->fd, F_SETSIG, number));
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_EQ(number, signalled(&set, &info, DEADLINE_MS));
	EXPECT_EQ(POLL_IN, info.si_code);
	EXPECT_EQ(w->fd, info.si_fd);
	EXPECT_NE(0, info.si_band & POLLIN);

	/* It takes packets again, which was asked for when it did not. */
	ASSERT_EQ(0, link_set_down(w->name));
	EXPECT_EQ(0, wait_events(w->fd, POLLOUT, 0));
	EXPECT_EQ(0, signalled(&set, &info, QUIET_MS));
	ASSERT_EQ(0, link_set_up(w->name));
	EXPECT_EQ(number, signalled(&set, &info, DEADLINE_MS));
	EXPECT_EQ(POLL_OUT, info.si_code);
	EXPECT_NE(0, info.si_band & POLLOUT);

	ASSERT_EQ(0, fcntl(w->fd, F_SETFL, flags & ~O_ASYNC));
	while (signalled(&set, &info, QUIET_MS))
		continue;
	ASSERT_EQ(1, send(self->fd, "x", 1, 0));
	EXPECT_EQ(0, signalled(&set, &info, QUIET_MS));
}

TEST_HARNESS_MAIN
