// SPDX-License-Identifier: GPL-2.0
/* mytunctl top: what goes on, again and again. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <linux/mytun.h>

#include "../common/output.h"
#include "device.h"
#include "json.h"
#include "mytunctl.h"
#include "queue.h"
#include "table.h"

#define NANO	1000000000.0

/* What the kernel knew at one moment. */
struct sample {
	struct timespec at;
	struct devices devices;
	struct queues queues;
};

/* One direction of one queue, for a second. */
struct rates {
	double packets, bytes, batches, wakeups;
};

static struct {
	double interval;	/* seconds */
	unsigned long count;	/* 0: until it is ended */
	int names;
	char **name;
	bool screen;		/* a terminal that is drawn on */
	struct termios before;
} top;

static volatile sig_atomic_t ended, resized;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void resize(int signal)
{
	(void)signal;
	resized = 1;
}

static int sample_load(struct sample *s)
{
	int status, err;

	memset(s, 0, sizeof(*s));
	status = devices_load(&s->devices, top.names, top.name);
	if (status)
		return status;
	err = queues_load(&s->queues, s->devices.n == 1 ?
			  s->devices.at[0].ifindex : 0);
	clock_gettime(CLOCK_MONOTONIC, &s->at);
	/* Gone since it was listed: then it has no queues. */
	return err && err != -ENODEV ? netlink_failed(err, "queues") :
				       STATUS_OK;
}

static void sample_free(struct sample *s)
{
	devices_free(&s->devices);
	queues_free(&s->queues);
}

static double seconds_between(const struct sample *a, const struct sample *b)
{
	time_t whole = b->at.tv_sec - a->at.tv_sec;
	long rest = b->at.tv_nsec - a->at.tv_nsec;
	double s = whole + rest / NANO;

	return s > 0 ? s : 1 / NANO;
}

/* Counters begin anew when a queue goes to another device. */
static double rate(unsigned long long before, unsigned long long now,
		   double seconds)
{
	return (now < before ? now : now - before) / seconds;
}

static void way_rates(struct rates *r, const struct way *before,
		      const struct way *now, double seconds)
{
	static const struct way none;

	if (!before)
		before = &none;
	r->packets = rate(before->packets, now->packets, seconds);
	r->bytes = rate(before->bytes, now->bytes, seconds);
	r->batches = rate(before->batches, now->batches, seconds);
	r->wakeups = rate(before->wakeups, now->wakeups, seconds);
}

/* Packets that came at a time; 1 where each is a call of its own. */
static double batch_size(const struct rates *r, const struct way *w)
{
	if (w->mode == MYTUN_WAY_PLAIN)
		return r->packets > 0 ? 1 : 0;
	return r->batches > 0 ? r->packets / r->batches : 0;
}

static double drop_rate(const struct drops *before, const struct drops *now,
			double seconds)
{
	return rate(before ? drops_sum(before) : 0, drops_sum(now), seconds);
}

/* Of a device: what no queue owns as well, and what closed queues did. */
static double device_drop_rate(const struct sample *before,
			       const struct device *now, double seconds)
{
	const struct device *was = devices_find(&before->devices, now->ifindex);

	return drop_rate(was ? &was->drops : NULL, &now->drops, seconds);
}

/* What the last sample says of the same queue on the same device. */
static const struct queue *earlier(const struct sample *s,
				   const struct queue *q)
{
	const struct queue *was = queues_find_id(&s->queues, q->id);

	return was && was->ifindex == q->ifindex ? was : NULL;
}

static void row(struct table *t, const struct device *d, const struct queue *q,
		bool to_user, const struct rates *r, double drops)
{
	const struct way *w = to_user ? &q->to_user : &q->from_user;
	bool ring = w->mode == MYTUN_WAY_RING;
	char name[16], a[16];

	table_cell(t, "%s", d->name);
	table_cell(t, "%s", queue_name(q, name));
	table_cell(t, to_user ? "to" : "from");
	table_cell(t, "%s", way_mode(w));
	table_cell(t, "%s", short_number(r->packets, a));
	table_cell(t, "%s", short_number(r->bytes, a));
	table_cell(t, "%.1f", batch_size(r, w));
	table_cell(t, "%.0f%%", way_fill(w));
	if (to_user || ring)
		table_cell(t, "%s", short_number(r->wakeups, a));
	else
		table_cell(t, "-");
	if (to_user)
		table_cell(t, "%s", short_number(drops, a));
	else
		table_cell(t, "-");
}

