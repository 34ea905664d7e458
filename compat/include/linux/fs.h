/* SPDX-License-Identifier: GPL-2.0 */
/* Owners of SIGIO. */
#ifndef _MYTUN_COMPAT_LINUX_FS_H
#define _MYTUN_COMPAT_LINUX_FS_H

#include_next <linux/fs.h>
#include <mytun-answers.h>

#include <linux/pid.h>

#ifdef MYTUN_HAVE_FILE_F_OWNER_ALLOCATE
#define mytun_file_f_owner(file)	file_f_owner_allocate(file)
#else
#define mytun_file_f_owner(file)	0
#endif

/* The whole process is told; before 4.19 it was the thread. */
#ifdef MYTUN_HAVE_PIDTYPE_TGID
#define MYTUN_SIGIO_PID			PIDTYPE_TGID
#else
#define MYTUN_SIGIO_PID			PIDTYPE_PID
#endif

#endif /* _MYTUN_COMPAT_LINUX_FS_H */
