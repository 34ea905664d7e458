/* SPDX-License-Identifier: GPL-2.0 */
/* Functions that tests may have fail; the mark is of 4.16. */
#ifndef _MYTUN_COMPAT_LINUX_ERROR_INJECTION_H
#define _MYTUN_COMPAT_LINUX_ERROR_INJECTION_H

#ifdef CONFIG_FUNCTION_ERROR_INJECTION
#include_next <linux/error-injection.h>
#else
#define ALLOW_ERROR_INJECTION(function, type)
#endif

#endif /* _MYTUN_COMPAT_LINUX_ERROR_INJECTION_H */
