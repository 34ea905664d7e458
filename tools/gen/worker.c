// SPDX-License-Identifier: GPL-2.0
#include "worker.h"

#include <errno.h>
#include <mytun.h>

#include "../common/processor.h"

bool work_take(struct work *work)
{
	uint64_t before, wanted = work->options->count;

	if (!wanted)
		return true;
	before = atomic_fetch_add(&work->received, 1);
	if (before + 1 >= wanted)
		atomic_store(&work->stop, true);
	return before < wanted;
}

bool worker_until(struct worker *worker, uint64_t due)
{
	uint64_t now;

	while (!worker_stopped(worker)) {
		now = processor_clock();
		if (now >= due)
			return true;
		/* In pieces, so that a stop is seen. */
		processor_until(due < now + WAIT_NS ? due : now + WAIT_NS);
	}
	return false;
}

uint64_t worker_due(struct worker *worker, uint64_t sent)
{
	return worker->work->start + (uint64_t)((double)(sent + 1) *
		(double)NS_PER_SECOND / worker->rate) + 1;
}

unsigned int worker_allowance(struct worker *worker, uint64_t sent,
			      unsigned int most)
{
	uint64_t now;
	double allowed;

	if (!(worker->rate > 0))
		return worker_stopped(worker) ? 0 : most;
	do {
		now = processor_clock();
		allowed = (double)(now - worker->work->start) * worker->rate /
			  (double)NS_PER_SECOND - (double)sent;
		/* What a stall has cost is not caught up with in one burst. */
		if (allowed >= 1)
			return allowed < most ? (unsigned int)allowed : most;
	} while (worker_until(worker, worker_due(worker, sent)));
	return 0;
}

int worker_wait_rx(struct worker *worker)
{
	int got;

	if (worker->work->options->busy)
		return 0;
	counter_add(&worker->counters.sleeps, 1);
	got = mytun_wait(worker->queue, MYTUN_WAIT_RX, WAIT_NS);
	return got < 0 && got != -EINTR ? got : 0;
}

int worker_wait_tx(struct worker *worker)
{
	int got;

	counter_add(&worker->counters.sleeps, 1);
	got = mytun_wait(worker->queue, MYTUN_WAIT_TX, WAIT_NS);
	return got < 0 && got != -EINTR ? got : 0;
}

void worker_sent(struct worker *worker, unsigned int packets, uint64_t bytes,
		 uint64_t segments)
{
	counter_add(&worker->counters.packets, packets);
	counter_add(&worker->counters.bytes, bytes);
	counter_add(&worker->counters.segments, segments);
	counter_add(&worker->counters.batches, 1);
}

int worker_drain(struct worker *worker)
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
