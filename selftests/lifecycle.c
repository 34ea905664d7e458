// SPDX-License-Identifier: GPL-2.0
/*
 * The life of queues and devices: attach, detach, delete and close in every
 * order, against a model of what TUNSETIFF, TUNSETQUEUE, RTM_DELLINK and
 * close() do; readers that sleep while the device goes; persistence; carrier;
 * the length of a queue.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "rtnl.h"
#include "traffic.h"

#define NAME	"life0"

/* How many fds take part, and how many steps a sequence has. */
#define FDS	2
#define DEPTH	4

enum operation { SETIFF, ATTACH, DETACH, CLOSE, OPERATIONS };

/* Steps 0..3 are for fd 0, 4..7 for fd 1, and the last deletes the link. */
#define DELETE	(FDS * OPERATIONS)
#define STEPS	(DELETE + 1)

static const char * const step_names[STEPS] = {
	"TUNSETIFF(0)", "attach(0)", "detach(0)", "close(0)",
	"TUNSETIFF(1)", "attach(1)", "detach(1)", "close(1)", "delete",
};

enum state { UNATTACHED, ATTACHED, DETACHED, CLOSED };

struct model {
	bool multi_queue, persist;
	bool exists, carrier;
	enum state state[FDS];
};

static int count_state(const struct model *model, enum state state)
{
	int i, count = 0;

	for (i = 0; i < FDS; i++)
		count += model->state[i] == state;
	return count;
}

static int model_setiff(struct model *model, int i)
{
	if (model->state[i] != UNATTACHED)
		return -EEXIST;
	if (model->exists && !model->multi_queue &&
	    count_state(model, ATTACHED))
		return -EBUSY;
	model->exists = true;
	model->carrier = true;
	model->state[i] = ATTACHED;
	return 0;
}

static void model_close(struct model *model, int i)
{
	bool held = model->state[i] != UNATTACHED;

	model->state[i] = CLOSED;
	if (!held || count_state(model, ATTACHED) + count_state(model, DETACHED))
		return;
	model->carrier = false;
	if (!model->persist)
		model->exists = false;
}

static int model_delete(struct model *model)
{
	int i;

	if (!model->exists)
		return -ENODEV;
	model->exists = false;
	for (i = 0; i < FDS; i++)
		if (model->state[i] != CLOSED)
			model->state[i] = UNATTACHED;
	return 0;
}

/* What the step returns; the model moves on. */
static int model_step(struct model *model, int step)
{
	int i = step / OPERATIONS;

	if (step == DELETE)
		return model_delete(model);
	switch (step % OPERATIONS) {
	case SETIFF:
		return model_setiff(model, i);
	case ATTACH:
		if (model->state[i] != DETACHED)
			return -EINVAL;
		model->state[i] = ATTACHED;
		return 0;
	case DETACH:
		if (model->state[i] != ATTACHED || !model->multi_queue)
			return -EINVAL;
		model->state[i] = DETACHED;
		return 0;
	default:
		model_close(model, i);
		return 0;
	}
}

/*
 * Is it worth running? Not when an fd is used after its close, when it is the
 * same as another one with the fds exchanged, or when nothing is ever created.
 */
static bool sequence_counts(const int steps[DEPTH])
{
	bool closed[FDS] = {}, created = false;
	int i, fd, used = 0;

	for (i = 0; i < DEPTH; i++) {
		if (steps[i] == DELETE)
			continue;
		fd = steps[i] / OPERATIONS;
		if (closed[fd] || fd > used)
			return false;
		if (fd == used)
			used++;
		closed[fd] = steps[i] % OPERATIONS == CLOSE;
		created |= steps[i] % OPERATIONS == SETIFF;
	}
	return created;
}

/* The next sequence that counts, in the order of a number with DEPTH digits. */
static bool sequence_next(int steps[DEPTH])
{
	int i;

	do {
		for (i = DEPTH - 1; i >= 0; i--) {
			if (++steps[i] < STEPS)
				break;
			steps[i] = 0;
		}
		if (i < 0)
			return false;
	} while (!sequence_counts(steps));
	return true;
}

FIXTURE(order) {
	int flags;
	int fd[FDS];
	struct model model;
};

FIXTURE_VARIANT(order) {
	int flags;
	bool persist;
};

