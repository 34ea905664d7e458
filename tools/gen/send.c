// SPDX-License-Identifier: GPL-2.0
/* tx: packets that are generated, or read from a capture, into the device. */
#include <errno.h>
#include <mytun.h>
#include <stdlib.h>
#include <string.h>

#include "../common/processor.h"
#include "capture.h"
#include "worker.h"

/* The flows of a worker, and the next number of each. */
struct flows {
	unsigned int first, count, at;
	uint64_t *number;
};

/* Flow f is of worker f modulo their number, and there is one for each. */
static int own_flows(const struct worker *worker, struct flows *flows)
{
	const struct work *work = worker->work;
	unsigned int queues = work->device.queues;
	unsigned int all = work->options->plan.flows;

	flows->first = worker->index;
	flows->count = (all + queues - 1 - worker->index) / queues;
	flows->at = 0;
	flows->number = calloc(flows->count, sizeof(*flows->number));
	return flows->number ? 0 : -ENOMEM;
}

/* Until there is room for records. Return: 0, or what the library says. */
static int wait_room(struct worker *worker)
{
	int got;

	counter_add(&worker->counters.sleeps, 1);
	got = mytun_wait(worker->queue, MYTUN_WAIT_TX, WAIT_NS);
	return got < 0 && got != -EINTR ? got : 0;
}

static void count_sent(struct worker *worker, unsigned int packets,
		       uint64_t bytes, uint64_t segments)
{
	counter_add(&worker->counters.packets, packets);
	counter_add(&worker->counters.bytes, bytes);
	counter_add(&worker->counters.segments, segments);
	counter_add(&worker->counters.batches, 1);
}

/* All of one length are reserved at once. */
static int reserve(struct worker *worker, struct mytun_record **records,
		   unsigned int count, uint64_t sent)
{
	const struct work *work = worker->work;
	unsigned int made;
	int got = 0;

	if (work->options->plan.sizes == 1)
		return mytun_reserve(worker->queue, records, count,
				     work->template[0].len);
	for (made = 0; made < count; made++) {
		unsigned int size = work->turn[(sent + made) % work->turns];

		got = mytun_reserve(worker->queue, &records[made], 1,
				    work->template[size].len);
		if (got <= 0)
			break;
	}
	return made ? (int)made : got;
}

static void fill(struct worker *worker, struct flows *flows,
		 struct mytun_record **records, unsigned int count,
		 uint64_t sent)
{
	const struct work *work = worker->work;
	const struct packet_plan *plan = &work->options->plan;
	uint64_t bytes = 0, segments = 0, time = 0;
	unsigned int queues = work->device.queues, i;

	if (work->options->timestamps)
		time = processor_clock();
	for (i = 0; i < count; i++) {
		const struct packet_template *template =
			&work->template[work->turn[(sent + i) % work->turns]];
		unsigned int at = flows->at;

		packet_write(plan, template, mytun_data(records[i]),
			     flows->first + at * queues, flows->number[at],
			     time);
		flows->number[at] += template->stamps;
		flows->at = at + 1 < flows->count ? at + 1 : 0;
		bytes += template->len - plan->vnet_hdr_size;
		segments += template->segments;
	}
	count_sent(worker, count, bytes, segments);
}

/* What was submitted and not yet taken gets some time. */
static int drain(struct worker *worker)
{
	unsigned int tries;
	int got;

	for (tries = 0; tries < 20; tries++) {
		got = mytun_wait(worker->queue, MYTUN_WAIT_TX, WAIT_NS);
		if (got && got != -EINTR)
			return got < 0 ? got : 0;
	}
	return -ETIMEDOUT;
}

int send_packets(struct worker *worker)
{
	struct mytun_record *records[BATCH_MAX];
	unsigned int batch = worker->work->options->batch, most;
	uint64_t sent = 0;
	struct flows flows;
	int got = own_flows(worker, &flows);

	while (!got && sent < worker->share) {
		most = worker->share - sent < batch ?
			(unsigned int)(worker->share - sent) : batch;
		most = worker_allowance(worker, sent, most);
		if (!most)
			break;
		got = reserve(worker, records, most, sent);
		if (got > 0) {
			fill(worker, &flows, records, (unsigned int)got, sent);
			sent += (unsigned int)got;
			got = mytun_submit(worker->queue, MYTUN_ALL);
		} else if (!got) {
			got = wait_room(worker);
		}
	}
	free(flows.number);
	return got < 0 ? got : drain(worker);
}

/* One packet of a capture. Return: 1; 0: stopped; a negative errno. */
static int replay_one(struct worker *worker, const struct capture_packet *from)
{
	unsigned int header = worker->work->device.vnet_hdr_size;
	struct mytun_record *record;
	int got;

	while ((got = mytun_reserve(worker->queue, &record, 1,
				    header + from->len)) == 0) {
		got = mytun_submit(worker->queue, MYTUN_ALL);
		if (!got)
			got = wait_room(worker);
		if (got < 0 || worker_stopped(worker))
			return got;
	}
	if (got < 0)
		return got;
	memset(mytun_data(record), 0, header);
	memcpy(mytun_data(record) + header, from->data, from->len);
	return 1;
}

/* All packets of a flow, both directions, are of one worker. */
int replay_packets(struct worker *worker)
{
	const struct capture *capture = worker->work->replay;
	const struct options *options = worker->work->options;
	unsigned int held = 0, queues = worker->work->device.queues;
	uint64_t sent = 0, loop, bytes = 0;
	size_t i;
	int got = 1;

	for (loop = 0; got > 0 && (!options->loops || loop < options->loops);
	     loop++) {
		for (i = 0; got > 0 && i < capture->packets; i++) {
			if (capture->packet[i].hash % queues != worker->index)
				continue;
			if (sent + held >= worker->share ||
			    !worker_allowance(worker, sent + held, 1)) {
				got = 0;
				break;
			}
			got = replay_one(worker, &capture->packet[i]);
			if (got <= 0)
				break;
			bytes += capture->packet[i].len;
			if (++held < options->batch)
				continue;
			count_sent(worker, held, bytes, held);
			sent += held;
			held = 0;
			bytes = 0;
			got = mytun_submit(worker->queue, MYTUN_ALL) ? : 1;
		}
		/* A worker without a packet would go round for ever. */
		if (!sent && !held)
			break;
	}
	if (got >= 0 && held) {
		count_sent(worker, held, bytes, held);
		got = mytun_submit(worker->queue, MYTUN_ALL);
	}
	return got < 0 ? got : drain(worker);
}
