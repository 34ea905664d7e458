/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays steps on a device node, in a network namespace of its own, and notes
 * everything that follows from each: return values and errors, bytes read,
 * what the stack got, notifications.
 */
#ifndef SELFTESTS_PLAYER_H
#define SELFTESTS_PLAYER_H

#include <stdbool.h>

#include "note.h"
#include "step.h"

/* Noted before a write's result, with 1: see struct exception. */
#define NOTE_TAIL	"tail"

/*
 * Play all steps on the node, the n-th one's observations into notes[n]; done
 * counts those that are complete, atomically. With compat, ioctls are made as a 32-bit
 * program makes them. Must run in a process of its own, which enters
 * namespaces. 0, or -errno of what is not about a step.
 */
int player_run(const char *node, const struct steps *steps, bool compat,
	       struct note *notes, unsigned int *done);

/* NULL, or why ioctls cannot be made as a 32-bit program makes them. */
const char *player_no_compat(void);

#endif
