/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that is mapped twice. */
#ifndef _MYTUN_COMPAT_LINUX_VMALLOC_H
#define _MYTUN_COMPAT_LINUX_VMALLOC_H

#include_next <linux/vmalloc.h>
#include <mytun-answers.h>

/*
 * Whether two addresses of one page, one in the kernel and one in a process,
 * show the same bytes; and whether there is room for such addresses.
 */
static inline bool mytun_rings_supported(void)
{
	return IS_ENABLED(CONFIG_64BIT) && IS_ENABLED(CONFIG_MMU) &&
	       !IS_ENABLED(CONFIG_ARCH_HAS_CPU_CACHE_ALIASING) &&
	       !IS_ENABLED(CONFIG_MIPS) && !IS_ENABLED(CONFIG_PARISC) &&
	       !IS_ENABLED(CONFIG_SPARC64);
}

#endif /* _MYTUN_COMPAT_LINUX_VMALLOC_H */