FIXTURE_VARIANT_ADD(order, tun) { IFF_TUN, false };
FIXTURE_VARIANT_ADD(order, tun_persist) { IFF_TUN, true };
FIXTURE_VARIANT_ADD(order, tun_queues) { IFF_TUN | IFF_MULTI_QUEUE, false };
FIXTURE_VARIANT_ADD(order, tun_queues_persist) {
	IFF_TUN | IFF_MULTI_QUEUE, true
};
FIXTURE_VARIANT_ADD(order, tap) { IFF_TAP, false };
FIXTURE_VARIANT_ADD(order, tap_persist) { IFF_TAP, true };
FIXTURE_VARIANT_ADD(order, tap_queues) { IFF_TAP | IFF_MULTI_QUEUE, false };
FIXTURE_VARIANT_ADD(order, tap_queues_persist) {
	IFF_TAP | IFF_MULTI_QUEUE, true
};

FIXTURE_SETUP(order)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->flags = variant->flags | IFF_NO_PI;
}

FIXTURE_TEARDOWN(order)
{
}

static int do_setiff(FIXTURE_DATA(order) *self, int i, bool persist)
{
	char name[IFNAMSIZ] = NAME;
	int ret = device_setiff(self->fd[i], name, self->flags);

	if (ret)
		return ret;
	if (persist)
		ret = device_ioctl(self->fd[i], TUNSETPERSIST, 1);
	return ret ? ret : link_set_up(NAME);
}

static int do_step(FIXTURE_DATA(order) *self, int step, bool persist)
{
	int i = step / OPERATIONS;

	if (step == DELETE)
		return link_delete(NAME);
	switch (step % OPERATIONS) {
	case SETIFF:
		return do_setiff(self, i, persist);
	case ATTACH:
		return device_setqueue(self->fd[i], IFF_ATTACH_QUEUE);
	case DETACH:
		return device_setqueue(self->fd[i], IFF_DETACH_QUEUE);
	default:
		return close(self->fd[i]) ? -errno : 0;
	}
}

/* What one fd shows in the state that the model has for it. */
static void check_fd(struct __test_metadata *_metadata,
		     FIXTURE_DATA(order) *self, int i)
{
	/* A frame, or an IPv4 packet without a header: dropped by the stack. */
	static const uint8_t packet[60] = { 0x45 };
	enum state state = self->model.state[i];
	bool held = state == ATTACHED || state == DETACHED;
	int fd = self->fd[i], flags = 0, expected;
	char byte[64];

	if (state == CLOSED)
		return;
	EXPECT_EQ(held ? 0 : -EBADFD, device_getiff(fd, NULL, &flags));
	if (held) {
		expected = self->flags | IFF_NOFILTER;
		if (self->model.persist)
			expected |= IFF_PERSIST;
		if (state == DETACHED)
			expected |= IFF_DETACH_QUEUE;
		EXPECT_EQ(expected, flags);
	}
	EXPECT_EQ(held ? -EAGAIN : -EBADFD,
		  device_read(fd, byte, sizeof(byte)));
	EXPECT_EQ(held ? (ssize_t)sizeof(packet) : -EBADFD,
		  device_write(fd, packet, sizeof(packet)));
	EXPECT_EQ(held ? POLLOUT : POLLERR,
		  wait_events(fd, POLLIN | POLLOUT, 0));
}

/* What the rest of the system shows of the device. */
static void check_link(struct __test_metadata *_metadata,
		       FIXTURE_DATA(order) *self)
{
	const struct model *model = &self->model;
	struct link_info info;

	EXPECT_EQ(model->exists ? 2 : 1, link_count());
	if (!model->exists) {
		EXPECT_EQ(-ENODEV, link_get(NAME, &info));
		return;
	}
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(model->carrier, info.carrier);
	if (info.persist >= 0) {
		EXPECT_EQ(model->persist, info.persist);
	}
	if (info.num_queues >= 0) {
		EXPECT_EQ(count_state(model, ATTACHED), info.num_queues);
		EXPECT_EQ(count_state(model, DETACHED),
			  info.num_disabled_queues);
	}
}

static void run_sequence(struct __test_metadata *_metadata,
			 FIXTURE_DATA(order) *self, bool persist,
			 const int steps[DEPTH])
{
	int i, k, expected;

	memset(&self->model, 0, sizeof(self->model));
	self->model.multi_queue = self->flags & IFF_MULTI_QUEUE;
	self->model.persist = persist;
	for (i = 0; i < FDS; i++) {
		self->fd[i] = device_open(O_NONBLOCK);
		ASSERT_LE(0, self->fd[i]);
	}
	for (k = 0; k < DEPTH; k++) {
		expected = model_step(&self->model, steps[k]);
		EXPECT_EQ(expected, do_step(self, steps[k], persist));
		for (i = 0; i < FDS; i++)
			check_fd(_metadata, self, i);
		check_link(_metadata, self);
		if (test_failed(_metadata)) {
			TH_LOG("after step %d of: %s, %s, %s, %s", k + 1,
			       step_names[steps[0]], step_names[steps[1]],
			       step_names[steps[2]], step_names[steps[3]]);
			break;
		}
	}
	for (i = 0; i < FDS; i++) {
		if (self->model.state[i] == CLOSED)
			continue;
		model_close(&self->model, i);
		close(self->fd[i]);
	}
	EXPECT_EQ(self->model.exists, link_exists(NAME));
	if (link_exists(NAME)) {
		EXPECT_EQ(0, link_delete(NAME));
	}
}

