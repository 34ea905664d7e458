// SPDX-License-Identifier: GPL-2.0
/*
 * `ip link add ... type mytun`, by ip(8) with the plug-in of tools/iproute2,
 * which lies beside this program.
 */
#include "device.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "rtnl.h"

#define PLUGIN		"link_mytun.so"
/* Where versions before 5.11 look, and nowhere else. */
#define OLD_FOLDER	"/usr/lib/ip"

static char output[65536];

/* Run ip with its output in output[]. Its exit status, or -errno. */
static int ip(const char *arguments)
{
	char words[256], *argv[32] = { "ip" }, *save;
	posix_spawn_file_actions_t actions;
	int out[2], status, n = 1, err;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	snprintf(words, sizeof(words), "%s", arguments);
	argv[n] = strtok_r(words, " ", &save);
	while (argv[n] && n < 30)
		argv[++n] = strtok_r(NULL, " ", &save);
	if (pipe(out))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_adddup2(&actions, out[1], 2);
	posix_spawn_file_actions_addclose(&actions, out[0]);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	while (!err && (got = read(out[0], output + used,
				   sizeof(output) - 1 - used)) > 0)
		used += (size_t)got;
	output[used] = 0;
	close(out[0]);
	if (err)
		return -err;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

FIXTURE(link)
{
	bool linked, made;	/* the old folder's entry, the folder */
};

FIXTURE_SETUP(link)
{
	char self_path[PATH_MAX] = "", *plugin, *folder;

	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "tun makes no device by rtnetlink");
	ASSERT_LT(0, readlink("/proc/self/exe", self_path,
			      sizeof(self_path) - 1));
	folder = dirname(self_path);
	ASSERT_LT(0, asprintf(&plugin, "%s/%s", folder, PLUGIN));
	if (access(plugin, R_OK))
		SKIP(return, "no %s", plugin);
	if (ip("-V"))
		SKIP(return, "no ip(8)");
	ASSERT_EQ(0, setenv("IP_LIB_DIR", folder, 1));
	if (ip("link help mytun")) {
		self->made = !mkdir(OLD_FOLDER, 0755);
		self->linked = !symlink(plugin, OLD_FOLDER "/" PLUGIN);
	}
	free(plugin);
	ASSERT_EQ(0, netns_private());
}

FIXTURE_TEARDOWN(link)
{
	if (self->linked)
		unlink(OLD_FOLDER "/" PLUGIN);
	if (self->made)
		rmdir(OLD_FOLDER);
}

/* What is said is what the device is. */
TEST_F_TIMEOUT(link, arguments, 60)
{
	static const struct {
		const char *words;
		int type, pi, vnet_hdr, multi_queue;
		long owner, group;
	} cases[] = {
		{ "", IFF_TUN, 0, 0, 0, -1, -1 },
		{ " mode tun pi", IFF_TUN, 1, 0, 0, -1, -1 },
		{ " mode tap", IFF_TAP, 0, 0, 0, -1, -1 },
		{ " mode tap vnet_hdr multi_queue user 12 group 34",
		  IFF_TAP, 0, 1, 1, 12, 34 },
		{ " group root owner root multi_queue single_queue nopi",
		  IFF_TUN, 0, 0, 0, 0, 0 },
		{ " vnet_hdr no_vnet_hdr", IFF_TUN, 0, 0, 0, -1, -1 },
	};
	struct link_info info;
	char words[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(words, sizeof(words),
			 "link add one mtu 1300 txqueuelen 77 type mytun%s",
			 cases[i].words);
		ASSERT_EQ(0, ip(words)) TH_LOG("%s: %s", words, output);
		ASSERT_EQ(0, link_get("one", &info));
		EXPECT_STREQ("mytun", info.kind);
		EXPECT_EQ(cases[i].type, info.tun_type);
		EXPECT_EQ(cases[i].pi, info.pi);
		EXPECT_EQ(cases[i].vnet_hdr, info.vnet_hdr);
		EXPECT_EQ(cases[i].multi_queue, info.multi_queue);
		EXPECT_EQ(cases[i].owner, info.owner);
		EXPECT_EQ(cases[i].group, info.group);
		EXPECT_EQ(1, info.persist);
		EXPECT_EQ(1300, info.mtu);
		EXPECT_EQ(77, info.txqueuelen);
		ASSERT_EQ(0, ip("link delete one"));
	}
}

/* ip shows them as it shows those of kind tun. */
TEST_F_TIMEOUT(link, shown, 60)
{
	ASSERT_EQ(0, ip("link add one type mytun mode tap multi_queue user 54321"));
	ASSERT_EQ(0, ip("-d link show one"));
	EXPECT_NE(NULL, strstr(output, "mytun type tap pi off vnet_hdr off"))
		TH_LOG("%s", output);
	EXPECT_NE(NULL, strstr(output, "multi_queue"));
	EXPECT_NE(NULL, strstr(output, "numqueues 0"));
	EXPECT_NE(NULL, strstr(output, "user 54321"));
}

/* What is not understood makes nothing. */
TEST_F_TIMEOUT(link, nonsense, 60)
{
	static const char * const words[] = {
		"mode", "mode bridge", "mode tap nonsense", "user",
		"user nobody-of-that-name", "group -3", "user 4294967295",
	};
	char command[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		snprintf(command, sizeof(command), "link add one type mytun %s",
			 words[i]);
		EXPECT_LT(0, ip(command)) TH_LOG("%s", command);
		EXPECT_NE(NULL, strstr(output, "Usage: ip link add NAME"));
		EXPECT_FALSE(link_exists("one"));
	}
	EXPECT_EQ(0, ip("link help mytun"));
	EXPECT_NE(NULL, strstr(output, "multi_queue"));
}

TEST_HARNESS_MAIN
