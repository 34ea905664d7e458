/* SPDX-License-Identifier: GPL-2.0 */
/* The benchmarks. Each prints its results by tell(), and ends on failure. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "measure.h"

/* Whether the command line asks for that. */
bool bench_wanted(const struct row *row);
bool bench_wanted_size(size_t size);

/* Let pass what a new device leaves to do. Free, where idle time is skipped. */
void settle(void);

void bench_receive(void);
void bench_transmit(void);
void bench_wake(void);
void bench_flows(void);
void bench_tunnel(void);
void bench_pairs(void);

#endif
