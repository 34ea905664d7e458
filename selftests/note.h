/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was seen after a step: lines of "key value", in an order that depends on
 * nothing but the step. A note that is full says so in its last line.
 */
#ifndef SELFTESTS_NOTE_H
#define SELFTESTS_NOTE_H

#include <stddef.h>
#include <stdint.h>

#define NOTE_SIZE	8192

struct note {
	size_t used;
	char text[NOTE_SIZE];
};

void note_add(struct note *note, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Few bytes as they are, many as their first ones and a checksum of all. */
void note_bytes(struct note *note, const char *key, const void *data,
		size_t size);

#endif
