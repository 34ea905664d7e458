/* SPDX-License-Identifier: GPL-2.0 */
/* A file that stands for a network namespace. */
#ifndef _MYTUN_COMPAT_LINUX_PROC_FS_H
#define _MYTUN_COMPAT_LINUX_PROC_FS_H

#include_next <linux/proc_fs.h>
#include <linux/socket.h>
#include <net/net_namespace.h>
#include <mytun-answers.h>

#ifdef MYTUN_HAVE_GET_NET_NS
#define mytun_open_netns(net)	open_related_ns(&(net)->ns, get_net_ns)
#else
/* The core of this kernel offers modules no way to make one. */
#define mytun_open_netns(net)	(-EOPNOTSUPP)
#endif

#endif /* _MYTUN_COMPAT_LINUX_PROC_FS_H */
