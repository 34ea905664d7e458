// SPDX-License-Identifier: GPL-2.0
/*
 * ping: requests into the device, and the time until each answer comes out of
 * it. ICMP is answered by the stack itself; UDP by whatever program the stack
 * has for that port.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <mytun.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../common/processor.h"
#include "inspect.h"
#include "worker.h"

#define LOOK_NS		1000000	/* how long an answer elsewhere goes unseen */

/*
 * Requests of one worker on the way, by their number modulo the size. Its own
 * queue is not always where the answers come out: any worker books them.
 */
struct flight {
	pthread_mutex_t lock;
	uint64_t *sent;		/* when; 0: answered, or given up */
	unsigned int size;
	unsigned int flying;
	uint64_t number;	/* of the next request */
	uint64_t oldest;	/* none before this one is on the way */
};

struct answer {
	struct worker *worker;
	uint64_t now;
};

/* Return: 0, or -1: nothing of this number is on the way. */
static int land(struct flight *flight, uint64_t number, uint64_t *sent)
{
	uint64_t *cell = &flight->sent[number % flight->size];
	int status = -1;

	pthread_mutex_lock(&flight->lock);
	if (number < flight->number && number >= flight->oldest && *cell) {
		*sent = *cell;
		*cell = 0;
		flight->flying--;
		status = 0;
	}
	pthread_mutex_unlock(&flight->lock);
	return status;
}

/* The flow of a request is the worker that has sent it. */
static void each_answer(void *context, const struct stamp *stamp)
{
	struct answer *answer = context;
	struct worker *worker = answer->worker;
	uint32_t flow = ntohl(stamp->flow);
	uint64_t sent;

	if (flow >= worker->work->device.queues ||
	    land(&worker->work->flight[flow], be64toh(stamp->number), &sent)) {
		counter_add(&worker->counters.late, 1);
		return;
	}
	histogram_add(worker->latency,
		      answer->now > sent ? answer->now - sent : 0);
	counter_add(&worker->counters.packets, 1);
	counter_add(&worker->counters.segments, 1);
}

/* A request that the stack itself sends is none of our answers. */
static bool is_answer(const uint8_t *data, uint32_t len, bool ethernet,
		      unsigned int header)
{
	struct inspect_view view;

	if (inspect_parse(data, len, ethernet, header, &view))
		return false;
	switch (view.protocol) {
	case IPPROTO_ICMP:
		return data[view.l4] == ICMP_ECHOREPLY;
	case IPPROTO_ICMPV6:
		return data[view.l4] == ICMP6_ECHO_REPLY;
	default:
		return view.protocol == IPPROTO_UDP;
	}
}

static int take_answers(struct worker *worker)
{
	const struct options *options = worker->work->options;
	unsigned int header = worker->work->device.vnet_hdr_size;
	struct answer answer = { .worker = worker };
	struct mytun_record *records[BATCH_MAX];
	int got = mytun_peek(worker->queue, records, options->batch), i;

	if (got <= 0)
		return got;
	answer.now = processor_clock();
	for (i = 0; i < got; i++) {
		enum inspect_result result = INSPECT_FOREIGN;
		const uint8_t *data = mytun_data(records[i]);

		if (is_answer(data, records[i]->len, options->device.tap,
			      header))
			result = inspect_packet(data, records[i]->len,
						options->device.tap, header,
						each_answer, &answer);
		if (result == INSPECT_DAMAGED)
			counter_add(&worker->counters.damaged, 1);
		else if (result == INSPECT_FOREIGN)
			counter_add(&worker->counters.foreign, 1);
		else
			counter_add(&worker->counters.bytes,
				    records[i]->len - header);
	}
	return mytun_release(worker->queue, MYTUN_ALL) ? : got;
}

/* Requests that have waited too long are given up, oldest first. */
static void give_up(struct worker *worker, struct flight *flight, uint64_t now)
{
	uint64_t limit = (uint64_t)(worker->work->options->timeout *
				    (double)NS_PER_SECOND);

	pthread_mutex_lock(&flight->lock);
	for (; flight->oldest < flight->number; flight->oldest++) {
		uint64_t *sent = &flight->sent[flight->oldest % flight->size];

		if (!*sent)
			continue;
		if (now - *sent < limit)
			break;
		*sent = 0;
		flight->flying--;
		counter_add(&worker->counters.unanswered, 1);
	}
	pthread_mutex_unlock(&flight->lock);
}

