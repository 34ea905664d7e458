// SPDX-License-Identifier: GPL-2.0
/* 5.12, f450d539c05a; also in RHEL 8.10. Delete when 5.10 goes. */
#include <linux/skbuff.h>

struct sk_buff *(*probe)(void *data, unsigned int room) = napi_build_skb;
