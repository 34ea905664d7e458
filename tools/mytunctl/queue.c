// SPDX-License-Identifier: GPL-2.0
/* Queues, as the driver's family tells of them. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mytun.h>

#include "mytunctl.h"
#include "queue.h"

struct queue_dump {
	struct dump dump;
	struct queues *queues;
};

static void begin(struct dump *d)
{
	((struct queue_dump *)d)->queues->n = 0;
}

static void message(struct dump *d, int ifindex)
{
	struct queues *all = ((struct queue_dump *)d)->queues;
	struct queue *q;

	all->at = more(all->at, (all->n + 1) * sizeof(*all->at));
	q = &all->at[all->n++];
	memset(q, 0, sizeof(*q));
	q->ifindex = ifindex;
	q->index = -1;
	q->drive = -1;
}

static void read_way(struct way *w, const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case MYTUN_A_WAY_MODE:
			w->mode = attr_u32(a);
			break;
		case MYTUN_A_WAY_PACKETS:
			w->packets = attr_u64(a);
			break;
		case MYTUN_A_WAY_BYTES:
			w->bytes = attr_u64(a);
			break;
		case MYTUN_A_WAY_BATCHES:
			w->batches = attr_u64(a);
			break;
		case MYTUN_A_WAY_SIZE:
			w->size = attr_u32(a);
			break;
		case MYTUN_A_WAY_USED:
			w->used = attr_u32(a);
			break;
		case MYTUN_A_WAY_RECORD_MAX:
			w->record_max = attr_u32(a);
			break;
		case MYTUN_A_WAY_HEAD_ROOM:
			w->head_room = attr_u32(a);
			break;
		case MYTUN_A_WAY_TAIL_ROOM:
			w->tail_room = attr_u32(a);
			break;
		case MYTUN_A_WAY_FLAGS:
			w->flags = attr_u32(a);
			break;
		case MYTUN_A_WAY_WAKEUPS:
			w->wakeups = attr_u64(a);
			break;
		case MYTUN_A_WAY_WAKE_PACKETS:
			w->wake_packets = attr_u32(a);
			break;
		case MYTUN_A_WAY_WAKE_USECS:
			w->wake_usecs = attr_u32(a);
			break;
		case MYTUN_A_WAY_FULL:
			w->full = attr_u64(a);
			break;
		case MYTUN_A_WAY_STOPS:
			w->stops = attr_u64(a);
			break;
		case MYTUN_A_WAY_REFUSED:
			w->refused = attr_u64(a);
			break;
		}
	}
}

static void attribute(struct dump *d, const struct nlattr *a)
{
	struct queues *all = ((struct queue_dump *)d)->queues;
	struct queue *q = &all->at[all->n - 1];

	switch (mnl_attr_get_type(a)) {
	case MYTUN_A_QUEUE_ID:
		q->id = attr_u64(a);
		break;
	case MYTUN_A_QUEUE_INDEX:
		q->index = attr_u32(a);
		break;
	case MYTUN_A_QUEUE_STATE:
		q->state = attr_u32(a);
		break;
	case MYTUN_A_QUEUE_FROM_USER:
		read_way(&q->from_user, a);
		break;
	case MYTUN_A_QUEUE_TO_USER:
		read_way(&q->to_user, a);
		break;
	case MYTUN_A_QUEUE_DROPS:
		drops_read(&q->drops, a);
		break;
	case MYTUN_A_QUEUE_DRIVE:
		q->drive = attr_u32(a);
		break;
	case MYTUN_A_QUEUE_POLL_US:
		q->poll_us = attr_u32(a);
		break;
	case MYTUN_A_QUEUE_THREAD:
		q->thread = attr_u32(a);
		break;
	case MYTUN_A_QUEUE_BAD_POSITION:
		q->bad_position = attr_u64(a);
		break;
	case MYTUN_A_QUEUE_BAD_SIZE:
		q->bad_size = attr_u64(a);
		break;
	case MYTUN_A_QUEUE_BAD_RECORD:
		q->bad_record = attr_u64(a);
		break;
	}
}

static void message_end(struct dump *d)
{
	(void)d;
}

int queues_load(struct queues *q, int ifindex)
{
	struct queue_dump qd = {
		.dump = {
			.cmd = MYTUN_CMD_GET_QUEUE,
			.ifindex = ifindex,
			.begin = begin,
			.message = message,
			.attribute = attribute,
			.message_end = message_end,
		},
		.queues = q,
	};

	memset(q, 0, sizeof(*q));
	return netlink_dump(&qd.dump);
}

const struct queue *queues_find_id(const struct queues *q, unsigned long long id)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		if (q->at[i].id == id)
			return &q->at[i];
	return NULL;
}

const struct queue *queues_find_index(const struct queues *q, int ifindex,
				      int index)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		if (q->at[i].ifindex == ifindex && q->at[i].index == index)
			return &q->at[i];
	return NULL;
}

void queues_free(struct queues *q)
{
	free(q->at);
	memset(q, 0, sizeof(*q));
}

const char *way_mode(const struct way *w)
{
	static const char *const modes[] = {
		[MYTUN_WAY_PLAIN] = "plain",
		[MYTUN_WAY_BATCH] = "batch",
		[MYTUN_WAY_RING] = "ring",
	};

	return w->mode < ARRAY_SIZE(modes) ? modes[w->mode] :
							    "unknown";
}

const char *queue_drive(const struct queue *q)
{
	static const char *const drives[] = {
		[MYTUN_DRIVE_CALLER] = "caller",
		[MYTUN_DRIVE_NAPI] = "napi",
		[MYTUN_DRIVE_LENT] = "lent",
		[MYTUN_DRIVE_THREAD] = "thread",
	};

	if (q->drive < 0)
		return "-";
	return q->drive < (int)(ARRAY_SIZE(drives)) ?
		drives[q->drive] : "unknown";
}

const char *queue_name(const struct queue *q, char buffer[16])
{
	if (q->index < 0)
		return "aside";
	snprintf(buffer, 16, "%d", q->index);
	return buffer;
}

double way_fill(const struct way *w)
{
	return w->size ? 100.0 * w->used / w->size : 0;
}

const char *queue_state(const struct queue *q, unsigned int index)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} states[] = {
		{ MYTUN_STATE_DETACHED, "detached" },
		{ MYTUN_STATE_STOPPED, "stopped" },
		{ MYTUN_STATE_WAITED_FOR, "waited_for" },
		{ MYTUN_STATE_NEED_WAKEUP, "need_wakeup" },
		{ MYTUN_STATE_NAPI, "napi" },
		{ MYTUN_STATE_FILTERED, "filtered" },
		{ MYTUN_STATE_GRO, "gro" },
		{ MYTUN_STATE_LENT, "lent" },
		{ MYTUN_STATE_SEEN, "seen" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (q->state & states[i].bit && !index--)
			return states[i].name;
	return NULL;
}
