/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ip(8) wants of a plug-in: the structure of its ip/ip_common.h, which has
 * kept this beginning since 2.6.24 and has no installed header. What newer ones
 * may have behind it is zero.
 */
#ifndef MYTUN_LINK_UTIL_H
#define MYTUN_LINK_UTIL_H

#include <stdio.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *self, int argc, char **argv,
			 struct nlmsghdr *n);
	void (*print_opt)(struct link_util *self, FILE *f,
			  struct rtattr *tb[]);
	void (*print_xstats)(struct link_util *self, FILE *f,
			     struct rtattr *xstats);
	void (*print_help)(struct link_util *self, int argc, char **argv,
			   FILE *f);
	void *spare[8];
};

/* ip's own, for kind tun, where it has one. */
extern struct link_util tun_link_util __attribute__((weak));

#endif
