// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for as long as one likes: packets in both directions on
 * eight queues that are read and written plainly, in batches and by rings with
 * every drive, by processes that are killed, leave, or hand their rings over,
 * while queues are set aside and taken back, and lengths, MTU, XDP programs and
 * the namespace change.
 *
 * It goes by rounds, each with a device of its own. At the end of a round no
 * queue may be stuck, and the books must balance: every packet that was sent
 * came out, once and whole, or was counted as dropped under a reason.
 *
 *   sent and taken, or refused, or sent back by the XDP program =
 *	read (numbers that are marked) + dropped by the driver + by the qdisc
 *   written and accepted =
 *	received by the stack + dropped by the XDP program + sent back by it
 *
 * Exactly, but for these: a write() that SIGKILL cut short may have been
 * accepted or not; and the stack forgets, and nobody counts, what waits in a
 * qdisc when the device goes down or the number of queues falls, and what is
 * sent past the qdisc while the device goes down or its queues are locked: for
 * their lengths to be changed, too. So half of the rounds have a device without
 * a qdisc, to which nobody sends at these moments, and most of the others keep
 * all queues; in the one kind that is left no more may come out than went in,
 * and what was forgotten is printed.
 *
 * MYTUN_MINUTES says how long; an hour with MYTUN_LONG=1, else a minute, which
 * the machines of one run share. Each kind of device has a round at least.
 */
#include "device.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_link.h>

#include "kselftest_harness.h"

#include "bpf.h"
#include "ethtool.h"
#include "qdisc.h"
#include "rtnl.h"
#include "soakends.h"
#include "soakqueue.h"

#define MINUTES		1
#define LONG_MINUTES	60
#define ROUND_MS	5000		/* of events, at most */
#define LEAST		8		/* events of a round */
#define LIMIT		86400
/* Ample for an emulated machine with a dozen busy processes. */
#define STUCK_MS	(3 * DEADLINE_MS)
#define GIVE_UP		5		/* rounds that failed */
#define LOOPBACK	1		/* its index, in each namespace */
#define TAINTED		"/proc/sys/kernel/tainted"
#define PFIFO_PACKETS	2000

/* As `ethtool -S` calls them, the user's direction first. */
static const char * const reasons[] = {
	"tx_drop_no_queue", "tx_drop_filter", "tx_drop_full", "tx_drop_nomem",
	"tx_drop_detached", "tx_drop_header", "tx_drop_buffer",
	"tx_drop_too_big",
	"rx_drop_down", "rx_drop_busy", "rx_drop_nomem", "rx_drop_fault",
	"rx_drop_protocol", "rx_drop_too_big", "rx_drop_record",
	"rx_drop_vnet", "rx_drop_xdp",
};

#define TX_REASONS	8
#define RX_XDP		(ARRAY_SIZE(reasons) - 1)

/* What a device is, and what is done to it. */
struct kind {
	const char *name;
	bool ethernet;
	bool direct;		/* no qdisc */
	bool steady;		/* queues stay, and the device stays up */
	int flags;
};

static const struct kind kinds[] = {
	{ "tap without a qdisc", true, true, false, 0 },
	{ "tap, backpressure, steady", true, false, true, IFF_BACKPRESSURE },
	{ "tun without a qdisc", false, true, false, IFF_VNET_HDR },
	{ "tap, napi, backpressure", true, false, false,
	  IFF_NAPI | IFF_BACKPRESSURE },
	{ "tap without a qdisc, napi, vnet", true, true, false,
	  IFF_NAPI | IFF_VNET_HDR },
	{ "tun, backpressure, vnet, steady", false, false, true,
	  IFF_VNET_HDR | IFF_BACKPRESSURE },
	{ "tun without a qdisc, napi", false, true, false, IFF_NAPI },
	{ "tap, steady", true, false, true, 0 },
};

enum event {
	KILLED, ASKED, MTU, LENGTH, RING, PROGRAM, DOWN, MOVED, EVENTS
};

static const char * const event_names[EVENTS] = {
	"killed", "asked to leave", "MTU", "txqueuelen", "ring size",
	"XDP", "down and up", "moved",
};

