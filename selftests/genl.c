// SPDX-License-Identifier: GPL-2.0
/*
 * What generic netlink tells of devices, queues and flows, and to whom: while
 * all of them come and go.
 */
#include "device.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "family.h"
#include "kselftest_harness.h"
#include "queues.h"
#include "rtnl.h"

#define NET		21
#define NAME		"genl0"
#define NOBODY		65534
#define HOUR_MS		"3600000"
#define PARAM_AGEING	"/sys/module/mytun/parameters/flow_ageing_ms"
#define PARAM_FLOWS	"/sys/module/mytun/parameters/flows"

FIXTURE(genl)
{
	struct family f;
	char name[IFNAMSIZ];
	char ageing[32];
	int fd, ifindex;
};

FIXTURE_SETUP(genl)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel tun has no such family");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, file_read(PARAM_AGEING, self->ageing,
			       sizeof(self->ageing)));
	ASSERT_EQ(0, file_write(PARAM_AGEING, HOUR_MS));
	ASSERT_EQ(0, family_open(&self->f));
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, IFF_TUN | IFF_NO_PI |
				 IFF_MULTI_QUEUE | IFF_VNET_HDR);
	ASSERT_LE(0, self->fd);
	self->ifindex = if_nametoindex(self->name);
}

FIXTURE_TEARDOWN(genl)
{
	if (*self->ageing)
		file_write(PARAM_AGEING, self->ageing);
	family_close(&self->f);
	if (self->fd > 0)
		close(self->fd);
}

/* A second queue of the fixture's device. */
static int more(const char *name)
{
	char again[IFNAMSIZ];

	strcpy(again, name);
	return device_create(again, IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE |
			     IFF_VNET_HDR);
}

static int64_t nested_number(const struct nlattr *nest, int type)
{
	return family_number(family_nested(nest, type));
}

TEST_F_TIMEOUT(genl, device, 60)
{
	struct family *f = &self->f;
	const struct nlattr *nest;
	size_t size;
	int second;

	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_DEVICE, 0));
	ASSERT_EQ(1, family_next(f));
	EXPECT_EQ(self->ifindex, f->ifindex);
	EXPECT_STREQ(NAME, family_data(family_attr(f, MYTUN_A_DEVICE_NAME),
				       &size));
	EXPECT_EQ(IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR,
		  family_number(family_attr(f, MYTUN_A_DEVICE_FLAGS)));
	EXPECT_EQ(0, family_number(family_attr(f, MYTUN_A_DEVICE_HAS)));
	EXPECT_EQ(-1, family_number(family_attr(f, MYTUN_A_DEVICE_OWNER)));
	EXPECT_EQ(10, family_number(family_attr(f, MYTUN_A_DEVICE_VNET_SIZE)));
	EXPECT_EQ(1, family_number(family_attr(f, MYTUN_A_DEVICE_QUEUES)));
	EXPECT_EQ(0, family_number(family_attr(f, MYTUN_A_DEVICE_DETACHED)));
	nest = family_attr(f, MYTUN_A_DEVICE_FLOWS);
	EXPECT_EQ(3600000, nested_number(nest, MYTUN_A_TABLE_AGEING));
	EXPECT_EQ(0, nested_number(nest, MYTUN_A_TABLE_ENTRIES));
	nest = family_attr(f, MYTUN_A_DEVICE_DROPS);
	EXPECT_EQ(0, nested_number(nest, MYTUN_DROP_RX_VNET + 1));
	EXPECT_EQ(NULL, family_nested(nest, MYTUN_DROP_MAX + 1));
	ASSERT_EQ(0, family_next(f));

	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, NOBODY));
	second = more(self->name);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, device_setqueue(second, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_DEVICE, self->ifindex));
	ASSERT_EQ(1, family_next(f));
	EXPECT_EQ(NOBODY, family_number(family_attr(f, MYTUN_A_DEVICE_OWNER)));
	EXPECT_EQ(1, family_number(family_attr(f, MYTUN_A_DEVICE_QUEUES)));
	EXPECT_EQ(1, family_number(family_attr(f, MYTUN_A_DEVICE_DETACHED)));
	ASSERT_EQ(0, family_next(f));
	close(second);
}

