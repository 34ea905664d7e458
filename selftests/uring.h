/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of io_uring as it takes to read and write, by system calls alone.
 * Functions return 0 or more on success, -errno on failure.
 */
#ifndef SELFTESTS_URING_H
#define SELFTESTS_URING_H

#include <stddef.h>
#include <stdint.h>

#include <linux/io_uring.h>

struct uring {
	int fd;
	struct io_uring_params params;
	uint8_t *sq, *cq;
	size_t sq_size, cq_size;
	struct io_uring_sqe *sqes;
	unsigned int queued;		/* not yet handed to the kernel */
};

/*
 * -ENOSYS, -EPERM: the kernel has none, or not for us; -EOPNOTSUPP: it reads and
 * writes vectors only.
 */
int uring_open(struct uring *ring, unsigned int entries);
void uring_close(struct uring *ring);

/* Queue IORING_OP_READ or IORING_OP_WRITE; at most entries at once. */
void uring_put(struct uring *ring, int opcode, int fd, void *buffer,
	       size_t size, uint64_t tag);

/* Hand over what is queued; how many that were. */
int uring_submit(struct uring *ring);

/*
 * The next result, and the tag of what it is of; -ETIMEDOUT after ms. What an
 * operation returns is never that.
 */
int uring_result(struct uring *ring, uint64_t *tag, int ms);

#endif
