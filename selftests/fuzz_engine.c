// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on the kernel: what KCOV says goes into the counters that it looks
 * at beside those of the compiler. Built with clang, where it is there; `fuzz`
 * starts it.
 *
 * FUZZ_PRINT=1: print inputs as text, and play none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzzplay.h"

static uint8_t counters[FUZZ_COUNTERS]
	__attribute__((section("__libfuzzer_extra_counters")));

static bool print_only;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int err;

	(void)argc;
	(void)argv;
	print_only = getenv("FUZZ_PRINT");
	err = print_only ? 0 : fuzz_begin();
	if (err) {
		fprintf(stderr, "fuzz: %d\n", err);
		exit(1);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_program p;
	const char *complaint;

	fuzz_decode(&p, data, size);
	if (!p.count)
		return -1;
	if (print_only) {
		fuzz_print(&p);
		printf("\n");
		return 0;
	}
	complaint = fuzz_play(&p, counters);
	if (!complaint)
		return 0;
	printf("# %s\n", complaint);
	fuzz_print(&p);
	fuzz_minimise(&p);
	printf("# what it needs:\n");
	fuzz_print(&p);
	exit(1);
}
