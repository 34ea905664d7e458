/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * libmytun: packets in and out of TUN/TAP devices, as fast as the machine can.
 *
 * A queue is one open file of a device. The library works it in the best of
 * three modes that the machine has, with the same functions in each:
 *
 *   ring	shared memory, no system call for a packet (mytun driver)
 *   batch	many packets for one read() or write() (mytun driver)
 *   plain	one packet for one read() or write() (any tun driver)
 *
 * Receive: mytun_peek(), work on the records in place, mytun_release(); sleep
 * in mytun_wait(). Send: mytun_reserve(), fill the records, mytun_submit().
 * These are in ring.h, the records' borders in record.h, and the record
 * itself is described in <linux/mytun.h>.
 *
 * Functions return 0 or more on success and a negative errno on failure. They
 * do not promise to leave errno alone, and never report through it. Each queue
 * may be used by one thread that receives (consumer) and one that sends
 * (producer), at once; every function says which of them may call it.
 */
#ifndef MYTUN_H
#define MYTUN_H

#include <stddef.h>
#include <string.h>
#include <linux/mytun.h>

#include "ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From the simplest to the fastest. */
enum mytun_mode {
	MYTUN_MODE_PLAIN,
	MYTUN_MODE_BATCH,
	MYTUN_MODE_RING,
};

/* A set of modes, in mytun_options. */
#define MYTUN_MODE_SET(mode)	(1U << (mode))

/**
 * struct mytun_options - how to open or attach
 * @size: sizeof(struct mytun_options), by mytun_options_init()
 * @modes: set of modes that may be used; 0: all
 * @path: device file; NULL: /dev/net/mytun, or /dev/net/tun where that cannot
 *	be opened
 * @name: name of the interface, may contain %d; NULL: the kernel chooses
 * @flags: IFF_* of <linux/if_tun.h>; 0: IFF_TUN | IFF_NO_PI. More than one
 *	queue adds IFF_MULTI_QUEUE
 * @queue_flags: MYTUN_Q_HASH, MYTUN_Q_META
 * @vnet_hdr_size: bytes of virtio_net_hdr with IFF_VNET_HDR; 0: leave it
 * @offload: TUN_F_*, used if @set_offload
 * @set_offload: not 0: set @offload
 * @rx_size: bytes of the memory for received records, a power of two; 0: 1 MiB
 * @tx_size: likewise for records to send
 * @head_room: bytes free before the data of each record, a multiple of 8
 * @tail_room: bytes free after them, a multiple of 8
 * @position: where the positions of new rings begin, a multiple of 64
 * @drive: MYTUN_DRIVE_*, who takes records out of the TX ring; CALLER by
 *	default
 * @drive_flags: MYTUN_DRIVE_GRO
 * @poll_us: microseconds that a driving thread looks before it sleeps
 *
 * What only the driver mytun has is ignored elsewhere: look at mytun_mode()
 * and mytun_flags() to know what was got. The structure grows at its end.
 */
struct mytun_options {
	size_t size;
	unsigned int modes;
	unsigned int flags;
	const char *path;
	const char *name;
	unsigned int queue_flags;
	unsigned int vnet_hdr_size;
	unsigned int offload;
	unsigned int set_offload;
	__u32 rx_size;
	__u32 tx_size;
	__u16 head_room;
	__u16 tail_room;
	__u32 position;
	__u32 drive;
	__u32 drive_flags;
	__u32 poll_us;
};

/** mytun_options_init() - all defaults */
static inline void mytun_options_init(struct mytun_options *options)
{
	memset(options, 0, sizeof(*options));
	options->size = sizeof(*options);
}

/**
 * struct mytun_counters - what a queue did since it was opened here
 * @size: sizeof(struct mytun_counters), set by the caller
 * @reads: system calls that read packets
 * @writes: system calls that wrote packets
 * @kicks: kicks of the kernel
 * @waits: times that mytun_wait() slept
 * @refused: packets to send that the device refused; with rings, since these
 *	were made
 * @lost: packets that the kernel dropped because RX was full; with rings only
 */
struct mytun_counters {
	size_t size;
	__u64 reads;
	__u64 writes;
	__u64 kicks;
	__u64 waits;
	__u64 refused;
	__u64 lost;
};

/**
 * mytun_open() - create or open a device, with one or more queues
 * @queues: where pointers to @count queues are put
 * @count: how many, 1 or more; more than 1 need IFF_MULTI_QUEUE, which is
 *	added
 * @options: NULL: all defaults
 *
 * The library owns the files, which are close-on-exec and do not block. The
 * interface is down when it is new. Each queue may get another mode than the
 * others when memory is short.
 *
 * Any thread.
 *
 * Return: 0, or, with nothing left open: -EINVAL: bad options. -E2BIG: options
 * that this library does not know. -ENAMETOOLONG: the interface's name. What
 * open() and TUNSETIFF say: -ENOENT, -EACCES, -EPERM, -EBUSY... -EOPNOTSUPP:
 * none of the modes works here. -ENOMEM. -EMFILE.
 */
