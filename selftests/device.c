// SPDX-License-Identifier: GPL-2.0
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "rtnl.h"
#include "slower.h"

#define DEFAULT_NODE	"/dev/net/mytun"
#define DEFAULT_SCALE	40

const char *device_node(void)
{
	const char *node = getenv("MYTUN_NODE");

	return node && *node ? node : DEFAULT_NODE;
}

/* The name that the misc device with this minor has in /proc/misc. */
static int misc_name(unsigned int wanted, char *name)
{
	FILE *file = fopen("/proc/misc", "re");
	unsigned int number;
	int err = -ENOENT;

	if (!file)
		return -errno;
	while (fscanf(file, "%u %63s", &number, name) == 2) {
		if (number == wanted) {
			err = 0;
			break;
		}
	}
	fclose(file);
	return err;
}

bool device_is_mytun(void)
{
	struct stat st;
	char name[64];

	if (stat(device_node(), &st) || misc_name(minor(st.st_rdev), name))
		return false;
	return strcmp(name, "tun") != 0;
}

const char *device_missing(void)
{
	static char reason[128];
	int fd;

	if (geteuid()) {
		snprintf(reason, sizeof(reason), "needs root");
		return reason;
	}
	fd = device_open(0);
	if (fd < 0) {
		snprintf(reason, sizeof(reason), "%s: %s", device_node(),
			 strerror(-fd));
		return reason;
	}
	close(fd);
	return NULL;
}

int device_open(int flags)
{
	int fd = open(device_node(), O_RDWR | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

int device_ioctl(int fd, unsigned long command, unsigned long arg)
{
	int ret = ioctl(fd, command, arg);

	return ret < 0 ? -errno : ret;
}

int device_setiff(int fd, char *name, int flags)
{
	struct ifreq ifr = {};
	int ret;

	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	ifr.ifr_flags = flags;
	ret = device_ioctl(fd, TUNSETIFF, (unsigned long)&ifr);
	if (!ret)
		memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return ret;
}

int device_create(char *name, int flags)
{
	int fd = device_open(0);
	int ret;

	if (fd < 0)
		return fd;
	ret = device_setiff(fd, name, flags);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

int device_setqueue(int fd, int flag)
{
	struct ifreq ifr = {};

	ifr.ifr_flags = flag;
	return device_ioctl(fd, TUNSETQUEUE, (unsigned long)&ifr);
}

int device_getiff(int fd, char *name, int *flags)
{
	struct ifreq ifr = {};
	int ret = device_ioctl(fd, TUNGETIFF, (unsigned long)&ifr);

	if (ret)
		return ret;
	if (name)
		memcpy(name, ifr.ifr_name, IFNAMSIZ);
	if (flags)
		*flags = (unsigned short)ifr.ifr_flags;
	return 0;
}

ssize_t device_read(int fd, void *buffer, size_t size)
{
	ssize_t ret = read(fd, buffer, size);

	return ret < 0 ? -errno : ret;
}

ssize_t device_write(int fd, const void *buffer, size_t size)
{
	ssize_t ret = write(fd, buffer, size);

	return ret < 0 ? -errno : ret;
}

int device_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) ? -errno : 0;
}

unsigned int device_drain(int fd)
{
	char buffer[65536 + 256];
	unsigned int packets = 0;

	while (read(fd, buffer, sizeof(buffer)) > 0)
		packets++;
	return packets;
}

int device_fdinfo(int fd, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);
	char path[64], line[256];
	int err = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s",
			 line + length + 1 + strspn(line + length + 1, "\t "));
		err = 0;
		break;
	}
	fclose(file);
	return err;
}

