/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ethtool's requests, for a device of the caller's network namespace. Functions
 * return 0, or what they were asked for, and -errno on failure.
 */
#ifndef SELFTESTS_ETHTOOL_H
#define SELFTESTS_ETHTOOL_H

#include <stdbool.h>
#include <stdint.h>

/* One request: a struct of <linux/ethtool.h>, its cmd filled in. */
int ethtool(const char *name, void *request);

/* One of the ETHTOOL_G* that answer with one number, and the same to set. */
int ethtool_get(const char *name, uint32_t command);
int ethtool_set(const char *name, uint32_t command, uint32_t value);

/* As `ethtool -K`: a feature by the name that the kernel gives it. */
int ethtool_set_feature(const char *name, const char *feature, bool on);

/* As `ethtool -S`: a counter by its name. */
long ethtool_counter(const char *name, const char *counter);

#endif
