// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Real devices in a network namespace of the test's own: with /dev/net/tun
 * anywhere, with /dev/net/mytun where its module is loaded. UDP goes from a
 * socket through the stack to the library, which sends it back.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "mytun.h"
#include "packet.h"

#define WORKERS		4
#define SECOND		1000000000LL
#define HERE		"10.9.0.1"
#define THERE		"10.9.0.2"
#define UDP_OFFSET	28	/* of the payload, without IP options */

/* What a test and its threads share. */
#define SELF	FIXTURE_DATA(device)

FIXTURE(device) {
	struct mytun_options options;
	struct mytun_queue *queue;
	char name[IFNAMSIZ];
	int udp;
	atomic_bool over;
	atomic_uint failed;
};

FIXTURE_VARIANT(device) {
	enum mytun_mode mode;
};

FIXTURE_VARIANT_ADD(device, ring) {
	.mode = MYTUN_MODE_RING,
};

FIXTURE_VARIANT_ADD(device, batch) {
	.mode = MYTUN_MODE_BATCH,
};

FIXTURE_VARIANT_ADD(device, plain) {
	.mode = MYTUN_MODE_PLAIN,
};

/* One ioctl of a socket about the interface; returns 0 or -errno. */
static int configure(const char *name, unsigned long request, unsigned int value)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err;
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	if (request == SIOCSIFFLAGS) {
		ifr.ifr_flags = (short)value;
	} else if (request == SIOCSIFMTU) {
		ifr.ifr_mtu = (int)value;
	} else {
		address.sin_addr.s_addr = htonl(value);
		memcpy(&ifr.ifr_addr, &address, sizeof(address));
	}
	err = ioctl(fd, request, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

static int bring_up(const char *name)
{
	int err = configure(name, SIOCSIFMTU, 65535);

	if (!err)
		err = configure(name, SIOCSIFADDR, ntohl(inet_addr(HERE)));
	if (!err)
		err = configure(name, SIOCSIFNETMASK, 0xffffff00);
	if (!err)
		err = configure(name, SIOCSIFFLAGS, IFF_UP);
	return err;
}

static int udp_socket(void)
{
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(7777),
		.sin_addr.s_addr = inet_addr(THERE),
	};
	struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bytes = 8 << 20;

	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

FIXTURE_SETUP(device)
{
	int err;

	self->udp = -1;
	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespace: %s", strerror(errno));
	mytun_options_init(&self->options);
	self->options.modes = MYTUN_MODE_SET(variant->mode);
	self->options.name = "lib%d";
	self->options.head_room = 16;
	self->options.tail_room = 16;
	err = mytun_open(&self->queue, 1, &self->options);
	if (err)
		SKIP(return, "no mode %s here: %s",
		     mytun_mode_name(variant->mode), strerror(-err));
	ASSERT_EQ(variant->mode, mytun_mode(self->queue));
	ASSERT_EQ(0, mytun_interface(self->queue, self->name));
	ASSERT_EQ(0, bring_up(self->name));
	self->udp = udp_socket();
	ASSERT_LE(0, self->udp);
}

FIXTURE_TEARDOWN(device)
{
	mytun_close(self->queue);
	if (self->udp >= 0)
		close(self->udp);
}

static void swap(unsigned char *a, unsigned char *b, size_t bytes)
{
	unsigned char c;

	while (bytes--) {
		c = *a;
		*a++ = *b;
		*b++ = c;
	}
}

/* Whether it is UDP over IPv4; addresses and ports are exchanged. */
static bool turn_round(unsigned char *data, __u32 len)
{
	if (len < UDP_OFFSET || data[0] != 0x45 || data[9] != IPPROTO_UDP)
		return false;
	swap(data + 12, data + 16, 4);
	swap(data + 20, data + 22, 2);
	return true;
}

/* Sends back what comes, until nothing has come for a while and it is over. */
static void *echo(void *argument)
{
	SELF *self = argument;
	struct mytun_record *received[32], *sent;
	int got, ready, i;
	__u32 len;

	while (!atomic_load(&self->over)) {
		ready = mytun_wait(self->queue, MYTUN_WAIT_RX, SECOND / 20);
		if (ready < 0)
			break;
		got = mytun_peek(self->queue, received, 32);
		for (i = 0; i < got; i++) {
			len = received[i]->len;
			if (!turn_round(mytun_data(received[i]), len))
				continue;
			while (mytun_reserve(self->queue, &sent, 1, len) != 1)
				mytun_wait(self->queue, MYTUN_WAIT_TX, SECOND);
			memcpy(mytun_data(sent), mytun_data(received[i]), len);
			if (received[i]->size % MYTUN_RECORD_ALIGN ||
			    mytun_head_room(received[i]) < 16 ||
			    mytun_tail_room(received[i]) < 16)
				atomic_fetch_add(&self->failed, 1);
		}
		mytun_release(self->queue, MYTUN_ALL);
		if (got > 0 && mytun_submit(self->queue, MYTUN_ALL))
			atomic_fetch_add(&self->failed, 1);
	}
	return NULL;
}

/*
 * Sends @count numbered datagrams, @window at a time, and gets them back in
 * order; length 0: of random lengths. Returns how many did not come as sent.
 */
static unsigned int exchange(int udp, __u32 count, __u32 window, __u32 length)
{
	static unsigned char data[65536];
	__u32 i = 0, j, state = 11, replay, len;
	unsigned int wrong = 0;
	ssize_t got;

	while (i < count) {
		replay = state;
		for (j = 0; j < window; j++) {
			len = length ? length : PACKET_MIN +
			      random_next(&state) % (65508 - PACKET_MIN);
			packet_fill(data, i + j, len);
			if (send(udp, data, len, 0) != (ssize_t)len)
				return count;
		}
		state = replay;
		for (j = 0; j < window; j++) {
			len = length ? length : PACKET_MIN +
			      random_next(&state) % (65508 - PACKET_MIN);
			got = recv(udp, data, sizeof(data), 0);
			if (got < 0)
				return count;
			if (got != (ssize_t)len ||
			    !packet_good(data, i + j, len))
				wrong++;
		}
		i += window;
	}
	return wrong;
}

TEST_F_TIMEOUT(device, echoes, 300)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	const __u32 small = scaled(50000) / 64 * 64, large = scaled(4000);
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, echo, self));
	EXPECT_EQ(0, exchange(self->udp, small, 64, 100));
	EXPECT_EQ(0, exchange(self->udp, large, 2, 0));
	EXPECT_EQ(0, exchange(self->udp, 4, 1, 65507));
	atomic_store(&self->over, true);
	pthread_join(thread, NULL);
	ASSERT_EQ(0, atomic_load(&self->failed));
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	ASSERT_EQ(0, counters.refused);
	ASSERT_EQ(0, counters.lost);
	TH_LOG("%u packets: %llu reads, %llu writes, %llu kicks, %llu waits",
	       small + large + 4, counters.reads, counters.writes,
	       counters.kicks, counters.waits);
}

