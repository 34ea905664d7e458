// SPDX-License-Identifier: GPL-2.0
/*
 * mytunctl(8): what it prints of devices that the test has made, its exit
 * statuses, that its JSON is JSON, and what its doctor finds wrong with
 * set-ups that the test has broken on purpose. The command that the doctor
 * prints is run, and must mend.
 *
 * The program is $MYTUNCTL, or tool/mytunctl beside this one, or in PATH.
 */
#include "device.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mytun.h>

#include "kselftest_harness.h"
#include "module.h"
#include "queues.h"
#include "rtnl.h"

#define NET		22
#define NODE		"/dev/net/mytun"
#define ASIDE		"/dev/net/.mytun-test"
#define DKMS_ONCE	"/run/mytun-dkms"
#define NOBODY		65534
#define OUTPUT		(1 << 20)
#define MODULE		"mytun"
#define PARAM_AGEING	"/sys/module/mytun/parameters/flow_ageing_ms"

static char tool[PATH_MAX];
static char output[OUTPUT];

/* Where the program is; false: nowhere. */
static bool find_tool(void)
{
	const char *named = getenv("MYTUNCTL");
	char here[PATH_MAX - 32];
	ssize_t n;

	if (named) {
		snprintf(tool, sizeof(tool), "%s", named);
		return !access(tool, X_OK);
	}
	n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	here[n > 0 ? n : 0] = '\0';
	if (strrchr(here, '/'))
		*strrchr(here, '/') = '\0';
	snprintf(tool, sizeof(tool), "%s/tool/mytunctl", here);
	if (!access(tool, X_OK))
		return true;
	strcpy(tool, "/usr/sbin/mytunctl");
	return !access(tool, X_OK);
}

/*
 * Runs a line of shell, and keeps all that it prints: nothing of it goes to
 * where this program prints its results. Exit status, or -1.
 */
static int shell(const char *line)
{
	static char whole[PATH_MAX + 2048];
	size_t used = 0, got;
	int status;
	FILE *f;

	snprintf(whole, sizeof(whole), "exec 2>&1\n%s", line);
	f = popen(whole, "re");
	if (!f)
		return -1;
	while ((got = fread(output + used, 1, OUTPUT - 1 - used, f)) > 0)
		used += got;
	output[used] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* mytunctl with these arguments. */
static int ctl(const char *arguments)
{
	char line[PATH_MAX + 512];

	snprintf(line, sizeof(line), "%s %s", tool, arguments);
	return shell(line);
}

/* The same, without privilege. */
static int ctl_as_nobody(const char *arguments)
{
	char line[PATH_MAX + 512];

	snprintf(line, sizeof(line),
		 "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all %s %s",
		 tool, arguments);
	return shell(line);
}

/* As notes for TH_LOG(): no line of it can be taken for a result. */
static const char *quoted(const char *text)
{
	static char notes[2 * OUTPUT];
	size_t used = 0;

	for (; *text && used < sizeof(notes) - 4; text++) {
		notes[used++] = *text;
		if (*text == '\n' && text[1]) {
			notes[used++] = '#';
			notes[used++] = ' ';
		}
	}
	notes[used] = '\0';
	return notes;
}

static bool says(const char *text)
{
	return strstr(output, text);
}

/* Passes over one value of JSON, or returns NULL: that is none. */
static const char *json_value(const char *s, unsigned int depth);

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((unsigned char)*s < 0x20)
			return NULL;
		if (*s == '\\' && !strchr("\"\\/bfnrtu", *++s))
			return NULL;
	}
	return s + 1;
}

static const char *json_members(const char *s, char end, unsigned int depth)
{
	if (*++s == end)
		return s + 1;
	for (;; s++) {
		if (end == '}') {
			s = json_string(s);
			if (!s || *s++ != ':')
				return NULL;
		}
		s = json_value(s, depth + 1);
		if (!s)
			return NULL;
		if (*s == end)
			return s + 1;
		if (*s != ',')
			return NULL;
	}
}

