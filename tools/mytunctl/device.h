/* SPDX-License-Identifier: GPL-2.0 */
/* Devices of mytun in this network namespace. */
#ifndef DEVICE_H
#define DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

struct device {
	int ifindex;
	char name[IFNAMSIZ];
	uint32_t flags;			/* IFF_* of <linux/if_tun.h> */
	uint32_t has;			/* MYTUN_HAS_* */
	int64_t owner, group;		/* -1: none */
	uint32_t vnet_size;
	uint32_t queues, detached;
	struct {
		bool there;
		uint32_t size, ageing_ms, entries;
		unsigned long long learned, moved, full;
	} flows;
	struct {
		unsigned long long packets, bytes;
	} from_user, to_user;
	struct drops drops;
};

struct devices {
	struct device *at;
	size_t n;
};

/*
 * Those that are named, or all (names 0). Return: 0, or the status to end with;
 * what is wrong has been said.
 */
int devices_load(struct devices *d, int names, char **name);

const struct device *devices_find(const struct devices *d, int ifindex);
const struct device *devices_find_name(const struct devices *d,
				       const char *name);
void devices_free(struct devices *d);

/* Whether a program gave it up, or never opened it, and it is still there. */
static inline bool device_unused(const struct device *d)
{
	return !d->queues && !d->detached;
}

/* Its name, without what terminals obey. */
const char *device_shown(const struct device *d, char buffer[IFNAMSIZ]);

/* "tun" or "tap". */
const char *device_type(const struct device *d);

/*
 * The words of its flags, without the type: one at each call with an index
 * from 0, NULL behind the last one.
 */
const char *device_flag(const struct device *d, unsigned int index);

/* Name of a user or group, or its number, or "-": none. */
const char *device_user(int64_t uid, char buffer[64]);
const char *device_group(int64_t gid, char buffer[64]);

#endif
