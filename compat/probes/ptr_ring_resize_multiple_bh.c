// SPDX-License-Identifier: GPL-2.0
/* 6.13, a126061c80d5; also in stable 6.12. Delete when 6.12 goes. */
#include <linux/ptr_ring.h>

int probe(struct ptr_ring **rings);
int probe(struct ptr_ring **rings)
{
	return ptr_ring_resize_multiple_bh(rings, 1, 1, GFP_KERNEL, NULL);
}
