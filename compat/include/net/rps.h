/* SPDX-License-Identifier: GPL-2.0 */
/* Receive flow steering, which was a part of <net/sock.h> until 6.9. */
#ifndef _MYTUN_COMPAT_NET_RPS_H
#define _MYTUN_COMPAT_NET_RPS_H

#include <mytun-answers.h>

#ifdef MYTUN_HAVE_NET_RPS
#include_next <net/rps.h>
#endif
#include <net/sock.h>

/* Whether anyone wants to know on which CPU a flow is read. */
static inline bool mytun_rfs_on(void)
{
#ifdef CONFIG_RPS
	return static_key_enabled(&rfs_needed);
#else
	return false;
#endif
}

#endif /* _MYTUN_COMPAT_NET_RPS_H */
