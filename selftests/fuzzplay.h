/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays programs of the fuzzer on the device, each in a process of its own, in
 * two network namespaces that are kept for that. What a kernel with KCOV says
 * it went through, and what it complains of in its log, is the result.
 */
#ifndef SELFTESTS_FUZZPLAY_H
#define SELFTESTS_FUZZPLAY_H

#include <stdbool.h>

#include "fuzzop.h"

/* One for each place in the driver, more or less. */
#define FUZZ_COUNTERS	65536

/*
 * Namespaces, the kernel's log, and KCOV if it is there. Once in a process. 0
 * or -errno.
 */
int fuzz_begin(void);

/* Whether the kernel tells what it went through. */
bool fuzz_sees(void);

/*
 * Play one. counters, if not NULL, has FUZZ_COUNTERS and is added to. NULL: the
 * kernel bore it; else the first line of what it said, until the next call.
 */
const char *fuzz_play(const struct fuzz_program *p, uint8_t *counters);

/* Take out every call that the complaint does not need. */
void fuzz_minimise(struct fuzz_program *p);

/* As lines of text, the form that the corpus has. */
void fuzz_print(const struct fuzz_program *p);

#endif
