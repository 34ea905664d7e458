/* SPDX-License-Identifier: GPL-2.0 */
/* Packets. */
#ifndef _MYTUN_COMPAT_LINUX_SKBUFF_H
#define _MYTUN_COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_NF_RESET_CT
#define nf_reset_ct(skb)		nf_reset(skb)
#endif

#ifndef MYTUN_HAVE_NAPI_BUILD_SKB
#define napi_build_skb(data, room)	build_skb(data, room)
#endif

#endif /* _MYTUN_COMPAT_LINUX_SKBUFF_H */
