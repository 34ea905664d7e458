// SPDX-License-Identifier: GPL-2.0
#include "ringmem.h"

#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "device.h"

uint64_t ring_features(void)
{
	uint64_t features = 0;
	int fd = device_open(0);

	if (fd < 0)
		return 0;
	if (ioctl(fd, MYTUN_IOC_FEATURES, &features))
		features = 0;
	close(fd);
	return features;
}

int ring_make(int fd, struct mytun_ring *ring)
{
	ring->size = sizeof(*ring);
	return device_ioctl(fd, MYTUN_IOC_RING, (unsigned long)ring);
}

static void *map(int fd, size_t size, int prot, uint64_t offset)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

int ringmem_map(struct ringmem *mem, int fd)
{
	const int both = PROT_READ | PROT_WRITE;
	int err;

	memset(mem, 0, sizeof(*mem));
	mem->fd = fd;
	mem->ring.size = sizeof(mem->ring);
	err = device_ioctl(fd, MYTUN_IOC_RING_GET, (unsigned long)&mem->ring);
	if (err < 0)
		return err;
	mem->kernel = map(fd, mem->ring.page_size, PROT_READ,
			  MYTUN_MMAP_KERNEL);
	if (!mem->kernel)
		goto fail;
	mem->user = map(fd, mem->ring.page_size, both, MYTUN_MMAP_USER);
	if (!mem->user)
		goto fail;
	if (mem->ring.rx_size) {
		mem->rx = map(fd, 2UL * mem->ring.rx_size, both, MYTUN_MMAP_RX);
		if (!mem->rx)
			goto fail;
	}
	if (mem->ring.tx_size) {
		mem->tx = map(fd, 2UL * mem->ring.tx_size, both, MYTUN_MMAP_TX);
		if (!mem->tx)
			goto fail;
	}
	mem->rx_at = ringmem_load(&mem->user->rx_consumer);
	mem->tx_at = ringmem_load(&mem->user->tx_producer);
	return 0;

fail:
	err = -errno;
	ringmem_unmap(mem);
	return err;
}

int ringmem_make(struct ringmem *mem, int fd, const struct mytun_ring *ring)
{
	struct mytun_ring want = *ring;
	int err = ring_make(fd, &want);

	memset(mem, 0, sizeof(*mem));
	return err < 0 ? err : ringmem_map(mem, fd);
}

void ringmem_unmap(struct ringmem *mem)
{
	if (mem->kernel)
		munmap((void *)mem->kernel, mem->ring.page_size);
	if (mem->user)
		munmap(mem->user, mem->ring.page_size);
	if (mem->rx)
		munmap(mem->rx, 2UL * mem->ring.rx_size);
	if (mem->tx)
		munmap(mem->tx, 2UL * mem->ring.tx_size);
	mem->kernel = NULL;
	mem->user = NULL;
	mem->rx = NULL;
	mem->tx = NULL;
}

/* Acquire: what the position covers is read after it. */
uint32_t ringmem_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Release: what the position covers was written before it. */
void ringmem_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

