// SPDX-License-Identifier: GPL-2.0
/*
 * mytunctl doctor: what it finds wrong with set-ups that the test has broken on
 * purpose. The command that it prints is run, and must mend.
 */
#include "device.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ctl.h"
#include "kselftest_harness.h"
#include "module.h"

#define NODE		"/dev/net/mytun"
#define ASIDE		"/dev/net/.mytun-test"
#define MODULE		"mytun"

/*
 * Where it asks DKMS itself, which is a long script: a minute on an emulated
 * machine that has others beside it.
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
 * What is asked of other programs, these answer here, from files; and what the
 * kernel says, and where packages put what they bring, is the test's. All in a
 * namespace of mounts that ends with the test.
 */
#define STUBS		"/run/mytun-stubs"

static const struct {
	const char *name, *script;
} stubs[] = {
	/* dkms install [--force] mytun/9 -k RELEASE; dkms autoinstall -k RELEASE */
	{ "dkms", "#!/bin/sh\n"
	  "for last; do :; done\n"
	  "case $1 in\n"
	  "status) read -r line < " STUBS "/dkms.says && echo \"$line\";;\n"
	  "install) echo \"mytun/9, $last, x86_64: installed\" > " STUBS "/dkms.says;;\n"
	  "autoinstall) echo 9 > " STUBS "/modinfo.$last.version;;\n"
	  "*) exit 3;;\nesac\n" },
	/* modinfo -k RELEASE -F FIELD mytun */
	{ "modinfo", "#!/bin/sh\n"
	  "read -r line 2>/dev/null < " STUBS "/modinfo.$2.$4 && echo \"$line\"\n" },
	{ "modprobe", "#!/bin/sh\n"
	  "[ $1 = -c ] && read -r line < " STUBS "/modprobe.says && echo \"$line\"\n" },
	{ "mokutil", "#!/bin/sh\n"
	  "read -r line < " STUBS "/mokutil.says && echo \"$line\"\n" },
	/* apt-get install linux-headers-RELEASE */
	{ "apt-get", "#!/bin/sh\n"
	  "release=${2#linux-headers-}\n"
	  "mkdir -p /lib/modules/$release/build && : > /lib/modules/$release/build/Makefile\n" },
};

/* A file, with what stands in it; NULL: there is none. */
static int tell(const char *path, const char *line)
{
	FILE *f;

	if (!line)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fprintf(f, "%s\n", line);
	return fclose(f) ? -errno : 0;
}

/* A field of the module that is installed for a kernel. */
static int tell_modinfo(const char *release, const char *field,
			const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), STUBS "/modinfo.%s.%s", release, field);
	return tell(path, value);
}

static int hide(const char *folder)
{
	return mount("hidden", folder, "tmpfs", 0, "mode=755") ? -errno : 0;
}

/* From now on, all of them, or one. 0 or -errno. */
static int use_stubs(const char *only)
{
	char text[PATH_MAX];
	unsigned int i;
	int err = 0;

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	mkdir(STUBS, 0755);
	err = hide(STUBS);
	for (i = 0; i < ARRAY_SIZE(stubs) && !err; i++) {
		if (only && strcmp(only, stubs[i].name))
			continue;
		snprintf(text, sizeof(text), STUBS "/%s", stubs[i].name);
		err = tell(text, stubs[i].script);
		if (!err && chmod(text, 0755))
			err = -errno;
	}
	snprintf(text, sizeof(text), "%s:%s", STUBS, getenv("PATH"));
	setenv("PATH", text, 1);
	return err ? : tell(STUBS "/dkms.says", "") ? :
	       tell(STUBS "/modprobe.says", "");
}

/* It says so, and what to do. */
#define EXPECT_FOUND(what, how_bad, words)				\
	do {								\
		const char *bad = how_bad;				\
									\
		EXPECT_TRUE(ask(what)) TH_LOG("%s", quoted(output));	\
		EXPECT_STREQ(bad, said.status) TH_LOG("%s", said.text);	\
		if (!strcmp(bad, "problem"))				\
			EXPECT_EQ(1, said.exit_status);			\
		EXPECT_NE(NULL, strstr(said.text, words))		\
			TH_LOG("%s", said.text);			\
		TH_LOG("%s Mend: %s", said.text, said.mend);		\
	} while (0)

