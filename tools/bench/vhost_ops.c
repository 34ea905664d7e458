// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's tap by vhost-net: two virtqueues in memory that both sides see,
 * and a thread of the kernel that carries between them and the device.
 */
#include "device.h"

#include "carrier.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "measure.h"
#include "peers.h"

#define ENTRIES		1024		/* of each virtqueue */
#define ROOM		2048		/* of one buffer */
#define QUEUE_BYTES	65536		/* of a virtqueue with all its rings */
#define HEADER		sizeof(struct virtio_net_hdr_v1)
#define YIELDS		4		/* with nothing new: it is idle */

enum { RX, TX, DIRECTIONS };

struct virtqueue {
	struct vring ring;
	uint8_t *buffers;
	uint16_t seen;			/* how far used was looked at */
	uint16_t given;			/* how far avail was filled */
	int kick, call;
};

struct vhost_memory_one {
	struct vhost_memory head;
	struct vhost_memory_region region;
};

struct vhost {
	int tap, fd;
	uint8_t *area;
	size_t area_bytes;
	struct virtqueue queues[DIRECTIONS];
	size_t bytes;			/* of a packet to send */
	uint8_t packets[BURST][ROOM];
};

static void vhost_ioctl(struct vhost *vhost, unsigned long command, void *arg,
			const char *what)
{
	check_errno(ioctl(vhost->fd, command, arg), what);
}

static void make_queue(struct vhost *vhost, unsigned int index)
{
	struct virtqueue *queue = &vhost->queues[index];
	uint8_t *at = vhost->area + index * (QUEUE_BYTES + ENTRIES * ROOM);
	struct vhost_vring_state size = { index, ENTRIES };
	struct vhost_vring_state base = { index, 0 };
	struct vhost_vring_addr address = { .index = index };
	struct vhost_vring_file file = { .index = index };
	unsigned int i;

	vring_init(&queue->ring, ENTRIES, at, 4096);
	queue->buffers = at + QUEUE_BYTES;
	for (i = 0; i < ENTRIES; i++) {
		queue->ring.desc[i].addr = (uintptr_t)queue->buffers + i * ROOM;
		queue->ring.desc[i].len = ROOM;
		queue->ring.desc[i].flags = index == RX ? VRING_DESC_F_WRITE :
							  0;
		queue->ring.avail->ring[i] = (uint16_t)i;
	}
	/* Nobody is to be told: who waits looks. */
	queue->ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	address.desc_user_addr = (uintptr_t)queue->ring.desc;
	address.avail_user_addr = (uintptr_t)queue->ring.avail;
	address.used_user_addr = (uintptr_t)queue->ring.used;
	queue->kick = check_errno(eventfd(0, EFD_CLOEXEC), "eventfd");
	queue->call = check_errno(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				  "eventfd");
	vhost_ioctl(vhost, VHOST_SET_VRING_NUM, &size, "VHOST_SET_VRING_NUM");
	vhost_ioctl(vhost, VHOST_SET_VRING_BASE, &base,
		    "VHOST_SET_VRING_BASE");
	vhost_ioctl(vhost, VHOST_SET_VRING_ADDR, &address,
		    "VHOST_SET_VRING_ADDR");
	file.fd = queue->kick;
	vhost_ioctl(vhost, VHOST_SET_VRING_KICK, &file,
		    "VHOST_SET_VRING_KICK");
	file.fd = queue->call;
	vhost_ioctl(vhost, VHOST_SET_VRING_CALL, &file,
		    "VHOST_SET_VRING_CALL");
	file.fd = vhost->tap;
	vhost_ioctl(vhost, VHOST_NET_SET_BACKEND, &file,
		    "VHOST_NET_SET_BACKEND");
}

static void kick(const struct virtqueue *queue)
{
	const uint64_t one = 1;

	if (!(__atomic_load_n(&queue->ring.used->flags, __ATOMIC_SEQ_CST) &
	      VRING_USED_F_NO_NOTIFY) &&
	    write(queue->kick, &one, sizeof(one)) != sizeof(one))
		check(-errno, "kick");
}

/* So many more buffers for the kernel. */
static void give(struct virtqueue *queue, unsigned int count)
{
	queue->given = (uint16_t)(queue->given + count);
	__atomic_store_n(&queue->ring.avail->idx, queue->given,
			 __ATOMIC_SEQ_CST);
}

