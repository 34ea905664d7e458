// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETIFF and TUNSETQUEUE: names, flags, and every reason to refuse, in the
 * order in which they are checked; what an fd can do before it has a device;
 * and what TUNGETFEATURES, TUNGETIFF, sysfs, fdinfo and rtnetlink say of it.
 */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>

#include <linux/filter.h>

#include "kselftest_harness.h"

#include "rtnl.h"
#include "traffic.h"

#define NAME	"attach0"

/* Nothing is mapped at the first page. */
#define BAD_POINTER	8UL

FIXTURE(attach) {
	char name[IFNAMSIZ];
	int fd, other;
};

FIXTURE_SETUP(attach)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = device_open(0);
	ASSERT_LE(0, self->fd);
	self->other = device_open(0);
	ASSERT_LE(0, self->other);
}

FIXTURE_TEARDOWN(attach)
{
	close(self->fd);
	close(self->other);
}

/* TUNSETIFF with a name that is not wanted back. */
static int setiff(int fd, const char *name, int flags)
{
	char copy[IFNAMSIZ] = "";

	memcpy(copy, name, strnlen(name, sizeof(copy) - 1));
	return device_setiff(fd, copy, flags);
}

TEST_F_TIMEOUT(attach, features, 60)
{
	const unsigned int must = IFF_TUN | IFF_TAP | IFF_NO_PI |
		IFF_ONE_QUEUE | IFF_VNET_HDR | IFF_MULTI_QUEUE;
	const unsigned int may = must | IFF_NAPI | IFF_NAPI_FRAGS |
		IFF_NO_CARRIER | IFF_BACKPRESSURE;
	unsigned int before = 0, after = 0;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNGETFEATURES, (long)&before));
	EXPECT_EQ(must, before & must);
	EXPECT_EQ(0, before & ~may);
	EXPECT_EQ(-EFAULT,
		  device_ioctl(self->fd, TUNGETFEATURES, BAD_POINTER));
	/* The same with a device as without. */
	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TAP));
	ASSERT_EQ(0, device_ioctl(self->fd, TUNGETFEATURES, (long)&after));
	EXPECT_EQ(before, after);
}

TEST_F_TIMEOUT(attach, bad_pointers, 60)
{
	static const unsigned long commands[] = {
		TUNSETIFF, TUNSETQUEUE, 0x8901 /* FIOSETOWN */, SIOCSIFHWADDR,
	};
	unsigned int i, round;

	/* Before anything else: unattached, attached, and deleted. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(commands); i++) {
			EXPECT_EQ(-EFAULT, device_ioctl(self->fd, commands[i],
							BAD_POINTER));
		}
		if (round == 0) {
			ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TAP));
		} else if (round == 1) {
			ASSERT_EQ(0, link_delete(NAME));
		}
	}
}

TEST_F_TIMEOUT(attach, unattached_ioctls, 60)
{
	/* The command and 0 are what every ioctl below gets. */
	static const unsigned long commands[] = {
		TUNGETIFF, TUNSETNOCSUM, TUNSETDEBUG, TUNSETPERSIST,
		TUNSETOWNER, TUNSETGROUP, TUNSETLINK, TUNSETOFFLOAD,
		TUNSETTXFILTER, TUNATTACHFILTER, TUNDETACHFILTER,
		TUNGETFILTER, TUNGETSNDBUF, TUNSETSNDBUF, TUNGETVNETHDRSZ,
		TUNSETVNETHDRSZ, TUNGETVNETLE, TUNSETVNETLE,
		TUNSETSTEERINGEBPF, TUNSETFILTEREBPF,
		_IO('T', 199), _IO('T', 250), _IO('x', 1),
	};
	struct ifreq ifr = {};
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(commands); i++) {
			EXPECT_EQ(-EBADFD,
				  device_ioctl(self->fd, commands[i], 0))
				TH_LOG("command 0x%lx", commands[i]);
		}
		EXPECT_EQ(-EBADFD, device_ioctl(self->fd, SIOCGIFHWADDR,
						(long)&ifr));
		EXPECT_EQ(-EBADFD, device_ioctl(self->fd, 0x8901, (long)&ifr));
		if (round)
			break;
		/* The device of an fd may also have gone. */
		ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TAP));
		ASSERT_EQ(0, link_delete(NAME));
	}
}

