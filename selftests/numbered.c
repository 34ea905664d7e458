// SPDX-License-Identifier: GPL-2.0
#include "numbered.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define MAGIC	0x6d79746eu

struct head {
	uint32_t magic;
	uint32_t stream;
	uint32_t number;
	uint32_t size;
};

/* Word i of the noise behind a head. */
static uint64_t noise(const struct head *head, size_t i)
{
	uint64_t x = ((uint64_t)head->number << 32 | head->stream) + i + 1;

	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 29;
}

void numbered_fill(void *payload, size_t size, uint32_t stream,
		   uint32_t number)
{
	struct head head = { MAGIC, stream, number, size };
	uint8_t *to = (uint8_t *)payload + sizeof(head);
	size_t left = size - sizeof(head);
	uint64_t word;
	size_t i;

	memcpy(payload, &head, sizeof(head));
	for (i = 0; left >= sizeof(word); i++, left -= sizeof(word)) {
		word = noise(&head, i);
		memcpy(to + i * sizeof(word), &word, sizeof(word));
	}
	word = noise(&head, i);
	memcpy(to + i * sizeof(word), &word, left);
}

bool numbered_whole(const void *payload, size_t size, uint32_t *stream,
		    uint32_t *number)
{
	const uint8_t *from = (const uint8_t *)payload + sizeof(struct head);
	size_t left = size - sizeof(struct head);
	uint64_t word, seen;
	struct head head;
	size_t i;

	if (size < sizeof(head))
		return false;
	memcpy(&head, payload, sizeof(head));
	if (head.magic != MAGIC || head.size != size)
		return false;
	for (i = 0; left >= sizeof(word); i++, left -= sizeof(word)) {
		memcpy(&seen, from + i * sizeof(word), sizeof(word));
		if (seen != noise(&head, i))
			return false;
	}
	word = noise(&head, i);
	if (memcmp(from + i * sizeof(word), &word, left))
		return false;
	*stream = head.stream;
	*number = head.number;
	return true;
}

void numbered_packet(struct packet *p, const struct packet_flow *flow,
		     size_t size, uint32_t stream, uint32_t number)
{
	static __thread uint8_t payload[65536];

	numbered_fill(payload, size, stream, number);
	packet_udp(p, flow, payload, size);
}

bool numbered_parse(const void *data, size_t size, bool ethernet,
		    uint32_t *stream, uint32_t *number)
{
	struct packet_view view;

	return packet_parse(data, size, ethernet, &view) &&
	       view.protocol == IPPROTO_UDP && view.l3_sum && view.l4_sum &&
	       numbered_whole(view.payload, view.payload_size, stream, number);
}

void numbered_count(struct numbered_tally *tally, uint32_t number, size_t size)
{
	int32_t ahead = (int32_t)(number - tally->next);

	tally->packets++;
	tally->bytes += size;
	if (ahead < 0) {
		tally->late++;
		return;
	}
	tally->lost += ahead;
	tally->next = number + 1;
}

bool numbered_print(const struct numbered_tally *tally, const char *what)
{
	printf("# %s: %lu packets, %llu bytes, %lu lost, %lu late, %lu broken\n",
	       what, tally->packets, (unsigned long long)tally->bytes,
	       tally->lost, tally->late, tally->broken);
	fflush(stdout);
	return !tally->lost && !tally->late && !tally->broken;
}
