// SPDX-License-Identifier: GPL-2.0
/* 6.9, e6d5dbdd20aa. Delete when 6.8 goes. */
#include <linux/netdevice.h>

int probe(struct bpf_prog *prog, struct sk_buff **pskb);
int probe(struct bpf_prog *prog, struct sk_buff **pskb)
{
	return do_xdp_generic(prog, pskb);
}
