// SPDX-License-Identifier: GPL-2.0
/* The kernel's tun by io_uring: BURST reads or writes for one call. */
#include "device.h"

#include "carrier.h"

#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "peers.h"

#define ROOM	2048		/* of one packet */

struct uring_tun {
	struct io_uring ring;
	int fd;
	size_t bytes;		/* of a packet to send */
	uint8_t buffer[BURST][ROOM];
};

static void *uring_open(const struct carrier *carrier)
{
	struct uring_tun *tun = calloc(1, sizeof(*tun));
	char name[IFNAMSIZ] = SITE_DEVICE;
	int err;

	check(tun ? 0 : -ENOMEM, "memory");
	memset(tun->buffer, 1, sizeof(tun->buffer));
	err = io_uring_queue_init(BURST, &tun->ring, 0);
	if (err) {
		/* Not in this kernel, or forbidden. */
		fprintf(stderr, "bench: io_uring: %s\n", strerror(-err));
		free(tun);
		return NULL;
	}
	setenv("MYTUN_NODE", "/dev/net/tun", 1);
	tun->fd = check(device_create(name, IFF_TUN | IFF_NO_PI), "tun");
	/* A write that may block goes to a thread of the kernel's. */
	check(device_nonblock(tun->fd, true), "O_NONBLOCK");
	(void)carrier;
	return tun;
}

/* All BURST of them; how many went well. An error of -EAGAIN is no news. */
static unsigned int uring_run(struct uring_tun *tun)
{
	struct io_uring_cqe *cqe;
	unsigned int done = 0, i;

	check(io_uring_submit_and_wait(&tun->ring, BURST), "io_uring");
	for (i = 0; i < BURST; i++) {
		check(io_uring_wait_cqe(&tun->ring, &cqe), "io_uring");
		if (cqe->res > 0)
			done++;
		else if (cqe->res != -EAGAIN)
			check(cqe->res ? cqe->res : -EIO, "io_uring");
		io_uring_cqe_seen(&tun->ring, cqe);
	}
	return done;
}

/*
 * A read without a packet would wait for one, so there are only as many as
 * packets are: a round is a multiple of BURST.
 */
static unsigned int uring_receive(void *state, size_t size)
{
	struct uring_tun *tun = state;
	unsigned int found = 0, i;

	(void)size;
	while (wait_events(tun->fd, POLLIN, 0) > 0) {
		for (i = 0; i < BURST; i++)
			io_uring_prep_read(io_uring_get_sqe(&tun->ring),
					   tun->fd, tun->buffer[i], ROOM, 0);
		found += uring_run(tun);
	}
	return found;
}

static void uring_load(void *state, unsigned int slot,
		       const struct packet *packet,
		       const struct virtio_net_hdr *header)
{
	struct uring_tun *tun = state;

	(void)header;
	tun->bytes = packet->size;
	memcpy(tun->buffer[slot], packet->data, packet->size);
}

static void uring_send(void *state, unsigned int count)
{
	struct uring_tun *tun = state;
	unsigned int i, j;

	for (i = 0; i < count; i += BURST) {
		for (j = 0; j < BURST; j++)
			io_uring_prep_write(io_uring_get_sqe(&tun->ring),
					    tun->fd, tun->buffer[j],
					    (unsigned int)tun->bytes, 0);
		check(uring_run(tun) == BURST ? 0 : -EIO, "io_uring");
	}
}

static void uring_close(void *state)
{
	struct uring_tun *tun = state;

	io_uring_queue_exit(&tun->ring);
	close(tun->fd);
	free(tun);
}

const struct carrier_ops uring_ops = {
	.open = uring_open,
	.receive = uring_receive,
	.load = uring_load,
	.send = uring_send,
	.close = uring_close,
};
