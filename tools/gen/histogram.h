/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often which time was seen. Cells are as wide as 1/32 of what they hold,
 * so that a percentile is right within about 3 %, from a nanosecond to an hour.
 */
#ifndef GEN_HISTOGRAM_H
#define GEN_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_FINE	32
#define HISTOGRAM_CELLS	(HISTOGRAM_FINE * 38)

struct histogram {
	uint64_t count, sum, least, most;
	uint64_t cell[HISTOGRAM_CELLS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *sum, const struct histogram *other);

/*
 * The value that @share of all (0 to 1) do not exceed, rounded up within its
 * cell but not above the largest one; 0 if there are none.
 */
uint64_t histogram_at(const struct histogram *histogram, double share);

#endif
