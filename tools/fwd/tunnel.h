/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnel: for each queue of the device a thread with a socket of its own,
 * which carries packets both ways.
 */
#ifndef FWD_TUNNEL_H
#define FWD_TUNNEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mytun.h>

#include "../common/device.h"
#include "counters.h"
#include "session.h"
#include "socket.h"

struct inward;
struct outward;

#define TUNNEL_BATCH_MAX	256

struct tunnel {
	struct device_settings settings;
	struct device device;
	struct socket_settings sockets;
	union socket_address remote;
	bool sealed;		/* else plain */
	bool udp_segment;	/* send many datagrams as one message */
	bool busy;
	unsigned int batch;
	unsigned int datagram;	/* bytes of UDP payload, at most */
	struct session session;
	int stop_fd;		/* readable when all shall end */
	atomic_bool stop;
	atomic_uint_least64_t greeted;	/* when a greeting was last sent */
};

struct tunnel_worker {
	MYTUN_ALIGNED struct fwd_counters counters;
	MYTUN_ALIGNED struct tunnel *tunnel;
	struct mytun_queue *queue;
	int fd;
	uint8_t index;
	int error;		/* negative errno it ended with */
	pthread_t thread;
	int cpu;		/* -1: not pinned */
	uint64_t cpu_ns;
	struct session_keys keys;
	uint64_t counter;	/* of the datagrams that were sealed */
	struct outward *outward;
	struct inward *inward;
};

/* Bytes that a datagram has beside its packet. */
unsigned int tunnel_overhead(bool sealed);

/* Return: 0, or a negative errno: no memory. */
int tunnel_prepare(struct tunnel_worker *worker);
void tunnel_free(struct tunnel_worker *worker);

/* A thread. It ends when tunnel->stop is set, or sets worker->error. */
void *tunnel_run(void *worker);

/* Say hello to the other end; not more often than it makes sense. */
void tunnel_greet(struct tunnel *tunnel, int fd);

/*
 * Carry what there is one way. Return: how many packets there were, or a
 * negative errno.
 */
int outward_run(struct tunnel_worker *worker);
int inward_run(struct tunnel_worker *worker);

struct outward *outward_new(const struct tunnel *tunnel);
void outward_free(struct outward *outward);
struct inward *inward_new(const struct tunnel *tunnel);
void inward_free(struct inward *inward);

#endif
