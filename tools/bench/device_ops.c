// SPDX-License-Identifier: GPL-2.0
/* A TUN/TAP device, of tun or mytun: packet by packet, in batches, in rings. */
#include "device.h"

#include "carrier.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mytun.h>

#include "ethtool.h"
#include "measure.h"
#include "ringmem.h"
#include "rtnl.h"

#define TUN		"/dev/net/tun"
#define MYTUN		"/dev/net/mytun"
#define RING_SIZE	(1U << 20)
#define RECORD_MAX	(64 + 65536 + 64)
#define QUEUES_MAX	64

struct device {
	const struct carrier *carrier;
	unsigned int queues;
	int fd[QUEUES_MAX];
	struct mytun_queue *queue[QUEUES_MAX];	/* of rings */
	pthread_t lender[QUEUES_MAX];
	uint8_t *inbox;		/* BURST records of the largest size */
	uint8_t *buffer;	/* the same, to send */
	size_t bytes;		/* of one record, or packet, to send */
	unsigned int turn;	/* the queue to send with next */
	unsigned long reads;	/* by await */
};

/* Ends when the device goes. */
static void *lend(void *queue)
{
	/* A child that ends is a signal for whoever does not block it. */
	while (mytun_lend(queue) == -EINTR)
		;
	return NULL;
}

static void open_ring(struct device *device, unsigned int i)
{
	const struct carrier *carrier = device->carrier;
	struct mytun_options options;

	mytun_options_init(&options);
	options.modes = MYTUN_MODE_SET(MYTUN_MODE_RING);
	options.rx_size = carrier->ring_size ? carrier->ring_size : RING_SIZE;
	options.tx_size = options.rx_size;
	options.queue_flags = carrier->row.hash ? MYTUN_Q_HASH : 0;
	options.drive = carrier->drive;
	options.drive_flags = carrier->row.gro ? MYTUN_DRIVE_GRO : 0;
	check(mytun_attach(&device->queue[i], device->fd[i], &options),
	      "rings");
	if (carrier->drive == MYTUN_DRIVE_LENT)
		check(-pthread_create(&device->lender[i], NULL, lend,
				      device->queue[i]), "thread");
}

static void open_queue(struct device *device, unsigned int i, char *name)
{
	struct mytun_create no_queue = {
		.size = sizeof(no_queue), .flags = MYTUN_CREATE_NO_QUEUE,
	};
	const struct carrier *carrier = device->carrier;
	const struct row *row = &carrier->row;
	int flags = carrier->flags | IFF_NO_PI;
	unsigned int offload = 0;
	int fd;

	flags |= carrier->ethernet ? IFF_TAP : IFF_TUN;
	flags |= row->vnet_hdr ? IFF_VNET_HDR : 0;
	flags |= device->queues > 1 ? IFF_MULTI_QUEUE : 0;
	fd = check(device_open(0), row->by);
	device->fd[i] = fd;
	if (carrier->no_qdisc && !i)
		check(device_ioctl(fd, MYTUN_IOC_CREATE, (long)&no_queue),
		      "no qdisc");
	check(device_setiff(fd, name, flags), row->by);
	if (row->checksum)
		offload = TUN_F_CSUM;
	if (row->checksum && carrier->large)
		offload |= TUN_F_TSO4 | TUN_F_TSO6;
	if (offload)
		check(device_ioctl(fd, TUNSETOFFLOAD, offload),
		      "TUNSETOFFLOAD");
	check(device_nonblock(fd, true), "O_NONBLOCK");
	if (carrier->mode == CARRIER_BATCH)
		check(ring_batch(fd, MYTUN_Q_READ | MYTUN_Q_WRITE |
				 (row->hash ? MYTUN_Q_HASH : 0), 0, 0),
		      "batches");
	if (carrier->mode == CARRIER_RING)
		open_ring(device, i);
}

/* Every page of it is there: a fault is none of a packet's costs. */
static uint8_t *buffer_new(void)
{
	uint8_t *buffer = malloc(BURST * RECORD_MAX);

	check(buffer ? 0 : -ENOMEM, "memory");
	return memset(buffer, 1, BURST * RECORD_MAX);
}

static void *device_ops_open(const struct carrier *carrier)
{
	struct device *device = calloc(1, sizeof(*device));
	char name[IFNAMSIZ] = SITE_DEVICE;
	unsigned int i;

	check(device ? 0 : -ENOMEM, "memory");
	device->carrier = carrier;
	device->queues = carrier->row.queues ? carrier->row.queues : 1;
	device->inbox = buffer_new();
	device->buffer = buffer_new();
	setenv("MYTUN_NODE", strcmp(carrier->row.by, "mytun") ? TUN : MYTUN, 1);
	for (i = 0; i < device->queues; i++)
		open_queue(device, i, name);
	return device;
}

static void start(void *state)
{
	struct device *device = state;

	/* IFF_NAPI merges, or not, by the same feature. */
	if (!device->carrier->row.gro)
		check(ethtool_set_feature(SITE_DEVICE, "rx-gro", false), "GRO");
}

/* How much room one read() gets. */
static size_t read_room(const struct carrier *carrier, size_t size)
{
	if (carrier->mode == CARRIER_PLAIN)
		return RECORD_MAX;
	size += carrier->ethernet ? 14 : 0;
	size += carrier->row.vnet_hdr ? sizeof(struct virtio_net_hdr) : 0;
	return carrier->row.batch * record_size(0, size);
}

/* In what one read() returned. */
static unsigned int count_records(const struct device *device, size_t got)
{
	const struct mytun_record *record;
	unsigned int packets = 0;
	size_t at;

	if (device->carrier->mode == CARRIER_PLAIN)
		return 1;
	for (at = 0; at < got; at += record->size) {
		record = (const void *)(device->inbox + at);
		packets++;
	}
	return packets;
}

