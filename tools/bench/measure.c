// SPDX-License-Identifier: GPL-2.0
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double median(struct series *series, double n)
{
	qsort(series->value, ROUNDS, sizeof(*series->value), compare);
	return series->value[ROUNDS / 2] / n;
}

int check(int ret, const char *what)
{
	if (ret >= 0)
		return ret;
	fprintf(stderr, "bench: %s: %s\n", what, strerror(-ret));
	exit(1);
}

void tell(const char *test, const char *carrier, size_t size,
	  const char *part, double value)
{
	printf("{\"test\":\"%s\",\"carrier\":\"%s\",\"size\":%zu,\"part\":\"%s\",\"value\":%.4f}\n",
	       test, carrier, size, part, value);
	fflush(stdout);
}