unsigned int kernel_release(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	uname(&name);
	if (sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return KERNEL(major, minor);
}

bool full_counts(void)
{
	const char *text = getenv("MYTUN_LONG");

	return text && !strcmp(text, "1");
}

uint64_t duration_ms(unsigned int minutes, unsigned int longer)
{
	const char *asked = getenv("MYTUN_MINUTES");
	const char *machines = getenv("MYTUN_MACHINES");
	unsigned long share = machines ? strtoul(machines, NULL, 10) : 1;
	unsigned long alone = asked ? strtoul(asked, NULL, 10) : 0;

	if (!alone && full_counts())
		alone = longer;
	if (alone)
		return alone * 60000;
	return minutes * 60000 / (share ? share : 1);
}

unsigned long scaled(unsigned long count)
{
	unsigned long scale = DEFAULT_SCALE;
	unsigned long result = count;
	const char *text;

	if (full_counts()) {
		scale = 1;
	} else {
		text = getenv("MYTUN_SCALE");
		if (text && strtoul(text, NULL, 10))
			scale = strtoul(text, NULL, 10);
	}
	result = count / scale ? count / scale : 1;
	printf("# count %lu, of %lu (divided by %lu)\n", result, count, scale);
	fflush(stdout);
	return result;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int wait_events(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int ret = poll(&pfd, 1, ms);

	if (ret < 0)
		return -errno;
	return ret ? pfd.revents : 0;
}

unsigned int deadline_ms(void)
{
	return 20000U * slower();
}

int wait_for(bool (*done)(void *arg), void *arg, int ms)
{
	uint64_t end = now_ms() + ms;

	while (!done(arg)) {
		if (now_ms() >= end)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	return 0;
}

int wait_child(pid_t child, int ms)
{
	uint64_t end = now_ms() + ms;
	int status;
	pid_t ret;

	for (;;) {
		ret = waitpid(child, &status, WNOHANG);
		if (ret < 0)
			return -errno;
		if (ret == child)
			return status;
		if (now_ms() >= end)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
}

static bool asleep(void *arg)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)arg);
	if (file_read(path, text, sizeof(text)))
		return false;
	/* The name, in parentheses, may hold anything; the state follows. */
	state = strrchr(text, ')');
	if (!state || state[1] != ' ' || state[2] != 'S')
		return false;
	/* It may be on its way there, and look for work once more. */
	snprintf(path, sizeof(path), "/proc/%d/syscall", *(pid_t *)arg);
	return file_read(path, text, sizeof(text)) ||
	       strncmp(text, "running", strlen("running"));
}

int wait_asleep(pid_t tid, int ms)
{
	return wait_for(asleep, &tid, ms);
}

int netns_private(void)
{
	int err;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		return -errno;
	err = file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (err && err != -ENOENT)
		return err;
	return link_set_up("lo");
}

int netns_get(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_refused(void)
{
	unsigned int major, minor;
	struct utsname name;

	if (uname(&name) ||
	    sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return major < 4 || (major == 4 && minor < 17) ? -EOPNOTSUPP : 0;
}

int netns_enter(int fd)
{
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

int netns_new(void)
{
	int old = netns_get();
	int new, err;

	if (old < 0)
		return old;
	if (unshare(CLONE_NEWNET)) {
		err = -errno;
		close(old);
		return err;
	}
	new = netns_get();
	if (new >= 0) {
		file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
		link_set_up("lo");
	}
	err = netns_enter(old);
	close(old);
	if (err && new >= 0)
		close(new);
	return err ? err : new;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	close(fd);
	return err;
}

int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	if (length < 0) {
		length = -errno;
		close(fd);
		return length;
	}
	close(fd);
	if (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return 0;
}

int sysfs_read(const char *name, const char *attribute, char *text,
	       size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, attribute);
	return file_read(path, text, size);
}

bool device_present(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	return *name && !access(path, F_OK);
}

int fd_send(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) < 0 ? -errno : 0;
}

int fd_receive(int socket)
{
	char control[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static const char ageing[] = "/sys/module/mytun/parameters/flow_ageing_ms";

void flows_keep(char *old)
{
	if (!device_is_mytun() || file_read(ageing, old, 32) ||
	    file_write(ageing, "3600000"))
		*old = '\0';
}

void flows_restore(const char *old)
{
	if (*old)
		file_write(ageing, old);
}
