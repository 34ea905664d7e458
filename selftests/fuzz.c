// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of calls that nobody would write: on files, memory, links, by
 * several threads at once. The kernel must bear them.
 *
 * With KCOV in the kernel (debugfs), libFuzzer goes by what they reach in the
 * driver; without it, or where its program was not built, they are mutated
 * blindly, and it says so. MYTUN_SEED repeats what is chosen, MYTUN_MINUTES
 * says how long.
 *
 * fuzz.corpus holds programs to begin with, and each one that the kernel has
 * not borne once, cut down to what it needed: they are played first.
 */
#include "device.h"

#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "fuzzplay.h"
#include "packet.h"

#define LIMIT		86400
#define CORPUS_MAX	256
#define LONG_MINUTES	40
#define MINUTES		2
#define WORKING		"/tmp/mytun-fuzz"
#define PROGRESS_MS	20000

static struct fuzz_program corpus[CORPUS_MAX];
static unsigned int corpus_count;

/* A file beside this program. */
static const char *beside(const char *name)
{
	static char path[512];
	char self[400];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return name;
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dirname(self), name);
	return path;
}

/* Programs are separated by empty lines; # begins a comment. 0 or -errno. */
static int corpus_load(void)
{
	FILE *file = fopen(beside("fuzz.corpus"), "re");
	struct fuzz_program *p = &corpus[0];
	char line[256];
	int err = 0;

	if (!file)
		return -errno;
	while (!err && fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		if (line[0] == '\n') {
			corpus_count += p->count ? 1 : 0;
			p = &corpus[corpus_count];
			if (corpus_count == CORPUS_MAX - 1)
				break;
			p->count = 0;
		} else if (p->count == FUZZ_OPS ||
			   fuzz_parse(line, &p->op[p->count++])) {
			printf("# fuzz.corpus: %s", line);
			err = -EINVAL;
		}
	}
	corpus_count += !err && p->count;
	fclose(file);
	return err;
}

/* Something near one of the corpus. */
static void mutate(struct fuzz_program *p, uint64_t *seed)
{
	unsigned int rounds = 1 + random_below(seed, 6), at, with;

	*p = corpus[random_below(seed, corpus_count)];
	while (rounds--) {
		const struct fuzz_program *other;

		at = random_below(seed, p->count);
		switch (random_below(seed, 6)) {
		case 0:
			random_fill(seed, &p->op[at], sizeof(*p->op));
			p->op[at].call %= FUZZ_CALLS;
			break;
		case 1:
			p->op[at].b ^= 1U << random_below(seed, 32);
			break;
		case 2:
			p->op[at].a = random_next(seed);
			break;
		case 3:
			/* Another thread, or another file. */
			p->op[at].who = random_next(seed);
			break;
		case 4:
			with = random_below(seed, p->count);
			if (p->count < FUZZ_OPS)
				p->op[p->count++] = p->op[with];
			break;
		case 5:
			other = &corpus[random_below(seed, corpus_count)];
			while (at < other->count && p->count < FUZZ_OPS)
				p->op[p->count++] = other->op[at++];
			break;
		}
	}
}

static int tell(struct fuzz_program *p, const char *complaint)
{
	printf("# %s\n", complaint);
	fuzz_print(p);
	fuzz_minimise(p);
	printf("# what it needs, for fuzz.corpus:\n");
	fuzz_print(p);
	return -EIO;
}

static int fuzz_blindly(uint64_t seconds)
{
	uint64_t seed = random_seed(), end = now_ms() + seconds * 1000;
	uint64_t said = now_ms();
	static struct fuzz_program p;
	unsigned long n = 0;
	const char *complaint;

	while (now_ms() < end) {
		mutate(&p, &seed);
		complaint = fuzz_play(&p, NULL);
		if (complaint)
			return tell(&p, complaint);
		n++;
		if (now_ms() - said > PROGRESS_MS) {
			said = now_ms();
			printf("# %lu programs\n", n);
			fflush(stdout);
		}
	}
	printf("# %lu programs, blindly\n", n);
	return 0;
}

/* The corpus as libFuzzer wants it: a file for each program. */
static int corpus_store(void)
{
	uint8_t data[sizeof(struct fuzz_program)];
	char path[64];
	unsigned int i;
	size_t size;
	FILE *file;

	if (mkdir(WORKING, 0700) && errno != EEXIST)
		return -errno;
	for (i = 0; i < corpus_count; i++) {
		snprintf(path, sizeof(path), WORKING "/%u", i);
		file = fopen(path, "we");
		if (!file)
			return -errno;
		size = fuzz_encode(&corpus[i], data);
		if (fwrite(data, 1, size, file) != size) {
			fclose(file);
			return -EIO;
		}
		fclose(file);
	}
	return 0;
}

static int fuzz_by_coverage(uint64_t seconds)
{
	uint32_t seed = random_seed();
	char command[1024];
	int err = corpus_store();

	if (err)
		return err;
	snprintf(command, sizeof(command),
		 "%s -seed=%u -max_total_time=%llu -max_len=%zu -len_control=0 -detect_leaks=0 -timeout=120 -rss_limit_mb=0 -print_final_stats=1 -artifact_prefix=%s. %s 2>&1 | sed -u 's/^/# /'",
		 beside("fuzz_engine"), seed ? seed : 1,
		 (unsigned long long)seconds, FUZZ_OPS * sizeof(struct fuzz_op),
		 WORKING, WORKING);
	printf("# %s\n", command);
	fflush(stdout);
	/* The pipe's end is sed's: it is the engine's status that counts. */
	err = execl("/bin/bash", "bash", "-o", "pipefail", "-c", command, NULL);
	return -errno;
}

FIXTURE(fuzz)
{
};

FIXTURE_SETUP(fuzz)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the calls are mytun's");
	ASSERT_EQ(0, corpus_load());
	ASSERT_LT(0, corpus_count);
}

FIXTURE_TEARDOWN(fuzz)
{
}

TEST_F_TIMEOUT(fuzz, corpus_is_borne, LIMIT)
{
	const char *complaint;
	unsigned int i;

	ASSERT_EQ(0, fuzz_begin());
	for (i = 0; i < corpus_count; i++) {
		complaint = fuzz_play(&corpus[i], NULL);
		if (complaint)
			fuzz_print(&corpus[i]);
		EXPECT_EQ(NULL, complaint) {
			TH_LOG("program %u: %s", i, complaint);
		}
	}
	TH_LOG("%u programs", corpus_count);
}

TEST_F_TIMEOUT(fuzz, nothing_is_found, LIMIT)
{
	uint64_t seconds = duration_ms(MINUTES, LONG_MINUTES) / 1000;
	int status;
	pid_t pid;

	ASSERT_EQ(0, fuzz_begin());
	if (fuzz_sees() && !access(beside("fuzz_engine"), X_OK)) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			fuzz_by_coverage(seconds);
			_exit(1);
		}
		status = wait_child(pid, (int)seconds * 1000 + 600000);
		EXPECT_EQ(0, status);
	} else {
		TH_LOG("blind: %s", fuzz_sees() ? "fuzz_engine was not built" :
		       "no KCOV in this kernel");
		EXPECT_EQ(0, fuzz_blindly(seconds));
	}
}

TEST_HARNESS_MAIN
