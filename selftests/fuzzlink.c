// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "fuzzlink.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/mytun.h>

#include "kselftest.h"

#include "bpf.h"
#include "ethtool.h"
#include "family.h"
#include "load.h"
#include "qdisc.h"
#include "rtnl.h"

int fuzz_namespaces[2];

const char *fuzz_name(unsigned int n)
{
	static const char * const names[FUZZ_NAMES] = {
		"fz0", "fz1", "fz2",
	};

	return names[n % FUZZ_NAMES];
}

uint32_t fuzz_edge(uint32_t n)
{
	static const uint32_t edges[] = {
		0, 1, 2, 7, 8, 9, 10, 12, 20, 24, 63, 64, 65, 255, 256, 1000,
		4095, 4096, 4097, 65535, 65536, 65537, 131072, 0x7fffffff,
		0x80000000, 0xffffffff, 0xffffffc0,
	};

	/* The upper half: as it is. */
	return n & 0x80000000 ? n & 0x7fffffff : edges[n % ARRAY_SIZE(edges)];
}

uint32_t fuzz_size(uint32_t n)
{
	static const uint32_t sizes[] = {
		0, 1, 13, 14, 20, 40, 60, 100, 1000, 1400, 1472, 1500, 3000,
		4096, 9000, 30000, 65000, 65535,
	};

	return sizes[n % ARRAY_SIZE(sizes)];
}

/* Through the stack, as a socket that may say anything sends it. */
static void send_packet(const struct fuzz_op *op)
{
	static __thread uint8_t data[LOAD_MAX];
	struct load load = LOAD(op->a % LOAD_NOISE, fuzz_size(op->a >> 5));
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP) };
	int vnet = op->b >> 8 & 1, bypass = op->b >> 9 & 1, fd, i;
	size_t size;

	load.vnet = op->b % VNET_KINDS;
	load.flow = op->b >> 16;
	to.sll_ifindex = if_nametoindex(fuzz_name(op->who));
	if (op->a % 3 == 1)
		to.sll_protocol = htons(ETH_P_IPV6);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &vnet, sizeof(vnet));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass,
		   sizeof(bypass));
	size = load_build(&load, op->b >> 10 & 1, 0, vnet ? 10 : 0, data);
	for (i = 0; i <= (int)(op->b >> 11 & 7); i++)
		sendto(fd, data, size, MSG_DONTWAIT, (void *)&to, sizeof(to));
	close(fd);
}

/*
 * 5.10 warns of a program that moves the tail of a packet of some pages, on any
 * device: "Too BIG xdp->frame_sz". Later kernels do not ask.
 */
static bool warns_of_tail(void)
{
	return kernel_release() < KERNEL(6, 0);
}

static void xdp(const struct fuzz_op *op)
{
	static const uint32_t modes[] = {
		0, XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE,
		XDP_FLAGS_UPDATE_IF_NOEXIST,
	};
	unsigned int ifindex = if_nametoindex(fuzz_name(op->who));
	int map = -1, program;

	switch (op->a % 8) {
	case 0:
		program = -1;
		break;
	case 1:
		program = xdp_move_head(op->b & 1 ? 14 : -14,
					op->b % (XDP_REDIRECT + 2));
		break;
	case 2:
		program = warns_of_tail() ? xdp_return(op->b % XDP_REDIRECT) :
			xdp_move_tail(-(int)(op->b % 64), op->b % XDP_REDIRECT);
		break;
	case 3:
		program = xdp_put_metadata(op->b);
		break;
	case 4:
		map = devmap_new(if_nametoindex(fuzz_name(op->b)));
		program = xdp_redirect(map, op->b & 4);
		break;
	default:
		program = xdp_return(op->b % (XDP_REDIRECT + 2));
	}
	xdp_attach(ifindex, program, modes[(op->a >> 8) % ARRAY_SIZE(modes)]);
	if (program >= 0)
		close(program);
	if (map >= 0)
		close(map);
}

static void look(const struct fuzz_op *op)
{
	struct ethtool_coalesce coalesce = {
		.cmd = ETHTOOL_SCOALESCE,
		.rx_coalesce_usecs = fuzz_edge(op->b),
		.rx_max_coalesced_frames = fuzz_edge(op->b >> 8),
		.tx_coalesce_usecs = fuzz_edge(op->b >> 16),
		.tx_max_coalesced_frames = fuzz_edge(op->b >> 24),
	};
	struct ethtool_ringparam ring = {
		.cmd = ETHTOOL_SRINGPARAM,
		.tx_pending = fuzz_edge(op->b),
		.rx_pending = op->b >> 30 ? 1 : 0,
	};
	const char *name = fuzz_name(op->who);

	switch (op->a % 4) {
	case 0:
		ethtool(name, &coalesce);
		break;
	case 1:
		ethtool(name, &ring);
		break;
	case 2:
		ethtool_counter(name, "tx_drop_full");
		break;
	case 3:
		ethtool_set_feature(name, op->b & 1 ? "tx-checksum-ip-generic" :
				    "tx-tcp-segmentation", op->b & 2);
		break;
	}
}

/* Whatever the family tells, or refuses to. */
static void dump(const struct fuzz_op *op)
{
	struct mytun_genl request = {
		.ifindex = op->b & 1 ? (int)if_nametoindex(fuzz_name(op->who)) :
				       (int)fuzz_edge(op->b >> 1),
	};
	struct family f;

	if (family_open(&f))
		return;
	if (!family_ask_raw(&f, op->a % 5, &request,
			    op->a >> 8 & 1 ? 0 : sizeof(request))) {
		while (family_next(&f) > 0)
			;
	}
	family_close(&f);
}

void fuzz_link(const struct fuzz_op *op)
{
	static const char * const qdiscs[] = {
		"pfifo", "fq_codel", "noqueue", "mq", "fq",
	};
	const char *name = fuzz_name(op->who), *other = fuzz_name(op->a);
	uint8_t mac[6] = { 2, 0, 0, 0, 0, op->a };

	switch (op->call) {
	case FUZZ_SEND:
		send_packet(op);
		break;
	case FUZZ_UP:
		link_set_up(name);
		if (op->a & 1)
			addr_add(name, op->a & 2 ? "fd00::1" : "10.0.0.1",
				 op->a & 2 ? 64 : 24);
		break;
	case FUZZ_DOWN:
		link_set_down(name);
		break;
	case FUZZ_MTU:
		link_set_mtu(name, fuzz_edge(op->b));
		break;
	case FUZZ_LENGTH:
		/* What is longer than this takes memory for nothing. */
		link_set_txqueuelen(name, fuzz_edge(op->b) % 70000);
		break;
	case FUZZ_RENAME:
		link_set_name(name, other);
		break;
	case FUZZ_MOVE:
		link_set_netns(name, fuzz_namespaces[op->a & 1]);
		if (op->a & 2)
			netns_enter(fuzz_namespaces[op->a & 1]);
		break;
	case FUZZ_DELETE:
		link_delete(name);
		break;
	case FUZZ_ADD:
		link_add(name, "mytun");
		break;
	case FUZZ_XDP:
		xdp(op);
		break;
	case FUZZ_QDISC:
		qdisc_replace(if_nametoindex(name), qdiscs[op->a % ARRAY_SIZE(qdiscs)],
			      op->b % 1000);
		break;
	case FUZZ_MAC:
		if (op->b & 1)
			link_set_carrier(name, op->b & 2);
		else
			link_set_mac(name, mac);
		break;
	case FUZZ_ETHTOOL:
		look(op);
		break;
	case FUZZ_DUMP:
		dump(op);
		break;
	}
}
