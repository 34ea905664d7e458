/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers as people write them on a command line. */
#ifndef TOOLS_NUMBER_H
#define TOOLS_NUMBER_H

#include <stdint.h>

#define NUMBER_LIST_MAX	65535	/* of what is in a list */

/*
 * A whole number in decimal, which may end in k, M or G (thousands) or Ki, Mi or
 * Gi (1024). Return: 0, or -1: it is none, or not in [least, most].
 */
int number_parse(const char *text, uint64_t least, uint64_t most,
		 uint64_t *value);

/* Seconds, with a fraction. Return: as above; above 0, at most a year. */
int number_seconds(const char *text, double *seconds);

/*
 * Numbers of processors, as 0,2,4-7, none above NUMBER_LIST_MAX. Return: how
 * many were put, in that order, or -1.
 */
int number_list(const char *text, unsigned int *list, unsigned int most);

#endif
