/* SPDX-License-Identifier: GPL-2.0 */
/* Flags that later kernels gave to TUN/TAP devices. */
#ifndef _MYTUN_COMPAT_LINUX_IF_TUN_H
#define _MYTUN_COMPAT_LINUX_IF_TUN_H

#include_next <linux/if_tun.h>
#include <mytun-answers.h>

/*
 * Whether the stack can segment and check UDP_L4 packets that a user wrote:
 * such a kernel's own tun offers it.
 */
#ifdef TUN_F_USO4
#define MYTUN_CORE_USO		1
#else
#define MYTUN_CORE_USO		0
#define TUN_F_USO4		0x20
#define TUN_F_USO6		0x40
#endif

/* Likewise for GSO packets inside a UDP tunnel. */
#ifdef TUN_F_UDP_TUNNEL_GSO
#define MYTUN_CORE_TUNNEL	1
#else
#define MYTUN_CORE_TUNNEL	0
#define TUN_F_UDP_TUNNEL_GSO		0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM	0x100
#endif

#ifndef TUNGETVNETBE
#define TUNSETVNETBE		_IOW('T', 222, int)
#define TUNGETVNETBE		_IOR('T', 223, int)
#endif
#ifndef TUNSETSTEERINGEBPF
#define TUNSETSTEERINGEBPF	_IOR('T', 224, int)
#define TUNSETFILTEREBPF	_IOR('T', 225, int)
#endif
#ifndef TUNSETCARRIER
#define TUNSETCARRIER		_IOW('T', 226, int)
#endif
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS		_IO('T', 227)
#endif
#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER		0x0040
#endif
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#endif /* _MYTUN_COMPAT_LINUX_IF_TUN_H */
