// SPDX-License-Identifier: GPL-2.0
/* 6.12, 1934b212615d. Delete when 6.11 goes. */
#include <linux/fs.h>

int (*probe)(struct file *file) = file_f_owner_allocate;
