// SPDX-License-Identifier: GPL-2.0
/* mytunctl delete: devices go. */
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "holder.h"
#include "json.h"
#include "mytunctl.h"
#include "queue.h"

/* Who has the device open, for the message; whatever can be found out. */
static void who(const struct device *d, char *buffer, size_t size)
{
	struct holders holders;
	struct queues queues;
	size_t i, used = 0;
	char one[128];

	*buffer = '\0';
	if (!queues_load(&queues, d->ifindex)) {
		holders_load(&holders);
		for (i = 0; i < queues.n && used < size; i++)
			used += snprintf(buffer + used, size - used, "%s%s",
					 used ? ", " : " by ",
					 holders_text(&holders,
						      queues.at[i].id, one,
						      sizeof(one)));
		holders_free(&holders);
	}
	queues_free(&queues);
}

static int delete_one(const struct device *d, bool force)
{
	char by[256];
	int err;

	if (!force && !device_unused(d)) {
		who(d, by, sizeof(by));
		return failed(STATUS_FAILED, "%s: in use%s (--force deletes it all the same)",
			      d->name, by);
	}
	err = netlink_delete_link(d->ifindex);
	return err ? netlink_failed(err, d->name) : STATUS_OK;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "force", no_argument, NULL, 'f' },
		{ }
	};
	const struct command *c = &command_delete;
	struct devices all;
	bool force = false;
	int status;
	size_t i;

	while (next_option(c, argc, argv, "jhf", options) != -1)
		force = true;
	if (optind == argc)
		usage_error(c, "which device?");
	/* That one of them is not there is found before any is deleted. */
	status = devices_load(&all, argc - optind, argv + optind);
	if (status) {
		devices_free(&all);
		return status;
	}
	if (option_json)
		json_array(NULL);
	for (i = 0; i < all.n && !status; i++) {
		status = delete_one(&all.at[i], force);
		if (!status && option_json)
			json_string(NULL, all.at[i].name);
	}
	if (option_json) {
		json_array_end();
		json_end();
	}
	devices_free(&all);
	return status;
}

const struct command command_delete = {
	.name = "delete",
	.summary = "delete devices",
	.help =
"Usage: mytunctl delete [-fj] NAME...\n"
"Deletes devices of mytun; others are refused, and so is one that a program has\n"
"open. Stops at the first that cannot be deleted. Needs CAP_NET_ADMIN in the\n"
"network namespace.\n"
"\n"
"  -f, --force  also if programs have it open: their reads and writes fail from\n"
"               then on with EBADFD\n"
"  -j, --json   print an array of the names of those that are gone\n",
	.run = run,
};
