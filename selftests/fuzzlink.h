/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calls of a fuzzer's program that are about links and not about files, and
 * what the numbers in its calls stand for.
 */
#ifndef SELFTESTS_FUZZLINK_H
#define SELFTESTS_FUZZLINK_H

#include "fuzzop.h"

/* Whatever comes of it. */
void fuzz_link(const struct fuzz_op *op);

/* The two that there are; the first one is where programs begin. */
extern int fuzz_namespaces[2];

/* The name of a device: fz0, fz1, ... */
const char *fuzz_name(unsigned int n);

/* A number that is at an edge of something, and a size of a packet. */
uint32_t fuzz_edge(uint32_t n);
uint32_t fuzz_size(uint32_t n);

#endif