/* A received record, and one of the same length to send. */
struct pair {
	struct mytun_record *received, *sent;
};

struct work {
	SELF *self;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct pair pair[1024];
	unsigned int head, tail;
	bool over;
};

static bool work_take(struct work *work, struct pair *pair)
{
	bool some;

	pthread_mutex_lock(&work->lock);
	while (work->head == work->tail && !work->over)
		pthread_cond_wait(&work->some, &work->lock);
	some = work->head != work->tail;
	if (some)
		*pair = work->pair[work->tail++ % 1024];
	pthread_mutex_unlock(&work->lock);
	return some;
}

static void *worker(void *argument)
{
	struct work *work = argument;
	struct pair pair;
	__u32 len;

	while (work_take(work, &pair)) {
		len = pair.received->len;
		memcpy(mytun_data(pair.sent), mytun_data(pair.received), len);
		if (!turn_round(mytun_data(pair.sent), len))
			mytun_drop(pair.sent);
		if (len % 3 == 0)
			sched_yield();
		if (mytun_done(work->self->queue, pair.received) ||
		    mytun_filled(work->self->queue, pair.sent))
			atomic_fetch_add(&work->self->failed, 1);
	}
	return NULL;
}

static void *dispatch(void *argument)
{
	struct work *work = argument;
	struct mytun_queue *queue = work->self->queue;
	struct mytun_record *received, *sent;

	while (!atomic_load(&work->self->over)) {
		if (mytun_wait(queue, MYTUN_WAIT_RX, SECOND / 20) < 0)
			break;
		while (mytun_peek(queue, &received, 1) == 1) {
			while (mytun_reserve(queue, &sent, 1,
					     received->len) != 1)
				sched_yield();
			pthread_mutex_lock(&work->lock);
			work->pair[work->head++ % 1024] =
				(struct pair){ received, sent };
			pthread_cond_signal(&work->some);
			pthread_mutex_unlock(&work->lock);
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(device, echoes_by_four_workers, 300)
{
	const __u32 small = scaled(50000) / 64 * 64;
	pthread_t threads[WORKERS], thread;
	static struct work work;
	int i;

	work.self = self;
	pthread_mutex_init(&work.lock, NULL);
	pthread_cond_init(&work.some, NULL);
	for (i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, worker, &work);
	ASSERT_EQ(0, pthread_create(&thread, NULL, dispatch, &work));
	/* Submitted in the order of reservation: they come back in order. */
	EXPECT_EQ(0, exchange(self->udp, small, 64, 100));
	EXPECT_EQ(0, exchange(self->udp, scaled(2000), 2, 0));
	atomic_store(&self->over, true);
	pthread_join(thread, NULL);
	pthread_mutex_lock(&work.lock);
	work.over = true;
	pthread_cond_broadcast(&work.some);
	pthread_mutex_unlock(&work.lock);
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	ASSERT_EQ(0, atomic_load(&self->failed));
	ASSERT_EQ(self->queue->rx.cursor, self->queue->rx.consumer);
	ASSERT_EQ(self->queue->tx.cursor, self->queue->tx.producer);
}

/* Each drive that a ring has delivers the same; there are none elsewhere. */
TEST_F_TIMEOUT(device, drives, 300)
{
	const struct {
		unsigned int drive, flags, poll_us;
	} drives[] = {
		{ MYTUN_DRIVE_NAPI, 0, 0 },
		{ MYTUN_DRIVE_NAPI, MYTUN_DRIVE_GRO, 0 },
		{ MYTUN_DRIVE_THREAD, 0, 0 },
		{ MYTUN_DRIVE_THREAD, 0, 200 },
		{ MYTUN_DRIVE_CALLER, 0, 0 },
	};
	pthread_t thread;
	unsigned int i;
	int err;

	if (variant->mode != MYTUN_MODE_RING) {
		ASSERT_EQ(-EOPNOTSUPP, mytun_set_drive(self->queue,
						       MYTUN_DRIVE_CALLER, 0,
						       0));
		ASSERT_EQ(-EOPNOTSUPP, mytun_lend(self->queue));
		ASSERT_EQ(-EOPNOTSUPP, mytun_set_moderation(self->queue, 1,
							    0));
		ASSERT_EQ(-EOPNOTSUPP, mytun_set_eventfds(self->queue, -1,
							  -1));
		return;
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, echo, self));
	for (i = 0; i < ARRAY_SIZE(drives); i++) {
		err = mytun_set_drive(self->queue, drives[i].drive,
				      drives[i].flags, drives[i].poll_us);
		EXPECT_TRUE(drives[i].drive == MYTUN_DRIVE_THREAD ?
			    err > 0 : !err);
		EXPECT_EQ(0, exchange(self->udp, scaled(10000) / 64 * 64, 64,
				      100));
	}
	atomic_store(&self->over, true);
	pthread_join(thread, NULL);
	ASSERT_EQ(0, atomic_load(&self->failed));
}

static void *lend(void *argument)
{
	SELF *self = argument;
	int err = mytun_lend(self->queue);

	if (err != -EINTR)
		atomic_fetch_add(&self->failed, 1);
	return NULL;
}

static void no_action(int number)
{
}

/* A thread of the process is the drive, until a signal comes. */
TEST_F_TIMEOUT(device, a_thread_is_lent, 120)
{
	struct sigaction action = { .sa_handler = no_action };
	pthread_t lent, thread;

	if (variant->mode != MYTUN_MODE_RING) {
		ASSERT_EQ(-EOPNOTSUPP, mytun_lend(self->queue));
		return;
	}
	ASSERT_EQ(-EINVAL, mytun_lend(self->queue));
	ASSERT_EQ(0, mytun_set_drive(self->queue, MYTUN_DRIVE_LENT, 0, 50));
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, echo, self));
	ASSERT_EQ(0, pthread_create(&lent, NULL, lend, self));
	EXPECT_EQ(0, exchange(self->udp, 2048, 64, 100));
	atomic_store(&self->over, true);
	pthread_join(thread, NULL);
	/* It may not be in the call yet, or have left it. */
	while (pthread_tryjoin_np(lent, NULL)) {
		pthread_kill(lent, SIGUSR1);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	ASSERT_EQ(0, atomic_load(&self->failed));
}

/* The kernel waits for more packets, but not for ever. */
TEST_F_TIMEOUT(device, wakeups_are_moderated, 60)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	__u64 waits;
	pthread_t thread;

	if (variant->mode != MYTUN_MODE_RING) {
		ASSERT_EQ(-EOPNOTSUPP, mytun_set_moderation(self->queue, 8,
							    1000));
		return;
	}
	ASSERT_EQ(-EINVAL, mytun_set_moderation(self->queue, 8, 0));
	ASSERT_EQ(-EINVAL, mytun_set_moderation(self->queue, 8, 1000001));
	ASSERT_EQ(0, mytun_set_moderation(self->queue, 64, 100000));
	ASSERT_EQ(0, pthread_create(&thread, NULL, echo, self));
	EXPECT_EQ(0, exchange(self->udp, 64, 64, 100));
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	waits = counters.waits;
	EXPECT_EQ(0, exchange(self->udp, 640, 64, 100));
	/* Fewer than 64: a tenth of a second later. */
	EXPECT_EQ(0, exchange(self->udp, 3, 1, 100));
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	atomic_store(&self->over, true);
	pthread_join(thread, NULL);
	ASSERT_LT(counters.waits - waits, 640);
	TH_LOG("643 packets: %llu waits", counters.waits - waits);
}