/* How many buffers came back. */
static unsigned int returned(struct virtqueue *queue)
{
	uint16_t used = __atomic_load_n(&queue->ring.used->idx,
					__ATOMIC_ACQUIRE);
	unsigned int count = (uint16_t)(used - queue->seen);

	queue->seen = used;
	return count;
}

static void make_memory(struct vhost *vhost)
{
	struct vhost_memory_one memory = { .head.nregions = 1 };

	vhost->area_bytes = DIRECTIONS *
			    (QUEUE_BYTES + (size_t)ENTRIES * ROOM);
	vhost->area = mmap(NULL, vhost->area_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(vhost->area == MAP_FAILED ? -errno : 0, "memory");
	memory.region.guest_phys_addr = (uintptr_t)vhost->area;
	memory.region.userspace_addr = (uintptr_t)vhost->area;
	memory.region.memory_size = vhost->area_bytes;
	vhost_ioctl(vhost, VHOST_SET_MEM_TABLE, &memory, "VHOST_SET_MEM_TABLE");
}

static void *vhost_open(const struct carrier *carrier)
{
	struct vhost *vhost = calloc(1, sizeof(*vhost));
	uint64_t features = 1ULL << VIRTIO_F_VERSION_1;
	char name[IFNAMSIZ] = SITE_DEVICE;
	int size = HEADER;

	(void)carrier;
	check(vhost ? 0 : -ENOMEM, "memory");
	vhost->fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (vhost->fd < 0) {
		free(vhost);
		return NULL;
	}
	setenv("MYTUN_NODE", "/dev/net/tun", 1);
	vhost->tap = check(device_create(name, IFF_TAP | IFF_NO_PI |
					 IFF_VNET_HDR), "tap");
	check_errno(ioctl(vhost->tap, TUNSETVNETHDRSZ, &size),
		    "TUNSETVNETHDRSZ");
	vhost_ioctl(vhost, VHOST_SET_OWNER, NULL, "VHOST_SET_OWNER");
	vhost_ioctl(vhost, VHOST_SET_FEATURES, &features, "VHOST_SET_FEATURES");
	make_memory(vhost);
	return vhost;
}

/* It fails on a device that is down. */
static void vhost_start(void *state)
{
	struct vhost *vhost = state;

	make_queue(vhost, RX);
	make_queue(vhost, TX);
	give(&vhost->queues[RX], ENTRIES);
	kick(&vhost->queues[RX]);
}

static unsigned int vhost_receive(void *state, size_t size)
{
	struct virtqueue *queue = &((struct vhost *)state)->queues[RX];
	unsigned int found = 0, idle = 0, count;

	(void)size;
	while (idle < YIELDS) {
		count = returned(queue);
		idle = count ? 0 : idle + 1;
		found += count;
		/* Each buffer as it comes back is in avail at its own place. */
		if (count) {
			give(queue, count);
			kick(queue);
		}
		sched_yield();
	}
	return found;
}

static void vhost_load(void *state, unsigned int slot,
		       const struct packet *packet,
		       const struct virtio_net_hdr *header)
{
	struct vhost *vhost = state;

	(void)header;
	memset(vhost->packets[slot], 0, HEADER);
	memcpy(vhost->packets[slot] + HEADER, packet->data, packet->size);
	vhost->bytes = HEADER + packet->size;
}

static void vhost_send(void *state, unsigned int count)
{
	struct vhost *vhost = state;
	struct virtqueue *queue = &vhost->queues[TX];
	unsigned int done = 0, i, j, at;

	for (i = 0; i < count; i += BURST) {
		for (j = 0; j < BURST; j++) {
			at = (queue->given + j) % ENTRIES;
			memcpy(queue->buffers + at * ROOM, vhost->packets[j],
			       vhost->bytes);
			queue->ring.desc[at].len = (uint32_t)vhost->bytes;
		}
		give(queue, BURST);
		kick(queue);
		for (done = 0; done < BURST; done += returned(queue))
			sched_yield();
	}
}

static void vhost_close(void *state)
{
	struct vhost *vhost = state;
	unsigned int i;

	close(vhost->fd);
	for (i = 0; i < DIRECTIONS; i++) {
		close(vhost->queues[i].kick);
		close(vhost->queues[i].call);
	}
	close(vhost->tap);
	munmap(vhost->area, vhost->area_bytes);
	free(vhost);
}

const struct carrier_ops vhost_ops = {
	.open = vhost_open,
	.start = vhost_start,
	.receive = vhost_receive,
	.load = vhost_load,
	.send = vhost_send,
	.close = vhost_close,
};
