// SPDX-License-Identifier: GPL-2.0
/* Flows: as text, and which of them are wanted. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "mytunctl.h"

static const struct {
	int number;
	const char *name;
} protocols[] = {
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_ICMPV6, "icmpv6" },
	{ IPPROTO_SCTP, "sctp" },
};

static bool prefix_matches(const uint8_t *a, const uint8_t *b, int bits)
{
	uint8_t mask = bits % 8 ? 0xff << (8 - bits % 8) : 0;

	return !memcmp(a, b, bits / 8) &&
	       !(mask && (a[bits / 8] ^ b[bits / 8]) & mask);
}

bool flow_matches(const struct flow *f, const struct flow_filter *filter)
{
	if (filter->queue >= 0 && f->queue != (uint32_t)filter->queue)
		return false;
	if (filter->protocol >= 0 && (f->family == AF_UNSPEC ||
				      f->protocol != filter->protocol))
		return false;
	if (filter->port >= 0 && f->end[0].port != filter->port &&
	    f->end[1].port != filter->port)
		return false;
	if (filter->family == AF_UNSPEC)
		return true;
	return f->family == filter->family &&
	       (prefix_matches(f->end[0].address, filter->address,
			       filter->prefix) ||
		prefix_matches(f->end[1].address, filter->address,
			       filter->prefix));
}

bool flow_filter_address(struct flow_filter *filter, const char *text)
{
	char address[64], *slash, *end;
	long prefix, most;

	snprintf(address, sizeof(address), "%s", text);
	slash = strchr(address, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, address, filter->address) == 1)
		filter->family = AF_INET;
	else if (inet_pton(AF_INET6, address, filter->address) == 1)
		filter->family = AF_INET6;
	else
		return false;
	most = filter->family == AF_INET ? 32 : 128;
	prefix = most;
	if (slash) {
		prefix = strtol(slash, &end, 10);
		if (end == slash || *end || prefix < 0 || prefix > most)
			return false;
	}
	filter->prefix = prefix;
	return true;
}

bool flow_filter_protocol(struct flow_filter *filter, const char *text)
{
	const struct protoent *known = getprotobyname(text);
	char *end;
	long number;
	size_t i;

	if (known) {
		filter->protocol = known->p_proto;
		return true;
	}
	/* /etc/protocols may be absent. */
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!strcmp(text, protocols[i].name)) {
			filter->protocol = protocols[i].number;
			return true;
		}
	}
	number = strtol(text, &end, 10);
	if (end == text || *end || number < 0 || number > 255)
		return false;
	filter->protocol = number;
	return true;
}

const char *flow_protocol(const struct flow *f, char buffer[16])
{
	size_t i;

	if (f->family == AF_UNSPEC) {
		snprintf(buffer, 16, "0x%04x", f->ethertype);
		return buffer;
	}
	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (f->protocol == protocols[i].number)
			return protocols[i].name;
	snprintf(buffer, 16, "%u", f->protocol);
	return buffer;
}

const char *flow_address(const struct flow *f, int end, char buffer[64])
{
	const uint8_t *a = f->end[end].address;

	if (f->family == AF_UNSPEC)
		snprintf(buffer, 64, "%02x:%02x:%02x:%02x:%02x:%02x", a[0],
			 a[1], a[2], a[3], a[4], a[5]);
	else
		inet_ntop(f->family, a, buffer, 64);
	return buffer;
}

const char *flow_end(const struct flow *f, int end, char buffer[64])
{
	char address[64];

	flow_address(f, end, address);
	if (!f->end[0].port && !f->end[1].port)
		snprintf(buffer, 64, "%.46s", address);
	else
		snprintf(buffer, 64, f->family == AF_INET6 ? "[%.46s]:%u" :
			 "%.46s:%u", address, f->end[end].port);
	return buffer;
}
