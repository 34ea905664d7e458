/* SPDX-License-Identifier: GPL-2.0 */
/* Allocation by object, as kernels have it since 7.0. */
#ifndef _MYTUN_COMPAT_LINUX_SLAB_H
#define _MYTUN_COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

#ifndef kzalloc_obj
/* The flags may be left out. Who uses these includes <linux/mm.h>. */
#define mytun_gfp(a, gfp, ...)		gfp

#define kzalloc_obj(p, ...) \
	kzalloc(sizeof(p), mytun_gfp(0, ##__VA_ARGS__, GFP_KERNEL))
#define kmalloc_objs(p, n, ...) \
	kmalloc_array(n, sizeof(p), mytun_gfp(0, ##__VA_ARGS__, GFP_KERNEL))
#define kvmalloc_objs(p, n, ...) \
	kvmalloc_array(n, sizeof(p), mytun_gfp(0, ##__VA_ARGS__, GFP_KERNEL))
#define kvzalloc_objs(p, n, ...) \
	kvmalloc_array(n, sizeof(p), \
		       mytun_gfp(0, ##__VA_ARGS__, GFP_KERNEL) | __GFP_ZERO)
#endif

#endif /* _MYTUN_COMPAT_LINUX_SLAB_H */
