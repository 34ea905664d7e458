/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What poll() returns has had a type of its own since 4.16, 8ced390c2b18, and
 * this header the events that are of that type.
 */
#ifndef _MYTUN_COMPAT_LINUX_POLL_H
#define _MYTUN_COMPAT_LINUX_POLL_H

#include_next <linux/poll.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_POLL_T
#include <uapi/linux/eventpoll.h>

#define __poll_t	unsigned int
#endif

#endif /* _MYTUN_COMPAT_LINUX_POLL_H */
