// SPDX-License-Identifier: GPL-2.0
/* 5.4, 8651ec01daed, until 6.12: the name is a token. Delete when 6.12 goes. */
#include <linux/module.h>

MODULE_IMPORT_NS(NETDEV_INTERNAL);
