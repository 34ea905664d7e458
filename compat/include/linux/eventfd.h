/* SPDX-License-Identifier: GPL-2.0 */
/* Event counters. */
#ifndef _MYTUN_COMPAT_LINUX_EVENTFD_H
#define _MYTUN_COMPAT_LINUX_EVENTFD_H

#include_next <linux/eventfd.h>
#include <mytun-answers.h>

#ifdef MYTUN_HAVE_EVENTFD_SIGNAL_ONE_ARG
#define mytun_eventfd_signal(ctx)	eventfd_signal(ctx)
#else
#define mytun_eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

#endif /* _MYTUN_COMPAT_LINUX_EVENTFD_H */
