// SPDX-License-Identifier: GPL-2.0
#include "device.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_tun.h>
#include <mytun.h>

#include "interface.h"
#include "json.h"
#include "number.h"

/* Since Linux 6.2. */
#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif
#define VNET_HDR_SIZE	10
#define WAKE_USECS_MAX	1000000		/* MYTUN_IOC_MODERATE */

static const char *const layers[] = {
	[LAYER_BEST] = "best",
	[LAYER_RING] = "ring",
	[LAYER_BATCH] = "batch",
	[LAYER_PLAIN] = "plain",
	[LAYER_TUN] = "tun",
};

static const char *const drives[] = {
	[MYTUN_DRIVE_CALLER] = "caller",
	[MYTUN_DRIVE_NAPI] = "napi",
	[MYTUN_DRIVE_LENT] = "lent",
	[MYTUN_DRIVE_THREAD] = "thread",
};

static int find(const char *const *names, unsigned int count, const char *name)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}

int device_layer(const char *name)
{
	return find(layers, sizeof(layers) / sizeof(*layers), name);
}

const char *device_layer_name(enum device_layer layer)
{
	return layers[layer];
}

int device_drive(const char *name)
{
	return find(drives, sizeof(drives) / sizeof(*drives), name);
}

const char *device_set_name(struct device_settings *settings,
			    const char *name)
{
	/* As the kernel has it. */
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") ||
	    name[strcspn(name, "/: \t\n\v\f\r")])
		return "is no name";
	if (strlen(name) >= IF_NAMESIZE)
		return "is too long a name";
	settings->name = name;
	return NULL;
}

const char *device_add_address(struct device_settings *settings,
			       const char *text)
{
	struct interface_address *address;
	unsigned int i;

	if (settings->addresses == DEVICE_ADDRESSES_MAX)
		return "is one too many";
	address = &settings->address[settings->addresses];
	if (interface_parse(text, address))
		return "is not ADDRESS/LENGTH";
	for (i = 0; i < settings->addresses; i++) {
		if (address->family == AF_INET &&
		    settings->address[i].family == AF_INET)
			return "is the second one of IPv4";
	}
	settings->addresses++;
	return NULL;
}

const char *device_set_ring(struct device_settings *settings, uint64_t bytes)
{
	if (bytes & (bytes - 1))
		return "is no power of two";
	settings->ring_size = (uint32_t)bytes;
	return NULL;
}

const char *device_set_wake(struct device_settings *settings,
			    const char *text)
{
	const char *comma = strchr(text, ',');
	uint64_t packets, usecs;
	char first[16];

	if (!comma || comma - text >= (long)sizeof(first))
		return "is not PACKETS,MICROSECONDS";
	memcpy(first, text, (size_t)(comma - text));
	first[comma - text] = '\0';
	if (number_parse(first, 2, UINT32_MAX, &packets))
		return "has no number of packets from 2 on";
	if (number_parse(comma + 1, 1, WAKE_USECS_MAX, &usecs))
		return "has no number of microseconds up to a million";
	settings->wake_packets = (unsigned int)packets;
	settings->wake_usecs = (unsigned int)usecs;
	return NULL;
}

static const char *explain_address(int family, int err)
{
	/* Older kernels have no buffer for it. */
	if (family == AF_INET6 && (err == -EINVAL || err == -ENOBUFS))
		return "refused; IPv6 takes an MTU of 1280 or more";
	if (family == AF_INET6 && err == -EACCES)
		return "IPv6 is turned off: sysctl net.ipv6.conf.default.disable_ipv6";
	return strerror(-err);
}

