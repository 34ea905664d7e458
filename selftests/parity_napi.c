// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_NAPI: what GRO makes of packets that are written one by one, counted where
 * tc sees them. Something must let them gather: the kernel's gro_flush_timeout,
 * ethtool's rx-usecs, or a thread that has other things to do; without any of
 * these, each is polled alone.
 */
#include "device.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include "kselftest_harness.h"

#include "packet.h"
#include "rtnl.h"

#define NAME		"napi0"
#define SEGMENTS	64
#define MERGED		4
#define SIZE		1000
/* Longer than it takes to write all of them on an emulated machine. */
#define GATHER_MS	400
#define PACKETS		0	/* index in the map */

enum gather { NOTHING, FLUSH_TIMEOUT, RX_USECS, THREADED };

FIXTURE(napi)
{
	char name[IFNAMSIZ];
	int fd, map, index;
};

FIXTURE_VARIANT(napi)
{
	const char *node;	/* NULL: the one under test */
	enum gather gather;
};

FIXTURE_VARIANT_ADD(napi, nothing) { .gather = NOTHING };
FIXTURE_VARIANT_ADD(napi, flush_timeout) { .gather = FLUSH_TIMEOUT };
FIXTURE_VARIANT_ADD(napi, rx_usecs) { .gather = RX_USECS };
FIXTURE_VARIANT_ADD(napi, threaded) { .gather = THREADED };

/* The same with tun, which has no rx-usecs. */
FIXTURE_VARIANT_ADD(napi, tun_nothing)
{
	.node = "/dev/net/tun", .gather = NOTHING,
};

FIXTURE_VARIANT_ADD(napi, tun_flush_timeout)
{
	.node = "/dev/net/tun", .gather = FLUSH_TIMEOUT,
};

FIXTURE_VARIANT_ADD(napi, tun_threaded)
{
	.node = "/dev/net/tun", .gather = THREADED,
};

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = 1;
	return bpf(BPF_MAP_CREATE, &attr);
}

/* Counts IPv4 packets in the map, and drops all: nobody is to answer. */
static int make_program(int map)
{
	const struct bpf_insn code[] = {
		/* *(u32 *)(r10 - 4) = PACKETS; if (r1->protocol != IPv4) */
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 7, .src_reg = 1,
		  .off = offsetof(struct __sk_buff, protocol) },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 7, .off = 9,
		  .imm = 8 },
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4,
		  .imm = PACKETS },
		/* r0 = bpf_map_lookup_elem(map, r10 - 4) */
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2,
		  .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2,
		  .imm = -4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		/* if (r0) (*r0)++, atomically */
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 2,
		  .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 1 },
		{ .code = BPF_STX | BPF_XADD | BPF_DW, .dst_reg = 0,
		  .src_reg = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0,
		  .imm = TC_ACT_SHOT },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[4096] = "";
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (unsigned long)code;
	attr.insn_cnt = ARRAY_SIZE(code);
	attr.license = (unsigned long)"GPL";
	attr.log_buf = (unsigned long)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		printf("# %s\n", log);
	return fd;
}

static unsigned long counted(int map)
{
	uint32_t key = PACKETS;
	uint64_t value = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (unsigned long)&key;
	attr.value = (unsigned long)&value;
	bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	return value;
}

struct request {
	struct nlmsghdr header;
	struct tcmsg tc;
	char attributes[256];
};

static struct rtattr *put(struct request *req, int type, const void *data,
			  size_t size)
{
	struct rtattr *attr;

	attr = (void *)((char *)req + NLMSG_ALIGN(req->header.nlmsg_len));
	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attr), data, size);
	req->header.nlmsg_len = NLMSG_ALIGN(req->header.nlmsg_len) +
				RTA_ALIGN(attr->rta_len);
	return attr;
}

