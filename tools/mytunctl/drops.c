// SPDX-License-Identifier: GPL-2.0
/* mytunctl drops: what was lost, and why. */
#include <stdio.h>

#include "device.h"
#include "json.h"
#include "mytunctl.h"
#include "queue.h"
#include "table.h"

static void rows(struct table *t, const char *device, const char *queue,
		 const struct drops *d, bool all)
{
	unsigned int i;

	for (i = 0; i < d->n; i++) {
		if (!d->count[i] && !all)
			continue;
		table_cell(t, "%s", device);
		table_cell(t, "%s", queue);
		table_cell(t, "%s", reason_name(i));
		table_cell(t, "%llu", d->count[i]);
		table_cell(t, "%s", reason_text(i));
	}
}

static void json_queues(const struct device *d, const struct queues *queues)
{
	size_t i;

	json_array("queues");
	for (i = 0; i < queues->n; i++) {
		const struct queue *q = &queues->at[i];

		if (q->ifindex != d->ifindex)
			continue;
		json_object(NULL);
		if (q->index < 0)
			json_null("queue");
		else
			json_number("queue", q->index);
		json_number("id", q->id);
		drops_json("drops", &q->drops);
		json_object_end();
	}
	json_array_end();
}

static void print_json(const struct devices *devices,
		       const struct queues *queues)
{
	size_t i;

	json_array(NULL);
	for (i = 0; i < devices->n; i++) {
		json_object(NULL);
		json_string("device", devices->at[i].name);
		drops_json("drops", &devices->at[i].drops);
		if (queues)
			json_queues(&devices->at[i], queues);
		json_object_end();
	}
	json_array_end();
	json_end();
}

static void print_table(const struct devices *devices,
			const struct queues *queues, bool all)
{
	static const char *const heads[] = {
		"DEVICE", ">QUEUE", "REASON", ">PACKETS", "MEANING",
	};
	const struct queue *q;
	struct table t;
	char name[16];
	size_t i, j;

	table_begin(&t, heads, ARRAY_SIZE(heads));
	for (i = 0; i < devices->n; i++) {
		const struct device *d = &devices->at[i];

		rows(&t, d->name, "all", &d->drops, all);
		for (j = 0; queues && j < queues->n; j++) {
			q = &queues->at[j];
			if (q->ifindex == d->ifindex)
				rows(&t, d->name, queue_name(q, name),
				     &q->drops, all);
		}
	}
	table_print(&t, stdout, "\n", t.used);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "all", no_argument, NULL, 'a' },
		{ "queues", no_argument, NULL, 'q' },
		{ }
	};
	bool all = false, by_queue = false;
	struct queues queues = { };
	struct devices devices;
	int o, status, err;

	while ((o = next_option(&command_drops, argc, argv, "jhaq",
				options)) != -1) {
		if (o == 'a')
			all = true;
		else
			by_queue = true;
	}
	status = devices_load(&devices, argc - optind, argv + optind);
	if (!status && by_queue) {
		err = queues_load(&queues, devices.n == 1 ?
				  devices.at[0].ifindex : 0);
		if (err)
			status = netlink_failed(err, "queues");
	}
	if (!status && option_json)
		print_json(&devices, by_queue ? &queues : NULL);
	else if (!status)
		print_table(&devices, by_queue ? &queues : NULL, all);
	queues_free(&queues);
	devices_free(&devices);
	return status;
}

const struct command command_drops = {
	.name = "drops",
	.summary = "packets that were lost, by reason",
	.help =
"Usage: mytunctl drops [-aqj] [NAME]...\n"
"Lists why packets of the devices that are named, or of all, were lost, with the\n"
"names that `ethtool -S` has for the counters. Reasons that begin with tx_ are of\n"
"packets from the stack to programs, those with rx_ of packets from programs.\n"
"A device's numbers include those of queues that are closed by now.\n"
"\n"
"  -a, --all     reasons that did not occur, too (JSON always has all)\n"
"  -q, --queues  by queue as well; needs CAP_NET_ADMIN in the network namespace\n"
"  -j, --json    print an array of objects\n",
	.run = run,
};