TEST_F_TIMEOUT(attach, unknown_ioctls, 60)
{
	struct ifreq ifr = {};

	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TAP));
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd, _IO('T', 199), 0));
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd, _IO('T', 250), 0));
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd, _IO('x', 1), 0));
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd, 0x8901, (long)&ifr));
}

TEST_F_TIMEOUT(attach, unattached_io, 60)
{
	static const uint8_t packet[60] = { 0x45 };
	char buffer[64];
	int round;

	for (round = 0; round < 2; round++) {
		EXPECT_EQ(-EBADFD,
			  device_read(self->fd, buffer, sizeof(buffer)));
		EXPECT_EQ(-EBADFD,
			  device_write(self->fd, packet, sizeof(packet)));
		EXPECT_EQ(-EBADFD, device_write(self->fd, packet, 0));
		EXPECT_EQ(POLLERR,
			  wait_events(self->fd, POLLIN | POLLOUT, 0));
		if (round)
			break;
		ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TUN | IFF_NO_PI));
		ASSERT_EQ(0, link_delete(NAME));
	}
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
}

TEST_F_TIMEOUT(attach, type, 60)
{
	int flags = 0;

	EXPECT_EQ(-EINVAL, setiff(self->fd, NAME, 0));
	EXPECT_EQ(-EINVAL, setiff(self->fd, NAME, IFF_NO_PI | IFF_VNET_HDR));
	/* With both, TUN wins. */
	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TUN | IFF_TAP));
	ASSERT_EQ(0, device_getiff(self->fd, NULL, &flags));
	EXPECT_EQ(IFF_TUN, flags & (IFF_TUN | IFF_TAP));
}

TEST_F_TIMEOUT(attach, names, 60)
{
	char name[IFNAMSIZ] = "";
	/* 16 bytes and no end: the last is cut off. */
	char full[IFNAMSIZ] = {
		'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h',
		'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p',
	};
	int more;

	ASSERT_EQ(0, device_setiff(self->fd, name, IFF_TUN));
	EXPECT_STREQ("tun0", name);
	name[0] = '\0';
	ASSERT_EQ(0, device_setiff(self->other, name, IFF_TAP));
	EXPECT_STREQ("tap0", name);

	strcpy(name, "tun%d");
	more = device_create(name, IFF_TAP);
	ASSERT_LE(0, more);
	EXPECT_STREQ("tun1", name);
	ASSERT_EQ(0, device_getiff(more, name, NULL));
	EXPECT_STREQ("tun1", name);
	close(more);

	strcpy(name, "x%dy");
	more = device_create(name, IFF_TUN);
	ASSERT_LE(0, more);
	EXPECT_STREQ("x0y", name);
	close(more);

	more = device_create(full, IFF_TUN);
	ASSERT_LE(0, more);
	EXPECT_STREQ("abcdefghijklmno", full);
	EXPECT_TRUE(link_exists("abcdefghijklmno"));
	/* The template is used up; the name it became is just a name. */
	EXPECT_EQ(-EEXIST, setiff(more, "x%d", IFF_TUN));
	close(more);
}

TEST_F_TIMEOUT(attach, bad_names, 60)
{
	static const char names[][IFNAMSIZ] = {
		"a/b", "a b", ".", "..", "a%d%d", "a%s", "a%",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-EINVAL, setiff(self->fd, names[i], IFF_TUN))
			TH_LOG("name \"%s\"", names[i]);
	}
	EXPECT_EQ(1, link_count());
	/* None of that has used up the fd. */
	EXPECT_EQ(0, setiff(self->fd, NAME, IFF_TUN));
}