static void json_rates(const char *key, const struct way *w,
		       const struct rates *r)
{
	json_object(key);
	json_string("mode", way_mode(w));
	json_real("packets_per_second", r->packets);
	json_real("bytes_per_second", r->bytes);
	json_real("batch", batch_size(r, w));
	json_real("fill_percent", way_fill(w));
	json_real("wakeups_per_second", r->wakeups);
	json_object_end();
}

static void json_row(const struct device *d, const struct queue *q,
		     const struct rates *to, const struct rates *from,
		     double drops)
{
	json_object(NULL);
	json_string("device", d->name);
	if (q->index < 0)
		json_null("queue");
	else
		json_number("queue", q->index);
	json_number("id", q->id);
	json_rates("to_user", &q->to_user, to);
	json_rates("from_user", &q->from_user, from);
	json_real("drops_per_second", drops);
	json_object_end();
}

/* Each queue of @now; the table's rows, or elements of an array. */
static void fill(struct table *t, const struct sample *before,
		 const struct sample *now, struct rates sum[2])
{
	double seconds = seconds_between(before, now);
	size_t i;

	for (i = 0; i < now->queues.n; i++) {
		const struct queue *q = &now->queues.at[i];
		const struct queue *was = earlier(before, q);
		const struct device *d;
		struct rates to, from;
		double drops;

		d = devices_find(&now->devices, q->ifindex);
		if (!d)
			continue;
		way_rates(&to, was ? &was->to_user : NULL, &q->to_user,
			  seconds);
		way_rates(&from, was ? &was->from_user : NULL, &q->from_user,
			  seconds);
		drops = drop_rate(was ? &was->drops : NULL, &q->drops, seconds);
		sum[0].packets += to.packets;
		sum[0].bytes += to.bytes;
		sum[1].packets += from.packets;
		sum[1].bytes += from.bytes;
		if (option_json) {
			json_row(d, q, &to, &from, drops);
		} else {
			row(t, d, q, true, &to, drops);
			row(t, d, q, false, &from, 0);
		}
	}
}

static void print_json(const struct sample *before, const struct sample *now)
{
	double seconds = seconds_between(before, now);
	struct rates sum[2] = { };
	size_t i;

	json_object(NULL);
	json_real("seconds", seconds);
	json_array("devices");
	for (i = 0; i < now->devices.n; i++) {
		const struct device *d = &now->devices.at[i];

		json_object(NULL);
		json_string("device", d->name);
		json_real("drops_per_second",
			  device_drop_rate(before, d, seconds));
		json_object_end();
	}
	json_array_end();
	json_array("queues");
	fill(NULL, before, now, sum);
	json_array_end();
	json_object_end();
	json_end();
}

/* Lines of the table that fit between its head and what is said below it. */
static size_t screen_rows(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !w.ws_row)
		w.ws_row = 24;
	return w.ws_row > 5 ? w.ws_row - 5 : 0;
}

static void print_table(const struct sample *before, const struct sample *now)
{
	static const char *const heads[] = {
		"DEVICE", ">QUEUE", "WAY", "MODE", ">PACKETS/S", ">BYTES/S",
		">BATCH", ">FULL", ">WAKEUPS/S", ">DROPS/S",
	};
	/* On a screen: what is there is written over, and no line is left. */
	const char *eol = top.screen ? "\033[K\n" : "\n";
	size_t most = top.screen ? screen_rows() : SIZE_MAX;
	char packets[16], bytes[16], clock[16];
	double seconds = seconds_between(before, now), dropped = 0;
	struct rates sum[2] = { };
	time_t t = time(NULL);
	struct table table;
	size_t i;

	for (i = 0; i < now->devices.n; i++)
		dropped += device_drop_rate(before, &now->devices.at[i],
					    seconds);
	table_begin(&table, heads, ARRAY_SIZE(heads));
	fill(&table, before, now, sum);
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&t));
	if (top.screen)
		fputs("\033[H", stdout);
	printf("mytunctl top, %s, %zu devices, %zu queues, %.1f s%s", clock,
	       now->devices.n, now->queues.n, seconds, eol);
	printf("to user %s packets/s, %s bytes/s; ",
	       short_number(sum[0].packets, packets),
	       short_number(sum[0].bytes, bytes));
	printf("from user %s packets/s, %s bytes/s; ",
	       short_number(sum[1].packets, packets),
	       short_number(sum[1].bytes, bytes));
	printf("dropped %s/s%s%s", short_number(dropped, packets), eol, eol);
	table_print(&table, stdout, eol, most);
	/* A blank line between tables; nothing below the last on a screen. */
	fputs(top.screen ? "\033[J" : "\n", stdout);
}

