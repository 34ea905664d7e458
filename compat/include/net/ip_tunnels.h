/* SPDX-License-Identifier: GPL-2.0 */
/* Link layer operations of devices without one. */
#ifndef _MYTUN_COMPAT_NET_IP_TUNNELS_H
#define _MYTUN_COMPAT_NET_IP_TUNNELS_H

#include_next <net/ip_tunnels.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_IP_TUNNEL_HEADER_OPS
static const struct header_ops ip_tunnel_header_ops;
#endif

#endif /* _MYTUN_COMPAT_NET_IP_TUNNELS_H */
