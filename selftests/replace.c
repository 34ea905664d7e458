// SPDX-License-Identifier: GPL-2.0
/*
 * replace_tun=1: /dev/net/tun and link kind tun are mytun's, for programs that
 * know no other name; and it is refused, without harm, where they are taken.
 * Unloads and loads mytun and tun, and leaves both as it found them.
 */
#include "device.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/ethtool.h>
#include <linux/mytun.h>

#include "ethtool.h"
#include "kselftest_harness.h"
#include "module.h"
#include "rtnl.h"
#include "traffic.h"

#define MODULE		"mytun"
#define NAME		"replaced"
#define NET		23
#define TUN_NODE	"/dev/net/tun"
#define TUN_MINOR	200
#define OPTION		"replace_tun=1"
#define PARAMETER	"/sys/module/mytun/parameters/replace_tun"
#define PROGRAM_MS	60000

static char * const environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL,
};

FIXTURE(replace)
{
	bool tun_is_module, tun_was_loaded, node_made;
	int log;
};

/* The name that minor 200 has, or "". */
static void who_has_tun(char *name, size_t size)
{
	FILE *file = fopen("/proc/misc", "re");
	unsigned int number;
	char text[64];

	*name = '\0';
	if (!file)
		return;
	while (fscanf(file, "%u %63s", &number, text) == 2)
		if (number == TUN_MINOR)
			snprintf(name, size, "%s", text);
	fclose(file);
}

FIXTURE_SETUP(replace)
{
	char name[64];

	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel tun is not to be unloaded");
	if (module_references(MODULE) < 0)
		SKIP(return, MODULE " is not a module");
	ASSERT_EQ(0, netns_private());
	self->tun_was_loaded = module_references("tun") >= 0;
	who_has_tun(name, sizeof(name));
	self->tun_is_module = self->tun_was_loaded || !*name;
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	ASSERT_LE(0, lseek(self->log, 0, SEEK_END));
}

FIXTURE_TEARDOWN(replace)
{
	char name[64];

	close(self->log);
	module_unload(MODULE);
	if (self->tun_is_module) {
		if (self->tun_was_loaded)
			module_load("tun", NULL);
		else
			module_unload("tun");
	}
	if (self->node_made)
		unlink(TUN_NODE);
	EXPECT_EQ(0, module_load(MODULE, NULL));
	who_has_tun(name, sizeof(name));
	if (self->tun_was_loaded)
		EXPECT_STREQ("tun", name);
}

/* A line of the kernel's log, since the test began or looked, has both words. */
static bool logged(FIXTURE_DATA(replace) *self, const char *first,
		   const char *second)
{
	char line[8192];
	bool found = false;
	ssize_t size;

	while ((size = read(self->log, line, sizeof(line) - 1)) > 0) {
		line[size] = '\0';
		if (strstr(line, first) && strstr(line, second))
			found = true;
	}
	return found;
}

/* Exit status of a program, or -errno. */
static int run(char * const argv[])
{
	pid_t child;
	int err;

	err = posix_spawnp(&child, argv[0], NULL, NULL, argv, environment);
	return err ? -err : wait_child(child, PROGRAM_MS);
}

/* What ethtool says of a device's driver. */
static int driver_of(const char *name, char driver[32])
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int err = ethtool(name, &info);

	memcpy(driver, info.driver, 32);
	return err;
}

/* devtmpfs makes the node; without it, the test does. */
static int ensure_node(FIXTURE_DATA(replace) *self)
{
	if (!access(TUN_NODE, F_OK))
		return 0;
	self->node_made = true;
	return mknod(TUN_NODE, S_IFCHR | 0666, makedev(10, TUN_MINOR)) ?
	       -errno : 0;
}

/* A device by that node carries traffic and is that driver's. */
static void check_node(struct __test_metadata *_metadata, const char *node,
		       int type, const char *driver)
{
	char name[IFNAMSIZ] = NAME, text[32];
	struct traffic traffic;
	struct link_info info;
	uint64_t features;
	int fd;

	fd = open(node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd) TH_LOG("%s", node);
	ASSERT_EQ(0, device_setiff(fd, name, type | IFF_NO_PI));
	ASSERT_EQ(0, traffic_start(&traffic, name, NET));
	EXPECT_EQ(0, traffic_echo(&traffic, fd));
	ASSERT_EQ(0, link_get(name, &info));
	EXPECT_STREQ("tun", info.kind);
	/* The kernel's own tells it since 4.18. */
	if (!strcmp(driver, MODULE) || info.tun_type >= 0)
		EXPECT_EQ(type, info.tun_type);
	ASSERT_EQ(0, driver_of(name, text));
	EXPECT_STREQ(driver, text) TH_LOG("%s", node);
	EXPECT_EQ(strcmp(driver, MODULE) ? -EINVAL : 0,
		  device_ioctl(fd, MYTUN_IOC_FEATURES,
			       (unsigned long)&features));
	traffic_stop(&traffic);
	close(fd);
}

