// SPDX-License-Identifier: GPL-2.0
/* 4.16, 8ced390c2b18. Delete when 4.15 goes. */
#include <linux/types.h>

__poll_t probe;
