// SPDX-License-Identifier: GPL-2.0
/*
 * echo: what comes goes back where it came from. UDP changes ends, an ICMP echo
 * request becomes a reply; nothing else is answered. A packet with segments
 * stays one, and a checksum that is left to the receiver stays so.
 */
#include <mytun.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>

#include "../common/checksum.h"
#include "inspect.h"
#include "worker.h"

static void swap(uint8_t *a, uint8_t *b, size_t bytes)
{
	uint8_t old[16];

	memcpy(old, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, old, bytes);
}

/* Another type in the place of the first byte, and the sum as before. */
static void set_type(uint8_t *icmp, uint8_t type)
{
	uint16_t check, old, new;

	memcpy(&check, icmp + 2, sizeof(check));
	memcpy(&old, icmp, sizeof(old));
	icmp[0] = type;
	memcpy(&new, icmp, sizeof(new));
	check = (uint16_t)~checksum_fold((uint64_t)(uint16_t)~check +
					 (uint16_t)~old + new);
	memcpy(icmp + 2, &check, sizeof(check));
}

static bool answer(uint8_t *data, uint32_t len, bool ethernet,
		   unsigned int header)
{
	struct inspect_view view;
	uint8_t *l4;

	if (inspect_parse(data, len, ethernet, header, &view))
		return false;
	l4 = data + view.l4;
	if (view.protocol == IPPROTO_UDP)
		swap(l4, l4 + 2, 2);
	else if (view.family == AF_INET && view.protocol == IPPROTO_ICMP &&
		 l4[0] == ICMP_ECHO)
		set_type(l4, ICMP_ECHOREPLY);
	else if (view.family == AF_INET6 && view.protocol == IPPROTO_ICMPV6 &&
		 l4[0] == ICMP6_ECHO_REQUEST)
		set_type(l4, ICMP6_ECHO_REPLY);
	else
		return false;
	/* Sums do not change when their parts change places. */
	if (view.family == AF_INET)
		swap(data + view.l3 + 12, data + view.l3 + 16, 4);
	else
		swap(data + view.l3 + 8, data + view.l3 + 24, 16);
	if (ethernet)
		swap(data + header, data + header + 6, 6);
	return true;
}

/* Return: 0: there was no room for it. */
static int send_back(struct worker *worker, struct mytun_record *in)
{
	struct mytun_record *out;
	int got = mytun_reserve(worker->queue, &out, 1, in->len);

	if (got <= 0)
		return got;
	memcpy(mytun_data(out), mytun_data(in), in->len);
	return 1;
}

static int serve(struct worker *worker, struct mytun_record **records,
		 unsigned int count)
{
	struct work *work = worker->work;
	unsigned int header = work->device.vnet_hdr_size, answered = 0, i;
	uint64_t bytes = 0;
	int got = 0;

	for (i = 0; i < count && got >= 0; i++) {
		uint32_t len = records[i]->len;

		if (!answer(mytun_data(records[i]), len,
			    work->options->device.tap, header)) {
			counter_add(&worker->counters.foreign, 1);
			continue;
		}
		if (!work_take(work))
			break;
		got = send_back(worker, records[i]);
		if (!got) {
			got = mytun_submit(worker->queue, MYTUN_ALL);
			if (!got)
				got = mytun_wait(worker->queue, MYTUN_WAIT_TX,
						 WAIT_NS);
			if (got >= 0)
				got = send_back(worker, records[i]);
		}
		if (got > 0) {
			answered++;
			bytes += len - header;
		}
	}
	counter_add(&worker->counters.packets, answered);
	counter_add(&worker->counters.segments, answered);
	counter_add(&worker->counters.bytes, bytes);
	counter_add(&worker->counters.batches, 1);
	return got < 0 ? got : mytun_submit(worker->queue, MYTUN_ALL);
}

int echo_packets(struct worker *worker)
{
	struct mytun_record *records[BATCH_MAX];
	struct work *work = worker->work;
	int got = 0, err;

	while (got >= 0 && !worker_stopped(worker)) {
		got = mytun_peek(worker->queue, records, work->options->batch);
		if (got > 0) {
			err = serve(worker, records, (unsigned int)got);
			got = mytun_release(worker->queue, MYTUN_ALL);
			if (err < 0)
				got = err;
		} else if (!got) {
			got = worker_wait_rx(worker);
		}
	}
	return got < 0 ? got : worker_drain(worker);
}