/* Many, with gaps between their numbers: each is told once, in order. */
TEST_F_TIMEOUT(genl, many_devices, 300)
{
	int fd[200], last = 0, n = 0;
	char name[IFNAMSIZ];
	unsigned int i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "many%u", i);
		fd[i] = device_create(name, IFF_TAP);
		ASSERT_LE(0, fd[i]);
	}
	/* One gap of a few, one of many, one at the end. */
	for (i = 20; i < 23; i++)
		close(fd[i]);
	for (i = 60; i < 140; i++)
		close(fd[i]);
	close(fd[199]);
	ASSERT_EQ(0, family_ask(&self->f, MYTUN_CMD_GET_DEVICE, 0));
	while (family_next(&self->f) == 1) {
		EXPECT_LT(last, self->f.ifindex);
		last = self->f.ifindex;
		n++;
	}
	EXPECT_EQ(1 + 200 - 3 - 80 - 1, n);
	EXPECT_LT(2, self->f.reads);
	for (i = 0; i < 199; i++)
		if (i < 20 || (i >= 23 && i < 60) || i >= 140)
			close(fd[i]);
}

TEST_F_TIMEOUT(genl, refused, 60)
{
	static const int cmds[] = { MYTUN_CMD_GET_DEVICE, MYTUN_CMD_GET_QUEUE,
				    MYTUN_CMD_GET_FLOW };
	struct {
		struct mytun_genl hdr;
		struct nlattr attr;
		uint32_t value;
	} longer = { .attr = { 8, 1 } };
	struct family *f = &self->f;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENODEV, family_count(f, cmds[i], 1)); /* loopback */
		EXPECT_EQ(-ENODEV, family_count(f, cmds[i], 99999));
		EXPECT_EQ(-EINVAL, family_count(f, cmds[i], -1));
		ASSERT_EQ(0, family_ask_raw(f, cmds[i], &longer,
					    sizeof(longer)));
		EXPECT_EQ(-EINVAL, family_next(f));
		ASSERT_EQ(0, family_ask_raw(f, cmds[i], &longer, 0));
		EXPECT_EQ(-EINVAL, family_next(f));
	}
	EXPECT_EQ(-EOPNOTSUPP, family_count(f, 99, 0));
}

static int64_t way(const struct family *f, int direction, int type)
{
	return family_number(family_nested(family_attr(f, direction), type));
}

