// SPDX-License-Identifier: GPL-2.0
/* mytunctl list: one line a device. */
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "json.h"
#include "mytunctl.h"
#include "table.h"

static void print_json(const struct devices *all)
{
	const char *flag;
	unsigned int f;
	size_t i;

	json_array(NULL);
	for (i = 0; i < all->n; i++) {
		const struct device *d = &all->at[i];

		json_object(NULL);
		json_string("name", d->name);
		json_number("ifindex", d->ifindex);
		json_string("type", device_type(d));
		json_id("owner", d->owner);
		json_id("group", d->group);
		json_number("queues", d->queues);
		json_number("detached", d->detached);
		if (d->flows.there) {
			json_object("flows");
			json_number("size", d->flows.size);
			json_number("entries", d->flows.entries);
			json_object_end();
		} else {
			json_null("flows");
		}
		json_array("flags");
		for (f = 0; (flag = device_flag(d, f)); f++)
			json_string(NULL, flag);
		json_array_end();
		json_object_end();
	}
	json_array_end();
	json_end();
}

static void print_table(const struct devices *all)
{
	static const char *const heads[] = {
		"NAME", ">INDEX", "TYPE", ">QUEUES", ">ASIDE", "FLOWS",
		"OWNER", "GROUP", "FLAGS",
	};
	char user[64], group[64], flags[160];
	const char *flag;
	struct table t;
	unsigned int f;
	size_t i;

	table_begin(&t, heads, ARRAY_SIZE(heads));
	for (i = 0; i < all->n; i++) {
		const struct device *d = &all->at[i];

		table_cell(&t, "%s", d->name);
		table_cell(&t, "%d", d->ifindex);
		table_cell(&t, "%s", device_type(d));
		table_cell(&t, "%u", d->queues);
		table_cell(&t, "%u", d->detached);
		if (d->flows.there)
			table_cell(&t, "%u/%u",
				   d->flows.entries, d->flows.size);
		else
			table_cell(&t, "-");
		table_cell(&t, "%s", device_user(d->owner, user));
		table_cell(&t, "%s", device_group(d->group, group));
		*flags = '\0';
		for (f = 0; (flag = device_flag(d, f)); f++) {
			strcat(flags, f ? " " : "");
			strcat(flags, flag);
		}
		table_cell(&t, "%s", f ? flags : "-");
	}
	table_print(&t, stdout, "\n", all->n);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { OPTION_JSON, OPTION_HELP, { } };
	struct devices all;
	int status;

	while (next_option(&command_list, argc, argv, "jh", options) != -1)
		;
	status = devices_load(&all, argc - optind, argv + optind);
	if (!status && option_json)
		print_json(&all);
	else if (!status)
		print_table(&all);
	devices_free(&all);
	return status;
}

const struct command command_list = {
	.name = "list",
	.summary = "the devices, one line each",
	.help =
"Usage: mytunctl list [-j] [NAME]...\n"
"Lists the devices of mytun in this network namespace, or those that are named.\n"
"Needs no privilege.\n"
"\n"
"  QUEUES  how many are attached, that is, open and in use\n"
"  ASIDE   how many are set aside (TUNSETQUEUE with IFF_DETACH_QUEUE)\n"
"  FLOWS   flows in the table, and how many it holds; devices with several\n"
"          queues only\n"
"  FLAGS   how the device was made, and the filters and programs that it has\n"
"\n"
"  -j, --json  print an array of objects\n",
	.run = run,
};
