// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "fuzzplay.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kcov.h>

#include "kselftest.h"

#include "bpf.h"
#include "fuzzcall.h"
#include "fuzzlink.h"
#include "rtnl.h"

/* A program is cut off then. It is not the kernel's fault if it waits. */
#define PLAY_US		400000
/* Nobody who was killed may be there any more after that. */
#define GONE_MS		30000
#define LINE		512
#define TRIES		3

#define DEBUGFS		"/sys/kernel/debug"
#define KCOV_WORDS	(64 << 10)

/* What a kernel says when it has gone wrong. */
static const char * const complaints[] = {
	"BUG:", "WARNING:", "UBSAN:", "Oops", "kernel BUG at",
	"general protection", "INFO: task", "INFO: rcu", "rcu_sched detected",
	"possible recursive", "possible circular", "inconsistent lock",
	"suspicious RCU", "refcount_t:", "ODEBUG:", "scheduling while atomic",
	"sleeping function", "waiting for", "bad page", "Unable to handle",
	"KCSAN:", "KFENCE:", "list_add corruption", "list_del corruption",
};

static int kmsg = -1;

/* What each thread went through, and, last, what was done for them elsewhere. */
static int kcov[FUZZ_THREADS + 1];
static unsigned long *area[FUZZ_THREADS + 1];
static bool sees;

/*
 * Softirqs and kernel threads tell the one who opened the file for which they
 * work: those whom this process begets have its number.
 */
static void see_others(int fd)
{
	struct kcov_remote_arg arg = {
		.trace_mode = KCOV_TRACE_PC,
		.area_size = KCOV_WORDS,
		.common_handle = KCOV_SUBSYSTEM_COMMON | (uint32_t)getpid(),
	};

	if (ioctl(fd, KCOV_REMOTE_ENABLE, &arg))
		printf("# softirqs and threads are not seen: %s\n",
		       strerror(errno));
}

static void open_kcov(void)
{
	const size_t size = KCOV_WORDS * sizeof(unsigned long);
	unsigned int i;

	/* netns_private() has put another /sys on top of it. */
	mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	for (i = 0; i < ARRAY_SIZE(kcov); i++) {
		kcov[i] = open(DEBUGFS "/kcov", O_RDWR | O_CLOEXEC);
		if (kcov[i] < 0 || ioctl(kcov[i], KCOV_INIT_TRACE, KCOV_WORDS))
			return;
		area[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       kcov[i], 0);
		if (area[i] == MAP_FAILED)
			return;
	}
	see_others(kcov[FUZZ_THREADS]);
	sees = true;
}

int fuzz_begin(void)
{
	int err = netns_private();

	if (err)
		return err;
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		return -errno;
	/* What waits for grace periods would wait most of the time. */
	file_write("/sys/kernel/rcu_expedited", "1");
	bpf_quiet();
	fuzz_namespaces[0] = netns_get();
	fuzz_namespaces[1] = netns_new();
	if (fuzz_namespaces[0] < 0 || fuzz_namespaces[1] < 0)
		return -EINVAL;
	open_kcov();
	return 0;
}

bool fuzz_sees(void)
{
	return sees;
}

/* The process that plays. */

struct part {
	const struct fuzz_program *p;
	unsigned int thread;
};

static unsigned int thread_of(const struct fuzz_op *op)
{
	return (op->who >> 4) % FUZZ_THREADS;
}

static void *play_part(void *arg)
{
	const struct part *part = arg;
	unsigned int i;

	if (sees) {
		__atomic_store_n(&area[part->thread][0], 0, __ATOMIC_RELAXED);
		ioctl(kcov[part->thread], KCOV_ENABLE, KCOV_TRACE_PC);
	}
	for (i = 0; i < part->p->count; i++) {
		if (thread_of(&part->p->op[i]) == part->thread)
			fuzz_call(&part->p->op[i]);
	}
	return NULL;
}

static void cut_off(int signal)
{
	(void)signal;
	_exit(0);
}

