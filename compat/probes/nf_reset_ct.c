// SPDX-License-Identifier: GPL-2.0
/* 5.4, 895b5c9f206e; also in RHEL 8.2. Delete when 4.19 goes. */
#include <linux/skbuff.h>

void (*probe)(struct sk_buff *skb) = nf_reset_ct;
