/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON, written as it is produced: an object is begun, its members follow one
 * by one, and it is ended. A member's name is NULL inside of an array.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *file;
	unsigned int depth;
	bool follows;		/* something stands before, on this level */
};

void json_start(struct json *json, FILE *file);
void json_object(struct json *json, const char *name);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *name);
void json_array_end(struct json *json);
void json_number(struct json *json, const char *name, uint64_t value);
void json_real(struct json *json, const char *name, double value);
/* NULL is null. */
void json_string(struct json *json, const char *name, const char *value);
void json_bool(struct json *json, const char *name, bool value);
/* After the outermost object: a line's end. */
void json_finish(struct json *json);

#endif
