/* SPDX-License-Identifier: GPL-2.0 */
/* Symbol namespaces. */
#ifndef _MYTUN_COMPAT_LINUX_MODULE_H
#define _MYTUN_COMPAT_LINUX_MODULE_H

#include_next <linux/module.h>
#include <mytun-answers.h>

/* Exports of the network core that are kept for drivers, since 6.16. */
#if defined(MYTUN_HAVE_MODULE_IMPORT_NS_STRING)
#define MYTUN_IMPORT_NETDEV_INTERNAL	MODULE_IMPORT_NS("NETDEV_INTERNAL")
#else
#define MYTUN_IMPORT_NETDEV_INTERNAL
#endif

#endif /* _MYTUN_COMPAT_LINUX_MODULE_H */
