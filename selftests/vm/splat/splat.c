// SPDX-License-Identifier: GPL-2.0
/*
 * Warns on purpose when it is loaded. The tests load it to prove that a
 * warning in the kernel's log is found.
 */

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

static int __init splat_init(void)
{
	WARN(1, "splat: this warning is here on purpose\n");
	return 0;
}
module_init(splat_init);

static void __exit splat_exit(void)
{
}
module_exit(splat_exit);

MODULE_DESCRIPTION("Warns on purpose, to test the search for warnings");
MODULE_LICENSE("GPL");