TEST_F_TIMEOUT(device, eventfds_stand_for_wakeup_and_kick, 60)
{
	int rx = eventfd(0, 0), kick = eventfd(0, EFD_NONBLOCK), i;
	struct pollfd file = { .fd = rx, .events = POLLIN };
	struct mytun_record *record, *sent;
	unsigned char data[100];
	bool seen = false;
	eventfd_t value;

	if (variant->mode != MYTUN_MODE_RING) {
		ASSERT_EQ(-EOPNOTSUPP, mytun_set_eventfds(self->queue, rx,
							  kick));
		return;
	}
	ASSERT_EQ(-EINVAL, mytun_set_eventfds(self->queue, rx, kick));
	ASSERT_EQ(0, mytun_set_drive(self->queue, MYTUN_DRIVE_NAPI, 0, 0));
	ASSERT_EQ(-EINVAL, mytun_set_eventfds(self->queue, self->udp, -1));
	ASSERT_EQ(-EBADF, mytun_set_eventfds(self->queue, 9999, -1));
	ASSERT_EQ(0, mytun_set_eventfds(self->queue, rx, kick));
	while (mytun_wait(self->queue, MYTUN_WAIT_RX, SECOND / 2) > 0)
		while (mytun_peek(self->queue, &record, 1) == 1)
			;
	ASSERT_EQ(0, mytun_release(self->queue, MYTUN_ALL));
	packet_fill(data, 5, sizeof(data));
	ASSERT_EQ(sizeof(data), send(self->udp, data, sizeof(data), 0));
	for (i = 0; i < 50 && !seen; i++) {
		ASSERT_EQ(1, poll(&file, 1, 10000));
		ASSERT_EQ(0, eventfd_read(rx, &value));
		while (mytun_peek(self->queue, &record, 1) == 1) {
			if (!turn_round(mytun_data(record), record->len))
				continue;
			seen = true;
			ASSERT_EQ(1, mytun_reserve(self->queue, &sent, 1,
						   record->len));
			memcpy(mytun_data(sent), mytun_data(record),
			       record->len);
		}
		ASSERT_EQ(0, mytun_release(self->queue, MYTUN_ALL));
	}
	ASSERT_TRUE(seen);
	/* Without the library's own kick: the position, then the eventfd. */
	mytun_store_release(self->queue->tx.user_producer,
			    self->queue->tx.cursor);
	mytun_store_release(&self->queue->tx.producer,
			    self->queue->tx.cursor);
	ASSERT_EQ(0, eventfd_write(kick, 1));
	ASSERT_EQ(sizeof(data), recv(self->udp, data, sizeof(data), 0));
	ASSERT_TRUE(packet_good(data, 5, sizeof(data)));
	close(rx);
	close(kick);
}

