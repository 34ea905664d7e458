// SPDX-License-Identifier: GPL-2.0
/*
 * From the other end to the device. Three ways, by what the device and the
 * socket take:
 *
 *   straight	datagrams are received into records, and opened there
 *   apart	UDP_GRO gives many datagrams at once; each is opened into a
 *		record
 *   merged	the device takes large packets: datagrams are opened where they
 *		were received, and those whose packets make a larger one are
 *		written as one record
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <mytun.h>

#include "merge.h"
#include "tunnel.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20
#endif
#ifndef UDP_GRO
#define UDP_GRO		104
#endif

#define LARGE		65536U	/* of a message with UDP_GRO */
#define LARGE_MESSAGES	16
#define WAIT_NS		1000000	/* for room in the device */

struct inward {
	unsigned int messages;
	uint32_t size;		/* of each buffer */
	struct iovec piece[TUNNEL_BATCH_MAX];
	struct mmsghdr header[TUNNEL_BATCH_MAX];
	union socket_address from[TUNNEL_BATCH_MAX];
	union {
		struct cmsghdr aligned;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control[TUNNEL_BATCH_MAX];
	struct merge merge;
	uint8_t *buffers;	/* NULL: records are received into */
};

struct inward *inward_new(const struct tunnel *tunnel)
{
	struct inward *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->messages = tunnel->batch;
	in->size = (tunnel->datagram + 63) & ~63U;
	if (tunnel->sockets.gro) {
		in->size = LARGE;
		if (in->messages > LARGE_MESSAGES)
			in->messages = LARGE_MESSAGES;
	} else if (!tunnel->settings.vnet_hdr) {
		return in;
	}
	in->buffers = malloc((size_t)in->messages * in->size);
	if (in->buffers)
		return in;
	free(in);
	return NULL;
}

void inward_free(struct inward *in)
{
	if (in)
		free(in->buffers);
	free(in);
}

/* Return: messages received, 0: none are there; a negative errno. */
static int receive(struct tunnel_worker *worker, unsigned int count)
{
	struct inward *in = worker->inward;
	unsigned int i;
	int got;

	for (i = 0; i < count; i++) {
		struct msghdr *header = &in->header[i].msg_hdr;

		memset(header, 0, sizeof(*header));
		header->msg_name = &in->from[i];
		header->msg_namelen = sizeof(in->from[i]);
		header->msg_iov = &in->piece[i];
		header->msg_iovlen = 1;
		if (worker->tunnel->sockets.gro) {
			header->msg_control = &in->control[i];
			header->msg_controllen = sizeof(in->control[i]);
		}
	}
	do {
		fwd_count(&worker->counters.in_calls, 1);
		got = recvmmsg(worker->fd, in->header, count, MSG_DONTWAIT,
			       NULL);
		/* ECONNREFUSED: nobody was there for what we sent. */
	} while (got < 0 && (errno == EINTR || errno == ECONNREFUSED));
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	fwd_count(&worker->counters.in_messages, (unsigned int)got);
	return got;
}

/* How long the datagrams of a message are, but the last. */
static uint32_t datagram_size(struct mmsghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(&header->msg_hdr);
	int size = 0;

	if (control && control->cmsg_level == IPPROTO_UDP &&
	    control->cmsg_type == UDP_GRO)
		memcpy(&size, CMSG_DATA(control), sizeof(size));
	return size > 0 ? (uint32_t)size : header->msg_len;
}

static bool is_from_peer(struct tunnel_worker *worker, unsigned int message)
{
	struct inward *in = worker->inward;

	if (socket_equal(&in->from[message], &worker->tunnel->remote))
		return true;
	fwd_count(&worker->counters.refused_address, 1);
	return false;
}

static void greeted(struct tunnel_worker *worker, const uint8_t *data,
		    uint32_t len)
{
	struct tunnel *tunnel = worker->tunnel;
	struct wire_hello reply;
	bool answer;

	switch (session_greeted(&tunnel->session, data, len, &reply, &answer)) {
	case SESSION_OK:
		break;
	case SESSION_FORGED:
		fwd_count(&worker->counters.refused_forged, 1);
		return;
	case SESSION_REPLAYED:
		fwd_count(&worker->counters.refused_replayed, 1);
		return;
	default:
		fwd_count(&worker->counters.refused_kind, 1);
		return;
	}
	if (answer)
		sendto(worker->fd, &reply, sizeof(reply), MSG_DONTWAIT,
		       &tunnel->remote.any, socket_length(&tunnel->remote));
	session_refresh(&tunnel->session, &worker->keys);
}

static void count_refused(struct tunnel_worker *worker,
			  enum session_result result)
{
	struct fwd_counters *counters = &worker->counters;

