// SPDX-License-Identifier: GPL-2.0
/* The process's side: the library's own files, and programs that use it. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "private.h"

#define RING	128U	/* as in kernel.c */
#define RECORD	64U
#define MOST	8

static struct queue q;

/* One for each packet, so that who looks learns nothing of others. */
static __u32 handed[MOST + 1];
static struct mytun_record *record_of[MOST + 1];

static unsigned int arrived, arriving, written;

/* In the model, a file and a system call promise no order at all. */
static __u32 futex_lock, futex_waiters;

int mytun_futex_wait(__u32 *word, __u32 value, __s64 timeout_ns)
{
	model_require(timeout_ns < 0, "a sleep has no end");
	model_will_sleep();
	model_lock(&futex_lock);
	if (model_load(word, 4, MODEL_RELAXED, NULL, 0) != value) {
		model_unlock(&futex_lock);
		model_will_not_sleep();
		return 0;
	}
	futex_waiters |= 1U << model_self();
	model_unlock(&futex_lock);
	model_sleep();
	model_will_not_sleep();
	return 0;
}

void mytun_futex_wake(__u32 *word)
{
	unsigned int i;

	model_lock(&futex_lock);
	for (i = 0; futex_waiters; i++, futex_waiters >>= 1)
		if (futex_waiters & 1)
			model_wake(i);
	model_unlock(&futex_lock);
}

int model_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	long ret;

	va_start(arguments, request);
	ret = kernel_ioctl(request, request == MYTUN_IOC_WAIT ?
			   va_arg(arguments, void *) : NULL);
	va_end(arguments);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* ppoll() is called so: its own prototype is this one's. */
int model_ppoll(struct pollfd *file, nfds_t n, const struct timespec *timeout,
		const sigset_t *mask)
{
	model_require(0, "nobody polls a file without a ring");
	return 0;
}

int mytun_area_map(struct mapping *area, __u32 size)
{
	model_require(size == RING, "the areas are the model's");
	area->address = area == &q.rx_data ? model_rx : model_tx;
	area->length = 2 * size;
	return 0;
}

/* A packet came, one for each read(). */
ssize_t mytun_batch_read(struct queue *queue, __u32 position, __u32 room)
{
	unsigned int cell = position % RING / RECORD;
	struct mytun_record *record = (void *)(model_rx + cell * RECORD);

	if (arrived == arriving)
		return -EAGAIN;
	record->size = RECORD;
	record->len = 4;
	record->offset = MYTUN_RECORD_HEADER;
	record->flags = 0;
	model_store(&record->flags, 2, 0, MODEL_RELAXED, NULL, 0);
	model_fill(CELL_RX + cell, ++arrived);
	return RECORD;
}

ssize_t mytun_batch_write(struct queue *queue, __u32 position, __u32 end)
{
	model_require(model_content(CELL_TX + position % RING / RECORD) ==
		      written + 1, "packets are written in their order");
	model_fill(CELL_TAKEN, ++written);
	return RECORD;
}

ssize_t mytun_plain_read(struct queue *queue, __u32 position, __u32 room)
{
	return -EAGAIN;
}

ssize_t mytun_plain_write(struct queue *queue, __u32 position, __u32 end)
{
	return -EAGAIN;
}

void user_start(int batch, int seen)
{
	static const struct mytun_options options = {
		.rx_size = RING,
		.tx_size = RING,
	};
	struct mytun_ring_kernel *k = model_kernel_page;
	struct mytun_ring_user *u = model_user_page;
	struct mytun_rx *rx = &q.public.rx;
	struct mytun_tx *tx = &q.public.tx;
	unsigned int i;

	memset(&q, 0, sizeof(q));
	memset(handed, 0, sizeof(handed));
	futex_waiters = 0;
	arrived = 0;
	written = 0;
	q.seen = seen;
	if (batch) {
		mytun_rx_own(&q, &options, MYTUN_MODE_BATCH);
		mytun_tx_own(&q, &options, MYTUN_MODE_BATCH);
		model_word(&q.tx.producer, 4);
		model_word(&q.tx.consumer, 4);
	} else {
		q.rx_mode = MYTUN_MODE_RING;
		q.tx_mode = MYTUN_MODE_RING;
		rx->kernel_producer = &k->rx_producer;
		rx->kernel_flags = &k->rx_flags;
		rx->user_consumer = &u->rx_consumer;
		rx->user_seen = &u->rx_seen;
		rx->data = model_rx;
		rx->mask = RING - 1;
		tx->kernel_consumer = &k->tx_consumer;
		tx->kernel_flags = &k->tx_flags;
		tx->user_producer = &u->tx_producer;
		tx->data = model_tx;
		tx->mask = RING - 1;
	}
	model_word(&rx->cursor, 4);
	model_word(&rx->consumer, 4);
	model_word(&rx->waiting, 4);
	model_word(&rx->lock, 4);
	model_word(&tx->cursor, 4);
	model_word(&tx->producer, 4);
	model_word(&tx->lock, 4);
	model_word(&q.flush_lock, 4);
	for (i = 0; i <= MOST; i++)
		model_word(&handed[i], 4);
}