TEST_F_TIMEOUT(device, a_device_that_is_down_refuses, 60)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	struct mytun_record *records[10];
	int i;

	ASSERT_EQ(0, configure(self->name, SIOCSIFFLAGS, 0));
	ASSERT_EQ(10, mytun_reserve(self->queue, records, 10, 100));
	for (i = 0; i < 10; i++) {
		memset(mytun_data(records[i]), 0, 100);
		*mytun_data(records[i]) = 0x45;
	}
	ASSERT_EQ(0, mytun_submit(self->queue, MYTUN_ALL));
	ASSERT_EQ(MYTUN_WAIT_TX,
		  mytun_wait(self->queue, MYTUN_WAIT_TX, 10 * SECOND));
	ASSERT_EQ(0, mytun_count(self->queue, &counters));
	ASSERT_EQ(10, counters.refused);
}

/* Edge-triggered: armed when peek has returned 0, also with records held. */
TEST_F_TIMEOUT(device, epoll_by_edges, 60)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct mytun_record *record;
	unsigned char data[40];
	int epoll = epoll_create1(0), udp = 0, i;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, mytun_fd(self->queue),
			       &event));
	/* What the stack says of itself when a device comes up. */
	while (mytun_wait(self->queue, MYTUN_WAIT_RX, SECOND / 2) > 0)
		while (mytun_peek(self->queue, &record, 1) == 1)
			;
	while (epoll_wait(epoll, &event, 1, 0) == 1)
		;
	for (i = 0; i < 50; i++) {
		packet_fill(data, (__u32)i, sizeof(data));
		ASSERT_EQ(sizeof(data), send(self->udp, data, sizeof(data),
					     0));
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, 10000));
		while (mytun_peek(self->queue, &record, 1) == 1) {
			if (record->len == UDP_OFFSET + sizeof(data) &&
			    packet_good(mytun_data(record) + UDP_OFFSET,
					(__u32)i, sizeof(data)))
				udp++;
		}
	}
	ASSERT_EQ(50, udp);
	close(epoll);
}