static int talk(struct request *req)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char answer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header = (void *)answer;
	int err = -EPROTO;

	if (fd < 0)
		return -errno;
	if (send(fd, req, req->header.nlmsg_len, 0) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		err = -errno;
	else if (header->nlmsg_type == NLMSG_ERROR)
		err = ((struct nlmsgerr *)NLMSG_DATA(header))->error;
	close(fd);
	return err;
}

/* clsact, and the program at its ingress. 0 or -errno. */
static int hook(int index, int program)
{
	struct request req = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(req.tc)),
		.header.nlmsg_type = RTM_NEWQDISC,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
				      NLM_F_CREATE | NLM_F_EXCL,
		.tc.tcm_family = AF_UNSPEC,
		.tc.tcm_ifindex = index,
		.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
		.tc.tcm_parent = TC_H_CLSACT,
	};
	uint32_t direct = TCA_BPF_FLAG_ACT_DIRECT;
	struct rtattr *options;
	int err;

	put(&req, TCA_KIND, "clsact", sizeof("clsact"));
	err = talk(&req);
	if (err)
		return err;
	req.header.nlmsg_len = NLMSG_LENGTH(sizeof(req.tc));
	req.header.nlmsg_type = RTM_NEWTFILTER;
	req.tc.tcm_handle = 0;
	req.tc.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	req.tc.tcm_info = TC_H_MAKE(1U << 16, 0x0300 /* ETH_P_ALL */);
	put(&req, TCA_KIND, "bpf", sizeof("bpf"));
	options = put(&req, TCA_OPTIONS, NULL, 0);
	put(&req, TCA_BPF_FD, &program, sizeof(program));
	put(&req, TCA_BPF_NAME, "count", sizeof("count"));
	put(&req, TCA_BPF_FLAGS, &direct, sizeof(direct));
	options->rta_len = (char *)&req + req.header.nlmsg_len -
			   (char *)options;
	return talk(&req);
}

static int set_sysfs(const char *attribute, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/net/" NAME "/%s", attribute);
	return file_write(path, value);
}

static int set_rx_usecs(unsigned int usecs)
{
	struct ethtool_coalesce coalesce = {
		.cmd = ETHTOOL_SCOALESCE,
		.rx_coalesce_usecs = usecs,
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = NAME };
	int err;

	ifr.ifr_data = (char *)&coalesce;
	err = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

/* The kernel's thread that polls this device, or -ENOENT. */
static pid_t poll_thread(void)
{
	char path[300], name[64];
	struct dirent *entry;
	pid_t found = -ENOENT;
	DIR *dir = opendir("/proc");

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.32s/comm", entry->d_name);
		if (atoi(entry->d_name) &&
		    !file_read(path, name, sizeof(name)) &&
		    !strncmp(name, "napi/" NAME, 5 + strlen(NAME)))
			found = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/*
 * The writer and the thread share a CPU, and the writer goes first: so the
 * thread finds what has gathered. 0 or -errno.
 */
static int before_thread(void)
{
	const struct sched_param first = { .sched_priority = 1 };
	pid_t thread = poll_thread();
	cpu_set_t cpus;

	if (thread < 0)
		return thread;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(thread, sizeof(cpus), &cpus) ||
	    sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    sched_setscheduler(0, SCHED_FIFO, &first))
		return -errno;
	return 0;
}

FIXTURE_SETUP(napi)
{
	const uint8_t mac[6] = { 2, 0x5e, 0, 0, 0, 1 };
	struct link_info info;
	struct utsname kernel;
	char text[32];
	int err;

	if (variant->node)
		setenv("MYTUN_NODE", variant->node, 1);
	REQUIRE_DEVICE();
	if (variant->gather == RX_USECS && !device_is_mytun())
		SKIP(return, "tun has no rx-usecs");
	/* 5.10's tun charges a socket for what GRO merges: a kernel warning. */
	uname(&kernel);
	if (variant->node && !strncmp(kernel.release, "5.", 2))
		SKIP(return, "this kernel's tun miscounts merged packets");
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, IFF_TAP | IFF_NO_PI | IFF_NAPI);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_set_mac(NAME, mac));
	ASSERT_EQ(0, link_set_up(NAME));
	ASSERT_EQ(0, link_get(NAME, &info));
	self->map = make_map();
	ASSERT_LE(0, self->map);
	err = hook(info.index, make_program(self->map));
	if (err == -ENOENT)
		SKIP(return, "the kernel has no clsact or no BPF classifier");
	ASSERT_EQ(0, err);
	switch (variant->gather) {
	case NOTHING:
		break;
	case FLUSH_TIMEOUT:
		snprintf(text, sizeof(text), "%lu", GATHER_MS * 1000000UL);
		ASSERT_EQ(0, set_sysfs("gro_flush_timeout", text));
		break;
	case RX_USECS:
		ASSERT_EQ(0, set_rx_usecs(GATHER_MS * 1000));
		break;
	case THREADED:
		err = set_sysfs("threaded", "1");
		if (err == -ENOENT || err == -EACCES)
			SKIP(return, "no threaded NAPI in this kernel");
		ASSERT_EQ(0, err);
		ASSERT_EQ(0, before_thread());
		break;
	}
}

