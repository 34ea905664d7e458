// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that changes a device, done while packets are in every stage of
 * their way through it: queues that come and go, deletion, moves, other queue
 * lengths, down and up, and processes that are killed. The kernel's log tells
 * whether it bore it; here it is seen that errors are those that were to be
 * expected, that packets did move meanwhile, and that all works afterwards.
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
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "rtnl.h"
#include "traffic.h"

#define NAME	"race0"
#define QUEUES	4

FIXTURE(race) {
	int flags;
	char name[IFNAMSIZ];
	uint8_t mac[6];
	int fd[QUEUES];
	struct traffic traffic;
	/* The load: one thread writes, one reads, one sends. */
	pthread_t writer, reader, sender;
	bool stop;
	unsigned long written, read, sent;
	int unexpected;
};

FIXTURE_VARIANT(race) {
	int flags;
};

FIXTURE_VARIANT_ADD(race, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(race, tap) { IFF_TAP };

FIXTURE_SETUP(race)
{
	struct link_info info;
	int i;

	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->flags = variant->flags | IFF_NO_PI | IFF_MULTI_QUEUE;
	strcpy(self->name, NAME);
	for (i = 0; i < QUEUES; i++) {
		self->fd[i] = device_create(self->name, self->flags);
		ASSERT_LE(0, self->fd[i]);
		ASSERT_EQ(0, device_nonblock(self->fd[i], true));
	}
	ASSERT_EQ(0, link_get(NAME, &info));
	memcpy(self->mac, info.mac, sizeof(self->mac));
	ASSERT_EQ(0, traffic_start(&self->traffic, NAME, 1));
}

FIXTURE_TEARDOWN(race)
{
	int i;

	for (i = 0; i < QUEUES; i++)
		close(self->fd[i]);
	traffic_stop(&self->traffic);
}

static bool stopped(FIXTURE_DATA(race) *self)
{
	return __atomic_load_n(&self->stop, __ATOMIC_RELAXED);
}

static void count(unsigned long *counter, unsigned long n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

static void expect_one_of(FIXTURE_DATA(race) *self, int err, int a, int b,
			  int c)
{
	if (err != a && err != b && err != c)
		__atomic_store_n(&self->unexpected, err, __ATOMIC_RELAXED);
}

static void *write_all_the_time(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	unsigned int i = 0;
	int err;

	while (!stopped(self)) {
		err = traffic_ask(&self->traffic, self->fd[i++ % QUEUES]);
		if (!err) {
			count(&self->written, 1);
			continue;
		}
		expect_one_of(self, err, -EBADFD, -EIO, -EAGAIN);
		sched_yield();
	}
	return NULL;
}

static void *read_all_the_time(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	struct pollfd pfds[QUEUES];
	char buffer[2048];
	ssize_t ret;
	int i;

	while (!stopped(self)) {
		for (i = 0; i < QUEUES; i++) {
			pfds[i].fd = self->fd[i];
			pfds[i].events = POLLIN;
		}
		if (poll(pfds, QUEUES, 10) <= 0)
			continue;
		for (i = 0; i < QUEUES; i++) {
			if (!pfds[i].revents)
				continue;
			ret = device_read(self->fd[i], buffer, sizeof(buffer));
			if (ret > 0) {
				count(&self->read, 1);
				continue;
			}
			expect_one_of(self, ret, -EBADFD, -EAGAIN, -EFAULT);
			sched_yield();
		}
	}
	return NULL;
}

static void *send_all_the_time(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	int socket = -1;

	while (!stopped(self)) {
		/* Without the device there is no route to connect by. */
		if (socket < 0)
			socket = traffic_socket(&self->traffic);
		if (socket < 0 || !traffic_send(socket, 16))
			sched_yield();
		else
			count(&self->sent, 16);
	}
	if (socket >= 0)
		close(socket);
	return NULL;
}

static void load_start(struct __test_metadata *_metadata,
		       FIXTURE_DATA(race) *self)
{
	ASSERT_EQ(0, pthread_create(&self->writer, NULL, write_all_the_time,
				    self));
	ASSERT_EQ(0, pthread_create(&self->reader, NULL, read_all_the_time,
				    self));
	ASSERT_EQ(0, pthread_create(&self->sender, NULL, send_all_the_time,
				    self));
}

static unsigned long moved(unsigned long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static bool all_moved(void *arg)
{
	FIXTURE_DATA(race) *self = arg;

	return moved(&self->written) > 100 && moved(&self->read) > 100 &&
	       moved(&self->sent) > 100;
}

/* Stop the load; the device must be up and whole. */
static void load_stop(struct __test_metadata *_metadata,
		      FIXTURE_DATA(race) *self)
{
	int i;

	EXPECT_EQ(0, wait_for(all_moved, self, DEADLINE_MS));
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(self->writer, NULL));
	ASSERT_EQ(0, pthread_join(self->reader, NULL));
	ASSERT_EQ(0, pthread_join(self->sender, NULL));
	TH_LOG("meanwhile written %lu, read %lu, sent %lu", self->written,
	       self->read, self->sent);
	EXPECT_EQ(0, self->unexpected);

	/*
	 * The in-kernel tun answers on any queue: look at all of them. A full
	 * queue would drop the reply, so they are emptied first.
	 */
	for (i = 0; i < QUEUES; i++)
		device_drain(self->fd[i]);
	for (i = 0; i < QUEUES; i++) {
		EXPECT_EQ(0, traffic_ask(&self->traffic, self->fd[i]));
		if (device_is_mytun()) {
			EXPECT_EQ(0, traffic_answer(&self->traffic,
						    self->fd[i], DEADLINE_MS));
		}
	}
}

/* Takes two queues out and puts them back, rounds times. */
static void *detach_and_attach(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	unsigned long rounds = scaled(1000);
	int i, err;

	while (rounds--) {
		for (i = 0; i < 2; i++) {
			err = device_setqueue(self->fd[i], IFF_DETACH_QUEUE);
			expect_one_of(self, err, 0, 0, 0);
		}
		for (i = 0; i < 2; i++) {
			err = device_setqueue(self->fd[i], IFF_ATTACH_QUEUE);
			expect_one_of(self, err, 0, 0, 0);
		}
	}
	return NULL;
}

/* Opens one more queue and closes it, rounds times. */
static void *open_and_close(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	unsigned long rounds = scaled(1000);
	char name[IFNAMSIZ];
	int fd;

	while (rounds--) {
		strcpy(name, NAME);
		fd = device_create(name, self->flags);
		expect_one_of(self, fd < 0 ? fd : 0, 0, 0, 0);
		if (fd < 0)
			break;
		close(fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(race, queues_come_and_go, 1800)
{
	pthread_t first, second;
	struct link_info info;

	load_start(_metadata, self);
	ASSERT_EQ(0, pthread_create(&first, NULL, detach_and_attach, self));
	ASSERT_EQ(0, pthread_create(&second, NULL, open_and_close, self));
	ASSERT_EQ(0, pthread_join(first, NULL));
	ASSERT_EQ(0, pthread_join(second, NULL));
	load_stop(_metadata, self);
	ASSERT_EQ(0, link_get(NAME, &info));
	if (info.num_queues >= 0) {
		EXPECT_EQ(QUEUES, info.num_queues);
		EXPECT_EQ(0, info.num_disabled_queues);
	}
}

/* After deletion: all queues again, the same addresses, and up. */
static void revive(struct __test_metadata *_metadata,
		   FIXTURE_DATA(race) *self)
{
	struct traffic traffic;
	int i;

	for (i = 0; i < QUEUES; i++) {
		ASSERT_EQ(0, device_setiff(self->fd[i], self->name,
					   self->flags));
	}
	if (self->flags & IFF_TAP) {
		ASSERT_EQ(0, link_set_mac(NAME, self->mac));
	}
	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	traffic_stop(&traffic);
}

TEST_F_TIMEOUT(race, deleted, 1800)
{
	unsigned long rounds = scaled(1000);

	load_start(_metadata, self);
	while (rounds--) {
		sched_yield();
		ASSERT_EQ(0, link_delete(NAME));
		revive(_metadata, self);
	}
	load_stop(_metadata, self);
}

TEST_F_TIMEOUT(race, moved, 1800)
{
	unsigned long rounds = scaled(1000);
	int here = netns_get(), there = netns_new();
	struct traffic traffic;

	ASSERT_LE(0, here);
	ASSERT_LE(0, there);
	load_start(_metadata, self);
	while (rounds--) {
		ASSERT_EQ(0, link_set_netns(NAME, there));
		ASSERT_EQ(0, netns_enter(there));
		ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
		traffic_stop(&traffic);
		sched_yield();
		ASSERT_EQ(0, link_set_netns(NAME, here));
		ASSERT_EQ(0, netns_enter(here));
		ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
		traffic_stop(&traffic);
	}
	load_stop(_metadata, self);
	close(here);
	close(there);
}

TEST_F_TIMEOUT(race, resized, 1800)
{
	static const uint32_t lengths[] = { 1, 1000, 7, 500, 64 };
	unsigned long rounds = scaled(1000);

	load_start(_metadata, self);
	while (rounds--) {
		ASSERT_EQ(0, link_set_txqueuelen(NAME, lengths[rounds %
						 ARRAY_SIZE(lengths)]));
		sched_yield();
	}
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 500));
	load_stop(_metadata, self);
}

TEST_F_TIMEOUT(race, down_and_up, 1800)
{
	unsigned long rounds = scaled(1000);

	load_start(_metadata, self);
	while (rounds--) {
		ASSERT_EQ(0, link_set_down(NAME));
		sched_yield();
		ASSERT_EQ(0, traffic_up(&self->traffic, NAME));
	}
	load_stop(_metadata, self);
}

/* The load in a process of its own, which says when packets move. */
static void run_until_killed(struct __test_metadata *_metadata,
			     FIXTURE_DATA(race) *self, int pipe)
{
	/* Also if the test fails and leaves it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	load_start(_metadata, self);
	while (!moved(&self->written) || !moved(&self->read) ||
	       !moved(&self->sent))
		sleep_ms(1);
	if (write(pipe, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static bool link_gone(void *arg)
{
	(void)arg;
	return !link_exists(NAME);
}

TEST_F_TIMEOUT(race, killed, 1800)
{
	unsigned long rounds = scaled(1000);
	struct traffic traffic;
	int i, fds[2], status;
	pid_t child;
	char byte;

	while (rounds--) {
		ASSERT_EQ(0, pipe(fds));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			close(fds[0]);
			run_until_killed(_metadata, self, fds[1]);
		}
		close(fds[1]);
		/* Now only the child has the device. */
		for (i = 0; i < QUEUES; i++)
			close(self->fd[i]);
		ASSERT_EQ(1, read(fds[0], &byte, 1));
		close(fds[0]);
		ASSERT_EQ(0, kill(child, SIGKILL));
		status = wait_child(child, DEADLINE_MS);
		ASSERT_LE(0, status);
		EXPECT_TRUE(WIFSIGNALED(status));
		ASSERT_EQ(0, wait_for(link_gone, NULL, DEADLINE_MS));
		for (i = 0; i < QUEUES; i++) {
			self->fd[i] = device_create(self->name, self->flags);
			ASSERT_LE(0, self->fd[i]);
			ASSERT_EQ(0, device_nonblock(self->fd[i], true));
		}
		if (self->flags & IFF_TAP) {
			ASSERT_EQ(0, link_set_mac(NAME, self->mac));
		}
		ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
		traffic_stop(&traffic);
	}
}

/* Two threads that do the same at the same time. */
struct rival {
	pthread_barrier_t *start;
	int fd, flags, result;
	bool detach;
};

static void *compete(void *arg)
{
	struct rival *rival = arg;
	char name[IFNAMSIZ] = "rival0";

	pthread_barrier_wait(rival->start);
	if (rival->detach)
		rival->result = device_setqueue(rival->fd, IFF_DETACH_QUEUE);
	else
		rival->result = device_setiff(rival->fd, name, rival->flags);
	return NULL;
}

/* One of them gets 0, and the other one loser. */
static void competition(struct __test_metadata *_metadata,
			struct rival rivals[2], int loser)
{
	pthread_barrier_t start;
	pthread_t threads[2];
	int i;

	ASSERT_EQ(0, pthread_barrier_init(&start, NULL, 2));
	for (i = 0; i < 2; i++) {
		rivals[i].start = &start;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, compete,
					    &rivals[i]));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	}
	pthread_barrier_destroy(&start);
	i = rivals[0].result ? 1 : 0;
	EXPECT_EQ(0, rivals[i].result);
	EXPECT_EQ(loser, rivals[!i].result);
}

TEST_F_TIMEOUT(race, one_wins, 600)
{
	unsigned long rounds = scaled(1000);
	int single = variant->flags | IFF_NO_PI;
	struct rival rivals[2] = {};
	int i;

	while (rounds--) {
		for (i = 0; i < 2; i++) {
			rivals[i].fd = device_open(0);
			ASSERT_LE(0, rivals[i].fd);
			rivals[i].flags = single;
			rivals[i].detach = false;
		}
		/* Two fds and one queue. */
		competition(_metadata, rivals, -EBUSY);
		ASSERT_EQ(0, link_delete("rival0"));
		/* One fd. */
		close(rivals[1].fd);
		rivals[1].fd = rivals[0].fd;
		rivals[0].flags |= IFF_MULTI_QUEUE;
		rivals[1].flags |= IFF_MULTI_QUEUE;
		competition(_metadata, rivals, -EEXIST);
		rivals[0].detach = true;
		rivals[1].detach = true;
		competition(_metadata, rivals, -EINVAL);
		close(rivals[0].fd);
		ASSERT_FALSE(link_exists("rival0"));
	}
}

TEST_HARNESS_MAIN
