/* SPDX-License-Identifier: GPL-2.0 */
/* The calls of a fuzzer's program, in the process that plays it. */
#ifndef SELFTESTS_FUZZCALL_H
#define SELFTESTS_FUZZCALL_H

#include "fuzzop.h"

/* Whatever comes of it. */
void fuzz_call(const struct fuzz_op *op);

#endif
