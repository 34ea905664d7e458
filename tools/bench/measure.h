/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time, medians, and how a result is told.
 *
 * Times are those of CLOCK_MONOTONIC. On a machine whose clock counts
 * instructions (QEMU's -icount, as "make bench" starts it) they are
 * instructions, and the same from run to run within 0.5 %; anywhere else they
 * are nanoseconds and only as good as the machine is idle.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifndef ROUNDS
#define ROUNDS		21	/* the median of so many is told */
#endif

struct series {
	uint64_t value[ROUNDS];
};

static inline uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The median, for one of n. It sorts the series. */
double median(struct series *series, double n);

/* Print a message and end, if ret is a negative errno; else return it. */
int check(int ret, const char *what);

/*
 * A line of JSON: what was measured, with which carrier, for packets of size
 * bytes, which part of it, and the number.
 */
void tell(const char *test, const char *carrier, size_t size,
	  const char *part, double value);

#endif
