// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Answers ping, and sends UDP back to where it came from; IPv4 only.
 * Usage as of receive.c. The checksums hold: fields only change places, but
 * for the type of an echo request.
 */
#include <stdio.h>
#include <string.h>

#include <mytun.h>

static void swap(unsigned char *a, unsigned char *b, size_t bytes)
{
	unsigned char old[4];

	memcpy(old, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, old, bytes);
}

/* Whether the packet has become its own answer. */
static int answer(unsigned char *ip, unsigned int len)
{
	unsigned char *next = ip + (ip[0] & 15) * 4;
	unsigned int sum;

	if (len < 28 || ip[0] >> 4 != 4 || next + 8 > ip + len)
		return 0;
	if (ip[9] == 17) {
		swap(next, next + 2, 2);
	} else if (ip[9] == 1 && next[0] == 8) {
		sum = (next[2] << 8 | next[3]) + 0x800U;
		sum = (sum & 0xffff) + (sum >> 16);
		next[0] = 0;
		next[2] = (unsigned char)(sum >> 8);
		next[3] = (unsigned char)sum;
	} else {
		return 0;
	}
	swap(ip + 12, ip + 16, 4);
	return 1;
}

int main(int argc, char **argv)
{
	struct mytun_options options;
	struct mytun_record *in[64], *out;
	struct mytun_queue *queue;
	int got, i;

	mytun_options_init(&options);
	options.name = argc > 1 ? argv[1] : NULL;
	got = mytun_open(&queue, 1, &options);
	while (got >= 0 && mytun_wait(queue, MYTUN_WAIT_RX, -1) > 0) {
		got = mytun_peek(queue, in, 64);
		for (i = 0; i < got; i++) {
			if (!answer(mytun_data(in[i]), in[i]->len) ||
			    mytun_reserve(queue, &out, 1, in[i]->len) != 1)
				continue;
			memcpy(mytun_data(out), mytun_data(in[i]), in[i]->len);
		}
		mytun_release(queue, MYTUN_ALL);
		mytun_submit(queue, MYTUN_ALL);
	}
	fprintf(stderr, "echo: the device is gone, or cannot be opened\n");
	return 1;
}
