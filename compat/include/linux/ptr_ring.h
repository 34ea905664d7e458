/* SPDX-License-Identifier: GPL-2.0 */
/* Rings of pointers. */
#ifndef _MYTUN_COMPAT_LINUX_PTR_RING_H
#define _MYTUN_COMPAT_LINUX_PTR_RING_H

#include_next <linux/ptr_ring.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_PTR_RING_RESIZE_MULTIPLE_BH
#define ptr_ring_resize_multiple_bh(rings, n, size, gfp, destroy) \
	ptr_ring_resize_multiple(rings, n, size, gfp, destroy)
#endif

#endif /* _MYTUN_COMPAT_LINUX_PTR_RING_H */
