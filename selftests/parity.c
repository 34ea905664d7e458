// SPDX-License-Identifier: GPL-2.0
#include "parity.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest.h"
#include "player.h"

#define TUN_NODE	"/dev/net/tun"
#define EXCEPTIONS_MAX	256
/* A field that one of them does not have. */
#define ABSENT		"-"
#define LINES_MAX	512

/* Shared by all processes of the program: tests run in children. */
static struct shared {
	unsigned long met[EXCEPTIONS_MAX];
	unsigned long sequences, steps, fields, excepted;
	bool compat;
	unsigned int done[2];	/* written by a child: atomic */
	int err[2];
	struct note notes[2][STEP_MAX];
} *shared;

__attribute__((constructor)) static void share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
}

static bool in_range(const struct exception *e)
{
	unsigned int kernel = kernel_release();

	return kernel >= e->from && (!e->below || kernel < e->below);
}

const char *parity_missing(void)
{
	const char *missing = device_missing();

	if (missing)
		return missing;
	if (access(TUN_NODE, R_OK | W_OK))
		return "no " TUN_NODE " to compare with";
	return NULL;
}

/* Whether the caller of the sequence being compared is a 32-bit one. */
static bool playing_compat;

struct line {
	const char *key, *value;
};

static unsigned int split(char *text, struct line *lines)
{
	unsigned int n = 0;
	char *end, *space;

	while ((end = strchr(text, '\n')) && n < LINES_MAX) {
		*end = '\0';
		space = strchr(text, ' ');
		if (!space)
			space = end;
		lines[n].key = text;
		lines[n].value = space < end ? space + 1 : "";
		*space = '\0';
		text = end + 1;
		n++;
	}
	return n;
}

static bool match(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, FNM_EXTMATCH);
}

/* @tail: see struct exception. */
static const struct exception *find_exception(const struct step *step,
					      const struct line *tun,
					      const struct line *mytun,
					      bool tail)
{
	const char *label = step_label(step);
	const char *field = tun ? tun->key : mytun->key;
	const struct exception *e;
	char argument[240];

	step_argument(step, argument, sizeof(argument) - sizeof(" tail"));
	if (tail)
		strcat(argument, " tail");
	for (e = exception_table; e->call; e++) {
		if (e->where & PARITY_COMPAT && !playing_compat)
			continue;
		if (in_range(e) && match(e->call, label) &&
		    match(e->argument, argument) && match(e->field, field) &&
		    match(e->tun, tun ? tun->value : ABSENT) &&
		    match(e->mytun, mytun ? mytun->value : ABSENT))
			return e;
	}
	return NULL;
}

unsigned int parity_tun_features(void)
{
	int fd = open(TUN_NODE, O_RDWR | O_CLOEXEC);
	unsigned int features = 0;

	device_ioctl(fd, TUNGETFEATURES, (unsigned long)&features);
	close(fd);
	return features;
}

struct verdict {
	bool differs, ends;
	bool tail;		/* of the step that is compared */
};

/*
 * Counters by which the two already differ, as an exception allowed: by how
 * much. From then on they have to keep that distance, or be equal again, which
 * they are when the device is another.
 */
static struct distance {
	char key[64];
	uint64_t by;
} distances[64];
static unsigned int n_distances;

static struct distance *find_distance(const char *key)
{
	unsigned int i;

	for (i = 0; i < n_distances; i++)
		if (!strcmp(distances[i].key, key))
			return &distances[i];
	return NULL;
}

static bool counter(const struct line *tun, const struct line *mytun,
		    uint64_t *by)
{
	if (!tun || !mytun || strncmp(tun->key, "stats.", 6))
		return false;
	*by = strtoull(mytun->value, NULL, 10) -
	      strtoull(tun->value, NULL, 10);
	return true;
}

static bool same_distance(const struct line *tun, const struct line *mytun)
{
	struct distance *d;
	uint64_t by;

	if (!counter(tun, mytun, &by))
		return false;
	d = find_distance(tun->key);
	return d && d->by == by;
}

static void forget_distance(const char *key)
{
	struct distance *d = find_distance(key);

	if (d)
		d->by = 0;
}

static void keep_distance(const struct line *tun, const struct line *mytun)
{
	struct distance *d;
	uint64_t by;

	if (!counter(tun, mytun, &by))
		return;
	d = find_distance(tun->key);
	if (!d && n_distances < ARRAY_SIZE(distances)) {
		d = &distances[n_distances++];
		snprintf(d->key, sizeof(d->key), "%s", tun->key);
	}
	if (d)
		d->by = by;
}

/* One field of one step, in one record or in both. */
static void field(const struct step *step, const struct line *tun,
		  const struct line *mytun, struct verdict *verdict)
{
	const struct exception *e;

	/* What else is different in the step that ends it follows from that. */
	if (verdict->ends)
		return;
	shared->fields++;
	if (tun && mytun && !strcmp(tun->value, mytun->value)) {
		forget_distance(tun->key);
		return;
	}
	if (same_distance(tun, mytun))
		return;
	e = find_exception(step, tun, mytun, verdict->tail);
	if (e) {
		shared->met[e - exception_table]++;
		shared->excepted++;
		verdict->ends |= e->ends;
		keep_distance(tun, mytun);
		return;
	}
	verdict->differs = true;
	printf("#   %s\n", tun ? tun->key : mytun->key);
	printf("#     tun   %s\n", tun ? tun->value : ABSENT);
	printf("#     mytun %s\n", mytun ? mytun->value : ABSENT);
}

static bool later(const struct line *lines, unsigned int from, unsigned int n,
		  const char *key)
{
	for (; from < n; from++)
		if (!strcmp(lines[from].key, key))
			return true;
	return false;
}

