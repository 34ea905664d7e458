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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifndef ROUNDS
#define ROUNDS		21	/* the median of so many is told */
#endif

struct series {
	uint64_t value[ROUNDS];
};

/* What a number is of, beside the size of the packets. */
struct row {
	const char *by;		/* "mytun", or the peer */
	const char *way;	/* the calls: "read", "ring", ... */
	const char *kind;	/* "tun", "tap", ... */
	const char *drive;	/* who empties TX; NULL: it has none */
	unsigned int batch;	/* packets for one call */
	unsigned int queues;
	bool vnet_hdr;
	bool gro;
	bool hash;		/* in what is received */
	bool checksum;		/* left to who takes the packet */
	unsigned long scale;	/* of what grows, in "grow" */
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

/* The same for calls that return -1 and set errno. */
int check_errno(int ret, const char *what);

/*
 * A line of JSON: what was measured, of which row, for packets of size bytes,
 * which part of it, and the number with its unit. Of "Mbit/s per GIPS",
 * "segments/skb" and "times tun" more is better, of all others less.
 */
void tell(const char *test, const struct row *row, size_t size,
	  const char *part, double value, const char *unit);

#define PER_PACKET	"instructions/packet"

#endif
