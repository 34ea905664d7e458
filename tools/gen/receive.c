// SPDX-License-Identifier: GPL-2.0
/* rx: packets that the stack sends, counted, checked, captured. */
#include <arpa/inet.h>
#include <endian.h>
#include <mytun.h>
#include <stdlib.h>
#include <string.h>

#include "../common/processor.h"
#include "capture.h"
#include "inspect.h"
#include "worker.h"

/* Numbers of a flow rise; what another queue got of it counts as a gap. */
static void each_stamp(void *context, const struct stamp *stamp)
{
	struct worker *worker = context;
	uint64_t number = be64toh(stamp->number), time = be64toh(stamp->time);
	uint32_t flow = ntohl(stamp->flow);

	if (time) {
		uint64_t now = processor_clock();

		if (now > time)
			histogram_add(worker->latency, now - time);
	}
	if (flow >= PACKET_FLOWS_MAX)
		return;
	if (number < worker->next[flow]) {
		counter_add(&worker->counters.disordered, 1);
		return;
	}
	if (number > worker->next[flow])
		counter_add(&worker->counters.gaps,
			    number - worker->next[flow]);
	worker->next[flow] = number + 1;
}

static enum inspect_result verify(struct worker *worker,
				  struct mytun_record *record)
{
	const struct options *options = worker->work->options;
	struct counters *counters = &worker->counters;
	enum inspect_result result;

	result = inspect_packet(mytun_data(record), record->len,
				options->device.tap,
				worker->work->device.vnet_hdr_size, each_stamp,
				worker);
	switch (result) {
	case INSPECT_STAMPED:
		counter_add(&counters->stamped, 1);
		break;
	case INSPECT_FOREIGN:
		counter_add(&counters->foreign, 1);
		break;
	case INSPECT_DAMAGED:
		counter_add(&counters->damaged, 1);
		break;
	}
	return result;
}

static unsigned int segments_in(const struct worker *worker,
				struct mytun_record *record)
{
	unsigned int header = worker->work->device.vnet_hdr_size;
	struct inspect_view view;

	if (!header || inspect_parse(mytun_data(record), record->len,
				     worker->work->options->device.tap, header,
				     &view) ||
	    !view.gso_size || view.end <= view.payload)
		return 1;
	return (view.end - view.payload - 1) / view.gso_size + 1;
}

/* Verified, only packets of ours go into the count, but all are counted. */
static void look(struct worker *worker, struct mytun_record **records,
		 unsigned int count)
{
	struct work *work = worker->work;
	unsigned int header = work->device.vnet_hdr_size, i;
	uint64_t bytes = 0, segments = 0;
	bool ours = true;

	for (i = 0; i < count; i++) {
		struct mytun_record *record = records[i];

		if (work->options->verify)
			ours = verify(worker, record) == INSPECT_STAMPED;
		if (ours && !work_take(work))
			break;
		bytes += record->len - header;
		segments += segments_in(worker, record);
		/* Why it fails is told when the capture is closed. */
		if (work->writer &&
		    capture_write(work->writer, mytun_data(record) + header,
				  record->len - header))
			atomic_store(&work->stop, true);
	}
	counter_add(&worker->counters.packets, i);
	counter_add(&worker->counters.bytes, bytes);
	counter_add(&worker->counters.segments, segments);
	counter_add(&worker->counters.batches, 1);
}

int receive_packets(struct worker *worker)
{
	struct mytun_record *records[BATCH_MAX];
	unsigned int batch = worker->work->options->batch;
	int got = 0;

	while (got >= 0 && !worker_stopped(worker)) {
		got = mytun_peek(worker->queue, records, batch);
		if (got > 0) {
			look(worker, records, (unsigned int)got);
			got = mytun_release(worker->queue, MYTUN_ALL);
		} else if (!got) {
			got = worker_wait_rx(worker);
		}
	}
	return got < 0 ? got : 0;
}