static int send_file(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int receive_file(int socket)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* The process that is given the file: echoes until it is killed. */
static int successor(int socket, enum mytun_mode mode)
{
	SELF self = { .udp = -1 };
	int fd = receive_file(socket);

	mytun_options_init(&self.options);
	self.options.modes = MYTUN_MODE_SET(mode);
	self.options.head_room = 16;
	self.options.tail_room = 16;
	if (mytun_attach(&self.queue, fd, &self.options) ||
	    mytun_mode(self.queue) != mode)
		return 1;
	echo(&self);
	return 0;
}

TEST_F_TIMEOUT(device, another_process_goes_on, 60)
{
	unsigned char data[40];
	struct mytun_record *record;
	int pair[2], fd, status;
	bool seen = false;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Not the queue, which the parent hands over. */
		close(mytun_fd(self->queue));
		_exit(successor(pair[1], variant->mode));
	}
	/* With a ring: seen here, not released, and so seen there again. */
	if (variant->mode == MYTUN_MODE_RING) {
		packet_fill(data, 1, sizeof(data));
		ASSERT_EQ(sizeof(data), send(self->udp, data, sizeof(data),
					     0));
		while (!seen) {
			ASSERT_LT(0, mytun_wait(self->queue, MYTUN_WAIT_RX,
						10 * SECOND));
			ASSERT_EQ(1, mytun_peek(self->queue, &record, 1));
			seen = record->len == UDP_OFFSET + sizeof(data);
			if (!seen)
				mytun_release(self->queue, 1);
		}
	} else {
		while (mytun_pending(self->queue, MYTUN_WAIT_RX))
			mytun_peek(self->queue, &record, 1);
		mytun_release(self->queue, MYTUN_ALL);
	}
	fd = mytun_detach(self->queue);
	self->queue = NULL;
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, send_file(pair[0], fd));
	close(fd);
	if (variant->mode == MYTUN_MODE_RING) {
		ASSERT_EQ(sizeof(data), recv(self->udp, data, sizeof(data),
					     0));
		ASSERT_TRUE(packet_good(data, 1, sizeof(data)));
	}
	EXPECT_EQ(0, exchange(self->udp, 640, 64, 100));
	kill(child, SIGTERM);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
}

