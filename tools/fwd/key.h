/* SPDX-License-Identifier: GPL-2.0 */
/* The file with the secret key: 64 hexadecimal digits and the end of a line. */
#ifndef FWD_KEY_H
#define FWD_KEY_H

#include <stdint.h>

/* Both say on stderr what is wrong. @key: SESSION_KEY bytes. Return: 0 or -1. */
int key_read(const char *path, uint8_t *key);

/* Make a file that was not there, for its owner alone. */
int key_generate(const char *path);

#endif
