// SPDX-License-Identifier: GPL-2.0
/*
 * mytun-gen: a generator and sink of packets for TUN/TAP devices, over each way
 * that the driver has for them.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/output.h"
#include "../common/processor.h"
#include "capture.h"
#include "options.h"
#include "report.h"
#include "worker.h"

static worker_function *function(const struct options *options)
{
	switch (options->function) {
	case FUNCTION_RX:
		return receive_packets;
	case FUNCTION_ECHO:
		return echo_packets;
	case FUNCTION_PING:
		return ping_packets;
	default:
		return options->pcap_in ? replay_packets : send_packets;
	}
}

static void *run(void *argument)
{
	struct worker *worker = argument;
	struct work *work = worker->work;
	const struct options *options = work->options;

	if (options->cpus)
		worker->error = processor_pin(options->cpu[worker->index]);
	if (!worker->error)
		worker->error = function(options)(worker);
	worker->cpu_ns = processor_time();
	/* One that fails ends the others. */
	if (worker->error)
		atomic_store(&work->stop, true);
	atomic_fetch_sub(&work->running, 1);
	return NULL;
}

/* Sizes in turn, as often as their weights say. */
static void make_templates(struct work *work)
{
	const struct packet_plan *plan = &work->options->plan;
	unsigned int i, round, any = 1;

	for (i = 0; i < plan->sizes; i++) {
		if (packet_template(plan, plan->size[i], &work->template[i]))
			errx(FAILED, "no memory for packets of %u bytes",
			     plan->size[i]);
	}
	for (round = 0; any; round++) {
		any = 0;
		for (i = 0; i < plan->sizes; i++) {
			if (round >= plan->weight[i])
				continue;
			work->turn[work->turns++] = i;
			any = 1;
		}
	}
}

/*
 * The part of a count that each worker sends. What comes is not spread so evenly:
 * rx and echo count all together.
 */
static uint64_t share(const struct options *options, unsigned int index)
{
	unsigned int queues = options->device.queues;

	if (!options->count || options->function == FUNCTION_RX ||
	    options->function == FUNCTION_ECHO)
		return UINT64_MAX;
	return options->count / queues + (index < options->count % queues);
}

static struct worker *make_workers(struct work *work)
{
	const struct options *options = work->options;
	unsigned int queues = work->device.queues, i;
	struct worker *workers = aligned_alloc(64, queues * sizeof(*workers));

	if (!workers)
		err(FAILED, NULL);
	memset(workers, 0, queues * sizeof(*workers));
	for (i = 0; i < queues; i++) {
		workers[i].work = work;
		workers[i].queue = work->device.queue[i];
		workers[i].index = i;
		workers[i].share = share(options, i);
		workers[i].rate = options->rate / queues;
		workers[i].latency = calloc(1, sizeof(struct histogram));
		if (options->verify)
			workers[i].next = calloc(PACKET_FLOWS_MAX,
						 sizeof(uint64_t));
		if (!workers[i].latency ||
		    (options->verify && !workers[i].next))
			err(FAILED, NULL);
	}
	return workers;
}

static void start(struct work *work, struct worker *workers)
{
	unsigned int i;
	int error;

	work->start = processor_clock();
	atomic_store(&work->running, work->device.queues);
	for (i = 0; i < work->device.queues; i++) {
		error = pthread_create(&workers[i].thread, NULL, run,
				       &workers[i]);
		if (error)
			errx(FAILED, "a thread: %s", strerror(error));
	}
}

/* Until all workers have ended, a signal came, or the time is over. */
static void watch(struct work *work, struct report *report,
		  const sigset_t *signals)
{
	const struct options *options = work->options;
	const struct timespec piece = { .tv_nsec = WAIT_NS / 2 };
	uint64_t line = work->start + NS_PER_SECOND, end = UINT64_MAX, now;

	if (options->seconds > 0)
		end = work->start + (uint64_t)(options->seconds * 1e9);
	while (atomic_load(&work->running)) {
		if (sigtimedwait(signals, NULL, &piece) >= 0)
			atomic_store(&work->stop, true);
		now = processor_clock();
		if (now >= end)
			atomic_store(&work->stop, true);
		if (now >= line) {
			if (!options->quiet)
				report_progress(report);
			line += NS_PER_SECOND;
		}
	}
}

static void join(struct work *work, struct worker *workers)
{
	unsigned int i;

	for (i = 0; i < work->device.queues; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].error)
			warnx("%s, queue %u: %s", work->device.name, i,
			      strerror(-workers[i].error));
	}
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct work work;
	struct capture capture = { 0 };
	struct worker *workers;
	struct report report;
	sigset_t signals;
	bool failed;
	int status;

	output_begin();
	options_parse(&options, argc, argv);
	work.options = &options;
	if (device_open(&work.device, &options.device))
		return FAILED;
	options.plan.vnet_hdr_size = work.device.vnet_hdr_size;
	if (options.pcap_in) {
		if (capture_read(&capture, options.pcap_in,
				 options.device.tap))
			return FAILED;
		if (capture.left_out)
			warnx("%s: %zu packets are left out", options.pcap_in,
			      capture.left_out);
		work.replay = &capture;
	} else {
		make_templates(&work);
	}
	if (options.pcap_out) {
		/* Where it is a pipe that nobody reads any more. */
		signal(SIGPIPE, SIG_IGN);
		work.writer = capture_create(options.pcap_out,
					     options.device.tap);
		if (!work.writer)
			return FAILED;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (options.function == FUNCTION_PING && ping_prepare(&work))
		errx(FAILED, "no memory for the requests on the way");
	workers = make_workers(&work);
	start(&work, workers);
	report_start(&report, &work, workers);
	watch(&work, &report, &signals);
	join(&work, workers);
	/* Before the summary, which tells whether it is whole. */
	failed = work.writer && capture_close(work.writer);
	status = report_summary(&report, failed);
	if (output_check())
		status = FAILED;
	device_close(&work.device);
	return status;
}