static unsigned int cell_of(const struct mytun_record *record,
			    const unsigned char *data)
{
	return ((const unsigned char *)record - data) % RING / RECORD;
}

static void look_at(const struct mytun_record *record, unsigned int number)
{
	model_require(model_content(CELL_RX + cell_of(record, model_rx)) == number,
		      "packets are received in their order");
}

/* Peeks one, sleeping until there is one; or the end. */
static struct mytun_record *next(enum model_way how)
{
	struct mytun_record *record = NULL;
	int n;

	while ((n = mytun_peek(&q.public, &record, 1)) == 0) {
		switch (how) {
		case MODEL_WAIT:
			mytun_wait(&q.public, MYTUN_WAIT_RX, -1);
			break;
		case MODEL_POLL:
			kernel_poll(POLLIN);
			break;
		case MODEL_EVENTFD:
			kernel_read_event();
			break;
		case MODEL_BUSY:
			model_yield();
		}
	}
	return n > 0 ? record : NULL;
}

/* A program with one thread that releases what it has peeked, to the end. */
void user_receive(unsigned int count, enum model_way how)
{
	struct mytun_record *record;
	unsigned int i;

	for (i = 1; (record = next(how)); i++) {
		look_at(record, i);
		mytun_release(&q.public, 1);
	}
	model_require(i == count + 1, "every packet is received");
}

static void hand(unsigned int number, struct mytun_record *record)
{
	record_of[number] = record;
	model_store(&handed[number], 4, 1, MODEL_RELEASE, NULL, 0);
}

static struct mytun_record *get(unsigned int number)
{
	while (!model_load(&handed[number], 4, MODEL_ACQUIRE, NULL, 0))
		model_yield();
	return record_of[number];
}

/* A thread that peeks for workers. */
void user_hand_out(unsigned int count)
{
	unsigned int i;

	arriving = count;
	for (i = 1; i <= count; i++)
		hand(i, next(MODEL_WAIT));
}

/* A worker that finishes each step'th record from the first one on. */
void user_use(unsigned int first, unsigned int count, unsigned int step)
{
	unsigned int i;

	for (i = first; i <= count; i += step) {
		struct mytun_record *record = get(i);

		look_at(record, i);
		mytun_done(&q.public, record);
	}
}

static struct mytun_record *reserve(enum model_way how)
{
	struct mytun_record *record = NULL;

	while (mytun_reserve(&q.public, &record, 1, 4) == 0) {
		if (how == MODEL_POLL)
			kernel_poll(POLLOUT);
		else
			mytun_wait(&q.public, MYTUN_WAIT_TX, -1);
	}
	return record;
}

static void fill(struct mytun_record *record, unsigned int number)
{
	model_fill(CELL_TX + cell_of(record, model_tx), number);
}

/* A program with one thread that submits what it has reserved. */
void user_send(unsigned int count, enum model_way how)
{
	unsigned int i;

	for (i = 1; i <= count; i++) {
		fill(reserve(how), i);
		mytun_submit(&q.public, 1);
	}
	while (!mytun_wait(&q.public, MYTUN_WAIT_TX, -1))
		;
	model_require(model_content(CELL_TAKEN) == count,
		      "every packet is taken");
}

/* A thread that reserves for workers. */
void user_reserve(unsigned int count)
{
	unsigned int i;

	for (i = 1; i <= count; i++) {
		struct mytun_record *record = NULL;

		while (mytun_reserve(&q.public, &record, 1, 4) == 0)
			model_yield();
		hand(i, record);
	}
}

/* A worker that fills each step'th record from the first one on. */
void user_write(unsigned int first, unsigned int count, unsigned int step)
{
	unsigned int i;

	for (i = first; i <= count; i += step) {
		struct mytun_record *record = get(i);

		fill(record, i);
		mytun_filled(&q.public, record);
	}
}

unsigned int user_written(void)
{
	return written;
}
