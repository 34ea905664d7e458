// SPDX-License-Identifier: GPL-2.0
#include "worker.h"

#include <errno.h>
#include <mytun.h>

#include "../common/processor.h"

unsigned int worker_allowance(struct worker *worker, uint64_t sent,
			      unsigned int most)
{
	const uint64_t piece = WAIT_NS;
	uint64_t now, due;
	double allowed;

	if (!(worker->rate > 0))
		return worker_stopped(worker) ? 0 : most;
	while (!worker_stopped(worker)) {
		now = processor_clock();
		allowed = (double)(now - worker->work->start) * worker->rate /
			  (double)NS_PER_SECOND - (double)sent;
		/* What a stall has cost is not caught up with in one burst. */
		if (allowed >= 1)
			return allowed < most ? (unsigned int)allowed : most;
		due = worker->work->start + (uint64_t)((double)(sent + 1) *
			(double)NS_PER_SECOND / worker->rate) + 1;
		processor_until(due < now + piece ? due : now + piece);
	}
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
