/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program needs to say about its own network interface: that it is up,
 * its MTU, the length of its queue and its addresses. All return 0 or a negative
 * errno.
 */
#ifndef TOOLS_INTERFACE_H
#define TOOLS_INTERFACE_H

#include <stdint.h>

/* An address and the length of its network's prefix. */
struct interface_address {
	const char *text;	/* as it was written */
	int family;		/* AF_INET or AF_INET6 */
	unsigned int prefix;
	uint8_t bytes[16];
};

/* 192.0.2.1/24, or of IPv6. -EINVAL: it is none. */
int interface_parse(const char *text, struct interface_address *address);

int interface_up(const char *name);
int interface_set_mtu(const char *name, unsigned int mtu);
int interface_set_txqueuelen(const char *name, unsigned int packets);
/* One of IPv4 takes the place of the one before. */
int interface_add_address(const char *name,
			  const struct interface_address *address);

#endif
