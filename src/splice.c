// SPDX-License-Identifier: GPL-2.0
/*
 * splice(): one packet is one buffer of a pipe, in both directions. A packet
 * that is larger than a page has a larger, contiguous buffer, as those that
 * come from TCP sockets are, so that it can be written again as one.
 *
 * The caller of both holds, or takes, the pipe's mutex for the whole call, also
 * while it sleeps, as for other files. No lock of a device is held then, and
 * nothing in the stack waits for a pipe.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "frame.h"
#include "mytun.h"
#include "ring.h"

/* The device is asked for anew for each packet: a pipe may be waited for. */
struct splice_target {
	struct mytun_queue *q;
	bool nonblock;
};

/*
 * The first packet (frame.h), if it fits into @room bytes with what stands in
 * front.
 * Return: the packet; NULL: none waits, or it needs *@len bytes, which is more.
 */
static void *take(struct mytun *tun, struct mytun_queue *q, size_t room,
		  size_t *len)
{
	void *packet;

	*len = 0;
	spin_lock(&q->ring.consumer_lock);
	packet = __ptr_ring_peek(&q->ring);
	if (packet) {
		*len = mytun_packet_is_stored(packet) ?
		       mytun_store_read_len(tun, q, packet) :
		       mytun_packet_read_len(tun, packet);
		packet = *len <= room ? __mytun_packet_take(q) : NULL;
	}
	spin_unlock(&q->ring.consumer_lock);
	if (mytun_packet_is_stored(packet)) {
		packet = mytun_store_unpack(tun, q, packet);
		/* It is lost: as if it had not been there. */
		if (!packet)
			*len = 0;
	}
	return packet;
}

/*
 * A packet and pages for it; another reader may be faster, so that the packet
 * for which the pages were allocated is gone. May sleep.
 */
static void *wait_and_take(struct mytun *tun, struct mytun_queue *q,
			   size_t room, bool nonblock, struct page **page,
			   size_t *len)
{
	void *packet;
	size_t have = 0;
	int err;

	*page = NULL;
	while (!(packet = take(tun, q, have, len))) {
		if (*len > room) {
			err = -EINVAL;
			goto fail;
		}
		if (*len) {
			if (*page)
				put_page(*page);
			*page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_COMP |
					    __GFP_NOWARN, get_order(*len));
			err = -ENOMEM;
			if (!*page)
				goto fail;
			have = PAGE_SIZE << get_order(*len);
			have = min(have, room);
			continue;
		}
		/* What was there before a ring was made has been read. */
		err = mytun_read_wait(q, nonblock);
		if (err)
			goto fail;
	}
	return packet;

fail:
	if (*page)
		put_page(*page);
	return ERR_PTR(err);
}

static ssize_t read_packet(struct mytun *tun, struct mytun_queue *q,
			   struct pipe_inode_info *pipe, size_t room,
			   bool nonblock)
{
	/* Who reads the pipe gets one packet at a time as well. */
	struct pipe_buffer buf = {
		.ops = &nosteal_pipe_buf_ops,
		.flags = PIPE_BUF_FLAG_PACKET,
	};
	enum mytun_drop reason;
	struct bio_vec vec = {};
	struct iov_iter to;
	void *packet;
	ssize_t ret;
	size_t len;

	packet = wait_and_take(tun, q, room, nonblock, &vec.bv_page, &len);
	if (IS_ERR(packet))
		return PTR_ERR(packet);
	mytun_queue_took(tun, q, 1);
	vec.bv_len = len;
	mytun_iov_iter_bvec(&to, READ, &vec, len);
	ret = mytun_packet_read_copy(tun, packet, &to, len, &reason);
	if (ret) {
		put_page(vec.bv_page);
		mytun_packet_drop(tun, q, packet, reason);
		return -EINVAL;
	}
	buf.page = vec.bv_page;
	buf.len = len;
	/* Gives the page back if nobody reads the pipe any more. */
	ret = add_to_pipe(pipe, &buf);
	if (ret < 0) {
		mytun_packet_drop(tun, q, packet, MYTUN_DROP_TX_BUFFER);
		return ret;
	}
	mytun_packet_done(q, packet);
	return ret;
}

/**
 * mytun_splice_read - one packet into a pipe
 * @file: a queue
 * @pos: of no meaning
 * @pipe: locked by the caller
 * @room: bytes that the caller wants at most, and for which the pipe has room
 * @flags: SPLICE_F_NONBLOCK as well as O_NONBLOCK
 *
 * What a read() would return becomes one buffer of the pipe. A batch's mode is
 * of no importance.
 *
 * Return: its bytes, or -EINVAL: @room is too small for the packet, which
 * stays; -EBADFD, -EBUSY (there is an RX ring), -EAGAIN, -ERESTARTSYS, -ENOMEM
 * (the packet stays), -EFAULT (the device went), -EPIPE.
 */
ssize_t mytun_splice_read(struct file *file, loff_t *pos,
			  struct pipe_inode_info *pipe, size_t room,
			  unsigned int flags)
{
	struct mytun_queue *q = file->private_data;
	bool nonblock = file->f_flags & O_NONBLOCK ||
			flags & SPLICE_F_NONBLOCK;
	struct mytun *tun = mytun_get(q);
	ssize_t ret;

	if (!tun)
		return -EBADFD;
	ret = read_packet(tun, q, pipe, room, nonblock);
	mytun_put(tun);
	return ret;
}

/* A buffer of the pipe. Return: its bytes, or a negative errno; it stays then. */
static int write_buffer(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
			struct splice_desc *desc)
{
	struct splice_target *target = desc->u.data;
	struct bio_vec vec = {
		.bv_page = buf->page,
		.bv_len = buf->len,
		.bv_offset = buf->offset,
	};
	struct iov_iter from;
	struct mytun *tun;
	int ret;

	/* The caller's length ends in the middle: a part is no packet. */
	if (desc->len != buf->len)
		return -EINVAL;
	tun = mytun_get(target->q);
	if (!tun)
		return -EBADFD;
	mytun_iov_iter_bvec(&from, WRITE, &vec, buf->len);
	ret = mytun_write_one(tun, target->q, &from, target->nonblock);
	mytun_put(tun);
	return ret;
}

/**
 * mytun_splice_write - a packet for each buffer of a pipe
 * @pipe: not locked
 * @file: a queue
 * @pos: of no meaning
 * @len: bytes, as many whole buffers as fit
 * @flags: SPLICE_F_NONBLOCK as well as O_NONBLOCK
 *
 * A buffer is what was written to the pipe by one write(), or one splice(), of
 * a page at most. Stops before the first one that is not accepted.
 *
 * Return: bytes of the packets that were accepted; if that is none, what
 * write() says of the first, or -EINVAL: @len ends inside of it.
 */
ssize_t mytun_splice_write(struct pipe_inode_info *pipe, struct file *file,
			   loff_t *pos, size_t len, unsigned int flags)
{
	struct splice_target target = {
		.q = file->private_data,
		.nonblock = file->f_flags & O_NONBLOCK ||
			    flags & SPLICE_F_NONBLOCK,
	};
	struct splice_desc desc = {
		.total_len = len,
		.flags = flags,
		.u.data = &target,
	};
	ssize_t ret;

	if (!rcu_access_pointer(target.q->dev))
		return -EBADFD;
	pipe_lock(pipe);
	ret = __splice_from_pipe(pipe, &desc, write_buffer);
	pipe_unlock(pipe);
	return ret;
}
