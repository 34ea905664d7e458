/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family of mytun: dumps, message by message, as they come
 * out of the socket, so that a test can do something in between.
 */
#ifndef SELFTESTS_FAMILY_H
#define SELFTESTS_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/mytun.h>
#include <linux/netlink.h>

/* The kernel fills what a read takes: this little, so that dumps take many. */
#define FAMILY_BUFFER	8192

struct family {
	int fd;
	uint16_t id;
	uint32_t seq;
	uint8_t buffer[FAMILY_BUFFER];
	size_t size, at;	/* what is in the buffer, and where we are */
	unsigned int reads;	/* of the socket, in this dump */
	bool interrupted;	/* NLM_F_DUMP_INTR was set */
	int ifindex;		/* of the message that family_next() found */
	const struct nlattr *attrs;
	size_t attrs_size;
};

/* A socket in the caller's namespace. 0 or -errno; -ENOENT: no family. */
int family_open(struct family *f);
void family_close(struct family *f);

/*
 * Send a request for a dump: a struct mytun_genl, of which size bytes are sent,
 * and what stands behind it. 0 or -errno of sending.
 */
int family_ask_raw(struct family *f, int cmd, const void *request, size_t size);
int family_ask(struct family *f, int cmd, int ifindex);

/* The next message: 1, 0: that was all, or -errno that the kernel answered. */
int family_next(struct family *f);

/* How many messages a dump has, or -errno. */
int family_count(struct family *f, int cmd, int ifindex);

/* An attribute of the message, or in a nest; NULL: it is not there. */
const struct nlattr *family_attr(const struct family *f, int type);
const struct nlattr *family_nested(const struct nlattr *nest, int type);

/* Its payload as a number of 1 to 8 bytes; -1: there is no such attribute. */
int64_t family_number(const struct nlattr *attr);
const void *family_data(const struct nlattr *attr, size_t *size);

#endif