TEST_F_TIMEOUT(genl, queues, 120)
{
	struct mytun_batch batch = {
		.size = sizeof(batch),
		.flags = MYTUN_Q_READ | MYTUN_Q_HASH,
		.head_room = 64, .tail_room = 32,
	};
	struct mytun_ring ring = {
		.size = sizeof(ring),
		.flags = MYTUN_Q_SEEN,
		.rx_size = 1 << 20, .tx_size = 1 << 18,
		.head_room = 128, .tail_room = 16,
	};
	int second = more(self->name), third = more(self->name);
	struct family *f = &self->f;
	int64_t id[3];
	char text[32];
	int i;

	ASSERT_LE(0, second);
	ASSERT_LE(0, third);
	ASSERT_EQ(0, device_ioctl(second, MYTUN_IOC_BATCH,
				  (unsigned long)&batch));
	ASSERT_EQ(0, device_ioctl(third, MYTUN_IOC_RING,
				  (unsigned long)&ring));
	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_QUEUE, self->ifindex));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, family_next(f));
		EXPECT_EQ(i, family_number(family_attr(f,
						       MYTUN_A_QUEUE_INDEX)));
		id[i] = family_number(family_attr(f, MYTUN_A_QUEUE_ID));
		EXPECT_LT(i ? id[i - 1] : 0, id[i]);
		EXPECT_EQ(i, way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_MODE));
		EXPECT_EQ(i == 2 ? MYTUN_WAY_RING : MYTUN_WAY_PLAIN,
			  way(f, MYTUN_A_QUEUE_FROM_USER, MYTUN_A_WAY_MODE));
		EXPECT_EQ(i == 2 ? 1 << 20 : 500,
			  way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_SIZE));
		EXPECT_EQ(i == 2 ? 128 : i == 1 ? 64 : -1,
			  way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_HEAD_ROOM));
		EXPECT_EQ(i == 2 ? 16 : i == 1 ? 32 : -1,
			  way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_TAIL_ROOM));
		EXPECT_EQ(i == 2 ? 1 << 18 : -1, i == 2 ?
			  way(f, MYTUN_A_QUEUE_FROM_USER, MYTUN_A_WAY_SIZE) :
			  -1);
		EXPECT_EQ(i == 2 ? MYTUN_STATE_NEED_WAKEUP | MYTUN_STATE_SEEN :
				   0,
			  family_number(family_attr(f, MYTUN_A_QUEUE_STATE)));
		EXPECT_EQ(i == 2 ? MYTUN_DRIVE_CALLER : -1,
			  family_number(family_attr(f, MYTUN_A_QUEUE_DRIVE)));
	}
	ASSERT_EQ(0, family_next(f));
	EXPECT_FALSE(f->interrupted);

	/* The file says which queue it is. */
	ASSERT_EQ(0, device_fdinfo(third, "mytun-queue", text, sizeof(text)));
	EXPECT_EQ(id[2], atoll(text));

	/* Set aside it is still told of, behind the others. */
	ASSERT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_QUEUE, 0));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(1, family_next(f));
	EXPECT_EQ(id[0], family_number(family_attr(f, MYTUN_A_QUEUE_ID)));
	EXPECT_EQ(-1, family_number(family_attr(f, MYTUN_A_QUEUE_INDEX)));
	EXPECT_EQ(MYTUN_STATE_DETACHED,
		  family_number(family_attr(f, MYTUN_A_QUEUE_STATE)));
	ASSERT_EQ(0, family_next(f));
	close(second);
	close(third);
}

/* Of 256 queues some go while they are being told. */
TEST_F_TIMEOUT(genl, queues_go_meanwhile, 300)
{
	int fd[256], i, n = 0;

	for (i = 1; i < 256; i++) {
		fd[i] = more(self->name);
		ASSERT_LE(0, fd[i]);
	}
	ASSERT_EQ(256, family_count(&self->f, MYTUN_CMD_GET_QUEUE, 0));
	EXPECT_LT(2, self->f.reads);
	EXPECT_FALSE(self->f.interrupted);
	ASSERT_EQ(0, family_ask(&self->f, MYTUN_CMD_GET_QUEUE, 0));
	ASSERT_EQ(1, family_next(&self->f));
	close(fd[3]);
	while (family_next(&self->f) == 1)
		n++;
	EXPECT_TRUE(self->f.interrupted);
	EXPECT_GE(255, n);

	/* The device goes. */
	ASSERT_EQ(0, family_ask(&self->f, MYTUN_CMD_GET_QUEUE, 0));
	ASSERT_EQ(1, family_next(&self->f));
	for (i = 1; i < 256; i++)
		if (i != 3)
			close(fd[i]);
	ASSERT_EQ(0, link_delete(self->name));
	for (n = 0; family_next(&self->f) == 1;)
		n++;
	EXPECT_GT(255, n);
	EXPECT_EQ(0, family_count(&self->f, MYTUN_CMD_GET_QUEUE, 0));
}