/* Deletes the interface as "ip link del" does. */
static int delete_link(const char *name)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_DELLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.info.ifi_index = (int)if_nametoindex(name),
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), err = -1;

	if (send(fd, &request, sizeof(request), 0) == sizeof(request) &&
	    recv(fd, &answer, sizeof(answer), 0) >= (ssize_t)sizeof(answer))
		err = answer.error.error;
	close(fd);
	return err;
}

static void *wait_for_end(void *argument)
{
	SELF *self = argument;
	struct mytun_record *record;
	int state;

	do {
		state = mytun_wait(self->queue, MYTUN_WAIT_RX, -1);
		if (state > 0) {
			mytun_peek(self->queue, &record, 1);
			mytun_release(self->queue, MYTUN_ALL);
		}
	} while (state >= 0);
	if (state != -EBADFD)
		atomic_fetch_add(&self->failed, 1);
	return NULL;
}

TEST_F_TIMEOUT(device, a_sleeper_sees_the_end, 60)
{
	struct mytun_record *record;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_end, self));
	nanosleep(&(struct timespec){ .tv_nsec = SECOND / 5 }, NULL);
	ASSERT_EQ(0, delete_link(self->name));
	pthread_join(thread, NULL);
	ASSERT_EQ(0, atomic_load(&self->failed));
	ASSERT_EQ(-EBADFD, mytun_peek(self->queue, &record, 1));
	ASSERT_EQ(1, mytun_reserve(self->queue, &record, 1, 100));
	ASSERT_EQ(-EBADFD, mytun_submit(self->queue, 1));
}

TEST_F_TIMEOUT(device, many_queues, 60)
{
	struct mytun_queue *queues[4];
	char name[IFNAMSIZ], first[IFNAMSIZ];
	int i;

	ASSERT_EQ(0, mytun_open(queues, 4, &self->options));
	ASSERT_EQ(0, mytun_interface(queues[0], first));
	ASSERT_STRNE(self->name, first);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(variant->mode, mytun_mode(queues[i]));
		ASSERT_EQ(0, mytun_interface(queues[i], name));
		ASSERT_STREQ(first, name);
	}
	for (i = 0; i < 4; i++)
		mytun_close(queues[i]);
	ASSERT_EQ(0, if_nametoindex(first));
	/* A device with one queue has no place for four. */
	self->options.name = self->name;
	ASSERT_GT(0, mytun_open(queues, 4, &self->options));
}

/* What a program gets that asks for nothing. */
TEST(the_best_mode_is_got)
{
	bool driver = !access("/dev/net/mytun", R_OK | W_OK);
	struct mytun_queue *queue;

	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespace: %s", strerror(errno));
	ASSERT_EQ(0, mytun_open(&queue, 1, NULL));
	ASSERT_EQ(driver ? MYTUN_MODE_RING : MYTUN_MODE_PLAIN,
		  mytun_mode(queue));
	ASSERT_EQ(driver ? 0 : -ENOENT, mytun_fallback(queue));
	mytun_close(queue);
}

/* An interface that somebody has made with the kernel's own driver is used. */
TEST(a_persistent_interface_of_tun)
{
	bool driver = !access("/dev/net/mytun", R_OK | W_OK);
	struct ifreq ifr = { .ifr_name = "old0" };
	struct mytun_options options;
	struct mytun_queue *queue;
	int fd;

	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespace: %s", strerror(errno));
	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0)
		SKIP(return, "no /dev/net/tun: %s", strerror(errno));
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	ASSERT_EQ(0, ioctl(fd, TUNSETIFF, &ifr));
	ASSERT_EQ(0, ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	mytun_options_init(&options);
	options.name = "old0";
	ASSERT_EQ(0, mytun_open(&queue, 1, &options));
	ASSERT_EQ(MYTUN_MODE_PLAIN, mytun_mode(queue));
	ASSERT_EQ(driver ? -EINVAL : -ENOENT, mytun_fallback(queue));
	mytun_close(queue);
	options.modes = MYTUN_MODE_SET(MYTUN_MODE_RING);
	ASSERT_EQ(driver ? -EINVAL : -ENOENT,
		  mytun_open(&queue, 1, &options));
}

TEST_HARNESS_MAIN
