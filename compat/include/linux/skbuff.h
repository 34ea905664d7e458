/* SPDX-License-Identifier: GPL-2.0 */
/* Packets. */
#ifndef _MYTUN_COMPAT_LINUX_SKBUFF_H
#define _MYTUN_COMPAT_LINUX_SKBUFF_H

/*
 * Until 5.16, 1a2fb220edca, this header takes the head of a list for a packet,
 * of which it uses two members that both have. Later compilers see that.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#include_next <linux/skbuff.h>
#pragma GCC diagnostic pop
#include <mytun-answers.h>

/* Both came in 4.18; no packet of an earlier kernel has this bit. */
#ifndef NETIF_F_GSO_UDP_L4
#define NETIF_F_GSO_UDP_L4		0
#define SKB_GSO_UDP_L4			BIT(30)
#endif

#ifndef MYTUN_HAVE_NF_RESET_CT
#define nf_reset_ct(skb)		nf_reset(skb)
#endif

#ifndef MYTUN_HAVE_NAPI_BUILD_SKB
#define napi_build_skb(data, room)	build_skb(data, room)
#endif

/* Reasons of tun's own came together; a part of the rest is older. */
#ifndef MYTUN_HAVE_DROP_REASON_TAP
#undef kfree_skb_reason
#define kfree_skb_reason(skb, reason)	((void)(reason), kfree_skb(skb))
#define SKB_DROP_REASON_NOMEM		0
#define SKB_DROP_REASON_SKB_UCOPY_FAULT	0
#define SKB_DROP_REASON_DEV_HDR		0
#define SKB_DROP_REASON_DEV_READY	0
#define SKB_DROP_REASON_FULL_RING	0
#define SKB_DROP_REASON_HDR_TRUNC	0
#define SKB_DROP_REASON_TAP_FILTER	0
#define SKB_DROP_REASON_UNHANDLED_PROTO	0
#define SKB_DROP_REASON_XDP		0
#endif

#endif /* _MYTUN_COMPAT_LINUX_SKBUFF_H */
