/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program of the fuzzer: calls of a few bytes each, made to be mutated. Any
 * bytes are a program; what a number stands for is looked up modulo the size of
 * a table, so that most of it is right or nearly so.
 */
#ifndef SELFTESTS_FUZZOP_H
#define SELFTESTS_FUZZOP_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_OPS	48		/* calls in a program, at most */
#define FUZZ_THREADS	3
#define FUZZ_FILES	4
#define FUZZ_NAMES	3

enum fuzz_call {
	FUZZ_OPEN, FUZZ_CLOSE, FUZZ_SETIFF, FUZZ_SETQUEUE, FUZZ_VALUE,
	FUZZ_INT, FUZZ_IFREQ, FUZZ_FILTER, FUZZ_RING, FUZZ_BATCH, FUZZ_DRIVE,
	FUZZ_CONTROL, FUZZ_WAIT, FUZZ_EVENTFD, FUZZ_IOCTL,
	FUZZ_WRITE, FUZZ_WRITE_RECORDS, FUZZ_WRITE_VECTOR, FUZZ_WRITE_NOISE,
	FUZZ_READ, FUZZ_READ_VECTOR, FUZZ_SPLICE, FUZZ_KICK, FUZZ_POLL,
	FUZZ_MMAP, FUZZ_MUNMAP, FUZZ_MREMAP, FUZZ_MPROTECT, FUZZ_MADVISE,
	FUZZ_RING_POSITION, FUZZ_RING_RECORDS, FUZZ_RING_NOISE, FUZZ_RING_TAKE,
	FUZZ_FORK, FUZZ_PASS, FUZZ_DUP, FUZZ_FCNTL, FUZZ_PAUSE,
	FUZZ_SEND, FUZZ_UP, FUZZ_DOWN, FUZZ_MTU, FUZZ_LENGTH, FUZZ_RENAME,
	FUZZ_MOVE, FUZZ_DELETE, FUZZ_ADD, FUZZ_XDP, FUZZ_QDISC, FUZZ_MAC,
	FUZZ_ETHTOOL, FUZZ_DUMP,
	FUZZ_CALLS
};

struct fuzz_op {
	uint8_t call;		/* modulo FUZZ_CALLS */
	uint8_t who;		/* file, name; thread */
	uint16_t a;
	uint32_t b;
};

struct fuzz_program {
	unsigned int count;
	struct fuzz_op op[FUZZ_OPS];
};

/* Whatever the bytes are. */
void fuzz_decode(struct fuzz_program *p, const uint8_t *data, size_t size);
/* The bytes again: how many. to has room for a whole program. */
size_t fuzz_encode(const struct fuzz_program *p, uint8_t *to);

/* "ring 01 0102 00000003" */
void fuzz_text(const struct fuzz_op *op, char *text, size_t size);
/* One call of such text; 0, or -1: it is none. */
int fuzz_parse(const char *text, struct fuzz_op *op);

#endif
