// SPDX-License-Identifier: GPL-2.0
/* 4.18, 9965ed174e7d. Delete when 4.17 goes. */
#include <linux/poll.h>

unsigned int probe(struct file *file, struct poll_table_struct *pt);
unsigned int probe(struct file *file, struct poll_table_struct *pt)
{
	return (__force unsigned int)vfs_poll(file, pt);
}
