/* SPDX-License-Identifier: GPL-2.0 */
/* Module parameters, as they apply to devices made from now on. */
#ifndef _MYTUN_PARAM_H
#define _MYTUN_PARAM_H

#include <linux/types.h>

unsigned int mytun_param_flows(void);
unsigned int mytun_param_ageing(void);	/* milliseconds */
bool mytun_param_attach_any(void);
unsigned long mytun_param_rings_max_pages(void);
bool mytun_param_no_queue(void);
bool mytun_param_replace_tun(void);
void mytun_param_refuse_replace_tun(void);

#endif /* _MYTUN_PARAM_H */
