// SPDX-License-Identifier: GPL-2.0
/* tx: packets that are generated, into the device. */
#include <errno.h>
#include <mytun.h>
#include <stdlib.h>
#include <string.h>

#include "../common/processor.h"
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
	worker_sent(worker, count, bytes, segments);
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
			got = worker_wait_tx(worker);
		}
	}
	free(flows.number);
	return got < 0 ? got : worker_drain(worker);
}