TEST_F_TIMEOUT(replace, served, 600)
{
	char * const add[] = {
		"ip", "tuntap", "add", "dev", NAME, "mode", "tap", NULL,
	};
	char * const del[] = {
		"ip", "tuntap", "del", "dev", NAME, "mode", "tap", NULL,
	};
	struct link_info info;
	char text[64];
	int ret;

	if (!self->tun_is_module)
		SKIP(return, "tun is built into this kernel");
	ASSERT_EQ(0, module_unload(MODULE));
	if (self->tun_was_loaded)
		ASSERT_EQ(0, module_unload("tun"));
	ASSERT_EQ(0, module_load(MODULE, OPTION));
	ASSERT_EQ(0, file_read(PARAMETER, text, sizeof(text)));
	EXPECT_STREQ("Y", text);
	EXPECT_TRUE(logged(self, "serving " TUN_NODE, "vhost_net"));
	who_has_tun(text, sizeof(text));
	ASSERT_STREQ("tun", text);
	ASSERT_EQ(0, ensure_node(self));
	check_node(_metadata, TUN_NODE, IFF_TUN, MODULE);
	check_node(_metadata, TUN_NODE, IFF_TAP, MODULE);
	check_node(_metadata, device_node(), IFF_TUN, MODULE);
	/* None of that has loaded it. */
	EXPECT_EQ(-1, module_references("tun"));

	/* As the in-kernel driver answers. */
	EXPECT_EQ(-EOPNOTSUPP, link_add(NAME, "tun"));
	EXPECT_EQ(0, link_add(NAME, MODULE));
	EXPECT_EQ(0, link_delete(NAME));

	/* A program that knows of nothing. */
	ret = run(add);
	if (ret == -ENOENT) {
		TH_LOG("no ip here");
	} else {
		EXPECT_EQ(0, ret);
		ASSERT_EQ(0, link_get(NAME, &info));
		EXPECT_STREQ("tun", info.kind);
		EXPECT_EQ(1, info.persist);
		EXPECT_EQ(-EWOULDBLOCK, module_unload(MODULE));
		EXPECT_EQ(0, run(del));
		EXPECT_FALSE(link_exists(NAME));
	}

	/*
	 * The in-kernel driver, and what needs it, stays out meanwhile. What
	 * modprobe says of that: tun refuses with EEXIST, which it takes for
	 * "is loaded".
	 */
	module_load("tun", NULL);
	EXPECT_EQ(-1, module_references("tun"));
	EXPECT_NE(0, module_load("vhost_net", NULL));
	EXPECT_EQ(-1, module_references("vhost_net"));

	ASSERT_EQ(0, module_unload(MODULE));
	who_has_tun(text, sizeof(text));
	EXPECT_STREQ("", text);
	ASSERT_EQ(0, module_load("tun", NULL));
	check_node(_metadata, TUN_NODE, IFF_TAP, "tun");
}

TEST_F_TIMEOUT(replace, refused, 600)
{
	char text[64];

	ASSERT_EQ(0, module_unload(MODULE));
	if (self->tun_is_module && !self->tun_was_loaded)
		ASSERT_EQ(0, module_load("tun", NULL));
	/* It is loaded nevertheless, and says what it is not. */
	ASSERT_EQ(0, module_load(MODULE, OPTION));
	ASSERT_EQ(0, file_read(PARAMETER, text, sizeof(text)));
	EXPECT_STREQ("N", text);
	EXPECT_TRUE(logged(self, OPTION " refused", TUN_NODE));
	check_node(_metadata, TUN_NODE, IFF_TUN, "tun");
	check_node(_metadata, device_node(), IFF_TUN, MODULE);
	/* And takes nothing away when it goes. */
	ASSERT_EQ(0, module_unload(MODULE));
	who_has_tun(text, sizeof(text));
	EXPECT_STREQ("tun", text);
	check_node(_metadata, TUN_NODE, IFF_TAP, "tun");
}

/* The parameter is for loading; afterwards nobody changes it. */
TEST_F_TIMEOUT(replace, parameter, 120)
{
	char text[64];

	ASSERT_EQ(0, file_read(PARAMETER, text, sizeof(text)));
	EXPECT_STREQ("N", text);
	EXPECT_EQ(-EACCES, file_write(PARAMETER, "Y"));
}

TEST_HARNESS_MAIN
