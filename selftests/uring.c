// SPDX-License-Identifier: GPL-2.0
#include "uring.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"

static void *map(const struct uring *ring, size_t size, off_t offset)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       ring->fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

int uring_open(struct uring *ring, unsigned int entries)
{
	struct io_uring_params *p = &ring->params;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(__NR_io_uring_setup, entries, p);
	if (ring->fd < 0)
		return -errno;
	/* Of 5.6, which brought IORING_OP_READ and IORING_OP_WRITE, too. */
	if (!(p->features & IORING_FEAT_RW_CUR_POS)) {
		close(ring->fd);
		return -EOPNOTSUPP;
	}
	ring->sq_size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	ring->sq = map(ring, ring->sq_size, IORING_OFF_SQ_RING);
	ring->cq_size = p->cq_off.cqes +
			p->cq_entries * sizeof(struct io_uring_cqe);
	ring->cq = map(ring, ring->cq_size, IORING_OFF_CQ_RING);
	ring->sqes = map(ring, p->sq_entries * sizeof(*ring->sqes),
			 IORING_OFF_SQES);
	if (ring->sq && ring->cq && ring->sqes)
		return 0;
	uring_close(ring);
	return -ENOMEM;
}

void uring_close(struct uring *ring)
{
	if (ring->sq)
		munmap(ring->sq, ring->sq_size);
	if (ring->cq)
		munmap(ring->cq, ring->cq_size);
	if (ring->sqes)
		munmap(ring->sqes, ring->params.sq_entries *
		       sizeof(*ring->sqes));
	close(ring->fd);
}

static uint32_t *sq_word(struct uring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->sq + offset);
}

static uint32_t *cq_word(struct uring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->cq + offset);
}

void uring_put(struct uring *ring, int opcode, int fd, void *buffer,
	       size_t size, uint64_t tag)
{
	uint32_t *tail = sq_word(ring, ring->params.sq_off.tail);
	uint32_t mask = *sq_word(ring, ring->params.sq_off.ring_mask);
	uint32_t index = *tail & mask;
	struct io_uring_sqe *sqe = &ring->sqes[index];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buffer;
	sqe->len = size;
	sqe->user_data = tag;
	sq_word(ring, ring->params.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ring->queued++;
}

int uring_submit(struct uring *ring)
{
	int ret = syscall(__NR_io_uring_enter, ring->fd, ring->queued, 0, 0,
			  NULL, 0);

	if (ret < 0)
		return -errno;
	ring->queued -= ret;
	return ret;
}

int uring_result(struct uring *ring, uint64_t *tag, int ms)
{
	uint32_t *head = cq_word(ring, ring->params.cq_off.head);
	uint32_t *tail = cq_word(ring, ring->params.cq_off.tail);
	uint32_t mask = *cq_word(ring, ring->params.cq_off.ring_mask);
	const struct io_uring_cqe *cqe;
	int result;

	/* Level: what is there already ends the wait at once. */
	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		wait_events(ring->fd, POLLIN, ms);
	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		return -ETIMEDOUT;
	cqe = (void *)(ring->cq + ring->params.cq_off.cqes);
	result = cqe[*head & mask].res;
	if (tag)
		*tag = cqe[*head & mask].user_data;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}