static void compare(const struct step *step, struct note *tun,
		    struct note *mytun, struct verdict *verdict)
{
	static struct line a[LINES_MAX], b[LINES_MAX];
	unsigned int i = 0, j = 0, n, m;

	n = split(tun->text, a);
	m = split(mytun->text, b);
	verdict->tail = later(a, 0, n, NOTE_TAIL);
	while (i < n || j < m) {
		if (i < n && j < m && !strcmp(a[i].key, b[j].key))
			field(step, &a[i++], &b[j++], verdict);
		else if (i < n && (j == m || later(a, i, n, b[j].key)))
			field(step, &a[i++], NULL, verdict);
		else
			field(step, NULL, &b[j++], verdict);
	}
}

/* Its counters go with a device that has got another name. Before compare(). */
static void rename_distances(const struct step *step, const struct note *note)
{
	char old[32], rest[64];
	unsigned int i;

	if (step->call != STEP_RENAME || strncmp(note->text, "ret 0\n", 6))
		return;
	snprintf(old, sizeof(old), "stats.%s.", step->name);
	for (i = 0; i < n_distances; i++) {
		struct distance *d = &distances[i];

		if (strncmp(d->key, old, strlen(old)))
			continue;
		snprintf(rest, sizeof(rest), "%s", d->key + strlen(old));
		snprintf(d->key, sizeof(d->key), "stats.%.15s.%.40s", step->to,
			 rest);
	}
}

static pid_t play(const char *node, const struct steps *steps, bool compat,
		  int side)
{
	cpu_set_t cpus;
	pid_t child;

	shared->done[side] = 0;
	shared->err[side] = -EINTR;
	child = fork();
	if (child)
		return child;
	/* One CPU, so that what a softirq does is done before a sleep ends. */
	CPU_ZERO(&cpus);
	CPU_SET(side % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	shared->err[side] = player_run(node, steps, compat,
				       shared->notes[side],
				       &shared->done[side]);
	_exit(0);
}

/* Its wait status; one that does not end is killed. */
static int finish(pid_t child)
{
	int status = wait_child(child, 5 * DEADLINE_MS);

	if (status == -ETIMEDOUT) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return status;
}

static void print_steps(const struct steps *steps, unsigned int count)
{
	char text[320];
	unsigned int i;

	for (i = 0; i < count; i++) {
		step_text(&steps->at[i], text, sizeof(text));
		printf("# %4u  %s\n", i + 1, text);
	}
}

/*
 * Steps that only look are of no interest to who wants to repeat the others.
 */
static void print_prefix(const struct steps *steps, unsigned int count)
{
	static struct steps acting;
	unsigned int i;

	acting.count = 0;
	for (i = 0; i < count; i++)
		if (steps->at[i].call < STEP_FILE || i == count - 1)
			acting.at[acting.count++] = steps->at[i];
	print_steps(&acting, acting.count);
}

bool parity_equal(const struct steps *steps, bool compat, const char *title)
{
	struct verdict verdict = {};
	const char *node = device_node();
	int status[2], side;
	unsigned int i;
	pid_t child[2];

	for (i = 0; i < steps->count; i++) {
		for (side = 0; side < 2; side++) {
			shared->notes[side][i].used = 0;
			shared->notes[side][i].text[0] = '\0';
		}
	}
	n_distances = 0;
	playing_compat = compat;
	fflush(stdout);
	child[0] = play(TUN_NODE, steps, compat, 0);
	child[1] = play(node, steps, compat, 1);
	status[0] = finish(child[0]);
	status[1] = finish(child[1]);
	shared->sequences++;
	shared->compat |= compat;
	for (i = 0; i < steps->count && i < shared->done[0] &&
	     i < shared->done[1]; i++) {
		shared->steps++;
		rename_distances(&steps->at[i], &shared->notes[0][i]);
		compare(&steps->at[i], &shared->notes[0][i],
			&shared->notes[1][i], &verdict);
		if (verdict.differs) {
			printf("# %s%s: these differ after step %u:\n", title,
			       compat ? ", 32-bit caller" : "", i + 1);
			print_prefix(steps, i + 1);
			fflush(stdout);
			return false;
		}
		if (verdict.ends)
			return true;
	}
	for (side = 0; side < 2; side++) {
		if (!status[side] && !shared->err[side])
			continue;
		printf("# %s: on %s step %u of %u is not done: status %#x, error %d\n",
		       title, side ? node : TUN_NODE, shared->done[side] + 1,
		       steps->count, status[side], shared->err[side]);
		print_prefix(steps, shared->done[side] < steps->count ?
				    shared->done[side] + 1 : steps->count);
		return false;
	}
	return true;
}

void parity_print(void)
{
	printf("# compared so far: %lu sequences, %lu steps, %lu fields, %lu differ as listed\n",
	       shared->sequences, shared->steps, shared->fields,
	       shared->excepted);
}

/* Whether harness options chose tests. */
static bool partial(void)
{
	char text[256];
	FILE *file = fopen("/proc/self/cmdline", "re");
	size_t size = 0;

	if (file) {
		size = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[size] = '\0';
	return strlen(text) + 1 < size;
}

int parity_unmet(unsigned int where)
{
	const struct exception *e;
	int unmet = 0;

	if (partial())
		return -1;
	for (e = exception_table; e->call; e++) {
		if (!(e->where & where) || !in_range(e) ||
		    shared->met[e - exception_table])
			continue;
		if (e->where & PARITY_COMPAT && !shared->compat)
			continue;
		printf("# not met: %s(%s) %s: tun %s, mytun %s (%s)\n",
		       e->call, e->argument, e->field, e->tun, e->mytun,
		       e->reason);
		unmet++;
	}
	return unmet;
}
