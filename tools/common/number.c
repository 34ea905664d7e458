// SPDX-License-Identifier: GPL-2.0
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_SECONDS	(366.0 * 24 * 3600)

static uint64_t multiplier(const char *suffix)
{
	static const struct {
		const char *name;
		uint64_t times;
	} known[] = {
		{ "", 1 },
		{ "k", 1000 }, { "K", 1000 }, { "Ki", 1 << 10 },
		{ "M", 1000000 }, { "Mi", 1 << 20 },
		{ "G", 1000000000 }, { "Gi", 1 << 30 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strcmp(suffix, known[i].name))
			return known[i].times;
	}
	return 0;
}

int number_parse(const char *text, uint64_t least, uint64_t most,
		 uint64_t *value)
{
	uint64_t times;
	char *end;

	/* strtoull() takes a sign. */
	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*value = strtoull(text, &end, 10);
	times = multiplier(end);
	if (errno || !times || *value > UINT64_MAX / times)
		return -1;
	*value *= times;
	return *value < least || *value > most ? -1 : 0;
}

int number_seconds(const char *text, double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (errno || end == text || *end || !(*seconds > 0) ||
	    *seconds > YEAR_SECONDS)
		return -1;
	return 0;
}

int number_list(const char *text, unsigned int *list, unsigned int most)
{
	unsigned long first, last;
	unsigned int found = 0;
	char *end;

	do {
		if (!isdigit((unsigned char)*text))
			return -1;
		first = strtoul(text, &end, 10);
		last = first;
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -1;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || last > NUMBER_LIST_MAX ||
		    last - first >= most - found || (*end && *end != ','))
			return -1;
		while (first <= last)
			list[found++] = (unsigned int)first++;
		text = end + 1;
	} while (*end);
	return (int)found;
}
