// SPDX-License-Identifier: GPL-2.0
/* 5.8, 2606aff916854. Delete when 5.4 goes. */
#include <net/ip_tunnels.h>

const struct header_ops *probe = &ip_tunnel_header_ops;
