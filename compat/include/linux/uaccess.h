/* SPDX-License-Identifier: GPL-2.0 */
/* Copies from the user. */
#ifndef _MYTUN_COMPAT_LINUX_UACCESS_H
#define _MYTUN_COMPAT_LINUX_UACCESS_H

#include_next <linux/uaccess.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_COPY_STRUCT_FROM_USER
static inline int copy_struct_from_user(void *dst, size_t ksize,
					const void __user *src, size_t usize)
{
	size_t i;
	u8 byte;

	for (i = ksize; i < usize; i++) {
		if (get_user(byte, (const u8 __user *)src + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	memset(dst, 0, ksize);
	return copy_from_user(dst, src, min(ksize, usize)) ? -EFAULT : 0;
}
#endif

#endif /* _MYTUN_COMPAT_LINUX_UACCESS_H */
