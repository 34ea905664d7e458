/* SPDX-License-Identifier: GPL-2.0 */
/* Timers. */
#ifndef _MYTUN_COMPAT_LINUX_HRTIMER_H
#define _MYTUN_COMPAT_LINUX_HRTIMER_H

#include_next <linux/hrtimer.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_HRTIMER_SETUP
#define hrtimer_setup(timer, fn, clock, mode)				\
do {									\
	hrtimer_init(timer, clock, mode);				\
	(timer)->function = (fn);					\
} while (0)
#endif

#endif /* _MYTUN_COMPAT_LINUX_HRTIMER_H */
