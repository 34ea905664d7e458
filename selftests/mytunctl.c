// SPDX-License-Identifier: GPL-2.0
/*
 * mytunctl(8): what it prints of devices that the test has made, its exit
 * statuses, and that its JSON is JSON.
 */
#include "device.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/mytun.h>

#include "ctl.h"
#include "kselftest_harness.h"
#include "queues.h"
#include "ringmem.h"
#include "rtnl.h"

#define NET		22
#define PARAM_AGEING	"/sys/module/mytun/parameters/flow_ageing_ms"

FIXTURE(mytunctl)
{
	struct queues *q;
	char ageing[32];
};

FIXTURE_SETUP(mytunctl)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "mytunctl is for mytun");
	if (!find_tool())
		SKIP(return, "no mytunctl: build tools/mytunctl");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, queues_serve());
	/* However slow the machine is. */
	ASSERT_EQ(0, file_read(PARAM_AGEING, self->ageing,
			       sizeof(self->ageing)));
	ASSERT_EQ(0, file_write(PARAM_AGEING, "3600000"));
}

FIXTURE_TEARDOWN(mytunctl)
{
	if (*self->ageing)
		file_write(PARAM_AGEING, self->ageing);
	if (self->q)
		queues_destroy(self->q);
}

TEST_F_TIMEOUT(mytunctl, help_and_usage, 120)
{
	static const char * const commands[] = {
		"list", "show", "create", "delete", "queues", "rings",
		"flows", "drops", "top", "doctor",
	};
	static const char * const wrong[] = {
		"", "nonsense", "list --nonsense", "delete",
		"flows --port 0", "flows --port x", "flows --address 1.2.3",
		"flows --address 10.0.0.0/33", "flows --queue 256",
		"flows --protocol nosuch", "flows --protocol 256",
		"flows --port 18446744073709551617", "top --interval 0",
		"top --interval nan", "top --interval 1x", "top --count -1",
		"top --count", "create --mtu 5",
		"create --txqueuelen 1000000", "create --mtu 0x5dc",
		"create a b", "create ''", "create --napi-frags",
		"create sixteen-letters-", "create --user 4294967295",
		"doctor name", "--netns", "help nonsense",
	};
	char line[64];
	unsigned int i;

	EXPECT_EQ(0, ctl("--help"));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_TRUE(says(commands[i]));
		snprintf(line, sizeof(line), "%s --help", commands[i]);
		EXPECT_EQ(0, ctl(line));
		EXPECT_EQ(0, strncmp(output, "Usage: mytunctl", 15));
		EXPECT_TRUE(says("--json"));
		EXPECT_EQ(0, ctl("--help"));
	}
	EXPECT_EQ(0, ctl("--version"));
	EXPECT_EQ(0, ctl("help"));
	EXPECT_TRUE(says("Usage: mytunctl [-j]"));
	EXPECT_EQ(0, ctl("help flows"));
	EXPECT_TRUE(says("Usage: mytunctl flows"));
	EXPECT_EQ(2, ctl("list --nonsense"));
	EXPECT_TRUE(says("mytunctl list: unrecognized option"));
	EXPECT_EQ(2, ctl("create --user nosuch"));
	EXPECT_TRUE(says("no user is called 'nosuch'"));
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(2, ctl(wrong[i]))
			TH_LOG("argument %u: %s", i, quoted(output));
}

/* A disk without room, and no output at all. */
TEST_F_TIMEOUT(mytunctl, output_that_cannot_be_written, 120)
{
	static const char * const printing[] = {
		"--help", "--version", "help top", "flows --help", "list",
		"list --json", "show", "drops", "queues -j", "flows",
		"top --count 2 --interval 0.1",
		"top --json --count 2 --interval 0.1",
	};
	char line[128];
	unsigned int i;

	ASSERT_EQ(0, ctl("create"));
	for (i = 0; i < ARRAY_SIZE(printing); i++) {
		snprintf(line, sizeof(line), "%s >/dev/full", printing[i]);
		EXPECT_EQ(1, ctl(line)) TH_LOG("%s", line);
		EXPECT_TRUE(says("standard output: No space left on device"))
			TH_LOG("%s: %s", line, quoted(output));
		snprintf(line, sizeof(line), "%s <&- >&-", printing[i]);
		EXPECT_EQ(1, ctl(line)) TH_LOG("%s", line);
		EXPECT_TRUE(says("standard output: Bad file descriptor"))
			TH_LOG("%s: %s", line, quoted(output));
	}
	/* Whoever reads has read enough. */
	EXPECT_EQ(0, ctl("top --json --interval 0.1 | head -n 2"));
	EXPECT_TRUE(is_json(2));
}

