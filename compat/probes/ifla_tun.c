// SPDX-License-Identifier: GPL-2.0
/* 4.17, 1ec010e70593. Delete when 4.15 goes. */
#include <linux/if_link.h>

int probe = IFLA_TUN_NUM_DISABLED_QUEUES;
