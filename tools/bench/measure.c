// SPDX-License-Identifier: GPL-2.0
#include "measure.h"

#include <errno.h>
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

int check_errno(int ret, const char *what)
{
	return check(ret < 0 ? -errno : ret, what);
}

static const char *truth(bool is)
{
	return is ? "true" : "false";
}

void tell(const char *test, const struct row *row, size_t size,
	  const char *part, double value, const char *unit)
{
	printf("{\"test\":\"%s\",\"by\":\"%s\",\"way\":\"%s\",\"kind\":\"%s\",",
	       test, row->by, row->way, row->kind);
	printf("\"batch\":%u,\"queues\":%u,\"drive\":\"%s\",\"vnet_hdr\":%s,",
	       row->batch ? row->batch : 1, row->queues ? row->queues : 1,
	       row->drive ? row->drive : "", truth(row->vnet_hdr));
	printf("\"gro\":%s,\"hash\":%s,\"checksum\":%s,\"scale\":%lu,",
	       truth(row->gro), truth(row->hash), truth(row->checksum),
	       row->scale);
	printf("\"size\":%zu,\"part\":\"%s\",\"unit\":\"%s\",\"value\":%.4f}\n",
	       size, part, unit, value);
	fflush(stdout);
}
