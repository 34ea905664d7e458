/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The other side of a queue, played by threads of the test: a kernel with
 * rings, one with batches only, and a socket instead of a plain tun file.
 *
 * The library's system calls on the file come here by the linker's --wrap. It
 * keeps to <linux/mytun.h> and counts what the user side does against it.
 */
#ifndef FAKE_H
#define FAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "mytun.h"

#define FAKE_PACKETS	256	/* in each queue of the batch driver */
#define FAKE_LEN_MAX	65535

struct fake_packet {
	__u32 len;
	unsigned char *data;
};

struct fake_fifo {
	struct fake_packet packet[FAKE_PACKETS];
	unsigned int head, tail;
};

struct fake {
	enum mytun_mode mode;
	int ring_error;		/* errno of MYTUN_IOC_RING; 0: it works */
	int fd;			/* what the library gets */
	int peer;		/* plain mode: the socket's other end */
	__u32 batch_flags;
	__u16 head_room;
	__u16 tail_room;

	pthread_mutex_t lock;
	pthread_cond_t change;
	struct fake_fifo rx, tx;	/* batch mode, with the lock */

	struct mytun_ring ring;
	int pages, rx_file, tx_file;	/* memfds */
	struct mytun_ring_kernel *kernel;
	struct mytun_ring_user *user;
	unsigned char *rx_data, *tx_data;
	__u32 rx_producer, tx_consumer;	/* the kernel's own copies */
	bool thread_drive;		/* else the flag is always set */
	bool backpressure;
	bool gone;

	atomic_uint bad;		/* rules broken by the user side */
	atomic_uint wakeups;
	atomic_uint kicks;
	atomic_uint maps;		/* mappings of the rings that exist */
};

/* The file is f->fd; only one fake lives at a time in a process. */
void fake_start(struct fake *f, enum mytun_mode mode);
void fake_stop(struct fake *f);

/*
 * The stack sends a packet. One thread.
 * Return: whether there was room; a socket waits until there is.
 */
bool fake_put(struct fake *f, const void *data, __u32 len);

/*
 * The driver takes a packet. One thread.
 * Return: its length; 0: there is none.
 */
__u32 fake_take(struct fake *f, void *data);

/* The driver finds nothing and sleeps until a kick, if there is a thread. */
void fake_sleep(struct fake *f);

/* The device is deleted. */
void fake_end(struct fake *f);

#endif /* FAKE_H */
