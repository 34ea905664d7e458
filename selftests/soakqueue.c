// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "soakqueue.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "numbered.h"

#define RING_BYTES	(128U << 10)
/* Packets before it looks at what else there is to do. */
#define BURST		64
/* How often nothing must have come before it says so. */
#define IDLE_LOOKS	8
/* A record, or a packet with what stands before it. */
#define ROOM		8192

/* The process at work. */
struct worker {
	struct soak *s;
	struct soak_queue *q;
	struct soak_work *w;
	uint64_t seed;
	unsigned int idle;
	struct packet packet;
	uint8_t out[SOAK_BATCH * ROOM];
};

static int make_rings(struct soak_work *w, uint64_t *seed)
{
	struct mytun_ring ring = { .rx_size = RING_BYTES,
				   .tx_size = RING_BYTES,
				   .position = (uint32_t)random_next(seed) &
					       ~(MYTUN_RECORD_ALIGN - 1) };
	uint32_t gro = random_below(seed, 2) ? MYTUN_DRIVE_GRO : 0;
	int err;

	/* Some have one only: the other direction has no records. */
	switch (random_below(seed, 6)) {
	case 0:
		ring.rx_size = 0;
		break;
	case 1:
		ring.tx_size = 0;
		break;
	}
	err = ringmem_make(&w->mem, w->fd, &ring);
	if (err < 0)
		return err;
	w->drive = random_below(seed, MYTUN_DRIVE_THREAD + 1);
	if (w->mem.tx)
		err = ring_drive(w->fd, w->drive, gro, random_below(seed, 2) *
				 50, NULL);
	if (!err && w->mem.rx && !random_below(seed, 2))
		err = ring_moderate(w->fd, 8, 2000);
	return err;
}

int soak_work_open(struct soak_work *w, uint64_t *seed)
{
	struct mytun_create create = { .size = sizeof(create),
				       .flags = MYTUN_CREATE_NO_QUEUE };
	char name[IFNAMSIZ] = SOAK_NAME;
	int err = 0;

	memset(&w->mem, 0, sizeof(w->mem));
	w->fd = device_open(O_NONBLOCK);
	if (w->fd < 0)
		return w->fd;
	if (w->no_queue)
		err = device_ioctl(w->fd, MYTUN_IOC_CREATE,
				   (unsigned long)&create);
	if (!err)
		err = device_setiff(w->fd, name, w->flags);
	w->mode = random_below(seed, SOAK_MODES);
	if (!err && w->mode == SOAK_BATCHES)
		err = ring_batch(w->fd, MYTUN_Q_READ | MYTUN_Q_WRITE,
				 8 * random_below(seed, 5),
				 8 * random_below(seed, 5));
	if (!err && w->mode == SOAK_RINGS)
		err = make_rings(w, seed);
	return err;
}

static bool expected(int err)
{
	switch (err) {
	case -EIO:	/* the device is down */
	case -EBUSY:	/* IFF_NAPI: the queue is set aside */
	case -ENOMEM:
		return true;
	}
	return false;
}

static void wrong(struct worker *me, int err)
{
	if (!me->q->error)
		SOAK_WRITE(me->q->error, err);
}

/* Receive. How many packets. */

static unsigned int read_ring(struct worker *me)
{
	struct ringmem *mem = &me->w->mem;
	struct mytun_record *record;
	unsigned int n = 0;
	int err;

	while (n < BURST && (record = ringmem_peek(mem))) {
		soak_received(me->s, me->q, record_data(record), record->len);
		ringmem_next(mem);
		n++;
	}
	err = ringmem_release(mem);
	if (err < 0)
		wrong(me, err);
	return n;
}

static unsigned int read_file(struct worker *me)
{
	struct soak_queue *q = me->q;
	unsigned int n = 0;
	ssize_t len;

	while (n < BURST) {
		len = device_read(me->w->fd, q->buffer, SOAK_BUFFER);
		if (len < 0) {
			if (len != -EAGAIN)
				wrong(me, len);
			break;
		}
		if (me->w->mode == SOAK_BATCHES)
			soak_received_records(me->s, q, q->buffer, len);
		else
			soak_received(me->s, q, q->buffer, len);
		n++;
	}
	return n;
}

/* Write. Each returns false if there is nothing more to be done now. */

