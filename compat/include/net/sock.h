/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets: who owns them. */
#ifndef _MYTUN_COMPAT_NET_SOCK_H
#define _MYTUN_COMPAT_NET_SOCK_H

#include_next <net/sock.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_SOCK_INIT_DATA_UID
static inline void sock_init_data_uid(struct socket *sock, struct sock *sk,
				      kuid_t uid)
{
	sock_init_data(sock, sk);
	sk->sk_uid = uid;
}
#endif

#endif /* _MYTUN_COMPAT_NET_SOCK_H */
