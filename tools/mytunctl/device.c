// SPDX-License-Identifier: GPL-2.0
/* Devices, as the driver's family tells of them. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_tun.h>
#include <linux/mytun.h>

#include "../common/text.h"
#include "device.h"
#include "mytunctl.h"

#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER		0x0040
#endif
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

struct device_dump {
	struct dump dump;
	struct devices *devices;
	size_t before;		/* those of earlier dumps */
};

static void begin(struct dump *d)
{
	struct device_dump *dd = (struct device_dump *)d;

	dd->devices->n = dd->before;
}

static void message(struct dump *d, int ifindex)
{
	struct devices *all = ((struct device_dump *)d)->devices;
	struct device *dev;

	all->at = more(all->at, (all->n + 1) * sizeof(*all->at));
	dev = &all->at[all->n++];
	memset(dev, 0, sizeof(*dev));
	dev->ifindex = ifindex;
	dev->owner = -1;
	dev->group = -1;
}

static void read_table(struct device *dev, const struct nlattr *nest)
{
	const struct nlattr *a;

	dev->flows.there = true;
	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case MYTUN_A_TABLE_SIZE:
			dev->flows.size = attr_u32(a);
			break;
		case MYTUN_A_TABLE_AGEING:
			dev->flows.ageing_ms = attr_u32(a);
			break;
		case MYTUN_A_TABLE_ENTRIES:
			dev->flows.entries = attr_u32(a);
			break;
		case MYTUN_A_TABLE_LEARNED:
			dev->flows.learned = attr_u64(a);
			break;
		case MYTUN_A_TABLE_MOVED:
			dev->flows.moved = attr_u64(a);
			break;
		case MYTUN_A_TABLE_FULL:
			dev->flows.full = attr_u64(a);
			break;
		}
	}
}

static void read_way(unsigned long long *packets, unsigned long long *bytes,
		     const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == MYTUN_A_WAY_PACKETS)
			*packets = attr_u64(a);
		else if (mnl_attr_get_type(a) == MYTUN_A_WAY_BYTES)
			*bytes = attr_u64(a);
	}
}

static void attribute(struct dump *d, const struct nlattr *a)
{
	struct devices *all = ((struct device_dump *)d)->devices;
	struct device *dev = &all->at[all->n - 1];

	switch (mnl_attr_get_type(a)) {
	case MYTUN_A_DEVICE_NAME:
		snprintf(dev->name, sizeof(dev->name), "%.*s",
			 mnl_attr_get_payload_len(a), mnl_attr_get_str(a));
		break;
	case MYTUN_A_DEVICE_FLAGS:
		dev->flags = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_HAS:
		dev->has = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_OWNER:
		dev->owner = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_GROUP:
		dev->group = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_VNET_SIZE:
		dev->vnet_size = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_QUEUES:
		dev->queues = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_DETACHED:
		dev->detached = attr_u32(a);
		break;
	case MYTUN_A_DEVICE_FLOWS:
		read_table(dev, a);
		break;
	case MYTUN_A_DEVICE_FROM_USER:
		read_way(&dev->from_user.packets, &dev->from_user.bytes, a);
		break;
	case MYTUN_A_DEVICE_TO_USER:
		read_way(&dev->to_user.packets, &dev->to_user.bytes, a);
		break;
	case MYTUN_A_DEVICE_DROPS:
		drops_read(&dev->drops, a);
		break;
	}
}

static void message_end(struct dump *d)
{
	(void)d;
}

static int load(struct devices *all, int ifindex, const char *what)
{
	struct device_dump dd = {
		.dump = {
			.cmd = MYTUN_CMD_GET_DEVICE,
			.ifindex = ifindex,
			.begin = begin,
			.message = message,
			.attribute = attribute,
			.message_end = message_end,
		},
		.devices = all,
		.before = all->n,
	};
	int err = netlink_dump(&dd.dump);

	return err ? netlink_failed(err, what) : STATUS_OK;
}

int devices_load(struct devices *d, int names, char **name)
{
	int i, ifindex, status;

	memset(d, 0, sizeof(*d));
	if (!names)
		return load(d, 0, "devices");
	for (i = 0; i < names; i++) {
		ifindex = if_nametoindex(name[i]);
		/* Whether the module is there comes first. */
		status = ifindex ? load(d, ifindex, name[i]) :
				   load(d, 0, name[i]);
		if (!status && !ifindex)
			status = netlink_failed(-ENODEV, name[i]);
		if (status)
			return status;
	}
	return STATUS_OK;
}

const struct device *devices_find(const struct devices *d, int ifindex)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->at[i].ifindex == ifindex)
			return &d->at[i];
	return NULL;
}

const struct device *devices_find_name(const struct devices *d,
				       const char *name)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->at[i].name, name))
			return &d->at[i];
	return NULL;
}

void devices_free(struct devices *d)
{
	free(d->at);
	memset(d, 0, sizeof(*d));
}

const char *device_shown(const struct device *d, char buffer[IFNAMSIZ])
{
	memcpy(buffer, d->name, IFNAMSIZ);
	return text_clean(buffer);
}

const char *device_type(const struct device *d)
{
	return (d->flags & (IFF_TUN | IFF_TAP)) == IFF_TAP ? "tap" : "tun";
}

const char *device_flag(const struct device *d, unsigned int index)
{
	const struct {
		bool on;
		const char *name;
	} flags[] = {
		{ !(d->flags & IFF_NO_PI), "pi" },
		{ d->flags & IFF_VNET_HDR, "vnet_hdr" },
		{ d->flags & IFF_MULTI_QUEUE, "multi_queue" },
		{ d->flags & IFF_PERSIST, "persist" },
		{ d->flags & IFF_NAPI, "napi" },
		{ d->flags & IFF_NAPI_FRAGS, "napi_frags" },
		{ d->flags & IFF_BACKPRESSURE, "backpressure" },
		{ d->has & MYTUN_HAS_VNET_LE, "vnet_le" },
		{ d->has & MYTUN_HAS_VNET_BE, "vnet_be" },
		{ d->has & MYTUN_HAS_MAC_FILTER, "mac_filter" },
		{ d->has & MYTUN_HAS_CLASSIC, "classic_filter" },
		{ d->has & MYTUN_HAS_FILTER, "ebpf_filter" },
		{ d->has & MYTUN_HAS_STEERING, "ebpf_steering" },
		{ d->has & MYTUN_HAS_XDP, "xdp" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].on && !index--)
			return flags[i].name;
	return NULL;
}

const char *device_user(int64_t uid, char buffer[64])
{
	const struct passwd *pw = uid < 0 ? NULL : getpwuid(uid);

	if (uid < 0)
		return "-";
	if (pw)
		snprintf(buffer, 64, "%s", pw->pw_name);
	else
		snprintf(buffer, 64, "%lld", (long long)uid);
	return buffer;
}

const char *device_group(int64_t gid, char buffer[64])
{
	const struct group *gr = gid < 0 ? NULL : getgrgid(gid);

	if (gid < 0)
		return "-";
	if (gr)
		snprintf(buffer, 64, "%s", gr->gr_name);
	else
		snprintf(buffer, 64, "%lld", (long long)gid);
	return buffer;
}
