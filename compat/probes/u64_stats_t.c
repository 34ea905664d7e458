// SPDX-License-Identifier: GPL-2.0
/* 5.5, 316580b69d0a. Delete when 5.4 goes. */
#include <linux/u64_stats_sync.h>

void probe(u64_stats_t *p);
void probe(u64_stats_t *p)
{
	u64_stats_add(p, u64_stats_read(p));
}