/* Whose bytes a terminal obeys, or that are no UTF-8. */
TEST_F_TIMEOUT(mytunctl, names_that_others_chose, 120)
{
	char name[IFNAMSIZ] = "t\xc3\xbc\033[1m\xc3", line[64];
	int fd = device_create(name, IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, prctl(PR_SET_NAME, "\033]0;\xff\"\xc2\x9b"));
	EXPECT_EQ(0, ctl("list"));
	EXPECT_TRUE(says("t\xc3\xbc?[1m? ")) TH_LOG("%s", quoted(output));
	EXPECT_EQ(0, ctl("show"));
	EXPECT_TRUE(says("t\xc3\xbc?[1m?: index"));
	EXPECT_EQ(0, ctl("queues"));
	EXPECT_TRUE(says("/?]0;?\"?? ")) TH_LOG("%s", quoted(output));
	EXPECT_FALSE(says("\033"));
	EXPECT_EQ(0, ctl("queues --json"));
	EXPECT_TRUE(is_json(1));
	EXPECT_TRUE(says("\"device\":\"t\xc3\xbc\\u001b[1m\\u00c3\""))
		TH_LOG("%s", quoted(output));
	EXPECT_TRUE(says("\"command\":\"\\u001b]0;\\u00ff\\\"\\u00c2\\u009b\""))
		TH_LOG("%s", quoted(output));
	snprintf(line, sizeof(line), "delete '%s'", name);
	EXPECT_EQ(1, ctl(line));
	EXPECT_TRUE(says("/?]0;?\""));
	EXPECT_EQ(0, close(fd));
}

TEST_F_TIMEOUT(mytunctl, create_and_delete, 180)
{
	char text[256], name[IFNAMSIZ] = "ctl0";
	struct link_info info;
	int fd;

	snprintf(text, sizeof(text), "create ctl0 %s %s %s",
		 "--tap --multi-queue --vnet-hdr-size 12 --backpressure",
		 "--user 65534 --group 65533",
		 "--mtu 1400 --txqueuelen 77 --up");
	ASSERT_EQ(0, ctl(text));
	EXPECT_STREQ("ctl0\n", output);
	ASSERT_EQ(0, link_get("ctl0", &info));
	EXPECT_EQ(IFF_TAP, info.tun_type);
	EXPECT_EQ(1, info.multi_queue);
	EXPECT_EQ(1, info.persist);
	EXPECT_EQ(0, info.pi);
	EXPECT_EQ(1, info.vnet_hdr);
	EXPECT_EQ(65534, info.owner);
	EXPECT_EQ(65533, info.group);
	EXPECT_EQ(1400, info.mtu);
	EXPECT_EQ(77, info.txqueuelen);
	EXPECT_TRUE(info.flags & IFF_UP);
	ASSERT_EQ(0, sysfs_read("ctl0", "tun_flags", text, sizeof(text)));
	EXPECT_EQ(IFF_BACKPRESSURE, strtol(text, NULL, 0) & IFF_BACKPRESSURE);
	EXPECT_EQ(1, ctl("create ctl0"));
	EXPECT_TRUE(says("there is a device with that name"));

	EXPECT_EQ(0, ctl("-j create"));
	EXPECT_TRUE(is_json(1));
	EXPECT_TRUE(says("\"name\":\"tun0\""));
	EXPECT_EQ(0, ctl("list"));
	EXPECT_TRUE(says("ctl0"));
	EXPECT_TRUE(says("multi_queue"));
	EXPECT_TRUE(says("backpressure"));
	EXPECT_EQ(0, ctl("list --json"));
	EXPECT_TRUE(is_json(1));
	EXPECT_EQ(0, ctl("show"));
	EXPECT_TRUE(says("ctl0: index"));
	EXPECT_TRUE(says(", mtu 1400, txqueuelen 77"));
	EXPECT_EQ(0, ctl("show ctl0 -j"));
	EXPECT_TRUE(is_json(1));
	EXPECT_TRUE(says("\"owner\":65534"));

	EXPECT_EQ(0, ctl("create --tap --pi --napi-frags --no-queue --up ctl1"));
	EXPECT_EQ(0, ctl("--netns /proc/self/ns/net list ctl1"));
	EXPECT_TRUE(says("pi persist napi napi_frags")) TH_LOG("%s", quoted(output));
	EXPECT_EQ(0, shell("ip -d link show ctl1"));
	EXPECT_TRUE(says("noqueue"));
	EXPECT_EQ(0, ctl("create --napi --vnet-hdr ctl2"));
	EXPECT_EQ(0, ctl("show -j ctl2"));
	EXPECT_TRUE(says("\"napi\"")) TH_LOG("%s", quoted(output));
	EXPECT_TRUE(says("\"vnet_hdr_size\":10"));
	EXPECT_TRUE(says("\"owner\":null"));
	EXPECT_EQ(3, ctl("--netns /proc/1/ns/net list ctl1"));
	EXPECT_EQ(3, ctl("--netns nosuch list"));
	EXPECT_EQ(0, ctl("delete ctl1 ctl2"));

	EXPECT_EQ(3, ctl("delete nobody"));
	EXPECT_EQ(3, ctl("delete tun0 lo"));
	EXPECT_TRUE(link_exists("tun0"));
	fd = device_create(name, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, ctl("delete ctl0"));
	EXPECT_TRUE(says("in use by"));
	snprintf(text, sizeof(text), " %d/", getpid());
	EXPECT_TRUE(says(text));
	EXPECT_TRUE(link_exists("ctl0"));
	EXPECT_EQ(0, ctl("delete --force ctl0 tun0"));
	EXPECT_FALSE(link_exists("ctl0"));
	EXPECT_FALSE(link_exists("tun0"));
	EXPECT_EQ(0, ctl("list --json"));
	EXPECT_STREQ("[]\n", output);
	close(fd);
}

