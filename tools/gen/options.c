// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mytun.h>

#include "../common/number.h"
#include "../common/output.h"
#include "help.h"
#include "worker.h"

static const char *const functions[] = {
	[FUNCTION_TX] = "tx",
	[FUNCTION_RX] = "rx",
	[FUNCTION_ECHO] = "echo",
	[FUNCTION_PING] = "ping",
};

enum {
	OPTION_TAP = 256, OPTION_ADDRESS, OPTION_MTU, OPTION_TXQUEUELEN,
	OPTION_NO_UP, OPTION_DRIVE, OPTION_GRO, OPTION_POLL, OPTION_RING_SIZE,
	OPTION_HEAD_ROOM, OPTION_TAIL_ROOM, OPTION_HASH, OPTION_VNET_HDR,
	OPTION_OFFLOAD, OPTION_CPUS, OPTION_FROM, OPTION_TO, OPTION_FROM_MAC,
	OPTION_TO_MAC, OPTION_PROTOCOL, OPTION_GSO, OPTION_PARTIAL,
	OPTION_PCAP_IN, OPTION_PCAP_OUT, OPTION_LOOPS, OPTION_WINDOW,
	OPTION_TIMEOUT, OPTION_VERIFY, OPTION_TIMESTAMPS, OPTION_BUSY,
	OPTION_JSON, OPTION_SPEED,
};

static const struct option names[] = {
	{ "address", required_argument, NULL, OPTION_ADDRESS },
	{ "batch", required_argument, NULL, 'b' },
	{ "busy", no_argument, NULL, OPTION_BUSY },
	{ "count", required_argument, NULL, 'n' },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "device", required_argument, NULL, 'i' },
	{ "drive", required_argument, NULL, OPTION_DRIVE },
	{ "flows", required_argument, NULL, 'f' },
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "from-mac", required_argument, NULL, OPTION_FROM_MAC },
	{ "gro", no_argument, NULL, OPTION_GRO },
	{ "gso", required_argument, NULL, OPTION_GSO },
	{ "hash", no_argument, NULL, OPTION_HASH },
	{ "head-room", required_argument, NULL, OPTION_HEAD_ROOM },
	{ "help", no_argument, NULL, 'h' },
	{ "ipv4", no_argument, NULL, '4' },
	{ "ipv6", no_argument, NULL, '6' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "layer", required_argument, NULL, 'l' },
	{ "loops", required_argument, NULL, OPTION_LOOPS },
	{ "mtu", required_argument, NULL, OPTION_MTU },
	{ "no-up", no_argument, NULL, OPTION_NO_UP },
	{ "offload", no_argument, NULL, OPTION_OFFLOAD },
	{ "partial-checksum", no_argument, NULL, OPTION_PARTIAL },
	{ "pcap-in", required_argument, NULL, OPTION_PCAP_IN },
	{ "pcap-out", required_argument, NULL, OPTION_PCAP_OUT },
	{ "poll", required_argument, NULL, OPTION_POLL },
	{ "protocol", required_argument, NULL, OPTION_PROTOCOL },
	{ "queues", required_argument, NULL, 'q' },
	{ "quiet", no_argument, NULL, 'Q' },
	{ "rate", required_argument, NULL, 'r' },
	{ "ring-size", required_argument, NULL, OPTION_RING_SIZE },
	{ "size", required_argument, NULL, 's' },
	{ "speed", required_argument, NULL, OPTION_SPEED },
	{ "tail-room", required_argument, NULL, OPTION_TAIL_ROOM },
	{ "tap", no_argument, NULL, OPTION_TAP },
	{ "time", required_argument, NULL, 't' },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "timestamps", no_argument, NULL, OPTION_TIMESTAMPS },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "to-mac", required_argument, NULL, OPTION_TO_MAC },
	{ "txqueuelen", required_argument, NULL, OPTION_TXQUEUELEN },
	{ "verify", no_argument, NULL, OPTION_VERIFY },
	{ "version", no_argument, NULL, 'V' },
	{ "vnet-hdr", no_argument, NULL, OPTION_VNET_HDR },
	{ "window", required_argument, NULL, OPTION_WINDOW },
	{ NULL, 0, NULL, 0 },
};

