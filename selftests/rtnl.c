// SPDX-License-Identifier: GPL-2.0
#include "rtnl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "device.h"

/* One request and its attributes; the largest is far below this. */
struct request {
	union {
		struct nlmsghdr header;
		char bytes[1024];
	};
};

static void *begin(struct request *req, int type, int flags, size_t size)
{
	memset(req, 0, sizeof(*req));
	req->header.nlmsg_type = type;
	req->header.nlmsg_flags = NLM_F_REQUEST | flags;
	req->header.nlmsg_len = NLMSG_LENGTH(size);
	return NLMSG_DATA(&req->header);
}

static struct rtattr *put(struct request *req, int type, const void *data,
			  size_t size)
{
	struct nlmsghdr *header = &req->header;
	struct rtattr *attr;

	attr = (void *)(req->bytes + NLMSG_ALIGN(header->nlmsg_len));
	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attr), data, size);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) +
			    RTA_ALIGN(attr->rta_len);
	return attr;
}

static struct rtattr *nest(struct request *req, int type)
{
	return put(req, type, NULL, 0);
}

static void nest_end(struct request *req, struct rtattr *attr)
{
	attr->rta_len = req->bytes + req->header.nlmsg_len - (char *)attr;
}

static void put_string(struct request *req, int type, const char *text)
{
	put(req, type, text, strlen(text) + 1);
}

/*
 * Send req and hand each answer to each(), if there is one; stop at the
 * acknowledgment, the end of the dump, or the first answer of a request
 * that asked for neither.
 */
static int talk(struct request *req, void (*each)(struct nlmsghdr *, void *),
		void *arg)
{
	char answer[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct nlmsghdr *header;
	struct nlmsgerr *error;
	ssize_t length;
	unsigned int left;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, req, req->header.nlmsg_len, 0) < 0) {
		err = -errno;
		goto out;
	}
	for (;;) {
		length = recv(fd, answer, sizeof(answer), 0);
		if (length < 0) {
			if (errno == EINTR)
				continue;
			err = -errno;
			goto out;
		}
		left = length;
		for (header = (void *)answer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_DONE)
				goto out;
			if (header->nlmsg_type == NLMSG_ERROR) {
				error = NLMSG_DATA(header);
				err = error->error;
				goto out;
			}
			if (each)
				each(header, arg);
			if (!(req->header.nlmsg_flags &
			      (NLM_F_ACK | NLM_F_DUMP)))
				goto out;
		}
	}
out:
	close(fd);
	return err;
}

/* A request about the link called name; it need not exist. */
static struct ifinfomsg *link_request(struct request *req, int type, int flags,
				      const char *name)
{
	struct ifinfomsg *info = begin(req, type, flags, sizeof(*info));

	put_string(req, IFLA_IFNAME, name);
	return info;
}

static int link_flags(const char *name, unsigned int flags, unsigned int mask)
{
	struct ifinfomsg *info;
	struct request req;

	info = link_request(&req, RTM_NEWLINK, NLM_F_ACK, name);
	info->ifi_flags = flags;
	info->ifi_change = mask;
	return talk(&req, NULL, NULL);
}

static int link_attribute(const char *name, int type, const void *data,
			  size_t size)
{
	struct request req;

	link_request(&req, RTM_NEWLINK, NLM_F_ACK, name);
	put(&req, type, data, size);
	return talk(&req, NULL, NULL);
}

int link_set_up(const char *name)
{
	return link_flags(name, IFF_UP, IFF_UP);
}

int link_set_down(const char *name)
{
	return link_flags(name, 0, IFF_UP);
}

int link_delete(const char *name)
{
	struct request req;

	link_request(&req, RTM_DELLINK, NLM_F_ACK, name);
	return talk(&req, NULL, NULL);
}