int mytun_open(struct mytun_queue **queues, unsigned int count,
	       const struct mytun_options *options);

/**
 * mytun_attach() - use a queue that is open already
 * @queue: where a pointer to it is put
 * @fd: a file of a TUN/TAP device, from this process or received from another
 * @options: path, name, flags, vnet_hdr_size and offload are not used
 *
 * If the file has rings they are mapped and go on at the positions found:
 * records that were not released are seen again, records that were not
 * submitted never were; sizes, room and flags are those of the rings. The file
 * is made to not block, which concerns all who share it, unless it has rings
 * for both directions.
 *
 * On success the library owns @fd, and mytun_close() closes it. On failure it
 * stays the caller's.
 *
 * Any thread.
 *
 * Return: 0, or as mytun_open(). -EBADF: no open file. -EBADFD: it is not
 * attached to a device. -EPROTO: the positions found make no sense.
 */
int mytun_attach(struct mytun_queue **queue, int fd,
		 const struct mytun_options *options);

/**
 * mytun_detach() - let go of a queue without closing it
 * @queue: the queue; gone on success
 *
 * For hand-over: pass the file on, by SCM_RIGHTS or to a program that is
 * executed. Release and submit first what is to be released and submitted.
 *
 * No other thread may be in a function of this queue.
 *
 * Return: the file descriptor, the caller's from now on. -EBUSY: in batch or
 * plain mode packets wait in the library's memory, received but not released,
 * or submitted but not written.
 */
int mytun_detach(struct mytun_queue *queue);

/**
 * mytun_close() - close a queue
 * @queue: the queue, gone afterwards; NULL is ignored
 *
 * A device that is not persistent ends with its last queue. No other thread
 * may be in a function of this queue.
 */
void mytun_close(struct mytun_queue *queue);

/**
 * mytun_mode() - which mode the queue got
 * @queue: the queue
 *
 * Any thread.
 *
 * Return: the mode; the simpler one if the directions differ, which happens
 * only to a queue that was attached with one ring.
 */
enum mytun_mode mytun_mode(const struct mytun_queue *queue);

/**
 * mytun_mode_name() - a mode in words
 * @mode: the mode
 *
 * Return: "ring", "batch" or "plain", for ever; NULL: no such mode.
 */
const char *mytun_mode_name(enum mytun_mode mode);

/**
 * mytun_fallback() - why the mode is not a better one
 * @queue: the queue
 *
 * Any thread.
 *
 * Return: 0: it is the best that the options allow. -ENOENT and other errors
 * of open(): no /dev/net/mytun. -EINVAL: the named interface belongs to the
 * kernel's own driver. -EOPNOTSUPP: the driver or the kernel has none.
 * -ENOBUFS: RLIMIT_MEMLOCK, or the module's limit. -ENOMEM.
 */
int mytun_fallback(const struct mytun_queue *queue);

/**
 * mytun_flags() - what the queue's records carry
 * @queue: the queue
 *
 * Any thread.
 *
 * Return: those of MYTUN_Q_HASH and MYTUN_Q_META that are in force.
 */
unsigned int mytun_flags(const struct mytun_queue *queue);

/**
 * mytun_fd() - the queue's file
 * @queue: the queue, which keeps it
 *
 * For poll(), epoll and ioctl(); not to be read or written. It is readable
 * when a packet comes after mytun_peek() has returned 0. Without rings it is
 * also readable while all of the library's memory is held.
 *
 * Any thread.
 *
 * Return: the file descriptor.
 */
int mytun_fd(const struct mytun_queue *queue);

/**
 * mytun_interface() - name of the device
 * @queue: the queue
 * @name: IFNAMSIZ (16) bytes, where the name is put with a terminating 0
 *
 * The name as it is now; it may have been changed since. Any thread.
 *
 * Return: 0. -EBADFD: the device is gone. -ENOTTY: the file is no TUN/TAP
 * device.
 */
int mytun_interface(const struct mytun_queue *queue, char *name);

