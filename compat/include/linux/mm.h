/* SPDX-License-Identifier: GPL-2.0 */
/* Mappings. */
#ifndef _MYTUN_COMPAT_LINUX_MM_H
#define _MYTUN_COMPAT_LINUX_MM_H

#include_next <linux/mm.h>
#include <mytun-answers.h>

static inline void mytun_vma_clear_flags(struct vm_area_struct *vma,
					 unsigned long flags)
{
#ifdef MYTUN_HAVE_VM_FLAGS_CLEAR
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/*
 * Whether the memory cgroup can pay for pages that a process maps: until 5.11
 * the mark of a charged page lay where the count of its mappings is.
 */
#if defined(MYTUN_HAVE_MEMCG_DATA_KMEM)
#define MYTUN_CORE_MEMCG	1
#define MYTUN_GFP_MAPPED	GFP_KERNEL_ACCOUNT
#else
#define MYTUN_CORE_MEMCG	0
#define MYTUN_GFP_MAPPED	GFP_KERNEL
#endif

#endif /* _MYTUN_COMPAT_LINUX_MM_H */
