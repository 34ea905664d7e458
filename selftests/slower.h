/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel that checks each access is slower than what limits are for. */
#ifndef SELFTESTS_SLOWER_H
#define SELFTESTS_SLOWER_H

#include <stdlib.h>

/* By what limits are multiplied: MYTUN_SLOWER says it. */
static inline int slower(void)
{
	const char *text = getenv("MYTUN_SLOWER");
	int found = text ? atoi(text) : 1;

	return found > 1 && found <= 100 ? found : 1;
}

#endif