TEST_F_TIMEOUT(attach, exclusive, 60)
{
	int flags = 0;
	char text[32];

	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TUN | IFF_TUN_EXCL));
	/* Not kept. */
	ASSERT_EQ(0, device_getiff(self->fd, NULL, &flags));
	EXPECT_EQ(IFF_TUN | IFF_NOFILTER, flags);
	ASSERT_EQ(0, sysfs_read(NAME, "tun_flags", text, sizeof(text)));
	EXPECT_STREQ("0x1", text);
	EXPECT_EQ(-EBUSY, setiff(self->other, NAME, IFF_TUN | IFF_TUN_EXCL));
	/* EBUSY comes before a wrong type, and for any device. */
	EXPECT_EQ(-EBUSY, setiff(self->other, NAME, IFF_TAP | IFF_TUN_EXCL));
	EXPECT_EQ(-EBUSY, setiff(self->other, "lo", IFF_TUN | IFF_TUN_EXCL));
}

TEST_F_TIMEOUT(attach, foreign_device, 60)
{
	EXPECT_EQ(-EINVAL, setiff(self->fd, "lo", IFF_TUN));
	EXPECT_EQ(-EINVAL, setiff(self->fd, "lo", IFF_TAP | IFF_MULTI_QUEUE));
}

TEST_F_TIMEOUT(attach, mismatch, 60)
{
	const int queues = IFF_TUN | IFF_MULTI_QUEUE;

	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TUN));
	EXPECT_EQ(-EINVAL, setiff(self->other, NAME, IFF_TAP));
	EXPECT_EQ(-EINVAL, setiff(self->other, NAME, 0));
	/* A mismatch is found before the queue is found to be in use. */
	EXPECT_EQ(-EINVAL, setiff(self->other, NAME, queues));
	EXPECT_EQ(-EBUSY, setiff(self->other, NAME, IFF_TUN));
	EXPECT_EQ(-EBUSY, setiff(self->other, NAME, IFF_TUN | IFF_TAP));
	EXPECT_EQ(-EEXIST, setiff(self->fd, NAME, IFF_TAP));
	EXPECT_EQ(-EEXIST, setiff(self->fd, "a/b", 0));

	ASSERT_EQ(0, link_delete(NAME));
	ASSERT_EQ(0, setiff(self->fd, NAME, queues));
	EXPECT_EQ(-EINVAL, setiff(self->other, NAME, IFF_TUN));
	EXPECT_EQ(-EINVAL, setiff(self->other, NAME,
				  IFF_TAP | IFF_MULTI_QUEUE));
	EXPECT_EQ(0, setiff(self->other, NAME, queues));
}

TEST_F_TIMEOUT(attach, napi_frags, 60)
{
	unsigned int features = 0;

	ASSERT_EQ(0, device_ioctl(self->fd, TUNGETFEATURES, (long)&features));
	if (!(features & IFF_NAPI_FRAGS))
		SKIP(return, "no IFF_NAPI_FRAGS in TUNGETFEATURES");
	EXPECT_EQ(-EINVAL, setiff(self->fd, NAME, IFF_TAP | IFF_NAPI_FRAGS));
	EXPECT_EQ(-EINVAL, setiff(self->fd, NAME,
				  IFF_TUN | IFF_NAPI | IFF_NAPI_FRAGS));
	/* Before the name is looked at. */
	EXPECT_EQ(-EINVAL, setiff(self->fd, "lo", IFF_TUN | IFF_NAPI_FRAGS |
				  IFF_TUN_EXCL));
	EXPECT_EQ(0, setiff(self->fd, NAME,
			    IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS));
}

TEST_F_TIMEOUT(attach, ignored_flags, 60)
{
	int flags = 0;

	/* 0x4 and 0x8 are unknown; the others mean nothing here. */
	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TUN | 0x000c |
			    IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE |
			    IFF_PERSIST));
	ASSERT_EQ(0, device_getiff(self->fd, NULL, &flags));
	EXPECT_EQ(IFF_TUN | IFF_NOFILTER, flags);
	ASSERT_EQ(0, close(self->fd));
	EXPECT_FALSE(link_exists(NAME));
	self->fd = device_open(0);
}

