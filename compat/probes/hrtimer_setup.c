// SPDX-License-Identifier: GPL-2.0
/* 6.13, 908a1d775422. Delete when 6.12 goes. */
#include <linux/hrtimer.h>

void (*probe)(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *),
	      clockid_t clock_id, enum hrtimer_mode mode) = hrtimer_setup;
