/* SPDX-License-Identifier: GPL-2.0 */
/* What a run tells: a line each second on stderr, a summary on stdout. */
#ifndef GEN_REPORT_H
#define GEN_REPORT_H

#include <stdbool.h>

#include "worker.h"

struct report {
	struct work *work;
	struct worker *workers;
	uint64_t packets, bytes, batches;	/* at the last line */
	uint64_t shown;			/* when that was */
};

void report_start(struct report *report, struct work *work,
		  struct worker *workers);
void report_progress(struct report *report);
/*
 * After all workers have ended; @failed: something else has not gone well.
 * Return: the program's exit status.
 */
int report_summary(struct report *report, bool failed);

#endif
