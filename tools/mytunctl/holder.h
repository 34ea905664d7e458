/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes have which queue open. The driver cannot know who has a copy
 * of a file; /proc tells, of those processes that the caller may look at.
 */
#ifndef HOLDER_H
#define HOLDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct holder {
	unsigned long long queue;		/* MYTUN_A_QUEUE_ID */
	pid_t pid;
	char command[16];
};

struct holders {
	struct holder *at;
	size_t n;
};

/* What cannot be read is passed over. */
void holders_load(struct holders *h);
void holders_free(struct holders *h);

/* Those of one queue: "812/openvpn", several with commas, or "-". */
const char *holders_text(const struct holders *h, unsigned long long queue,
			 char *buffer, size_t size);

/* An array of objects, key "processes". */
void holders_json(const struct holders *h, unsigned long long queue);

#endif
