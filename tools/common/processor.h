/* SPDX-License-Identifier: GPL-2.0 */
/* Time and place of threads. */
#ifndef TOOLS_PROCESSOR_H
#define TOOLS_PROCESSOR_H

#include <stdint.h>

#define NS_PER_SECOND	1000000000ULL

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t processor_clock(void);

/* CPU time of the calling thread, nanoseconds. */
uint64_t processor_time(void);

/*
 * The calling thread stays on one processor. Return: 0, or a negative errno; then
 * standard error says why.
 */
int processor_pin(unsigned int number);

/* Sleeps, or waits busily for the last part, until processor_clock(). */
void processor_until(uint64_t moment);

#endif