/* Packets that wait, and counters. */
TEST_F_TIMEOUT(genl, fill, 120)
{
	struct family *f = &self->f;
	uint8_t buffer[2048];
	struct queues *q;
	int ifindex, i;

	ASSERT_EQ(0, queues_serve());
	q = queues_create(IFF_TUN, AF_INET, NET, 1, 1);
	ASSERT_NE(NULL, q);
	ifindex = if_nametoindex(q->name);
	device_drain(q->fd[0]);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, queues_send(q, FLOW_UDP_SINK, i, 100));
	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_QUEUE, ifindex));
	ASSERT_EQ(1, family_next(f));
	EXPECT_EQ(5, way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_USED));
	ASSERT_EQ(0, family_next(f));
	for (i = 0; i < 2; i++)
		ASSERT_LT(0, device_read(q->fd[0], buffer, sizeof(buffer)));
	ASSERT_TRUE(queues_write(q, FLOW_UDP_SINK, 1, 0));
	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_QUEUE, ifindex));
	ASSERT_EQ(1, family_next(f));
	EXPECT_EQ(3, way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_USED));
	EXPECT_LE(2, way(f, MYTUN_A_QUEUE_TO_USER, MYTUN_A_WAY_PACKETS));
	EXPECT_EQ(1, way(f, MYTUN_A_QUEUE_FROM_USER, MYTUN_A_WAY_PACKETS));
	ASSERT_EQ(0, family_next(f));
	queues_destroy(q);
}

/* What a flow is in a dump, as in queues_flow(): its number, or -1. */
static int flow_number(const struct queues *q, const struct family *f)
{
	const uint8_t *a, *b, *swap;
	struct packet_view view = { };
	uint16_t port_a, port_b;
	size_t size;

	a = family_data(family_attr(f, MYTUN_A_FLOW_ADDRESS_A), &size);
	b = family_data(family_attr(f, MYTUN_A_FLOW_ADDRESS_B), &size);
	port_a = ntohs(family_number(family_attr(f, MYTUN_A_FLOW_PORT_A)));
	port_b = ntohs(family_number(family_attr(f, MYTUN_A_FLOW_PORT_B)));
	if (!a || !b)
		return -1;
	/* From the stack's end, as a packet that is read. */
	if (memcmp(a, q->local.addr, size)) {
		swap = a;
		a = b;
		b = swap;
		view.flow.from.port = port_b;
		view.flow.to.port = port_a;
	} else {
		view.flow.from.port = port_a;
		view.flow.to.port = port_b;
	}
	view.flow.family =
		family_number(family_attr(f, MYTUN_A_FLOW_FAMILY));
	view.protocol =
		family_number(family_attr(f, MYTUN_A_FLOW_PROTOCOL));
	memcpy(view.flow.from.addr, a, size);
	memcpy(view.flow.to.addr, b, size);
	return queues_number(q, &view);
}

/* Walks a dump; each flow of [0, count) must come once, from its queue. */
static void judge_flows(struct __test_metadata *_metadata, struct family *f,
			const struct queues *q, int ifindex, int count,
			uint8_t *seen)
{
	int number, twice = 0, missing = 0, wrong = 0, i, err;

	memset(seen, 0, count);
	ASSERT_EQ(0, family_ask(f, MYTUN_CMD_GET_FLOW, ifindex));
	while ((err = family_next(f)) == 1) {
		number = flow_number(q, f);
		if (number < 0 || number >= count)
			continue;
		twice += seen[number]++ > 0;
		wrong += family_number(family_attr(f, MYTUN_A_FLOW_QUEUE)) !=
			 number % 2;
	}
	EXPECT_EQ(0, err);
	for (i = 0; i < count; i++)
		missing += !seen[i];
	EXPECT_EQ(0, twice);
	EXPECT_EQ(0, missing);
	EXPECT_EQ(0, wrong);
}

static void write_flows(struct queues *q, int count)
{
	int i;

	for (i = 0; i < count; i++)
		queues_write(q, FLOW_UDP_SINK, i, i % 2);
}

