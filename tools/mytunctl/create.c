// SPDX-License-Identifier: GPL-2.0
/* mytunctl create: a persistent device. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/mytun.h>

#include "json.h"
#include "mytunctl.h"
#include "netlink.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define NODE	"/dev/net/mytun"

/* What the kernel has memory for in one piece: 4 MiB of pointers. */
#define LENGTH_MAX	524288

struct wanted {
	struct ifreq ifr;		/* name and flags */
	long owner, group;		/* -1: none */
	int vnet_size;			/* 0: as it is made */
	uint32_t mtu, txqueuelen;	/* 0: as it is made */
	bool no_queue, up;
};

static long id_without_name(const char *what, const char *text)
{
	if (text[strspn(text, "0123456789")] || !*text)
		usage_error(&command_create, "no %s is called '%s'", what, text);
	return (long)number(&command_create, "its number", text, 0,
			    4294967294UL);
}

static long user_id(const char *text)
{
	const struct passwd *pw = getpwnam(text);

	return pw ? (long)pw->pw_uid : id_without_name("user", text);
}

static long group_id(const char *text)
{
	const struct group *gr = getgrnam(text);

	return gr ? (long)gr->gr_gid : id_without_name("group", text);
}

/* Long options only have numbers beyond characters. */
enum {
	OPTION_TAP = 256, OPTION_PI, OPTION_VNET, OPTION_VNET_SIZE,
	OPTION_MULTI, OPTION_NAPI, OPTION_FRAGS, OPTION_BACKPRESSURE,
	OPTION_NO_QUEUE, OPTION_MTU, OPTION_LENGTH, OPTION_UP,
};

static void parse(struct wanted *w, int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "backpressure", no_argument, NULL, OPTION_BACKPRESSURE },
		{ "group", required_argument, NULL, 'g' },
		{ "mtu", required_argument, NULL, OPTION_MTU },
		{ "multi-queue", no_argument, NULL, OPTION_MULTI },
		{ "napi", no_argument, NULL, OPTION_NAPI },
		{ "napi-frags", no_argument, NULL, OPTION_FRAGS },
		{ "no-queue", no_argument, NULL, OPTION_NO_QUEUE },
		{ "pi", no_argument, NULL, OPTION_PI },
		{ "tap", no_argument, NULL, OPTION_TAP },
		{ "txqueuelen", required_argument, NULL, OPTION_LENGTH },
		{ "up", no_argument, NULL, OPTION_UP },
		{ "user", required_argument, NULL, 'u' },
		{ "vnet-hdr", no_argument, NULL, OPTION_VNET },
		{ "vnet-hdr-size", required_argument, NULL, OPTION_VNET_SIZE },
		{ }
	};
	unsigned int flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL;
	const struct command *c = &command_create;
	int o;

	while ((o = next_option(c, argc, argv, "jhg:u:", options)) != -1) {
		switch (o) {
		case OPTION_TAP:
			flags = (flags & ~IFF_TUN) | IFF_TAP;
			break;
		case OPTION_PI:
			flags &= ~IFF_NO_PI;
			break;
		case OPTION_VNET_SIZE:
			w->vnet_size = number(c, "a header's size", optarg,
					      10, 1024);
			flags |= IFF_VNET_HDR;
			break;
		case OPTION_VNET:
			flags |= IFF_VNET_HDR;
			break;
		case OPTION_MULTI:
			flags |= IFF_MULTI_QUEUE;
			break;
		case OPTION_FRAGS:
			flags |= IFF_NAPI | IFF_NAPI_FRAGS;
			break;
		case OPTION_NAPI:
			flags |= IFF_NAPI;
			break;
		case OPTION_BACKPRESSURE:
			flags |= IFF_BACKPRESSURE;
			break;
		case OPTION_NO_QUEUE:
			w->no_queue = true;
			break;
		case OPTION_MTU:
			w->mtu = number(c, "an MTU", optarg, 68, 65535);
			break;
		case OPTION_LENGTH:
			w->txqueuelen = number(c, "a queue's length", optarg,
					       1, LENGTH_MAX);
			break;
		case OPTION_UP:
			w->up = true;
			break;
		case 'g':
			w->group = group_id(optarg);
			break;
		case 'u':
			w->owner = user_id(optarg);
			break;
		}
	}
	w->ifr.ifr_flags = flags;
	if (flags & IFF_NAPI_FRAGS && !(flags & IFF_TAP))
		usage_error(c, "--napi-frags needs --tap");
	if (argc - optind > 1)
		usage_error(c, "one device at a time");
	if (optind < argc && !*argv[optind])
		usage_error(c, "a name cannot be empty");
	if (optind < argc && strlen(argv[optind]) >= IFNAMSIZ)
		usage_error(c, "a name has %d characters at most",
			    IFNAMSIZ - 1);
	if (optind < argc)
		strcpy(w->ifr.ifr_name, argv[optind]);
}