/*
 * As many requests as the window and the rate allow now, with the lock held. They
 * are written, and not yet submitted: none is answered before it is booked.
 * Return: how many, or a negative errno.
 */
static int write_requests(struct worker *worker, struct flight *flight)
{
	const struct options *options = worker->work->options;
	const struct packet_template *template = worker->work->template;
	unsigned int room = options->window - flight->flying, made;
	struct mytun_record *record;
	uint64_t now = processor_clock();
	double due;
	int got;

	for (made = 0; made < room && flight->number < worker->share; made++) {
		due = (double)(now - worker->work->start) * worker->rate /
		      (double)NS_PER_SECOND;
		if (worker->rate > 0 && (double)flight->number >= due)
			break;
		/* The ring of times must not meet its own end. */
		if (flight->number - flight->oldest >= flight->size)
			break;
		got = mytun_reserve(worker->queue, &record, 1, template->len);
		if (got < 0)
			return got;
		if (!got)
			break;
		packet_write(&options->plan, template, mytun_data(record),
			     worker->index, flight->number, 0);
		flight->sent[flight->number++ % flight->size] =
			processor_clock();
		flight->flying++;
	}
	return (int)made;
}

static int ask(struct worker *worker, struct flight *flight)
{
	int made;

	pthread_mutex_lock(&flight->lock);
	made = write_requests(worker, flight);
	pthread_mutex_unlock(&flight->lock);
	if (made <= 0)
		return made;
	counter_add(&worker->counters.batches, 1);
	return mytun_submit(worker->queue, MYTUN_ALL);
}

/*
 * Until an answer, the next request's time, or the end of a patience. What comes
 * out of another queue wakes nobody here.
 */
static int pause_until_next(struct worker *worker)
{
	int64_t ns = worker->work->device.queues > 1 ? LOOK_NS : WAIT_NS / 10;
	int got;

	if (worker->work->options->busy)
		return 0;
	if (worker->rate > 0) {
		double gap = (double)NS_PER_SECOND / worker->rate / 4;

		if (gap < (double)ns)
			ns = (int64_t)gap + 1;
	}
	counter_add(&worker->counters.sleeps, 1);
	got = mytun_wait(worker->queue, MYTUN_WAIT_RX, ns);
	return got < 0 && got != -EINTR ? got : 0;
}

static bool landed(struct flight *flight)
{
	bool none;

	pthread_mutex_lock(&flight->lock);
	none = !flight->flying;
	pthread_mutex_unlock(&flight->lock);
	return none;
}

int ping_prepare(struct work *work)
{
	unsigned int queues = work->device.queues, i;

	work->flight = calloc(queues, sizeof(*work->flight));
	if (!work->flight)
		return -ENOMEM;
	for (i = 0; i < queues; i++) {
		struct flight *flight = &work->flight[i];

		pthread_mutex_init(&flight->lock, NULL);
		flight->size = 4 * work->options->window;
		flight->sent = calloc(flight->size, sizeof(*flight->sent));
		if (!flight->sent)
			return -ENOMEM;
	}
	atomic_store(&work->asking, queues);
	return 0;
}

/* A worker with no requests left still takes the answers of the others. */
int ping_packets(struct worker *worker)
{
	struct work *work = worker->work;
	struct flight *flight = &work->flight[worker->index];
	bool done = false;
	int got = 0;

	while (got >= 0 && !worker_stopped(worker)) {
		if (!done && flight->number >= worker->share &&
		    landed(flight)) {
			done = true;
			atomic_fetch_sub(&work->asking, 1);
		}
		if (!atomic_load(&work->asking))
			break;
		got = ask(worker, flight);
		if (got >= 0)
			got = take_answers(worker);
		give_up(worker, flight, processor_clock());
		if (!got)
			got = pause_until_next(worker);
	}
	return got < 0 ? got : 0;
}
