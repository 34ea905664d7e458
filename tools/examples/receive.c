// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Receives packets and counts them, in the best mode that there is.
 *
 *   ./receive tun0 &
 *   ip addr add 10.0.0.1/24 dev tun0 && ip link set tun0 up
 *   ping -f -c 100000 10.0.0.2
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mytun.h>

#define SECOND	1000000000LL

int main(int argc, char **argv)
{
	struct mytun_counters calls = { .size = sizeof(calls) };
	unsigned long long packets = 0, bytes = 0;
	struct mytun_record *records[64];
	struct mytun_options options;
	struct mytun_queue *queue;
	time_t shown = time(NULL);
	int got = 0, i;

	mytun_options_init(&options);
	options.name = argc > 1 ? argv[1] : NULL;
	got = mytun_open(&queue, 1, &options);
	if (got < 0) {
		fprintf(stderr, "receive: %s\n", strerror(-got));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("mode %s\n", mytun_mode_name(mytun_mode(queue)));

	for (;;) {
		got = mytun_peek(queue, records, 64);
		if (got < 0)
			break;
		for (i = 0; i < got; i++)
			bytes += records[i]->len;
		packets += (unsigned int)got;
		mytun_release(queue, MYTUN_ALL);
		if (!got) {
			got = mytun_wait(queue, MYTUN_WAIT_RX, SECOND);
			if (got < 0 && got != -EINTR)
				break;
		}
		if (time(NULL) != shown) {
			shown = time(NULL);
			mytun_count(queue, &calls);
			printf("%llu packets, %llu bytes, %llu reads, %llu sleeps\n",
			       packets, bytes, calls.reads, calls.waits);
		}
	}
	fprintf(stderr, "receive: %s\n", strerror(-got));
	mytun_close(queue);
	return 1;
}
