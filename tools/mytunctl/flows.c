// SPDX-License-Identifier: GPL-2.0
/* mytunctl flows: which queue owns which flow. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mytun.h>

#include "device.h"
#include "flow.h"
#include "holder.h"
#include "json.h"
#include "mytunctl.h"
#include "queue.h"

/* Flows are printed as they come: there may be a million. */
struct flow_dump {
	struct dump dump;
	struct flow_filter filter;
	struct flow flow;
	bool count_only;
	const struct devices *devices;
	const struct queues *queues;
	const struct holders *holders;
	unsigned long long n;
};

static void begin(struct dump *d)
{
	(void)d;
}

static void message(struct dump *d, int ifindex)
{
	struct flow *f = &((struct flow_dump *)d)->flow;

	memset(f, 0, sizeof(*f));
	f->ifindex = ifindex;
}

static void read_address(struct flow_end_point *end, const struct nlattr *a)
{
	size_t len = mnl_attr_get_payload_len(a);

	if (len <= sizeof(end->address))
		memcpy(end->address, mnl_attr_get_payload(a), len);
}

static void attribute(struct dump *d, const struct nlattr *a)
{
	struct flow *f = &((struct flow_dump *)d)->flow;

	switch (mnl_attr_get_type(a)) {
	case MYTUN_A_FLOW_QUEUE:
		f->queue = attr_u32(a);
		break;
	case MYTUN_A_FLOW_FAMILY:
		f->family = attr_u16(a);
		break;
	case MYTUN_A_FLOW_ADDRESS_A:
		read_address(&f->end[0], a);
		break;
	case MYTUN_A_FLOW_ADDRESS_B:
		read_address(&f->end[1], a);
		break;
	case MYTUN_A_FLOW_PROTOCOL:
		f->protocol = attr_u8(a);
		break;
	case MYTUN_A_FLOW_ETHERTYPE:
		f->ethertype = attr_be16(a);
		break;
	case MYTUN_A_FLOW_PORT_A:
		f->end[0].port = attr_be16(a);
		break;
	case MYTUN_A_FLOW_PORT_B:
		f->end[1].port = attr_be16(a);
		break;
	case MYTUN_A_FLOW_IDLE:
		f->idle_ms = attr_u32(a);
		break;
	case MYTUN_A_FLOW_HASH:
		f->hash = attr_u32(a);
		break;
	}
}

static void json_end_point(const struct flow *f, int end, const char *key)
{
	char text[64];

	json_object(key);
	json_string("address", flow_address(f, end, text));
	if (f->end[0].port || f->end[1].port)
		json_number("port", f->end[end].port);
	json_object_end();
}

static void json_flow(const struct flow_dump *fd, const char *device)
{
	const struct queue *q = queues_find_index(fd->queues, fd->flow.ifindex,
						  fd->flow.queue);
	const struct flow *f = &fd->flow;
	char text[16];

	json_object(NULL);
	json_string("device", device);
	json_number("queue", f->queue);
	json_string("protocol", flow_protocol(f, text));
	json_end_point(f, 0, "a");
	json_end_point(f, 1, "b");
	json_number("idle_ms", f->idle_ms);
	json_number("hash", f->hash);
	if (q)
		holders_json(fd->holders, q->id);
	json_object_end();
}

#define LINE	"%-15s %5s  %-8s %-30s %-30s %8s  %s\n"

static void print_flow(const struct flow_dump *fd, const struct device *device)
{
	const struct queue *q = queues_find_index(fd->queues, fd->flow.ifindex,
						  fd->flow.queue);
	char a[64], b[64], queue[16], protocol[16], idle[16], who[128] = "-";
	char name[IFNAMSIZ];
	const struct flow *f = &fd->flow;

	if (q)
		holders_text(fd->holders, q->id, who, sizeof(who));
	snprintf(queue, sizeof(queue), "%u", f->queue);
	snprintf(idle, sizeof(idle), "%.3fs", f->idle_ms / 1000.0);
	printf(LINE, device_shown(device, name), queue, flow_protocol(f, protocol),
	       flow_end(f, 0, a), flow_end(f, 1, b), idle, who);
}