TEST_F_TIMEOUT(order, every_sequence, 3600)
{
	unsigned long total = 0, wanted, number = 0, ran = 0;
	int steps[DEPTH] = {};

	while (sequence_next(steps))
		total++;
	wanted = scaled(total);
	memset(steps, 0, sizeof(steps));
	/* Spread evenly over all of them. */
	while (sequence_next(steps) && !test_failed(_metadata)) {
		if (++number * wanted / total <= ran)
			continue;
		ran++;
		run_sequence(_metadata, self, variant->persist, steps);
	}
	EXPECT_EQ(wanted, ran);
}

FIXTURE(device) {
	int fd;
	char name[IFNAMSIZ];
};

FIXTURE_VARIANT(device) {
	int flags;
};

FIXTURE_VARIANT_ADD(device, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(device, tap) { IFF_TAP };
FIXTURE_VARIANT_ADD(device, tun_queues) { IFF_TUN | IFF_MULTI_QUEUE };
FIXTURE_VARIANT_ADD(device, tap_queues) { IFF_TAP | IFF_MULTI_QUEUE };

FIXTURE_SETUP(device)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, variant->flags | IFF_NO_PI);
	ASSERT_LE(0, self->fd);
	ASSERT_STREQ(NAME, self->name);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
}

/*
 * A thread that sleeps in read(), and what its read()s returned. The device
 * that wakes it may not have let go of the fd yet, and give EFAULT again.
 */
struct reader {
	pthread_t thread;
	int fd;
	pid_t tid;
	ssize_t first, second;
	bool done;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;
	char buffer[2048];

	__atomic_store_n(&reader->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	reader->first = device_read(reader->fd, buffer, sizeof(buffer));
	do {
		reader->second = device_read(reader->fd, buffer,
					     sizeof(buffer));
	} while (reader->first == -EFAULT && reader->second == -EFAULT);
	__atomic_store_n(&reader->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool reader_running(void *arg)
{
	return __atomic_load_n(&((struct reader *)arg)->tid, __ATOMIC_ACQUIRE);
}

static bool reader_done(void *arg)
{
	return __atomic_load_n(&((struct reader *)arg)->done,
			       __ATOMIC_ACQUIRE);
}

/* Returns once the reader sleeps. */
static int reader_start(struct reader *reader, int fd)
{
	int err;

	memset(reader, 0, sizeof(*reader));
	reader->fd = fd;
	err = -pthread_create(&reader->thread, NULL, reader_run, reader);
	if (!err)
		err = wait_for(reader_running, reader, DEADLINE_MS);
	return err ? err : wait_asleep(reader->tid, DEADLINE_MS);
}

static int reader_join(struct reader *reader)
{
	int err = wait_for(reader_done, reader, DEADLINE_MS);

	/* One that hangs is left to the end of the process. */
	return err ? err : -pthread_join(reader->thread, NULL);
}

TEST_F_TIMEOUT(device, delete_wakes_readers, 120)
{
	struct reader readers[3];
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, reader_start(&readers[i], self->fd));
	}
	ASSERT_EQ(0, link_delete(NAME));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, reader_join(&readers[i]));
		EXPECT_EQ(-EFAULT, readers[i].first);
		EXPECT_EQ(-EBADFD, readers[i].second);
	}
}

static void *poller_run(void *arg)
{
	struct reader *poller = arg;

	__atomic_store_n(&poller->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	poller->first = wait_events(poller->fd, POLLIN, DEADLINE_MS);
	__atomic_store_n(&poller->done, true, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F_TIMEOUT(device, delete_wakes_poll, 120)
{
	struct reader poller = { .fd = self->fd };

	ASSERT_EQ(0, pthread_create(&poller.thread, NULL, poller_run,
				    &poller));
	ASSERT_EQ(0, wait_for(reader_running, &poller, DEADLINE_MS));
	ASSERT_EQ(0, wait_asleep(poller.tid, DEADLINE_MS));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, reader_join(&poller));
	EXPECT_EQ(POLLERR, poller.first);
}

TEST_F_TIMEOUT(device, delete_wakes_epoll, 120)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, DEADLINE_MS));
	EXPECT_EQ(EPOLLERR, event.events);
	close(epoll);
}

