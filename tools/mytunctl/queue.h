/* SPDX-License-Identifier: GPL-2.0 */
/* Queues of mytun's devices in this network namespace. */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "reason.h"

struct way {
	uint32_t mode;			/* MYTUN_WAY_* */
	unsigned long long packets, bytes, batches, wakeups;
	uint32_t size, used;
	uint32_t record_max, head_room, tail_room, flags;
	uint32_t wake_packets, wake_usecs;
	unsigned long long full, stops, refused;
};

struct queue {
	int ifindex;
	unsigned long long id;
	int index;			/* -1: set aside */
	uint32_t state;			/* MYTUN_STATE_* */
	struct way from_user, to_user;
	struct drops drops;
	int drive;			/* MYTUN_DRIVE_*, -1: no TX ring */
	uint32_t poll_us;
	uint32_t thread;		/* pid, 0: none */
	unsigned long long bad_position, bad_size, bad_record;
};

struct queues {
	struct queue *at;
	size_t n;
};

/*
 * Those of the device with that index, or of all (0). Return: 0, or -errno as
 * netlink_dump().
 */
int queues_load(struct queues *q, int ifindex);

const struct queue *queues_find_id(const struct queues *q, unsigned long long id);
const struct queue *queues_find_index(const struct queues *q, int ifindex,
				      int index);
void queues_free(struct queues *q);

const char *way_mode(const struct way *w);
const char *queue_drive(const struct queue *q);

/* The index, or "set aside". */
const char *queue_name(const struct queue *q, char buffer[16]);

/* How full it is, in percent. */
double way_fill(const struct way *w);

/* The words of its state, as device_flag(). */
const char *queue_state(const struct queue *q, unsigned int index);

#endif