struct round {
	unsigned int number;
	const struct kind *kind;
	struct soak *soak;
	struct soak_work work[SOAK_QUEUES];
	pid_t sender[SOAK_SENDERS], sink;
	int namespace[2];
	unsigned int where;		/* the device's */
	bool program;			/* is attached */
	int map[2], xdp[2];		/* XDP_DROP, XDP_TX; -1: none */
	uint64_t seed;
	uint64_t ms;			/* of events */
	unsigned int faults;
	unsigned int turn;		/* events that were due */
	unsigned long events[EVENTS];
};

/* Of all rounds. */
struct total {
	uint64_t sent, read, written, received, refused, turns;
	uint64_t drops[ARRAY_SIZE(reasons)];
	uint64_t qdisc, forgotten, overflow, doubt;
	unsigned long events[EVENTS];
};

static void fault(struct round *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fault(struct round *r, const char *format, ...)
{
	va_list args;

	r->faults++;
	printf("# round %u, %s: ", r->number, r->kind->name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void must(struct round *r, const char *what, long ret)
{
	if (ret < 0)
		fault(r, "%s: %s", what, strerror(-ret));
}

/* Up, with a qdisc that counts all that it drops. */
static void come_up(struct round *r)
{
	struct link_info info;

	/*
	 * A device that comes up is open before its queues are started: what
	 * is sent then is refused, and counted by nobody. And what waits in a
	 * qdisc goes with it.
	 */
	soak_hold(r->soak);
	must(r, "up", link_set_up(SOAK_NAME));
	if (!r->kind->direct) {
		must(r, "link", link_get(SOAK_NAME, &info));
		must(r, "pfifo",
		     qdisc_replace(info.index, "pfifo", PFIFO_PACKETS));
	}
	soak_release(r->soak);
}

/* Nobody sends meanwhile, past a device's missing qdisc. */
static void quiet(struct round *r)
{
	if (r->kind->direct)
		soak_hold(r->soak);
}

static void quiet_no_more(struct round *r)
{
	if (r->kind->direct)
		soak_release(r->soak);
}

static void go_down(struct round *r)
{
	quiet(r);
	must(r, "down", link_set_down(SOAK_NAME));
	quiet_no_more(r);
}

static void start_queue(struct round *r, unsigned int slot)
{
	struct soak_work *w = &r->work[slot];

	must(r, "queue", soak_work_open(w, &r->seed));
	must(r, "process", soak_work_start(w, r->work));
}

/*
 * Programs are in use before packets flow, and until none does, by devices that
 * have no packets: else each one that comes or goes changes the kernel's code
 * (the dispatcher of XDP programs, a static key), which emulated processors may
 * run into half-changed, and the kernel dies of an int3.
 */
static void load_programs(struct round *r)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		r->map[i] = array_new();
		r->xdp[i] = xdp_count(r->map[i], i ? XDP_TX : XDP_DROP);
		must(r, "XDP program", r->xdp[i]);
		netns_enter(r->namespace[i]);
		must(r, "XDP on lo", xdp_attach(LOOPBACK, r->xdp[i],
						XDP_FLAGS_SKB_MODE));
	}
	netns_enter(r->namespace[0]);
}

static void unload_programs(struct round *r)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		netns_enter(r->namespace[i]);
		must(r, "XDP off lo", xdp_attach(LOOPBACK, -1,
						 XDP_FLAGS_SKB_MODE));
		close(r->xdp[i]);
		close(r->map[i]);
	}
	netns_enter(r->namespace[0]);
}

static void start(struct round *r)
{
	const struct kind *kind = r->kind;
	struct soak *s = r->soak;
	unsigned int i;

	soak_forget(s);
	s->ethernet = kind->ethernet;
	s->direct = kind->direct;
	s->front = kind->flags & IFF_VNET_HDR ? SOAK_VNET : 0;
	s->seed = r->seed;
	load_programs(r);
	/*
	 * Before anybody writes, and before there is a file or a ring that they
	 * could keep: a queue that its process has left must leave the device.
	 */
	r->sink = soak_sink_start(s, r->namespace[1]);
	must(r, "sink", r->sink);
	for (i = 0; i < SOAK_SENDERS; i++) {
		netns_enter(r->namespace[i % 2]);
		r->sender[i] = soak_sender_start(s, i);
		must(r, "sender", r->sender[i]);
	}
	netns_enter(r->namespace[0]);
	for (i = 0; i < SOAK_QUEUES; i++) {
		struct soak_work *w = &r->work[i];

		w->soak = s;
		w->slot = i;
		w->fd = -1;
		w->flags = kind->flags | (kind->ethernet ? IFF_TAP : IFF_TUN) |
			   IFF_MULTI_QUEUE | IFF_NO_PI;
		w->no_queue = kind->direct;
		w->turns = !kind->steady;
		w->keeps = kind->steady || i % 4 == 3;
		must(r, "queue", soak_work_open(w, &r->seed));
		/* It stays when nobody has a queue. */
		if (!i)
			must(r, "persist", device_ioctl(w->fd, TUNSETPERSIST, 1));
		must(r, "process", soak_work_start(w, r->work));
	}
	come_up(r);
	SOAK_WRITE(s->phase, SOAK_RUN);
}

