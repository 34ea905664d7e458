// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what: create a device, attach to one that has an owner or a
 * group, act on an fd that was handed over, and all of that from a user
 * namespace.
 */
#include "device.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "kselftest_harness.h"

#include "rtnl.h"
#include "who.h"

#define NAME	"perm0"

#define ALICE	1001
#define BOB	1002
#define STAFF	2001
#define GUESTS	2002

static const struct who alice = { ALICE, GUESTS, 0, 0 };
static const struct who bob = { BOB, GUESTS, 0, 0 };
static const struct who alice_of_staff = { ALICE, STAFF, 0, 0 };
static const struct who alice_also_staff = { ALICE, GUESTS, STAFF, 0 };
static const struct who bob_of_staff = { BOB, STAFF, 0, 0 };
static const struct who bob_also_staff = { BOB, GUESTS, STAFF, 0 };
static const struct who admin = { BOB, GUESTS, 0, 1U << CAP_NET_ADMIN };
static const struct who plain_root = { 0, 0, 0, 0 };
/* What it takes to map root into a user namespace, and nothing more. */
static const struct who mapping_root = { 0, 0, 0, 1U << CAP_SETFCAP };

struct request {
	const char *name;
	int flags;
	int fd;
};

static int set_interface(void *arg)
{
	const struct request *request = arg;
	char name[IFNAMSIZ] = "";

	strcpy(name, request->name);
	return device_setiff(request->fd, name, request->flags);
}

/*
 * TUNSETIFF on an fd that root has just opened: it is the caller that counts,
 * not who opened, and the mode of the node is another matter.
 */
static int attach_as(const struct who *who, struct request request)
{
	int ret;

	request.fd = device_open(0);
	if (request.fd < 0)
		return request.fd;
	ret = who_does(who, set_interface, &request);
	close(request.fd);
	return ret;
}

FIXTURE(permission) {
	int flags;
	char name[IFNAMSIZ];
	int fd;
	struct request request;
};

FIXTURE_VARIANT(permission) {
	int flags;
};

FIXTURE_VARIANT_ADD(permission, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(permission, tap_queues) { IFF_TAP | IFF_MULTI_QUEUE };

/* A device that lasts, with nobody attached, and no owner yet. */
FIXTURE_SETUP(permission)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	self->flags = variant->flags | IFF_NO_PI;
	strcpy(self->name, NAME);
	self->fd = device_create(self->name, self->flags);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
	self->request.name = NAME;
	self->request.flags = self->flags;
}

FIXTURE_TEARDOWN(permission)
{
	if (self->fd >= 0)
		close(self->fd);
	link_delete(NAME);
}

/* TUNSETIFF on the device, as that user. */
#define ATTACH_AS(user) attach_as(&(user), self->request)

static void let_go(FIXTURE_DATA(permission) *self)
{
	close(self->fd);
	self->fd = -1;
}

static int open_and_ask(void *arg)
{
	unsigned int *features = arg;
	int fd = device_open(0), ret;

	if (fd < 0)
		return fd;
	ret = device_ioctl(fd, TUNGETFEATURES, (long)features);
	close(fd);
	return ret;
}

TEST_F_TIMEOUT(permission, anyone_may_open, 60)
{
	unsigned int features = 0;
	struct stat st;

	ASSERT_EQ(0, stat(device_node(), &st));
	if ((st.st_mode & 0666) != 0666 && !device_is_mytun())
		SKIP(return, "somebody gave %s mode %o", device_node(),
		     st.st_mode & 0777);
	EXPECT_EQ(0, who_does(&alice, open_and_ask, &features));
}

TEST_F_TIMEOUT(permission, create, 60)
{
	self->request.name = "perm1";
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(-EPERM, ATTACH_AS(plain_root));
	EXPECT_EQ(0, ATTACH_AS(admin));
	/* Before the type, and before the name. */
	self->request.flags = 0;
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(-EINVAL, ATTACH_AS(admin));
	self->request.name = "a/b";
	self->request.flags = self->flags;
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(-EINVAL, ATTACH_AS(admin));
}

TEST_F_TIMEOUT(permission, attach_without_owner, 60)
{
	int expected = -EPERM;

	let_go(self);
	/* The rule of Linux 7.3; tun of most older kernels lets anyone in. */
	if (!device_is_mytun()) {
		expected = ATTACH_AS(bob);
		EXPECT_TRUE(expected == 0 || expected == -EPERM);
	}
	EXPECT_EQ(expected, ATTACH_AS(alice));
	EXPECT_EQ(expected, ATTACH_AS(bob_of_staff));
	EXPECT_EQ(expected, ATTACH_AS(plain_root));
	EXPECT_EQ(0, ATTACH_AS(admin));
}

