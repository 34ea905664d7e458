// SPDX-License-Identifier: GPL-2.0
#include "processor.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

/* What a sleep is late by, commonly. */
#define BUSY_NS		60000

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t processor_clock(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t processor_time(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int processor_pin(unsigned int number)
{
	int error = EINVAL;
	cpu_set_t set;

	if (number < CPU_SETSIZE) {
		CPU_ZERO(&set);
		CPU_SET(number, &set);
		if (!sched_setaffinity(0, sizeof(set), &set))
			return 0;
		error = errno;
	}
	warnx("processor %u: %s", number, error == EINVAL ?
	      "there is none, or not for this process" : strerror(error));
	return -error;
}

void processor_until(uint64_t moment)
{
	uint64_t now = processor_clock(), end;
	struct timespec until;

	if (moment > now + BUSY_NS) {
		end = moment - BUSY_NS;
		until.tv_sec = (time_t)(end / NS_PER_SECOND);
		until.tv_nsec = (long)(end % NS_PER_SECOND);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	while (processor_clock() < moment)
		;
}
