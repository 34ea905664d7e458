/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is mytun a tun? The same steps are played on /dev/net/tun and on the node
 * under test, each in a process and a network namespace of its own, and what
 * was noted must be equal, line for line, but for what <exception.h> lists.
 */
#ifndef SELFTESTS_PARITY_H
#define SELFTESTS_PARITY_H

#include <stdbool.h>

#include "exception.h"
#include "step.h"

/* Why nothing can be compared here, or NULL. */
const char *parity_missing(void);

/* TUNGETFEATURES of tun. */
unsigned int parity_tun_features(void);

/*
 * Play and compare. True if they are equal; else the steps up to the first
 * difference are printed, and what differs there. title tells which sequence
 * it is.
 */
bool parity_equal(const struct steps *steps, bool compat, const char *title);

/* How much was compared, as a KTAP comment. */
void parity_print(void);

/*
 * How many exceptions that this program has to meet were not met, after naming
 * them; -1 if the run was only a part.
 */
int parity_unmet(unsigned int where);

#endif
