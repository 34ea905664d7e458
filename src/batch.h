/* SPDX-License-Identifier: GPL-2.0 */
/* What MYTUN_IOC_BATCH has set, as a whole. */
#ifndef _MYTUN_BATCH_H
#define _MYTUN_BATCH_H

#include <linux/rcupdate.h>

#include "record.h"

struct mytun_store;

struct mytun_batch_mode {
	struct mytun_record_rules rules;
	bool reads;
	bool writes;
	struct mytun_store *store;	/* the queue's, while @reads; or NULL */
	struct rcu_head rcu;
};

#endif /* _MYTUN_BATCH_H */