/**
 * mytun_wait() - sleep until something can be done
 * @queue: the queue
 * @events: MYTUN_WAIT_RX: mytun_peek() will return a record.
 *	MYTUN_WAIT_TX: all that was submitted was taken
 * @timeout_ns: nanoseconds; 0: only look; negative: no limit
 *
 * The consumer thread waits for RX, the producer thread for TX; one thread
 * that is both may wait for both.
 *
 * Return: the events that came true, 0: the time is over. -EBADFD: the device
 * is gone and, for RX, no record is left. -EINTR: a signal came. -EINVAL: no
 * or unknown events. Other errors of mytun_peek().
 */
int mytun_wait(struct mytun_queue *queue, unsigned int events,
	       __s64 timeout_ns);

/**
 * mytun_kick() - start what was submitted
 * @queue: the queue
 *
 * mytun_submit() does it when it is needed. In batch and plain mode it writes
 * what could not be written before.
 *
 * Producer thread only.
 *
 * Return: 0. -EBADFD: the device is gone.
 */
int mytun_kick(struct mytun_queue *queue);

/**
 * mytun_unpeek() - put received records back
 * @queue: the queue
 * @count: how many, newest first; MYTUN_ALL: all that are held
 *
 * mytun_peek() returns them again. Not for a queue whose records workers give
 * back.
 *
 * Consumer thread only.
 *
 * Return: how many were put back.
 */
unsigned int mytun_unpeek(struct mytun_queue *queue, unsigned int count);

/**
 * mytun_unreserve() - give reserved records back
 * @queue: the queue
 * @count: how many, newest first; MYTUN_ALL: all that were not submitted
 *
 * Not for a queue whose records workers submit.
 *
 * Producer thread only.
 *
 * Return: how many were given back.
 */
unsigned int mytun_unreserve(struct mytun_queue *queue, unsigned int count);

/**
 * mytun_pending() - bytes that the library holds for a queue
 * @queue: the queue
 * @events: MYTUN_WAIT_RX: received in records, not yet peeked.
 *	MYTUN_WAIT_TX: submitted in records, not yet taken; or both
 *
 * Before mytun_detach() in batch and plain mode: peek and release while this
 * is not 0 for RX, which then reads nothing new.
 *
 * The thread that mytun_wait() names.
 *
 * Return: bytes of records.
 */
size_t mytun_pending(const struct mytun_queue *queue, unsigned int events);

/**
 * mytun_count() - read the counters
 * @queue: the queue
 * @counters: where they are put, as far as @counters->size reaches
 *
 * Any thread; while others work the numbers are of no single moment.
 *
 * Return: 0. -EINVAL: the size is too small for even one counter.
 */
int mytun_count(const struct mytun_queue *queue,
		struct mytun_counters *counters);

/**
 * mytun_set_drive() - who takes records out of the TX ring
 * @queue: the queue
 * @drive: MYTUN_DRIVE_*
 * @flags: MYTUN_DRIVE_GRO
 * @poll_us: microseconds that a driving thread looks before it sleeps
 *
 * Any thread.
 *
 * Return: 0; MYTUN_DRIVE_THREAD: the thread's number. -EOPNOTSUPP: no TX ring.
 * Others: see MYTUN_IOC_DRIVE.
 */
int mytun_set_drive(struct mytun_queue *queue, unsigned int drive,
		    unsigned int flags, unsigned int poll_us);

/**
 * mytun_lend() - let the calling thread take records out of the TX ring
 * @queue: the queue, with MYTUN_DRIVE_LENT
 *
 * Return: -EINTR: a signal came. -EBADFD: the device is gone. -EOPNOTSUPP: no
 * TX ring. Others: see MYTUN_IOC_LEND.
 */
int mytun_lend(struct mytun_queue *queue);

/**
 * mytun_set_moderation() - when a sleeping consumer is woken
 * @queue: the queue
 * @packets: when so many wait; 0 and 1: with the first
 * @usecs: or so many microseconds after the first; at most 1000000
 *
 * Any thread.
 *
 * Return: 0. -EOPNOTSUPP: no RX ring. -EINVAL: see MYTUN_IOC_MODERATE.
 */
int mytun_set_moderation(struct mytun_queue *queue, unsigned int packets,
			 unsigned int usecs);

/**
 * mytun_set_eventfds() - let eventfds stand for wake-up and kick
 * @queue: the queue
 * @rx: signalled when the consumer is woken; -1: none
 * @kick: a write to it is a kick; -1: none
 *
 * Any thread.
 *
 * Return: 0. -EOPNOTSUPP: no rings. -EBADF, -EINVAL: see MYTUN_IOC_EVENTFD.
 */
int mytun_set_eventfds(struct mytun_queue *queue, int rx, int kick);

/**
 * mytun_version() - the library's version
 *
 * Return: "major.minor.patch", for ever.
 */
const char *mytun_version(void);

#ifdef __cplusplus
}
#endif

#endif /* MYTUN_H */
