// SPDX-License-Identifier: GPL-2.0
/* 6.8, 3652117f8548; also in RHEL 9.6. Delete when 6.7 goes. */
#include <linux/eventfd.h>

void probe(struct eventfd_ctx *ctx);
void probe(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
