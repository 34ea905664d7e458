// SPDX-License-Identifier: GPL-2.0
/*
 * From the device to the other end.
 *
 * A packet that fits is sealed where it is, in the record's head and tail room,
 * and sent from there. A large one is cut into buffers of a pool. All records
 * and buffers are in use until sendmmsg() has taken them; then the records go
 * back and the pool is empty.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <linux/virtio_net.h>
#include <mytun.h>

#include "segment.h"
#include "tunnel.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

#define POOL_BYTES	(1U << 20)
#define PIECES		1024	/* datagrams in one go */
#define MESSAGE_PIECES	64	/* of these in a message, as the kernel allows */
#define MESSAGE_BYTES	65000U
#define ROOM		16	/* for a header, and for a tag */

struct message {
	uint32_t size;		/* of its datagrams but the last */
	uint32_t bytes;
	bool open;
	union {
		struct cmsghdr aligned;
		uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control;
};

struct outward {
	unsigned int pieces, messages;
	uint32_t used;		/* of the pool */
	struct iovec piece[PIECES];
	struct mmsghdr header[PIECES];
	struct message message[PIECES];
	uint8_t pool[POOL_BYTES];
};

struct outward *outward_new(const struct tunnel *tunnel)
{
	(void)tunnel;
	return calloc(1, sizeof(struct outward));
}

void outward_free(struct outward *outward)
{
	free(outward);
}

static void begin_message(struct tunnel_worker *worker, uint32_t size)
{
	struct outward *out = worker->outward;
	struct message *message = &out->message[out->messages];
	struct msghdr *header = &out->header[out->messages++].msg_hdr;

	message->size = size;
	message->bytes = 0;
	message->open = worker->tunnel->udp_segment;
	memset(header, 0, sizeof(*header));
	header->msg_name = &worker->tunnel->remote;
	header->msg_namelen = socket_length(&worker->tunnel->remote);
	header->msg_iov = &out->piece[out->pieces];
}

/* Many datagrams: the kernel cuts what it is given at this size. */
static void ask_for_segments(struct msghdr *header, struct message *message)
{
	uint16_t size = (uint16_t)message->size;
	struct cmsghdr *control;

	header->msg_control = &message->control;
	header->msg_controllen = sizeof(message->control);
	control = CMSG_FIRSTHDR(header);
	control->cmsg_level = IPPROTO_UDP;
	control->cmsg_type = UDP_SEGMENT;
	control->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(control), &size, sizeof(size));
}

/* A datagram joins the last message, or begins the next. */
static void add_datagram(struct tunnel_worker *worker, uint8_t *data,
			 uint32_t len)
{
	struct outward *out = worker->outward;
	struct message *message = NULL;
	struct msghdr *header;

	if (out->messages)
		message = &out->message[out->messages - 1];
	if (!message || !message->open || len > message->size ||
	    message->bytes + len > MESSAGE_BYTES ||
	    out->header[out->messages - 1].msg_hdr.msg_iovlen ==
	    MESSAGE_PIECES) {
		begin_message(worker, len);
		message = &out->message[out->messages - 1];
	}
	header = &out->header[out->messages - 1].msg_hdr;
	out->piece[out->pieces].iov_base = data;
	out->piece[out->pieces++].iov_len = len;
	message->bytes += len;
	if (++header->msg_iovlen == 2)
		ask_for_segments(header, message);
	/* A smaller one can only be the last. */
	if (len < message->size)
		message->open = false;
}

/*
 * The message was refused. A device on the way out that cannot compute
 * checksums refuses segments (EIO), an old kernel may as well, and every kernel
 * those that are longer than the path's MTU, where it would cut single datagrams
 * into fragments (EINVAL, by now EMSGSIZE): then datagrams go one by one from now
 * on.
 */
static void refused(struct tunnel_worker *worker, const struct mmsghdr *header,
		    int error)
{
	struct msghdr one = header->msg_hdr;
	size_t i;

	if (header->msg_hdr.msg_iovlen == 1 ||
	    (error != EIO && error != EINVAL && error != EMSGSIZE &&
	     error != EOPNOTSUPP)) {
		fwd_count(&worker->counters.out_errors,
			  header->msg_hdr.msg_iovlen);
		return;
	}
	worker->tunnel->udp_segment = false;
	one.msg_control = NULL;
	one.msg_controllen = 0;
	one.msg_iovlen = 1;
	for (i = 0; i < header->msg_hdr.msg_iovlen; i++) {
		one.msg_iov = &header->msg_hdr.msg_iov[i];
		fwd_count(&worker->counters.out_calls, 1);
		fwd_count(&worker->counters.out_messages, 1);
		if (sendmsg(worker->fd, &one, 0) < 0)
			fwd_count(&worker->counters.out_errors, 1);
	}
}