uint64_t ringmem_counter(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Between a store of our position and a look at the other side's words. */
static void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

const char *record_fault(const struct mytun_record *record, size_t left)
{
	if (left < MYTUN_RECORD_HEADER)
		return "no room for a header";
	if (record->size < MYTUN_RECORD_ALIGN ||
	    record->size % MYTUN_RECORD_ALIGN)
		return "size no multiple of 64";
	if (!record->len)
		return "no data";
	if (record->offset < MYTUN_RECORD_HEADER ||
	    record->offset > MYTUN_RECORD_HEADER + MYTUN_ROOM_MAX)
		return "offset";
	if ((size_t)record->offset + record->len > record->size)
		return "data behind the record";
	if ((size_t)record->offset + record->len > left)
		return "data behind the end";
	if (record->flags || record->reserved || record->user)
		return "fields that are 0";
	return NULL;
}

uint32_t record_fill(void *p, size_t head_room, size_t len)
{
	struct mytun_record *record = p;

	memset(record, 0, sizeof(*record));
	record->size = record_size(head_room, len);
	record->len = len;
	record->offset = MYTUN_RECORD_HEADER + head_room;
	return record->size;
}

struct mytun_record *ringmem_peek(struct ringmem *mem)
{
	if (ringmem_load(&mem->kernel->rx_producer) == mem->rx_at)
		return NULL;
	return (void *)(mem->rx + (mem->rx_at & (mem->ring.rx_size - 1)));
}

void ringmem_next(struct ringmem *mem)
{
	const struct mytun_record *record;

	record = (void *)(mem->rx + (mem->rx_at & (mem->ring.rx_size - 1)));
	mem->rx_at += record->size;
}

int ringmem_release(struct ringmem *mem)
{
	uint32_t used;

	ringmem_store(&mem->user->rx_consumer, mem->rx_at);
	full_barrier();
	if (!(ringmem_load(&mem->kernel->rx_flags) & MYTUN_RING_RX_STOPPED))
		return 0;
	used = ringmem_load(&mem->kernel->rx_producer) - mem->rx_at;
	if (used > mem->ring.rx_size / 2)
		return 0;
	mem->calls++;
	return ring_kick(mem->fd);
}

bool ringmem_idle(struct ringmem *mem)
{
	ringmem_release(mem);
	return ringmem_load(&mem->kernel->rx_producer) == mem->rx_at;
}

bool ringmem_ended(const struct ringmem *mem)
{
	return ringmem_load(&mem->kernel->rx_flags) & MYTUN_RING_ENDED;
}

struct mytun_record *ringmem_reserve(struct ringmem *mem, size_t len)
{
	uint32_t used = mem->tx_at - ringmem_load(&mem->kernel->tx_consumer);
	uint32_t size = record_size(0, len);
	void *p;

	if (size > mem->ring.tx_size - used)
		return NULL;
	p = mem->tx + (mem->tx_at & (mem->ring.tx_size - 1));
	record_fill(p, 0, len);
	return p;
}

void ringmem_push(struct ringmem *mem)
{
	const struct mytun_record *record;

	record = (void *)(mem->tx + (mem->tx_at & (mem->ring.tx_size - 1)));
	mem->tx_at += record->size;
}

bool ringmem_put(struct ringmem *mem, const void *data, size_t len)
{
	struct mytun_record *record = ringmem_reserve(mem, len);

	if (!record)
		return false;
	memcpy(record_data(record), data, len);
	ringmem_push(mem);
	return true;
}

void ringmem_publish(struct ringmem *mem)
{
	ringmem_store(&mem->user->tx_producer, mem->tx_at);
	full_barrier();
}

int ringmem_submit(struct ringmem *mem)
{
	ringmem_publish(mem);
	if (!(ringmem_load(&mem->kernel->tx_flags) &
	      MYTUN_RING_TX_NEED_WAKEUP))
		return 0;
	mem->calls++;
	return ring_kick(mem->fd);
}

bool ringmem_sent(const struct ringmem *mem)
{
	return ringmem_load(&mem->kernel->tx_consumer) ==
	       ringmem_load(&mem->user->tx_producer);
}

static bool sent(void *arg)
{
	return ringmem_sent(arg);
}

int ringmem_wait_sent(const struct ringmem *mem, int ms)
{
	return wait_for(sent, (void *)mem, ms);
}

int ring_kick(int fd)
{
	return device_ioctl(fd, MYTUN_IOC_KICK, 0);
}

int ring_wait(int fd, uint32_t events, int ms)
{
	struct mytun_wait wait = {
		.size = sizeof(wait),
		.events = events,
		.timeout_ns = ms < 0 ? -1 : ms * 1000000LL,
	};

	return device_ioctl(fd, MYTUN_IOC_WAIT, (unsigned long)&wait);
}

int ring_drive(int fd, uint32_t drive, uint32_t flags, uint32_t poll_us,
	       int *pid)
{
	struct mytun_drive d = {
		.size = sizeof(d),
		.drive = drive,
		.flags = flags,
		.poll_us = poll_us,
	};
	int ret = device_ioctl(fd, MYTUN_IOC_DRIVE, (unsigned long)&d);

	if (pid)
		*pid = d.pid;
	return ret;
}

int ring_moderate(int fd, uint32_t packets, uint32_t usecs)
{
	struct mytun_moderate m = {
		.size = sizeof(m),
		.packets = packets,
		.usecs = usecs,
	};

	return device_ioctl(fd, MYTUN_IOC_MODERATE, (unsigned long)&m);
}

int ring_eventfd(int fd, int rx, int kick)
{
	struct mytun_eventfd e = {
		.size = sizeof(e),
		.rx = rx,
		.kick = kick,
	};

	return device_ioctl(fd, MYTUN_IOC_EVENTFD, (unsigned long)&e);
}

int ring_batch(int fd, uint32_t flags, uint16_t head_room, uint16_t tail_room)
{
	struct mytun_batch b = {
		.size = sizeof(b),
		.flags = flags,
		.head_room = head_room,
		.tail_room = tail_room,
	};

	return device_ioctl(fd, MYTUN_IOC_BATCH, (unsigned long)&b);
}