FIXTURE_TEARDOWN(napi)
{
	close(self->fd);
}

/* Consecutive segments of a host have consecutive identifications. */
static void set_id(struct packet *p, uint16_t id)
{
	uint8_t *ip = p->data + p->l3;
	uint32_t sum = (uint16_t)~(ip[10] << 8 | ip[11]);

	/* It was 0: RFC 1624. */
	sum += id;
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[4] = id >> 8;
	ip[5] = id;
	ip[10] = sum >> 8;
	ip[11] = sum;
}

struct arrival {
	int map;
	unsigned long before;
};

static bool arrived(void *arg)
{
	const struct arrival *a = arg;

	return counted(a->map) > a->before;
}

/* Write the segments; how many packets tc saw of them. */
static unsigned long exchange(struct __test_metadata *_metadata, int fd,
			      int map, unsigned int round)
{
	struct packet_flow flow = {
		.family = AF_INET, .ethernet = true,
		.from = { .mac = { 2, 0x5e, 0, 0, 0, 2 },
			  .addr = { 10, 0, 0, 2 }, .port = 4000 + round },
		.to = { .mac = { 2, 0x5e, 0, 0, 0, 1 },
			.addr = { 10, 0, 0, 1 }, .port = 5000 },
	};
	struct arrival before = { map, counted(map) };
	static struct packet packets[SEGMENTS];
	static uint8_t payload[SIZE];
	unsigned long count;
	unsigned int i;

	for (i = 0; i < SEGMENTS; i++) {
		packet_tcp(&packets[i], &flow, TCP_ACK, 1 + i * SIZE, 1,
			   payload, SIZE);
		set_id(&packets[i], 1 + i);
	}
	for (i = 0; i < SEGMENTS; i++)
		ASSERT_EQ((ssize_t)packets[i].size,
			  device_write(fd, packets[i].data, packets[i].size));
	ASSERT_EQ(0, wait_for(arrived, &before, DEADLINE_MS));
	/* Until nothing comes any more. */
	do {
		count = counted(map);
		sleep_ms(2 * GATHER_MS);
	} while (counted(map) != count);
	return count - before.before;
}

TEST_F_TIMEOUT(napi, merge, 120)
{
	unsigned int rounds = 5, round;
	unsigned long count = 0;

	for (round = 0; round < rounds; round++) {
		count = exchange(_metadata, self->fd, self->map, round);
		printf("# %u segments, %lu packets\n", SEGMENTS, count);
		/*
		 * A machine that is busy otherwise may run the softirq later,
		 * or let the time pass.
		 */
		if (variant->gather == NOTHING ? count == SEGMENTS :
						 count <= MERGED)
			break;
	}
	EXPECT_GT(rounds, round);
}

TEST_HARNESS_MAIN
