// SPDX-License-Identifier: GPL-2.0
/* 6.13, cdd30ebb1b9f. The network core uses one since 6.16. Delete when 6.12 goes. */
#include <linux/module.h>

MODULE_IMPORT_NS("NETDEV_INTERNAL");