static void on_signal(int number)
{
	(void)number;
}

TEST_F_TIMEOUT(device, signal_interrupts_read, 120)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct reader reader;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, reader_start(&reader, self->fd));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	/* Asleep again, in the second read. */
	sleep_ms(QUIET_MS);
	ASSERT_EQ(0, wait_asleep(reader.tid, DEADLINE_MS));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, reader_join(&reader));
	EXPECT_EQ(-EINTR, reader.first);
	EXPECT_EQ(-EFAULT, reader.second);
}

TEST_F_TIMEOUT(device, signal_restarts_read, 120)
{
	struct sigaction action = {
		.sa_handler = on_signal, .sa_flags = SA_RESTART,
	};
	struct reader reader;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, reader_start(&reader, self->fd));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	sleep_ms(QUIET_MS);
	ASSERT_EQ(0, wait_asleep(reader.tid, DEADLINE_MS));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, reader_join(&reader));
	EXPECT_EQ(-EFAULT, reader.first);
}

TEST_F_TIMEOUT(device, fd_makes_another_device_after_deletion, 120)
{
	struct traffic traffic;

	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, device_setiff(self->fd, self->name,
				   variant->flags | IFF_NO_PI));
	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	traffic_stop(&traffic);
}

TEST_F_TIMEOUT(device, persists_until_told, 120)
{
	struct link_info before, after;
	struct traffic traffic;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
	/* Twice is once. */
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	ASSERT_EQ(0, link_get(NAME, &before));
	EXPECT_EQ(1, before.carrier);

	close(self->fd);
	ASSERT_EQ(0, link_get(NAME, &after));
	EXPECT_EQ(before.index, after.index);
	EXPECT_EQ(0, after.carrier);
	EXPECT_TRUE(after.flags & IFF_UP);

	self->fd = device_create(self->name, variant->flags | IFF_NO_PI);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_get(NAME, &after));
	EXPECT_EQ(before.index, after.index);
	EXPECT_EQ(1, after.carrier);
	ASSERT_EQ(0, link_wait_running(NAME));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));

	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 0));
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 0));
	close(self->fd);
	EXPECT_FALSE(link_exists(NAME));
	self->fd = -1;
	traffic_stop(&traffic);
}

TEST_F_TIMEOUT(device, carrier, 120)
{
	struct link_info info;
	int on = 1, off = 0;

	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(1, info.carrier);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETCARRIER, (long)&off));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(0, info.carrier);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETCARRIER, (long)&on));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(1, info.carrier);
	ASSERT_EQ(0, link_set_carrier(NAME, false));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(0, info.carrier);
	ASSERT_EQ(0, link_set_carrier(NAME, true));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(1, info.carrier);
	EXPECT_EQ(-EFAULT, device_ioctl(self->fd, TUNSETCARRIER, 1));
}

TEST_F_TIMEOUT(device, no_carrier, 120)
{
	struct link_info info;
	unsigned int features = 0;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNGETFEATURES, (long)&features));
	if (!(features & IFF_NO_CARRIER))
		SKIP(return, "no IFF_NO_CARRIER in TUNGETFEATURES");
	close(self->fd);
	self->fd = device_create(self->name, variant->flags | IFF_NO_PI |
				 IFF_NO_CARRIER);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(0, info.carrier);
}

/* How many of 200 datagrams, sent with nobody reading, can be read. */
static unsigned int filled(int fd, int socket)
{
	traffic_send(socket, 200);
	return device_drain(fd);
}

TEST_F_TIMEOUT(device, txqueuelen_resizes, 120)
{
	struct rtnl_link_stats64 before, after;
	struct traffic traffic;
	int socket;

	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	ASSERT_EQ(0, device_nonblock(self->fd, true));
	socket = traffic_socket(&traffic);
	ASSERT_LE(0, socket);

	EXPECT_EQ(200, filled(self->fd, socket));
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 10));
	ASSERT_EQ(0, link_get_stats(NAME, &before));
	EXPECT_EQ(10, filled(self->fd, socket));
	ASSERT_EQ(0, link_get_stats(NAME, &after));
	EXPECT_EQ(190, after.tx_dropped - before.tx_dropped);
	EXPECT_EQ(10, after.tx_packets - before.tx_packets);

	/* Growing keeps what waits, shrinking keeps what fits. */
	traffic_send(socket, 10);
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 50));
	EXPECT_EQ(50, filled(self->fd, socket));
	traffic_send(socket, 40);
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 5));
	EXPECT_EQ(5, device_drain(self->fd));
	close(socket);
	traffic_stop(&traffic);
}

