// SPDX-License-Identifier: GPL-2.0
/* 6.3, bc292ab00f6c; also in RHEL 9.6. Delete when 6.2 goes. */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_clear(vma, VM_MAYWRITE);
}
