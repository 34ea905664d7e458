/* SPDX-License-Identifier: GPL-2.0 */
/* Other users: a child process that becomes one and does something. */
#ifndef SELFTESTS_WHO_H
#define SELFTESTS_WHO_H

#include <stdint.h>
#include <sys/types.h>

/* Who a child process becomes. */
struct who {
	uid_t uid;
	gid_t gid;
	gid_t supplementary;	/* 0: none */
	uint32_t capabilities;	/* 1 << CAP_*, of the first 32 */
};

/* Become that, for good. 0 or -errno. */
int who_become(const struct who *who);

/*
 * Run act(arg) as somebody else, in a child; what it returned, or -ECHILD if
 * the child could not become that.
 */
int who_does(const struct who *who, int (*act)(void *arg), void *arg);

/*
 * In a new user namespace: who it is @outside becomes its root, and nobody else
 * exists. 0 or -errno.
 */
int who_maps_to_root(const struct who *outside);

#endif
