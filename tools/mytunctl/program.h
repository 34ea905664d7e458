/* SPDX-License-Identifier: GPL-2.0 */
/* Other programs and small files, and what they say. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Whether PATH has it. */
bool program_exists(const char *name);

/*
 * Runs a program without a shell and keeps what it prints, its errors not.
 * @output ends with a 0 and has no newline at the end; what does not fit is
 * lost. Return: its exit status, or -1: it could not be run.
 */
int program_run(char *output, size_t size, const char *const argv[]);

/* The first line of a file. False: it cannot be read. */
bool file_line(const char *path, char *line, size_t size);

bool file_exists(const char *path);

#endif
