// SPDX-License-Identifier: GPL-2.0
/*
 * How many thousand ticks the time stamp counter makes in a second. Runs on the
 * host: QEMU's emulated processor shows the host's counter, and a kernel that
 * cannot find out by itself is told.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define NAP_NS	300000000

static double milliseconds(const struct timespec *t)
{
	return t->tv_sec * 1e3 + t->tv_nsec / 1e6;
}

int main(void)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct timespec before, after;
	unsigned long long begin, end;

	clock_gettime(CLOCK_MONOTONIC, &before);
	begin = __rdtsc();
	nanosleep(&nap, NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	end = __rdtsc();
	printf("%.0f\n", (end - begin) /
	       (milliseconds(&after) - milliseconds(&before)));
	return 0;
}
