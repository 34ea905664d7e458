// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody on the way between the two ends of mytun-fwd: passes datagrams on,
 * and does harm to some that carry packets from the first to the second.
 *
 *   fwd_relay ADDRESS PORT FIRST_PORT SECOND SECOND_PORT HARM EVERY
 *
 * It is at ADDRESS, for the first end at PORT and for the second at PORT + 1;
 * the first end is at ADDRESS and FIRST_PORT, the second at SECOND and
 * SECOND_PORT. EVERY so many datagrams, HARM is
 *
 *   none
 *   tamper	a copy of which one bit is another goes ahead of it
 *   shorten	a copy without the last byte goes ahead of it
 *   replay	it is sent again, at once and after many others
 *   reflect	it is sent back as well
 *   forge	one that was never sent, with its header, goes ahead of it
 *   plain	a packet that is not encrypted goes ahead of it
 *   greet	greetings are sent again, many times, all along
 *
 * When SIGTERM comes it prints how many datagrams it has added.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As in tools/fwd/wire.h, on purpose once more. */
#define KIND_HELLO	1
#define KIND_PLAIN	2
#define KIND_SEALED	3
#define HEADER		16
#define LARGEST		65536
/* More than any window of counters that may have been seen. */
#define LATER		5000

static volatile sig_atomic_t ended;

static struct sockaddr_in first, second;
static int near, far;		/* sockets for the first and the second end */
static const char *harm;
static unsigned long every, seen, added;
static uint8_t kept[LARGEST], greeting[LARGEST];
static ssize_t kept_size, greeting_size;
static unsigned long kept_at;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int open_at(struct in_addr address, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = address,
	};
	int size = 8 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		perror("fwd_relay");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static void send_to(int fd, const struct sockaddr_in *to, const uint8_t *data,
		    ssize_t size)
{
	while (sendto(fd, data, (size_t)size, 0, (const struct sockaddr *)to,
		      sizeof(*to)) < 0 && errno == ECONNREFUSED)
		;
}

static void add(const uint8_t *data, ssize_t size)
{
	send_to(far, &second, data, size);
	added++;
}

/* Before the datagram itself is passed on. */
static void do_harm(const uint8_t *data, ssize_t size)
{
	uint8_t copy[LARGEST];

	memcpy(copy, data, (size_t)size);
	if (!strcmp(harm, "tamper")) {
		/* Header, packet and tag in turn; not its kind or session. */
		copy[8 + (added * 37) % (unsigned long)(size - 8)] ^= 0x10;
		add(copy, size);
	} else if (!strcmp(harm, "shorten")) {
		add(copy, size - 1);
	} else if (!strcmp(harm, "forge")) {
		memset(copy + HEADER, (int)added, (size_t)size - HEADER);
		add(copy, size);
	} else if (!strcmp(harm, "plain")) {
		copy[0] = KIND_PLAIN;
		add(copy, size);
	} else if (!strcmp(harm, "replay")) {
		add(copy, size);
		if (!kept_size) {
			memcpy(kept, copy, (size_t)size);
			kept_size = size;
			kept_at = seen;
		}
	} else if (!strcmp(harm, "reflect")) {
		send_to(near, &first, copy, size);
		added++;
	} else if (!strcmp(harm, "greet") && greeting_size) {
		add(greeting, greeting_size);
	}
}

static void from_first(const uint8_t *data, ssize_t size)
{
	if (data[0] == KIND_HELLO && !greeting_size) {
		memcpy(greeting, data, (size_t)size);
		greeting_size = size;
	}
	if (data[0] == KIND_SEALED && size > HEADER) {
		seen++;
		if (every && seen % every == 0)
			do_harm(data, size);
		if (kept_size && seen - kept_at == LATER) {
			add(kept, kept_size);
			kept_size = 0;
		}
	}
	send_to(far, &second, data, size);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	static uint8_t data[LARGEST];
	struct in_addr here;
	struct pollfd fds[2];
	uint16_t port;
	ssize_t size;

	if (argc != 8 || inet_pton(AF_INET, argv[1], &here) != 1 ||
	    inet_pton(AF_INET, argv[4], &second.sin_addr) != 1) {
		fprintf(stderr, "fwd_relay: see its source\n");
		return 2;
	}
	port = (uint16_t)atoi(argv[2]);
	first.sin_family = AF_INET;
	first.sin_addr = here;
	first.sin_port = htons((uint16_t)atoi(argv[3]));
	second.sin_family = AF_INET;
	second.sin_port = htons((uint16_t)atoi(argv[5]));
	harm = argv[6];
	every = strtoul(argv[7], NULL, 10);
	near = open_at(here, port);
	far = open_at(here, (uint16_t)(port + 1));
	sigaction(SIGTERM, &action, NULL);
	fds[0] = (struct pollfd){ .fd = near, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = far, .events = POLLIN };
	while (!ended) {
		if (poll(fds, 2, 100) <= 0)
			continue;
		while ((size = recv(near, data, sizeof(data),
				    MSG_DONTWAIT)) > 0)
			from_first(data, size);
		while ((size = recv(far, data, sizeof(data),
				    MSG_DONTWAIT)) > 0)
			send_to(near, &first, data, size);
	}
	printf("%lu\n", added);
	return 0;
}
