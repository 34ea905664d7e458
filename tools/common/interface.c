// SPDX-License-Identifier: GPL-2.0
#include "interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

int interface_set_txqueuelen(const char *name, unsigned int packets)
{
	struct ifreq req;

	set_name(&req, name);
	req.ifr_qlen = (int)packets;
	return request(AF_INET, SIOCSIFTXQLEN, &req);
}

static int add_ipv4(const char *name, const char *text, unsigned long prefix)
{
	struct sockaddr_in *in;
	struct ifreq req;
	int err;

	set_name(&req, name);
	in = (struct sockaddr_in *)(void *)&req.ifr_addr;
	in->sin_family = AF_INET;
	if (prefix > 32 || inet_pton(AF_INET, text, &in->sin_addr) != 1)
		return -EINVAL;
	err = request(AF_INET, SIOCSIFADDR, &req);
	if (err)
		return err;
	in->sin_addr.s_addr = prefix ? htonl(~0U << (32 - prefix)) : 0;
	return request(AF_INET, SIOCSIFNETMASK, &req);
}

static int add_ipv6(const char *name, const char *text, unsigned long prefix)
{
	struct in6_request req = {
		.prefix = (uint32_t)prefix,
		.index = (int)if_nametoindex(name),
	};

	if (prefix > 128 || inet_pton(AF_INET6, text, &req.address) != 1)
		return -EINVAL;
	return request(AF_INET6, SIOCSIFADDR, &req);
}

int interface_add_address(const char *name, const char *text)
{
	char address[INET6_ADDRSTRLEN], *end;
	const char *slash = strchr(text, '/');
	unsigned long prefix;

	if (!slash || slash == text || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	prefix = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end)
		return -EINVAL;
	return strchr(address, ':') ? add_ipv6(name, address, prefix) :
				      add_ipv4(name, address, prefix);
}
