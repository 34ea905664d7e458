// SPDX-License-Identifier: GPL-2.0
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_tun.h>

#include "packet.h"

#define GSO_SIZE	500
#define GSO_UDP_L4	5	/* since 6.2 in the headers */
#define GSO_TUNNEL_IPV4	0x20	/* since 6.17 */
#define TUNNEL_CSUM	8
/* Between the outer UDP header and the inner packet. */
#define TUNNEL_SHIM	8
/* struct virtio_net_hdr_v1_hash_tunnel: where its two offsets stand. */
#define OUTER_OFFSET	20
#define INNER_OFFSET	22

static const char * const kinds[LOAD_KINDS] = {
	"udp4", "udp6", "tcp4", "tcp6", "ether", "tunnel",
	"noise",
};

static const char * const vnets[VNET_KINDS] = {
	"none", "valid", "len", "csum", "csum_len", "gso", "gso_ecn",
	"gso_no_csum", "gso_small", "gso_len_0", "ufo", "bad_len", "short_len",
	"bad_start", "edge_start", "bad_offset", "odd_offset", "early_start",
	"wrap", "bad_type", "two_types", "ecn_alone", "no_size", "frags_size",
	"other_family", "other_csum", "tunnel", "tunnel_csum", "tunnel_outer",
	"tunnel_inner", "bad_flags",
	"tiny", "edge_len",
};

static bool is_ip(enum load_kind kind)
{
	return kind <= LOAD_TCP6;
}

static bool is_v6(enum load_kind kind)
{
	return kind == LOAD_UDP6 || kind == LOAD_TCP6;
}

static void make_flow(const struct load *load, bool ethernet,
		      struct packet_flow *flow)
{
	const uint8_t near[6] = { 2, 0x5e, 0, 0, 0, 1 };
	const uint8_t far[6] = { 2, 0x5e, 0, 0, 0, 2 };

	memset(flow, 0, sizeof(*flow));
	flow->family = is_v6(load->kind) ? AF_INET6 : AF_INET;
	flow->ethernet = ethernet;
	flow->vlan = ethernet ? load->vlan : 0;
	packet_addr(flow->family, is_v6(load->kind) ? "fd00::2" : "10.0.0.2",
		    flow->from.addr);
	packet_addr(flow->family, is_v6(load->kind) ? "fd00::1" : "10.0.0.1",
		    flow->to.addr);
	memcpy(flow->from.mac, far, sizeof(far));
	memcpy(flow->to.mac, near, sizeof(near));
	flow->from.port = 1024 + load->flow % 30000;
	flow->to.port = 9;
}

static void make_noise(const struct load *load, uint8_t *to, size_t size)
{
	uint64_t state = load->flow + 1;

	random_fill(&state, to, size);
}

/* The packet in p becomes the payload of a tunnel's packet. */
static void build_tunnel(const struct packet_flow *flow, struct packet *p)
{
	static struct packet inner;
	static uint8_t payload[65536];
	struct packet_flow outer = *flow;

	inner = *p;
	memset(payload, 0, TUNNEL_SHIM);
	memcpy(payload + TUNNEL_SHIM, inner.data, inner.size);
	outer.to.port = 4789;
	packet_udp(p, &outer, payload, TUNNEL_SHIM + inner.size);
	/* No checksum of the tunnel: the inner one is not known yet. */
	p->data[p->l4 + 6] = 0;
	p->data[p->l4 + 7] = 0;
}

static void build_packet(const struct load *load, bool ethernet,
			 struct packet *p, struct virtio_net_hdr *hdr)
{
	static uint8_t payload[65536];
	size_t size = load->size < 65000 ? load->size : 65000;
	const uint8_t to[6] = { 2, 0x5e, 0, 0, 0, 1 };
	const uint8_t from[6] = { 2, 0x5e, 0, 0, 0, 2 };
	struct packet_flow flow;

