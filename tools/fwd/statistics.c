// SPDX-License-Identifier: GPL-2.0
#include "statistics.h"

#include <stddef.h>
#include <stdio.h>

#include <mytun.h>

#include "../common/json.h"
#include "../common/processor.h"

#define AT(member)	offsetof(struct fwd_counters, member)

/* Each name in JSON, what it is in words, and where. */
static const struct {
	const char *name, *text;
	size_t offset;
} known[] = {
	{ "out_packets", "packets sent through the tunnel",
	  AT(out_packets) },
	{ "out_bytes", "bytes of them", AT(out_bytes) },
	{ "out_large", "large packets that were cut", AT(out_large) },
	{ "out_calls", "system calls that sent", AT(out_calls) },
	{ "out_messages", "messages of them, each one datagram or many",
	  AT(out_messages) },
	{ "out_unready", "not sent: no session yet", AT(out_unready) },
	{ "out_too_long", "not sent: longer than the path carries",
	  AT(out_too_long) },
	{ "out_malformed", "not sent: the device's header makes no sense",
	  AT(out_malformed) },
	{ "out_errors", "not sent: the socket refused", AT(out_errors) },
	{ "in_packets", "packets received through the tunnel",
	  AT(in_packets) },
	{ "in_bytes", "bytes of them", AT(in_bytes) },
	{ "in_merged", "packets that were merged into larger ones",
	  AT(in_merged) },
	{ "in_calls", "system calls that received", AT(in_calls) },
	{ "in_messages", "messages of them, each one datagram or many",
	  AT(in_messages) },
	{ "in_no_room", "not delivered: the device had no room",
	  AT(in_no_room) },
	{ "refused_address", "refused: from another address",
	  AT(refused_address) },
	{ "refused_kind", "refused: of no kind that is expected, or cut",
	  AT(refused_kind) },
	{ "refused_session", "refused: of another session",
	  AT(refused_session) },
	{ "refused_forged", "refused: tampered with, or of another key",
	  AT(refused_forged) },
	{ "refused_replayed", "refused: seen before, or too old",
	  AT(refused_replayed) },
	{ "sleeps", "times that a thread slept", AT(sleeps) },
};

#define KNOWN	(sizeof(known) / sizeof(*known))

static uint64_t get(struct tunnel_worker *worker, unsigned int index)
{
	char *counters = (char *)&worker->counters;

	void *counter = counters + known[index].offset;

	return atomic_load_explicit((atomic_uint_least64_t *)counter,
				    memory_order_relaxed);
}

static uint64_t sum(struct tunnel *tunnel, struct tunnel_worker *workers,
		    unsigned int index)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < tunnel->device.queues; i++)
		all += get(&workers[i], index);
	return all;
}

static uint64_t cpu_ns(struct tunnel *tunnel, struct tunnel_worker *workers)
{
	struct timespec used;
	uint64_t all = 0;
	unsigned int i;
	clockid_t clock;

	for (i = 0; i < tunnel->device.queues; i++) {
		/* It is set when the thread ends; until then its clock runs. */
		if (workers[i].cpu_ns)
			all += workers[i].cpu_ns;
		else if (!pthread_getcpuclockid(workers[i].thread, &clock) &&
			 !clock_gettime(clock, &used))
			all += (uint64_t)used.tv_sec * NS_PER_SECOND +
			       (uint64_t)used.tv_nsec;
	}
	return all;
}

static void print_json(struct tunnel *tunnel, struct tunnel_worker *workers,
		       double seconds)
{
	struct json json;
	unsigned int i, queue;

	json_start(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "program", "mytun-fwd");
	json_string(&json, "version", mytun_version());
	device_json(&tunnel->device, &tunnel->settings, &json);
	json_bool(&json, "sealed", tunnel->sealed);
	json_bool(&json, "session", session_established(&tunnel->session));
	json_bool(&json, "udp_segment", tunnel->udp_segment);
	json_bool(&json, "udp_gro", tunnel->sockets.gro);
	json_number(&json, "mtu", tunnel->settings.mtu);
	json_real(&json, "seconds", seconds);
	json_number(&json, "cpu_ns", cpu_ns(tunnel, workers));
	json_object(&json, "counters");
	for (i = 0; i < KNOWN; i++)
		json_number(&json, known[i].name, sum(tunnel, workers, i));
	json_object_end(&json);
	json_array(&json, "by_queue");
	for (queue = 0; queue < tunnel->device.queues; queue++) {
		json_object(&json, NULL);
		for (i = 0; i < KNOWN; i++)
			json_number(&json, known[i].name,
				    get(&workers[queue], i));
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	json_finish(&json);
}

void statistics_print(struct tunnel *tunnel, struct tunnel_worker *workers,
		      uint64_t start, bool json)
{
	double seconds = (double)(processor_clock() - start) / 1e9;
	unsigned int i;

	if (json) {
		print_json(tunnel, workers, seconds);
		return;
	}
	printf("%s, %s, %u queue%s, %.3f s%s\n", tunnel->device.name,
	       tunnel->settings.layer == LAYER_TUN ? "tun" :
	       mytun_mode_name(mytun_mode(tunnel->device.queue[0])),
	       tunnel->device.queues, tunnel->device.queues == 1 ? "" : "s",
	       seconds, !tunnel->sealed ? "" :
	       session_established(&tunnel->session) ? ", sealed" :
	       ", no session yet");
	for (i = 0; i < KNOWN; i++) {
		uint64_t value = sum(tunnel, workers, i);

		if (value)
			printf("%16llu  %s\n", (unsigned long long)value,
			       known[i].text);
	}
}
