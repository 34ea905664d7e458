// SPDX-License-Identifier: GPL-2.0
/* Until 5.8; gone since e8407fdeb9a6. Delete when 5.4 goes. */
#include <linux/netdevice.h>

int probe = XDP_QUERY_PROG;
