// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* The fake kernel: its files, its packets and its system calls. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "wrap.h"

/*
 * The sanitizer knows memory by its address: what two mappings of the same
 * page do to each other it cannot see. With it, both sides use one mapping.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_MAPPING	true
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define ONE_MAPPING	true
#endif
#ifndef ONE_MAPPING
#define ONE_MAPPING	false
#endif

static struct fake *fake;

static void give_up(const char *why)
{
	perror(why);
	abort();
}

/* The fake that the file is of; a duplicate is the same file. */
static struct fake *find(int fd)
{
	return fake && fd >= 0 && (fd == fake->fd) ? fake : NULL;
}

void fake_start(struct fake *f, enum mytun_mode mode)
{
	int pair[2];

	memset(f, 0, sizeof(*f));
	f->mode = mode;
	f->peer = -1;
	f->pages = -1;
	f->rx_file = -1;
	f->tx_file = -1;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->change, NULL);
	if (mode == MYTUN_MODE_PLAIN) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
			give_up("socketpair");
		f->fd = pair[0];
		f->peer = pair[1];
	} else {
		f->fd = eventfd(0, EFD_NONBLOCK);
		if (f->fd < 0)
			give_up("eventfd");
	}
	fake = f;
}

static void fifo_clear(struct fake_fifo *fifo)
{
	while (fifo->head != fifo->tail)
		free(fifo->packet[fifo->tail++ % FAKE_PACKETS].data);
}

void fake_stop(struct fake *f)
{
	fake = NULL;
	if (f->kernel) {
		munmap(f->kernel, f->ring.page_size);
		munmap(f->user, f->ring.page_size);
		munmap(f->rx_data, 2 * (size_t)f->ring.rx_size);
		munmap(f->tx_data, 2 * (size_t)f->ring.tx_size);
		close(f->pages);
		close(f->rx_file);
		close(f->tx_file);
	}
	fifo_clear(&f->rx);
	fifo_clear(&f->tx);
	if (f->peer >= 0)
		close(f->peer);
}

void fake_end(struct fake *f)
{
	pthread_mutex_lock(&f->lock);
	f->gone = true;
	if (f->kernel) {
		mytun_store_release(&f->kernel->rx_flags, MYTUN_RING_ENDED);
		mytun_store_release(&f->kernel->tx_flags, MYTUN_RING_ENDED);
	}
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
	if (f->peer >= 0)
		shutdown(f->peer, SHUT_RDWR);
	else
		eventfd_write(f->fd, 1);
}

/* Records that the user side made. */

static bool zero(const struct mytun_record *record)
{
	return !record->hash && !record->mark && !record->priority &&
	       !record->queue && !record->reserved;
}

/* The rules of the header. Returns whether the record holds a packet. */
static bool valid(struct fake *f, const struct mytun_record *record, __u32 room)
{
	if (record->size % MYTUN_RECORD_ALIGN || record->size > room ||
	    record->size < MYTUN_RECORD_HEADER ||
	    record->offset < MYTUN_RECORD_HEADER ||
	    record->offset > MYTUN_RECORD_HEADER + MYTUN_ROOM_MAX ||
	    record->len > record->size ||
	    record->offset + record->len > record->size ||
	    record->flags & ~MYTUN_RECORD_USER_BITS || !zero(record)) {
		atomic_fetch_add(&f->bad, 1);
		return false;
	}
	return record->len;
}

static __u32 record_make(struct fake *f, struct mytun_record *record,
			 const void *data, __u32 len, __u16 head, __u16 tail)
{
	static __u32 hash;
	__u32 size = MYTUN_RECORD_HEADER + head + len + tail;

	size = (size + MYTUN_RECORD_ALIGN - 1) & ~(MYTUN_RECORD_ALIGN - 1U);
	memset(record, 0, sizeof(*record));
	record->size = size;
	record->len = len;
	record->offset = (__u16)(MYTUN_RECORD_HEADER + head);
	record->hash = f->ring.flags & MYTUN_Q_HASH ||
		       f->batch_flags & MYTUN_Q_HASH ? ++hash : 0;
	memcpy(mytun_data(record), data, len);
	return size;
}

