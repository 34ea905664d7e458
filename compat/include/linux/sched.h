/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks. */
#ifndef _MYTUN_COMPAT_LINUX_SCHED_H
#define _MYTUN_COMPAT_LINUX_SCHED_H

#include_next <linux/sched.h>
#include <mytun-answers.h>

#ifdef MYTUN_HAVE_CPUS_PTR
#define mytun_cpus_allowed(task)	((task)->cpus_ptr)
#else
#define mytun_cpus_allowed(task)	(&(task)->cpus_allowed)
#endif

#endif /* _MYTUN_COMPAT_LINUX_SCHED_H */