TEST_F_TIMEOUT(permission, attach_with_owner, 60)
{
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, ALICE));
	let_go(self);
	EXPECT_EQ(0, ATTACH_AS(alice));
	EXPECT_EQ(0, ATTACH_AS(alice_of_staff));
	EXPECT_EQ(-EPERM, ATTACH_AS(bob));
	EXPECT_EQ(-EPERM, ATTACH_AS(plain_root));
	EXPECT_EQ(0, ATTACH_AS(admin));
}

TEST_F_TIMEOUT(permission, attach_with_group, 60)
{
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETGROUP, STAFF));
	let_go(self);
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(0, ATTACH_AS(alice_of_staff));
	EXPECT_EQ(0, ATTACH_AS(alice_also_staff));
	EXPECT_EQ(0, ATTACH_AS(bob_of_staff));
	EXPECT_EQ(-EPERM, ATTACH_AS(plain_root));
	EXPECT_EQ(0, ATTACH_AS(admin));
}

TEST_F_TIMEOUT(permission, attach_with_owner_and_group, 60)
{
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, ALICE));
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETGROUP, STAFF));
	let_go(self);
	/* Both, not one of them. */
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(0, ATTACH_AS(alice_of_staff));
	EXPECT_EQ(0, ATTACH_AS(alice_also_staff));
	EXPECT_EQ(-EPERM, ATTACH_AS(bob));
	EXPECT_EQ(-EPERM, ATTACH_AS(bob_of_staff));
	EXPECT_EQ(-EPERM, ATTACH_AS(bob_also_staff));
	EXPECT_EQ(-EPERM, ATTACH_AS(plain_root));
	EXPECT_EQ(0, ATTACH_AS(admin));
}

TEST_F_TIMEOUT(permission, order_of_refusals, 60)
{
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, BOB));
	/* In use, too, if it takes one queue only. */
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(variant->flags & IFF_MULTI_QUEUE ? 0 : -EBUSY,
		  ATTACH_AS(bob));
	self->request.flags = self->flags | IFF_TUN_EXCL;
	EXPECT_EQ(-EBUSY, ATTACH_AS(alice));
	self->request.flags = self->flags ^ IFF_MULTI_QUEUE;
	EXPECT_EQ(-EINVAL, ATTACH_AS(alice));
	self->request.flags = self->flags ^ (IFF_TUN | IFF_TAP);
	EXPECT_EQ(-EINVAL, ATTACH_AS(alice));
	self->request.flags = self->flags;
	self->request.name = "lo";
	EXPECT_EQ(-EINVAL, ATTACH_AS(alice));
	self->request.name = NAME;
	self->request.fd = self->fd;
	EXPECT_EQ(-EEXIST, who_does(&alice, set_interface, &self->request));
}

TEST_F_TIMEOUT(permission, napi_frags, 60)
{
	unsigned int features = 0;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNGETFEATURES, (long)&features));
	if (!(features & IFF_NAPI_FRAGS))
		SKIP(return, "no IFF_NAPI_FRAGS in TUNGETFEATURES");
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, ALICE));
	let_go(self);
	/* Not even for the owner, and before IFF_NAPI is missed. */
	self->request.flags = self->flags | IFF_NAPI_FRAGS;
	EXPECT_EQ(-EPERM, ATTACH_AS(alice));
	EXPECT_EQ(-EINVAL, ATTACH_AS(admin));
}

/* Every ioctl that needs nothing but the fd; the first that fails. */
static int use_fd(void *arg)
{
	FIXTURE_DATA(permission) *self = arg;
	struct ifreq ifr = {};
	int size = 12, order = 1, on = 1, sndbuf = 100000;
	const struct {
		unsigned long command, argument;
	} calls[] = {
		{ TUNGETIFF, (unsigned long)&ifr },
		{ TUNSETPERSIST, 0 },
		{ TUNSETPERSIST, 1 },
		{ TUNSETOWNER, ALICE },
		{ TUNSETGROUP, STAFF },
		{ TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 },
		{ TUNSETVNETHDRSZ, (unsigned long)&size },
		{ TUNGETVNETHDRSZ, (unsigned long)&size },
		{ TUNSETVNETLE, (unsigned long)&order },
		{ TUNSETSNDBUF, (unsigned long)&sndbuf },
		{ TUNGETSNDBUF, (unsigned long)&sndbuf },
		{ TUNSETCARRIER, (unsigned long)&on },
		{ TUNSETDEBUG, 0 },
		{ SIOCGIFHWADDR, (unsigned long)&ifr },
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		ret = device_ioctl(self->fd, calls[i].command,
				   calls[i].argument);
		if (ret)
			return ret;
	}
	if (!(self->flags & IFF_MULTI_QUEUE))
		return 0;
	ret = device_setqueue(self->fd, IFF_DETACH_QUEUE);
	return ret ? ret : device_setqueue(self->fd, IFF_ATTACH_QUEUE);
}