/* Waits for the interval. False: the user has ended it. */
static bool wait_interval(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec t = {
		.tv_sec = top.interval,
		.tv_nsec = (top.interval - (long)top.interval) * NANO,
	};
	char key;
	int n;

	if (!top.screen)
		return !nanosleep(&t, NULL) || !ended;
	n = ppoll(&in, 1, &t, NULL);
	if (n > 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q'))
		return false;
	if (resized) {
		resized = 0;
		fputs("\033[2J", stdout);
	}
	return !ended;
}

/* However the program ends; what is said on the other screen nobody would see. */
static void screen_end(void)
{
	if (!top.screen)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &top.before);
	top.screen = false;
}

/* Of the other screen, with keys that come at once. */
static void screen_begin(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &top.before) || atexit(screen_end))
		return;
	before_message = screen_end;
	t = top.before;
	t.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	top.screen = true;
	fputs("\033[?1049h\033[?25l\033[2J", stdout);
}

static int loop(void)
{
	struct sample before, now;
	unsigned long n = 0;
	int status = sample_load(&before);

	if (status)
		return status;
	if (!option_json && !top.count && isatty(STDIN_FILENO) &&
	    isatty(STDOUT_FILENO))
		screen_begin();
	while (wait_interval()) {
		status = sample_load(&now);
		if (status) {
			sample_free(&now);
			break;
		}
		if (option_json)
			print_json(&before, &now);
		else
			print_table(&before, &now);
		sample_free(&before);
		before = now;
		if (output_check())
			status = STATUS_FAILED;
		if (++n == top.count || status)
			break;
	}
	sample_free(&before);
	screen_end();
	return status;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "count", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, 'i' },
		{ "once", no_argument, NULL, '1' },
		{ }
	};
	const struct command *c = &command_top;
	struct sigaction sa = { .sa_handler = end };
	char *rest;
	int o;

	top.interval = 1;
	while ((o = next_option(c, argc, argv, "jhc:i:1", options)) != -1) {
		switch (o) {
		case '1':
			top.count = 1;
			break;
		case 'c':
			top.count = number(c, "a count", optarg, 1, 1000000000);
			break;
		case 'i':
			top.interval = strtod(optarg, &rest);
			if (rest == optarg || *rest ||
			    !(top.interval >= 0.1 && top.interval <= 3600))
				usage_error(c, "not 0.1 to 3600 seconds: '%s'",
					    optarg);
			break;
		}
	}
	top.names = argc - optind;
	top.name = argv + optind;
	/* Without SA_RESTART: waiting ends at once, and the screen is put back. */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = resize;
	sigaction(SIGWINCH, &sa, NULL);
	return loop();
}

const struct command command_top = {
	.name = "top",
	.summary = "live: packets, batches, fill, wake-ups and drops a second",
	.help =
"Usage: mytunctl top [-1j] [-c COUNT] [-i SECONDS] [NAME]...\n"
"Shows what goes on in the queues of the devices that are named, or of all, two\n"
"lines a queue, one for each direction; on a terminal as a table that refreshes\n"
"until q is pressed. Needs CAP_NET_ADMIN in the network namespace.\n"
"\n"
"  WAY        to: from the stack to the program; from: from the program\n"
"  BATCH      packets that came at a time, on average: in a batch, or in a run\n"
"             of the ring\n"
"  FULL       how much of the ring, or of what may wait, is in use right now\n"
"  WAKEUPS/S  to: who waited was woken; from: kicks\n"
"  DROPS/S    of both directions; the line above the table counts what no queue\n"
"             owns as well; mytunctl drops tells why\n"
"\n"
"  -1, --once              one table, of one interval\n"
"  -c, --count COUNT       so many tables\n"
"  -i, --interval SECONDS  1 unless set\n"
"  -j, --json              print an object a line for each interval\n",
	.run = run,
};