static bool next_packet(struct worker *me, uint8_t *to, size_t *len)
{
	struct soak_queue *q = me->q;

	if (q->next >= SOAK_NUMBERS)
		return false;
	soak_packet(me->s, &me->packet, SOAK_SENDERS + me->w->slot, q->next,
		    &me->seed);
	SOAK_WRITE(q->next, q->next + 1);
	memset(to, 0, me->s->front);
	memcpy(to + me->s->front, me->packet.data, me->packet.size);
	*len = me->s->front + me->packet.size;
	return true;
}

static void write_ring(struct worker *me, unsigned int n)
{
	size_t len;
	int err;

	while (n-- && next_packet(me, me->out, &len)) {
		if (!ringmem_put(&me->w->mem, me->out, len))
			break;
	}
	err = ringmem_submit(&me->w->mem);
	if (err < 0)
		wrong(me, err);
}

static void write_one(struct worker *me)
{
	struct soak_queue *q = me->q;
	ssize_t ret;
	size_t len;

	if (!next_packet(me, me->out, &len))
		return;
	SOAK_WRITE(q->doing, 1);
	ret = device_write(me->w->fd, me->out, len);
	if (ret >= 0)
		q->accepted++;
	else
		q->refused++;
	SOAK_WRITE(q->doing, 0);
	if (ret < 0 && !expected(ret))
		wrong(me, ret);
}

static void write_batch(struct worker *me, unsigned int n)
{
	struct soak_queue *q = me->q;
	size_t at = 0, done = 0, len;
	unsigned int i, accepted = 0;
	uint8_t data[ROOM];
	ssize_t ret;

	for (i = 0; i < n && next_packet(me, data, &len); i++) {
		struct mytun_record *record = (void *)(me->out + at);

		at += record_fill(record, 0, len);
		memcpy(record_data(record), data, len);
	}
	if (!at)
		return;
	SOAK_WRITE(q->doing, i);
	ret = device_write(me->w->fd, me->out, at);
	while (ret > 0 && done < (size_t)ret) {
		done += ((struct mytun_record *)(me->out + done))->size;
		accepted++;
	}
	q->accepted += accepted;
	/* The one that stopped it is lost; those behind it were not looked at. */
	if (accepted < i)
		q->refused++;
	SOAK_WRITE(q->doing, 0);
	if (ret < 0 && !expected(ret))
		wrong(me, ret);
}

static void write_some(struct worker *me)
{
	unsigned int n = 1 + random_below(&me->seed, SOAK_BATCH);

	if (me->w->mem.tx) {
		write_ring(me, n);
	} else if (me->w->mode == SOAK_BATCHES) {
		write_batch(me, n);
	} else {
		while (n--)
			write_one(me);
	}
}

/* What waits in TX must be taken, whoever drives it. */
static bool all_sent(struct worker *me)
{
	return !me->w->mem.tx || ringmem_sent(&me->w->mem);
}

/* Set aside, and back; what is written meanwhile is accepted, too. */
static void turn(struct worker *me)
{
	int err = device_setqueue(me->w->fd, IFF_DETACH_QUEUE);

	if (!err) {
		if (SOAK_READ(me->s->phase) == SOAK_RUN)
			write_some(me);
		err = device_setqueue(me->w->fd, IFF_ATTACH_QUEUE);
	}
	me->q->turns++;
	if (err)
		wrong(me, err);
}

static void *lend(void *arg)
{
	struct worker *me = arg;
	int err = device_ioctl(me->w->fd, MYTUN_IOC_LEND, 0);

	/* Nothing ends it but the process's end. */
	wrong(me, err ? err : -EPROTO);
	return NULL;
}

static void work(struct worker *me)
{
	struct soak_queue *q = me->q;
	unsigned int n;

	while (!SOAK_READ(q->leave) &&
	       SOAK_READ(me->s->phase) < SOAK_LEAVE) {
		n = me->w->mem.rx ? read_ring(me) : read_file(me);
		if (SOAK_READ(me->s->phase) == SOAK_RUN) {
			write_some(me);
			if (me->w->turns && !SOAK_READ(me->s->calm) &&
			    !random_below(&me->seed, 25))
				turn(me);
		} else if (n || !all_sent(me)) {
			me->idle = 0;
			SOAK_WRITE(q->idle, false);
		} else if (++me->idle > IDLE_LOOKS) {
			SOAK_WRITE(q->idle, true);
		}
		if (n < BURST)
			wait_events(me->w->fd, POLLIN,
				    random_below(&me->seed, 4));
	}
}

