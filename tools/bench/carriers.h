/* SPDX-License-Identifier: GPL-2.0 */
/* All carriers, in the order in which they are told. */
#ifndef BENCH_CARRIERS_H
#define BENCH_CARRIERS_H

#include "carrier.h"

/*
 * Call run() with each that takes packets from the stack, or gives it some,
 * with those that sleep, and with those that remember flows.
 */
void carriers_receive(void (*run)(const struct carrier *carrier));
void carriers_transmit(void (*run)(const struct carrier *carrier));
void carriers_wake(void (*run)(const struct carrier *carrier));
void carriers_flows(void (*run)(const struct carrier *carrier));

/* Those of mytun that are held against tun, by the way that packets go. */
void carriers_pairs(void (*to_user)(const struct carrier *carrier),
		    void (*to_stack)(const struct carrier *carrier));

#endif