static unsigned int receive_file(struct device *device, int fd, size_t size)
{
	size_t room = read_room(device->carrier, size);
	unsigned int packets = 0;
	ssize_t got;

	while ((got = read(fd, device->inbox, room)) > 0)
		packets += count_records(device, (size_t)got);
	return packets;
}

static unsigned int receive_ring(struct mytun_queue *queue)
{
	struct mytun_record *records[BURST];
	unsigned int packets = 0;
	int got;

	while ((got = mytun_peek(queue, records, BURST)) > 0) {
		packets += (unsigned int)got;
		mytun_release(queue, MYTUN_ALL);
	}
	return packets;
}

static unsigned int receive(void *state, size_t size)
{
	struct device *device = state;
	unsigned int packets = 0, i;

	for (i = 0; i < device->queues; i++)
		packets += device->queue[i] ? receive_ring(device->queue[i]) :
			   receive_file(device, device->fd[i], size);
	return packets;
}

/* Of the first queue alone. Files are made to block, and stay so. */
static unsigned int await(void *state)
{
	struct device *device = state;
	ssize_t got;

	if (device->queue[0]) {
		check(mytun_wait(device->queue[0], MYTUN_WAIT_RX, -1), "wait");
		return receive_ring(device->queue[0]);
	}
	if (!device->reads++)
		check(device_nonblock(device->fd[0], false), "O_NONBLOCK");
	got = read(device->fd[0], device->inbox, BURST * RECORD_MAX);
	check_errno(got < 0 ? -1 : 0, device->carrier->row.way);
	return count_records(device, (size_t)got);
}

static unsigned long calls(void *state)
{
	struct mytun_counters counters = { .size = sizeof(counters) };
	struct device *device = state;

	if (!device->queue[0])
		return device->reads;
	check(mytun_count(device->queue[0], &counters), "counters");
	return counters.waits + counters.kicks;
}

/* As write() wants it; the batches of one call are contiguous. */
static void load(void *state, unsigned int slot, const struct packet *packet,
		 const struct virtio_net_hdr *header)
{
	struct device *device = state;
	size_t vnet = header ? sizeof(*header) : 0;
	uint8_t *to;

	device->bytes = vnet + packet->size;
	if (device->carrier->mode == CARRIER_BATCH)
		device->bytes = record_size(0, vnet + packet->size);
	to = device->buffer + slot * device->bytes;
	if (device->carrier->mode == CARRIER_BATCH) {
		record_fill(to, 0, vnet + packet->size);
		to += MYTUN_RECORD_HEADER;
	}
	if (header)
		memcpy(to, header, vnet);
	memcpy(to + vnet, packet->data, packet->size);
}

static void send_file(struct device *device, int fd, const uint8_t *data,
		      unsigned int batch)
{
	ssize_t all = (ssize_t)(device->bytes * batch);

	if (write(fd, data, (size_t)all) != all)
		check(errno ? -errno : -EIO, device->carrier->row.way);
}

/*
 * As many as there is room for. The user's part, copying the packet, is the
 * same for all.
 */
static unsigned int send_ring(struct device *device, struct mytun_queue *queue,
			      const uint8_t *data, unsigned int batch)
{
	struct mytun_record *records[BURST];
	int room, i;

	room = check(mytun_reserve(queue, records, batch,
				   (__u32)device->bytes), "reserve");
	for (i = 0; i < room; i++, data += device->bytes)
		memcpy(record_data(records[i]), data, device->bytes);
	if (room)
		check(mytun_submit(queue, MYTUN_ALL), "submit");
	return (unsigned int)room;
}

/* In batches, each from the next queue; how many there was room for. */
static unsigned int send_all(struct device *device, unsigned int count)
{
	unsigned int batch = device->carrier->row.batch, sent = 0, i, at;
	const uint8_t *data;

	batch = batch ? batch : 1;
	for (i = 0; i < count; i += batch) {
		at = device->carrier->one_sends ? 0 :
						  device->turn++ %
						  device->queues;
		data = device->buffer + i % BURST * device->bytes;
		if (device->queue[at]) {
			sent += send_ring(device, device->queue[at], data,
					  batch);
		} else {
			send_file(device, device->fd[at], data, batch);
			sent += batch;
		}
	}
	return sent;
}

static void offer(void *state, unsigned int count)
{
	send_all(state, count);
}

static void device_ops_send(void *state, unsigned int count)
{
	struct device *device = state;
	unsigned int i;

	check(send_all(device, count) < count ? -ENOSPC : 0, "reserve");
	if (device->carrier->drive == MYTUN_DRIVE_CALLER)
		return;
	for (i = 0; i < device->queues; i++)
		check(mytun_wait(device->queue[i], MYTUN_WAIT_TX, -1), "wait");
}

static void device_ops_close(void *state)
{
	struct device *device = state;
	unsigned int i;

	/* It takes the device, which ends who lends a thread to it. */
	if (device->carrier->drive == MYTUN_DRIVE_LENT) {
		check(link_delete(SITE_DEVICE), SITE_DEVICE);
		for (i = 0; i < device->queues; i++)
			pthread_join(device->lender[i], NULL);
	}
	for (i = 0; i < device->queues; i++)
		if (device->queue[i])
			mytun_close(device->queue[i]);
		else
			close(device->fd[i]);
	free(device->buffer);
	free(device->inbox);
	free(device);
}

const struct carrier_ops device_ops = {
	.open = device_ops_open,
	.start = start,
	.receive = receive,
	.await = await,
	.calls = calls,
	.load = load,
	.send = device_ops_send,
	.offer = offer,
	.close = device_ops_close,
};
