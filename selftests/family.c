// SPDX-License-Identifier: GPL-2.0
#include "family.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>

struct request {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	uint8_t data[256];
};

static int ask(struct family *f, uint16_t type, uint16_t flags, uint8_t cmd,
	       const void *data, size_t size)
{
	struct request r = {
		.nlh = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(r.genl)) + size,
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | flags,
			.nlmsg_seq = ++f->seq,
		},
		.genl = { .cmd = cmd, .version = 1 },
	};

	memcpy(r.data, data, size);
	f->size = 0;
	f->at = 0;
	f->reads = 0;
	f->interrupted = false;
	return send(f->fd, &r, r.nlh.nlmsg_len, 0) < 0 ? -errno : 0;
}

static const struct nlmsghdr *next_message(struct family *f)
{
	const struct nlmsghdr *nlh;
	ssize_t got;

	while (f->at + sizeof(*nlh) > f->size) {
		got = recv(f->fd, f->buffer, sizeof(f->buffer), 0);
		if (got <= 0)
			return NULL;
		f->size = got;
		f->at = 0;
		f->reads++;
	}
	nlh = (const void *)(f->buffer + f->at);
	f->at += NLMSG_ALIGN(nlh->nlmsg_len);
	return nlh;
}

/* Skips header bytes behind the one of generic netlink. */
static int next(struct family *f, size_t header)
{
	const struct nlmsghdr *nlh;
	const uint8_t *data;
	size_t size;
	int err;

	do {
		nlh = next_message(f);
		if (!nlh)
			return -errno;
	} while (nlh->nlmsg_seq != f->seq);
	f->interrupted |= nlh->nlmsg_flags & NLM_F_DUMP_INTR;
	data = NLMSG_DATA(nlh);
	size = nlh->nlmsg_len - NLMSG_HDRLEN;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		memcpy(&err, data, sizeof(err));
		return err < 0 ? err : 0;
	}
	header += GENL_HDRLEN;
	if (size < header)
		return -EBADMSG;
	memcpy(&f->ifindex, data + GENL_HDRLEN, sizeof(f->ifindex));
	f->attrs = (const void *)(data + header);
	f->attrs_size = size - header;
	return 1;
}

int family_open(struct family *f)
{
	static const struct {
		struct nlattr attr;
		char name[8];
	} name = {
		.attr = { sizeof(name.attr) + sizeof(MYTUN_GENL_NAME),
			  CTRL_ATTR_FAMILY_NAME },
		.name = MYTUN_GENL_NAME,
	};
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int err;

	memset(f, 0, sizeof(*f));
	f->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (f->fd < 0)
		return -errno;
	err = bind(f->fd, (void *)&any, sizeof(any)) ? -errno : 0;
	if (!err)
		err = ask(f, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, &name,
			  sizeof(name));
	if (!err)
		err = next(f, 0);
	if (err == 1) {
		f->id = family_number(family_attr(f, CTRL_ATTR_FAMILY_ID));
		return 0;
	}
	close(f->fd);
	f->fd = -1;
	return err ? err : -EBADMSG;
}

void family_close(struct family *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int family_ask_raw(struct family *f, int cmd, const void *request, size_t size)
{
	return ask(f, f->id, NLM_F_DUMP, cmd, request, size);
}

int family_ask(struct family *f, int cmd, int ifindex)
{
	struct mytun_genl request = { .ifindex = ifindex };

	return family_ask_raw(f, cmd, &request, sizeof(request));
}

int family_next(struct family *f)
{
	return next(f, sizeof(struct mytun_genl));
}

int family_count(struct family *f, int cmd, int ifindex)
{
	int err = family_ask(f, cmd, ifindex), n = 0;

	if (err)
		return err;
	while ((err = family_next(f)) == 1)
		n++;
	return err ? err : n;
}

static const struct nlattr *find(const void *attrs, size_t size, int type)
{
	const struct nlattr *a;
	size_t at = 0;

	while (at + sizeof(*a) <= size) {
		a = attrs + at;
		if (a->nla_len < sizeof(*a) || at + a->nla_len > size)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

const struct nlattr *family_attr(const struct family *f, int type)
{
	return find(f->attrs, f->attrs_size, type);
}

const struct nlattr *family_nested(const struct nlattr *nest, int type)
{
	return nest ? find(nest + 1, nest->nla_len - sizeof(*nest), type) :
		      NULL;
}

const void *family_data(const struct nlattr *attr, size_t *size)
{
	*size = attr ? attr->nla_len - sizeof(*attr) : 0;
	return attr ? attr + 1 : NULL;
}

int64_t family_number(const struct nlattr *attr)
{
	size_t size;
	const void *data = family_data(attr, &size);
	uint64_t value = 0;

	if (!data || size > sizeof(value))
		return -1;
	/* Little endian or not: the shorter types are read as such. */
	switch (size) {
	case 1:
		return *(const uint8_t *)data;
	case 2:
		return *(const uint16_t *)data;
	case 4:
		return *(const uint32_t *)data;
	}
	memcpy(&value, data, size);
	return value;
}
