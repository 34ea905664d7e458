/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes JSON to standard output as it comes, so that a million flows take no
 * memory. Keys are NULL inside arrays. Numbers are 64 bits; strings that are
 * no UTF-8 come out as Latin-1.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_object(const char *key);
void json_object_end(void);
void json_array(const char *key);
void json_array_end(void);

void json_string(const char *key, const char *value);
void json_number(const char *key, unsigned long long value);
void json_real(const char *key, double value);	/* with one decimal */
void json_bool(const char *key, bool value);
void json_null(const char *key);
void json_id(const char *key, int64_t id);	/* null: negative, none */

/* A line ends: behind a document, or each document of a stream. */
void json_end(void);

#endif
