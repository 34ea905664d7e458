/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink: the driver's family and rtnetlink. Functions return 0 or -errno.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <stdint.h>

#include <libmnl/libmnl.h>

/* What a dump is for: called for each attribute of each message. */
struct dump {
	int cmd;		/* MYTUN_CMD_* */
	int ifindex;		/* 0: all devices */
	/* The dump begins; once more, if queues came or went meanwhile. */
	void (*begin)(struct dump *d);
	void (*message)(struct dump *d, int ifindex);
	void (*attribute)(struct dump *d, const struct nlattr *a);
	/* The attributes of a message are complete. */
	void (*message_end)(struct dump *d);
};

/*
 * -ENOENT: the kernel has no such family. -ENODEV: no such device of mytun.
 * -EPERM: not for this user. -EOPNOTSUPP: the module does not know the command.
 */
int netlink_dump(struct dump *d);

/* Says what netlink_dump() met. Return: the status to end with. */
int netlink_failed(int err, const char *what);

/* RTM_DELLINK. */
int netlink_delete_link(int ifindex);

/* RTM_NEWLINK of an existing device; 0: leave it. */
int netlink_set_link(int ifindex, uint32_t mtu, uint32_t txqueuelen, int up);

/* Attributes, whose length may be wrong: then 0. */
uint8_t attr_u8(const struct nlattr *a);
uint16_t attr_u16(const struct nlattr *a);
uint16_t attr_be16(const struct nlattr *a);
uint32_t attr_u32(const struct nlattr *a);
unsigned long long attr_u64(const struct nlattr *a);

#endif