/* All that was gathered goes out; it waits for the socket's buffer. */
static void flush(struct tunnel_worker *worker)
{
	struct outward *out = worker->outward;
	unsigned int sent = 0;
	int got;

	while (sent < out->messages) {
		fwd_count(&worker->counters.out_calls, 1);
		got = sendmmsg(worker->fd, out->header + sent,
			       out->messages - sent, 0);
		if (got > 0) {
			fwd_count(&worker->counters.out_messages,
				  (unsigned int)got);
			sent += (unsigned int)got;
		} else if (errno != EINTR) {
			/* ECONNREFUSED tells of an earlier one. */
			if (errno != ECONNREFUSED) {
				refused(worker, &out->header[sent], errno);
				sent++;
			}
		}
	}
	out->messages = 0;
	out->pieces = 0;
	out->used = 0;
}

/* A packet with ROOM bytes before and behind it. */
static void send_packet(struct tunnel_worker *worker, uint8_t *packet,
			uint32_t len)
{
	const struct tunnel *tunnel = worker->tunnel;
	struct wire_plain header = {
		.kind = WIRE_PLAIN,
		.queue = worker->index,
	};

	if (len + tunnel_overhead(tunnel->sealed) > tunnel->datagram) {
		fwd_count(&worker->counters.out_too_long, 1);
		return;
	}
	if (!tunnel->sealed) {
		packet -= sizeof(header);
		memcpy(packet, &header, sizeof(header));
	} else {
		if (session_seal(&worker->keys, worker->index,
				 &worker->counter, packet, len)) {
			fwd_count(&worker->counters.out_unready, 1);
			return;
		}
		packet -= sizeof(struct wire_sealed);
	}
	add_datagram(worker, packet, len + tunnel_overhead(tunnel->sealed));
	fwd_count(&worker->counters.out_packets, 1);
	fwd_count(&worker->counters.out_bytes, len);
}

static void send_large(struct tunnel_worker *worker, const uint8_t *packet,
		       uint32_t len, const struct virtio_net_hdr *hdr)
{
	struct outward *out = worker->outward;
	struct segment segment;
	uint32_t i, size;

	if (segment_prepare(&segment, packet, len,
			    worker->tunnel->settings.tap, hdr)) {
		fwd_count(&worker->counters.out_malformed, 1);
		return;
	}
	fwd_count(&worker->counters.out_large, 1);
	for (i = 0; i < segment.count; i++) {
		size = segment_len(&segment, i);
		if (size > worker->tunnel->datagram) {
			fwd_count(&worker->counters.out_too_long,
				  segment.count - i);
			return;
		}
		/* What has been cut so far is all that is in use. */
		if (out->used + size + 2 * ROOM > POOL_BYTES ||
		    out->pieces == PIECES)
			flush(worker);
		segment_write(&segment, i, out->pool + out->used + ROOM);
		send_packet(worker, out->pool + out->used + ROOM, size);
		out->used += (size + 2 * ROOM + 15) & ~15U;
	}
}

static void send_record(struct tunnel_worker *worker,
			struct mytun_record *record)
{
	unsigned int size = worker->tunnel->device.vnet_hdr_size;
	struct virtio_net_hdr hdr = { 0 };
	uint8_t *packet = mytun_data(record);
	uint32_t len = record->len;

	if (size) {
		if (len <= size) {
			fwd_count(&worker->counters.out_malformed, 1);
			return;
		}
		memcpy(&hdr, packet, sizeof(hdr));
		packet += size;
		len -= size;
	}
	if (hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		send_large(worker, packet, len, &hdr);
		return;
	}
	if (hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    segment_complete(packet, len, &hdr)) {
		fwd_count(&worker->counters.out_malformed, 1);
		return;
	}
	if (worker->outward->pieces == PIECES)
		flush(worker);
	send_packet(worker, packet, len);
}

int outward_run(struct tunnel_worker *worker)
{
	struct mytun_record *records[TUNNEL_BATCH_MAX];
	int got, i, err;

	got = mytun_peek(worker->queue, records, worker->tunnel->batch);
	if (got <= 0)
		return got;
	for (i = 0; i < got; i++)
		send_record(worker, records[i]);
	flush(worker);
	err = mytun_release(worker->queue, MYTUN_ALL);
	return err < 0 ? err : got;
}
