// SPDX-License-Identifier: GPL-2.0
/* 4.19, 6883f81aac6f. Delete when 4.18 goes. */
#include <linux/pid.h>

enum pid_type probe = PIDTYPE_TGID;
