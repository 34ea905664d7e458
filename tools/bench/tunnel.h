/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the tunnel's benchmark have in common. */
#ifndef BENCH_TUNNEL_H
#define BENCH_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A program in that namespace, whose output is nobody's concern; and its end. */
pid_t tunnel_start(int netns, const char *program, const char * const *words);
void tunnel_stop(pid_t child);

/*
 * iperf3, whose server is in that namespace. False: there is none, which was
 * said.
 */
bool tunnel_tcp_open(int netns);
void tunnel_tcp_close(void);

/* What so many connections carry from here to there, in Mbit/s. */
double tunnel_tcp_rate(const char *to, unsigned int flows, size_t bytes);

#endif