static void choose(enum device_layer layer, struct mytun_options *options)
{
	switch (layer) {
	case LAYER_BEST:
		break;
	case LAYER_RING:
		options->modes = MYTUN_MODE_SET(MYTUN_MODE_RING);
		break;
	case LAYER_BATCH:
		options->modes = MYTUN_MODE_SET(MYTUN_MODE_BATCH);
		break;
	case LAYER_PLAIN:
		options->modes = MYTUN_MODE_SET(MYTUN_MODE_PLAIN);
		options->path = "/dev/net/mytun";
		break;
	case LAYER_TUN:
		options->modes = MYTUN_MODE_SET(MYTUN_MODE_PLAIN);
		options->path = "/dev/net/tun";
		break;
	}
}

/* As much as this driver on this kernel offers. */
static int open_queues(struct device *device,
		       const struct device_settings *settings,
		       struct mytun_options *options)
{
	static const unsigned int offers[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN |
			TUN_F_USO4 | TUN_F_USO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
	};
	unsigned int i;
	int err = -EINVAL;

	if (!settings->offload)
		return mytun_open(device->queue, settings->queues, options);
	options->set_offload = 1;
	for (i = 0; i < sizeof(offers) / sizeof(*offers) && err == -EINVAL;
	     i++) {
		options->offload = offers[i];
		err = mytun_open(device->queue, settings->queues, options);
		if (!err)
			device->offload = offers[i];
	}
	return err;
}

static int configure(const struct device *device,
		     const struct device_settings *settings)
{
	unsigned int i;
	int err = 0;

	if (settings->mtu) {
		err = interface_set_mtu(device->name, settings->mtu);
		if (err) {
			warnx("%s: MTU %u: %s", device->name, settings->mtu,
			      strerror(-err));
			return err;
		}
	}
	if (settings->txqueuelen) {
		err = interface_set_txqueuelen(device->name,
					       settings->txqueuelen);
		if (err) {
			warnx("%s: queue length %u: %s", device->name,
			      settings->txqueuelen, strerror(-err));
			return err;
		}
	}
	for (i = 0; i < settings->addresses; i++) {
		err = interface_add_address(device->name,
					    &settings->address[i]);
		if (err) {
			warnx("%s: address %s: %s", device->name,
			      settings->address[i].text,
			      explain_address(settings->address[i].family,
					      err));
			return err;
		}
	}
	if (!settings->leave_down)
		err = interface_up(device->name);
	if (err)
		warnx("%s: cannot be brought up: %s", device->name,
		      strerror(-err));
	return err;
}

static void nothing(int number)
{
	(void)number;
}

/* The signal takes it out of mytun_lend(), and it ends. */
static void *lend(void *argument)
{
	mytun_lend(argument);
	return NULL;
}

static int start_lenders(struct device *device)
{
	struct sigaction action = { .sa_handler = nothing };
	int err;

	sigaction(SIGUSR2, &action, NULL);
	for (; device->lent < device->queues; device->lent++) {
		err = pthread_create(&device->lender[device->lent], NULL, lend,
				     device->queue[device->lent]);
		if (err) {
			warnx("a thread to lend: %s", strerror(err));
			return -err;
		}
	}
	return 0;
}

/* Return: -EOPNOTSUPP: a queue has no ring. */
static int moderate(struct device *device,
		    const struct device_settings *settings)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < device->queues && !err; i++)
		err = mytun_set_moderation(device->queue[i],
					   settings->wake_packets,
					   settings->wake_usecs);
	/* Of the layers any would do, and this kernel has no rings. */
	if (err == -EOPNOTSUPP && settings->layer == LAYER_BEST) {
		warnx("%s: no rings: who sleeps is woken for each packet",
		      device->name);
		return 0;
	}
	if (err)
		warnx("%s: who sleeps cannot be woken later: %s", device->name,
		      err == -EOPNOTSUPP ? "the layer is not ring" :
					   strerror(-err));
	return err;
}