static const char *json_value(const char *s, unsigned int depth)
{
	static const char * const words[] = { "true", "false", "null" };
	char *end;
	int i;

	if (depth > 16)
		return NULL;
	if (*s == '"')
		return json_string(s);
	if (*s == '{' || *s == '[')
		return json_members(s, *s == '{' ? '}' : ']', depth);
	for (i = 0; i < 3; i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	if (*s != '-' && !isdigit((unsigned char)*s))
		return NULL;
	strtod(s, &end);
	return end;
}

/* The output is so many documents, one a line. */
static bool is_json(int documents)
{
	const char *s = output;

	while (documents--) {
		s = json_value(s, 0);
		if (!s || *s++ != '\n')
			return false;
	}
	return !*s;
}

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
		"flows --address 10.0.0.0/33", "top --interval 0",
		"top --count -1", "create --mtu 5", "create a b",
		"create --napi-frags", "create sixteen-letters-",
		"doctor name",
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
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(2, ctl(wrong[i]))
			TH_LOG("argument %u: %s", i, quoted(output));
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

TEST_F_TIMEOUT(mytunctl, top, 180)
{
	struct writer w = { };
	const char *rate;
	pthread_t thread;

	self->q = queues_create(IFF_TUN, AF_INET, NET, 1, 1);
	ASSERT_NE(NULL, self->q);
	w.q = self->q;
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_on, &w));
	EXPECT_EQ(0, ctl("top --once --interval 1 --json"));
	EXPECT_TRUE(is_json(1));
	rate = strstr(output, "\"from_user\"");
	rate = rate ? strstr(rate, "packets_per_second\":") : NULL;
	EXPECT_NE(NULL, rate);
	if (rate)
		EXPECT_LT(10, strtod(strchr(rate, ':') + 1, NULL));
	EXPECT_EQ(0, ctl("top --count 3 --interval 0.2 --json"));
	EXPECT_TRUE(is_json(3));
	EXPECT_EQ(0, ctl("top -1 -i 0.2"));
	EXPECT_TRUE(says("PACKETS/S"));
	EXPECT_TRUE(says(self->q->name));
	EXPECT_FALSE(says("\033"));
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/*
 * Doctor. It asks DKMS, which is a long script: a minute on an emulated machine
 * that has others beside it.
 */
#define DOCTOR_SECONDS	600

static struct {
	int exit_status;
	char status[16], text[1024], mend[1024];
} said;

/* The value of a key in the object that begins there. */
static void member(const char *object, const char *key, char *to, size_t size)
{
	char wanted[32];
	const char *s;
	size_t n = 0;

	snprintf(wanted, sizeof(wanted), "\"%s\":\"", key);
	s = strstr(object, wanted);
	if (s && s < strchr(object, '}'))
		for (s += strlen(wanted); *s != '"' && n < size - 1; s++)
			to[n++] = *s == '\\' ? *++s : *s;
	to[n] = '\0';
}

/* Keeps what the doctor, who was asked, has said of one thing. */
static bool said_of(const char *check)
{
	const char *object;
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "{\"check\":\"%s\",", check);
	object = strstr(output, wanted);
	if (!is_json(1) || !object)
		return false;
	member(object, "status", said.status, sizeof(said.status));
	member(object, "text", said.text, sizeof(said.text));
	member(object, "mend", said.mend, sizeof(said.mend));
	return true;
}

static bool ask(const char *check)
{
	said.exit_status = ctl("doctor --json");
	return said_of(check);
}

/*
 * dkms looks into each module that it has built, which takes it some seconds,
 * and nothing here changes that: what it said once is repeated. Of all else it
 * is asked itself.
 */
