/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program needs to say about its own network interface: that it is up,
 * its MTU and its addresses. All return 0 or a negative errno.
 */
#ifndef TOOLS_INTERFACE_H
#define TOOLS_INTERFACE_H

int interface_up(const char *name);
int interface_set_mtu(const char *name, unsigned int mtu);
int interface_set_txqueuelen(const char *name, unsigned int packets);
/* An IPv4 or IPv6 address and the length of its prefix: 192.0.2.1/24 */
int interface_add_address(const char *name, const char *text);

#endif