/* Rings: the two pages and the data, as a driver would have them. */

static unsigned char *map_twice(int fd, size_t size)
{
	unsigned char *all = __real_mmap64(NULL, 2 * size, PROT_NONE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	if (all == MAP_FAILED)
		return all;
	for (i = 0; i < 2; i++) {
		if (__real_mmap64(all + i * size, size, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return MAP_FAILED;
	}
	return all;
}

static int memory(size_t size)
{
	int fd = memfd_create("fake", 0);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		give_up("memfd");
	return fd;
}

static int ring_make(struct fake *f, struct mytun_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *pages;

	if (f->ring_error)
		return -f->ring_error;
	if (f->kernel)
		return -EBUSY;
	if (ring->rx_size & (ring->rx_size - 1) ||
	    ring->tx_size & (ring->tx_size - 1) || ring->rx_size < page ||
	    ring->tx_size < page)
		return -EINVAL;
	f->ring = *ring;
	f->ring.page_size = (__u32)page;
	f->ring.rx_record_max = FAKE_LEN_MAX + MYTUN_RECORD_HEADER +
				ring->head_room + ring->tail_room;
	f->pages = memory(2 * page);
	f->rx_file = memory(ring->rx_size);
	f->tx_file = memory(ring->tx_size);
	pages = __real_mmap64(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			      f->pages, 0);
	f->rx_data = map_twice(f->rx_file, ring->rx_size);
	f->tx_data = map_twice(f->tx_file, ring->tx_size);
	if (pages == MAP_FAILED || f->rx_data == MAP_FAILED ||
	    f->tx_data == MAP_FAILED)
		give_up("mmap");
	f->kernel = (void *)pages;
	f->user = (void *)(pages + page);
	f->rx_producer = ring->position;
	f->tx_consumer = ring->position;
	f->kernel->rx_producer = ring->position;
	f->kernel->tx_consumer = ring->position;
	f->kernel->tx_flags = MYTUN_RING_TX_NEED_WAKEUP;
	f->user->rx_consumer = ring->position;
	f->user->rx_seen = ring->position;
	f->user->tx_producer = ring->position;
	*ring = f->ring;
	return 0;
}

static void *ring_map(struct fake *f, size_t length, int protection,
		      __u64 offset)
{
	size_t page = f->ring.page_size;
	void *address;

	atomic_fetch_add(&f->maps, 1);
	switch (offset) {
	case MYTUN_MMAP_KERNEL:
		if (protection & PROT_WRITE || length != page)
			break;
		return ONE_MAPPING ? (void *)f->kernel :
		       __real_mmap64(NULL, page, protection, MAP_SHARED,
				     f->pages, 0);
	case MYTUN_MMAP_USER:
		if (length != page)
			break;
		return ONE_MAPPING ? (void *)f->user :
		       __real_mmap64(NULL, page, protection, MAP_SHARED,
				     f->pages, (off_t)page);
	case MYTUN_MMAP_RX:
	case MYTUN_MMAP_TX:
		if (offset == MYTUN_MMAP_RX) {
			if (length != 2 * (size_t)f->ring.rx_size)
				break;
			address = ONE_MAPPING ? f->rx_data :
				  map_twice(f->rx_file, f->ring.rx_size);
		} else {
			if (length != 2 * (size_t)f->ring.tx_size)
				break;
			address = ONE_MAPPING ? f->tx_data :
				  map_twice(f->tx_file, f->ring.tx_size);
		}
		return address;
	default:
		break;
	}
	errno = EINVAL;
	return MAP_FAILED;
}

static bool rx_room(struct fake *f, __u32 size)
{
	__u32 used = f->rx_producer - mytun_load_acquire(&f->user->rx_consumer);

	if (used > f->ring.rx_size || used % MYTUN_RECORD_ALIGN) {
		atomic_fetch_add(&f->bad, 1);
		return false;
	}
	return f->ring.rx_size - used >= size;
}

static void wake(struct fake *f)
{
	pthread_mutex_lock(&f->lock);
	atomic_fetch_add(&f->wakeups, 1);
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
}

static bool ring_put(struct fake *f, const void *data, __u32 len)
{
	__u32 before = f->rx_producer, size;
	struct mytun_record *record;

	size = MYTUN_RECORD_HEADER + f->ring.head_room + len +
	       f->ring.tail_room;
	size = (size + MYTUN_RECORD_ALIGN - 1) & ~(MYTUN_RECORD_ALIGN - 1U);
	if (!rx_room(f, size)) {
		if (!f->backpressure)
			return false;
		mytun_store_relaxed(&f->kernel->rx_flags,
				    MYTUN_RING_RX_STOPPED);
		mytun_fence();						/* D */
		if (!rx_room(f, size))
			return false;
		mytun_store_relaxed(&f->kernel->rx_flags, 0);
	}
	record = mytun_at(f->rx_data, f->ring.rx_size - 1, before);
	f->rx_producer += record_make(f, record, data, len, f->ring.head_room,
				      f->ring.tail_room);
	mytun_store_release(&f->kernel->rx_producer, f->rx_producer);	/* B */
	mytun_fence();							/* C */
	if (mytun_load_relaxed(&f->user->rx_seen) == before)
		wake(f);
	return true;
}

static __u32 ring_take(struct fake *f, void *data)
{
	__u32 producer = mytun_load_acquire(&f->user->tx_producer);	/* F */
	__u32 used = producer - f->tx_consumer, len = 0;
	struct mytun_record *record;

	if (used > f->ring.tx_size || used % MYTUN_RECORD_ALIGN) {
		atomic_fetch_add(&f->bad, 1);
		return 0;
	}
	while (!len && f->tx_consumer != producer) {
		record = mytun_at(f->tx_data, f->ring.tx_size - 1,
				  f->tx_consumer);
		if (valid(f, record, producer - f->tx_consumer)) {
			len = record->len;
			memcpy(data, mytun_data(record), len);
		}
		f->tx_consumer += record->size;
	}
	mytun_store_release(&f->kernel->tx_consumer, f->tx_consumer);	/* E */
	if (f->tx_consumer == producer) {
		pthread_mutex_lock(&f->lock);
		pthread_cond_broadcast(&f->change);
		pthread_mutex_unlock(&f->lock);
	}
	return len;
}

void fake_sleep(struct fake *f)
{
	if (f->mode != MYTUN_MODE_RING || !f->thread_drive)
		return;
	pthread_mutex_lock(&f->lock);
	mytun_store_relaxed(&f->kernel->tx_flags, MYTUN_RING_TX_NEED_WAKEUP);
	mytun_fence();							/* G */
	while (mytun_load_acquire(&f->user->tx_producer) == f->tx_consumer &&
	       mytun_load_relaxed(&f->kernel->tx_flags) &
	       MYTUN_RING_TX_NEED_WAKEUP)
		pthread_cond_wait(&f->change, &f->lock);
	mytun_store_relaxed(&f->kernel->tx_flags, 0);
	pthread_mutex_unlock(&f->lock);
}

/* When a time that begins now is over, for pthread_cond_timedwait(). */
static struct timespec end_of(__s64 timeout_ns)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += timeout_ns / 1000000000;
	end.tv_nsec += timeout_ns % 1000000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	return end;
}

static int ring_wait(struct fake *f, const struct mytun_wait *wait)
{
	struct timespec end = end_of(wait->timeout_ns < 0 ? 0 :
				     wait->timeout_ns);
	int ready = 0, err = 0;

	pthread_mutex_lock(&f->lock);
	for (;;) {
		if (wait->events & MYTUN_WAIT_RX &&
		    mytun_load_relaxed(&f->kernel->rx_producer) !=
		    mytun_load_relaxed(&f->user->rx_seen))
			ready |= MYTUN_WAIT_RX;
		if (wait->events & MYTUN_WAIT_TX &&
		    mytun_load_relaxed(&f->kernel->tx_consumer) ==
		    mytun_load_relaxed(&f->user->tx_producer))
			ready |= MYTUN_WAIT_TX;
		if (ready || err)
			break;
		if (f->gone) {
			errno = EBADFD;
			ready = -1;
			break;
		}
		if (wait->timeout_ns < 0)
			pthread_cond_wait(&f->change, &f->lock);
		else
			err = pthread_cond_timedwait(&f->change, &f->lock,
						     &end);
	}
	pthread_mutex_unlock(&f->lock);
	return ready;
}

static int ring_kick(struct fake *f)
{
	atomic_fetch_add(&f->kicks, 1);
	if (f->gone)
		return -EBADFD;
	pthread_mutex_lock(&f->lock);
	if (f->thread_drive)
		mytun_store_relaxed(&f->kernel->tx_flags, 0);
	mytun_store_relaxed(&f->kernel->rx_flags, 0);
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
	return 0;
}

/* Batches. */

static bool fifo_full(const struct fake_fifo *fifo)
{
	return fifo->head - fifo->tail == FAKE_PACKETS;
}

static void fifo_put(struct fake_fifo *fifo, const void *data, __u32 len)
{
	struct fake_packet *packet = &fifo->packet[fifo->head++ % FAKE_PACKETS];

	packet->len = len;
	packet->data = malloc(len);
	if (!packet->data)
		give_up("malloc");
	memcpy(packet->data, data, len);
}

static bool batch_put(struct fake *f, const void *data, __u32 len)
{
	bool room;

	pthread_mutex_lock(&f->lock);
	room = !fifo_full(&f->rx);
	if (room) {
		fifo_put(&f->rx, data, len);
		eventfd_write(f->fd, 1);
	}
	pthread_mutex_unlock(&f->lock);
	return room;
}

static __u32 batch_take(struct fake *f, void *data)
{
	struct fake_packet *packet;
	__u32 len = 0;

	pthread_mutex_lock(&f->lock);
	if (f->tx.head != f->tx.tail) {
		packet = &f->tx.packet[f->tx.tail++ % FAKE_PACKETS];
		len = packet->len;
		memcpy(data, packet->data, len);
		free(packet->data);
		pthread_cond_broadcast(&f->change);
	}
	pthread_mutex_unlock(&f->lock);
	return len;
}

static ssize_t batch_read(struct fake *f, unsigned char *data, size_t room)
{
	struct fake_packet *packet;
	size_t done = 0, need;
	eventfd_t events;

	if (f->gone || !(f->batch_flags & MYTUN_Q_READ)) {
		errno = f->gone ? EBADFD : EINVAL;
		return -1;
	}
	errno = EAGAIN;
	pthread_mutex_lock(&f->lock);
	while (f->rx.head != f->rx.tail) {
		packet = &f->rx.packet[f->rx.tail % FAKE_PACKETS];
		need = MYTUN_RECORD_HEADER + f->head_room + packet->len;
		/* The room after the last one's data is not kept. */
		if (done + need > room) {
			errno = EMSGSIZE;
			break;
		}
		done += record_make(f, (void *)(data + done), packet->data,
				    packet->len, f->head_room, f->tail_room);
		free(packet->data);
		f->rx.tail++;
	}
	if (f->rx.head == f->rx.tail)
		eventfd_read(f->fd, &events);
	pthread_mutex_unlock(&f->lock);
	if (!done) {
		if (errno != EMSGSIZE)
			errno = EAGAIN;
		return -1;
	}
	return done < room ? (ssize_t)done : (ssize_t)room;
}

static ssize_t batch_write(struct fake *f, const unsigned char *data,
			   size_t length)
{
	const struct mytun_record *record;
	size_t done = 0;

	if (f->gone || !(f->batch_flags & MYTUN_Q_WRITE)) {
		errno = f->gone ? EBADFD : EINVAL;
		return -1;
	}
	errno = EAGAIN;
	pthread_mutex_lock(&f->lock);
	while (done < length) {
		record = (const void *)(data + done);
		if (valid(f, record, (__u32)(length - done))) {
			if (fifo_full(&f->tx))
				break;
			fifo_put(&f->tx, (const unsigned char *)record +
				 record->offset, record->len);
		} else if (record->len) {
			errno = EINVAL;
			break;
		}
		done += record->size;
	}
	pthread_mutex_unlock(&f->lock);
	return done ? (ssize_t)done : -1;
}

/* Either. */

bool fake_put(struct fake *f, const void *data, __u32 len)
{
	switch (f->mode) {
	case MYTUN_MODE_RING:
		return ring_put(f, data, len);
	case MYTUN_MODE_BATCH:
		return batch_put(f, data, len);
	case MYTUN_MODE_PLAIN:
		break;
	}
	return send(f->peer, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

__u32 fake_take(struct fake *f, void *data)
{
	ssize_t got;

	switch (f->mode) {
	case MYTUN_MODE_RING:
		return ring_take(f, data);
	case MYTUN_MODE_BATCH:
		return batch_take(f, data);
	case MYTUN_MODE_PLAIN:
		break;
	}
	got = recv(f->peer, data, FAKE_LEN_MAX, MSG_DONTWAIT);
	return got > 0 ? (__u32)got : 0;
}

/* System calls of the library. */

static int batch_set(struct fake *f, const struct mytun_batch *batch)
{
	f->batch_flags = batch->flags;
	f->head_room = batch->head_room;
	f->tail_room = batch->tail_room;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct fake *f = find(fd);
	va_list arguments;
	void *argument;
	int err = -EINVAL;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!f || f->mode == MYTUN_MODE_PLAIN)
		return __real_ioctl(fd, request, argument);
	if (request == MYTUN_IOC_FEATURES) {
		*(__u64 *)argument = MYTUN_F_BATCH;
		if (f->mode == MYTUN_MODE_RING)
			*(__u64 *)argument |= MYTUN_F_RING;
		return 0;
	}
	if (request == MYTUN_IOC_BATCH)
		err = batch_set(f, argument);
	if (request == MYTUN_IOC_RING_GET) {
		err = f->kernel ? 0 : -ENOENT;
		*(struct mytun_ring *)argument = f->ring;
	}
	if (request == MYTUN_IOC_RING)
		err = ring_make(f, argument);
	if (request == MYTUN_IOC_KICK)
		err = ring_kick(f);
	if (request == MYTUN_IOC_WAIT)
		return ring_wait(f, argument);
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags,
		    int fd, off_t offset)
{
	struct fake *f = find(fd);

	return f ? ring_map(f, length, protection, (__u64)offset) :
		   __real_mmap64(address, length, protection, flags, fd, offset);
}

int __wrap_munmap(void *address, size_t length)
{
	if (ONE_MAPPING && fake && fake->kernel &&
	    (address == (void *)fake->kernel || address == (void *)fake->user ||
	     address == fake->rx_data || address == fake->tx_data))
		return 0;
	return __real_munmap(address, length);
}

ssize_t __wrap_read(int fd, void *data, size_t length)
{
	struct fake *f = find(fd);

	return f && f->mode != MYTUN_MODE_PLAIN ?
	       batch_read(f, data, length) : __real_read(fd, data, length);
}

ssize_t __wrap_write(int fd, const void *data, size_t length)
{
	struct fake *f = find(fd);

	return f && f->mode != MYTUN_MODE_PLAIN ?
	       batch_write(f, data, length) : __real_write(fd, data, length);
}

/* An eventfd is always writable; the batch driver's queue is not. */
int __wrap_ppoll(struct pollfd *files, nfds_t count,
		 const struct timespec *timeout, const sigset_t *mask)
{
	struct fake *f = find(files[0].fd);
	struct timespec end;
	int err = 0;

	if (f && f->mode == MYTUN_MODE_BATCH && files[0].events & POLLOUT) {
		end = timeout ? end_of(timeout->tv_sec * 1000000000LL +
				       timeout->tv_nsec) : end_of(60000000000);
		pthread_mutex_lock(&f->lock);
		while (fifo_full(&f->tx) && !f->gone && !err)
			err = pthread_cond_timedwait(&f->change, &f->lock,
						     &end);
		pthread_mutex_unlock(&f->lock);
		if (err)
			return 0;
	}
	return __real_ppoll(files, count, timeout, mask);
}
