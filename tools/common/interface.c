// SPDX-License-Identifier: GPL-2.0
#include "interface.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* <linux/ipv6.h> has it, and collides with <netinet/in.h>. */
struct in6_request {
	struct in6_addr address;
	uint32_t prefix;
	int index;
};

static int request(int family, unsigned long number, void *argument)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, number, argument))
		err = -errno;
	close(fd);
	return err;
}

static void set_name(struct ifreq *req, const char *name)
{
	memset(req, 0, sizeof(*req));
	snprintf(req->ifr_name, sizeof(req->ifr_name), "%s", name);
}

int interface_up(const char *name)
{
	struct ifreq req;
	int err;

	set_name(&req, name);
	err = request(AF_INET, SIOCGIFFLAGS, &req);
	if (err)
		return err;
	req.ifr_flags |= IFF_UP;
	return request(AF_INET, SIOCSIFFLAGS, &req);
}

int interface_set_mtu(const char *name, unsigned int mtu)
{
	struct ifreq req;

	set_name(&req, name);
	req.ifr_mtu = (int)mtu;
	return request(AF_INET, SIOCSIFMTU, &req);
}

/*
 * By netlink, which asks for CAP_NET_ADMIN in the user namespace of the network
 * namespace, as all else here does; the ioctl wants it of the whole system.
 */
int interface_set_txqueuelen(const char *name, unsigned int packets)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct rtattr attribute;
		uint32_t length;
	} message = {
		.header = {
			.nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.link.ifi_index = (int)if_nametoindex(name),
		.attribute = {
			.rta_len = RTA_LENGTH(sizeof(message.length)),
			.rta_type = IFLA_TXQLEN,
		},
		.length = packets,
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t got = -1;
	int err;

	if (fd < 0)
		return -errno;
	if (send(fd, &message, sizeof(message), 0) >= 0)
		got = recv(fd, &answer, sizeof(answer), 0);
	err = got < 0 ? -errno : -EPROTO;
	close(fd);
	if (got >= (ssize_t)NLMSG_LENGTH(sizeof(answer.error)) &&
	    answer.header.nlmsg_type == NLMSG_ERROR)
		return answer.error.error;
	return err;
}

static int add_ipv4(const char *name, const struct interface_address *address)
{
	struct sockaddr_in *in;
	struct ifreq req;
	int err;

	set_name(&req, name);
	in = (struct sockaddr_in *)(void *)&req.ifr_addr;
	in->sin_family = AF_INET;
	memcpy(&in->sin_addr, address->bytes, sizeof(in->sin_addr));
	err = request(AF_INET, SIOCSIFADDR, &req);
	if (err)
		return err;
	in->sin_addr.s_addr = address->prefix ?
		htonl(~0U << (32 - address->prefix)) : 0;
	return request(AF_INET, SIOCSIFNETMASK, &req);
}

static int add_ipv6(const char *name, const struct interface_address *address)
{
	struct in6_request req = {
		.prefix = address->prefix,
		.index = (int)if_nametoindex(name),
	};

	memcpy(&req.address, address->bytes, sizeof(req.address));
	return request(AF_INET6, SIOCSIFADDR, &req);
}

int interface_add_address(const char *name,
			  const struct interface_address *address)
{
	return address->family == AF_INET ? add_ipv4(name, address) :
					    add_ipv6(name, address);
}

int interface_parse(const char *text, struct interface_address *address)
{
	char copy[INET6_ADDRSTRLEN], *end;
	const char *slash = strchr(text, '/');
	unsigned long prefix;

	if (!slash || slash == text || (size_t)(slash - text) >= sizeof(copy) ||
	    !isdigit((unsigned char)slash[1]))
		return -EINVAL;
	memcpy(copy, text, (size_t)(slash - text));
	copy[slash - text] = '\0';
	memset(address, 0, sizeof(*address));
	address->text = text;
	address->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	prefix = strtoul(slash + 1, &end, 10);
	if (*end || prefix > (address->family == AF_INET ? 32 : 128) ||
	    inet_pton(address->family, copy, address->bytes) != 1)
		return -EINVAL;
	address->prefix = (unsigned int)prefix;
	return 0;
}