	memset(hdr, 0, sizeof(*hdr));
	make_noise(load, payload, size);
	make_flow(load, ethernet, &flow);
	switch (load->kind) {
	case LOAD_UDP4:
	case LOAD_UDP6:
		packet_udp(p, &flow, payload, size);
		break;
	case LOAD_TCP4:
	case LOAD_TCP6:
		packet_tcp(p, &flow, TCP_ACK, 1000 + load->flow, 1, payload,
			   size);
		break;
	case LOAD_TUNNEL:
		flow.ethernet = false;
		flow.vlan = 0;
		packet_tcp(p, &flow, TCP_ACK, 1000, 1, payload, size);
		if (load->vnet >= VNET_TUNNEL &&
		    load->vnet <= VNET_TUNNEL_INNER)
			packet_needs_csum(p, hdr);
		make_flow(load, ethernet, &flow);
		build_tunnel(&flow, p);
		break;
	case LOAD_ETHER:
		packet_ether(p, to, from, 0x88b5, payload, size);
		if (!ethernet) {
			memmove(p->data, p->data + ETH_HLEN, size);
			p->size = size;
		}
		p->l3 = 0;
		p->l4 = 0;
		p->payload = 0;
		return;
	default:
		memcpy(p->data, payload, size);
		p->size = size;
		p->l3 = 0;
		p->l4 = 0;
		p->payload = 0;
	}
}

/* GSO of the inner packet, whose IPv4 header has its usual size. */
static void build_tunnel_vnet(const struct packet *p,
			      struct virtio_net_hdr *hdr)
{
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	hdr->gso_size = GSO_SIZE;
	hdr->csum_start = p->payload + TUNNEL_SHIM + 20;
	hdr->csum_offset = 16;
	hdr->hdr_len = hdr->csum_start + 20;
}

/* The offloads: a right header, and then what is wrong with it. */
static void build_vnet(const struct load *load, struct packet *p,
		       struct virtio_net_hdr *hdr)
{
	bool ip = is_ip(load->kind);

	switch (load->vnet) {
	case VNET_NONE:
	case VNET_VALID:
	case VNET_LEN:
	case VNET_BAD_LEN:
	case VNET_SHORT_LEN:
	case VNET_BAD_FLAGS:
	case VNET_EDGE_LEN:
	case VNET_KINDS:
		break;
	case VNET_CSUM:
	case VNET_CSUM_LEN:
	case VNET_BAD_START:
	case VNET_EDGE_START:
	case VNET_BAD_OFFSET:
	case VNET_ODD_OFFSET:
	case VNET_EARLY_START:
	case VNET_WRAP:
		if (ip)
			packet_needs_csum(p, hdr);
		hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		break;
	case VNET_GSO_NO_CSUM:
	case VNET_OTHER_FAMILY:
		hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		if (load->kind == LOAD_UDP4 || load->kind == LOAD_UDP6)
			hdr->gso_type = GSO_UDP_L4;
		else if (is_v6(load->kind))
			hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		hdr->gso_size = GSO_SIZE;
		hdr->hdr_len = p->payload;
		break;
	default:
		if (load->kind == LOAD_TUNNEL) {
			build_tunnel_vnet(p, hdr);
			break;
		}
		if (ip)
			packet_gso(p, hdr, GSO_SIZE);
		hdr->gso_size = GSO_SIZE;
		hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	}
	switch (load->vnet) {
	case VNET_VALID:
		hdr->flags = VIRTIO_NET_HDR_F_DATA_VALID;
		break;
	case VNET_LEN:
	case VNET_CSUM_LEN:
		hdr->hdr_len = p->payload;
		break;
	case VNET_GSO_ECN:
		hdr->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		break;
	case VNET_GSO_SMALL:
		hdr->gso_size = load->size + 100;
		break;
	case VNET_GSO_LEN_0:
		hdr->hdr_len = 0;
		break;
	case VNET_UFO:
		hdr->gso_type = VIRTIO_NET_HDR_GSO_UDP;
		hdr->gso_size = 1480;
		break;
	case VNET_BAD_LEN:
		hdr->hdr_len = p->size + 100;
		break;
	case VNET_SHORT_LEN:
		hdr->hdr_len = 5;
		break;
	case VNET_BAD_START:
		hdr->csum_start = p->size + 8;
		break;
	case VNET_EDGE_START:
		hdr->csum_start = p->size - 1;
		break;
	case VNET_BAD_OFFSET:
		hdr->csum_offset = p->size;
		break;
	case VNET_ODD_OFFSET:
		hdr->csum_offset = 11;
		break;
	case VNET_EARLY_START:
		hdr->csum_start = p->l3 + 4;
		break;
	case VNET_WRAP:
		hdr->csum_start = 0xfff0;
		hdr->csum_offset = 0x20;
		break;
	case VNET_BAD_TYPE:
		hdr->gso_type = 7;
		break;
	case VNET_TWO_TYPES:
		hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4 |
				VIRTIO_NET_HDR_GSO_UDP | 0x10;
		break;
	case VNET_ECN_ALONE:
		hdr->gso_type = VIRTIO_NET_HDR_GSO_ECN;
		break;
	case VNET_NO_SIZE:
		hdr->gso_size = 0;
		break;
	case VNET_FRAGS_SIZE:
		hdr->gso_size = 0xffff;
		break;
	case VNET_OTHER_FAMILY:
	case VNET_OTHER_CSUM:
		hdr->gso_type = is_v6(load->kind) ? VIRTIO_NET_HDR_GSO_TCPV4 :
						    VIRTIO_NET_HDR_GSO_TCPV6;
		break;
	case VNET_TUNNEL:
	case VNET_TUNNEL_CSUM:
	case VNET_TUNNEL_OUTER:
	case VNET_TUNNEL_INNER:
		hdr->gso_type |= GSO_TUNNEL_IPV4;
		if (load->vnet == VNET_TUNNEL_CSUM)
			hdr->flags |= TUNNEL_CSUM;
		break;
	case VNET_BAD_FLAGS:
		hdr->flags = 0xf8;
		break;
	case VNET_TINY:
		hdr->gso_size = 1;
		break;
	case VNET_EDGE_LEN:
		hdr->hdr_len = p->size + 1;
		break;
	default:
		break;
	}
}

