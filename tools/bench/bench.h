/* SPDX-License-Identifier: GPL-2.0 */
/* The benchmarks. Each prints its results by tell(), and ends on failure. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define TUN	"/dev/net/tun"
#define MYTUN	"/dev/net/mytun"

/* Whether the command line asks for that. */
bool bench_wanted(const char *carrier);
bool bench_wanted_size(size_t size);

/* Let pass what a new device leaves to do. Free, where idle time is skipped. */
void settle(void);

void bench_receive(void);
void bench_transmit(void);

#endif
