// SPDX-License-Identifier: GPL-2.0
#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "device.h"
#include "ethtool.h"
#include "kselftest.h"
#include "rtnl.h"

/* Indexes that nobody asked for are below. */
#define CHOSEN_INDEX	4000
/* Since 5.6. */
#define IFLA_PERMANENT	54
/* IFF_DORMANT, which <net/if.h> does not have. */
#define DORMANT		0x20000

static const char * const counters[] = {
	"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors",
	"tx_errors", "rx_dropped", "tx_dropped", "multicast", "collisions",
	"rx_length_errors", "rx_over_errors", "rx_crc_errors",
	"rx_frame_errors", "rx_fifo_errors", "rx_missed_errors",
	"tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors",
	"tx_heartbeat_errors", "tx_window_errors", "rx_compressed",
	"tx_compressed", "rx_nohandler",
};

void observe_mac(struct note *note, const char *key, const uint8_t *mac,
		 size_t size)
{
	static const uint8_t ours[4] = { 2, 0x5e };

	if (size == 6 && (mac[0] & 3) == 2 && memcmp(mac, ours, sizeof(ours)))
		note_add(note, key, "random");
	else
		note_bytes(note, key, mac, size);
}

static void note_stats(struct note *note, const char *name,
		       const void *stats, size_t size)
{
	const uint8_t *data = stats;
	char key[56];
	unsigned int i;
	uint64_t value;

	for (i = 0; i < ARRAY_SIZE(counters) &&
	     (i + 1) * sizeof(value) <= size; i++) {
		memcpy(&value, data + i * sizeof(value), sizeof(value));
		snprintf(key, sizeof(key), "stats.%.16s.%s", name, counters[i]);
		note_add(note, key, "%llu", (unsigned long long)value);
	}
}

void observe_stats(struct note *note, const char *name)
{
	struct rtnl_link_stats64 stats;

	if (*name && device_present(name) && !link_get_stats(name, &stats))
		note_stats(note, name, &stats, sizeof(stats));
}

static void note_linkinfo(struct note *note, const struct rtattr *linkinfo)
{
	int left = RTA_PAYLOAD(linkinfo), rest;
	struct rtattr *attr, *sub;
	char key[32];

	for (attr = RTA_DATA(linkinfo); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == IFLA_INFO_KIND)
			note_add(note, "kind", "%s", (char *)RTA_DATA(attr));
		if (attr->rta_type != IFLA_INFO_DATA)
			continue;
		rest = RTA_PAYLOAD(attr);
		for (sub = RTA_DATA(attr); RTA_OK(sub, rest);
		     sub = RTA_NEXT(sub, rest)) {
			snprintf(key, sizeof(key), "tun.%d",
				 sub->rta_type & NLA_TYPE_MASK);
			note_bytes(note, key, RTA_DATA(sub),
				   RTA_PAYLOAD(sub));
		}
	}
}

static void note_attribute(struct note *note, const char *name,
			   const struct rtattr *attr)
{
	int type = attr->rta_type & NLA_TYPE_MASK;
	uint32_t count;
	char key[48];

	snprintf(key, sizeof(key), "ifla.%d", type);
	switch (type) {
	case IFLA_OPERSTATE:	/* set by a worker */
	case IFLA_STATS:	/* the same as the other, in 32 bits */
	case IFLA_AF_SPEC:	/* the protocols' settings */
		break;
	case IFLA_ADDRESS:
	case IFLA_PERMANENT:
		observe_mac(note, key, RTA_DATA(attr), RTA_PAYLOAD(attr));
		break;
	case IFLA_IFNAME:
	case IFLA_QDISC:
		note_add(note, key, "%s", (char *)RTA_DATA(attr));
		break;
	case IFLA_CARRIER_CHANGES:
	case IFLA_CARRIER_UP_COUNT:
	case IFLA_CARRIER_DOWN_COUNT:
		memcpy(&count, RTA_DATA(attr), sizeof(count));
		snprintf(key, sizeof(key), "stats.%.16s.carrier_%d", name,
			 type);
		note_add(note, key, "%u", count);
		break;
	case IFLA_STATS64:
		note_stats(note, name, RTA_DATA(attr), RTA_PAYLOAD(attr));
		break;
	case IFLA_LINKINFO:
		note_linkinfo(note, attr);
		break;
	default:
		note_bytes(note, key, RTA_DATA(attr), RTA_PAYLOAD(attr));
	}
}

