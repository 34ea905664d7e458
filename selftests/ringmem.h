/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings and records as the header of mytun specifies them, from the user's
 * side: written from the specification alone, so that a test that uses it
 * tests the driver and not a library that shares the driver's mistakes.
 *
 * One thread may use the RX half and another one the TX half. Functions
 * return 0 or more on success, -errno on failure.
 */
#ifndef SELFTESTS_RINGMEM_H
#define SELFTESTS_RINGMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/mytun.h>

struct ringmem {
	int fd;				/* the queue; not ours to close */
	struct mytun_ring ring;
	const struct mytun_ring_kernel *kernel;
	struct mytun_ring_user *user;
	uint8_t *rx, *tx;		/* NULL: no such ring */
	uint32_t rx_at;			/* the record to look at next */
	uint32_t tx_at;			/* where the next record goes */
	unsigned long calls;		/* system calls made here */
};

/* MYTUN_IOC_FEATURES of the node, or 0. */
uint64_t ring_features(void);

/* In a fixture or a test: skip it where the kernel has no rings. */
#define REQUIRE_RING()							\
	do {								\
		REQUIRE_DEVICE();					\
		if (!(ring_features() & MYTUN_F_RING))			\
			SKIP(return, "no rings on this kernel");	\
	} while (0)

/* MYTUN_IOC_RING alone; ring->size is filled in. */
int ring_make(int fd, struct mytun_ring *ring);

/* MYTUN_IOC_RING, and the mappings. */
int ringmem_make(struct ringmem *mem, int fd, const struct mytun_ring *ring);

/* The mappings of rings that are there: goes on at the positions it finds. */
int ringmem_map(struct ringmem *mem, int fd);

void ringmem_unmap(struct ringmem *mem);

/* Shared words. */
uint32_t ringmem_load(const uint32_t *word);
void ringmem_store(uint32_t *word, uint32_t value);
uint64_t ringmem_counter(const __u64 *word);

/* NULL if the record keeps to the rules in what is left, else which it breaks. */
const char *record_fault(const struct mytun_record *record, size_t left);

static inline uint8_t *record_data(const struct mytun_record *record)
{
	return (uint8_t *)record + record->offset;
}

/* The size of a record with so much data behind head_room bytes. */
static inline uint32_t record_size(size_t head_room, size_t len)
{
	size_t end = MYTUN_RECORD_HEADER + head_room + len;

	return (end + MYTUN_RECORD_ALIGN - 1) & ~(MYTUN_RECORD_ALIGN - 1);
}

/* Write a record's header at p, for len bytes of data; its size. */
uint32_t record_fill(void *p, size_t head_room, size_t len);

/*
 * RX. The next record, or NULL: there is none. It is not passed until
 * ringmem_next(), and not given back until ringmem_release(), which makes the
 * kick that a stopped queue asks for.
 */
struct mytun_record *ringmem_peek(struct ringmem *mem);
void ringmem_next(struct ringmem *mem);
int ringmem_release(struct ringmem *mem);
/* Release; true if the ring still has nothing: it is safe to sleep. */
bool ringmem_idle(struct ringmem *mem);
/* The kernel has set MYTUN_RING_ENDED for RX. */
bool ringmem_ended(const struct ringmem *mem);

/*
 * TX. Room for a record with len bytes of data, its header filled in, or NULL:
 * the ring is full. ringmem_push() counts it in; ringmem_submit() hands over
 * all that was pushed and makes the kick that is asked for.
 */
struct mytun_record *ringmem_reserve(struct ringmem *mem, size_t len);
void ringmem_push(struct ringmem *mem);
int ringmem_submit(struct ringmem *mem);
/* Reserve, copy and push. False: full. */
bool ringmem_put(struct ringmem *mem, const void *data, size_t len);
/* Hand over without a look at the flag. */
void ringmem_publish(struct ringmem *mem);
/* Whether the driver has taken all; ringmem_wait_sent() waits until then. */
bool ringmem_sent(const struct ringmem *mem);
int ringmem_wait_sent(const struct ringmem *mem, int ms);

/* The ioctls. */
int ring_kick(int fd);
int ring_wait(int fd, uint32_t events, int ms);
int ring_drive(int fd, uint32_t drive, uint32_t flags, uint32_t poll_us,
	       int *pid);
int ring_moderate(int fd, uint32_t packets, uint32_t usecs);
int ring_eventfd(int fd, int rx, int kick);
int ring_batch(int fd, uint32_t flags, uint16_t head_room, uint16_t tail_room);

#endif
