// SPDX-License-Identifier: GPL-2.0
/* Tables of text. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../common/text.h"
#include "mytunctl.h"
#include "table.h"

void table_begin(struct table *t, const char *const *heads, size_t columns)
{
	memset(t, 0, sizeof(*t));
	t->heads = heads;
	t->columns = columns;
}

void table_cell(struct table *t, const char *format, ...)
{
	va_list args;

	if (t->used == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->cells = more(t->cells, t->room * sizeof(*t->cells));
	}
	va_start(args, format);
	if (vasprintf(&t->cells[t->used], format, args) < 0)
		exit(failed(STATUS_FAILED, "out of memory"));
	va_end(args);
	text_clean(t->cells[t->used++]);
}

/* The last column on the left needs no padding. */
static void print_cell(FILE *f, const char *text, int width, bool right,
		       bool last)
{
	if (right)
		fprintf(f, "%*s", width, text);
	else if (last)
		fputs(text, f);
	else
		fprintf(f, "%-*s", width, text);
}

void table_print(struct table *t, FILE *f, const char *eol, size_t most)
{
	size_t rows = t->used / t->columns, i, c;
	int width[TABLE_COLUMNS];

	for (c = 0; c < t->columns; c++) {
		width[c] = strlen(t->heads[c]) - (*t->heads[c] == '>');
		for (i = c; i < t->used; i += t->columns)
			if ((int)strlen(t->cells[i]) > width[c])
				width[c] = strlen(t->cells[i]);
	}
	for (c = 0; c < t->columns; c++) {
		bool right = *t->heads[c] == '>';

		fputs(c ? "  " : "", f);
		print_cell(f, t->heads[c] + right, width[c], right,
			   c + 1 == t->columns);
	}
	fputs(eol, f);
	for (i = 0; i < rows && i < most; i++) {
		for (c = 0; c < t->columns; c++) {
			fputs(c ? "  " : "", f);
			print_cell(f, t->cells[i * t->columns + c], width[c],
				   *t->heads[c] == '>', c + 1 == t->columns);
		}
		fputs(eol, f);
	}
	if (rows > most)
		fprintf(f, "and %zu more%s", rows - most, eol);
	for (i = 0; i < t->used; i++)
		free(t->cells[i]);
	free(t->cells);
	table_begin(t, t->heads, t->columns);
}

const char *short_number(double value, char buffer[16])
{
	static const char units[] = " kMGTPE";
	const char *u = units;

	while (value >= 999.5 && u[1]) {
		value /= 1000;
		u++;
	}
	if (u == units)
		snprintf(buffer, 16, "%.0f", value);
	else
		snprintf(buffer, 16, value < 9.995 ? "%.2f%c" :
			 value < 99.95 ? "%.1f%c" : "%.0f%c", value, *u);
	return buffer;
}