TEST_F_TIMEOUT(mytunctl, queues_rings_and_drops, 180)
{
	struct mytun_ring ring = {
		.size = sizeof(ring),
		.rx_size = 1 << 20, .tx_size = 1 << 18,
		.head_room = 128, .tail_room = 16,
	};
	struct mytun_drive drive = {
		.size = sizeof(drive), .drive = MYTUN_DRIVE_THREAD,
		.poll_us = 50,
	};
	char text[128];
	int i;

	self->q = queues_create(IFF_TUN, AF_INET, NET, 2, 1);
	ASSERT_NE(NULL, self->q);
	ASSERT_EQ(0, device_ioctl(self->q->fd[1], MYTUN_IOC_RING,
				  (unsigned long)&ring));
	ASSERT_EQ(0, device_ioctl(self->q->fd[1], MYTUN_IOC_DRIVE,
				  (unsigned long)&drive));
	ASSERT_EQ(0, ctl("queues"));
	snprintf(text, sizeof(text), "%d/", getpid());
	EXPECT_TRUE(says(text));
	EXPECT_TRUE(says("plain"));
	EXPECT_TRUE(says("ring"));
	ASSERT_EQ(0, ctl("queues --json"));
	EXPECT_TRUE(is_json(1));
	snprintf(text, sizeof(text), "\"processes\":[{\"pid\":%d,", getpid());
	EXPECT_TRUE(says(text));
	ASSERT_EQ(0, ctl("rings"));
	EXPECT_TRUE(says("RX  1048576 bytes"));
	EXPECT_TRUE(says("TX  262144 bytes"));
	EXPECT_TRUE(says("head room 128, tail room 16"));
	snprintf(text, sizeof(text), "drive thread (pid %d)", drive.pid);
	EXPECT_TRUE(says(text));
	ASSERT_EQ(0, ctl("rings --json"));
	EXPECT_TRUE(is_json(1));
	EXPECT_TRUE(says("\"drive\":\"thread\""));
	EXPECT_TRUE(says("\"poll_us\":50"));

	/* A packet of no known protocol is lost, from queue 0. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EINVAL, device_write(self->q->fd[0], "\xff", 1));
	ASSERT_EQ(0, ctl("drops"));
	EXPECT_TRUE(says("rx_drop_protocol"));
	EXPECT_TRUE(says("neither IPv4 nor IPv6"));
	EXPECT_FALSE(says("rx_drop_nomem"));
	ASSERT_EQ(0, ctl("drops --all"));
	EXPECT_TRUE(says("rx_drop_nomem"));
	ASSERT_EQ(0, ctl("drops --queues --json"));
	EXPECT_TRUE(is_json(1));
	EXPECT_TRUE(says("\"rx_drop_protocol\":3"));
	ASSERT_EQ(0, ctl("show"));
	EXPECT_TRUE(says("rx_drop_protocol"));

	EXPECT_EQ(0, ctl_as_nobody("list"));
	EXPECT_EQ(0, ctl_as_nobody("drops"));
	EXPECT_EQ(4, ctl_as_nobody("drops --queues"));
	EXPECT_EQ(4, ctl_as_nobody("queues"));
	EXPECT_EQ(4, ctl_as_nobody("flows"));
	EXPECT_EQ(4, ctl_as_nobody("create"));
	snprintf(text, sizeof(text), "delete -f %s", self->q->name);
	EXPECT_EQ(4, ctl_as_nobody(text));
}

TEST_F_TIMEOUT(mytunctl, flows, 180)
{
	struct packet_flow f;
	char line[128];
	int i;

	self->q = queues_create(IFF_TUN, AF_INET, NET, QUEUES, 1);
	ASSERT_NE(NULL, self->q);
	ASSERT_EQ(0, ctl("flows --count"));
	EXPECT_STREQ("0\n", output);
	for (i = 0; i < 40; i++)
		queues_write(self->q, FLOW_UDP_SINK, i, i % QUEUES);
	ASSERT_EQ(0, ctl("flows --count"));
	EXPECT_STREQ("40\n", output);
	ASSERT_EQ(0, ctl("flows --count --queue 1 --protocol udp --port 9"));
	EXPECT_STREQ("10\n", output);
	ASSERT_EQ(0, ctl("flows --count --protocol tcp"));
	EXPECT_STREQ("0\n", output);
	f = queues_flow(self->q, FLOW_UDP_SINK, 5);
	snprintf(line, sizeof(line), "flows -a %u.%u.%u.%u -p %u",
		 f.from.addr[0], f.from.addr[1], f.from.addr[2],
		 f.from.addr[3], f.from.port);
	ASSERT_EQ(0, ctl(line));
	snprintf(line, sizeof(line), "%u.%u.%u.%u:%u", f.from.addr[0],
		 f.from.addr[1], f.from.addr[2], f.from.addr[3], f.from.port);
	EXPECT_TRUE(says(line));
	snprintf(line, sizeof(line), "%d/", getpid());
	EXPECT_TRUE(says(line));
	ASSERT_EQ(0, ctl("flows --json"));
	EXPECT_TRUE(is_json(1));
	EXPECT_TRUE(says("\"protocol\":\"udp\""));
}

struct writer {
	struct queues *q;
	bool stop;
};

static void *write_on(void *arg)
{
	struct writer *w = arg;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&w->stop, __ATOMIC_RELAXED); i++)
		queues_write(w->q, FLOW_UDP_SINK, i % 16, 0);
	return NULL;
}

/* Behind an object's place in the output, a member's number; -1: none. */
static double real(const char *object, const char *key)
{
	char wanted[32];
	const char *s;

	snprintf(wanted, sizeof(wanted), "\"%s\":", key);
	s = object ? strstr(object, wanted) : NULL;
	return s ? strtod(s + strlen(wanted), NULL) : -1;
}

static const char *behind(const char *object, const char *text)
{
	return object ? strstr(object, text) : NULL;
}

static double rate_from_user(void)
{
	return real(behind(output, "\"from_user\""), "packets_per_second");
}

static bool writer_is_seen(void)
{
	return rate_from_user() > 10;
}

/*
 * What was seen in a second, in which there is that: a busy machine may keep a
 * thread away for longer.
 */
static int top_until(bool (*seen)(void))
{
	uint64_t end = now_ms() + DEADLINE_MS;
	int status;

	do {
		status = ctl("top --once --interval 1 --json");
	} while (!status && !seen() && now_ms() < end);
	return status;
}

TEST_F_TIMEOUT(mytunctl, top, 180)
{
	struct writer w = { };
	pthread_t thread;

	self->q = queues_create(IFF_TUN, AF_INET, NET, 1, 1);
	ASSERT_NE(NULL, self->q);
	w.q = self->q;
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_on, &w));
	EXPECT_EQ(0, top_until(writer_is_seen));
	EXPECT_TRUE(is_json(1));
	EXPECT_LT(10, rate_from_user());
	EXPECT_EQ(0, ctl("top --count 3 --interval 0.2 --json"));
	EXPECT_TRUE(is_json(3));
	EXPECT_EQ(0, ctl("top -1 -i 0.2"));
	EXPECT_TRUE(says("PACKETS/S"));
	EXPECT_TRUE(says(self->q->name));
	EXPECT_FALSE(says("\033"));
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

