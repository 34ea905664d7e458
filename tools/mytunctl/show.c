// SPDX-License-Identifier: GPL-2.0
/* mytunctl show: all about a device. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "device.h"
#include "json.h"
#include "mytunctl.h"

/* What every network device has. */
struct link {
	bool known;
	bool up, running;
	int mtu, txqueuelen;
};

static void link_load(struct link *l, const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { };

	memset(l, 0, sizeof(*l));
	if (fd < 0)
		return;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	l->known = !ioctl(fd, SIOCGIFFLAGS, &r);
	l->up = r.ifr_flags & IFF_UP;
	l->running = r.ifr_flags & IFF_RUNNING;
	if (!ioctl(fd, SIOCGIFMTU, &r))
		l->mtu = r.ifr_mtu;
	if (!ioctl(fd, SIOCGIFTXQLEN, &r))
		l->txqueuelen = r.ifr_qlen;
	close(fd);
}

static void json_device(const struct device *d, const struct link *l)
{
	const char *flag;
	unsigned int f;

	json_object(NULL);
	json_string("name", d->name);
	json_number("ifindex", d->ifindex);
	json_string("type", device_type(d));
	json_array("flags");
	for (f = 0; (flag = device_flag(d, f)); f++)
		json_string(NULL, flag);
	json_array_end();
	if (l->known) {
		json_bool("up", l->up);
		json_bool("running", l->running);
		json_number("mtu", l->mtu);
		json_number("txqueuelen", l->txqueuelen);
	}
	json_id("owner", d->owner);
	json_id("group", d->group);
	json_number("vnet_hdr_size", d->vnet_size);
	json_number("queues", d->queues);
	json_number("detached", d->detached);
	if (d->flows.there) {
		json_object("flows");
		json_number("size", d->flows.size);
		json_number("ageing_ms", d->flows.ageing_ms);
		json_number("entries", d->flows.entries);
		json_number("learned", d->flows.learned);
		json_number("moved", d->flows.moved);
		json_number("full", d->flows.full);
		json_object_end();
	} else {
		json_null("flows");
	}
	json_object("from_user");
	json_number("packets", d->from_user.packets);
	json_number("bytes", d->from_user.bytes);
	json_object_end();
	json_object("to_user");
	json_number("packets", d->to_user.packets);
	json_number("bytes", d->to_user.bytes);
	json_object_end();
	drops_json("drops", &d->drops);
	json_object_end();
}

static void print_table(const struct device *d)
{
	printf("  flows      %u of %u, forgotten after %.1f s; ",
	       d->flows.entries, d->flows.size, d->flows.ageing_ms / 1000.0);
	printf("learned %llu, moved %llu, no room %llu\n", d->flows.learned,
	       d->flows.moved, d->flows.full);
}

static void print_device(const struct device *d, const struct link *l)
{
	char name[IFNAMSIZ], user[64], group[64];
	const char *flag;
	unsigned int i;

	printf("%s: index %d, %s", device_shown(d, name), d->ifindex,
	       device_type(d));
	for (i = 0; (flag = device_flag(d, i)); i++)
		printf(" %s", flag);
	putchar('\n');
	if (l->known)
		printf("  link       %s%s, mtu %d, txqueuelen %d\n",
		       l->up ? "up" : "down",
		       l->up && !l->running ? " without carrier" : "", l->mtu,
		       l->txqueuelen);
	printf("  for        user %s, group %s\n", device_user(d->owner, user),
	       device_group(d->group, group));
	printf("  queues     %u attached, %u set aside\n",
	       d->queues, d->detached);
	if (d->flags & IFF_VNET_HDR)
		printf("  vnet_hdr   %u bytes\n", d->vnet_size);
	if (d->flows.there)
		print_table(d);
	printf("  from user  %llu packets, %llu bytes\n",
	       d->from_user.packets, d->from_user.bytes);
	printf("  to user    %llu packets, %llu bytes\n",
	       d->to_user.packets, d->to_user.bytes);
	printf("  dropped    %llu\n", drops_sum(&d->drops));
	for (i = 0; i < d->drops.n; i++)
		if (d->drops.count[i])
			printf("    %-20s %llu  %s\n", reason_name(i),
			       d->drops.count[i], reason_text(i));
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { OPTION_JSON, OPTION_HELP, { } };
	struct devices all;
	struct link l;
	int status;
	size_t i;

	while (next_option(&command_show, argc, argv, "jh", options) != -1)
		;
	status = devices_load(&all, argc - optind, argv + optind);
	if (!status && option_json)
		json_array(NULL);
	for (i = 0; !status && i < all.n; i++) {
		link_load(&l, all.at[i].name);
		if (option_json)
			json_device(&all.at[i], &l);
		else
			print_device(&all.at[i], &l);
	}
	if (!status && option_json) {
		json_array_end();
		json_end();
	}
	devices_free(&all);
	return status;
}

const struct command command_show = {
	.name = "show",
	.summary = "all about devices",
	.help =
"Usage: mytunctl show [-j] [NAME]...\n"
"Shows all that is known of the devices that are named, or of all: flags, owner,\n"
"queues, the table of flows, packets and bytes in both directions, and what was\n"
"dropped and why. Needs no privilege.\n"
"\n"
"\"From user\" is what programs write and the stack receives (RX in `ip -s link`);\n"
"\"to user\" is what the stack sends and programs read (TX).\n"
"\n"
"  -j, --json  print an array of objects\n",
	.run = run,
};
