// SPDX-License-Identifier: GPL-2.0
#include "tunnel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <mytun.h>

#include "../common/processor.h"

#define GREETING_GAP	(NS_PER_SECOND / 2)

unsigned int tunnel_overhead(bool sealed)
{
	return sealed ? sizeof(struct wire_sealed) + WIRE_TAG :
			sizeof(struct wire_plain);
}

int tunnel_prepare(struct tunnel_worker *worker)
{
	worker->outward = outward_new(worker->tunnel);
	worker->inward = inward_new(worker->tunnel);
	return worker->outward && worker->inward ? 0 : -ENOMEM;
}

void tunnel_free(struct tunnel_worker *worker)
{
	outward_free(worker->outward);
	inward_free(worker->inward);
}

void tunnel_greet(struct tunnel *tunnel, int fd)
{
	uint64_t now = processor_clock(), last;
	struct wire_hello hello;

	last = atomic_load(&tunnel->greeted);
	/* Whoever changes the time first sends it. */
	if ((last && now - last < GREETING_GAP) ||
	    !atomic_compare_exchange_strong(&tunnel->greeted, &last, now))
		return;
	session_greet(&tunnel->session, &hello);
	/* One that is lost is sent again in a second. */
	sendto(fd, &hello, sizeof(hello), MSG_DONTWAIT, &tunnel->remote.any,
	       socket_length(&tunnel->remote));
}

/* Until the device or the socket has something, or the end. */
static int rest(struct tunnel_worker *worker)
{
	struct pollfd fds[] = {
		{ .fd = mytun_fd(worker->queue), .events = POLLIN },
		{ .fd = worker->fd, .events = POLLIN },
		{ .fd = worker->tunnel->stop_fd, .events = POLLIN },
	};

	if (worker->tunnel->busy)
		return 0;
	fwd_count(&worker->counters.sleeps, 1);
	if (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

void *tunnel_run(void *argument)
{
	struct tunnel_worker *worker = argument;
	struct tunnel *tunnel = worker->tunnel;
	int out = 0, in;

	if (worker->cpu >= 0)
		out = processor_pin((unsigned int)worker->cpu);
	while (out >= 0 && !atomic_load_explicit(&tunnel->stop,
						 memory_order_relaxed)) {
		if (tunnel->sealed)
			session_refresh(&tunnel->session, &worker->keys);
		out = outward_run(worker);
		if (out < 0)
			break;
		in = inward_run(worker);
		if (in < 0)
			out = in;
		else if (!out && !in)
			out = rest(worker);
	}
	worker->error = out < 0 ? out : 0;
	worker->cpu_ns = processor_time();
	return NULL;
}