FIXTURE(flows)
{
	struct family f;
	char ageing[32], flows[32];
	struct queues *q;
	uint8_t *seen;
	int ifindex;
};

FIXTURE_VARIANT(flows)
{
	int type, family;
};

FIXTURE_VARIANT_ADD(flows, tun_ipv4)
{
	.type = IFF_TUN, .family = AF_INET,
};

FIXTURE_VARIANT_ADD(flows, tap_ipv6)
{
	.type = IFF_TAP, .family = AF_INET6,
};

FIXTURE_SETUP(flows)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel tun has no such family");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, queues_serve());
	ASSERT_EQ(0, file_read(PARAM_AGEING, self->ageing,
			       sizeof(self->ageing)));
	ASSERT_EQ(0, file_read(PARAM_FLOWS, self->flows, sizeof(self->flows)));
	ASSERT_EQ(0, file_write(PARAM_AGEING, HOUR_MS));
	ASSERT_EQ(0, file_write(PARAM_FLOWS, "65536"));
	ASSERT_EQ(0, family_open(&self->f));
	self->q = queues_create(variant->type, variant->family, NET, QUEUES, 1);
	ASSERT_NE(NULL, self->q);
	self->ifindex = if_nametoindex(self->q->name);
	self->seen = malloc(FLOWS);
	ASSERT_NE(NULL, self->seen);
}

FIXTURE_TEARDOWN(flows)
{
	if (*self->ageing)
		file_write(PARAM_AGEING, self->ageing);
	if (*self->flows)
		file_write(PARAM_FLOWS, self->flows);
	family_close(&self->f);
	if (self->q)
		queues_destroy(self->q);
	free(self->seen);
}

TEST_F_TIMEOUT(flows, each_is_told_once, 300)
{
	write_flows(self->q, 2000);
	judge_flows(_metadata, &self->f, self->q, self->ifindex, 2000,
		    self->seen);
	EXPECT_LT(2, self->f.reads);
}

/*
 * Flows of the queues 2 and 3 are learned without end, and purged each time
 * that one of them is set aside; those of the queues 0 and 1 stay.
 */
struct churn {
	struct queues *q;
	struct packet_flow flow;
	bool stop, failed;
	unsigned long written, purges;
};

static void *churn_failed(struct churn *c, char *what)
{
	__atomic_store_n(&c->failed, true, __ATOMIC_RELAXED);
	return what;
}

static void *churn(void *arg)
{
	static struct packet out;
	struct churn *c = arg;
	unsigned int slot, i;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		slot = 2 + c->purges % 2;
		for (i = 0; i < 500; i++) {
			c->flow.from.port = 1024 + c->written++ % 50000;
			packet_udp(&out, &c->flow, "", 0);
			if (device_write(c->q->fd[slot], out.data,
					 out.size) < 0)
				return churn_failed(c, "write");
		}
		if (queues_detach(c->q, slot) || queues_attach(c->q, slot))
			return churn_failed(c, "detach");
		__atomic_add_fetch(&c->purges, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F_TIMEOUT(flows, learned_and_purged_meanwhile, 900)
{
	unsigned long rounds = scaled(2000), i;
	struct churn c = { .q = self->q };
	void *trouble = NULL;
	pthread_t thread;
	uint64_t until;

	write_flows(self->q, 1000);
	/* From addresses of which no flow with a number is. */
	c.flow = queues_flow(self->q, FLOW_UDP_SINK, 0);
	c.flow.from.addr[variant->family == AF_INET ? 1 : 3] = 200;
	ASSERT_EQ(0, pthread_create(&thread, NULL, churn, &c));
	until = now_ms() + 600000;
	/* The other thread, too, is to have had its time. */
	for (i = 0; (i < rounds ||
		     __atomic_load_n(&c.purges, __ATOMIC_RELAXED) < 3) &&
	     !__atomic_load_n(&c.failed, __ATOMIC_RELAXED) &&
	     now_ms() < until; i++)
		judge_flows(_metadata, &self->f, self->q, self->ifindex, 1000,
			    self->seen);
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, &trouble));
	EXPECT_EQ(NULL, trouble);
	EXPECT_LT(2, c.purges);
	TH_LOG("%lu dumps, %lu flows learned, %lu purges", i, c.written,
	       c.purges);
}

