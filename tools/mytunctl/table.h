/* SPDX-License-Identifier: GPL-2.0 */
/* Columns that are as wide as what is in them. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS	16

struct table {
	const char *const *heads;	/* with a '>' in front: right-aligned */
	size_t columns;
	char **cells;
	size_t used, room;
};

void table_begin(struct table *t, const char *const *heads, size_t columns);

/* The next cell, row by row. */
void table_cell(struct table *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Prints and forgets all rows. @eol ends each line; of more rows than @most,
 * the rest is counted.
 */
void table_print(struct table *t, FILE *f, const char *eol, size_t most);

/* 1234567 as "1.23M", in steps of 1000; at most 5 characters. */
const char *short_number(double value, char buffer[16]);

#endif