int link_add(const char *name, const char *kind)
{
	struct rtattr *info;
	struct request req;

	link_request(&req, RTM_NEWLINK,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, name);
	info = nest(&req, IFLA_LINKINFO);
	put_string(&req, IFLA_INFO_KIND, kind);
	nest_end(&req, info);
	return talk(&req, NULL, NULL);
}

int link_add_veth(const char *name, const char *peer, int netns)
{
	struct rtattr *info, *data, *end;
	struct ifinfomsg none = {};
	struct request req;

	link_request(&req, RTM_NEWLINK,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, name);
	info = nest(&req, IFLA_LINKINFO);
	put_string(&req, IFLA_INFO_KIND, "veth");
	data = nest(&req, IFLA_INFO_DATA);
	end = put(&req, VETH_INFO_PEER, &none, sizeof(none));
	put_string(&req, IFLA_IFNAME, peer);
	if (netns >= 0)
		put(&req, IFLA_NET_NS_FD, &netns, sizeof(netns));
	nest_end(&req, end);
	nest_end(&req, data);
	nest_end(&req, info);
	return talk(&req, NULL, NULL);
}

int link_set_netns(const char *name, int netns)
{
	return link_attribute(name, IFLA_NET_NS_FD, &netns, sizeof(netns));
}

int link_set_name(const char *name, const char *to)
{
	struct ifinfomsg *info;
	struct request req;

	info = begin(&req, RTM_NEWLINK, NLM_F_ACK, sizeof(*info));
	info->ifi_index = if_nametoindex(name);
	if (!info->ifi_index)
		return -ENODEV;
	put_string(&req, IFLA_IFNAME, to);
	return talk(&req, NULL, NULL);
}

int link_set_txqueuelen(const char *name, uint32_t length)
{
	return link_attribute(name, IFLA_TXQLEN, &length, sizeof(length));
}

int link_set_mtu(const char *name, uint32_t mtu)
{
	return link_attribute(name, IFLA_MTU, &mtu, sizeof(mtu));
}

int link_set_mac(const char *name, const uint8_t mac[6])
{
	return link_attribute(name, IFLA_ADDRESS, mac, 6);
}

int link_set_carrier(const char *name, bool on)
{
	uint8_t carrier = on;

	return link_attribute(name, IFLA_CARRIER, &carrier, sizeof(carrier));
}

static uint32_t get_u32(const struct rtattr *attr)
{
	uint32_t value;

	memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static uint8_t get_u8(const struct rtattr *attr)
{
	return *(const uint8_t *)RTA_DATA(attr);
}

static void get_string(char *to, size_t size, const struct rtattr *attr)
{
	snprintf(to, size, "%.*s", (int)RTA_PAYLOAD(attr),
		 (const char *)RTA_DATA(attr));
}

/* IFLA_TUN_*: the same numbers for kind tun and kind mytun. */
static void parse_tun(struct rtattr *data, struct link_info *info)
{
	unsigned int left = RTA_PAYLOAD(data);
	struct rtattr *attr;

	for (attr = RTA_DATA(data); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left)) {
		switch (attr->rta_type) {
		case IFLA_TUN_OWNER:
			info->owner = get_u32(attr);
			break;
		case IFLA_TUN_GROUP:
			info->group = get_u32(attr);
			break;
		case IFLA_TUN_TYPE:
			info->tun_type = get_u8(attr);
			break;
		case IFLA_TUN_PI:
			info->pi = get_u8(attr);
			break;
		case IFLA_TUN_VNET_HDR:
			info->vnet_hdr = get_u8(attr);
			break;
		case IFLA_TUN_PERSIST:
			info->persist = get_u8(attr);
			break;
		case IFLA_TUN_MULTI_QUEUE:
			info->multi_queue = get_u8(attr);
			break;
		case IFLA_TUN_NUM_QUEUES:
			info->num_queues = get_u32(attr);
			break;
		case IFLA_TUN_NUM_DISABLED_QUEUES:
			info->num_disabled_queues = get_u32(attr);
			break;
		}
	}
}

