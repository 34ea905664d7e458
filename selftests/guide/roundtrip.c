// SPDX-License-Identifier: GPL-2.0
/*
 * What a packet costs on its way to a program behind a device and back: a UDP
 * socket sends a burst to what sends them back, and takes the answers. Run by
 * "make bench-guide" with the programs of doc/applications.md, one after the
 * other, on a machine whose clock counts instructions; anywhere else the
 * figures are nanoseconds.
 *
 *   roundtrip PROGRAM [BYTES...]
 *
 * BYTES are those of IP packets. A line for each: program, bytes, and the median
 * of a packet's share of a round.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <net/if.h>

#define DEVICE		"echo0"
#define HEADERS		28	/* of IPv4 and UDP */
#define BURST		64
#define ROUNDS		41
#define WARM		10	/* rounds before: caches of the kernel's memory */
#define LARGEST		1500
#define SETTLE_SECONDS	2

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static pid_t start(const char *program)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	execl(program, program, NULL);
	err(1, "%s", program);
}

/* The device of the program gets its address. */
static void set_up(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct ifreq request = { .ifr_name = DEVICE };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), tries;

	inet_pton(AF_INET, "10.1.0.1", &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	for (tries = 0; ioctl(fd, SIOCSIFADDR, &request); tries++) {
		if (tries == 100)
			err(1, DEVICE);
		usleep(50000);
	}
	inet_pton(AF_INET, "255.255.255.0", &address.sin_addr);
	memcpy(&request.ifr_netmask, &address, sizeof(address));
	if (ioctl(fd, SIOCSIFNETMASK, &request) ||
	    ioctl(fd, SIOCGIFFLAGS, &request))
		err(1, DEVICE);
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		err(1, DEVICE);
	close(fd);
}

static int source(void)
{
	const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(7777),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;

	inet_pton(AF_INET, "10.1.0.2", &to.sin_addr);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "the socket");
	return fd;
}

static void round_trip(int fd, size_t bytes)
{
	static uint8_t out[LARGEST], in[BURST][LARGEST];
	struct iovec piece[BURST], answer[BURST];
	struct mmsghdr sent[BURST], got[BURST];
	int i, count, more;

	memset(sent, 0, sizeof(sent));
	memset(got, 0, sizeof(got));
	for (i = 0; i < BURST; i++) {
		piece[i] = (struct iovec){ out, bytes - HEADERS };
		sent[i].msg_hdr.msg_iov = &piece[i];
		sent[i].msg_hdr.msg_iovlen = 1;
		answer[i] = (struct iovec){ in[i], sizeof(in[i]) };
		got[i].msg_hdr.msg_iov = &answer[i];
		got[i].msg_hdr.msg_iovlen = 1;
	}
	count = sendmmsg(fd, sent, BURST, 0);
	if (count != BURST)
		err(1, "%d of %d were sent", count, BURST);
	for (count = 0; count < BURST; count += more) {
		more = recvmmsg(fd, got, (unsigned int)(BURST - count),
				MSG_WAITFORONE, NULL);
		if (more <= 0)
			err(1, "%d of %d came back", count, BURST);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static void measure(const char *name, int fd, size_t bytes)
{
	uint64_t took[ROUNDS], began;
	int i;

	if (bytes < HEADERS || bytes > LARGEST)
		errx(2, "no packet has %zu bytes", bytes);
	for (i = -WARM; i < ROUNDS; i++) {
		began = now();
		round_trip(fd, bytes);
		if (i >= 0)
			took[i] = now() - began;
	}
	qsort(took, ROUNDS, sizeof(*took), compare);
	printf("%s %zu %.0f\n", name, bytes,
	       (double)took[ROUNDS / 2] / BURST);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *name;
	int fd, i;
	pid_t pid;

	if (argc < 2)
		errx(2, "which program?");
	name = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
	pid = start(argv[1]);
	if (pid < 0)
		err(1, "fork");
	set_up();
	sleep(SETTLE_SECONDS);
	fd = source();
	if (argc == 2)
		measure(name, fd, 64);
	for (i = 2; i < argc; i++)
		measure(name, fd, strtoul(argv[i], NULL, 0));
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return 0;
}
