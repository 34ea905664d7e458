/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWD_STATISTICS_H
#define FWD_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "tunnel.h"

/* All of the tunnel on stdout, as text or JSON; @start: processor_clock(). */
void statistics_print(struct tunnel *tunnel, struct tunnel_worker *workers,
		      uint64_t start, bool json);

#endif
