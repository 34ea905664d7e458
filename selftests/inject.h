/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations of the driver that fail when they are told to, by the kernel's
 * fault injection (Documentation/fault-injection in its source), and which of
 * them did. Only what the driver asks for fails, not what the stack asks for
 * when it takes a packet.
 *
 * A site is a call in the driver, known by its function and the offset in it of
 * the return address. The list of sites is that of the module's own file, so
 * that an allocation that no test knows of is one that has not failed.
 */
#ifndef SELFTESTS_INJECT_H
#define SELFTESTS_INJECT_H

#include <stdbool.h>
#include <stddef.h>

#define INJECT_SITES	256

struct inject_site {
	char function[64];
	unsigned long offset;
	char callee[48];
	bool known;		/* from the module's file: it has to fail */
	unsigned long failed;
};

struct inject {
	int nth;		/* /proc/thread-self/fail-nth */
	unsigned long sections;	/* of code, first and last address */
	unsigned long sections_end;
	const struct inject_site *last;	/* that inject_collect() found */
	unsigned int nsites;
	struct inject_site sites[INJECT_SITES];
};

/*
 * After netns_private(). NULL, or why faults cannot be injected here. Called
 * once in a process; the module must not be loaded anew.
 */
const char *inject_begin(struct inject *inject);
void inject_end(struct inject *inject);

/*
 * The n-th allocation that the calling thread makes in the driver from now on
 * fails, until inject_disarm(): whether it came to that.
 */
int inject_arm(struct inject *inject, unsigned int n);
bool inject_disarm(struct inject *inject);

/* The next per-CPU allocation fails; the same for it. 0 or -errno. */
int inject_percpu_arm(void);
bool inject_percpu_disarm(struct inject *inject);

/*
 * Whoever allocates for the driver, softirqs and kernel threads included: so
 * many of a hundred allocations fail; 0: none.
 */
int inject_rate(unsigned int percent);

/* Count what failed since the last call: how many, or -errno. */
int inject_collect(struct inject *inject);

/*
 * Pages that were allocated in the driver and are not free: how many, by the
 * kernel's page_owner, with where they came from printed if @tell; or -errno.
 */
long inject_pages(bool tell);

/*
 * Objects that nobody points to any more and that were allocated by way of the
 * driver: how many, by kmemleak, with what it says of them printed; or -errno.
 */
int inject_leaks(void);

#endif
