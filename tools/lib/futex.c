// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Sleep until another thread of this process changes a word. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "private.h"

/* Returns 0: woken, or the word is not the value; -ETIMEDOUT; -EINTR. */
int mytun_futex_wait(__u32 *word, __u32 value, __s64 timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = timeout_ns / 1000000000,
		.tv_nsec = timeout_ns % 1000000000,
	};

	if (!syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value,
		     timeout_ns < 0 ? NULL : &timeout, NULL, 0))
		return 0;
	return errno == EAGAIN ? 0 : -errno;
}

void mytun_futex_wake(__u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