struct filler {
	struct queues *q;
	struct ringmem ring;
	bool stop;
};

/* Answers that nobody reads, for queue 0; eight for each kick by queue 1. */
static void *fill_on(void *arg)
{
	struct filler *f = arg;
	uint8_t payload[64] = { };
	struct packet_flow flow;
	struct packet p;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); i++) {
		queues_write(f->q, FLOW_PING, i % 16, 0);
		flow = queues_flow(f->q, FLOW_UDP_SINK, 16 + i % 16);
		packet_udp(&p, &flow, payload, sizeof(payload));
		ringmem_put(&f->ring, p.data, p.size);
		if (i % 8 == 7)
			ringmem_submit(&f->ring);
	}
	return NULL;
}

static void *send_on(void *arg)
{
	struct filler *f = arg;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); i++)
		queues_send(f->q, FLOW_UDP_SINK, i % 16, 0);
	return NULL;
}

static bool drops_are_seen(void)
{
	return real(output, "drops_per_second") > 0;
}

static bool filler_is_seen(void)
{
	const char *first = behind(output, "\"queue\":0,");
	const char *second = behind(output, "\"queue\":1,");

	return drops_are_seen() &&
	       real(behind(first, "\"to_user\""), "fill_percent") >= 100 &&
	       real(behind(first, "\"from_user\""), "drops_per_second") > 0 &&
	       real(behind(second, "\"from_user\""), "wakeups_per_second") > 0;
}

