/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every test shares: the device node and its ioctls, scaled counts,
 * private network namespaces, and waiting with a deadline.
 *
 * Helpers that can fail return 0 (or a descriptor or a count) on success and
 * -errno on failure, so that a test can write EXPECT_EQ(-EBADFD, ...).
 */
#ifndef SELFTESTS_DEVICE_H
#define SELFTESTS_DEVICE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include <net/if.h>

#include <linux/if_tun.h>

/* What the headers of an older host lack. */
#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER		0x0040
#endif
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4		0x20
#define TUN_F_USO6		0x40
#endif
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO	0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM 0x100
#endif
#ifndef TUNSETCARRIER
#define TUNSETCARRIER		_IOW('T', 226, int)
#endif
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS		_IO('T', 227)
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS		0x894C
#endif

/* An fd belongs to one of this many queues at most. */
#define DEVICE_MAX_QUEUES	256

/*
 * How long a test waits for what must happen, in milliseconds. It is only
 * spent when the test fails, so it is ample for an emulated machine; on a
 * kernel that is slower than others, MYTUN_SLOWER says by how much.
 */
#define DEADLINE_MS		deadline_ms()
unsigned int deadline_ms(void);
/* How long a test watches for what must not happen, in milliseconds. */
#define QUIET_MS		200

/* The node under test: $MYTUN_NODE, or /dev/net/mytun. */
const char *device_node(void);

/*
 * True if the node is served by mytun, false if by the in-kernel tun. It is
 * the misc device's name that decides, so a bind mount does not confuse it.
 */
bool device_is_mytun(void);

/* NULL if the node can be tested, else the reason to skip. */
const char *device_missing(void);

/* In a fixture or a test: skip it when the node or root is not there. */
#define REQUIRE_DEVICE()						\
	do {								\
		const char *missing = device_missing();			\
									\
		if (missing)						\
			SKIP(return, "%s", missing);			\
	} while (0)

/* open() of the node; flags are added to O_RDWR | O_CLOEXEC. fd or -errno. */
int device_open(int flags);

/* TUNSETIFF. name has room for IFNAMSIZ bytes and receives the real name. */
int device_setiff(int fd, char *name, int flags);

/* device_open() and device_setiff(); the fd or -errno. */
int device_create(char *name, int flags);

/*
 * From here on no flow gets old of a device that is made, however slow the
 * machine is, if the driver has that parameter and it may be set. @old, of 32
 * bytes, is for flows_restore().
 */
void flows_keep(char *old);
void flows_restore(const char *old);

/* TUNSETQUEUE with IFF_ATTACH_QUEUE or IFF_DETACH_QUEUE. */
int device_setqueue(int fd, int flag);

/* TUNGETIFF; name (IFNAMSIZ) and flags may be NULL. */
int device_getiff(int fd, char *name, int *flags);

/* Any other ioctl, with an argument by value or pointer. */
int device_ioctl(int fd, unsigned long command, unsigned long arg);

/* read() and write() that return -errno. */
ssize_t device_read(int fd, void *buffer, size_t size);
ssize_t device_write(int fd, const void *buffer, size_t size);

/* O_NONBLOCK on or off. */
int device_nonblock(int fd, bool on);

/* Throw away everything that can be read now; fd is nonblocking. */
unsigned int device_drain(int fd);

/* Line of /proc/self/fdinfo that starts with key; 0 or -errno. */
int device_fdinfo(int fd, const char *key, char *value, size_t size);

/* Of the kernel that runs, as KERNEL(); 0: it does not say. */
#define KERNEL(major, minor)	((major) * 1000 + (minor))
unsigned int kernel_release(void);

/* Whether all is to be done (MYTUN_LONG=1), or what tells most. */
bool full_counts(void);

/*
 * The count to use for a loop of count rounds: all of it with MYTUN_LONG=1,
 * else count / $MYTUN_SCALE (40 unless set), and at least 1. Prints what it
 * chose, so that a log tells how much was run.
 */
unsigned long scaled(unsigned long count);

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t now_ms(void);

/*
 * How long a test goes on that has no count: $MYTUN_MINUTES, or @longer minutes
 * with MYTUN_LONG=1, or @minutes, shared by $MYTUN_MACHINES.
 */
uint64_t duration_ms(unsigned int minutes, unsigned int longer);

/* Sleep for that many milliseconds. */
void sleep_ms(unsigned int ms);

/* poll() for one fd: revents, 0 when ms have passed, or -errno. */
int wait_events(int fd, short events, int ms);

/* Until done(arg) is true; 0, or -ETIMEDOUT after ms. */
int wait_for(bool (*done)(void *arg), void *arg, int ms);

/* waitpid() that gives up: the wait status, or -ETIMEDOUT, or -errno. */
int wait_child(pid_t child, int ms);

/*
 * Until thread or process tid sleeps in the kernel (state S); 0 or -ETIMEDOUT.
 * Used to be sure that a reader blocks before what should wake it.
 */
int wait_asleep(pid_t tid, int ms);

/*
 * Leave the caller's network and mount namespaces for new ones, with its own
 * /sys, loopback up, and IPv6 off on new devices, so that nothing but the
 * test's own packets comes out of a device. 0 or -errno.
 */
int netns_private(void);

/* A new network namespace, without entering it: its fd or -errno. */
int netns_new(void);

/* The caller's network namespace: its fd or -errno. */
int netns_get(void);

/*
 * Before 4.17 the kernel gives modules no way to make a file that stands for a
 * namespace: what mytun says then, and 0 on all others.
 */
int netns_refused(void);

/* Enter it; /sys keeps showing the namespace it was mounted in. */
int netns_enter(int fd);

/* Write text to a file under /proc or /sys. 0 or -errno. */
int file_write(const char *path, const char *text);

/* Read a small file without its last newline. 0 or -errno. */
int file_read(const char *path, char *text, size_t size);

/* /sys/class/net/<name>/<attribute>. 0 or -errno. */
int sysfs_read(const char *name, const char *attribute, char *text,
	       size_t size);

/* Whether this namespace has a device of that name; see netns_private(). */
bool device_present(const char *name);

/* Send fd over a Unix socket, and receive one. 0 or fd, else -errno. */
int fd_send(int socket, int fd);
int fd_receive(int socket);

#endif
