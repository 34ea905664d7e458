// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "lender.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mytun.h>

static void on_signal(int signal)
{
	(void)signal;
}

static void *lend(void *arg)
{
	struct lender *lender = arg;

	__atomic_store_n(&lender->tid, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	lender->ret = device_ioctl(lender->fd, MYTUN_IOC_LEND, 0);
	__atomic_store_n(&lender->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

int lender_start(struct lender *lender, int fd)
{
	struct sigaction action = { .sa_handler = on_signal };
	int err;

	if (sigaction(SIGUSR1, &action, NULL))
		return -errno;
	memset(lender, 0, sizeof(*lender));
	lender->fd = fd;
	err = pthread_create(&lender->thread, NULL, lend, lender);
	lender->started = !err;
	return -err;
}

bool lender_ended(void *arg)
{
	const struct lender *lender = arg;

	return __atomic_load_n(&lender->ended, __ATOMIC_ACQUIRE);
}

pid_t lender_tid(struct lender *lender)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&lender->tid, __ATOMIC_ACQUIRE)))
		sleep_ms(1);
	return tid;
}

int lender_asleep(struct lender *lender)
{
	return wait_asleep(lender_tid(lender), DEADLINE_MS);
}

int lender_join(struct lender *lender)
{
	pthread_join(lender->thread, NULL);
	lender->started = false;
	return lender->ret;
}

int lender_stop(struct lender *lender)
{
	if (!lender->started)
		return -EINTR;
	/* It may not have begun: a signal might come too early. */
	while (!lender_ended(lender)) {
		pthread_kill(lender->thread, SIGUSR1);
		sleep_ms(1);
	}
	return lender_join(lender);
}