/* Who has died gives way to another one. */
static void bury(struct round *r, bool again)
{
	unsigned int i;
	int status;

	for (i = 0; i < SOAK_QUEUES; i++) {
		struct soak_work *w = &r->work[i];

		if (!w->pid || waitpid(w->pid, &status, WNOHANG) != w->pid)
			continue;
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			fault(r, "a reader died of signal %d", WTERMSIG(status));
		soak_work_died(w);
		/* At times the next one goes on with the same file and rings. */
		if (again && w->fd >= 0 &&
		    (r->kind->steady || random_below(&r->seed, 2))) {
			must(r, "process", soak_work_start(w, r->work));
			continue;
		}
		must(r, "close", soak_work_close(w));
		if (again)
			start_queue(r, i);
	}
}

static void toggle_program(struct round *r)
{
	/* A TUN device has no native programs, and sends nothing back. */
	uint32_t flags = r->kind->ethernet ? XDP_FLAGS_DRV_MODE :
					     XDP_FLAGS_SKB_MODE;
	/* Old kernels do not count what a stopped queue cannot send back. */
	bool back = r->kind->ethernet &&
		    (!(r->kind->flags & IFF_BACKPRESSURE) ||
		     kernel_release() >= KERNEL(6, 0));
	unsigned int which = back && random_below(&r->seed, 2);
	struct link_info info;

	must(r, "link", link_get(SOAK_NAME, &info));
	must(r, "XDP", xdp_attach(info.index, r->program ? -1 : r->xdp[which],
				  flags));
	r->program = !r->program;
}

static void set_ring_size(struct round *r)
{
	struct ethtool_ringparam param = {
		.cmd = ETHTOOL_SRINGPARAM,
		.tx_pending = 1 + random_below(&r->seed, 1000),
	};

	must(r, "ring size", ethtool(SOAK_NAME, &param));
}

static void move(struct round *r)
{
	unsigned int to = !r->where;

	if (r->kind->direct)
		go_down(r);
	must(r, "move", link_set_netns(SOAK_NAME, r->namespace[to]));
	must(r, "enter", netns_enter(r->namespace[to]));
	r->where = to;
	come_up(r);
}

static void happen(struct round *r)
{
	static const uint32_t mtus[] = { 1500, 600, 9000, 68, 65521 };
	uint32_t any = random_below(&r->seed, 1000);
	struct soak_work *w = &r->work[random_below(&r->seed, SOAK_QUEUES)];
	unsigned int others = EVENTS - (ASKED + 1), turn = r->turn++;
	enum event event;

	/* Processes end all the time; all else happens in turn. */
	if (turn % 2)
		event = random_below(&r->seed, ASKED + 1);
	else
		event = ASKED + 1 + (r->number + turn / 2) % others;

	if (r->kind->steady &&
	    (event == LENGTH || event == DOWN || event == MOVED))
		return;
	r->events[event]++;
	switch (event) {
	case KILLED:
		if (w->pid)
			kill(w->pid, SIGKILL);
		break;
	case ASKED:
		SOAK_WRITE(r->soak->queue[w->slot].leave, true);
		break;
	case MTU:
		any %= ARRAY_SIZE(mtus);
		must(r, "MTU", link_set_mtu(SOAK_NAME, mtus[any]));
		break;
	case LENGTH:
		quiet(r);
		must(r, "txqueuelen", link_set_txqueuelen(SOAK_NAME, any));
		quiet_no_more(r);
		break;
	case RING:
		set_ring_size(r);
		break;
	case PROGRAM:
		toggle_program(r);
		break;
	case DOWN:
		go_down(r);
		come_up(r);
		break;
	case MOVED:
		move(r);
		break;
	case EVENTS:
		break;
	}
}

