/* SPDX-License-Identifier: GPL-2.0 */
/* Packets. */
#ifndef _MYTUN_COMPAT_LINUX_SKBUFF_H
#define _MYTUN_COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_NF_RESET_CT
#define nf_reset_ct(skb)	nf_reset(skb)
#endif

#endif /* _MYTUN_COMPAT_LINUX_SKBUFF_H */
