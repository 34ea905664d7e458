// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mytun.h>

#include "../common/number.h"
#include "../common/output.h"
#include "help.h"
#include "key.h"

#define PORT		51821
#define PATH_MTU	1500
#define SOCKET_BUFFER	(4U << 20)
#define IPV4_UDP	28
#define IPV6_UDP	48
#define ETHERNET	14
#define INTERVAL_MIN	0.1	/* seconds */

enum {
	OPTION_ADDRESS = 256, OPTION_MTU, OPTION_PATH_MTU, OPTION_TXQUEUELEN,
	OPTION_TAP, OPTION_NO_UP, OPTION_VNET_HDR, OPTION_RING_SIZE,
	OPTION_DRIVE, OPTION_GRO, OPTION_POLL, OPTION_CPUS, OPTION_KEY,
	OPTION_CIPHER, OPTION_GENERATE, OPTION_NO_SEGMENT, OPTION_NO_UDP_GRO,
	OPTION_BUFFER, OPTION_BUSY, OPTION_INTERVAL, OPTION_JSON,
	OPTION_COALESCE,
};

static const struct option names[] = {
	{ "address", required_argument, NULL, OPTION_ADDRESS },
	{ "batch", required_argument, NULL, 'b' },
	{ "busy", no_argument, NULL, OPTION_BUSY },
	{ "cipher", required_argument, NULL, OPTION_CIPHER },
	{ "coalesce", required_argument, NULL, OPTION_COALESCE },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "device", required_argument, NULL, 'i' },
	{ "drive", required_argument, NULL, OPTION_DRIVE },
	{ "generate-key", required_argument, NULL, OPTION_GENERATE },
	{ "gro", no_argument, NULL, OPTION_GRO },
	{ "help", no_argument, NULL, 'h' },
	{ "interval", required_argument, NULL, OPTION_INTERVAL },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "layer", required_argument, NULL, 'l' },
	{ "local", required_argument, NULL, 'L' },
	{ "mtu", required_argument, NULL, OPTION_MTU },
	{ "no-udp-gro", no_argument, NULL, OPTION_NO_UDP_GRO },
	{ "no-udp-segment", no_argument, NULL, OPTION_NO_SEGMENT },
	{ "no-up", no_argument, NULL, OPTION_NO_UP },
	{ "path-mtu", required_argument, NULL, OPTION_PATH_MTU },
	{ "poll", required_argument, NULL, OPTION_POLL },
	{ "queues", required_argument, NULL, 'q' },
	{ "remote", required_argument, NULL, 'R' },
	{ "ring-size", required_argument, NULL, OPTION_RING_SIZE },
	{ "socket-buffer", required_argument, NULL, OPTION_BUFFER },
	{ "tap", no_argument, NULL, OPTION_TAP },
	{ "txqueuelen", required_argument, NULL, OPTION_TXQUEUELEN },
	{ "version", no_argument, NULL, 'V' },
	{ "vnet-hdr", no_argument, NULL, OPTION_VNET_HDR },
	{ NULL, 0, NULL, 0 },
};

struct raw {
	const char *local, *remote, *cipher;
	unsigned int path_mtu, mtu;
};

static unsigned int whole(const char *what, uint64_t least, uint64_t most)
{
	uint64_t value;

	if (number_parse(optarg, least, most, &value))
		errx(USAGE, "%s: %s is no number from %llu to %llu", what,
		     optarg, (unsigned long long)least,
		     (unsigned long long)most);
	return (unsigned int)value;
}

/* @problem: what is wrong with the option's argument, or NULL. */
static void suits(const char *what, const char *problem)
{
	if (problem)
		errx(USAGE, "%s: '%s' %s", what, optarg, problem);
}

static void device_option(struct device_settings *device, int option)
{
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
		device->queues = whole("queues", 1, DEVICE_QUEUES_MAX);
		break;
	case OPTION_ADDRESS:
		suits("address", device_add_address(device, optarg));
		break;
	case OPTION_TXQUEUELEN:
		device->txqueuelen = whole("txqueuelen", 1, DEVICE_LENGTH_MAX);
		break;
	case OPTION_TAP:
		device->tap = true;
		break;
	case OPTION_NO_UP:
		device->leave_down = true;
		break;
	case OPTION_VNET_HDR:
		device->vnet_hdr = true;
		device->offload = true;
		break;
	case OPTION_RING_SIZE:
		suits("ring-size",
		      device_set_ring(device, whole("ring-size",
						    DEVICE_RING_MIN,
						    MYTUN_RING_SIZE_MAX)));
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
	case OPTION_COALESCE:
		suits("coalesce", device_set_wake(device, optarg));
		break;
	case OPTION_POLL:
		device->poll_us = whole("poll", 0, 1000000);
		break;
	}
}

static void set_cipher(struct options *options, const char *name)
{
	if (!strcmp(name, "xchacha20-poly1305"))
		options->cipher = CIPHER_XCHACHA20;
	else if (!strcmp(name, "chacha20-poly1305"))
		options->cipher = CIPHER_CHACHA20;
	else
		errx(USAGE, "cipher: %s is none of xchacha20-poly1305, chacha20-poly1305",
		     name);
}