static void note_link(struct note *note, const char *name,
		      struct nlmsghdr *header)
{
	struct ifinfomsg *info = NLMSG_DATA(header);
	struct rtattr *attr = IFLA_RTA(info);
	int left = IFLA_PAYLOAD(header);

	note_add(note, "ifi_type", "%d", info->ifi_type);
	note_add(note, "ifi_flags", "%#x",
		 info->ifi_flags & ~(IFF_RUNNING | DORMANT));
	if (info->ifi_index >= CHOSEN_INDEX)
		note_add(note, "ifi_index", "%d", info->ifi_index);
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		note_attribute(note, name, attr);
}

static void observe_rtnetlink(struct note *note, const char *name)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		char attributes[64];
	} req = {
		.header.nlmsg_type = RTM_GETLINK,
		.header.nlmsg_flags = NLM_F_REQUEST,
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(req.info)),
	};
	char answer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct rtattr *attr = (void *)req.attributes;
	struct nlmsghdr *header = (void *)answer;
	struct nlmsgerr *error;
	ssize_t size;
	int fd;

	attr->rta_type = IFLA_IFNAME;
	attr->rta_len = RTA_LENGTH(strlen(name) + 1);
	strcpy(RTA_DATA(attr), name);
	req.header.nlmsg_len += RTA_ALIGN(attr->rta_len);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	size = -1;
	if (fd >= 0 && send(fd, &req, req.header.nlmsg_len, 0) >= 0)
		size = recv(fd, answer, sizeof(answer), 0);
	if (size < 0) {
		note_add(note, "rtnetlink", "%d", -errno);
	} else if (header->nlmsg_type == NLMSG_ERROR) {
		error = NLMSG_DATA(header);
		note_add(note, "rtnetlink", "%d", error->error);
	} else {
		note_link(note, name, header);
	}
	if (fd >= 0)
		close(fd);
}

/* How many receive and transmit queues sysfs shows. */
static void observe_queues(struct note *note, const char *name)
{
	int rx = 0, tx = 0;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		rx += !strncmp(entry->d_name, "rx-", 3);
		tx += !strncmp(entry->d_name, "tx-", 3);
	}
	closedir(dir);
	note_add(note, "sysfs.queues", "rx %d tx %d", rx, tx);
}

void observe_device(struct note *note, const char *name)
{
	static const char * const attributes[] = {
		"tun_flags", "owner", "group", "type", "addr_len", "flags",
		"addr_assign_type", "name_assign_type", "dev_id", "dormant",
		"carrier", "speed", "duplex", "gro_flush_timeout", "threaded",
	};
	char key[48], text[128];
	unsigned int i;
	int err;

	observe_rtnetlink(note, name);
	if (!device_present(name))
		return;
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(key, sizeof(key), "sysfs.%s", attributes[i]);
		err = sysfs_read(name, attributes[i], text, sizeof(text));
		if (err)
			note_add(note, key, "%d", err);
		else
			note_add(note, key, "%s", text);
	}
	observe_queues(note, name);
}

static void note_answer(struct note *note, const char *key, int err,
			const void *data, size_t size)
{
	if (err)
		note_add(note, key, "%d", err);
	else
		note_bytes(note, key, data, size);
}

static void observe_features(struct note *note, const char *name)
{
	struct {
		struct ethtool_gfeatures head;
		struct ethtool_get_features_block block[4];
	} get = {
		.head = { .cmd = ETHTOOL_GFEATURES, .size = 4 },
	};
	char key[40];
	unsigned int i;
	int err;

	err = ethtool(name, &get);
	note_add(note, "ethtool.features", "%d %u", err, get.head.size);
	for (i = 0; !err && i < get.head.size && i < 4; i++) {
		snprintf(key, sizeof(key), "ethtool.features.%u", i);
		note_add(note, key, "available %08x requested %08x active %08x never %08x",
			 get.block[i].available, get.block[i].requested,
			 get.block[i].active, get.block[i].never_changed);
	}
}

