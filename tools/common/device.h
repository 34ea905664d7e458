/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device in the layer that the user chose, from the options that the tools
 * have in common.
 */
#ifndef TOOLS_DEVICE_H
#define TOOLS_DEVICE_H

#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "interface.h"

struct json;
struct mytun_counters;
struct mytun_queue;

#define DEVICE_QUEUES_MAX	256
#define DEVICE_ADDRESSES_MAX	8
#define DEVICE_RING_MIN		(128U << 10)	/* for the largest packet */
#define DEVICE_LENGTH_MAX	524288	/* a queue's, in one piece of memory */

enum device_layer {
	LAYER_BEST,		/* the best that the library gets */
	LAYER_RING,
	LAYER_BATCH,
	LAYER_PLAIN,		/* mytun, one packet a call */
	LAYER_TUN,		/* the kernel's own tun, likewise */
};

struct device_settings {
	const char *name;	/* NULL: the kernel chooses */
	enum device_layer layer;
	unsigned int queues;
	bool tap;
	bool vnet_hdr;
	bool offload;		/* checksums and large packets are welcome */
	bool hash;
	uint32_t ring_size;	/* bytes; 0: the library's default */
	uint16_t head_room, tail_room;
	unsigned int drive, drive_flags, poll_us;
	/* Of rings: a sleeping reader is woken for so many, or so long after. */
	unsigned int wake_packets, wake_usecs;	/* both 0: at once */
	unsigned int mtu;	/* 0: as it is */
	unsigned int txqueuelen;	/* 0: as it is */
	bool leave_down;
	bool backpressure;	/* what finds no room waits in the qdisc */
	struct interface_address address[DEVICE_ADDRESSES_MAX];
	unsigned int addresses;
};

struct device {
	char name[IF_NAMESIZE];
	unsigned int queues;
	unsigned int vnet_hdr_size;	/* 0: none */
	unsigned int offload;		/* TUN_F_* that were accepted */
	struct mytun_queue *queue[DEVICE_QUEUES_MAX];
	/* MYTUN_DRIVE_LENT: the threads that the process lends. */
	unsigned int lent;
	pthread_t lender[DEVICE_QUEUES_MAX];
};

/* From a command line. Return: NULL, or what is wrong. */
const char *device_set_name(struct device_settings *settings,
			    const char *name);
const char *device_add_address(struct device_settings *settings,
			       const char *text);
const char *device_set_ring(struct device_settings *settings, uint64_t bytes);

const char *device_set_wake(struct device_settings *settings,
			    const char *text);

/* Return: a layer, or -1. */
int device_layer(const char *name);
const char *device_layer_name(enum device_layer layer);

/* Return: MYTUN_DRIVE_*, or -1. */
int device_drive(const char *name);

/*
 * Open and configure; says on stderr what failed. SIGUSR2 is used for threads
 * that are lent and must not be blocked. Return: 0, or a negative errno.
 */
int device_open(struct device *device, const struct device_settings *settings);
void device_close(struct device *device);

/* The sum of all queues. */
void device_count(const struct device *device, struct mytun_counters *sum);

/* Members: device, layer, mode, queues, and what the counters say. */
void device_json(const struct device *device,
		 const struct device_settings *settings, struct json *json);

#endif
