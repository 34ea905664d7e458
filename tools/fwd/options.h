/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWD_OPTIONS_H
#define FWD_OPTIONS_H

#include <stdbool.h>

#include "session.h"
#include "tunnel.h"

/* Exit status. */
enum {
	DONE = 0,
	FAILED = 1,
	USAGE = 2,
};

struct options {
	struct tunnel *tunnel;
	const char *key;	/* NULL: not sealed */
	enum session_cipher cipher;
	double interval;	/* seconds between statistics; 0: none */
	bool json;
	unsigned int cpu[DEVICE_QUEUES_MAX];
	unsigned int cpus;	/* 0: threads are not pinned */
};

/*
 * Into tunnel->settings and the rest. Ends the program where they make no
 * sense, or help or a key was all that was asked for.
 */
void options_parse(struct options *options, int argc, char **argv);

#endif