static void tunnel_option(struct options *options, struct raw *raw, int option)
{
	struct tunnel *tunnel = options->tunnel;
	int found;

	switch (option) {
	case 'L':
		raw->local = optarg;
		break;
	case 'R':
		raw->remote = optarg;
		break;
	case 'b':
		tunnel->batch = whole("batch", 1, TUNNEL_BATCH_MAX);
		break;
	case OPTION_MTU:
		raw->mtu = whole("mtu", 68, 65535);
		break;
	case OPTION_PATH_MTU:
		raw->path_mtu = whole("path-mtu", 576, 65535);
		break;
	case OPTION_CPUS:
		found = number_list(optarg, options->cpu, DEVICE_QUEUES_MAX);
		if (found < 0)
			errx(USAGE, "cpus: %s is no list such as 0,2,4-7",
			     optarg);
		options->cpus = (unsigned int)found;
		break;
	case OPTION_KEY:
		options->key = optarg;
		break;
	case OPTION_CIPHER:
		raw->cipher = optarg;
		break;
	case OPTION_NO_SEGMENT:
		tunnel->udp_segment = false;
		break;
	case OPTION_NO_UDP_GRO:
		tunnel->sockets.gro = false;
		break;
	case OPTION_BUFFER:
		tunnel->sockets.buffer = whole("socket-buffer", 4096,
					       1U << 30);
		break;
	case OPTION_BUSY:
		tunnel->busy = true;
		break;
	case OPTION_INTERVAL:
		if (number_seconds(optarg, &options->interval) ||
		    options->interval < INTERVAL_MIN)
			errx(USAGE, "interval: %s is no number of seconds from %g",
			     optarg, INTERVAL_MIN);
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	}
}

/* What fits the path, and so the device's MTU. */
static void size(struct tunnel *tunnel, const struct raw *raw)
{
	unsigned int around = tunnel_overhead(tunnel->sealed) +
			      (tunnel->settings.tap ? ETHERNET : 0);

	tunnel->datagram = raw->path_mtu -
		(tunnel->remote.any.sa_family == AF_INET ? IPV4_UDP : IPV6_UDP);
	tunnel->settings.mtu = tunnel->datagram - around;
	if (raw->mtu > tunnel->settings.mtu)
		errx(USAGE, "mtu: with a path of %u it is %u at most",
		     raw->path_mtu, tunnel->settings.mtu);
	if (raw->mtu)
		tunnel->settings.mtu = raw->mtu;
}

static void conclude(struct options *options, const struct raw *raw)
{
	struct tunnel *tunnel = options->tunnel;

	if (!raw->local || !raw->remote)
		errx(USAGE, "--local and --remote are needed; see mytun-fwd --help");
	if (socket_parse(raw->local, PORT, &tunnel->sockets.local))
		errx(USAGE, "local: %s is not ADDRESS[%%INTERFACE][,PORT]",
		     raw->local);
	if (socket_parse(raw->remote, PORT, &tunnel->remote))
		errx(USAGE, "remote: %s is not ADDRESS[%%INTERFACE][,PORT]",
		     raw->remote);
	if (tunnel->remote.any.sa_family != tunnel->sockets.local.any.sa_family)
		errx(USAGE, "local and remote are of different families");
	if (options->cpus && options->cpus < tunnel->settings.queues)
		errx(USAGE, "cpus: %u for %u queues", options->cpus,
		     tunnel->settings.queues);
	if (raw->cipher)
		set_cipher(options, raw->cipher);
	/* Who asks for a cipher wants to be encrypted. */
	if (raw->cipher && !options->key)
		errx(USAGE, "cipher: without --key nothing is encrypted");
	tunnel->sealed = options->key;
	size(tunnel, raw);
}

void options_parse(struct options *options, int argc, char **argv)
{
	struct tunnel *tunnel = options->tunnel;
	struct raw raw = { .path_mtu = PATH_MTU };
	int option;

	tunnel->settings.queues = 1;
	/* A datagram's header and tag, in multiples of 8. */
	tunnel->settings.head_room = sizeof(struct wire_sealed);
	tunnel->settings.tail_room = WIRE_TAG;
	tunnel->settings.backpressure = true;
	tunnel->batch = 64;
	tunnel->udp_segment = true;
	tunnel->sockets.gro = true;
	tunnel->sockets.buffer = SOCKET_BUFFER;
	while ((option = getopt_long(argc, argv, "b:hi:l:L:q:R:V", names,
				     NULL)) != -1) {
		switch (option) {
		case '?':
			exit(USAGE);
		case 'h':
			help_print();
			exit(output_check() ? FAILED : DONE);
		case 'V':
			printf("mytun-fwd %s\n", mytun_version());
			exit(output_check() ? FAILED : DONE);
		case OPTION_GENERATE:
			exit(key_generate(optarg) ? FAILED : DONE);
		}
		device_option(&tunnel->settings, option);
		tunnel_option(options, &raw, option);
	}
	if (optind != argc)
		errx(USAGE, "%s: what is that? See mytun-fwd --help",
		     argv[optind]);
	conclude(options, &raw);
}
