/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text of others, as names of interfaces and processes are: any bytes. A terminal
 * would obey some of them, and JSON has to be UTF-8.
 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stddef.h>

/*
 * Bytes of the character that stands there; 0: what stands there is none of
 * UTF-8, or controls a terminal, or is the end.
 */
size_t text_character(const char *text);

/* Each byte of what is no such character becomes a question mark. */
char *text_clean(char *text);

#endif