	switch (result) {
	case SESSION_FORGED:
		fwd_count(&counters->refused_forged, 1);
		break;
	case SESSION_REPLAYED:
		fwd_count(&counters->refused_replayed, 1);
		break;
	case SESSION_UNKNOWN:
		fwd_count(&counters->refused_session, 1);
		/* The other end may have missed that we began anew. */
		tunnel_greet(worker->tunnel, worker->fd);
		break;
	default:
		fwd_count(&counters->refused_kind, 1);
		break;
	}
}

/* Bytes of the packet in a datagram that may be one; 0: it is none. */
static uint32_t packet_len(struct tunnel_worker *worker, const uint8_t *data,
			   uint32_t len)
{
	bool sealed = worker->tunnel->sealed;

	if (sealed && len && data[0] == WIRE_HELLO) {
		greeted(worker, data, len);
		return 0;
	}
	if (len <= tunnel_overhead(sealed) ||
	    data[0] != (sealed ? WIRE_SEALED : WIRE_PLAIN)) {
		fwd_count(&worker->counters.refused_kind, 1);
		return 0;
	}
	return len - tunnel_overhead(sealed);
}

/*
 * The packet of a datagram, opened in place. Return: where it is, NULL: it was
 * refused and counted, or was a greeting.
 */
static uint8_t *open_in_place(struct tunnel_worker *worker, uint8_t *data,
			      uint32_t len, uint32_t *packet)
{
	enum session_result result;

	*packet = packet_len(worker, data, len);
	if (!*packet)
		return NULL;
	if (!worker->tunnel->sealed)
		return data + sizeof(struct wire_plain);
	result = session_open(&worker->tunnel->session, &worker->keys, data,
			      len, data + sizeof(struct wire_sealed));
	if (!result)
		return data + sizeof(struct wire_sealed);
	count_refused(worker, result);
	return NULL;
}

/* A record for a packet; waits a little for room. NULL: there is none. */
static struct mytun_record *reserve(struct tunnel_worker *worker, uint32_t len)
{
	struct mytun_record *record;
	int got = mytun_reserve(worker->queue, &record, 1, len);

