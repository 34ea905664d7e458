// SPDX-License-Identifier: GPL-2.0
/* 6.3, 584f3742890e; also in stable 5.10, 5.15, 6.1. Delete when all have it. */
#include <net/sock.h>

void (*probe)(struct socket *sock, struct sock *sk, kuid_t uid) =
	sock_init_data_uid;
