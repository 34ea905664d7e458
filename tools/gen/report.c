// SPDX-License-Identifier: GPL-2.0
#include "report.h"

#include <mytun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json.h"
#include "../common/processor.h"

/* All workers' counters, as plain numbers. */
struct sum {
	uint64_t packets, bytes, segments, batches, sleeps;
	uint64_t stamped, foreign, damaged, gaps, disordered;
	uint64_t unanswered, late, cpu_ns;
};

static const struct {
	const char *name;
	double share;
} percentiles[] = {
	{ "p50", 0.5 }, { "p99", 0.99 }, { "p99.9", 0.999 },
};

#define PERCENTILES	(sizeof(percentiles) / sizeof(*percentiles))

static void add(struct sum *sum, struct worker *worker)
{
	struct counters *counters = &worker->counters;

	sum->packets += counter_get(&counters->packets);
	sum->bytes += counter_get(&counters->bytes);
	sum->segments += counter_get(&counters->segments);
	sum->batches += counter_get(&counters->batches);
	sum->sleeps += counter_get(&counters->sleeps);
	sum->stamped += counter_get(&counters->stamped);
	sum->foreign += counter_get(&counters->foreign);
	sum->damaged += counter_get(&counters->damaged);
	sum->gaps += counter_get(&counters->gaps);
	sum->disordered += counter_get(&counters->disordered);
	sum->unanswered += counter_get(&counters->unanswered);
	sum->late += counter_get(&counters->late);
	sum->cpu_ns += worker->cpu_ns;
}

static void add_all(struct sum *sum, struct report *report)
{
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < report->work->device.queues; i++)
		add(sum, &report->workers[i]);
}

/* A number with three digits or so, and its unit. */
static const char *scaled(double value, const char *unit, char *text,
			  size_t size)
{
	static const char *const prefix[] = { "", "k", "M", "G", "T" };
	unsigned int i = 0;

	while (value >= 1000 && i < sizeof(prefix) / sizeof(*prefix) - 1) {
		value /= 1000;
		i++;
	}
	snprintf(text, size, value < 10 ? "%.2f %s%s" : value < 100 ?
		 "%.1f %s%s" : "%.0f %s%s", value, prefix[i], unit);
	return text;
}

void report_start(struct report *report, struct work *work,
		  struct worker *workers)
{
	memset(report, 0, sizeof(*report));
	report->work = work;
	report->workers = workers;
	report->shown = work->start;
}

void report_progress(struct report *report)
{
	const struct options *options = report->work->options;
	uint64_t now = processor_clock(), packets, batches;
	char rate[32], bits[32];
	struct sum sum;
	double seconds;

	add_all(&sum, report);
	seconds = (double)(now - report->shown) / 1e9;
	packets = sum.packets - report->packets;
	batches = sum.batches - report->batches;
	fprintf(stderr, "%8.3f s  %s  %s  %llu packets, %.1f a batch",
		(double)(now - report->work->start) / 1e9,
		scaled((double)packets / seconds, "pps", rate, sizeof(rate)),
		scaled((double)(sum.bytes - report->bytes) * 8 / seconds,
		       "bit/s", bits, sizeof(bits)),
		(unsigned long long)sum.packets,
		batches ? (double)packets / (double)batches : 0.0);
	if (options->verify)
		fprintf(stderr, ", %llu damaged, %llu missing",
			(unsigned long long)sum.damaged,
			(unsigned long long)sum.gaps);
	if (options->function == FUNCTION_PING)
		fprintf(stderr, ", %llu unanswered",
			(unsigned long long)sum.unanswered);
	fputc('\n', stderr);
	report->packets = sum.packets;
	report->bytes = sum.bytes;
	report->batches = sum.batches;
	report->shown = now;
}

static bool has_latency(const struct options *options,
			const struct histogram *latency)
{
	return options->function == FUNCTION_PING || latency->count;
}

static void json_counters(struct json *json, const struct sum *sum)
{
	json_number(json, "packets", sum->packets);
	json_number(json, "segments", sum->segments);
	json_number(json, "bytes", sum->bytes);
	json_number(json, "batches", sum->batches);
	json_number(json, "sleeps", sum->sleeps);
	json_number(json, "cpu_ns", sum->cpu_ns);
}

static void json_latency(struct json *json, const struct histogram *latency)
{
	unsigned int i;

	json_object(json, "latency_ns");
	json_number(json, "count", latency->count);
	json_number(json, "min", latency->least);
	json_real(json, "mean", latency->count ? (double)latency->sum /
		  (double)latency->count : 0);
	for (i = 0; i < PERCENTILES; i++)
		json_number(json, percentiles[i].name,
			    histogram_at(latency, percentiles[i].share));
	json_number(json, "max", latency->most);
	json_object_end(json);
}

