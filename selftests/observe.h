/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a program can see of a device or of a file that belongs to one.
 *
 * Left out is what no driver decides: which index was free, random addresses
 * (a MAC address is noted if it begins with
 * 02:5e:00:00), and what a worker of the
 * kernel changes later (IFF_RUNNING, the operational state).
 */
#ifndef SELFTESTS_OBSERVE_H
#define SELFTESTS_OBSERVE_H

#include "note.h"

/* rtnetlink, every attribute and counter, and sysfs. */
void observe_device(struct note *note, const char *name);

/* The counters alone, by rtnetlink. */
void observe_stats(struct note *note, const char *name);

/* ethtool: driver, features, link, channels, coalescing, rings, ... */
void observe_ethtool(struct note *note, const char *name);

/* A MAC address, or what kind of one. */
void observe_mac(struct note *note, const char *key, const uint8_t *mac,
		 size_t size);

/*
 * The last notification about a device since the last call: kind and tun
 * attributes. device "": forget what has come. A worker of the kernel sends some
 * as well, after a change of the carrier, at any time: so this is for steps that
 * make the driver send one. fd from observe_open(), or -errno.
 */
int observe_open(void);
void observe_news(struct note *note, const char *device, int fd);

#endif
