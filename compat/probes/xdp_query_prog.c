// SPDX-License-Identifier: GPL-2.0
/* 5.9, e8407fdeb9a6, took it away. Delete when 5.4 goes. */
#include <linux/netdevice.h>

int probe = XDP_QUERY_PROG;