	if (!got) {
		mytun_submit(worker->queue, MYTUN_ALL);
		mytun_wait(worker->queue, MYTUN_WAIT_TX, WAIT_NS);
		got = mytun_reserve(worker->queue, &record, 1, len);
	}
	if (got == 1)
		return record;
	fwd_count(&worker->counters.in_no_room, 1);
	return NULL;
}

static void count_packet(struct tunnel_worker *worker, uint32_t len)
{
	fwd_count(&worker->counters.in_packets, 1);
	fwd_count(&worker->counters.in_bytes, len);
}

/* A datagram is opened into a record of its own. */
static void deliver(struct tunnel_worker *worker, uint8_t *data, uint32_t len)
{
	uint32_t packet = packet_len(worker, data, len);
	struct mytun_record *record;
	enum session_result result;

	if (!packet)
		return;
	record = reserve(worker, packet);
	if (!record)
		return;
	if (!worker->tunnel->sealed) {
		memcpy(mytun_data(record), data + sizeof(struct wire_plain),
		       packet);
	} else {
		result = session_open(&worker->tunnel->session, &worker->keys,
				      data, len, mytun_data(record));
		if (result) {
			mytun_unreserve(worker->queue, 1);
			count_refused(worker, result);
			return;
		}
	}
	count_packet(worker, packet);
}

/* A kernel that hands over large UDP packets takes them as well. */
static void begin_merge(struct tunnel_worker *worker)
{
	const struct tunnel *tunnel = worker->tunnel;

	merge_start(&worker->inward->merge, tunnel->settings.tap,
		    tunnel->device.offload & TUN_F_USO4);
}

/* What was merged becomes records. */
static void write_merged(struct tunnel_worker *worker)
{
	unsigned int size = worker->tunnel->device.vnet_hdr_size;
	struct merge *merge = &worker->inward->merge;
	struct virtio_net_hdr hdr;
	uint32_t i;

	for (i = 0; i < merge->made; i++) {
		const struct merged *merged = &merge->merged[i];
		struct mytun_record *record = reserve(worker,
						      size + merged->len);

		if (!record)
			continue;
		merge_write(merge, merged, &hdr, mytun_data(record) + size);
		memset(mytun_data(record), 0, size);
		memcpy(mytun_data(record), &hdr, sizeof(hdr));
		if (merged->segments > 1)
			fwd_count(&worker->counters.in_merged,
				  merged->segments);
	}
	begin_merge(worker);
}

static void gather(struct tunnel_worker *worker, uint8_t *data, uint32_t len)
{
	struct merge *merge = &worker->inward->merge;
	uint32_t size;
	uint8_t *packet = open_in_place(worker, data, len, &size);

	if (!packet)
		return;
	if (merge->count == MERGE_PACKETS)
		write_merged(worker);
	merge_add(merge, packet, size);
	count_packet(worker, size);
}

static int from_buffers(struct tunnel_worker *worker)
{
	struct inward *in = worker->inward;
	bool merging = worker->tunnel->settings.vnet_hdr;
	int got, i;

	for (i = 0; i < (int)in->messages; i++) {
		in->piece[i].iov_base = in->buffers + (size_t)i * in->size;
		in->piece[i].iov_len = in->size;
	}
	got = receive(worker, in->messages);
	if (got <= 0)
		return got;
	begin_merge(worker);
	for (i = 0; i < got; i++) {
		uint32_t len = in->header[i].msg_len, at, part;
		uint32_t size = datagram_size(&in->header[i]);
		uint8_t *data = in->piece[i].iov_base;

		if (!is_from_peer(worker, (unsigned int)i))
			continue;
		for (at = 0; at < len; at += part) {
			part = len - at < size ? len - at : size;
			if (merging)
				gather(worker, data + at, part);
			else
				deliver(worker, data + at, part);
		}
	}
	if (merging)
		write_merged(worker);
	i = mytun_submit(worker->queue, MYTUN_ALL);
	return i < 0 ? i : got;
}

/* A record that was received into becomes a packet, or is passed over. */
static void settle(struct tunnel_worker *worker, struct mytun_record *record,
		   unsigned int message)
{
	struct mmsghdr *header = &worker->inward->header[message];
	uint8_t *data = mytun_data(record), *packet = NULL;
	uint32_t len = 0;

	if (!is_from_peer(worker, message))
		;
	else if (header->msg_hdr.msg_flags & MSG_TRUNC)
		fwd_count(&worker->counters.refused_kind, 1);
	else
		packet = open_in_place(worker, data, header->msg_len, &len);
	if (!packet) {
		mytun_drop(record);
		return;
	}
	mytun_pull(record, (uint32_t)(packet - data));
	mytun_trim(record, len);
	count_packet(worker, len);
}

static int into_records(struct tunnel_worker *worker)
{
	struct mytun_record *records[TUNNEL_BATCH_MAX];
	struct inward *in = worker->inward;
	int room, got, i, err;

	room = mytun_reserve(worker->queue, records, in->messages, in->size);
	if (!room) {
		mytun_wait(worker->queue, MYTUN_WAIT_TX, WAIT_NS);
		room = mytun_reserve(worker->queue, records, in->messages,
				     in->size);
	}
	if (room <= 0)
		return room;
	for (i = 0; i < room; i++) {
		in->piece[i].iov_base = mytun_data(records[i]);
		in->piece[i].iov_len = in->size;
	}
	got = receive(worker, (unsigned int)room);
	if (got < room)
		mytun_unreserve(worker->queue,
				(unsigned int)(room - (got > 0 ? got : 0)));
	if (got <= 0)
		return got;
	for (i = 0; i < got; i++)
		settle(worker, records[i], (unsigned int)i);
	err = mytun_submit(worker->queue, MYTUN_ALL);
	return err < 0 ? err : got;
}

int inward_run(struct tunnel_worker *worker)
{
	return worker->inward->buffers ? from_buffers(worker) :
					 into_records(worker);
}