static void message_end(struct dump *d)
{
	struct flow_dump *fd = (struct flow_dump *)d;
	const struct device *dev = devices_find(fd->devices, fd->flow.ifindex);

	if (!dev || !flow_matches(&fd->flow, &fd->filter))
		return;
	fd->n++;
	if (fd->count_only)
		return;
	if (option_json)
		json_flow(fd, dev->name);
	else
		print_flow(fd, dev);
}

static int dump(struct flow_dump *fd)
{
	size_t i;
	int err = 0;

	if (option_json && !fd->count_only)
		json_array(NULL);
	else if (!fd->count_only)
		printf(LINE, "DEVICE", "QUEUE", "PROTOCOL", "ONE END",
		       "OTHER END", "IDLE", "PROCESS");
	for (i = 0; i < fd->devices->n && !err; i++) {
		fd->dump.ifindex = fd->devices->at[i].ifindex;
		err = netlink_dump(&fd->dump);
		/* Gone since it was listed. */
		if (err == -ENODEV)
			err = 0;
	}
	if (option_json && fd->count_only) {
		json_object(NULL);
		json_number("flows", fd->n);
		json_object_end();
	} else if (option_json) {
		json_array_end();
	} else if (fd->count_only && !err) {
		printf("%llu\n", fd->n);
	}
	if (option_json)
		json_end();
	return err;
}

static void parse(struct flow_dump *fd, int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "address", required_argument, NULL, 'a' },
		{ "count", no_argument, NULL, 'c' },
		{ "port", required_argument, NULL, 'p' },
		{ "protocol", required_argument, NULL, 'P' },
		{ "queue", required_argument, NULL, 'q' },
		{ }
	};
	const struct command *c = &command_flows;
	int o;

	while ((o = next_option(c, argc, argv, "jha:cp:P:q:", options)) != -1) {
		switch (o) {
		case 'a':
			if (!flow_filter_address(&fd->filter, optarg))
				usage_error(c, "'%s' is no address", optarg);
			break;
		case 'c':
			fd->count_only = true;
			break;
		case 'p':
			fd->filter.port = number(c, "a port", optarg, 1, 65535);
			break;
		case 'P':
			if (!flow_filter_protocol(&fd->filter, optarg))
				usage_error(c, "'%s' is no protocol", optarg);
			break;
		case 'q':
			fd->filter.queue = number(c, "a queue", optarg, 0, 255);
			break;
		}
	}
}

static int run(int argc, char **argv)
{
	struct flow_dump fd = {
		.dump = {
			.cmd = MYTUN_CMD_GET_FLOW,
			.begin = begin,
			.message = message,
			.attribute = attribute,
			.message_end = message_end,
		},
		.filter = { .queue = -1, .protocol = -1, .port = -1 },
	};
	struct devices devices;
	struct queues queues = { };
	struct holders holders = { };
	int status, err;

	parse(&fd, argc, argv);
	status = devices_load(&devices, argc - optind, argv + optind);
	if (!status) {
		err = queues_load(&queues, 0);
		if (!err) {
			holders_load(&holders);
			fd.devices = &devices;
			fd.queues = &queues;
			fd.holders = &holders;
			err = dump(&fd);
		}
		if (err)
			status = netlink_failed(err, "flows");
	}
	holders_free(&holders);
	queues_free(&queues);
	devices_free(&devices);
	return status;
}

const struct command command_flows = {
	.name = "flows",
	.summary = "the table of flows: which queue and process owns which",
	.help =
"Usage: mytunctl flows [-cj] [-a ADDRESS[/BITS]] [-p PORT] [-P PROTOCOL]\n"
"                      [-q QUEUE] [NAME]...\n"
"Lists the flows that devices with several queues know: those that are named, or\n"
"all. What the stack sends for a flow goes to its queue. Needs CAP_NET_ADMIN in\n"
"the network namespace, since flows are who talks to whom.\n"
"\n"
"A flow has no direction: which end stands first says nothing. Without ports\n"
"(fragments, and protocols that have none) it is addresses and protocol; without\n"
"IP, MAC addresses and EtherType. IDLE is the time since its last packet.\n"
"\n"
"  -a, --address ADDRESS[/BITS]  one end is that address, or in that network\n"
"  -c, --count                   print how many there are\n"
"  -p, --port PORT               one end has that port\n"
"  -P, --protocol PROTOCOL       tcp, udp, ... or a number\n"
"  -q, --queue QUEUE             owned by that queue\n"
"  -j, --json                    print an array of objects\n",
	.run = run,
};