/* The device goes in the middle of a dump, and so does the reader. */
TEST_F_TIMEOUT(flows, device_goes_meanwhile, 120)
{
	struct family other;

	write_flows(self->q, 2000);
	ASSERT_EQ(0, family_open(&other));
	ASSERT_EQ(0, family_ask(&other, MYTUN_CMD_GET_FLOW, 0));
	ASSERT_EQ(1, family_next(&other));
	ASSERT_EQ(0, family_ask(&self->f, MYTUN_CMD_GET_FLOW, 0));
	ASSERT_EQ(1, family_next(&self->f));
	ASSERT_EQ(0, link_delete(self->q->name));
	while (family_next(&self->f) == 1)
		;
	EXPECT_EQ(0, family_count(&self->f, MYTUN_CMD_GET_FLOW, 0));
	family_close(&other);
}

/* In another namespace there is nothing, by number neither. */
TEST_F_TIMEOUT(flows, another_namespace, 60)
{
	int here = netns_get(), there = netns_new(), cmd;
	struct family f;

	write_flows(self->q, 10);
	ASSERT_LE(0, here);
	ASSERT_LE(0, there);
	ASSERT_EQ(0, netns_enter(there));
	ASSERT_EQ(0, family_open(&f));
	for (cmd = MYTUN_CMD_GET_DEVICE; cmd <= MYTUN_CMD_GET_FLOW; cmd++) {
		EXPECT_EQ(0, family_count(&f, cmd, 0));
		EXPECT_EQ(-ENODEV, family_count(&f, cmd, self->ifindex));
		/* The socket's namespace counts, not the reader's. */
		EXPECT_LT(0, family_count(&self->f, cmd, 0));
	}
	family_close(&f);
	ASSERT_EQ(0, netns_enter(here));
	close(here);
	close(there);
}

/* What a process without privilege sees: bits of what it got wrong. */
static int look(int queues, int flows)
{
	struct family f;
	int wrong = 0;

	if (family_open(&f))
		return 1;
	if (family_count(&f, MYTUN_CMD_GET_DEVICE, 0) != 1)
		wrong |= 2;
	if (family_count(&f, MYTUN_CMD_GET_QUEUE, 0) != queues)
		wrong |= 4;
	if (family_count(&f, MYTUN_CMD_GET_FLOW, 0) != flows)
		wrong |= 8;
	return wrong;
}

static int status_of(pid_t child)
{
	int status = wait_child(child, DEADLINE_MS);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F_TIMEOUT(flows, permission, 60)
{
	pid_t child;

	write_flows(self->q, 10);
	EXPECT_EQ(0, look(QUEUES, family_count(&self->f, MYTUN_CMD_GET_FLOW,
					       0)));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(setresgid(NOBODY, NOBODY, NOBODY) ||
		      setresuid(NOBODY, NOBODY, NOBODY) ? 16 :
		      look(-EPERM, -EPERM));
	EXPECT_EQ(0, status_of(child));

	/* Root of a user namespace that does not own the network's. */
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(unshare(CLONE_NEWUSER) ? 16 : look(-EPERM, -EPERM));
	EXPECT_EQ(0, status_of(child));
}

/* Root of a user namespace sees all of the network namespace that it owns. */
TEST_F_TIMEOUT(flows, own_user_namespace, 60)
{
	char name[IFNAMSIZ] = "";
	pid_t child;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) ||
		    device_create(name, IFF_TUN) < 0)
			_exit(16);
		_exit(look(1, 0));
	}
	EXPECT_EQ(0, status_of(child));
}

TEST_HARNESS_MAIN