static int refused(const struct wanted *w, const char *what)
{
	switch (errno) {
	case EPERM:
	case EACCES:
		return failed(STATUS_DENIED,
			      "%s: needs CAP_NET_ADMIN in this network namespace (try sudo)",
			      what);
	case EBUSY:
	case EEXIST:
		return failed(STATUS_FAILED, "%s: there is a device with that name",
			      w->ifr.ifr_name);
	}
	return failed(STATUS_FAILED, "%s: %s", what, strerror(errno));
}

/* What it is given before it becomes persistent: until then it ends with us. */
static int configure(int fd, const struct wanted *w)
{
	int ifindex = if_nametoindex(w->ifr.ifr_name), err;

	if (w->vnet_size && ioctl(fd, TUNSETVNETHDRSZ, &w->vnet_size))
		return refused(w, "the header's size");
	if (w->owner >= 0 && ioctl(fd, TUNSETOWNER, w->owner))
		return refused(w, "the owner");
	if (w->group >= 0 && ioctl(fd, TUNSETGROUP, w->group))
		return refused(w, "the group");
	if (w->mtu || w->txqueuelen || w->up) {
		err = netlink_set_link(ifindex, w->mtu, w->txqueuelen, w->up);
		if (err)
			return failed(STATUS_FAILED, "%s: mtu, txqueuelen or up: %s",
				      w->ifr.ifr_name, strerror(-err));
	}
	if (ioctl(fd, TUNSETPERSIST, 1))
		return refused(w, "persistence");
	if (option_json) {
		json_object(NULL);
		json_string("name", w->ifr.ifr_name);
		json_number("ifindex", ifindex);
		json_object_end();
		json_end();
	} else {
		puts(w->ifr.ifr_name);
	}
	return STATUS_OK;
}

static int run(int argc, char **argv)
{
	struct mytun_create create = {
		.size = sizeof(create),
		.flags = MYTUN_CREATE_NO_QUEUE,
	};
	struct wanted w = { .owner = -1, .group = -1 };
	int fd, status;

	parse(&w, argc, argv);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		return failed(STATUS_MODULE, NODE ": %s; mytunctl doctor tells more",
			      strerror(errno));
	if (fd < 0)
		return failed(errno == EACCES || errno == EPERM ?
			      STATUS_DENIED : STATUS_FAILED,
			      NODE ": %s; mytunctl doctor tells more",
			      strerror(errno));
	if (w.no_queue && ioctl(fd, MYTUN_IOC_CREATE, &create))
		status = refused(&w, "--no-queue");
	else if (ioctl(fd, TUNSETIFF, &w.ifr))
		status = refused(&w, *w.ifr.ifr_name ? w.ifr.ifr_name :
						       "a device");
	else
		status = configure(fd, &w);
	close(fd);
	return status;
}

const struct command command_create = {
	.name = "create",
	.summary = "make a persistent device",
	.help =
"Usage: mytunctl create [OPTION]... [NAME]\n"
"Makes a device that stays until it is deleted, and prints its name. Without NAME,\n"
"or with a %d in it, the kernel chooses one. It is a TUN device with one queue and\n"
"without packet information, unless told otherwise. Needs CAP_NET_ADMIN in the\n"
"network namespace.\n"
"\n"
"      --tap                  a TAP device: frames with Ethernet headers\n"
"      --multi-queue          several programs or threads may have a queue each\n"
"      --pi                   packet information before each packet\n"
"      --vnet-hdr             virtio_net_hdr before each packet (for offloads)\n"
"      --vnet-hdr-size BYTES  of that size; implies --vnet-hdr\n"
"      --napi                 written packets go through NAPI\n"
"      --napi-frags           and may come in pieces; needs --tap\n"
"      --backpressure         a full queue stops the stack, nothing is dropped\n"
"      --no-queue             without a qdisc\n"
"  -u, --user USER            who may open it without being root\n"
"  -g, --group GROUP          likewise\n"
"      --mtu BYTES\n"
"      --txqueuelen PACKETS   how many packets may wait for read()\n"
"      --up                   up at once\n"
"  -j, --json                 print an object: name and ifindex\n"
"\n"
"A program that attaches says with which of --pi, --vnet-hdr, --napi and\n"
"--backpressure it works; its flags replace those that were given here.\n",
	.run = run,
};