/* What a queue has moved, in both directions. */
struct progress {
	uint64_t read, written;
};

static struct progress progress(const struct round *r, unsigned int slot)
{
	const struct soak_work *w = &r->work[slot];
	const struct soak_queue *q = &r->soak->queue[slot];
	struct progress p = { SOAK_READ(q->read), SOAK_READ(q->accepted) };

	if (w->mem.tx)
		p.written = ringmem_counter(&w->mem.kernel->tx_packets);
	return p;
}

/* Every queue must move packets in both directions: none is stuck. */
static void all_move(struct round *r)
{
	struct progress before[SOAK_QUEUES], now;
	uint64_t end = now_ms() + STUCK_MS;
	bool read[SOAK_QUEUES] = {}, written[SOAK_QUEUES] = {};
	unsigned int i, left;

	SOAK_WRITE(r->soak->calm, true);
	for (i = 0; i < SOAK_QUEUES; i++)
		before[i] = progress(r, i);
	do {
		/* Who was killed last may take a while to die. */
		bury(r, true);
		sleep_ms(20);
		left = 0;
		for (i = 0; i < SOAK_QUEUES; i++) {
			now = progress(r, i);
			read[i] |= now.read != before[i].read;
			written[i] |= now.written != before[i].written;
			left += !read[i] || !written[i];
		}
	} while (left && now_ms() < end);
	for (i = 0; i < SOAK_QUEUES; i++) {
		if (read[i] && written[i])
			continue;
		fault(r, "queue %u is stuck: %s, drive %u, rings %u and %u; %s%s",
		      i, r->work[i].mode == SOAK_RINGS ? "rings" : "file",
		      r->work[i].drive, r->work[i].mem.ring.rx_size,
		      r->work[i].mem.ring.tx_size, read[i] ? "" : "not read ",
		      written[i] ? "" : "not written");
	}
}

static bool senders_stopped(void *arg)
{
	struct soak *s = arg;
	unsigned int i;

	for (i = 0; i < SOAK_SENDERS; i++) {
		if (!SOAK_READ(s->sender[i].stopped))
			return false;
	}
	return true;
}

static bool qdisc_empty(void *arg)
{
	struct qdisc_stats stats;
	struct link_info info;

	(void)arg;
	return !link_get(SOAK_NAME, &info) &&
	       !qdisc_get_stats(info.index, &stats) && !stats.backlog;
}

static bool queues_idle(void *arg)
{
	struct round *r = arg;
	unsigned int i;

	/* Who was asked to leave may do so now. */
	bury(r, true);
	for (i = 0; i < SOAK_QUEUES; i++) {
		if (!SOAK_READ(r->soak->queue[i].idle))
			return false;
	}
	return true;
}

static void end_child(struct round *r, pid_t pid, const char *who)
{
	int status = wait_child(pid, DEADLINE_MS);

	if (status)
		fault(r, "the %s ended with %d", who, status);
}

/* Nobody sends any more, and all that is under way is received. */
static void finish(struct round *r)
{
	struct soak *s = r->soak;
	unsigned int i;

	SOAK_WRITE(s->phase, SOAK_STOP);
	must(r, "senders stop", wait_for(senders_stopped, s, DEADLINE_MS));
	if (!r->kind->direct)
		must(r, "the qdisc is emptied",
		     wait_for(qdisc_empty, NULL, DEADLINE_MS));
	for (i = 0; i < SOAK_QUEUES; i++)
		SOAK_WRITE(s->queue[i].idle, false);
	must(r, "all queues are emptied",
	     wait_for(queues_idle, r, DEADLINE_MS));
}

/* The books. */

static void weigh(struct round *r, const char *what, uint64_t in, uint64_t out,
		  uint64_t slack)
{
	if (out < in || out > in + slack)
		fault(r, "%s: %lld do not balance (%llu in, %llu out, slack %llu)",
		      what, (long long)(in - out), (unsigned long long)in,
		      (unsigned long long)out, (unsigned long long)slack);
}

