// SPDX-License-Identifier: GPL-2.0
/* mytunctl queues: one line a queue. */
#include <stdio.h>
#include <string.h>

#include <linux/mytun.h>

#include "device.h"
#include "holder.h"
#include "json.h"
#include "mytunctl.h"
#include "queue.h"
#include "table.h"

static void json_way(const char *key, const struct way *w, bool to_user)
{
	json_object(key);
	json_string("mode", way_mode(w));
	json_number("packets", w->packets);
	json_number("bytes", w->bytes);
	json_number("size", w->size);
	json_number("used", w->used);
	json_string("unit", w->mode == MYTUN_WAY_RING || !to_user ? "bytes" :
								   "packets");
	if (to_user)
		json_number("wakeups", w->wakeups);
	if (w->mode != MYTUN_WAY_PLAIN)
		json_number("batches", w->batches);
	json_object_end();
}

static void json_queue(const struct device *d, const struct queue *q,
		       const struct holders *h)
{
	const char *state;
	unsigned int s;

	json_object(NULL);
	json_string("device", d->name);
	if (q->index < 0)
		json_null("queue");
	else
		json_number("queue", q->index);
	json_number("id", q->id);
	json_array("state");
	for (s = 0; (state = queue_state(q, s)); s++)
		json_string(NULL, state);
	json_array_end();
	json_way("from_user", &q->from_user, false);
	json_way("to_user", &q->to_user, true);
	if (q->drive < 0)
		json_null("drive");
	else
		json_string("drive", queue_drive(q));
	drops_json("drops", &q->drops);
	holders_json(h, q->id);
	json_object_end();
}

static void row(struct table *t, const struct device *d, const struct queue *q,
		const struct holders *h)
{
	char name[16], who[128], states[128] = "", a[16];
	const char *state;
	unsigned int s;

	table_cell(t, "%s", d->name);
	table_cell(t, "%s", queue_name(q, name));
	table_cell(t, "%s", way_mode(&q->to_user));
	table_cell(t, "%s", short_number(q->to_user.packets, a));
	table_cell(t, "%.0f%%", way_fill(&q->to_user));
	table_cell(t, "%s", way_mode(&q->from_user));
	table_cell(t, "%s", short_number(q->from_user.packets, a));
	table_cell(t, "%.0f%%", way_fill(&q->from_user));
	table_cell(t, "%s", short_number(drops_sum(&q->drops), a));
	table_cell(t, "%s", holders_text(h, q->id, who, sizeof(who)));
	for (s = 0; (state = queue_state(q, s)); s++) {
		strcat(states, s ? " " : "");
		strcat(states, state);
	}
	table_cell(t, "%s", s ? states : "-");
}

static void print(const struct devices *all, const struct queues *queues,
		  const struct holders *h)
{
	static const char *const heads[] = {
		"DEVICE", ">QUEUE", "TO USER", ">PACKETS", ">FULL",
		"FROM USER", ">PACKETS", ">FULL", ">DROPS", "PROCESS", "STATE",
	};
	const struct device *d;
	struct table t;
	size_t i;

	table_begin(&t, heads, ARRAY_SIZE(heads));
	if (option_json)
		json_array(NULL);
	for (i = 0; i < queues->n; i++) {
		d = devices_find(all, queues->at[i].ifindex);
		if (!d)
			continue;
		if (option_json)
			json_queue(d, &queues->at[i], h);
		else
			row(&t, d, &queues->at[i], h);
	}
	if (option_json) {
		json_array_end();
		json_end();
	} else {
		table_print(&t, stdout, "\n", queues->n);
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { OPTION_JSON, OPTION_HELP, { } };
	struct devices all;
	struct queues queues = { };
	struct holders holders;
	int status, err;

	while (next_option(&command_queues, argc, argv, "jh", options) != -1)
		;
	status = devices_load(&all, argc - optind, argv + optind);
	if (!status) {
		err = queues_load(&queues, all.n == 1 ? all.at[0].ifindex : 0);
		if (err)
			status = netlink_failed(err, "queues");
	}
	if (!status) {
		holders_load(&holders);
		print(&all, &queues, &holders);
		holders_free(&holders);
	}
	queues_free(&queues);
	devices_free(&all);
	return status;
}

const struct command command_queues = {
	.name = "queues",
	.summary = "the queues: how they are used, how full they are, by whom",
	.help =
"Usage: mytunctl queues [-j] [NAME]...\n"
"Lists the queues of the devices that are named, or of all. A queue is a file that\n"
"a program has open. Needs CAP_NET_ADMIN in the network namespace.\n"
"\n"
"  QUEUE      its index, or \"aside\": set aside by TUNSETQUEUE\n"
"  TO USER    how the program takes packets: plain (one a read), batch, ring\n"
"  FROM USER  how it gives them\n"
"  FULL       of the ring, of the packets that may wait for read(), of the send\n"
"             buffer: how much is in use\n"
"  PROCESS    who has it open, of those processes that the caller may look at\n"
"  STATE      stopped: full, and the qdisc keeps what comes (IFF_BACKPRESSURE);\n"
"             waited_for: somebody sleeps in read, poll or wait, or has it in an\n"
"             epoll set; need_wakeup: the TX ring wants a kick; lent: a thread is\n"
"             in MYTUN_IOC_LEND; gro, seen, napi, filtered: as was asked for\n"
"\n"
"  -j, --json  print an array of objects\n",
	.run = run,
};