static int set_mac(void *arg)
{
	FIXTURE_DATA(permission) *self = arg;
	struct ifreq ifr = {};
	int ret = device_ioctl(self->fd, SIOCGIFHWADDR, (unsigned long)&ifr);

	ifr.ifr_hwaddr.sa_data[5] ^= 1;
	return ret ? ret : device_ioctl(self->fd, SIOCSIFHWADDR,
					(unsigned long)&ifr);
}

/* What an ioctl for a namespace's file returned is right for this kernel. */
static bool netns_given(int ret)
{
	return netns_refused() ? ret == netns_refused() : ret >= 0;
}

static int get_namespace(void *arg)
{
	return device_ioctl(*(int *)arg, SIOCGSKNS, 0);
}

static int get_device_namespace(void *arg)
{
	return device_ioctl(*(int *)arg, TUNGETDEVNETNS, 0);
}

TEST_F_TIMEOUT(permission, fd_is_the_authority, 60)
{
	EXPECT_EQ(0, who_does(&bob, use_fd, self));
	EXPECT_EQ(variant->flags & IFF_TAP ? 0 : -EOPNOTSUPP,
		  who_does(&bob, set_mac, self));
	/* A way into the namespace is more than the fd gives. */
	EXPECT_EQ(-EPERM, who_does(&bob, get_namespace, &self->fd));
	EXPECT_EQ(-EPERM, who_does(&bob, get_device_namespace, &self->fd));
	EXPECT_TRUE(netns_given(who_does(&admin, get_namespace, &self->fd)));
	EXPECT_TRUE(netns_given(who_does(&admin, get_device_namespace,
					 &self->fd)));
}

TEST_F_TIMEOUT(permission, link_needs_admin, 60)
{
	struct who who = bob;
	int status;
	pid_t child = fork();

	/* rtnetlink asks the core, but it is the fd's device that goes. */
	ASSERT_LE(0, child);
	if (!child)
		_exit(who_become(&who) ? 1 : link_delete(NAME) != -EPERM);
	status = wait_child(child, DEADLINE_MS);
	EXPECT_EQ(0, status);
	EXPECT_TRUE(link_exists(NAME));
}

#define NO_USER_NAMESPACE	100

/* The number of the step that found something wrong, or 0. */
static int in_user_namespace(void *arg)
{
	FIXTURE_DATA(permission) *self = arg;
	char name[IFNAMSIZ] = "perm1";
	unsigned int features = 0;
	int outside, fd, frags;

	outside = device_open(0);
	if (outside < 0)
		return 1;
	if (unshare(CLONE_NEWUSER))
		return NO_USER_NAMESPACE;
	if (who_maps_to_root(&mapping_root))
		return 2;
	/* Every capability, but the network is still that of outside. */
	fd = device_create(name, self->flags);
	if (fd != -EPERM)
		return 3;
	fd = device_create(self->name, self->flags);
	if (fd != -EPERM)
		return 4;
	if (unshare(CLONE_NEWNET))
		return 5;
	/* The network of its own is its own. */
	fd = device_create(name, self->flags);
	if (fd < 0)
		return 6;
	if (link_set_up(name))
		return 7;
	if (device_ioctl(fd, TUNSETPERSIST, 1) ||
	    device_ioctl(fd, TUNSETPERSIST, 0))
		return 8;
	/* Users that exist here can own it, others cannot. */
	if (device_ioctl(fd, TUNSETOWNER, 0) ||
	    device_ioctl(fd, TUNSETGROUP, 0))
		return 9;
	if (device_ioctl(fd, TUNSETOWNER, 1) != -EINVAL ||
	    device_ioctl(fd, TUNSETGROUP, 1) != -EINVAL)
		return 10;
	if (!netns_given(device_ioctl(fd, SIOCGSKNS, 0)) ||
	    !netns_given(device_ioctl(fd, TUNGETDEVNETNS, 0)))
		return 11;
	/* What was opened outside stays there. */
	strcpy(name, "perm2");
	if (device_setiff(outside, name, self->flags) != -EPERM)
		return 12;
	if (device_ioctl(outside, SIOCGSKNS, 0) != -EPERM)
		return 13;
	/* Fragments of any shape are for the machine's administrator. */
	if (device_ioctl(fd, TUNGETFEATURES, (unsigned long)&features))
		return 14;
	strcpy(name, "perm3");
	frags = device_create(name, IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS);
	if (features & IFF_NAPI_FRAGS ? frags != -EPERM : frags < 0)
		return 15;
	close(fd);
	return link_exists("perm1") ? 16 : 0;
}

TEST_F_TIMEOUT(permission, user_namespace, 60)
{
	int step;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, BOB));
	step = who_does(&mapping_root, in_user_namespace, self);
	if (step == NO_USER_NAMESPACE)
		SKIP(return, "no user namespaces for unprivileged users");
	EXPECT_EQ(0, step);
	/* Nothing of that happened here. */
	EXPECT_EQ(2, link_count());
}

TEST_HARNESS_MAIN
