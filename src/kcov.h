/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer goes by what its calls reach. What softirqs and threads do for them
 * is told to the one who opened the file, if its kernel collects that
 * (Documentation/dev-tools/kcov.rst); else all this is nothing.
 */
#ifndef _MYTUN_KCOV_H
#define _MYTUN_KCOV_H

#include <linux/kcov.h>
#include <linux/preempt.h>

/* An option of kernels with KCOV that collects in softirqs, too. */
#ifdef CONFIG_KCOV_IRQ_AREA_SIZE

struct mytun_kcov {
	/* A number, or in newer kernels a structure around it. */
	typeof(kcov_common_handle()) handle;
};

/* Context: the process that is told. */
static inline void mytun_kcov_init(struct mytun_kcov *kcov)
{
	kcov->handle = kcov_common_handle();
}

/* Context: a kernel thread, or a softirq; mytun_kcov_stop() in the same. */
static inline void mytun_kcov_start(const struct mytun_kcov *kcov)
{
	kcov_remote_start_common(kcov->handle);
}

static inline void mytun_kcov_stop(void)
{
	kcov_remote_stop();
}

/*
 * NAPI, which is no softirq where a process polls it, with its own calls being
 * told, or a thread of the core.
 */
static inline void mytun_kcov_poll_start(const struct mytun_kcov *kcov)
{
	if (in_serving_softirq())
		mytun_kcov_start(kcov);
}

static inline void mytun_kcov_poll_stop(void)
{
	if (in_serving_softirq())
		mytun_kcov_stop();
}

#else

struct mytun_kcov {
};

static inline void mytun_kcov_init(struct mytun_kcov *kcov)
{
}

static inline void mytun_kcov_start(const struct mytun_kcov *kcov)
{
}

static inline void mytun_kcov_stop(void)
{
}

static inline void mytun_kcov_poll_start(const struct mytun_kcov *kcov)
{
}

static inline void mytun_kcov_poll_stop(void)
{
}

#endif

#endif /* _MYTUN_KCOV_H */
