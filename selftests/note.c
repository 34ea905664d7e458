// SPDX-License-Identifier: GPL-2.0
#include "note.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes that are shown. */
#define SHOWN	96

static void append(struct note *note, const char *text, size_t size)
{
	static const char full[] = "full note\n";

	if (note->used + size + sizeof(full) > sizeof(note->text)) {
		strcpy(note->text + sizeof(note->text) - sizeof(full), full);
		return;
	}
	memcpy(note->text + note->used, text, size);
	note->used += size;
	note->text[note->used] = '\0';
}

void note_add(struct note *note, const char *key, const char *format, ...)
{
	char line[768];
	va_list args;
	int used, more;

	used = snprintf(line, sizeof(line), "%.60s ", key);
	va_start(args, format);
	more = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	if (more > (int)sizeof(line) - used - 2)
		more = sizeof(line) - used - 2;
	used += more;
	line[used++] = '\n';
	append(note, line, used);
}

void note_bytes(struct note *note, const char *key, const void *data,
		size_t size)
{
	uint64_t sum = 0xcbf29ce484222325ULL;
	const uint8_t *bytes = data;
	char hex[2 * SHOWN + 1];
	size_t i;

	hex[0] = '\0';
	for (i = 0; i < size; i++) {
		sum = (sum ^ bytes[i]) * 0x100000001b3ULL;
		if (i < SHOWN)
			snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	}
	if (size > SHOWN)
		note_add(note, key, "%zu:%s..%016llx", size, hex,
			 (unsigned long long)sum);
	else
		note_add(note, key, "%zu:%s", size, hex);
}