static void observe_link_settings(struct note *note, const char *name)
{
	struct {
		struct ethtool_link_settings head;
		uint32_t masks[3 * 127];
	} get = {
		.head = { .cmd = ETHTOOL_GLINKSETTINGS },
	};
	int err = ethtool(name, &get);

	if (!err && get.head.link_mode_masks_nwords < 0) {
		get.head.link_mode_masks_nwords =
			-get.head.link_mode_masks_nwords;
		get.head.cmd = ETHTOOL_GLINKSETTINGS;
		err = ethtool(name, &get);
	}
	note_add(note, "ethtool.link_settings",
		 "%d speed %u duplex %u port %u autoneg %u", err,
		 get.head.speed, get.head.duplex, get.head.port,
		 get.head.autoneg);
}

void observe_ethtool(struct note *note, const char *name)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_coalesce coalesce = { .cmd = ETHTOOL_GCOALESCE };
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ethtool_ringparam ring = { .cmd = ETHTOOL_GRINGPARAM };
	struct ethtool_pauseparam pause = { .cmd = ETHTOOL_GPAUSEPARAM };
	struct ethtool_ts_info stamps = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	struct ethtool_value level = { .cmd = ETHTOOL_GMSGLVL };
	int err;

	/* The kernel would look for a module of that name, each time. */
	if (!device_present(name)) {
		note_add(note, "ethtool", "%d", -ENODEV);
		return;
	}
	err = ethtool(name, &driver);
	note_add(note, "ethtool.driver", "%d %s", err, driver.driver);
	note_add(note, "ethtool.version", "%s", driver.version);
	note_add(note, "ethtool.bus", "%s", driver.bus_info);
	note_add(note, "ethtool.n_stats", "%u", driver.n_stats);
	observe_features(note, name);
	observe_link_settings(note, name);
	err = ethtool(name, &link);
	note_add(note, "ethtool.link", "%d %u", err, link.data);
	err = ethtool(name, &level);
	note_add(note, "ethtool.msglevel", "%d %u", err, level.data);
	err = ethtool(name, &coalesce);
	note_answer(note, "ethtool.coalesce", err, &coalesce, sizeof(coalesce));
	err = ethtool(name, &channels);
	note_answer(note, "ethtool.channels", err, &channels, sizeof(channels));
	err = ethtool(name, &ring);
	note_answer(note, "ethtool.ring", err, &ring, sizeof(ring));
	err = ethtool(name, &pause);
	note_answer(note, "ethtool.pause", err, &pause, sizeof(pause));
	err = ethtool(name, &stamps);
	note_answer(note, "ethtool.stamps", err, &stamps, sizeof(stamps));
}

int observe_open(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* One notification, of this device, as text: what the driver has to tell. */
static void one_news(struct nlmsghdr *header, const char *device, char *text,
		     size_t size)
{
	struct rtattr *attr = IFLA_RTA(NLMSG_DATA(header));
	int left = IFLA_PAYLOAD(header);
	static struct note note;
	const char *name = "";
	char *end;

	note.used = 0;
	note.text[0] = '\0';
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == IFLA_IFNAME)
			name = RTA_DATA(attr);
		else if (attr->rta_type == IFLA_LINKINFO)
			note_linkinfo(&note, attr);
	}
	if (strcmp(name, device))
		return;
	while ((end = strchr(note.text, '\n')))
		*end = ' ';
	snprintf(text, size, "%s %s %s", name,
		 header->nlmsg_type == RTM_NEWLINK ? "new" : "gone", note.text);
}

void observe_news(struct note *note, const char *device, int fd)
{
	char answer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header;
	char text[512] = "";
	ssize_t size;
	size_t left;

	while ((size = recv(fd, answer, sizeof(answer), 0)) > 0) {
		left = size;
		for (header = (void *)answer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left))
			if (header->nlmsg_type == RTM_NEWLINK ||
			    header->nlmsg_type == RTM_DELLINK)
				one_news(header, device, text,
					 sizeof(text));
	}
	if (*device)
		note_add(note, "news", "%s", text);
}