size_t load_build(const struct load *load, bool ethernet, int pi, int hdr,
		  uint8_t *to)
{
	struct tun_pi info = {
		.proto = htons(is_v6(load->kind) ? ETH_P_IPV6 :
			       is_ip(load->kind) || load->kind == LOAD_TUNNEL ?
			       ETH_P_IP : 0x88b5),
	};
	static struct packet packet;
	struct virtio_net_hdr vnet;
	uint8_t *at = to;
	size_t size;

	build_packet(load, ethernet, &packet, &vnet);
	build_vnet(load, &packet, &vnet);
	if (load->pi != LOAD_RIGHT)
		pi = load->pi;
	if (load->hdr != LOAD_RIGHT)
		hdr = load->hdr;
	if (load->proto)
		info.proto = htons(load->proto);
	memcpy(at, &info, (size_t)pi < sizeof(info) ? (size_t)pi :
						      sizeof(info));
	at += pi;
	/* Behind the ten bytes only a tunnel's offsets are of use. */
	memset(at, 0, hdr);
	memcpy(at, &vnet, (size_t)hdr < sizeof(vnet) ? (size_t)hdr :
						       sizeof(vnet));
	if (hdr >= INNER_OFFSET + 2 && load->kind == LOAD_TUNNEL) {
		at[OUTER_OFFSET] = load->vnet == VNET_TUNNEL_OUTER ?
			5 : packet.l4;
		at[INNER_OFFSET] = packet.payload + TUNNEL_SHIM +
			(load->vnet == VNET_TUNNEL_INNER ? 4 : 0);
	}
	at += hdr;
	memcpy(at, packet.data, packet.size);
	size = at + packet.size - to;
	if (load->cut != LOAD_RIGHT && (size_t)load->cut < size)
		size = load->cut;
	return size;
}

void load_text(const struct load *load, char *text, size_t size)
{
	size_t used;

	used = snprintf(text, size, "%s %u", kinds[load->kind], load->size);
	if (load->vnet)
		used += snprintf(text + used, size - used, " %s",
				 vnets[load->vnet]);
	if (load->vlan)
		used += snprintf(text + used, size - used, " vlan=%u",
				 load->vlan);
	if (load->pi != LOAD_RIGHT)
		used += snprintf(text + used, size - used, " pi=%d", load->pi);
	if (load->proto)
		used += snprintf(text + used, size - used, " proto=%#x",
				 load->proto);
	if (load->hdr != LOAD_RIGHT)
		used += snprintf(text + used, size - used, " hdr=%d",
				 load->hdr);
	if (load->cut != LOAD_RIGHT)
		used += snprintf(text + used, size - used, " cut=%d",
				 load->cut);
	if (load->pieces > 1)
		used += snprintf(text + used, size - used, " pieces=%u",
				 load->pieces);
	if (load->flow)
		snprintf(text + used, size - used, " flow=%u", load->flow);
}
