// SPDX-License-Identifier: GPL-2.0
/* JSON, written as it comes. */
#include <stdio.h>

#include "../common/text.h"
#include "json.h"

/* Whether a comma is due. */
static bool comma;

static void string(const char *s)
{
	size_t bytes;

	putchar('"');
	for (; *s; s += bytes ? bytes : 1) {
		bytes = text_character(s);
		if (*s == '"' || *s == '\\')
			putchar('\\');
		if (bytes)
			fwrite(s, 1, bytes, stdout);
		else
			printf("\\u%04x", (unsigned char)*s);
	}
	putchar('"');
}

static void begin(const char *key)
{
	if (comma)
		putchar(',');
	comma = true;
	if (key) {
		string(key);
		putchar(':');
	}
}

void json_object(const char *key)
{
	begin(key);
	putchar('{');
	comma = false;
}

void json_object_end(void)
{
	putchar('}');
	comma = true;
}

void json_array(const char *key)
{
	begin(key);
	putchar('[');
	comma = false;
}

void json_array_end(void)
{
	putchar(']');
	comma = true;
}

void json_string(const char *key, const char *value)
{
	begin(key);
	string(value);
}

void json_number(const char *key, unsigned long long value)
{
	begin(key);
	printf("%llu", value);
}

void json_real(const char *key, double value)
{
	begin(key);
	printf("%.1f", value);
}

void json_bool(const char *key, bool value)
{
	begin(key);
	fputs(value ? "true" : "false", stdout);
}

void json_null(const char *key)
{
	begin(key);
	fputs("null", stdout);
}

void json_id(const char *key, int64_t id)
{
	if (id < 0)
		json_null(key);
	else
		json_number(key, id);
}

void json_end(void)
{
	putchar('\n');
	comma = false;
}
