// SPDX-License-Identifier: GPL-2.0
#include "inspect.h"

#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/virtio_net.h>

#include "../common/checksum.h"

#define FRAGMENT_BITS	0x3fff	/* offset, and more fragments */

static int parse_ipv4(const uint8_t *data, uint32_t len,
		      struct inspect_view *view)
{
	struct iphdr ip;
	uint32_t size;

	if (len - view->l3 < sizeof(ip))
		return -1;
	memcpy(&ip, data + view->l3, sizeof(ip));
	size = ntohs(ip.tot_len);
	if (ip.version != 4 || ip.ihl < 5 || size < ip.ihl * 4U ||
	    size > len - view->l3)
		return -1;
	view->family = AF_INET;
	view->protocol = ip.protocol;
	view->fragment = ntohs(ip.frag_off) & FRAGMENT_BITS;
	view->l4 = view->l3 + ip.ihl * 4U;
	view->end = view->l3 + size;
	return 0;
}

static int parse_ipv6(const uint8_t *data, uint32_t len,
		      struct inspect_view *view)
{
	struct ip6_hdr ip;
	uint32_t size;

	if (len - view->l3 < sizeof(ip))
		return -1;
	memcpy(&ip, data + view->l3, sizeof(ip));
	size = (uint32_t)sizeof(ip) + ntohs(ip.ip6_plen);
	if (size > len - view->l3)
		return -1;
	view->family = AF_INET6;
	view->protocol = ip.ip6_nxt;
	view->l4 = view->l3 + (uint32_t)sizeof(ip);
	view->end = view->l3 + size;
	return 0;
}

static uint32_t l4_size(const uint8_t *data, const struct inspect_view *view)
{
	uint32_t room = view->end - view->l4;
	struct tcphdr tcp;

	switch (view->protocol) {
	case IPPROTO_TCP:
		if (room < sizeof(tcp))
			return 0;
		memcpy(&tcp, data + view->l4, sizeof(tcp));
		return tcp.doff >= 5 && tcp.doff * 4U <= room ? tcp.doff * 4U : 0;
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return room >= sizeof(struct udphdr) ? sizeof(struct udphdr) : 0;
	default:
		return 0;
	}
}

int inspect_parse(const uint8_t *data, uint32_t len, bool ethernet,
		  unsigned int vnet_hdr_size, struct inspect_view *view)
{
	struct virtio_net_hdr hdr;
	uint32_t size;

	memset(view, 0, sizeof(*view));
	view->l3 = vnet_hdr_size + (ethernet ? ETH_HLEN : 0);
	if (len <= view->l3)
		return -1;
	if (vnet_hdr_size) {
		memcpy(&hdr, data, sizeof(hdr));
		view->partial = hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
		if (hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
			view->gso_size = hdr.gso_size;
	}
	switch (data[view->l3] >> 4) {
	case 4:
		if (parse_ipv4(data, len, view))
			return -1;
		break;
	case 6:
		if (parse_ipv6(data, len, view))
			return -1;
		break;
	default:
		return -1;
	}
	if (view->fragment)
		return -1;
	size = l4_size(data, view);
	if (!size)
		return -1;
	view->payload = view->l4 + size;
	return 0;
}

/* With the checksum in it, the sum is all ones. */
static bool checksums_hold(const uint8_t *data, const struct inspect_view *view)
{
	bool ipv4 = view->family == AF_INET;
	uint32_t size = view->end - view->l4;
	uint64_t sum = 0;
	uint16_t check;

	if (ipv4 && checksum_fold(checksum_add(0, data + view->l3,
					       view->l4 - view->l3)) != 0xffff)
		return false;
	if (view->partial)
		return true;
	if (view->protocol == IPPROTO_UDP) {
		memcpy(&check, data + view->l4 + 6, sizeof(check));
		/* Without one. */
		if (!check && ipv4)
			return true;
	}
	if (view->protocol != IPPROTO_ICMP)
		sum = checksum_pseudo(data + view->l3 + (ipv4 ? 12 : 8),
				      ipv4 ? 8 : 32, view->protocol, size);
	return checksum_fold(checksum_add(sum, data + view->l4, size)) ==
	       0xffff;
}

/* One segment's payload: a stamp, and the pattern from its length on. */
static enum inspect_result content(const uint8_t *payload, uint32_t size,
				   inspect_stamp *each, void *context)
{
	struct stamp stamp;

	if (size < sizeof(stamp))
		return INSPECT_FOREIGN;
	memcpy(&stamp, payload, sizeof(stamp));
	if (stamp.magic != htonl(STAMP_MAGIC))
		return INSPECT_FOREIGN;
	if (memcmp(payload + sizeof(stamp), packet_pattern() + sizeof(stamp),
		   size - sizeof(stamp)))
		return INSPECT_DAMAGED;
	each(context, &stamp);
	return INSPECT_STAMPED;
}

enum inspect_result inspect_packet(const uint8_t *data, uint32_t len,
				   bool ethernet, unsigned int vnet_hdr_size,
				   inspect_stamp *each, void *context)
{
	enum inspect_result result = INSPECT_FOREIGN, one;
	struct inspect_view view;
	uint32_t at, part;

	/* What is not looked into is not ours, and may be anything. */
	if (inspect_parse(data, len, ethernet, vnet_hdr_size, &view))
		return INSPECT_FOREIGN;
	if (!checksums_hold(data, &view))
		return INSPECT_DAMAGED;
	for (at = view.payload; at < view.end; at += part) {
		part = view.end - at;
		if (view.gso_size && part > view.gso_size)
			part = view.gso_size;
		one = content(data + at, part, each, context);
		if (one == INSPECT_DAMAGED)
			return one;
		if (one == INSPECT_STAMPED)
			result = one;
	}
	return result;
}