TEST_F_TIMEOUT(attach, setqueue, 60)
{
	const int flags = IFF_TUN | IFF_MULTI_QUEUE;
	const int both = IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE;

	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, 0));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_DETACH_QUEUE));

	ASSERT_EQ(0, setiff(self->fd, NAME, flags));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, 0));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	/* With both, attach is what is asked, and refused. */
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, both));
	EXPECT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, 0));
	/* Detached, it still has its device. */
	EXPECT_EQ(-EEXIST, setiff(self->fd, NAME, flags));
	EXPECT_EQ(-EEXIST, setiff(self->fd, "another", IFF_TAP));
	EXPECT_EQ(0, device_setqueue(self->fd, both));
	EXPECT_EQ(0, device_setqueue(self->fd, IFF_DETACH_QUEUE));

	ASSERT_EQ(0, link_delete(NAME));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	EXPECT_EQ(0, setiff(self->fd, NAME, flags));
}

TEST_F_TIMEOUT(attach, setqueue_single, 60)
{
	ASSERT_EQ(0, setiff(self->fd, NAME, IFF_TAP));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_DETACH_QUEUE));
	EXPECT_EQ(-EINVAL, device_setqueue(self->fd, IFF_ATTACH_QUEUE));
}

TEST_F_TIMEOUT(attach, too_many_queues, 300)
{
	const struct rlimit limit = { 1024, 1024 };
	const int flags = IFF_TUN | IFF_MULTI_QUEUE;
	int fds[DEVICE_MAX_QUEUES], i;
	struct link_info info;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < DEVICE_MAX_QUEUES; i++) {
		fds[i] = device_create(self->name, flags);
		ASSERT_LE(0, fds[i]) TH_LOG("queue %d", i);
	}
	EXPECT_EQ(-E2BIG, setiff(self->fd, NAME, flags));
	/* A detached queue counts. */
	ASSERT_EQ(0, device_setqueue(fds[17], IFF_DETACH_QUEUE));
	EXPECT_EQ(-E2BIG, setiff(self->fd, NAME, flags));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(DEVICE_MAX_QUEUES, info.num_tx_queues);
	if (info.num_queues >= 0) {
		EXPECT_EQ(DEVICE_MAX_QUEUES - 1, info.num_queues);
		EXPECT_EQ(1, info.num_disabled_queues);
	}
	/* It can come back, since it never left. */
	EXPECT_EQ(0, device_setqueue(fds[17], IFF_ATTACH_QUEUE));
	/* One out, one in. */
	close(fds[3]);
	EXPECT_EQ(0, setiff(self->fd, NAME, flags));
	EXPECT_EQ(-E2BIG, setiff(self->other, NAME, flags));
	for (i = 0; i < DEVICE_MAX_QUEUES; i++)
		if (i != 3)
			close(fds[i]);
	EXPECT_EQ(0, setiff(self->other, NAME, flags));
}

TEST_F_TIMEOUT(attach, flags_of_first_queue, 60)
{
	const int queues = IFF_TUN | IFF_MULTI_QUEUE;
	int flags = 0;
	char text[32];

	/* While others are there, a new queue's flags are not looked at. */
	ASSERT_EQ(0, setiff(self->fd, NAME, queues | IFF_VNET_HDR));
	ASSERT_EQ(0, setiff(self->other, NAME, queues | IFF_NO_PI));
	ASSERT_EQ(0, sysfs_read(NAME, "tun_flags", text, sizeof(text)));
	EXPECT_STREQ("0x4101", text);
	ASSERT_EQ(0, device_getiff(self->other, NULL, &flags));
	EXPECT_EQ(queues | IFF_VNET_HDR | IFF_NOFILTER, flags);

	/* The first one that comes to an empty device decides. */
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
	close(self->fd);
	close(self->other);
	self->fd = device_open(0);
	ASSERT_EQ(0, setiff(self->fd, NAME, queues | IFF_NO_PI));
	ASSERT_EQ(0, sysfs_read(NAME, "tun_flags", text, sizeof(text)));
	EXPECT_STREQ("0x1901", text);
	self->other = device_open(0);
	ASSERT_EQ(0, setiff(self->other, NAME, queues | IFF_VNET_HDR));
	ASSERT_EQ(0, sysfs_read(NAME, "tun_flags", text, sizeof(text)));
	EXPECT_STREQ("0x1901", text);
}

FIXTURE(flags) {
	char name[IFNAMSIZ];
	int fd;
};

FIXTURE_VARIANT(flags) {
	int flags;
};

FIXTURE_VARIANT_ADD(flags, tun) { IFF_TUN };
FIXTURE_VARIANT_ADD(flags, tap) { IFF_TAP };