/* And that mends it. */
#define EXPECT_MENDED(what)						\
	do {								\
		EXPECT_EQ(0, shell(said.mend)) TH_LOG("%s", quoted(output)); \
		EXPECT_TRUE(ask(what));					\
		EXPECT_STREQ("ok", said.status) TH_LOG("%s", said.text); \
	} while (0)

#define EXPECT_FOUND_AND_MENDED(what, words)				\
	do {								\
		const char *check = what;				\
									\
		EXPECT_FOUND(check, "problem", words);			\
		EXPECT_MENDED(check);					\
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
	ASSERT_EQ(0, use_stubs(NULL));
	ctl("doctor");
	EXPECT_TRUE(says(" problems, "));
	EXPECT_TRUE(says("ok       node "));
	/* The rest is this machine's: headers, DKMS. */
	TH_LOG("%s", quoted(output));
	ctl("doctor --quiet");
	EXPECT_FALSE(says("ok       "));
	EXPECT_FALSE(says("skipped  "));
}

TEST_F_TIMEOUT(doctor, no_node, DOCTOR_SECONDS)
{
	ASSERT_EQ(0, use_stubs(NULL));
	ASSERT_EQ(0, rename(NODE, ASIDE));
	self->moved = true;
	EXPECT_EQ(5, ctl("create"));
	EXPECT_FOUND_AND_MENDED("node", "does not exist");
	EXPECT_TRUE(ask("open"));
	EXPECT_STREQ("ok", said.status);
}

