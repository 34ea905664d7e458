// SPDX-License-Identifier: GPL-2.0
/*
 * What the ways into the kernel and out of it cost: mytun beside its peers, in
 * one run. A line of JSON for each number, for tools/bench/report.
 *
 *   bench [-c ROW] [-s SIZE] [-r TIMES] [benchmark...]
 *
 *   -c	only rows whose name matches this, as a shell's pattern: "mytun ring*"
 *   -l	list the benchmarks
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

#define SETTLE_SECONDS	4
#define ROW_SECONDS	300

static const struct {
	const char *name;
	void (*run)(void);
} benchmarks[] = {
	{ "receive", bench_receive },
	{ "transmit", bench_transmit },
	{ "wake", bench_wake },
	{ "flows", bench_flows },
	{ "tunnel", bench_tunnel },
	{ "pairs", bench_pairs },
};

#define BENCHMARKS	(sizeof(benchmarks) / sizeof(*benchmarks))

void settle(void)
{
	/* A row that hangs ends the program, and no more than that. */
	alarm(ROW_SECONDS);
	sleep(SETTLE_SECONDS);
}

static const char *only = "*";
static size_t only_size;

bool bench_wanted(const struct row *row)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", row->by, row->way);
	return !fnmatch(only, name, 0);
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

/* A name that does not exist is a mistake, not nothing to do. */
static bool known(const char *name)
{
	size_t i;

	for (i = 0; i < BENCHMARKS; i++)
		if (!strcmp(benchmarks[i].name, name))
			return true;
	fprintf(stderr, "bench: no benchmark is called %s\n", name);
	return false;
}

int main(int argc, char **argv)
{
	unsigned long times = 1;
	int option;
	size_t i;

	while ((option = getopt(argc, argv, "c:lr:s:")) != -1) {
		switch (option) {
		case 'c':
			only = optarg;
			break;
		case 'l':
			for (i = 0; i < BENCHMARKS; i++)
				puts(benchmarks[i].name);
			return 0;
		case 'r':
			times = strtoul(optarg, NULL, 0);
			break;
		case 's':
			only_size = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	for (i = (size_t)optind; argv[i]; i++)
		if (!known(argv[i]))
			return 2;
	check(netns_private(), "network namespace");
	settle();
	while (times--)
		for (i = 0; i < BENCHMARKS; i++)
			if (wanted(benchmarks[i].name, argv + optind))
				benchmarks[i].run();
	return 0;
}