TEST_F_TIMEOUT(device, new_queue_has_txqueuelen, 120)
{
	struct traffic traffic;
	int socket;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 20));
	close(self->fd);
	self->fd = device_create(self->name, variant->flags | IFF_NO_PI);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	ASSERT_EQ(0, device_nonblock(self->fd, true));
	socket = traffic_socket(&traffic);
	ASSERT_LE(0, socket);
	EXPECT_EQ(20, filled(self->fd, socket));
	close(socket);
	traffic_stop(&traffic);
}

TEST_F_TIMEOUT(device, down_and_up, 120)
{
	struct traffic traffic;

	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	/* What waits when the device goes down can still be read. */
	ASSERT_EQ(0, traffic_ask(&traffic, self->fd));
	ASSERT_EQ(0, link_set_down(NAME));
	EXPECT_EQ(0, traffic_answer(&traffic, self->fd, DEADLINE_MS));
	EXPECT_EQ(-EIO, traffic_ask(&traffic, self->fd));
	EXPECT_EQ(0, wait_events(self->fd, POLLIN | POLLOUT, 0));
	ASSERT_EQ(0, traffic_up(&traffic, NAME));
	EXPECT_EQ(POLLOUT, wait_events(self->fd, POLLIN | POLLOUT,
				       DEADLINE_MS));
	EXPECT_EQ(0, traffic_echo(&traffic, self->fd));
	traffic_stop(&traffic);
}

/* What only a device with several queues can do. */
FIXTURE(queue) {
	int fd;
	char name[IFNAMSIZ];
};

FIXTURE_VARIANT(queue) {
	int flags;
};

FIXTURE_VARIANT_ADD(queue, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(queue, tap) { IFF_TAP };

FIXTURE_SETUP(queue)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, variant->flags | IFF_NO_PI |
				 IFF_MULTI_QUEUE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(queue)
{
	close(self->fd);
}

TEST_F_TIMEOUT(queue, delete_wakes_reader_of_detached_queue, 120)
{
	struct reader reader;

	ASSERT_EQ(0, reader_start(&reader, self->fd));
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	sleep_ms(QUIET_MS);
	/* Detaching does not end a read. */
	EXPECT_FALSE(reader_done(&reader));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, reader_join(&reader));
	EXPECT_EQ(-EFAULT, reader.first);
	EXPECT_EQ(-EBADFD, reader.second);
}

TEST_F_TIMEOUT(queue, reader_survives_detach_and_attach, 120)
{
	struct traffic traffic;
	struct reader reader;

	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	ASSERT_EQ(0, reader_start(&reader, self->fd));
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	/* The reply wakes it, and deletion ends its second read. */
	ASSERT_EQ(0, traffic_ask(&traffic, self->fd));
	ASSERT_EQ(0, wait_asleep(reader.tid, DEADLINE_MS));
	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, reader_join(&reader));
	EXPECT_LT(0, reader.first);
	traffic_stop(&traffic);
}

TEST_F_TIMEOUT(queue, carrier_of_detached, 120)
{
	struct link_info info;
	int on = 1, off = 0;

	/* A detached queue keeps the carrier, but cannot switch it on. */
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(1, info.carrier);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETCARRIER, (long)&off));
	EXPECT_EQ(-EPERM, device_ioctl(self->fd, TUNSETCARRIER, (long)&on));
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	EXPECT_EQ(0, device_ioctl(self->fd, TUNSETCARRIER, (long)&on));
}

TEST_F_TIMEOUT(queue, txqueuelen_resizes_detached, 120)
{
	struct traffic traffic;
	int socket;

	ASSERT_EQ(0, traffic_start(&traffic, NAME, 1));
	ASSERT_EQ(0, device_nonblock(self->fd, true));
	socket = traffic_socket(&traffic);
	ASSERT_LE(0, socket);
	traffic_send(socket, 5);
	/* What waited is lost, and the other length is for this queue too. */
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, link_set_txqueuelen(NAME, 30));
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	EXPECT_EQ(0, device_drain(self->fd));
	EXPECT_EQ(30, filled(self->fd, socket));
	close(socket);
	traffic_stop(&traffic);
}

TEST_HARNESS_MAIN