static void parse_linkinfo(struct rtattr *linkinfo, struct link_info *info)
{
	unsigned int left = RTA_PAYLOAD(linkinfo);
	struct rtattr *attr, *data = NULL;

	for (attr = RTA_DATA(linkinfo); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == IFLA_INFO_KIND)
			get_string(info->kind, sizeof(info->kind), attr);
		else if (attr->rta_type == IFLA_INFO_DATA)
			data = attr;
	}
	if (data && strstr(info->kind, "tun"))
		parse_tun(data, info);
}

static void parse_link(struct nlmsghdr *header, void *arg)
{
	struct ifinfomsg *message = NLMSG_DATA(header);
	struct link_info *info = arg;
	struct rtattr *attr = IFLA_RTA(message);
	unsigned int left = IFLA_PAYLOAD(header);

	info->index = message->ifi_index;
	info->flags = message->ifi_flags;
	info->type = message->ifi_type;
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		switch (attr->rta_type) {
		case IFLA_IFNAME:
			get_string(info->name, sizeof(info->name), attr);
			break;
		case IFLA_MTU:
			info->mtu = get_u32(attr);
			break;
		case IFLA_TXQLEN:
			info->txqueuelen = get_u32(attr);
			break;
		case IFLA_NUM_TX_QUEUES:
			info->num_tx_queues = get_u32(attr);
			break;
		case IFLA_CARRIER:
			info->carrier = get_u8(attr);
			break;
		case IFLA_ADDRESS:
			if (RTA_PAYLOAD(attr) == sizeof(info->mac))
				memcpy(info->mac, RTA_DATA(attr),
				       sizeof(info->mac));
			break;
		case IFLA_STATS64:
			/* An older kernel sends fewer counters. */
			memcpy(&info->stats, RTA_DATA(attr),
			       RTA_PAYLOAD(attr) < sizeof(info->stats) ?
			       RTA_PAYLOAD(attr) : sizeof(info->stats));
			break;
		case IFLA_LINKINFO:
			parse_linkinfo(attr, info);
			break;
		}
	}
}

int link_get(const char *name, struct link_info *info)
{
	struct request req;

	memset(info, 0, sizeof(*info));
	info->owner = -1;
	info->group = -1;
	info->tun_type = -1;
	info->pi = -1;
	info->vnet_hdr = -1;
	info->persist = -1;
	info->multi_queue = -1;
	info->num_queues = -1;
	info->num_disabled_queues = -1;
	link_request(&req, RTM_GETLINK, 0, name);
	return talk(&req, parse_link, info);
}

int link_get_stats(const char *name, struct rtnl_link_stats64 *stats)
{
	struct link_info info;
	int err = link_get(name, &info);

	*stats = info.stats;
	return err;
}

bool link_exists(const char *name)
{
	struct link_info info;

	return link_get(name, &info) == 0;
}

static bool running(void *arg)
{
	struct link_info info;

	return !link_get(arg, &info) && info.flags & IFF_RUNNING;
}

int link_wait_running(const char *name)
{
	return wait_for(running, (void *)name, DEADLINE_MS);
}

/* sit0 and its like, which some kernels put into every namespace. */
static bool of_every_namespace(unsigned int type)
{
	return type == ARPHRD_SIT || type == ARPHRD_TUNNEL ||
	       type == ARPHRD_TUNNEL6 || type == ARPHRD_IPGRE ||
	       type == ARPHRD_IP6GRE;
}

static void count_link(struct nlmsghdr *header, void *arg)
{
	const struct ifinfomsg *info = NLMSG_DATA(header);

	if (header->nlmsg_type == RTM_NEWLINK &&
	    !of_every_namespace(info->ifi_type))
		++*(int *)arg;
}

