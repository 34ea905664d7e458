/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links, addresses and routes by rtnetlink, in the caller's network
 * namespace. Every function returns 0 on success and -errno on failure.
 */
#ifndef SELFTESTS_RTNL_H
#define SELFTESTS_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/if_link.h>

/* The link's flags: up or down. */
int link_set_up(const char *name);
int link_set_down(const char *name);

/* RTM_DELLINK. */
int link_delete(const char *name);

/* RTM_NEWLINK of a kind that takes no data ("dummy", "mytun"). */
int link_add(const char *name, const char *kind);

/* A veth pair, the second end in the namespace of that fd (-1: here). */
int link_add_veth(const char *name, const char *peer, int netns);

/* Move to the namespace of that fd, keeping the name. */
int link_set_netns(const char *name, int netns);

/* Rename; the link must be down on kernels before 6.2. */
int link_set_name(const char *name, const char *to);

/* Attributes of a link. txqueuelen in packets, MTU in bytes. */
int link_set_txqueuelen(const char *name, uint32_t length);
int link_set_mtu(const char *name, uint32_t mtu);
int link_set_mac(const char *name, const uint8_t mac[6]);
int link_set_carrier(const char *name, bool on);

/* What RTM_GETLINK tells. */
struct link_info {
	int index;
	unsigned int flags;	/* IFF_UP, IFF_RUNNING, IFF_LOWER_UP, ... */
	unsigned short type;	/* ARPHRD_* */
	uint32_t mtu;
	uint32_t txqueuelen;
	uint32_t num_tx_queues;
	uint8_t mac[6];
	uint8_t carrier;
	char kind[16];
	char name[16];
	struct rtnl_link_stats64 stats;
	/* IFLA_TUN_*; -1 where the kernel sent no such attribute. */
	long owner, group;
	int tun_type, pi, vnet_hdr, persist, multi_queue;
	int num_queues, num_disabled_queues;
};

int link_get(const char *name, struct link_info *info);
int link_get_stats(const char *name, struct rtnl_link_stats64 *stats);
bool link_exists(const char *name);

/*
 * Until packets pass: what is sent before the kernel has seen that a carrier
 * came, up to a second later, is lost. 0 or -ETIMEDOUT.
 */
int link_wait_running(const char *name);

/*
 * How many links the namespace has, loopback included and those not that a kernel
 * with tunnels built in puts there, or -errno.
 */
int link_count(void);

/*
 * Addresses are text ("192.0.2.1", "2001:db8::1"). IPv6 ones are usable at
 * once (no duplicate address detection), and adding one calls ipv6_enable():
 * IPv6 on for that link, with no address or solicitation of its own.
 */
int addr_add(const char *name, const char *address, int prefix);
int ipv6_enable(const char *name);

/* Forward packets of both families between the links. */
int forwarding_on(void);

/* destination "default" or text; gateway NULL, or text. */
int route_add(const char *name, const char *destination, int prefix,
	      const char *gateway);

/* A permanent neighbour, so that TAP tests need no ARP. */
int neigh_add(const char *name, const char *address, const uint8_t mac[6]);

#endif
