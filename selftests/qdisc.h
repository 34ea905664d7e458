/* SPDX-License-Identifier: GPL-2.0 */
/* The root qdisc of a link, by rtnetlink: 0, or -errno. */
#ifndef SELFTESTS_QDISC_H
#define SELFTESTS_QDISC_H

#include <stdint.h>

struct qdisc_stats {
	uint64_t packets;	/* sent to the device */
	uint32_t drops;		/* lost in the qdisc */
	uint32_t backlog;	/* packets that wait in it */
	uint32_t requeues;	/* the device would not take them then */
	unsigned int children;	/* qdiscs below the root */
	char kind[16];		/* of the root; "": there is none */
};

/*
 * Put a qdisc of that kind in the place of the root one: "pfifo" (with room
 * for limit packets), "fq_codel", "fq", "mq", "noqueue". limit is in packets, 0: the
 * kind's own. -ENOENT: the kernel does not have it.
 */
int qdisc_replace(int ifindex, const char *kind, uint32_t limit);

/*
 * Of the root qdisc, whose numbers are, if it is mq, the sum of those below it.
 * Qdiscs of queues that are not in use are not told of.
 */
int qdisc_get_stats(int ifindex, struct qdisc_stats *stats);

#endif
