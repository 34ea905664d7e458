/* SPDX-License-Identifier: GPL-2.0 */
/* poll() masks. */
#ifndef _MYTUN_COMPAT_LINUX_POLL_H
#define _MYTUN_COMPAT_LINUX_POLL_H

#include_next <linux/poll.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_POLL_T
typedef unsigned int __poll_t;
#endif

#endif /* _MYTUN_COMPAT_LINUX_POLL_H */