TEST_F_TIMEOUT(doctor, another_node, DOCTOR_SECONDS)
{
	ASSERT_EQ(0, use_stubs(NULL));
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

	ASSERT_EQ(0, use_stubs(NULL));
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

/* What is said in one of that name, below the one that lets nothing in. */
static void named_cgroup(const char *name)
{
	char line[PATH_MAX + 512], path[256];
	unsigned int tries;

	*said.mend = '\0';
	snprintf(path, sizeof(path), "/run/mytun-devices/mytun/%s", name);
	/* The kernel refuses that until the one before is gone for good. */
	for (tries = 0; tries < 500 &&
	     file_write("/run/mytun-devices/mytun/devices.deny", "a"); tries++)
		usleep(10000);
	file_write("/run/mytun-devices/mytun/devices.allow", "c 1:* rwm");
	mkdir(path, 0755);
	snprintf(line, sizeof(line),
		 "echo $$ > \"%s/cgroup.procs\"; exec %s doctor --json", path,
		 tool);
	shell(line);
	said_of("open");
	rmdir(path);
}

/* The cgroup of old, by which containers are kept from devices. */
TEST_F_TIMEOUT(doctor, device_cgroup, DOCTOR_SECONDS)
{
	char line[PATH_MAX + 512];

	ASSERT_EQ(0, use_stubs(NULL));
	if (mkdir("/run/mytun-devices", 0755) && errno != EEXIST)
		SKIP(return, "no folder for the cgroup");
	if (mount("devices", "/run/mytun-devices", "cgroup", 0, "devices")) {
		rmdir("/run/mytun-devices");
		SKIP(return, "no cgroup of devices in version 1");
	}
	/* What the upper one is kept from, the lower one is too. */
	mkdir("/run/mytun-devices/mytun", 0755);
	file_write("/run/mytun-devices/mytun/devices.deny", "a");
	file_write("/run/mytun-devices/mytun/devices.allow", "c 1:* rwm");
	mkdir("/run/mytun-devices/mytun/inner", 0755);
	snprintf(line, sizeof(line),
		 "echo $$ > /run/mytun-devices/mytun/inner/cgroup.procs; exec %s doctor --json",
		 tool);
	EXPECT_EQ(1, shell(line));
	EXPECT_TRUE(said_of("open")) TH_LOG("%s", quoted(output));
	EXPECT_STREQ("The device cgroup of this process does not let it open "
		     NODE ".", said.text);
	TH_LOG("Mend: %s", said.mend);
	EXPECT_EQ(0, shell(said.mend)) TH_LOG("%s", quoted(output));
	shell(line);
	EXPECT_TRUE(said_of("open")) TH_LOG("%s", quoted(output));
	EXPECT_STREQ("ok", said.status) TH_LOG("%s", said.text);
	rmdir("/run/mytun-devices/mytun/inner");
	named_cgroup("a\\x2db.service");
	EXPECT_STREQ("systemctl set-property 'a\\x2db.service' DeviceAllow='"
		     NODE " rw'", said.mend);
	named_cgroup("a'; false'.service");
	EXPECT_STREQ("let its cgroup open " NODE, said.mend);
	rmdir("/run/mytun-devices/mytun");
	umount("/run/mytun-devices");
	rmdir("/run/mytun-devices");
}

TEST_F_TIMEOUT(doctor, locked_memory, DOCTOR_SECONDS)
{
	char line[PATH_MAX + 512];

	ASSERT_EQ(0, use_stubs(NULL));
	snprintf(line, sizeof(line),
		 "ulimit -l 64; exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all %s doctor",
		 tool);
	shell(line);
	EXPECT_TRUE(says("rings of 64 KiB together")) TH_LOG("%s", quoted(output));
	/* Root of a user namespace has the capability, and it does not count. */
	snprintf(line, sizeof(line),
		 "ulimit -l 64; exec unshare --user --map-root-user %s doctor",
		 tool);
	shell(line);
	EXPECT_TRUE(says("rings of 64 KiB together")) TH_LOG("%s", quoted(output));
	EXPECT_TRUE(says("belongs to another user namespace"))
		TH_LOG("%s", quoted(output));
	snprintf(line, sizeof(line),
		 "exec unshare --user --map-root-user --net %s doctor", tool);
	shell(line);
	EXPECT_TRUE(says("has CAP_NET_ADMIN and may make devices"))
		TH_LOG("%s", quoted(output));
}

/* Loaded again at the end, as it was: where modprobe finds it. */
TEST_F_TIMEOUT(doctor, no_module, DOCTOR_SECONDS)
{
	int err;

	/* The others are what loads it. */
	ASSERT_EQ(0, use_stubs("dkms"));
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

FIXTURE(doctor_stubbed)
{
	char release[65];
};

FIXTURE_SETUP(doctor_stubbed)
{
	struct utsname u;

	REQUIRE_DEVICE();
	if (!device_is_mytun() || strcmp(device_node(), NODE))
		SKIP(return, "the doctor looks at " NODE);
	if (!find_tool())
		SKIP(return, "no mytunctl: build tools/mytunctl");
	ASSERT_EQ(0, uname(&u));
	snprintf(self->release, sizeof(self->release), "%s", u.release);
	ASSERT_EQ(0, use_stubs(NULL));
	ASSERT_EQ(0, tell_modinfo(self->release, "version", "9"));
}

FIXTURE_TEARDOWN(doctor_stubbed)
{
}

TEST_F_TIMEOUT(doctor_stubbed, dkms, DOCTOR_SECONDS)
{
	char line[256], mend[256];

	snprintf(mend, sizeof(mend), "dkms install mytun/9 -k %s",
		 self->release);
	snprintf(line, sizeof(line), "mytun/9, %s, x86_64: built",
		 self->release);
	ASSERT_EQ(0, tell(STUBS "/dkms.says", line));
	EXPECT_FOUND("dkms", "problem", "has built mytun 9");
	EXPECT_STREQ(mend, said.mend);
	EXPECT_MENDED("dkms");
	ASSERT_EQ(0, tell(STUBS "/dkms.says", "mytun/9: added"));
	EXPECT_FOUND("dkms", "problem", "has not built mytun 9");
	EXPECT_STREQ(mend, said.mend);
	EXPECT_MENDED("dkms");
	/* DKMS before 3. */
	ASSERT_EQ(0, tell(STUBS "/dkms.says",
			  "mytun, 9, 1.0.0, x86_64: installed"));
	EXPECT_FOUND("dkms", "problem", "has not built mytun 9");
	EXPECT_STREQ(mend, said.mend);
	snprintf(line, sizeof(line),
		 "mytun/9, %s, x86_64: installed (WARNING! Diff between built and installed module!)",
		 self->release);
	ASSERT_EQ(0, tell(STUBS "/dkms.says", line));
	EXPECT_FOUND("dkms", "warning", "is not the one that DKMS has built");
	snprintf(mend, sizeof(mend), "dkms install --force mytun/9 -k %s",
		 self->release);
	EXPECT_STREQ(mend, said.mend);
	EXPECT_MENDED("dkms");
}

TEST_F_TIMEOUT(doctor_stubbed, headers, DOCTOR_SECONDS)
{
	char folder[128];

	ASSERT_EQ(0, hide("/lib/modules"));
	snprintf(folder, sizeof(folder), "/lib/modules/%s", self->release);
	ASSERT_EQ(0, mkdir(folder, 0755));
	EXPECT_FOUND("headers", "warning", "an upgrade of mytun cannot be");
	ASSERT_EQ(0, tell_modinfo(self->release, "version", NULL));
	EXPECT_FOUND_AND_MENDED("headers", "mytun cannot be built for it");
}

TEST_F_TIMEOUT(doctor_stubbed, kernels, DOCTOR_SECONDS)
{
	ASSERT_EQ(0, hide("/lib/modules"));
	ASSERT_EQ(0, mkdir("/lib/modules/9.9.9", 0755));
	/* One that is not there to be booted. */
	EXPECT_TRUE(ask("module"));
	EXPECT_FALSE(says("\"check\":\"kernels\""));
	ASSERT_EQ(0, tell("/lib/modules/9.9.9/vmlinuz", ""));
	EXPECT_FOUND("kernels", "warning", "has no mytun, and no headers");
	EXPECT_STREQ("apt-get install linux-headers-9.9.9", said.mend);
	ASSERT_EQ(0, shell(said.mend));
	EXPECT_FOUND("kernels", "warning", "has no mytun.");
	EXPECT_STREQ("dkms autoinstall -k 9.9.9", said.mend);
	EXPECT_MENDED("kernels");
}

/* A kernel that is locked down, and no module in it. */
TEST_F_TIMEOUT(doctor_stubbed, signature, DOCTOR_SECONDS)
{
	if (access("/sys/kernel/security", F_OK))
		SKIP(return, "a kernel without securityfs");
	ASSERT_EQ(0, hide("/sys/module"));
	ASSERT_EQ(0, hide("/sys/kernel/security"));
	ASSERT_EQ(0, hide("/var/lib"));
	ASSERT_EQ(0, tell("/sys/kernel/security/lockdown",
			  "[none] integrity confidentiality"));
	EXPECT_FOUND("signature", "ok", "are not signed");
	ASSERT_EQ(0, tell("/sys/kernel/security/lockdown",
			  "none [integrity] confidentiality"));
	EXPECT_FOUND("signature", "problem", "and mytun is not signed");
	EXPECT_NE(NULL, strstr(said.mend, "dkms install --force mytun/9"));
	ASSERT_EQ(0, tell_modinfo(self->release, "signer", "DKMS key"));
	EXPECT_FOUND("signature", "ok", "signed by DKMS key");
	ASSERT_EQ(0, mkdir("/var/lib/dkms", 0755));
	ASSERT_EQ(0, tell("/var/lib/dkms/mok.pub", "key"));
	ASSERT_EQ(0, tell(STUBS "/mokutil.says", "mok.pub is not enrolled"));
	EXPECT_FOUND("signature", "problem", "is not enrolled");
	EXPECT_NE(NULL, strstr(said.mend,
			       "mokutil --import /var/lib/dkms/mok.pub"));
	ASSERT_EQ(0, tell(STUBS "/mokutil.says",
			  "mok.pub is already enrolled"));
	EXPECT_FOUND("signature", "ok", "signed by DKMS key");
	ASSERT_EQ(0, tell_modinfo(self->release, "version", NULL));
	EXPECT_FOUND("signature", "skipped", "no module to look at");
}

TEST_F_TIMEOUT(doctor_stubbed, version, DOCTOR_SECONDS)
{
	char loaded[64] = "";

	EXPECT_FOUND("version", "warning", "and 9 is installed");
	EXPECT_STREQ("modprobe -r mytun && modprobe mytun", said.mend);
	ASSERT_EQ(0, file_read("/sys/module/mytun/version", loaded,
			       sizeof(loaded)));
	loaded[strcspn(loaded, "\n")] = '\0';
	ASSERT_EQ(0, tell_modinfo(self->release, "version", loaded));
	if (!access("/sys/module/mytun/srcversion", F_OK)) {
		ASSERT_EQ(0, tell_modinfo(self->release, "srcversion", "0"));
		EXPECT_FOUND("version", "warning", "another build of version");
		ASSERT_EQ(0, file_read("/sys/module/mytun/srcversion", loaded,
				       sizeof(loaded)));
		loaded[strcspn(loaded, "\n")] = '\0';
		ASSERT_EQ(0, tell_modinfo(self->release, "srcversion", loaded));
	}
	EXPECT_FOUND("version", "ok", "the one that is installed");
}

/* A kernel with SELinux, as far as the doctor can see. */
TEST_F_TIMEOUT(doctor_stubbed, label, DOCTOR_SECONDS)
{
	static const char wrong[] = "system_u:object_r:device_t:s0";
	static const char right[] = "system_u:object_r:tun_tap_device_t:s0";

	ASSERT_EQ(0, hide("/sys/fs"));
	ASSERT_EQ(0, mkdir("/sys/fs/selinux", 0755));
	ASSERT_EQ(0, tell("/sys/fs/selinux/enforce", "1"));
	EXPECT_FOUND("label", "problem", "is missing");
	EXPECT_STREQ("chcon -t tun_tap_device_t " NODE, said.mend);
	if (setxattr(NODE, "security.selinux", wrong, sizeof(wrong), 0))
		SKIP(return, "nodes have no labels here");
	EXPECT_FOUND("label", "problem", wrong);
	ASSERT_EQ(0, tell("/sys/fs/selinux/enforce", "0"));
	EXPECT_FOUND("label", "warning", wrong);
	setxattr(NODE, "security.selinux", right, sizeof(right), 0);
	EXPECT_FOUND("label", "ok", "has the SELinux label");
	removexattr(NODE, "security.selinux");
}

TEST_F_TIMEOUT(doctor_stubbed, replace, DOCTOR_SECONDS)
{
	char path[PATH_MAX];

	/* The number that the node has is looked for in /proc/misc. */
	ASSERT_EQ(0, hide("/sys/module"));
	ASSERT_EQ(0, hide("/lib/modules"));
	ASSERT_EQ(0, shell("mkdir -p /sys/module/mytun/parameters"));
	ASSERT_EQ(0, tell("/sys/module/mytun/parameters/replace_tun", "N"));
	EXPECT_FOUND("replace", "ok", "left alone");
	ASSERT_EQ(0, tell(STUBS "/modprobe.says",
			  "options mytun ring_size=1 replace_tun=1"));
	EXPECT_FOUND("replace", "problem", "the kernel's own tun has it");
	EXPECT_NE(NULL, strstr(said.mend, "blacklist tun"));
	snprintf(path, sizeof(path), "/lib/modules/%s", self->release);
	ASSERT_EQ(0, mkdir(path, 0755));
	strcat(path, "/modules.builtin");
	ASSERT_EQ(0, tell(path, "kernel/drivers/net/tun.ko"));
	EXPECT_FOUND("replace", "problem", "is built in");
	ASSERT_EQ(0, tell("/sys/module/mytun/parameters/replace_tun", "Y"));
	ASSERT_EQ(0, hide("/dev/net"));
	EXPECT_FOUND_AND_MENDED("replace", "the node is missing");
}

TEST_HARNESS_MAIN