/* What is only known when all options have been read. */
struct raw {
	const char *from, *to, *protocol, *sizes;
	bool macs, loops;
};

const char *function_name(enum function function)
{
	return functions[function];
}

static uint64_t whole(const char *what, const char *text, uint64_t least,
		      uint64_t most)
{
	uint64_t value;

	if (number_parse(text, least, most, &value))
		errx(USAGE, "%s: %s is no number from %llu to %llu", what, text,
		     (unsigned long long)least, (unsigned long long)most);
	return value;
}

static double factor(const char *what, const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !(value >= 0.000001) || value > 1000000)
		errx(USAGE, "%s: %s is no number from 0.000001 to 1000000",
		     what, text);
	return value;
}

static double fraction(const char *what, const char *text)
{
	double value;

	if (number_seconds(text, &value))
		errx(USAGE, "%s: %s is no number of seconds", what, text);
	return value;
}

static void mac(const char *what, const char *text, uint8_t *address)
{
	const char *at = text;
	char *rest;
	unsigned int i;

	for (i = 0; i < 6; i++, at = rest + 1) {
		address[i] = (uint8_t)strtoul(at, &rest, 16);
		/* Two digits each, and not what else strtoul() takes. */
		if (rest != at + 2 || !isxdigit((unsigned char)at[0]) ||
		    !isxdigit((unsigned char)at[1]) ||
		    *rest != (i < 5 ? ':' : '\0'))
			errx(USAGE, "%s: %s is no MAC address", what, text);
	}
}

/* ADDRESS, or ADDRESS,PORT. */
static void end(const char *what, const char *text, int family,
		uint8_t *address, uint16_t *port)
{
	char copy[INET6_ADDRSTRLEN + 8];
	char *comma;

	snprintf(copy, sizeof(copy), "%s", text);
	comma = strchr(copy, ',');
	if (comma) {
		*comma = '\0';
		*port = (uint16_t)whole(what, comma + 1, 0, 65535);
	}
	if (strlen(text) >= sizeof(copy) ||
	    inet_pton(family, copy, address) != 1)
		errx(USAGE, "%s: %s is no IPv%d address", what, text,
		     family == AF_INET ? 4 : 6);
}

static void set_protocol(struct options *options, const char *name)
{
	struct packet_plan *plan = &options->plan;

	if (!name)
		name = options->function == FUNCTION_PING ? "icmp" : "udp";
	if (!strcmp(name, "udp"))
		plan->protocol = IPPROTO_UDP;
	else if (!strcmp(name, "tcp") && options->function != FUNCTION_PING)
		plan->protocol = IPPROTO_TCP;
	else if (!strcmp(name, "icmp"))
		plan->protocol = plan->family == AF_INET ? IPPROTO_ICMP :
							   IPPROTO_ICMPV6;
	else
		errx(USAGE, "protocol: %s is none for %s", name,
		     function_name(options->function));
}