static void summary_json(struct report *report, const struct sum *sum,
			 const struct histogram *latency, double seconds,
			 int status)
{
	const struct options *options = report->work->options;
	struct json json;
	unsigned int i;

	json_start(&json, stdout);
	json_object(&json, NULL);
	json_string(&json, "program", "mytun-gen");
	json_string(&json, "version", mytun_version());
	json_string(&json, "function", function_name(options->function));
	device_json(&report->work->device, &options->device, &json);
	json_real(&json, "seconds", seconds);
	json_counters(&json, sum);
	json_real(&json, "packets_per_second", (double)sum->packets / seconds);
	json_real(&json, "bits_per_second", (double)sum->bytes * 8 / seconds);
	if (options->verify) {
		json_object(&json, "verify");
		json_number(&json, "stamped", sum->stamped);
		json_number(&json, "foreign", sum->foreign);
		json_number(&json, "damaged", sum->damaged);
		json_number(&json, "missing", sum->gaps);
		json_number(&json, "disordered", sum->disordered);
		json_object_end(&json);
	}
	if (options->function == FUNCTION_ECHO)
		json_number(&json, "ignored", sum->foreign);
	if (options->function == FUNCTION_PING) {
		json_number(&json, "unanswered", sum->unanswered);
		json_number(&json, "late", sum->late);
		json_number(&json, "damaged", sum->damaged);
	}
	if (has_latency(options, latency))
		json_latency(&json, latency);
	json_array(&json, "by_queue");
	for (i = 0; i < report->work->device.queues; i++) {
		struct sum one = { 0 };

		add(&one, &report->workers[i]);
		json_object(&json, NULL);
		json_counters(&json, &one);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_number(&json, "status", (uint64_t)status);
	json_object_end(&json);
	json_finish(&json);
}

static void print_calls(const struct report *report, const struct sum *sum)
{
	struct mytun_counters calls;

	device_count(&report->work->device, &calls);
	printf("calls     %llu reads, %llu writes, %llu kicks, %llu sleeps",
	       (unsigned long long)calls.reads,
	       (unsigned long long)calls.writes,
	       (unsigned long long)calls.kicks,
	       (unsigned long long)calls.waits);
	if (sum->packets)
		printf("; %.3f a packet",
		       (double)(calls.reads + calls.writes + calls.kicks +
				calls.waits) / (double)sum->packets);
	printf("\n");
	if (calls.refused || calls.lost)
		printf("not taken %llu refused, %llu lost for want of room\n",
		       (unsigned long long)calls.refused,
		       (unsigned long long)calls.lost);
}

static void print_content(const struct sum *sum)
{
	printf("content   %llu right, %llu damaged, %llu missing, ",
	       (unsigned long long)sum->stamped,
	       (unsigned long long)sum->damaged,
	       (unsigned long long)sum->gaps);
	printf("%llu out of order, %llu foreign\n",
	       (unsigned long long)sum->disordered,
	       (unsigned long long)sum->foreign);
}

static void summary_text(struct report *report, const struct sum *sum,
			 const struct histogram *latency, double seconds)
{
	const struct options *options = report->work->options;
	const struct device *device = &report->work->device;
	char rate[32], bits[32];
	unsigned int i;

	printf("%s on %s, %s, %u queue%s\n", function_name(options->function),
	       device->name, options->device.layer == LAYER_TUN ? "tun" :
	       mytun_mode_name(mytun_mode(device->queue[0])), device->queues,
	       device->queues == 1 ? "" : "s");
	printf("packets   %llu in %.3f s, %s, %s",
	       (unsigned long long)sum->packets, seconds,
	       scaled((double)sum->packets / seconds, "pps", rate,
		      sizeof(rate)),
	       scaled((double)sum->bytes * 8 / seconds, "bit/s", bits,
		      sizeof(bits)));
	if (sum->segments != sum->packets)
		printf(", %llu segments", (unsigned long long)sum->segments);
	printf("\n");
	print_calls(report, sum);
	if (sum->packets)
		printf("cpu       %.0f ns a packet\n",
		       (double)sum->cpu_ns / (double)sum->packets);
	if (options->verify)
		print_content(sum);
	if (options->function == FUNCTION_ECHO && sum->foreign)
		printf("ignored   %llu\n", (unsigned long long)sum->foreign);
	if (options->function == FUNCTION_PING)
		printf("answers   %llu, %llu unanswered, %llu late, %llu damaged\n",
		       (unsigned long long)sum->packets,
		       (unsigned long long)sum->unanswered,
		       (unsigned long long)sum->late,
		       (unsigned long long)sum->damaged);
	if (!has_latency(options, latency))
		return;
	printf("latency   min %.1f us", (double)latency->least / 1e3);
	for (i = 0; i < PERCENTILES; i++)
		printf(", %s %.1f", percentiles[i].name,
		       (double)histogram_at(latency, percentiles[i].share) /
		       1e3);
	printf(", max %.1f us\n", (double)latency->most / 1e3);
}

/* What was asked for, and did not come about. */
static int judge(struct report *report, const struct sum *sum)
{
	const struct options *options = report->work->options;
	uint64_t counted = options->verify ? sum->stamped : sum->packets;
	struct mytun_counters calls;
	unsigned int i;

	for (i = 0; i < report->work->device.queues; i++) {
		if (report->workers[i].error)
			return FAILED;
	}
	device_count(&report->work->device, &calls);
	if (sum->damaged || sum->unanswered || calls.refused)
		return INCOMPLETE;
	/* A capture may have fewer. */
	if (options->count && counted < options->count && !options->pcap_in)
		return INCOMPLETE;
	return DONE;
}

int report_summary(struct report *report, bool failed)
{
	const struct options *options = report->work->options;
	uint64_t end = processor_clock();
	struct histogram *latency = calloc(1, sizeof(*latency));
	double seconds = (double)(end - report->work->start) / 1e9;
	struct sum sum;
	unsigned int i;
	int status;

	if (!latency)
		return FAILED;
	add_all(&sum, report);
	for (i = 0; i < report->work->device.queues; i++)
		histogram_merge(latency, report->workers[i].latency);
	status = failed ? FAILED : judge(report, &sum);
	if (options->json)
		summary_json(report, &sum, latency, seconds, status);
	else
		summary_text(report, &sum, latency, seconds);
	free(latency);
	return status;
}
