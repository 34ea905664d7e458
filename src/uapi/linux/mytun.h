/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * mytun: a TUN/TAP driver. Every ioctl, flag and structure of <linux/if_tun.h>
 * works on /dev/net/mytun; this header has what goes beyond them.
 */
#ifndef _UAPI_LINUX_MYTUN_H
#define _UAPI_LINUX_MYTUN_H

#include <linux/types.h>

/*
 * Why a packet was lost. Each reason has a counter, named in `ethtool -S`.
 * Those marked (tx) add to tx_dropped of the device, those marked (rx) to
 * rx_dropped, those marked (frame) to rx_frame_errors.
 */
enum mytun_drop {
	MYTUN_DROP_TX_NO_QUEUE,		/* (tx) no queue has this number */
	MYTUN_DROP_TX_FILTER,		/* (tx) MAC filter, or a program */
	MYTUN_DROP_TX_FULL,		/* (tx) the queue was full */
	MYTUN_DROP_TX_NOMEM,		/* (tx) no memory */
	MYTUN_DROP_TX_DETACHED,		/* (tx) waited in a queue that left */
	MYTUN_DROP_TX_HEADER,		/* (tx) not expressible to the user */
	MYTUN_DROP_TX_BUFFER,		/* (tx) the user's buffer: too short for
					 * the headers, or not writable
					 */
	MYTUN_DROP_RX_DOWN,		/* (rx) the device is down */
	MYTUN_DROP_RX_NOMEM,		/* (rx) no memory */
	MYTUN_DROP_RX_FAULT,		/* (rx) payload could not be read */
	MYTUN_DROP_RX_PROTOCOL,		/* (rx) neither IPv4 nor IPv6 */
	MYTUN_DROP_RX_TOO_BIG,		/* (rx) more than a packet can hold */
	MYTUN_DROP_RX_VNET,		/* (frame) bad virtio_net_hdr */
	MYTUN_DROP_MAX
};

#endif /* _UAPI_LINUX_MYTUN_H */
