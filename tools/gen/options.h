/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GEN_OPTIONS_H
#define GEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/device.h"
#include "packet.h"

enum function {
	FUNCTION_TX,
	FUNCTION_RX,
	FUNCTION_ECHO,
	FUNCTION_PING,
};

/* Exit status. */
enum {
	DONE = 0,
	FAILED = 1,
	USAGE = 2,
	INCOMPLETE = 3,		/* packets were damaged, or did not come */
};

struct options {
	enum function function;
	struct device_settings device;
	struct packet_plan plan;
	unsigned int batch;
	uint64_t count;		/* packets; 0: no limit */
	double seconds;		/* 0: no limit */
	double rate;		/* packets a second; 0: no limit */
	unsigned int window;	/* ping: on the way at most */
	double timeout;		/* ping: seconds */
	double speed;		/* times as fast as a capture; 0: by rate */
	uint64_t loops;		/* times to play a capture; 0: no limit */
	const char *pcap_in, *pcap_out;
	bool verify;
	bool timestamps;
	bool busy;
	bool quiet;
	bool json;
	unsigned int cpu[DEVICE_QUEUES_MAX];
	unsigned int cpus;	/* 0: threads are not pinned */
};

const char *function_name(enum function function);

/* Ends the program where they make no sense, or only help was asked for. */
void options_parse(struct options *options, int argc, char **argv);

#endif