static void ask_dkms_once(void)
{
	char path[PATH_MAX];
	FILE *script;

	if (access(DKMS_ONCE "/dkms", X_OK)) {
		if (shell("mkdir -p " DKMS_ONCE " && command -v dkms"))
			return;
		output[strcspn(output, "\n")] = '\0';
		script = fopen(DKMS_ONCE "/dkms", "we");
		if (!script)
			return;
		fprintf(script, "#!/bin/sh\n");
		fprintf(script, "[ $1 = status ] && exec cat %s/status\n",
			DKMS_ONCE);
		fprintf(script, "exec %s \"$@\"\n", output);
		fclose(script);
		if (shell("dkms status -m mytun >" DKMS_ONCE "/status") ||
		    chmod(DKMS_ONCE "/dkms", 0755))
			return;
	}
	snprintf(path, sizeof(path), "%s:%s", DKMS_ONCE, getenv("PATH"));
	setenv("PATH", path, 1);
}

/* It says so, and what it says to do mends it. */
#define EXPECT_FOUND_AND_MENDED(what, words)				\
	do {								\
		const char *check = what;				\
									\
		EXPECT_TRUE(ask(check)) TH_LOG("%s", quoted(output));	\
		EXPECT_EQ(1, said.exit_status);				\
		EXPECT_STREQ("problem", said.status);			\
		EXPECT_NE(NULL, strstr(said.text, words))		\
			TH_LOG("%s", said.text);			\
		TH_LOG("%s Mend: %s", said.text, said.mend);		\
		EXPECT_EQ(0, shell(said.mend));				\
		EXPECT_TRUE(ask(check));				\
		EXPECT_STREQ("ok", said.status) TH_LOG("%s", said.text); \
	} while (0)

FIXTURE(doctor)
{
	bool moved;
};

FIXTURE_SETUP(doctor)
{
	/* A test that a limit ended has not put it back. */
	if (!access(ASIDE, F_OK))
		rename(ASIDE, NODE);
	REQUIRE_DEVICE();
	if (!device_is_mytun() || strcmp(device_node(), NODE))
		SKIP(return, "the doctor looks at " NODE);
	if (!find_tool())
		SKIP(return, "no mytunctl: build tools/mytunctl");
}

/* The node that devtmpfs made comes back as it was. */
FIXTURE_TEARDOWN(doctor)
{
	if (self->moved) {
		unlink(NODE);
		rename(ASIDE, NODE);
	}
	if (device_is_mytun() && !access(NODE, F_OK))
		chmod(NODE, 0666);
}

TEST_F_TIMEOUT(doctor, all_is_well, DOCTOR_SECONDS)
{
	static const char * const checks[] = {
		"module", "signature", "netlink", "node", "mode", "open",
		"rights", "memory", "replace",
	};
	unsigned int i;

	ctl("doctor --json");
	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		ASSERT_TRUE(said_of(checks[i])) TH_LOG("%s", quoted(output));
		/* One that was loaded by hand is not installed. */
		if (i || strcmp(said.status, "warning"))
			EXPECT_STREQ("ok", said.status)
				TH_LOG("%s: %s", checks[i], said.text);
		if (!strcmp(said.status, "ok"))
			EXPECT_STREQ("", said.mend);
	}
	ask_dkms_once();
	ctl("doctor");
	EXPECT_TRUE(says(" problems, "));
	/* The rest is this machine's: headers, DKMS. */
	TH_LOG("%s", quoted(output));
}

TEST_F_TIMEOUT(doctor, no_node, DOCTOR_SECONDS)
{
	ask_dkms_once();
	ASSERT_EQ(0, rename(NODE, ASIDE));
	self->moved = true;
	EXPECT_EQ(5, ctl("create"));
	EXPECT_FOUND_AND_MENDED("node", "does not exist");
	EXPECT_TRUE(ask("open"));
	EXPECT_STREQ("ok", said.status);
}