static const char *explain(int err, const struct device_settings *settings)
{
	switch (err) {
	case -ENOENT:
		return settings->layer == LAYER_TUN ?
			"there is no /dev/net/tun: modprobe tun" :
			"there is no /dev/net/mytun: modprobe mytun";
	case -EPERM:
		return "not permitted; it takes CAP_NET_ADMIN, or a device that is yours";
	case -EACCES:
		return "the node may not be opened; see its mode, and device cgroups";
	case -EBUSY:
		return "busy; another program has the device, or it is of another kind";
	case -ENOBUFS:
		return "no memory may be locked for rings: see ulimit -l";
	case -EINVAL:
		return "refused; a device of that name may be of another kind";
	case -EOPNOTSUPP:
		return "this driver or kernel does not have the layer";
	default:
		return strerror(-err);
	}
}

int device_open(struct device *device, const struct device_settings *settings)
{
	struct mytun_options options;
	int err;

	memset(device, 0, sizeof(*device));
	mytun_options_init(&options);
	choose(settings->layer, &options);
	options.name = settings->name;
	options.flags = (settings->tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI;
	/* A tun that does not know it drops, and takes no offence. */
	if (settings->backpressure)
		options.flags |= IFF_BACKPRESSURE;
	if (settings->vnet_hdr) {
		options.flags |= IFF_VNET_HDR;
		options.vnet_hdr_size = VNET_HDR_SIZE;
		device->vnet_hdr_size = VNET_HDR_SIZE;
	}
	options.queue_flags = settings->hash ? MYTUN_Q_HASH : 0;
	options.rx_size = settings->ring_size;
	options.tx_size = settings->ring_size;
	options.head_room = settings->head_room;
	options.tail_room = settings->tail_room;
	options.drive = settings->drive;
	options.drive_flags = settings->drive_flags;
	options.poll_us = settings->poll_us;
	err = open_queues(device, settings, &options);
	if (err) {
		warnx("%s: %s", settings->name ? settings->name : "device",
		      explain(err, settings));
		return err;
	}
	device->queues = settings->queues;
	err = mytun_interface(device->queue[0], device->name);
	if (!err && settings->wake_usecs)
		err = moderate(device, settings);
	if (!err)
		err = configure(device, settings);
	if (!err && settings->drive == MYTUN_DRIVE_LENT &&
	    mytun_mode(device->queue[0]) == MYTUN_MODE_RING)
		err = start_lenders(device);
	if (err)
		device_close(device);
	return err;
}

/*
 * A thread that is not yet, or no longer, in the driver misses the signal: it
 * is sent until the thread has ended.
 */
static void stop_lender(pthread_t thread)
{
	struct timespec until;

	do {
		pthread_kill(thread, SIGUSR2);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 10000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
	} while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

void device_close(struct device *device)
{
	while (device->lent)
		stop_lender(device->lender[--device->lent]);
	while (device->queues)
		mytun_close(device->queue[--device->queues]);
}

void device_count(const struct device *device, struct mytun_counters *sum)
{
	struct mytun_counters one = { .size = sizeof(one) };
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	sum->size = sizeof(*sum);
	for (i = 0; i < device->queues; i++) {
		if (mytun_count(device->queue[i], &one))
			continue;
		sum->reads += one.reads;
		sum->writes += one.writes;
		sum->kicks += one.kicks;
		sum->waits += one.waits;
		sum->refused += one.refused;
		sum->lost += one.lost;
	}
}

void device_json(const struct device *device,
		 const struct device_settings *settings, struct json *json)
{
	struct mytun_counters sum;

	device_count(device, &sum);
	json_string(json, "device", device->name);
	json_string(json, "layer", device_layer_name(settings->layer));
	json_string(json, "mode",
		    mytun_mode_name(mytun_mode(device->queue[0])));
	json_bool(json, "vnet_hdr", settings->vnet_hdr);
	json_number(json, "queues", device->queues);
	json_object(json, "calls");
	json_number(json, "reads", sum.reads);
	json_number(json, "writes", sum.writes);
	json_number(json, "kicks", sum.kicks);
	json_number(json, "waits", sum.waits);
	json_object_end(json);
	json_number(json, "refused", sum.refused);
	json_number(json, "lost", sum.lost);
}
