/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mytunctl(8), as a test runs it: $MYTUNCTL, or tool/mytunctl beside the test, or
 * the one that is installed.
 */
#ifndef SELFTESTS_CTL_H
#define SELFTESTS_CTL_H

#include <stdbool.h>

/* Where the program is, once it was found. */
extern char tool[];

/* What the last one that was run has printed, its errors too. */
extern char output[];

/* False: nowhere. */
bool find_tool(void);

/*
 * Runs a line of shell, and keeps all that it prints: nothing of it goes to
 * where the test prints its results. Exit status, or -1.
 */
int shell(const char *line);

/* mytunctl with these arguments; and the same without privilege. */
int ctl(const char *arguments);
int ctl_as_nobody(const char *arguments);

/*
 * mytunctl on a terminal of 3 lines. Once a text has come @then is done, which
 * sends a key or ends it in another way. Exit status, or -1; -2: it has left the
 * terminal without echo.
 */
int ctl_on_terminal(const char *arguments, const char *until,
		    void (*then)(int terminal, void *context), void *context);

/* As notes for TH_LOG(): no line of it can be taken for a result. */
const char *quoted(const char *text);

bool says(const char *text);

/* The output is so many documents, one a line. */
bool is_json(int documents);

#endif