FIXTURE_SETUP(flags)
{
	REQUIRE_DEVICE();
	ASSERT_EQ(0, netns_private());
	strcpy(self->name, NAME);
	self->fd = -1;
}

FIXTURE_TEARDOWN(flags)
{
	if (self->fd >= 0)
		close(self->fd);
}

/* All that can be read back of a device made with these flags. */
static void check_flags(struct __test_metadata *_metadata, int fd, int flags)
{
	char text[32], expected[32];
	struct link_info info;
	int seen = 0;

	ASSERT_EQ(0, device_getiff(fd, NULL, &seen));
	/* NOFILTER is the bit of NO_PI, and there is no filter. */
	EXPECT_EQ(flags | IFF_NOFILTER, seen);
	ASSERT_EQ(0, sysfs_read(NAME, "tun_flags", text, sizeof(text)));
	snprintf(expected, sizeof(expected), "0x%x", flags);
	EXPECT_STREQ(expected, text);
	ASSERT_EQ(0, device_fdinfo(fd, "iff", text, sizeof(text)));
	EXPECT_STREQ(NAME, text);

	ASSERT_EQ(0, link_get(NAME, &info));
	/* IFLA_TUN_* came with 4.17. */
	if (info.tun_type < 0)
		return;
	EXPECT_EQ(flags & (IFF_TUN | IFF_TAP), info.tun_type);
	EXPECT_EQ(!(flags & IFF_NO_PI), info.pi);
	EXPECT_EQ(!!(flags & IFF_VNET_HDR), info.vnet_hdr);
	EXPECT_EQ(!!(flags & IFF_PERSIST), info.persist);
	EXPECT_EQ(!!(flags & IFF_MULTI_QUEUE), info.multi_queue);
	EXPECT_EQ(flags & IFF_MULTI_QUEUE ? 1 : -1, info.num_queues);
	EXPECT_EQ(flags & IFF_MULTI_QUEUE ? 0 : -1, info.num_disabled_queues);
	EXPECT_EQ(-1, info.owner);
	EXPECT_EQ(-1, info.group);
}

TEST_F_TIMEOUT(flags, combinations, 300)
{
	static const int optional[] = {
		IFF_NO_PI, IFF_VNET_HDR, IFF_ONE_QUEUE, IFF_MULTI_QUEUE,
		IFF_NAPI, IFF_BACKPRESSURE,
	};
	unsigned int i, bits, features = 0;
	int flags;

	self->fd = device_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNGETFEATURES, (long)&features));
	close(self->fd);
	for (bits = 0; bits < 1U << ARRAY_SIZE(optional); bits++) {
		flags = variant->flags;
		for (i = 0; i < ARRAY_SIZE(optional); i++)
			if (bits & 1U << i)
				flags |= optional[i];
		self->fd = device_create(self->name, flags);
		ASSERT_LE(0, self->fd);
		/* What the driver does not know, it does not keep. */
		flags &= features;
		check_flags(_metadata, self->fd, flags);
		ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 1));
		check_flags(_metadata, self->fd, flags | IFF_PERSIST);
		ASSERT_EQ(0, device_ioctl(self->fd, TUNSETPERSIST, 0));
		close(self->fd);
	}
	self->fd = -1;
	EXPECT_FALSE(link_exists(NAME));
}

TEST_F_TIMEOUT(flags, owner_and_group, 60)
{
	struct link_info info;
	char text[32];

	self->fd = device_create(self->name, variant->flags);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, sysfs_read(NAME, "owner", text, sizeof(text)));
	EXPECT_STREQ("-1", text);
	ASSERT_EQ(0, sysfs_read(NAME, "group", text, sizeof(text)));
	EXPECT_STREQ("-1", text);
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETOWNER, 1234));
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETGROUP, 4321));
	ASSERT_EQ(0, sysfs_read(NAME, "owner", text, sizeof(text)));
	EXPECT_STREQ("1234", text);
	ASSERT_EQ(0, sysfs_read(NAME, "group", text, sizeof(text)));
	EXPECT_STREQ("4321", text);
	/* They cannot be taken back. */
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd, TUNSETOWNER, -1UL));
	EXPECT_EQ(-EINVAL, device_ioctl(self->fd, TUNSETGROUP, -1UL));
	ASSERT_EQ(0, link_get(NAME, &info));
	if (info.tun_type >= 0) {
		EXPECT_EQ(1234, info.owner);
		EXPECT_EQ(4321, info.group);
	}
}