TEST_F_TIMEOUT(doctor, another_node, DOCTOR_SECONDS)
{
	ask_dkms_once();
	ASSERT_EQ(0, rename(NODE, ASIDE));
	self->moved = true;
	/* /dev/null, under the name. */
	ASSERT_EQ(0, mknod(NODE, S_IFCHR | 0666, makedev(1, 3)));
	EXPECT_FOUND_AND_MENDED("node", "has the number 1:3");
	ASSERT_EQ(0, unlink(NODE));
	ASSERT_EQ(0, mknod(NODE, S_IFREG | 0666, 0));
	EXPECT_FOUND_AND_MENDED("node", "is no character device");
}

TEST_F_TIMEOUT(doctor, wrong_mode, DOCTOR_SECONDS)
{
	struct stat st;

	ask_dkms_once();
	ASSERT_EQ(0, chmod(NODE, 0600));
	EXPECT_FOUND_AND_MENDED("mode", "is 0600");
	ASSERT_EQ(0, stat(NODE, &st));
	EXPECT_EQ(0666, st.st_mode & 07777);
	ASSERT_EQ(0, chmod(NODE, 0660));
	EXPECT_EQ(1, ctl_as_nobody("doctor"));
	EXPECT_TRUE(says("This user may not open " NODE));
	EXPECT_TRUE(says("lacks CAP_NET_ADMIN"));
	EXPECT_EQ(4, ctl_as_nobody("create"));
}

/* The cgroup of old, by which containers are kept from devices. */
TEST_F_TIMEOUT(doctor, device_cgroup, DOCTOR_SECONDS)
{
	char line[PATH_MAX + 512];

	ask_dkms_once();
	if (mkdir("/run/mytun-devices", 0755) && errno != EEXIST)
		SKIP(return, "no folder for the cgroup");
	if (mount("devices", "/run/mytun-devices", "cgroup", 0, "devices")) {
		rmdir("/run/mytun-devices");
		SKIP(return, "no cgroup of devices in version 1");
	}
	mkdir("/run/mytun-devices/mytun", 0755);
	file_write("/run/mytun-devices/mytun/devices.deny", "a");
	file_write("/run/mytun-devices/mytun/devices.allow", "c 1:* rwm");
	snprintf(line, sizeof(line),
		 "echo $$ > /run/mytun-devices/mytun/cgroup.procs; exec %s doctor",
		 tool);
	EXPECT_EQ(1, shell(line));
	EXPECT_TRUE(says("The device cgroup of this process does not let it"))
		TH_LOG("%s", quoted(output));
	rmdir("/run/mytun-devices/mytun");
	umount("/run/mytun-devices");
	rmdir("/run/mytun-devices");
}

TEST_F_TIMEOUT(doctor, locked_memory, DOCTOR_SECONDS)
{
	char line[PATH_MAX + 512];

	ask_dkms_once();
	snprintf(line, sizeof(line),
		 "ulimit -l 64; exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all %s doctor",
		 tool);
	shell(line);
	EXPECT_TRUE(says("rings of 64 KiB together")) TH_LOG("%s", quoted(output));
}

/* Loaded again at the end, as it was: where modprobe finds it. */
TEST_F_TIMEOUT(doctor, no_module, DOCTOR_SECONDS)
{
	int err;

	ask_dkms_once();
	if (shell("modprobe -n " MODULE))
		SKIP(return, "the module is not installed, only loaded");
	err = module_unload(MODULE);
	if (err)
		SKIP(return, "the module is in use");
	EXPECT_EQ(5, ctl("list"));
	EXPECT_EQ(5, ctl("queues"));
	EXPECT_EQ(5, ctl("top --once"));
	EXPECT_EQ(5, ctl("create"));
	EXPECT_FOUND_AND_MENDED("module", "installed, but not loaded");
	if (module_references(MODULE) < 0)
		EXPECT_EQ(0, module_load(MODULE, NULL));
}

TEST_HARNESS_MAIN