static void play(const struct fuzz_program *p)
{
	const struct itimerval limit = { .it_value.tv_usec = PLAY_US };
	struct part parts[FUZZ_THREADS];
	pthread_t threads[FUZZ_THREADS];
	bool wanted[FUZZ_THREADS] = { true };
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, cut_off);
	/* What a program does to its own memory is its own affair. */
	signal(SIGSEGV, cut_off);
	signal(SIGBUS, cut_off);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	setitimer(ITIMER_REAL, &limit, NULL);
	for (i = 0; i < p->count; i++)
		wanted[thread_of(&p->op[i])] = true;
	for (i = FUZZ_THREADS; i--;) {
		parts[i].p = p;
		parts[i].thread = i;
		if (i && wanted[i])
			wanted[i] = !pthread_create(&threads[i], NULL,
						    play_part, &parts[i]);
	}
	play_part(&parts[0]);
	for (i = 1; i < FUZZ_THREADS; i++) {
		if (wanted[i])
			pthread_join(threads[i], NULL);
	}
	_exit(0);
}

/* Around it. */

/* All that is new in the kernel's log; the first line that complains. */
static const char *complaint(void)
{
	static char found[LINE], record[8192];
	const char *text;
	size_t i;
	ssize_t n;

	found[0] = '\0';
	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0 || *found)
			continue;
		record[n] = '\0';
		text = strchr(record, ';');
		for (i = 0; text && i < ARRAY_SIZE(complaints); i++) {
			if (strstr(text, complaints[i]))
				snprintf(found, sizeof(found), "%.*s",
					 (int)strcspn(text + 1, "\n"),
					 text + 1);
		}
	}
	return *found ? found : NULL;
}

/* No device may be left of a program. */
static void clean(void)
{
	static const char * const unnamed[] = { "tun0", "tap0", "tun1", "tap1" };
	unsigned int i, j;

	for (i = 0; i < 2; i++) {
		netns_enter(fuzz_namespaces[!i]);
		if (link_count() <= 1)
			continue;
		for (j = 0; j < FUZZ_NAMES; j++)
			link_delete(fuzz_name(j));
		for (j = 0; j < ARRAY_SIZE(unnamed); j++)
			link_delete(unnamed[j]);
	}
}

static void add_counters(uint8_t *counters)
{
	unsigned long n, i, t;

	for (t = 0; t < ARRAY_SIZE(area); t++) {
		n = __atomic_load_n(&area[t][0], __ATOMIC_RELAXED);
		for (i = 1; i <= n && i < KCOV_WORDS; i++) {
			uint8_t *c = &counters[area[t][i] * 0x9e3779b97f4a7c15UL
					       >> 48];

			*c += *c < UINT8_MAX;
		}
		area[t][0] = 0;
	}
}

const char *fuzz_play(const struct fuzz_program *p, uint8_t *counters)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return NULL;
	if (!pid)
		play(p);
	status = wait_child(pid, PLAY_US / 1000 + DEADLINE_MS);
	if (status == -ETIMEDOUT) {
		kill(pid, SIGKILL);
		if (wait_child(pid, GONE_MS) == -ETIMEDOUT)
			return "a process that was killed does not go";
	}
	clean();
	if (counters && sees)
		add_counters(counters);
	return complaint();
}

static bool still_complains(const struct fuzz_program *p)
{
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		/* Those that come once only shall come again. */
		file_write(DEBUGFS "/clear_warn_once", "1");
		if (fuzz_play(p, NULL))
			return true;
	}
	return false;
}

void fuzz_minimise(struct fuzz_program *p)
{
	static struct fuzz_program less;
	unsigned int i;

	for (i = p->count; i--;) {
		less = *p;
		less.count--;
		memmove(&less.op[i], &less.op[i + 1],
			(less.count - i) * sizeof(*less.op));
		if (still_complains(&less))
			*p = less;
	}
}

void fuzz_print(const struct fuzz_program *p)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < p->count; i++) {
		fuzz_text(&p->op[i], text, sizeof(text));
		printf("%s\n", text);
	}
	fflush(stdout);
}