int link_count(void)
{
	struct request req;
	int count = 0, err;

	begin(&req, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	err = talk(&req, count_link, &count);
	return err ? err : count;
}

/* AF_INET or AF_INET6 and its length, or 0 if text is no address. */
static int parse_address(const char *text, void *address, size_t *size)
{
	if (inet_pton(AF_INET, text, address) == 1) {
		*size = 4;
		return AF_INET;
	}
	if (inet_pton(AF_INET6, text, address) == 1) {
		*size = 16;
		return AF_INET6;
	}
	return 0;
}

int ipv6_enable(const char *name)
{
	/* Order matters: no address of its own when IPv6 comes on. */
	static const char * const settings[][2] = {
		{ "addr_gen_mode", "1" },
		{ "router_solicitations", "0" },
		{ "accept_ra", "0" },
		{ "accept_dad", "0" },
		{ "disable_ipv6", "0" },
		{ NULL, NULL },
	};
	char path[128];
	unsigned int i;
	int err;

	for (i = 0; settings[i][0]; i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s",
			 name, settings[i][0]);
		err = file_write(path, settings[i][1]);
		if (err)
			return err;
	}
	return 0;
}

int addr_add(const char *name, const char *address, int prefix)
{
	uint8_t binary[16];
	struct ifaddrmsg *message;
	struct request req;
	size_t size = 0;
	int family, err;

	family = parse_address(address, binary, &size);
	if (!family)
		return -EINVAL;
	if (family == AF_INET6) {
		err = ipv6_enable(name);
		if (err)
			return err;
	}
	message = begin(&req, RTM_NEWADDR,
			NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
			sizeof(*message));
	message->ifa_family = family;
	message->ifa_prefixlen = prefix;
	message->ifa_index = if_nametoindex(name);
	if (family == AF_INET6)
		message->ifa_flags = IFA_F_NODAD;
	put(&req, IFA_LOCAL, binary, size);
	put(&req, IFA_ADDRESS, binary, size);
	return talk(&req, NULL, NULL);
}

int forwarding_on(void)
{
	int err = file_write("/proc/sys/net/ipv4/ip_forward", "1");

	return err ? err :
	       file_write("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

int route_add(const char *name, const char *destination, int prefix,
	      const char *gateway)
{
	uint8_t binary[16], via[16];
	struct rtmsg *message;
	struct request req;
	int family = 0;
	size_t size = 0;
	uint32_t index;

	if (strcmp(destination, "default")) {
		family = parse_address(destination, binary, &size);
		if (!family)
			return -EINVAL;
	}
	message = begin(&req, RTM_NEWROUTE,
			NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
			sizeof(*message));
	if (size) {
		message->rtm_dst_len = prefix;
		put(&req, RTA_DST, binary, size);
	}
	if (gateway) {
		family = parse_address(gateway, via, &size);
		if (!family)
			return -EINVAL;
		put(&req, RTA_GATEWAY, via, size);
	}
	message->rtm_family = family ? family : AF_INET;
	message->rtm_table = RT_TABLE_MAIN;
	message->rtm_protocol = RTPROT_STATIC;
	message->rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	message->rtm_type = RTN_UNICAST;
	index = if_nametoindex(name);
	put(&req, RTA_OIF, &index, sizeof(index));
	return talk(&req, NULL, NULL);
}

int neigh_add(const char *name, const char *address, const uint8_t mac[6])
{
	uint8_t binary[16];
	struct ndmsg *message;
	struct request req;
	size_t size = 0;
	int family;

	family = parse_address(address, binary, &size);
	if (!family)
		return -EINVAL;
	message = begin(&req, RTM_NEWNEIGH,
			NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
			sizeof(*message));
	message->ndm_family = family;
	message->ndm_ifindex = if_nametoindex(name);
	message->ndm_state = NUD_PERMANENT;
	put(&req, NDA_DST, binary, size);
	put(&req, NDA_LLADDR, mac, 6);
	return talk(&req, NULL, NULL);
}
