// SPDX-License-Identifier: GPL-2.0
#include "soakbook.h"

#include <string.h>
#include <sys/mman.h>

#include "numbered.h"
#include "ringmem.h"

#define USER_PORT	7000
#define STACK_PORT	9000
#define PORTS		512

/* Payloads: most are small, some need fragments. */
#define SMALL		1400
#define LARGE		6000

struct soak *soak_new(void)
{
	struct soak *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return s == MAP_FAILED ? NULL : s;
}

void soak_forget(struct soak *s)
{
	memset(s, 0, sizeof(*s));
}

bool soak_mark(struct soak_marks *marks, uint32_t number)
{
	uint64_t bit = 1ULL << number % 64;

	return __atomic_fetch_or(&marks->bits[number / 64], bit,
				 __ATOMIC_SEQ_CST) & bit;
}

uint64_t soak_count(const struct soak_marks *marks, unsigned int streams)
{
	uint64_t n = 0;
	size_t i;

	while (streams--) {
		for (i = 0; i < SOAK_NUMBERS / 64; i++)
			n += __builtin_popcountll(marks[streams].bits[i]);
	}
	return n;
}

uint64_t soak_missing(const struct soak_marks *some,
		      const struct soak_marks *others, unsigned int streams)
{
	uint64_t n = 0;
	size_t i;

	while (streams--) {
		for (i = 0; i < SOAK_NUMBERS / 64; i++)
			n += __builtin_popcountll(some[streams].bits[i] &
						  ~others[streams].bits[i]);
	}
	return n;
}

void soak_received(struct soak *s, struct soak_queue *q, const uint8_t *data,
		   size_t len)
{
	uint32_t stream, number;
	bool again;

	if (len < s->front ||
	    !numbered_parse(data + s->front, len - s->front, s->ethernet,
			    &stream, &number) ||
	    stream >= SOAK_STREAMS || number >= SOAK_NUMBERS) {
		if (q)
			q->broken++;
		return;
	}
	again = soak_mark(&s->user[stream], number);
	if (!q)
		return;
	q->again += again;
	SOAK_WRITE(q->read, q->read + 1);
}

void soak_received_one(struct soak *s, const uint8_t *data, size_t len)
{
	size_t l3 = s->front + (s->ethernet ? 14 : 0);
	size_t size;

	if (len < l3 + NUMBERED_HEADERS)
		return;
	/* The IPv4 header tells how long it is. */
	size = l3 + (data[l3 + 2] << 8 | data[l3 + 3]);
	if (size <= len)
		soak_received(s, NULL, data, size);
}

void soak_received_records(struct soak *s, struct soak_queue *q,
			   const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const struct mytun_record *record = (const void *)(data + at);
		bool good = !record_fault(record, len - at);

		if (good)
			soak_received(s, q, record_data(record), record->len);
		else if (q)
			q->broken++;
		/*
		 * A dead one's buffer has newer records on top of older ones:
		 * one may begin at any place.
		 */
		at += good && q ? record->size : MYTUN_RECORD_ALIGN;
	}
}

void soak_packet(const struct soak *s, struct packet *p, uint32_t stream,
		 uint32_t number, uint64_t *seed)
{
	struct packet_flow flow = {
		.family = AF_INET,
		.ethernet = s->ethernet,
		.from = { .mac = { 2, 0, 0, 0, 9, 2 }, .addr = { 10, 9, 0, 2 },
			  .port = USER_PORT + random_below(seed, PORTS) },
		.to = { .mac = { 2, 0, 0, 0, 9, 1 }, .addr = { 10, 9, 0, 1 },
			.port = STACK_PORT },
	};
	uint32_t most = random_below(seed, 16) ? SMALL : LARGE;
	size_t size = NUMBERED_MIN + random_below(seed, most);

	if (stream < SOAK_SENDERS)
		flow = packet_reverse(&flow);
	numbered_packet(p, &flow, size, stream, number);
}
