/* SPDX-License-Identifier: GPL-2.0 */
/* Counters that are read without tearing. */
#ifndef _MYTUN_COMPAT_LINUX_U64_STATS_SYNC_H
#define _MYTUN_COMPAT_LINUX_U64_STATS_SYNC_H

#include_next <linux/u64_stats_sync.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_U64_STATS_T
typedef u64 u64_stats_t;

static inline u64 u64_stats_read(const u64_stats_t *p)
{
	return READ_ONCE(*p);
}

static inline void u64_stats_add(u64_stats_t *p, unsigned long n)
{
	*p += n;
}

static inline void u64_stats_inc(u64_stats_t *p)
{
	*p += 1;
}
#endif

#endif /* _MYTUN_COMPAT_LINUX_U64_STATS_SYNC_H */
