// SPDX-License-Identifier: GPL-2.0
/*
 * TCP by iperf3, from this namespace to another one.
 *
 * The rate is of the bytes that came, in the time that the sender took: the
 * receiver's own time has in it when its server looked next.
 *
 * All connections together have WINDOW bytes on the way, which fit each queue
 * of the tunnel. With as many as TCP likes, some are lost, and how TCP gets over
 * that differs from run to run by more than what is measured here.
 */
#include "device.h"

#include "tunnel.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

#define WINDOW		(256U << 10)
#define TRIES		100
#define BETWEEN_US	100000

static pid_t server;

bool tunnel_tcp_open(int netns)
{
	static const char * const words[] = {
		"iperf3", "-s", "--logfile", "/dev/null", NULL
	};

	if (system("command -v iperf3 > /dev/null")) {
		fprintf(stderr, "bench: tunnel: no iperf3, no TCP\n");
		return false;
	}
	server = tunnel_start(netns, "iperf3", words);
	return true;
}

void tunnel_tcp_close(void)
{
	if (server)
		tunnel_stop(server);
	server = 0;
}

/* What it printed goes to text. */
static void run_client(const char *to, unsigned int flows, size_t bytes,
		       char *text, size_t size)
{
	char command[256];
	size_t got;
	FILE *file;

	snprintf(command, sizeof(command),
		 "exec iperf3 -c %s -n %zu -P %u -w %u -J", to, bytes, flows,
		 WINDOW / flows);
	file = popen(command, "r");
	check(file ? 0 : -errno, "iperf3");
	got = fread(text, 1, size - 1, file);
	text[got] = '\0';
	/* What went wrong is in the text. */
	pclose(file);
}

/* The server takes one client at a time, and is not there between two. */
static bool is_taken(const char *text)
{
	return strstr(text, "server is busy") ||
	       strstr(text, "Connection refused");
}

/* A number of an object in the last part, "end"; negative: it is not there. */
static double number(const char *text, const char *object, const char *name)
{
	const char *at = strstr(text, "\"end\":");

	at = at ? strstr(at, object) : NULL;
	at = at ? strstr(at, name) : NULL;
	return at ? strtod(at + strlen(name), NULL) : -1;
}

double tunnel_tcp_rate(const char *to, unsigned int flows, size_t bytes)
{
	static char text[1 << 18];
	double came, seconds;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		run_client(to, flows, bytes, text, sizeof(text));
		if (!is_taken(text))
			break;
		usleep(BETWEEN_US);
	}
	came = number(text, "\"sum_received\":", "\"bytes\":");
	seconds = number(text, "\"sum_sent\":", "\"seconds\":");
	if (came <= 0 || seconds <= 0 || strstr(text, "\"error\":")) {
		fputs(text, stderr);
		check(-EPIPE, "TCP in the tunnel");
	}
	return came * 8 / 1e6 / seconds;
}
