/* SPDX-License-Identifier: GPL-2.0 */
/* What a virtio_net_hdr can say. */
#ifndef _MYTUN_COMPAT_LINUX_VIRTIO_NET_H
#define _MYTUN_COMPAT_LINUX_VIRTIO_NET_H

#include_next <linux/virtio_net.h>
#include <mytun-answers.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#ifndef VIRTIO_NET_HDR_GSO_UDP_TUNNEL
#define VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM	8
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4	0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6	0x40
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL		0x60
#endif

#endif /* _MYTUN_COMPAT_LINUX_VIRTIO_NET_H */