static void check_errors(struct round *r)
{
	struct soak *s = r->soak;
	unsigned int i;

	for (i = 0; i < SOAK_QUEUES; i++) {
		const struct soak_queue *q = &s->queue[i];

		must(r, "a queue", q->error);
		if (q->again || q->broken)
			fault(r, "queue %u: %llu packets twice, %llu broken", i,
			      (unsigned long long)q->again,
			      (unsigned long long)q->broken);
	}
	for (i = 0; i < SOAK_SENDERS; i++)
		must(r, "a sender", s->sender[i].error);
	must(r, "the sink", s->sink_error);
	if (s->sink_again || s->sink_broken)
		fault(r, "sink: %llu packets twice, %llu broken",
		      (unsigned long long)s->sink_again,
		      (unsigned long long)s->sink_broken);
}

/* From the stack to the user. */
static void check_sent(struct round *r, const struct rtnl_link_stats64 *stats,
		       const struct qdisc_stats *qdisc, uint64_t back,
		       struct total *sum)
{
	uint64_t read = soak_count(r->soak->user, SOAK_STREAMS);
	uint64_t sent = 0, refused = 0, in, out;
	unsigned int i;

	for (i = 0; i < SOAK_SENDERS; i++) {
		sent += r->soak->sender[i].taken;
		refused += r->soak->sender[i].refused;
	}
	weigh(r, "read and counted as transmitted", read, stats->tx_packets,
	      0);
	weigh(r, "read and never sent", 0,
	      soak_missing(r->soak->user, r->soak->sent, SOAK_SENDERS), 0);
	in = sent + refused + back;
	out = stats->tx_packets + stats->tx_dropped + qdisc->drops;
	if (r->kind->direct || r->kind->steady || out > in)
		weigh(r, "sent or sent back, and read or dropped", in, out, 0);
	else
		sum->forgotten += in - out;
	sum->sent += sent;
	sum->refused += refused;
	sum->read += read;
	sum->qdisc += qdisc->drops;
}

/* From the user to the stack. */
static void check_written(struct round *r, const struct rtnl_link_stats64 *stats,
			  const uint64_t *drops, uint64_t taken_away,
			  struct total *sum)
{
	struct soak *s = r->soak;
	uint64_t accepted = 0, refused = 0, doubt = 0, received, dropped = 0;
	unsigned int i;

	for (i = 0; i < SOAK_QUEUES; i++) {
		accepted += s->queue[i].accepted + r->work[i].accepted;
		refused += s->queue[i].refused + r->work[i].refused;
		doubt += r->work[i].doubt;
		sum->turns += s->queue[i].turns;
	}
	for (i = TX_REASONS; i < RX_XDP; i++)
		dropped += drops[i];
	received = soak_count(s->sink, SOAK_STREAMS);
	weigh(r, "written, and counted as received", accepted,
	      stats->rx_packets + drops[RX_XDP], doubt);
	weigh(r, "refused, and counted as dropped", refused, dropped, doubt);
	weigh(r, "received by the driver, and by the stack",
	      stats->rx_packets + drops[RX_XDP],
	      received + s->overflow + taken_away, 0);
	sum->written += accepted;
	sum->received += received;
	sum->overflow += s->overflow;
	sum->doubt += doubt;
}

static void check_books(struct round *r, struct total *sum)
{
	uint64_t drops[ARRAY_SIZE(reasons)], tx = 0;
	struct rtnl_link_stats64 stats = {};
	struct qdisc_stats qdisc = {};
	struct link_info info;
	unsigned int i;
	long n;

	must(r, "link", link_get(SOAK_NAME, &info));
	if (!r->kind->direct)
		must(r, "qdisc", qdisc_get_stats(info.index, &qdisc));
	must(r, "counters", link_get_stats(SOAK_NAME, &stats));
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		n = ethtool_counter(SOAK_NAME, reasons[i]);
		must(r, reasons[i], n);
		drops[i] = n < 0 ? 0 : n;
		sum->drops[i] += drops[i];
		tx += i < TX_REASONS ? drops[i] : 0;
	}
	if (stats.tx_dropped < tx)
		fault(r, "the reasons are more than what was dropped");
	check_errors(r);
	check_sent(r, &stats, &qdisc, array_get(r->map[1]), sum);
	check_written(r, &stats, drops,
		      array_get(r->map[0]) + array_get(r->map[1]), sum);
}

