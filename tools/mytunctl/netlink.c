// SPDX-License-Identifier: GPL-2.0
/* The driver's generic netlink family, and rtnetlink, by libmnl. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/mytun.h>
#include <linux/rtnetlink.h>

#include "mytunctl.h"
#include "netlink.h"

/* The kernel fills buffers of this size in dumps; larger ones are of no use. */
#define BUFFER	32768

/* How often queues may come and go while they are asked for. */
#define TRIES	20

static unsigned long long number_of(const struct nlattr *a, size_t size)
{
	unsigned long long value = 0;

	if (mnl_attr_get_payload_len(a) != size)
		return 0;
	switch (size) {
	case 1:
		return *(uint8_t *)mnl_attr_get_payload(a);
	case 2:
		return *(uint16_t *)mnl_attr_get_payload(a);
	case 4:
		return *(uint32_t *)mnl_attr_get_payload(a);
	}
	memcpy(&value, mnl_attr_get_payload(a), sizeof(value));
	return value;
}

uint8_t attr_u8(const struct nlattr *a)
{
	return number_of(a, 1);
}

uint16_t attr_u16(const struct nlattr *a)
{
	return number_of(a, 2);
}

uint16_t attr_be16(const struct nlattr *a)
{
	return ntohs(number_of(a, 2));
}

uint32_t attr_u32(const struct nlattr *a)
{
	return number_of(a, 4);
}

unsigned long long attr_u64(const struct nlattr *a)
{
	return number_of(a, 8);
}

static struct mnl_socket *open_socket(int protocol)
{
	struct mnl_socket *s = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	int size = 1 << 20, on = 1;

	if (!s)
		return NULL;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID)) {
		mnl_socket_close(s);
		return NULL;
	}
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUF, &size,
		   sizeof(size));
	/* Errors need not repeat what was asked. */
	mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	return s;
}

/*
 * Sends a request and hands each message of the answer on, until the
 * acknowledgment or the end of the dump.
 */
static int talk(struct mnl_socket *s, struct nlmsghdr *request,
		void (*message)(const struct nlmsghdr *nlh, void *data),
		void *data)
{
	static char buffer[BUFFER];
	struct nlmsghdr *nlh;
	ssize_t got;
	int len, err;

	request->nlmsg_seq = time(NULL);
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		got = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		len = got;
		for (nlh = (void *)buffer; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != request->nlmsg_seq)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				return -EINTR;
			/* Both begin with the error, or 0. */
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE) {
				if (mnl_nlmsg_get_payload_len(nlh) <
				    sizeof(err))
					return 0;
				memcpy(&err, mnl_nlmsg_get_payload(nlh),
				       sizeof(err));
				return err;
			}
			if (message)
				message(nlh, data);
		}
	}
}

static void find_id(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			*(int *)data = attr_u16(a);
}

/* The number of the driver's family, or -errno. */
static int family_id(struct mnl_socket *s)
{
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;
	int id = -ENOENT, err;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, MYTUN_GENL_NAME);
	err = talk(s, nlh, find_id, &id);
	return err ? err : id;
}

static void dump_message(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct mytun_genl *hdr = (const void *)(genl + 1);
	struct dump *d = data;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) + sizeof(*hdr))
		return;
	d->message(d, hdr->ifindex);
	mnl_attr_for_each(a, nlh, sizeof(*genl) + sizeof(*hdr))
		d->attribute(d, a);
	d->message_end(d);
}

static int dump_once(struct dump *d)
{
	struct mnl_socket *s = open_socket(NETLINK_GENERIC);
	struct mytun_genl *hdr;
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	char buffer[256];
	int id, err;

	if (!s)
		return -errno;
	id = family_id(s);
	if (id < 0) {
		mnl_socket_close(s);
		return id;
	}
	nlh = mnl_nlmsg_put_header(buffer);
	nlh->nlmsg_type = id;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = d->cmd;
	genl->version = MYTUN_GENL_VERSION;
	hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));
	hdr->ifindex = d->ifindex;
	d->begin(d);
	err = talk(s, nlh, dump_message, d);
	/* What is left of an interrupted dump goes with the socket. */
	mnl_socket_close(s);
	return err;
}

int netlink_dump(struct dump *d)
{
	int i, err = -EINTR;

	for (i = 0; i < TRIES && err == -EINTR; i++)
		err = dump_once(d);
	return err;
}

int netlink_failed(int err, const char *what)
{
	static const char denied[] =
		"needs CAP_NET_ADMIN in this network namespace (try sudo)";

	switch (err) {
	case -ENOENT:
		return failed(STATUS_MODULE,
			      "mytun is not loaded, or too old; try: mytunctl doctor");
	case -EOPNOTSUPP:
		return failed(STATUS_MODULE,
			      "%s: the loaded module is older than this program",
			      what);
	case -ENODEV:
		return failed(STATUS_ABSENT, "%s: no such device of mytun",
			      what);
	case -EPERM:
	case -EACCES:
		return failed(STATUS_DENIED, "%s: %s", what, denied);
	case -EINTR:
		return failed(STATUS_FAILED,
			      "%s: queues come and go too fast to be listed",
			      what);
	}
	return failed(STATUS_FAILED, "%s: %s", what, strerror(-err));
}

static int change_link(int type, int ifindex, uint32_t mtu, uint32_t length,
		       int up)
{
	struct mnl_socket *s = open_socket(NETLINK_ROUTE);
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	int err;

	if (!s)
		return -errno;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = ifindex;
	if (up) {
		info->ifi_flags = IFF_UP;
		info->ifi_change = IFF_UP;
	}
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	if (length)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, length);
	err = talk(s, nlh, NULL, NULL);
	mnl_socket_close(s);
	return err;
}

int netlink_delete_link(int ifindex)
{
	return change_link(RTM_DELLINK, ifindex, 0, 0, 0);
}

int netlink_set_link(int ifindex, uint32_t mtu, uint32_t txqueuelen, int up)
{
	return change_link(RTM_NEWLINK, ifindex, mtu, txqueuelen, up);
}
