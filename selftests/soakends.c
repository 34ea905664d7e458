// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "soakends.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "numbered.h"

#define SINK_BUFFER	(64 << 20)
#define IDLE_LOOKS	8

static void child_begins(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	nice(SOAK_NICE);
}

/* Whether it may send now: not while it is to hold. */
static bool enter(struct soak *s, struct soak_sender *me)
{
	SOAK_WRITE(me->inside, true);
	if (!SOAK_READ(s->hold))
		return true;
	SOAK_WRITE(me->inside, false);
	return false;
}

static void sent(struct soak *s, struct soak_sender *me, unsigned int which,
		 uint32_t number, int err)
{
	switch (err) {
	case 0:
		soak_mark(&s->sent[which], number);
		SOAK_WRITE(me->taken, me->taken + 1);
		return;
	case -ENOBUFS:
		me->refused++;
		return;
	case -ENETDOWN:
	case -ENXIO:
	case -ENODEV:
	case -EMSGSIZE:
	case -EAGAIN:
		me->absent++;
		return;
	}
	if (!me->error)
		me->error = err;
}

static void send_all_the_time(struct soak *s, unsigned int which, int socket)
{
	struct soak_sender *me = &s->sender[which];
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP) };
	uint64_t seed = s->seed * 31 + which;
	static struct packet packet;
	uint32_t number = 0;
	unsigned int n;
	int err = 0;

	while (SOAK_READ(s->phase) == SOAK_START)
		usleep(1000);
	while (SOAK_READ(s->phase) == SOAK_RUN && number < SOAK_NUMBERS) {
		n = 1 + random_below(&seed, 32);
		if (err)
			usleep(500);
		to.sll_ifindex = if_nametoindex(SOAK_NAME);
		while (n-- && number < SOAK_NUMBERS && to.sll_ifindex) {
			soak_packet(s, &packet, which, number, &seed);
			if (!enter(s, me))
				break;
			err = 0;
			if (sendto(socket, packet.data, packet.size,
				   MSG_DONTWAIT, (void *)&to, sizeof(to)) < 0)
				err = -errno;
			SOAK_WRITE(me->inside, false);
			sent(s, me, which, number++, err);
			if (err)
				break;
		}
		if (!to.sll_ifindex)
			err = -ENODEV;
		usleep(random_below(&seed, 2000));
	}
	SOAK_WRITE(me->stopped, true);
}

pid_t soak_sender_start(struct soak *s, unsigned int which)
{
	pid_t parent = getpid(), pid = fork();
	int fd, on = 1;

	if (pid)
		return pid < 0 ? -errno : pid;
	child_begins(parent);
	/* It receives nothing. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || (s->direct &&
		       setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on,
				  sizeof(on)))) {
		s->sender[which].error = -errno;
		SOAK_WRITE(s->sender[which].stopped, true);
		_exit(1);
	}
	send_all_the_time(s, which, fd);
	_exit(0);
}

void soak_hold(struct soak *s)
{
	unsigned int i;

	SOAK_WRITE(s->hold, true);
	for (i = 0; i < SOAK_SENDERS; i++) {
		while (SOAK_READ(s->sender[i].inside))
			sched_yield();
	}
}

void soak_release(struct soak *s)
{
	SOAK_WRITE(s->hold, false);
}

/* Whole IPv4 packets that come in, without what is before them. */
static int sink_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			htons(ETH_P_IP));
	int size = SINK_BUFFER;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		return -errno;
	return fd;
}

static void arrived(struct soak *s, const uint8_t *data, size_t size)
{
	uint32_t stream, number;

	if (!numbered_parse(data, size, false, &stream, &number) ||
	    stream < SOAK_SENDERS || stream >= SOAK_STREAMS ||
	    number >= SOAK_NUMBERS)
		s->sink_broken++;
	else if (soak_mark(&s->sink[stream], number))
		s->sink_again++;
}

static bool empty_socket(struct soak *s, int fd)
{
	static uint8_t buffer[1 << 16];
	bool any = false;
	ssize_t size;

	while ((size = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		arrived(s, buffer, size);
		any = true;
	}
	if (size < 0 && errno != EAGAIN && !s->sink_error)
		s->sink_error = -errno;
	return any;
}

static void receive_all_the_time(struct soak *s, const int fds[2])
{
	struct pollfd polled[2] = { { .fd = fds[0], .events = POLLIN },
				    { .fd = fds[1], .events = POLLIN } };
	unsigned int idle = 0, i;
	struct tpacket_stats stats;
	socklen_t size;

	while (SOAK_READ(s->phase) != SOAK_GONE || idle <= IDLE_LOOKS) {
		bool any = false;

		poll(polled, 2, 5);
		for (i = 0; i < 2; i++)
			any |= empty_socket(s, fds[i]);
		idle = any ? 0 : idle + 1;
	}
	for (i = 0; i < 2; i++) {
		size = sizeof(stats);
		if (!getsockopt(fds[i], SOL_PACKET, PACKET_STATISTICS, &stats,
				&size))
			s->overflow += stats.tp_drops;
	}
}

pid_t soak_sink_start(struct soak *s, int other)
{
	int here = netns_get(), fds[2], err;
	pid_t parent = getpid(), pid;

	fds[0] = sink_socket();
	err = netns_enter(other);
	fds[1] = err ? err : sink_socket();
	if (!err)
		err = netns_enter(here);
	close(here);
	if (err || fds[0] < 0 || fds[1] < 0)
		return err ? err : fds[0] < 0 ? fds[0] : fds[1];
	pid = fork();
	if (!pid) {
		child_begins(parent);
		receive_all_the_time(s, fds);
		_exit(0);
	}
	err = -errno;
	close(fds[0]);
	close(fds[1]);
	return pid < 0 ? err : pid;
}
