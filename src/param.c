// SPDX-License-Identifier: GPL-2.0
/* Module parameters: what a system administrator sets in modprobe.d. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "param.h"

#define FLOWS_MIN	64
#define FLOWS_MAX	1048576
#define AGEING_MIN	100
#define AGEING_MAX	(24 * 3600 * 1000)

static unsigned int flows = 4096;
module_param(flows, uint, 0644);
MODULE_PARM_DESC(flows, "Flows that a multiqueue device remembers, 64 to 1048576, 64 bytes each (default 4096)");

static unsigned int flow_ageing_ms = 3000;
module_param(flow_ageing_ms, uint, 0644);
MODULE_PARM_DESC(flow_ageing_ms, "Milliseconds without a packet, in either direction, until a flow is forgotten, 100 to 86400000 (default 3000)");

static bool attach_any;
module_param(attach_any, bool, 0644);
MODULE_PARM_DESC(attach_any, "Let anyone attach to a device that has neither owner nor group, as kernels before 7.3 do (default N: CAP_NET_ADMIN is needed)");

static unsigned int rings_max_mb = 4096;
module_param(rings_max_mb, uint, 0644);
MODULE_PARM_DESC(rings_max_mb, "Mebibytes of memory that all rings together may take (default 4096)");

static bool no_queue;
module_param(no_queue, bool, 0644);
MODULE_PARM_DESC(no_queue, "Devices are made without a qdisc: what does not fit a full queue is dropped and counted (default N)");

static bool replace_tun;
module_param(replace_tun, bool, 0444);
MODULE_PARM_DESC(replace_tun, "Serve /dev/net/tun and link kind tun as well, and keep vhost_net from being loaded. Refused, with a line in the log, where the in-kernel tun driver is loaded (default N)");

unsigned long mytun_param_rings_max_pages(void)
{
	return (unsigned long)READ_ONCE(rings_max_mb) << (20 - PAGE_SHIFT);
}

unsigned int mytun_param_flows(void)
{
	return clamp_t(unsigned int, READ_ONCE(flows), FLOWS_MIN, FLOWS_MAX);
}

unsigned int mytun_param_ageing(void)
{
	return clamp_t(unsigned int, READ_ONCE(flow_ageing_ms), AGEING_MIN,
		       AGEING_MAX);
}

bool mytun_param_attach_any(void)
{
	return READ_ONCE(attach_any);
}

bool mytun_param_no_queue(void)
{
	return READ_ONCE(no_queue);
}

/* Constant once the module is loaded. */
bool mytun_param_replace_tun(void)
{
	return replace_tun;
}

void mytun_param_refuse_replace_tun(void)
{
	replace_tun = false;
}