TEST_F_TIMEOUT(flags, link_as_created, 60)
{
	struct link_info info;

	self->fd = device_create(self->name, variant->flags);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(1500, info.mtu);
	EXPECT_EQ(variant->flags & IFF_TAP ? 1000 : 500, info.txqueuelen);
	EXPECT_EQ(1, info.num_tx_queues);
	EXPECT_EQ(0, info.flags & IFF_UP);
	EXPECT_NE(0, strlen(info.kind));
	if (variant->flags & IFF_TAP) {
		EXPECT_EQ(IFF_BROADCAST | IFF_MULTICAST,
			  info.flags & (IFF_BROADCAST | IFF_MULTICAST |
					IFF_POINTOPOINT | IFF_NOARP));
		/* A random address: local, and not of a group. */
		EXPECT_EQ(2, info.mac[0] & 3);
	} else {
		EXPECT_EQ(IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST,
			  info.flags & (IFF_BROADCAST | IFF_MULTICAST |
					IFF_POINTOPOINT | IFF_NOARP));
	}
	EXPECT_EQ(-EINVAL, link_set_mtu(NAME, 67));
	EXPECT_EQ(0, link_set_mtu(NAME, 68));
	EXPECT_EQ(0, link_set_mtu(NAME, variant->flags & IFF_TAP ?
				  65535 - 14 : 65535));
	EXPECT_EQ(-EINVAL, link_set_mtu(NAME, variant->flags & IFF_TAP ?
					65536 - 14 : 65536));
}

TEST_F_TIMEOUT(flags, not_by_rtnetlink, 60)
{
	struct link_info info;
	int err;

	self->fd = device_create(self->name, variant->flags);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_get(NAME, &info));
	/* Where tun is loaded, it answers for the kind: EINVAL before 5.0. */
	err = link_add("another", info.kind);
	EXPECT_TRUE(err == -EOPNOTSUPP ||
		    (err == -EINVAL && !access("/sys/module/tun", F_OK)))
		TH_LOG("RTM_NEWLINK of kind %s: %d", info.kind, err);
	EXPECT_FALSE(link_exists("another"));
	/* Deletion is not refused, fds or not. */
	EXPECT_EQ(0, link_delete(NAME));
	EXPECT_EQ(-EBADFD, device_getiff(self->fd, NULL, NULL));
}

TEST_F_TIMEOUT(flags, ifindex, 60)
{
	struct link_info info;
	int index = 4711, bad = -1;

	self->fd = device_open(0);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(-EFAULT, device_ioctl(self->fd, TUNSETIFINDEX, BAD_POINTER));
	/* An older tun takes it. */
	if (device_is_mytun()) {
		EXPECT_EQ(-EINVAL, device_ioctl(self->fd, TUNSETIFINDEX,
						(long)&bad));
	}
	ASSERT_EQ(0, device_ioctl(self->fd, TUNSETIFINDEX, (long)&index));
	ASSERT_EQ(0, device_setiff(self->fd, self->name, variant->flags));
	ASSERT_EQ(0, link_get(NAME, &info));
	EXPECT_EQ(4711, info.index);
	EXPECT_EQ(-EPERM, device_ioctl(self->fd, TUNSETIFINDEX, (long)&index));

	/* In use: EBUSY when the device is to be made. */
	bad = device_open(0);
	ASSERT_LE(0, bad);
	ASSERT_EQ(0, device_ioctl(bad, TUNSETIFINDEX, (long)&index));
	EXPECT_EQ(-EBUSY, setiff(bad, "another", variant->flags));
	index = 0;
	ASSERT_EQ(0, device_ioctl(bad, TUNSETIFINDEX, (long)&index));
	EXPECT_EQ(0, setiff(bad, "another", variant->flags));
	close(bad);
}

TEST_HARNESS_MAIN