static void run(struct soak_work *w)
{
	static struct worker me;
	pthread_t thread;
	int err;

	me.s = w->soak;
	me.q = &w->soak->queue[w->slot];
	me.w = w;
	me.seed = w->soak->seed + 1000 * w->started + w->slot;
	/*
	 * All of it is there: a process that is being killed gets no memory, so
	 * that a read() could not write what it takes away.
	 */
	memset(me.q->buffer, 0, sizeof(me.q->buffer));
	/* A dead one's may have been set aside. */
	if (w->started > 1)
		device_setqueue(w->fd, IFF_ATTACH_QUEUE);
	if (w->mem.tx && w->drive == MYTUN_DRIVE_LENT) {
		err = pthread_create(&thread, NULL, lend, &me);
		if (err)
			wrong(&me, -err);
	}
	SOAK_WRITE(me.q->started, true);
	nice(SOAK_NICE);
	work(&me);
	_exit(0);
}

static bool has_died(pid_t pid)
{
	siginfo_t info = {};

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

int soak_work_start(struct soak_work *w, struct soak_work *siblings)
{
	struct soak_queue *q = &w->soak->queue[w->slot];
	pid_t parent = getpid();
	unsigned int i;

	q->doing = 0;
	q->leave = false;
	q->idle = false;
	q->started = false;
	w->started++;
	w->pid = fork();
	if (w->pid < 0) {
		w->pid = 0;
		return -errno;
	}
	if (!w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		for (i = 0; i < SOAK_QUEUES; i++) {
			if (&siblings[i] == w)
				continue;
			if (siblings[i].fd >= 0)
				close(siblings[i].fd);
			ringmem_unmap(&siblings[i].mem);
		}
		run(w);
	}
	/* What is in a ring is looked up when its process has died. */
	if (!w->keeps && !w->mem.kernel) {
		close(w->fd);
		w->fd = -1;
	}
	/* Until it has let go of the others' files, they would live on. */
	while (!SOAK_READ(q->started) && !has_died(w->pid))
		sleep_ms(1);
	return 0;
}

/* Records that it had not given back, some of which it has marked. */
static void take_over(struct soak_work *w)
{
	struct ringmem *mem = &w->mem;
	struct mytun_record *record;

	mem->rx_at = ringmem_load(&mem->user->rx_consumer);
	while ((record = ringmem_peek(mem))) {
		soak_received(w->soak, NULL, record_data(record), record->len);
		ringmem_next(mem);
	}
	ringmem_store(&mem->user->rx_consumer, mem->rx_at);
}

void soak_work_died(struct soak_work *w)
{
	struct soak_queue *q = &w->soak->queue[w->slot];

	w->pid = 0;
	w->doubt += q->doing;
	if (w->mem.rx)
		take_over(w);
	else if (w->mode == SOAK_BATCHES)
		soak_received_records(w->soak, NULL, q->buffer, SOAK_BUFFER);
	else
		soak_received_one(w->soak, q->buffer, SOAK_BUFFER);
	/* What it had written and not submitted never was. */
	if (w->mem.tx)
		w->mem.tx_at = ringmem_load(&w->mem.user->tx_producer);
}

/*
 * Nothing comes into the rings any more, and nothing is taken out of them: what
 * they tell now is what they have carried.
 */
static int still(struct soak_work *w)
{
	int err = device_setqueue(w->fd, IFF_DETACH_QUEUE);

	/* A dead one may have done so. */
	if (err == -EINVAL)
		err = 0;
	if (!err && w->mem.tx)
		err = ring_drive(w->fd, MYTUN_DRIVE_CALLER, 0, 0, NULL);
	return err;
}

int soak_work_close(struct soak_work *w)
{
	int err = 0;

	if (w->mem.kernel) {
		err = still(w);
		if (w->mem.rx)
			take_over(w);
		w->accepted += ringmem_counter(&w->mem.kernel->tx_packets);
		w->refused += ringmem_counter(&w->mem.kernel->tx_refused);
		/* A mapping holds the file, and the file the queue. */
		ringmem_unmap(&w->mem);
	}
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	return err;
}
