// SPDX-License-Identifier: GPL-2.0
/* 4.17, d8d211a2a0c3 and 24dce0800baa, which export both. Delete when 4.15 goes. */
#include <linux/proc_fs.h>
#include <linux/socket.h>
#include <net/net_namespace.h>

struct ns_common *(*probe)(struct ns_common *ns) = get_net_ns;
