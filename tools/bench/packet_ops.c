// SPDX-License-Identifier: GPL-2.0
/*
 * AF_PACKET: a TPACKET_V3 ring, or recvmmsg(), on what a dummy device sends or
 * at the far end of a veth pair; sendmmsg(), past the qdisc, into that end.
 */
#include "device.h"

#include "carrier.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "ethtool.h"
#include "measure.h"
#include "peers.h"
#include "rtnl.h"

#define BLOCK		(1U << 18)
#define BLOCKS		16
#define FRAME		2048
#define RETIRE_MS	1000
#define ROOM		2048		/* of one packet, with recvmmsg() */

struct packets {
	const struct carrier *carrier;
	int fd;
	uint8_t *ring;
	unsigned int block;		/* to look at next */
	unsigned int before;		/* packets of it that were seen */
	const uint8_t *at;		/* and the next of them */
	struct mmsghdr messages[BURST];
	struct iovec iov[BURST];
	uint8_t buffer[BURST][ROOM];
};

static void make_ring(struct packets *packets)
{
	const int version = TPACKET_V3;
	const struct tpacket_req3 ring = {
		.tp_block_size = BLOCK,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME,
		.tp_frame_nr = BLOCKS * (BLOCK / FRAME),
		.tp_retire_blk_tov = RETIRE_MS,
	};

	check_errno(setsockopt(packets->fd, SOL_PACKET, PACKET_VERSION,
			       &version, sizeof(version)), "TPACKET_V3");
	check_errno(setsockopt(packets->fd, SOL_PACKET, PACKET_RX_RING, &ring,
			       sizeof(ring)), "PACKET_RX_RING");
	packets->ring = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_POPULATE, packets->fd, 0);
	check(packets->ring == MAP_FAILED ? -errno : 0, "PACKET_RX_RING");
}

static void *packet_open(const struct carrier *carrier)
{
	const bool veth = !strcmp(carrier->row.kind, "veth");
	struct packets *packets = calloc(1, sizeof(*packets));
	const int on = 1, bytes = 16 << 20;
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
	};
	struct link_info info;
	unsigned int i;

	check(packets ? 0 : -ENOMEM, "memory");
	packets->carrier = carrier;
	if (veth) {
		check(link_add_veth(SITE_DEVICE, SITE_BEHIND, -1), "veth");
		check(link_set_up(SITE_BEHIND), "veth");
	} else if (link_add(SITE_DEVICE, "dummy")) {
		fprintf(stderr, "bench: no dummy device here\n");
		free(packets);
		return NULL;
	}
	check(link_get(veth ? SITE_BEHIND : SITE_DEVICE, &info), "device");
	at.sll_ifindex = info.index;
	/* Protocol 0: it receives nothing. */
	if (carrier->option != PACKET_SENDMMSG)
		at.sll_protocol = htons(ETH_P_ALL);
	packets->fd = check_errno(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC |
					 SOCK_NONBLOCK, 0), "packet socket");
	if (carrier->option == PACKET_TPACKET)
		make_ring(packets);
	else if (carrier->option == PACKET_RECVMMSG)
		check_errno(setsockopt(packets->fd, SOL_SOCKET, SO_RCVBUFFORCE,
				       &bytes, sizeof(bytes)), "SO_RCVBUFFORCE");
	else
		check_errno(setsockopt(packets->fd, SOL_PACKET,
				       PACKET_QDISC_BYPASS, &on, sizeof(on)),
			    "PACKET_QDISC_BYPASS");
	check_errno(bind(packets->fd, (struct sockaddr *)&at, sizeof(at)),
		    "packet socket");
	for (i = 0; i < BURST; i++) {
		packets->iov[i].iov_base = packets->buffer[i];
		packets->iov[i].iov_len = ROOM;
		packets->messages[i].msg_hdr.msg_iov = &packets->iov[i];
		packets->messages[i].msg_hdr.msg_iovlen = 1;
	}
	memset(packets->buffer, 1, sizeof(packets->buffer));
	return packets;
}

/* Look at each packet of a block that was not seen. */
static unsigned int walk(struct packets *packets,
			 const struct tpacket_block_desc *block,
			 unsigned int count)
{
	unsigned int found = count - packets->before;

	if (!packets->before)
		packets->at = (const uint8_t *)block +
			      block->hdr.bh1.offset_to_first_pkt;
	for (; packets->before < count; packets->before++)
		packets->at += ((const struct tpacket3_hdr *)
				packets->at)->tp_next_offset;
	return found;
}

/*
 * A block is handed over when it is full or a timer ends, for which there is
 * no time here: what is in the one that is being filled is taken as it is.
 */
static unsigned int receive_ring(struct packets *packets)
{
	struct tpacket_block_desc *block;
	struct tpacket_hdr_v1 *header;
	unsigned int found = 0;
	uint32_t status;

	for (;;) {
		block = (void *)(packets->ring + packets->block * BLOCK);
		header = &block->hdr.bh1;
		/* First this: then no more can come that is overlooked. */
		status = __atomic_load_n(&header->block_status,
					 __ATOMIC_ACQUIRE);
		found += walk(packets, block,
			      __atomic_load_n(&header->num_pkts,
					      __ATOMIC_ACQUIRE));
		if (!(status & TP_STATUS_USER))
			return found;
		packets->before = 0;
		__atomic_store_n(&header->block_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		packets->block = (packets->block + 1) % BLOCKS;
	}
}

static unsigned int packet_receive(void *state, size_t size)
{
	struct packets *packets = state;
	unsigned int found = 0;
	int got;

	(void)size;
	if (packets->ring)
		return receive_ring(packets);
	while ((got = recvmmsg(packets->fd, packets->messages, BURST, 0,
			       NULL)) > 0)
		found += (unsigned int)got;
	return found;
}

static void packet_load(void *state, unsigned int slot,
			const struct packet *packet,
			const struct virtio_net_hdr *header)
{
	struct packets *packets = state;

	(void)header;
	memcpy(packets->buffer[slot], packet->data, packet->size);
	packets->iov[slot].iov_len = packet->size;
}

static void packet_send(void *state, unsigned int count)
{
	struct packets *packets = state;
	unsigned int i;

	for (i = 0; i < count; i += BURST)
		if (sendmmsg(packets->fd, packets->messages, BURST, 0) != BURST)
			check(errno ? -errno : -EIO, "sendmmsg");
}

static void packet_close(void *state)
{
	struct packets *packets = state;

	if (packets->ring)
		munmap(packets->ring, BLOCK * BLOCKS);
	close(packets->fd);
	check(link_delete(SITE_DEVICE), SITE_DEVICE);
	free(packets);
}

const struct carrier_ops packet_ops = {
	.open = packet_open,
	.receive = packet_receive,
	.load = packet_load,
	.send = packet_send,
	.close = packet_close,
};
