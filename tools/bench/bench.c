// SPDX-License-Identifier: GPL-2.0
/*
 * What the ways into the kernel and out of it cost: mytun beside its peers, in
 * one run. A line of JSON for each number, for tools/bench/report.
 *
 *   bench [-c CARRIER] [-s SIZE] [-r TIMES] [receive] [transmit]
 *
 *   -c	only carriers whose name matches this, as a shell's pattern
 *   -s	only packets of so many bytes
 *   -r	all of it so many times, for a profiler
 */
#include "device.h"

#include "bench.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

#define SETTLE_SECONDS	4

static const struct {
	const char *name;
	void (*run)(void);
} benchmarks[] = {
	{ "receive", bench_receive },
	{ "transmit", bench_transmit },
};

#define BENCHMARKS	(sizeof(benchmarks) / sizeof(*benchmarks))

void settle(void)
{
	sleep(SETTLE_SECONDS);
}

static const char *only = "*";
static size_t only_size;

bool bench_wanted(const char *carrier)
{
	return !fnmatch(only, carrier, 0);
}

bool bench_wanted_size(size_t size)
{
	return !only_size || size == only_size;
}

/* All, if none is named. */
static bool wanted(const char *name, char **names)
{
	bool none = !*names;

	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return none;
}

int main(int argc, char **argv)
{
	unsigned long times = 1;
	int option;
	size_t i;

	while ((option = getopt(argc, argv, "c:r:s:")) != -1) {
		if (option == 'c')
			only = optarg;
		else if (option == 's')
			only_size = strtoul(optarg, NULL, 0);
		else if (option == 'r')
			times = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	check(netns_private(), "network namespace");
	settle();
	while (times--)
		for (i = 0; i < BENCHMARKS; i++)
			if (wanted(benchmarks[i].name, argv + optind))
				benchmarks[i].run();
	return 0;
}
