// SPDX-License-Identifier: GPL-2.0
#include "socket.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>

#include "../common/number.h"
#include "wire.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#ifndef UDP_GRO
#define UDP_GRO		104
#endif

/*
 * An IPv6 address that says nothing without an interface has one behind it, by
 * name or number; another has none (RFC 4007, section 11).
 */
static int parse_ipv6(char *text, struct sockaddr_in6 *in6)
{
	char *zone = strchr(text, '%');
	uint64_t number;

	if (zone)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1 ||
	    !zone != !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		return -1;
	if (!zone)
		return 0;
	in6->sin6_scope_id = if_nametoindex(zone);
	if (!in6->sin6_scope_id && !number_parse(zone, 1, INT32_MAX, &number))
		in6->sin6_scope_id = (uint32_t)number;
	return in6->sin6_scope_id ? 0 : -1;
}

int socket_parse(const char *text, int port, union socket_address *address)
{
	char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + sizeof("%,65535")];
	uint64_t number = (uint64_t)port;
	char *comma;

	memset(address, 0, sizeof(*address));
	if (strlen(text) >= sizeof(copy))
		return -1;
	strcpy(copy, text);
	comma = strrchr(copy, ',');
	if (comma) {
		*comma = '\0';
		if (number_parse(comma + 1, 1, 65535, &number))
			return -1;
	}
	if (inet_pton(AF_INET, copy, &address->in.sin_addr) == 1) {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons((uint16_t)number);
		return 0;
	}
	if (!parse_ipv6(copy, &address->in6)) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons((uint16_t)number);
		return 0;
	}
	return -1;
}

socklen_t socket_length(const union socket_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->in) :
						   sizeof(address->in6);
}

bool socket_equal(const union socket_address *a,
		  const union socket_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr,
		       sizeof(a->in6.sin6_addr));
}

/* The socket's number is the datagram's queue, modulo how many there are. */
static int steer(int fd, unsigned int count)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 offsetof(struct wire_plain, queue)),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(*code),
		.filter = code,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			  sizeof(program));
}

/* Beyond the system's limit where that is permitted. */
static void set_buffer(int fd, int name, int forced, unsigned int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, name, &bytes, sizeof(bytes));
}

/* A socket with that address. -1: see errno. */
static int bind_one(const union socket_address *local, bool shared)
{
	int fd = socket(local->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	int error;

	if (fd < 0)
		return -1;
	if ((!shared ||
	     !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) &&
	    !bind(fd, &local->any, socket_length(local)))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/*
 * Another program of the same user could share the port with us, and each would
 * get a part of what comes. Who wants it alone is refused then.
 */
static int find_free(const union socket_address *local)
{
	int fd = bind_one(local, false);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int open_one(struct socket_settings *settings)
{
	int fd = bind_one(&settings->local, true);
	const int on = 1;

	if (fd < 0)
		return -1;
	if (settings->buffer) {
		set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, settings->buffer);
		set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, settings->buffer);
	}
	if (settings->gro &&
	    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)))
		settings->gro = false;
	return fd;
}

int socket_open(int *fds, unsigned int count,
		struct socket_settings *settings)
{
	unsigned int made;

	if (find_free(&settings->local)) {
		warn("local address");
		return -1;
	}
	for (made = 0; made < count; made++) {
		fds[made] = open_one(settings);
		if (fds[made] < 0) {
			warn("local address");
			break;
		}
	}
	/* They are numbered in the order in which they were bound. */
	if (made == count && (count == 1 || !steer(fds[0], count)))
		return 0;
	if (made == count)
		warn("steering datagrams to %u sockets", count);
	while (made)
		close(fds[--made]);
	return -1;
}

bool socket_can_segment(int fd)
{
	int size = 0;
	socklen_t length = sizeof(size);

	return !getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length);
}
