// SPDX-License-Identifier: GPL-2.0
/* tx: the packets of a capture into the device, as fast as was asked for. */
#include <errno.h>
#include <mytun.h>
#include <string.h>

#include "../common/processor.h"
#include "capture.h"
#include "worker.h"

struct replay {
	struct worker *worker;
	uint64_t sent;		/* submitted */
	unsigned int held;	/* written, not yet submitted */
	uint64_t bytes;		/* of them */
};

static int submit(struct replay *replay)
{
	struct worker *worker = replay->worker;

	if (!replay->held)
		return 0;
	worker_sent(worker, replay->held, replay->bytes, replay->held);
	replay->sent += replay->held;
	replay->held = 0;
	replay->bytes = 0;
	return mytun_submit(worker->queue, MYTUN_ALL);
}

/* Return: 1; 0: stopped; a negative errno. */
static int write_one(struct replay *replay, const struct capture_packet *from)
{
	struct worker *worker = replay->worker;
	unsigned int header = worker->work->device.vnet_hdr_size;
	struct mytun_record *record;
	int got;

	while ((got = mytun_reserve(worker->queue, &record, 1,
				    header + from->len)) == 0) {
		got = submit(replay);
		if (!got)
			got = worker_wait_tx(worker);
		if (got < 0 || worker_stopped(worker))
			return got;
	}
	if (got < 0)
		return got;
	memset(mytun_data(record), 0, header);
	memcpy(mytun_data(record) + header, from->data, from->len);
	replay->bytes += from->len;
	replay->held++;
	return 1;
}

/*
 * Until a packet is due, by its time in the capture or by a rate. What is held
 * does not wait for it. Return: as above.
 */
static int pace(struct replay *replay, uint64_t loop,
		const struct capture_packet *packet)
{
	struct worker *worker = replay->worker;
	const struct work *work = worker->work;
	uint64_t due;
	int err;

	if (work->options->speed > 0)
		due = work->start + (uint64_t)((double)(loop *
			work->replay->length + packet->time) /
			work->options->speed);
	else if (worker->rate > 0)
		due = worker_due(worker, replay->sent + replay->held);
	else
		return !worker_stopped(worker);
	if (processor_clock() < due) {
		err = submit(replay);
		if (err < 0)
			return err;
	}
	return worker_until(worker, due);
}

/* All packets of a flow, both directions, are of one worker. */
static int play(struct replay *replay, uint64_t loop)
{
	struct worker *worker = replay->worker;
	const struct capture *capture = worker->work->replay;
	const struct capture_packet *packet = capture->packet, *end;
	int got = 1;

	for (end = packet + capture->packets; got > 0 && packet < end;
	     packet++) {
		if (packet->hash % worker->work->device.queues != worker->index)
			continue;
		if (replay->sent + replay->held >= worker->share)
			return 0;
		got = pace(replay, loop, packet);
		if (got > 0)
			got = write_one(replay, packet);
		if (got > 0 && replay->held == worker->work->options->batch)
			got = submit(replay) ? : 1;
	}
	return got;
}

int replay_packets(struct worker *worker)
{
	const struct options *options = worker->work->options;
	struct replay replay = { .worker = worker };
	uint64_t loop;
	int got = 1;

	for (loop = 0; got > 0 && (!options->loops || loop < options->loops);
	     loop++) {
		got = play(&replay, loop);
		/* A worker without a packet would go round for ever. */
		if (!replay.sent && !replay.held)
			break;
	}
	if (got >= 0)
		got = submit(&replay);
	return got < 0 ? got : worker_drain(worker);
}
