// SPDX-License-Identifier: GPL-2.0
/* Calls that take or give packets while memory runs out. */
#include "device.h"
#include "faultop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "bpf.h"
#include "numbered.h"
#include "ringdev.h"
#include "rtnl.h"

int faultop_write(struct faultdev *f)
{
	unsigned int i, k;
	ssize_t n, ret;

	for (i = 0; i < f->burst; i++) {
		struct iovec vec[16];

		n = ringdev_build(&f->dev, f->dev.buffer, 3, f->number++,
				  f->size);
		vec[0].iov_base = f->dev.buffer;
		vec[0].iov_len = n;
		/* A head, then a page at most each. */
		for (k = 1; k < f->pieces && vec[k - 1].iov_len > 200; k++) {
			size_t len = vec[k - 1].iov_len;

			vec[k - 1].iov_len = k == 1 ? 200 : 4000;
			if (vec[k - 1].iov_len > len)
				vec[k - 1].iov_len = len;
			vec[k].iov_base = (char *)vec[k - 1].iov_base +
					  vec[k - 1].iov_len;
			vec[k].iov_len = len - vec[k - 1].iov_len;
		}
		ret = writev(f->dev.fd, vec, k);
		if (ret < 0)
			return -errno;
		if (ret != n)
			return -EIO;
	}
	return 0;
}

int faultop_gso(struct faultdev *f)
{
	unsigned int i;
	ssize_t n, ret;

	for (i = 0; i < f->burst; i++) {
		n = ringdev_build_gso(&f->dev, f->dev.buffer, 3, f->number++,
				      f->size);
		ret = device_write(f->dev.fd, f->dev.buffer, n);
		if (ret != n)
			return ret < 0 ? ret : -EIO;
	}
	return 0;
}

int faultop_records(struct faultdev *f)
{
	static uint8_t records[1 << 18];
	size_t n = ringdev_fill(&f->dev, records, 32, f->number, &f->seed,
				f->size);
	ssize_t ret = device_write(f->second, records, n);

	f->number += 32;
	return ret < 0 ? ret : 0;
}

int faultop_kick(struct faultdev *f)
{
	uint64_t taken = ringmem_counter(&f->mem.kernel->tx_packets) +
			 ringmem_counter(&f->mem.kernel->tx_refused);
	unsigned int i;

	for (i = 0; i < f->burst; i++)
		if (!ringdev_put(&f->dev, &f->mem, 3, f->number++, f->size))
			break;
	if (ringmem_submit(&f->mem) < 0 || !ringmem_sent(&f->mem))
		return -EIO;
	/* Each is accepted, or counted as refused. */
	if (ringmem_counter(&f->mem.kernel->tx_packets) +
	    ringmem_counter(&f->mem.kernel->tx_refused) != taken + i)
		return -EBADMSG;
	return 0;
}

int faultop_wait_packet(struct faultdev *f)
{
	device_nonblock(f->dev.fd, true);
	while (device_read(f->dev.fd, f->dev.buffer, RINGDEV_DATA_MAX) >= 0)
		;
	return ringdev_send(&f->dev, 4, f->number++, f->size);
}

int faultop_splice(struct faultdev *f)
{
	ssize_t n = splice(f->dev.fd, NULL, f->pipe[1], NULL, 1 << 16,
			   SPLICE_F_NONBLOCK);

	return n < 0 ? -errno : 0;
}

int faultop_wait_record(struct faultdev *f)
{
	return ring_batch(f->dev.fd, MYTUN_Q_READ, 0, 0) ?:
	       faultop_wait_packet(f) ?: ring_batch(f->dev.fd, 0, 0, 0);
}

int faultop_unpack(struct faultdev *f)
{
	int ret = faultop_splice(f);

	/* It is lost, and counted: nothing waits any more. */
	return ret == -EAGAIN ? -ENOMEM : ret;
}

void faultop_drain_pipe(struct faultdev *f)
{
	while (read(f->pipe[0], f->dev.buffer, RINGDEV_DATA_MAX) > 0)
		;
}

int faultop_headers(struct faultdev *f)
{
	const size_t front = sizeof(struct virtio_net_hdr);
	const size_t options = 2048;
	struct virtio_net_hdr *vnet = (void *)f->dev.buffer;
	struct ip6_hdr *ip = (void *)(vnet + 1);
	uint8_t *extension = (uint8_t *)(ip + 1);
	size_t n = ringdev_build(&f->dev, f->dev.buffer, 3, f->number++,
				 f->size);
	ssize_t ret;

	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = 3000;
	ret = device_write(f->dev.fd, f->dev.buffer, n);
	if (ret < 0)
		return ret;
	memset(f->dev.buffer, 0, n);
	vnet->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	vnet->gso_size = 1400;
	ip->ip6_vfc = 6 << 4;
	ip->ip6_plen = htons(n - front - sizeof(*ip));
	ip->ip6_nxt = IPPROTO_DSTOPTS;
	extension[0] = IPPROTO_TCP;
	extension[1] = options / 8 - 1;
	ret = device_write(f->dev.fd, f->dev.buffer, n);
	return ret < 0 ? ret : 0;
}

int faultop_charged(struct faultdev *f)
{
	const int size = 1 << 30;

	return device_ioctl(f->dev.fd, TUNSETSNDBUF, (unsigned long)&size);
}

int faultop_xdp(struct faultdev *f)
{
	int program = xdp_return(XDP_PASS);

	return program < 0 ? program : xdp_attach(f->dev.ifindex, program, 0);
}

int faultop_zerocopy(struct faultdev *f)
{
	const int on = 1;

	if (setsockopt(f->dev.source, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		return -errno;
	numbered_fill(f->dev.buffer, f->size, 4, f->number++);
	if (send(f->dev.source, f->dev.buffer, f->size, MSG_ZEROCOPY) < 0)
		return -errno;
	return 0;
}

void faultop_completed(struct faultdev *f)
{
	struct msghdr message = {};

	while (recvmsg(f->dev.source, &message, MSG_ERRQUEUE) >= 0)
		;
}
