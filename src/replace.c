// SPDX-License-Identifier: GPL-2.0
/*
 * replace_tun=1: /dev/net/tun and link kind "tun" are this driver's, where no
 * other driver has them. Both or none: one without the other would be a trap.
 *
 * Whoever has them keeps them as long as it is loaded: the kernel refuses the
 * second one, and so, while they are ours, the in-kernel driver cannot be
 * loaded, nor vhost_net, which links to it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <net/rtnetlink.h>

#include "mytun.h"
#include "param.h"

static struct miscdevice tun_misc = {
	.minor		= TUN_MINOR,
	.name		= "tun",
	.nodename	= "net/tun",
	.fops		= &mytun_fops,
	.mode		= 0666,
};

/* The parameter tells from now on what is the case. */
static void refuse(int err)
{
	mytun_param_refuse_replace_tun();
	if (err == -EEXIST || err == -EBUSY)
		pr_warn("replace_tun=1 refused: the in-kernel tun driver is loaded and keeps /dev/net/tun; only /dev/net/mytun is served\n");
	else
		pr_warn("replace_tun=1 failed (%d); only /dev/net/mytun is served\n",
			err);
}

/*
 * At the end of the module's init. That it is refused is no reason not to load:
 * what uses /dev/net/mytun must not depend on it.
 */
void __init mytun_replace_init(void)
{
	int err;

	if (!mytun_param_replace_tun())
		return;
	err = rtnl_link_register(&mytun_node_link_ops);
	if (err) {
		refuse(err);
		return;
	}
	err = misc_register(&tun_misc);
	if (err) {
		rtnl_link_unregister(&mytun_node_link_ops);
		refuse(err);
		return;
	}
	pr_info("serving /dev/net/tun; the in-kernel tun driver, and vhost_net, which needs it, cannot be loaded now\n");
}

void mytun_replace_exit(void)
{
	if (!mytun_param_replace_tun())
		return;
	misc_deregister(&tun_misc);
	rtnl_link_unregister(&mytun_node_link_ops);
}
