// SPDX-License-Identifier: GPL-2.0
#include "json.h"

#include "text.h"

static void quoted(struct json *json, const char *text)
{
	size_t bytes;

	fputc('"', json->file);
	for (; *text; text += bytes ? bytes : 1) {
		bytes = text_character(text);
		if (*text == '"' || *text == '\\')
			fputc('\\', json->file);
		if (bytes)
			fwrite(text, 1, bytes, json->file);
		else
			fprintf(json->file, "\\u%04x", (unsigned char)*text);
	}
	fputc('"', json->file);
}

/* What stands before a member. */
static void lead(struct json *json, const char *name)
{
	unsigned int i;

	if (json->follows)
		fputc(',', json->file);
	if (json->depth) {
		fputc('\n', json->file);
		for (i = 0; i < json->depth; i++)
			fputs("  ", json->file);
	}
	if (name) {
		quoted(json, name);
		fputs(": ", json->file);
	}
	json->follows = true;
}

static void begin(struct json *json, const char *name, char bracket)
{
	lead(json, name);
	fputc(bracket, json->file);
	json->depth++;
	json->follows = false;
}

static void end(struct json *json, char bracket)
{
	unsigned int i;

	json->depth--;
	if (json->follows) {
		fputc('\n', json->file);
		for (i = 0; i < json->depth; i++)
			fputs("  ", json->file);
	}
	fputc(bracket, json->file);
	json->follows = true;
}

void json_start(struct json *json, FILE *file)
{
	*json = (struct json){ .file = file };
}

void json_object(struct json *json, const char *name)
{
	begin(json, name, '{');
}

void json_object_end(struct json *json)
{
	end(json, '}');
}

void json_array(struct json *json, const char *name)
{
	begin(json, name, '[');
}

void json_array_end(struct json *json)
{
	end(json, ']');
}

void json_number(struct json *json, const char *name, uint64_t value)
{
	lead(json, name);
	fprintf(json->file, "%llu", (unsigned long long)value);
}

void json_real(struct json *json, const char *name, double value)
{
	lead(json, name);
	fprintf(json->file, "%.3f", value);
}

void json_string(struct json *json, const char *name, const char *value)
{
	lead(json, name);
	if (value)
		quoted(json, value);
	else
		fputs("null", json->file);
}

void json_bool(struct json *json, const char *name, bool value)
{
	lead(json, name);
	fputs(value ? "true" : "false", json->file);
}

void json_finish(struct json *json)
{
	fputc('\n', json->file);
}
