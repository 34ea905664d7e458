// SPDX-License-Identifier: GPL-2.0
/* 5.11, 18b2db3b0385; also in RHEL 8.6. Delete when 5.10 goes. */
#include <linux/memcontrol.h>

int probe = MEMCG_DATA_KMEM;
