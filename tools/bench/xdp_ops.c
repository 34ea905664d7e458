// SPDX-License-Identifier: GPL-2.0
/*
 * AF_XDP at the far end of a veth pair, in copy mode, which is what veth has;
 * the program is run by the driver, or by the stack (generic).
 */
#include "device.h"

#include "carrier.h"

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include <linux/if_link.h>

#include "measure.h"
#include "peers.h"
#include "rtnl.h"

#define FRAMES	2048
#define RINGS	1024			/* entries of each ring */
#define FRAME	XSK_UMEM__DEFAULT_FRAME_SIZE

struct xdp {
	void *area;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons completed, rx;
	uint32_t flags;			/* XDP_FLAGS_* */
	int ifindex, map, program;
	uint32_t bytes;			/* of a packet to send */
};

/* All that comes goes to the socket: bpf_redirect_map(map, 0, XDP_DROP). */
static int load_program(int map)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{},
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3,
		  .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "bench", "GPL", code,
			     sizeof(code) / sizeof(*code), NULL);
}

static void attach_program(struct xdp *xdp)
{
	const uint32_t key = 0;
	int fd = xsk_socket__fd(xdp->socket);

	xdp->map = check(bpf_map_create(BPF_MAP_TYPE_XSKMAP, "bench", 4, 4, 1,
					NULL), "XSKMAP");
	check(bpf_map_update_elem(xdp->map, &key, &fd, 0), "XSKMAP");
	xdp->program = check(load_program(xdp->map), "XDP program");
	check(bpf_xdp_attach(xdp->ifindex, xdp->program, xdp->flags, NULL),
	      "XDP program");
}

/* Hand all frames but those to send to the kernel. */
static void fill_all(struct xdp *xdp)
{
	uint32_t at = 0, i;

	if (xsk_ring_prod__reserve(&xdp->fill, RINGS, &at) != RINGS)
		check(-ENOSPC, "fill ring");
	for (i = 0; i < RINGS; i++)
		*xsk_ring_prod__fill_addr(&xdp->fill, at + i) =
			(uint64_t)(RINGS + i) * FRAME;
	xsk_ring_prod__submit(&xdp->fill, RINGS);
}

static void *xdp_open(const struct carrier *carrier)
{
	const struct xsk_umem_config umem = {
		.fill_size = RINGS,
		.comp_size = RINGS,
		.frame_size = FRAME,
	};
	const struct xsk_socket_config config = {
		.rx_size = RINGS,
		.tx_size = RINGS,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	struct xdp *xdp = calloc(1, sizeof(*xdp));
	struct link_info info;

	check(xdp ? 0 : -ENOMEM, "memory");
	xdp->flags = carrier->option == XDP_OPTION_NATIVE ? XDP_FLAGS_DRV_MODE :
							    XDP_FLAGS_SKB_MODE;
	check(link_add_veth(SITE_DEVICE, SITE_BEHIND, -1), "veth");
	check(link_set_up(SITE_BEHIND), "veth");
	check(link_get(SITE_BEHIND, &info), "veth");
	xdp->ifindex = info.index;
	xdp->area = mmap(NULL, (size_t)FRAMES * FRAME, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(xdp->area == MAP_FAILED ? -errno : 0, "memory");
	check(xsk_umem__create(&xdp->umem, xdp->area, (uint64_t)FRAMES * FRAME,
			       &xdp->fill, &xdp->completed, &umem), "AF_XDP");
	check(xsk_socket__create(&xdp->socket, SITE_BEHIND, 0, xdp->umem,
				 &xdp->rx, &xdp->tx, &config), "AF_XDP");
	attach_program(xdp);
	fill_all(xdp);
	return xdp;
}

/* The frame of what was received goes to the kernel again. */
static void give_back(struct xdp *xdp, uint32_t from, uint32_t to)
{
	const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&xdp->rx, from);

	*xsk_ring_prod__fill_addr(&xdp->fill, to) =
		xsk_umem__extract_addr(desc->addr);
}

static unsigned int xdp_receive(void *state, size_t size)
{
	struct xdp *xdp = state;
	unsigned int found = 0;
	uint32_t from = 0, to = 0, n, i;

	(void)size;
	while ((n = xsk_ring_cons__peek(&xdp->rx, BURST, &from))) {
		if (xsk_ring_prod__reserve(&xdp->fill, n, &to) != n)
			check(-ENOSPC, "fill ring");
		for (i = 0; i < n; i++)
			give_back(xdp, from + i, to + i);
		xsk_ring_prod__submit(&xdp->fill, n);
		xsk_ring_cons__release(&xdp->rx, n);
		found += n;
	}
	return found;
}

static void xdp_load(void *state, unsigned int slot,
		     const struct packet *packet,
		     const struct virtio_net_hdr *header)
{
	struct xdp *xdp = state;

	(void)header;
	xdp->bytes = (uint32_t)packet->size;
	memcpy((uint8_t *)xdp->area + (BURST + slot) * FRAME, packet->data,
	       packet->size);
}

/* As for the rings of mytun the user copies the packet to its frame. */
static void send_burst(struct xdp *xdp)
{
	struct xdp_desc *desc;
	uint32_t at = 0, i, done = 0;

	if (xsk_ring_prod__reserve(&xdp->tx, BURST, &at) != BURST)
		check(-ENOSPC, "TX ring");
	for (i = 0; i < BURST; i++) {
		desc = xsk_ring_prod__tx_desc(&xdp->tx, at + i);
		desc->addr = (uint64_t)i * FRAME;
		desc->len = xdp->bytes;
		memcpy((uint8_t *)xdp->area + desc->addr,
		       (uint8_t *)xdp->area + (BURST + i) * FRAME, xdp->bytes);
	}
	xsk_ring_prod__submit(&xdp->tx, BURST);
	/* One call sends 32 of them, on most kernels. */
	while (done < BURST) {
		if (sendto(xsk_socket__fd(xdp->socket), NULL, 0, MSG_DONTWAIT,
			   NULL, 0) < 0 && errno != EAGAIN && errno != EBUSY)
			check(-errno, "AF_XDP");
		i = xsk_ring_cons__peek(&xdp->completed, BURST, &at);
		xsk_ring_cons__release(&xdp->completed, i);
		done += i;
	}
}

static void xdp_send(void *state, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i += BURST)
		send_burst(state);
}

static void xdp_close(void *state)
{
	struct xdp *xdp = state;

	bpf_xdp_detach(xdp->ifindex, xdp->flags, NULL);
	xsk_socket__delete(xdp->socket);
	xsk_umem__delete(xdp->umem);
	munmap(xdp->area, (size_t)FRAMES * FRAME);
	close(xdp->program);
	close(xdp->map);
	check(link_delete(SITE_DEVICE), SITE_DEVICE);
	free(xdp);
}

const struct carrier_ops xdp_ops = {
	.open = xdp_open,
	.receive = xdp_receive,
	.load = xdp_load,
	.send = xdp_send,
	.close = xdp_close,
};