static void soak_round(struct round *r, struct total *sum)
{
	unsigned int i;
	uint64_t end;

	start(r);
	end = now_ms() + r->ms;
	while ((now_ms() < end || r->turn < LEAST) && !r->faults) {
		happen(r);
		bury(r, true);
		sleep_ms(random_below(&r->seed, 20));
	}
	if (r->program)
		toggle_program(r);
	/* Small packets at least must pass, and there must be room for them. */
	must(r, "MTU", link_set_mtu(SOAK_NAME, 1500));
	all_move(r);
	finish(r);
	SOAK_WRITE(r->soak->phase, SOAK_LEAVE);
	for (i = 0; i < SOAK_QUEUES; i++) {
		struct soak_work *w = &r->work[i];

		if (w->pid)
			end_child(r, w->pid, "reader");
		soak_work_died(w);
		must(r, "close", soak_work_close(w));
	}
	for (i = 0; i < SOAK_SENDERS; i++)
		end_child(r, r->sender[i], "sender");
	SOAK_WRITE(r->soak->phase, SOAK_GONE);
	end_child(r, r->sink, "sink");
	check_books(r, sum);
	must(r, "delete", link_delete(SOAK_NAME));
	unload_programs(r);
	for (i = 0; i < EVENTS; i++)
		sum->events[i] += r->events[i];
}

static void print_count(const char *what, uint64_t count)
{
	printf("# %s %llu\n", what, (unsigned long long)count);
}

/* Of all rounds, or of those up to the one that failed. */
static void print_total(const struct total *sum, unsigned int rounds)
{
	unsigned int i;

	printf("# %u rounds\n", rounds);
	print_count("to the user: sent", sum->sent);
	print_count("to the user: refused", sum->refused);
	print_count("to the user: read", sum->read);
	print_count("to the user: dropped by the qdisc", sum->qdisc);
	print_count("to the user: forgotten by the qdisc", sum->forgotten);
	print_count("from the user: accepted", sum->written);
	print_count("from the user: received", sum->received);
	print_count("from the user: the sink had no room", sum->overflow);
	print_count("from the user: in doubt, cut off by SIGKILL", sum->doubt);
	printf("# dropped:");
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (sum->drops[i])
			printf(" %s %llu", reasons[i],
			       (unsigned long long)sum->drops[i]);
	}
	printf("\n# events: set aside %llu", (unsigned long long)sum->turns);
	for (i = 0; i < EVENTS; i++)
		printf(", %s %lu", event_names[i], sum->events[i]);
	printf("\n");
	fflush(stdout);
}

FIXTURE(soak)
{
	int namespace[2];
};

FIXTURE_SETUP(soak)
{
	REQUIRE_DEVICE();
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	self->namespace[0] = netns_get();
	self->namespace[1] = netns_new();
	ASSERT_LE(0, self->namespace[0]);
	ASSERT_LE(0, self->namespace[1]);
}

FIXTURE_TEARDOWN(soak)
{
	close(self->namespace[0]);
	close(self->namespace[1]);
}

TEST_F_TIMEOUT(soak, books_balance, LIMIT)
{
	struct soak *s = soak_new();
	uint64_t seed = random_seed(), ms = duration_ms(MINUTES, LONG_MINUTES);
	uint64_t end = now_ms() + ms;
	char before[32], after[32];
	static struct total sum;
	static struct round r;
	unsigned int n = 0, failed = 0;
	bool more;

	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, file_read(TAINTED, before, sizeof(before)));
	do {
		memset(&r, 0, sizeof(r));
		r.number = n;
		r.kind = &kinds[n++ % ARRAY_SIZE(kinds)];
		r.soak = s;
		r.ms = MIN(ms / ARRAY_SIZE(kinds), ROUND_MS);
		r.seed = random_next(&seed);
		memcpy(r.namespace, self->namespace, sizeof(r.namespace));
		soak_round(&r, &sum);
		EXPECT_EQ(0, r.faults);
		failed += r.faults ? 1 : 0;
		more = n < ARRAY_SIZE(kinds) || now_ms() < end;
		if (r.faults || !more)
			print_total(&sum, n);
	} while (more && failed < GIVE_UP);
	EXPECT_LT(0, sum.read);
	EXPECT_LT(0, sum.received);
	ASSERT_EQ(0, file_read(TAINTED, after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

TEST_HARNESS_MAIN
