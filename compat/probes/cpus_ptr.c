// SPDX-License-Identifier: GPL-2.0
/* 5.3, 3bd3706251ee; also in RHEL 8. Delete when 4.19 goes. */
#include <linux/sched.h>

const struct cpumask *probe(struct task_struct *task);
const struct cpumask *probe(struct task_struct *task)
{
	return task->cpus_ptr;
}
