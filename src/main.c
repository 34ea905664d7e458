// SPDX-License-Identifier: GPL-2.0
/* The module comes and goes. */
#include <linux/module.h>

#include "genl.h"
#include "mytun.h"

static int __init mytun_init(void)
{
	int err;

	mytun_dissect_init();
	err = mytun_netdev_init();
	if (err)
		return err;
	err = mytun_rtnl_init();
	if (err)
		goto netdev;
	err = mytun_chrdev_init();
	if (err)
		goto rtnl;
	err = mytun_genl_init();
	if (err)
		goto chrdev;
	mytun_replace_init();
	return 0;

chrdev:
	mytun_chrdev_exit();
rtnl:
	mytun_rtnl_exit();
netdev:
	mytun_netdev_exit();
	return err;
}

/* No file is open and no persistent device exists: both hold the module. */
static void __exit mytun_exit(void)
{
	mytun_replace_exit();
	mytun_genl_exit();
	mytun_chrdev_exit();
	mytun_rtnl_exit();
	mytun_netdev_exit();
}

module_init(mytun_init);
module_exit(mytun_exit);

MODULE_DESCRIPTION("TUN/TAP device driver with batches, rings and flow affinity");
MODULE_AUTHOR("the mytun authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(MYTUN_VERSION);
MYTUN_IMPORT_NETDEV_INTERNAL;
