/* SPDX-License-Identifier: GPL-2.0 */
/* Modules and symbol namespaces. */
#ifndef _MYTUN_COMPAT_LINUX_MODULE_H
#define _MYTUN_COMPAT_LINUX_MODULE_H

#include_next <linux/module.h>
#include <mytun-answers.h>

/*
 * Exports of the network core that are kept for drivers, since 6.16. By then
 * the name is a string (6.13, cdd30ebb1b9f).
 */
#if defined(MODULE_IMPORT_NS) && !defined(MYTUN_HAVE_MODULE_IMPORT_NS_TOKEN)
#define MYTUN_IMPORT_NETDEV_INTERNAL	MODULE_IMPORT_NS("NETDEV_INTERNAL")
#else
#define MYTUN_IMPORT_NETDEV_INTERNAL	MODULE_INFO(mytun, "no namespaces")
#endif

/*
 * module_init() makes an alias that is not __init as its function is. gcc 9
 * began to say so, and 5.1, a6e60d84989f, has the alias copy that.
 */
#if !defined(__copy) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 9
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif
#endif

#endif /* _MYTUN_COMPAT_LINUX_MODULE_H */
