// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The headers in C++: that they compile without a warning, and that the inline
 * functions work. Prints KTAP.
 */
#include <cstdio>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include <mytun.h>

static bool echo()
{
	struct mytun_options options;
	struct mytun_queue *queue;
	struct mytun_record *record;
	int pair[2];
	char back[8];
	bool good;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return false;
	mytun_options_init(&options);
	options.head_room = 16;
	if (mytun_attach(&queue, pair[0], &options))
		return false;
	good = send(pair[1], "packet", 6, 0) == 6 &&
	       mytun_wait(queue, MYTUN_WAIT_RX, -1) == MYTUN_WAIT_RX &&
	       mytun_peek(queue, &record, 1) == 1 && record->len == 6 &&
	       !std::memcmp(mytun_data(record), "packet", 6) &&
	       mytun_push(record, 16) && mytun_pull(record, 16) &&
	       mytun_head_room(record) == 16 && !mytun_done(queue, record) &&
	       mytun_reserve(queue, &record, 1, 4) == 1;
	if (good) {
		std::memcpy(mytun_data(record), "back", 4);
		good = !mytun_filled(queue, record) &&
		       recv(pair[1], back, sizeof(back), 0) == 4 &&
		       !std::memcmp(back, "back", 4) &&
		       !mytun_release(queue, MYTUN_ALL) &&
		       !mytun_submit(queue, MYTUN_ALL);
	}
	mytun_close(queue);
	close(pair[1]);
	return good;
}

int main()
{
	bool good = echo();

	std::printf("TAP version 13\n1..1\n%sok 1 header.cc in %s mode\n",
		    good ? "" : "not ", mytun_mode_name(MYTUN_MODE_PLAIN));
	return good ? 0 : 1;
}
