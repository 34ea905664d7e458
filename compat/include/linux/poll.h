/* SPDX-License-Identifier: GPL-2.0 */
/* poll(). */
#ifndef _MYTUN_COMPAT_LINUX_POLL_H
#define _MYTUN_COMPAT_LINUX_POLL_H

#include_next <linux/poll.h>
#include <mytun-answers.h>

#ifndef MYTUN_HAVE_POLL_T
typedef unsigned int __poll_t;
#endif

#ifndef MYTUN_HAVE_VFS_POLL
#include <linux/fs.h>

static inline __poll_t vfs_poll(struct file *file, struct poll_table_struct *pt)
{
	return file->f_op->poll(file, pt);
}
#endif

#endif /* _MYTUN_COMPAT_LINUX_POLL_H */
