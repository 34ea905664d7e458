// SPDX-License-Identifier: GPL-2.0
/* 4.19, 6b8675897338, took it away. Delete when 4.15 goes. */
#include <linux/netdevice.h>

int probe(struct netdev_bpf *cmd);
int probe(struct netdev_bpf *cmd)
{
	return cmd->prog_attached;
}
