// SPDX-License-Identifier: GPL-2.0
#include "histogram.h"

#include <math.h>

#define FINE_BITS	5	/* of HISTOGRAM_FINE */

/* Below 2 * HISTOGRAM_FINE each value has a cell; then each power of 2 has 32. */
static unsigned int cell_of(uint64_t value)
{
	unsigned int shift, cell;

	if (value < 2 * HISTOGRAM_FINE)
		return (unsigned int)value;
	shift = 63 - FINE_BITS - (unsigned int)__builtin_clzll(value);
	cell = shift * HISTOGRAM_FINE + (unsigned int)(value >> shift);
	return cell < HISTOGRAM_CELLS ? cell : HISTOGRAM_CELLS - 1;
}

/* The largest value of a cell. */
static uint64_t cell_end(unsigned int cell)
{
	unsigned int shift;

	if (cell < 2 * HISTOGRAM_FINE)
		return cell;
	shift = cell / HISTOGRAM_FINE - 1;
	return (((uint64_t)cell - shift * HISTOGRAM_FINE + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	if (!h->count || value < h->least)
		h->least = value;
	if (value > h->most)
		h->most = value;
	h->count++;
	h->sum += value;
	h->cell[cell_of(value)]++;
}

void histogram_merge(struct histogram *sum, const struct histogram *other)
{
	unsigned int i;

	if (!other->count)
		return;
	if (!sum->count || other->least < sum->least)
		sum->least = other->least;
	if (other->most > sum->most)
		sum->most = other->most;
	sum->count += other->count;
	sum->sum += other->sum;
	for (i = 0; i < HISTOGRAM_CELLS; i++)
		sum->cell[i] += other->cell[i];
}

uint64_t histogram_at(const struct histogram *h, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)h->count), seen = 0;
	unsigned int i;

	if (!h->count)
		return 0;
	for (i = 0; i < HISTOGRAM_CELLS; i++) {
		seen += h->cell[i];
		if (seen && seen >= wanted)
			break;
	}
	if (i == HISTOGRAM_CELLS || cell_end(i) > h->most)
		return h->most;
	return cell_end(i);
}
