/* SPDX-License-Identifier: GPL-2.0 */
/* Why packets were lost: enum mytun_drop, for people. */
#ifndef REASON_H
#define REASON_H

#include <stdint.h>

#include "netlink.h"

/* A later module may know more reasons than this program. */
#define REASONS	64

struct drops {
	unsigned int n;			/* reasons that the module knows */
	unsigned long long count[REASONS];
};

/* As in `ethtool -S`. Reasons that are not known here have a number. */
const char *reason_name(unsigned int reason);

/* What it means, in a few words, or "". */
const char *reason_text(unsigned int reason);

void drops_read(struct drops *d, const struct nlattr *nest);
unsigned long long drops_sum(const struct drops *d);
void drops_json(const char *key, const struct drops *d);

#endif