TEST_F_TIMEOUT(mytunctl, top_of_rings_and_losses, 180)
{
	const struct mytun_ring ring = { .tx_size = 1 << 18 };
	const char *queue, *way;
	struct filler f = { };
	pthread_t thread;
	int i;

	if (!(ring_features() & MYTUN_F_RING))
		SKIP(return, "no rings on this kernel");
	self->q = queues_create(IFF_TUN, AF_INET, NET, 2, 1);
	ASSERT_NE(NULL, self->q);
	ASSERT_EQ(0, link_set_txqueuelen(self->q->name, 8));
	f.q = self->q;
	ASSERT_EQ(0, ringmem_make(&f.ring, self->q->fd[1], &ring));
	ASSERT_EQ(0, pthread_create(&thread, NULL, fill_on, &f));
	EXPECT_EQ(0, top_until(filler_is_seen));
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(is_json(1));
	EXPECT_LT(0, real(output, "drops_per_second"));
	queue = strstr(output, "\"queue\":0,");
	EXPECT_EQ(100, real(behind(queue, "\"to_user\""), "fill_percent"));
	EXPECT_LT(0, real(behind(queue, "\"from_user\""), "drops_per_second"));
	queue = strstr(output, "\"queue\":1,");
	way = behind(queue, "\"from_user\":{\"mode\":\"ring\"");
	EXPECT_LT(1, real(way, "batch"));
	EXPECT_GE(8.1, real(way, "batch"));
	EXPECT_LT(0, real(way, "wakeups_per_second"));

	/* What no queue owns. */
	ringmem_unmap(&f.ring);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, queues_detach(self->q, i));
	f.stop = false;
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_on, &f));
	EXPECT_EQ(0, top_until(drops_are_seen));
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LT(0, real(output, "drops_per_second"))
		TH_LOG("%s", quoted(output));
	for (queue = behind(output, "\"id\":"); queue;
	     queue = behind(queue + 1, "\"id\":"))
		EXPECT_EQ(0, real(queue, "drops_per_second"));
}

#define OTHER_SCREEN	"\033[?1049h"
#define FIRST_SCREEN	"\033[?1049l"

static void press_q(int terminal, void *context)
{
	(void)context;
	if (write(terminal, "q", 1) != 1)
		perror("q");
}

static void end_device(int terminal, void *context)
{
	struct queues **q = context;

	(void)terminal;
	queues_destroy(*q);
	*q = NULL;
}

TEST_F_TIMEOUT(mytunctl, top_on_a_terminal, 180)
{
	const char *back;
	char line[64];

	self->q = queues_create(IFF_TUN, AF_INET, NET, 4, 1);
	ASSERT_NE(NULL, self->q);
	EXPECT_EQ(0, ctl_on_terminal("top -i 0.2", "\033[J", press_q, NULL));
	EXPECT_TRUE(says(OTHER_SCREEN));
	EXPECT_TRUE(says(FIRST_SCREEN));
	/* No room for a line of the table. */
	EXPECT_TRUE(says("and 8 more")) TH_LOG("%s", quoted(output));
	snprintf(line, sizeof(line), "top -i 0.2 %s", self->q->name);
	EXPECT_EQ(3, ctl_on_terminal(line, "\033[J", end_device, &self->q));
	back = strstr(output, FIRST_SCREEN);
	ASSERT_NE(NULL, back) TH_LOG("%s", quoted(output));
	EXPECT_NE(NULL, strstr(back, "mytunctl: ")) TH_LOG("%s", quoted(back));
}

TEST_HARNESS_MAIN
