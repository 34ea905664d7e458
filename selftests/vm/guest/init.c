// SPDX-License-Identifier: GPL-2.0
/*
 * The first program of a test machine: loads the modules that the root disk
 * needs, mounts the root, lets its tar unpack the job over it and starts the
 * job. It lives in the initramfs and is linked statically.
 *
 * Kernel arguments:
 *	mytun.probe		say that the machine works, and stop
 *	mytun.root=initramfs	the root is the initramfs itself, job included
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULES		"/modules"
#define ROOT_DISK	"/dev/vda"
#define JOB_DISK	"/dev/vdb"
#define START		"/mytun-job/start"
#define DISK_SECONDS	30

/* Ends the machine: QEMU runs with -no-reboot. */
static void stop(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void fail(const char *what)
{
	printf("mytun-init: %s: %s\n", what, strerror(errno));
	stop();
}

static void mount_at(const char *type, const char *where)
{
	if (mkdir(where, 0755) && errno != EEXIST)
		fail(where);
	/* devtmpfs may be there already, put there by the kernel. */
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		fail(where);
}

static bool argument(const char *word)
{
	static const char separators[] = { ' ', '\n', '\0' };
	static char line[4096];
	char *copy, *token, *rest;
	bool found = false;
	ssize_t length;
	int fd;

	fd = open("/proc/cmdline", O_RDONLY);
	if (fd < 0)
		fail("/proc/cmdline");
	length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length < 0)
		fail("/proc/cmdline");
	line[length] = '\0';
	copy = strdup(line);
	for (token = strtok_r(copy, separators, &rest); token;
	     token = strtok_r(NULL, separators, &rest))
		if (!strcmp(token, word))
			found = true;
	free(copy);
	return found;
}

/*
 * Loads the modules in the order in which the host numbered the files. One
 * that this processor has no use for (ENODEV) or that is there (EEXIST) is no
 * error.
 */
static void load_modules(void)
{
	char path[64];
	int i, fd;

	for (i = 0; ; i++) {
		snprintf(path, sizeof(path), MODULES "/%03d.ko", i);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) &&
		    errno != EEXIST && errno != ENODEV)
			fail(path);
		close(fd);
	}
}

static void mount_root(void)
{
	int tenths;

	if (mkdir("/root", 0755) && errno != EEXIST)
		fail("/root");
	for (tenths = 0; access(ROOT_DISK, F_OK); tenths++) {
		if (tenths == DISK_SECONDS * 10)
			fail(ROOT_DISK);
		usleep(100000);
	}
	if (mount(ROOT_DISK, "/root", "ext4", MS_NOATIME, NULL))
		fail(ROOT_DISK);
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) ||
	    mount("/proc", "/root/proc", NULL, MS_MOVE, NULL) ||
	    mount("/sys", "/root/sys", NULL, MS_MOVE, NULL))
		fail("moving /dev, /proc and /sys");
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		fail("changing the root");
}

/*
 * The first socket that wants to know when packets came, and the last one, change
 * the kernel's code under traffic. An emulated processor can keep what it has
 * translated meanwhile, and then dies of an int3: there is always such a socket.
 * Where instructions are counted there is one processor, and no need.
 */
static void keep_stamps(void)
{
	int one = 1, fd;
	pid_t pid;

	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		return;
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid)
		return;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &one,
				 sizeof(one)))
		fail("a socket with time stamps");
	for (;;)
		pause();
}

static void unpack_job(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		execl("/bin/tar", "tar", "-x", "-p", "-f", JOB_DISK,
		      "--no-overwrite-dir", "-C", "/", NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		errno = EIO;
		fail("unpacking the job");
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	if (argument("mytun.probe")) {
		printf("mytun-init: this machine works\n");
		stop();
	}
	load_modules();
	if (!argument("mytun.root=initramfs")) {
		mount_root();
		unpack_job();
	}
	keep_stamps();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C", 1);
	setenv("TERM", "dumb", 1);
	setenv("NO_COLOR", "1", 1);
	execl("/bin/dash", "dash", START, NULL);
	fail(START);
	return 1;
}