/* SIZE or SIZE:WEIGHT, one after the other; imix stands for a mix. */
static void sizes(struct packet_plan *plan, const char *text)
{
	const char *least = plan->family == AF_INET ? "64:7,576:4,1500:1" :
						      "84:7,576:4,1500:1";
	unsigned int weights = 0;
	char *copy, *word, *colon, *rest;

	if (!strcmp(text, "imix"))
		text = least;
	copy = strdup(text);
	if (!copy)
		err(FAILED, NULL);
	for (word = strtok_r(copy, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (plan->sizes == PACKET_SIZES_MAX)
			errx(USAGE, "size: more than %u", PACKET_SIZES_MAX);
		colon = strchr(word, ':');
		if (colon)
			*colon++ = '\0';
		plan->size[plan->sizes] = (unsigned int)whole("size", word, 28,
							      PACKET_MAX);
		plan->weight[plan->sizes] = colon ?
			(unsigned int)whole("size", colon, 1, 16) : 1;
		weights += plan->weight[plan->sizes++];
	}
	free(copy);
	if (!weights)
		errx(USAGE, "size: %s is none", text);
}

/* @problem: what is wrong with the option's argument, or NULL. */
static void suits(const char *what, const char *problem)
{
	if (problem)
		errx(USAGE, "%s: '%s' %s", what, optarg, problem);
}

static uint16_t room(const char *what)
{
	uint16_t bytes = (uint16_t)whole(what, optarg, 0, MYTUN_ROOM_MAX);

	suits(what, bytes % 8 ? "is no multiple of 8" : NULL);
	return bytes;
}

static void device_option(struct options *options, int option)
{
	struct device_settings *device = &options->device;
	int found;

	switch (option) {
	case 'i':
		suits("device", device_set_name(device, optarg));
		break;
	case 'l':
		found = device_layer(optarg);
		if (found < 0)
			errx(USAGE, "layer: %s is none of best, ring, batch, plain, tun",
			     optarg);
		device->layer = (enum device_layer)found;
		break;
	case 'q':
		device->queues = (unsigned int)whole("queues", optarg, 1,
						     DEVICE_QUEUES_MAX);
		break;
	case OPTION_TAP:
		device->tap = true;
		break;
	case OPTION_ADDRESS:
		suits("address", device_add_address(device, optarg));
		break;
	case OPTION_MTU:
		device->mtu = (unsigned int)whole("mtu", optarg, 68, 65535);
		break;
	case OPTION_TXQUEUELEN:
		device->txqueuelen = (unsigned int)whole("txqueuelen", optarg,
							 1, DEVICE_LENGTH_MAX);
		break;
	case OPTION_NO_UP:
		device->leave_down = true;
		break;
	case OPTION_DRIVE:
		found = device_drive(optarg);
		if (found < 0)
			errx(USAGE, "drive: %s is none of caller, napi, lent, thread",
			     optarg);
		device->drive = (unsigned int)found;
		break;
	case OPTION_GRO:
		device->drive_flags |= MYTUN_DRIVE_GRO;
		break;
	case OPTION_POLL:
		device->poll_us = (unsigned int)whole("poll", optarg, 0,
						      1000000);
		break;
	case OPTION_RING_SIZE:
		suits("ring-size",
		      device_set_ring(device, whole("ring-size", optarg,
						    DEVICE_RING_MIN,
						    MYTUN_RING_SIZE_MAX)));
		break;
	case OPTION_HEAD_ROOM:
		device->head_room = room("head-room");
		break;
	case OPTION_TAIL_ROOM:
		device->tail_room = room("tail-room");
		break;
	case OPTION_HASH:
		device->hash = true;
		break;
	case OPTION_VNET_HDR:
		device->vnet_hdr = true;
		break;
	case OPTION_OFFLOAD:
		device->offload = true;
		device->vnet_hdr = true;
		break;
	}
}

static void packet_option(struct options *options, struct raw *raw, int option)
{
	struct packet_plan *plan = &options->plan;

	switch (option) {
	case '4':
		plan->family = AF_INET;
		break;
	case '6':
		plan->family = AF_INET6;
		break;
	case 'f':
		plan->flows = (unsigned int)whole("flows", optarg, 1,
						  PACKET_FLOWS_MAX);
		break;
	case 's':
		raw->sizes = optarg;
		break;
	case OPTION_FROM:
		raw->from = optarg;
		break;
	case OPTION_TO:
		raw->to = optarg;
		break;
	case OPTION_FROM_MAC:
		mac("from-mac", optarg, plan->from_mac);
		raw->macs = true;
		break;
	case OPTION_TO_MAC:
		mac("to-mac", optarg, plan->to_mac);
		raw->macs = true;
		break;
	case OPTION_PROTOCOL:
		raw->protocol = optarg;
		break;
	case OPTION_GSO:
		plan->gso_size = (unsigned int)whole("gso", optarg, 24, 65000);
		options->device.vnet_hdr = true;
		break;
	case OPTION_PARTIAL:
		plan->partial = true;
		options->device.vnet_hdr = true;
		break;
	}
}

static void run_option(struct options *options, struct raw *raw, int option)
{
	int found;

	switch (option) {
	case 'b':
		options->batch = (unsigned int)whole("batch", optarg, 1,
						     BATCH_MAX);
		break;
	case 'n':
		options->count = whole("count", optarg, 1, UINT64_MAX / 2);
		break;
	case 't':
		options->seconds = fraction("time", optarg);
		break;
	case 'r':
		options->rate = (double)whole("rate", optarg, 1,
					      1000000000000ULL);
		break;
	case 'Q':
		options->quiet = true;
		break;
	case OPTION_CPUS:
		found = number_list(optarg, options->cpu, DEVICE_QUEUES_MAX);
		if (found < 0)
			errx(USAGE, "cpus: %s is no list such as 0,2,4-7",
			     optarg);
		options->cpus = (unsigned int)found;
		break;
	case OPTION_PCAP_IN:
		options->pcap_in = optarg;
		break;
	case OPTION_PCAP_OUT:
		options->pcap_out = optarg;
		break;
	case OPTION_SPEED:
		options->speed = factor("speed", optarg);
		break;
	case OPTION_LOOPS:
		options->loops = whole("loops", optarg, 0, UINT64_MAX / 2);
		raw->loops = true;
		break;
	case OPTION_WINDOW:
		options->window = (unsigned int)whole("window", optarg, 1,
						      4096);
		break;
	case OPTION_TIMEOUT:
		options->timeout = fraction("timeout", optarg);
		break;
	case OPTION_VERIFY:
		options->verify = true;
		break;
	case OPTION_TIMESTAMPS:
		options->timestamps = true;
		break;
	case OPTION_BUSY:
		options->busy = true;
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	}
}

/* What would have no effect. */
static void check_use(const struct options *options, const struct raw *raw)
{
	enum function function = options->function;
	const struct packet_plan *plan = &options->plan;

	if (options->pcap_in && function != FUNCTION_TX)
		errx(USAGE, "pcap-in is for tx");
	if (options->speed > 0 && !options->pcap_in)
		errx(USAGE, "speed is that of a capture, see pcap-in");
	if (raw->loops && !options->pcap_in)
		errx(USAGE, "loops are those of a capture, see pcap-in");
	if (options->pcap_out && function != FUNCTION_RX)
		errx(USAGE, "pcap-out is for rx");
	if (options->verify && function != FUNCTION_RX)
		errx(USAGE, "verify is for rx");
	if (plan->flows && function != FUNCTION_TX)
		errx(USAGE, "flows is for tx%s", function == FUNCTION_PING ?
		     "; ping has one for each queue" : "");
	if (plan->gso_size && function != FUNCTION_TX)
		errx(USAGE, "gso is for tx");
	if (options->window && function != FUNCTION_PING)
		errx(USAGE, "window is for ping");
	if (options->timeout > 0 && function != FUNCTION_PING)
		errx(USAGE, "timeout is for ping");
	if (options->rate > 0 && function != FUNCTION_TX &&
	    function != FUNCTION_PING)
		errx(USAGE, "rate is for tx and ping");
	if (options->timestamps && function != FUNCTION_TX)
		errx(USAGE, "timestamps is for tx");
	if (raw->macs && !options->device.tap)
		errx(USAGE, "MAC addresses are those of frames, see tap");
}

/* What does not go together. */
static void check(const struct options *options)
{
	const struct packet_plan *plan = &options->plan;
	bool sends = options->function == FUNCTION_TX ||
		     options->function == FUNCTION_PING;
	unsigned int i;

	if (options->speed > 0 && options->rate > 0)
		errx(USAGE, "speed or rate, not both");
	/* The summary goes there. */
	if (options->pcap_out && !strcmp(options->pcap_out, "-"))
		errx(USAGE, "pcap-out: '-' is no file's name");
	if (options->cpus && options->cpus < options->device.queues)
		errx(USAGE, "cpus: %u for %u queues", options->cpus,
		     options->device.queues);
	if (plan->gso_size && plan->protocol != IPPROTO_TCP &&
	    plan->protocol != IPPROTO_UDP)
		errx(USAGE, "gso is for TCP and UDP");
	if ((plan->partial || plan->gso_size) &&
	    plan->protocol == IPPROTO_ICMP)
		errx(USAGE, "ICMP has no checksum that the kernel completes");
	if (plan->flows && !options->pcap_in &&
	    plan->flows < options->device.queues)
		errx(USAGE, "flows: %u for %u queues; each queue takes one",
		     plan->flows, options->device.queues);
	if (options->function == FUNCTION_PING && plan->sizes > 1)
		errx(USAGE, "ping takes one size");
	for (i = 0; sends && !options->pcap_in && i < plan->sizes; i++) {
		if (options->function == FUNCTION_PING &&
		    plan->size[i] < packet_least(plan))
			errx(USAGE, "size: %u is too small for a stamp, it takes %u",
			     plan->size[i], packet_least(plan));
		if (plan->size[i] < packet_least(plan) - sizeof(struct stamp))
			errx(USAGE, "size: %u is too small for the headers",
			     plan->size[i]);
	}
}

static void conclude(struct options *options, const struct raw *raw)
{
	struct packet_plan *plan = &options->plan;
	bool ipv4 = plan->family == AF_INET;

	set_protocol(options, raw->protocol);
	end("from", raw->from ? : ipv4 ? "198.18.0.2" : "2001:2::2",
	    plan->family, plan->from, &plan->from_port);
	end("to", raw->to ? : ipv4 ? "198.18.0.1" : "2001:2::1", plan->family,
	    plan->to, &plan->to_port);
	sizes(plan, raw->sizes ? : ipv4 ? "64" : "84");
	plan->ethernet = options->device.tap;
	check_use(options, raw);
	check(options);
	if (!options->window)
		options->window = 1;
	if (!(options->timeout > 0))
		options->timeout = 1;
	/* As many flows as queues is what is meant by more queues. */
	if (!plan->flows)
		plan->flows = options->device.queues;
}

/* The status of a program that had only to print something. */
static int printed(void)
{
	return output_check() ? FAILED : DONE;
}

static enum function take_function(int argc, char **argv)
{
	unsigned int i;

	if (argc < 2)
		errx(USAGE, "tx, rx, echo or ping? See mytun-gen --help");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		help_print();
		exit(printed());
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		printf("mytun-gen %s\n", mytun_version());
		exit(printed());
	}
	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		if (!strcmp(argv[1], functions[i]))
			return (enum function)i;
	}
	errx(USAGE, "%s is none of tx, rx, echo, ping; see mytun-gen --help",
	     argv[1]);
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const uint8_t from_mac[6] = { 2, 0, 0, 0, 0, 2 };
	struct raw raw = { 0 };
	int option;

	memset(options, 0, sizeof(*options));
	options->function = take_function(argc, argv);
	options->batch = 64;
	options->loops = 1;
	options->device.queues = 1;
	options->plan.family = AF_INET;
	options->plan.from_port = 1024;
	options->plan.to_port = 9;
	memcpy(options->plan.from_mac, from_mac, sizeof(from_mac));
	memset(options->plan.to_mac, 0xff, sizeof(options->plan.to_mac));
	argv[1] = argv[0];
	while ((option = getopt_long(argc - 1, argv + 1,
				     "46b:f:hi:l:n:q:Qr:s:t:V", names,
				     NULL)) != -1) {
		if (option == '?')
			exit(USAGE);
		if (option == 'h') {
			help_print();
			exit(printed());
		}
		if (option == 'V') {
			printf("mytun-gen %s\n", mytun_version());
			exit(printed());
		}
		device_option(options, option);
		packet_option(options, &raw, option);
		run_option(options, &raw, option);
	}
	if (optind != argc - 1)
		errx(USAGE, "%s: what is that? See mytun-gen --help",
		     argv[1 + optind]);
	conclude(options, &raw);
}
