// SPDX-License-Identifier: GPL-2.0
/* mytunctl rings: rings in shared memory. */
#include <stdio.h>

#include <linux/mytun.h>

#include "device.h"
#include "holder.h"
#include "json.h"
#include "mytunctl.h"
#include "queue.h"

static bool has_ring(const struct queue *q)
{
	return q->to_user.mode == MYTUN_WAY_RING ||
	       q->from_user.mode == MYTUN_WAY_RING;
}

static bool flag(const struct queue *q, uint32_t bit)
{
	return q->state & bit;
}

static void json_rx(const struct queue *q)
{
	const struct way *w = &q->to_user;

	if (w->mode != MYTUN_WAY_RING) {
		json_null("rx");
		return;
	}
	json_object("rx");
	json_number("size", w->size);
	json_number("used", w->used);
	json_number("record_max", w->record_max);
	json_number("head_room", w->head_room);
	json_number("tail_room", w->tail_room);
	json_bool("hash", w->flags & MYTUN_Q_HASH);
	json_bool("seen", flag(q, MYTUN_STATE_SEEN));
	json_bool("stopped", flag(q, MYTUN_STATE_STOPPED));
	json_number("packets", w->packets);
	json_number("batches", w->batches);
	json_number("wakeups", w->wakeups);
	json_number("wake_packets", w->wake_packets);
	json_number("wake_usecs", w->wake_usecs);
	json_number("full", w->full);
	json_number("stops", w->stops);
	json_object_end();
}

static void json_tx(const struct queue *q)
{
	const struct way *w = &q->from_user;

	if (w->mode != MYTUN_WAY_RING) {
		json_null("tx");
		return;
	}
	json_object("tx");
	json_number("size", w->size);
	json_number("used", w->used);
	json_bool("meta", w->flags & MYTUN_Q_META);
	json_string("drive", queue_drive(q));
	json_bool("gro", flag(q, MYTUN_STATE_GRO));
	json_number("poll_us", q->poll_us);
	if (q->thread)
		json_number("thread", q->thread);
	else
		json_null("thread");
	json_bool("lent", flag(q, MYTUN_STATE_LENT));
	json_bool("need_wakeup", flag(q, MYTUN_STATE_NEED_WAKEUP));
	json_number("packets", w->packets);
	json_number("batches", w->batches);
	json_number("kicks", w->wakeups);
	json_number("refused", w->refused);
	json_number("bad_size", q->bad_size);
	json_number("bad_record", q->bad_record);
	json_object_end();
}

static void json_rings(const struct device *d, const struct queue *q,
		       const struct holders *h)
{
	json_object(NULL);
	json_string("device", d->name);
	if (q->index < 0)
		json_null("queue");
	else
		json_number("queue", q->index);
	json_number("id", q->id);
	json_rx(q);
	json_tx(q);
	json_number("bad_position", q->bad_position);
	holders_json(h, q->id);
	json_object_end();
}

static double per(unsigned long long packets, unsigned long long batches)
{
	return batches ? (double)packets / batches : 0;
}

static void print_rx(const struct queue *q)
{
	const struct way *w = &q->to_user;

	if (w->mode != MYTUN_WAY_RING) {
		puts("  RX  none");
		return;
	}
	printf("  RX  %u bytes, %u in use (%.0f%%)%s%s%s\n",
	       w->size, w->used, way_fill(w),
	       flag(q, MYTUN_STATE_STOPPED) ? ", stopped" : "",
	       w->flags & MYTUN_Q_HASH ? ", hash" : "",
	       flag(q, MYTUN_STATE_SEEN) ? ", seen" : "");
	printf("      records of %u bytes at most, head room %u, tail room %u\n",
	       w->record_max, w->head_room, w->tail_room);
	printf("      %llu packets, %.1f a batch, %llu wake-ups", w->packets,
	       per(w->packets, w->batches), w->wakeups);
	if (w->wake_usecs)
		printf(" (after %u us or %u packets)",
		       w->wake_usecs, w->wake_packets);
	printf(", %llu times full, %llu times stopped\n",
	       w->full, w->stops);
}

static void print_tx(const struct queue *q)
{
	const struct way *w = &q->from_user;

	if (w->mode != MYTUN_WAY_RING) {
		puts("  TX  none");
		return;
	}
	printf("  TX  %u bytes, %u in use (%.0f%%)%s%s\n",
	       w->size, w->used, way_fill(w),
	       flag(q, MYTUN_STATE_NEED_WAKEUP) ? ", needs a kick" : "",
	       w->flags & MYTUN_Q_META ? ", meta" : "");
	printf("      drive %s", queue_drive(q));
	if (q->thread)
		printf(" (pid %u)", q->thread);
	if (q->drive == MYTUN_DRIVE_LENT)
		printf(flag(q, MYTUN_STATE_LENT) ? " (a thread is there)" :
						   " (no thread is there)");
	if (flag(q, MYTUN_STATE_GRO))
		printf(" with GRO");
	if (q->poll_us)
		printf(", looks for %u us before it sleeps",
		       q->poll_us);
	printf("\n      %llu packets, %.1f a batch, %llu kicks, %llu refused",
	       w->packets, per(w->packets, w->batches), w->wakeups,
	       w->refused);
	printf(" (bad size %llu, bad record %llu)\n",
	       q->bad_size, q->bad_record);
}

static void print_rings(const struct device *d, const struct queue *q,
			const struct holders *h)
{
	char device[IFNAMSIZ], name[16], who[128];

	printf("%s queue %s: %s\n", device_shown(d, device),
	       queue_name(q, name), holders_text(h, q->id, who, sizeof(who)));
	print_rx(q);
	print_tx(q);
	if (q->bad_position)
		printf("  the process stored %llu positions that make no sense\n",
		       q->bad_position);
}

static void print(const struct devices *all, const struct queues *queues,
		  const struct holders *h)
{
	const struct device *d;
	size_t i;

	if (option_json)
		json_array(NULL);
	for (i = 0; i < queues->n; i++) {
		d = devices_find(all, queues->at[i].ifindex);
		if (!d || !has_ring(&queues->at[i]))
			continue;
		if (option_json)
			json_rings(d, &queues->at[i], h);
		else
			print_rings(d, &queues->at[i], h);
	}
	if (option_json) {
		json_array_end();
		json_end();
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { OPTION_JSON, OPTION_HELP, { } };
	struct devices all;
	struct queues queues = { };
	struct holders holders;
	int status, err;

	while (next_option(&command_rings, argc, argv, "jh", options) != -1)
		;
	status = devices_load(&all, argc - optind, argv + optind);
	if (!status) {
		err = queues_load(&queues, all.n == 1 ? all.at[0].ifindex : 0);
		if (err)
			status = netlink_failed(err, "rings");
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

const struct command command_rings = {
	.name = "rings",
	.summary = "rings in shared memory, and what drives them",
	.help =
"Usage: mytunctl rings [-j] [NAME]...\n"
"Shows the rings of those queues that have some: sizes, how much is in use, head\n"
"and tail room, packets and how many come at a time, wake-ups and kicks, and who\n"
"takes packets out of TX (the drive). Needs CAP_NET_ADMIN in the network\n"
"namespace.\n"
"\n"
"RX is the ring from which the program takes packets, TX the one into which it\n"
"puts them. An RX ring that is full again and again has a program that is too\n"
"slow; \"bad\" counters other than 0 tell of a program that breaks the contract.\n"
"\n"
"  -j, --json  print an array of objects\n",
	.run = run,
};
