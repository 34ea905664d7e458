/* SPDX-License-Identifier: GPL-2.0 */
/* Flows, and which of them are wanted. */
#ifndef FLOW_H
#define FLOW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct flow_end_point {
	uint8_t address[16];
	uint16_t port;
};

struct flow {
	int ifindex;
	uint32_t queue;
	uint16_t family;	/* AF_INET, AF_INET6, AF_UNSPEC: MAC addresses */
	uint8_t protocol;
	uint16_t ethertype;
	struct flow_end_point end[2];
	uint32_t idle_ms;
	uint32_t hash;
};

struct flow_filter {
	int queue;		/* -1: any */
	int protocol;		/* -1: any */
	int port;		/* -1: any; of either end */
	int family;		/* AF_UNSPEC: any; of the address */
	uint8_t address[16];	/* of either end */
	int prefix;		/* bits of it that count */
};

bool flow_matches(const struct flow *f, const struct flow_filter *filter);

/* "192.0.2.0/24", "2001:db8::1". False: it is neither. */
bool flow_filter_address(struct flow_filter *filter, const char *text);

/* A number or a name of /etc/protocols. False: it is neither. */
bool flow_filter_protocol(struct flow_filter *filter, const char *text);

/* "tcp", "17", or the EtherType: "0x0806". */
const char *flow_protocol(const struct flow *f, char buffer[16]);

/* "192.0.2.1:53", "[2001:db8::1]:53", without a port where there is none. */
const char *flow_end(const struct flow *f, int end, char buffer[64]);
const char *flow_address(const struct flow *f, int end, char buffer[64]);

#endif
