// SPDX-License-Identifier: GPL-2.0
/* 6.15, 69c7be1b903f. Delete when 6.14 goes. */
#include <net/rtnetlink.h>

int probe(struct rtnl_newlink_params *params);
int probe(struct rtnl_newlink_params *params)
{
	return !params->data;
}
