// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing stays behind: many times over, devices are made, carry traffic, and
 * lose the process that held them to a SIGKILL or an exit; then the module is
 * unloaded and loaded again. In the end no device, no reference to the module
 * and no memory may be left.
 *
 * Memory is counted in objects of each slab cache, in per-CPU memory, in
 * vmalloc areas and in pages. Each cycle uses so many devices and queues that
 * an object lost with each of them stands out from what the rest of the
 * system does; one lost with each load of the module does so in a full run.
 */
#include "device.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "module.h"
#include "rtnl.h"
#include "traffic.h"

#define MODULE	"mytun"

#define DEVICES	8
#define QUEUES	3

/* Cycles before the first look. */
#define WARM_UP	20

/* Growth that is no leak: objects of one cache, and KiB of the others. */
#define OBJECTS_ALLOWED(cycles)	((cycles) / 2 + 150)
#define PERCPU_ALLOWED(cycles)	((cycles) / 2 + 128)
#define PAGES_ALLOWED(cycles)	((cycles) + 3072)

#define MAX_CACHES	512

struct memory {
	struct {
		char name[64];
		long objects, per_slab;
	} caches[MAX_CACHES];
	int ncaches;
	long percpu, other;		/* KiB */
	long areas;			/* of vmalloc, asked for by mytun */
};

/* Since 6.7 each CPU keeps as many free pages as it likes; here, few. */
#define PAGE_LISTS	"/proc/sys/vm/percpu_pagelist_high_fraction"

FIXTURE(leak) {
	struct memory before, after;
	char page_lists[32];
};

FIXTURE_SETUP(leak)
{
	REQUIRE_DEVICE();
	if (!device_is_mytun())
		SKIP(return, "the in-kernel tun is not to be unloaded");
	if (module_references(MODULE) < 0)
		SKIP(return, MODULE " is not a module");
	if (access("/proc/slabinfo", R_OK))
		SKIP(return, "no /proc/slabinfo");
	ASSERT_EQ(0, netns_private());
	/* Older kernels have no such file, nor such lists. */
	if (!file_read(PAGE_LISTS, self->page_lists,
		       sizeof(self->page_lists))) {
		ASSERT_EQ(0, file_write(PAGE_LISTS, "1000000"));
	}
}

FIXTURE_TEARDOWN(leak)
{
	file_write(PAGE_LISTS, self->page_lists);
}

static bool unused(void *arg)
{
	(void)arg;
	return module_references(MODULE) == 0;
}

static bool used_once(void *arg)
{
	(void)arg;
	return module_references(MODULE) == 1;
}

/* The line of a file that has the word, or not. */
static bool mentioned(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		found |= !!strstr(line, word);
	fclose(file);
	return found;
}

/* With the module unloaded, nothing may know it any more. */
static void check_gone(struct __test_metadata *_metadata)
{
	static const char * const files[] = {
		"/proc/modules", "/proc/misc", "/proc/net/protocols",
		"/proc/vmallocinfo",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_FALSE(mentioned(files[i], MODULE))
			TH_LOG("%s still has " MODULE, files[i]);
	}
	EXPECT_NE(0, access("/sys/module/" MODULE, F_OK));
	EXPECT_NE(0, access("/sys/class/misc/" MODULE, F_OK));
	EXPECT_NE(0, access(device_node(), F_OK));
	EXPECT_EQ(1, link_count());
}

/* Pages that nobody accounts for: neither free nor of a known use. */
static void read_meminfo(long *percpu, long *other)
{
	static const char * const known[] = {
		"MemFree", "Buffers", "Cached", "SwapCached", "AnonPages",
		"Slab", "KernelStack", "PageTables", "SecPageTables",
		"VmallocUsed", "Percpu",
	};
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128], key[64];
	unsigned int i;
	long value;

	*percpu = 0;
	*other = 0;
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %ld", key, &value) != 2)
			continue;
		if (!strcmp(key, "MemTotal"))
			*other += value;
		if (!strcmp(key, "Percpu"))
			*percpu = value;
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(key, known[i]))
				*other -= value;
	}
	fclose(file);
}

/* Lines of /proc/vmallocinfo that name the module as the caller. */
static long vmalloc_areas(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	char line[512];
	long count = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		count += !!strstr(line, "[" MODULE "]");
	fclose(file);
	return count;
}

/* So that free objects do not count: those of each CPU go back. */
static void give_back(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	file_write(path, "1");
}

static void measure_once(struct memory *memory, bool first)
{
	char line[512], name[64];
	long objects, per_slab;
	FILE *file;
	int i;

	file = fopen("/proc/slabinfo", "re");
	if (!file)
		return;
	for (i = 0; i < MAX_CACHES && fgets(line, sizeof(line), file);) {
		if (line[0] == '#' ||
		    sscanf(line, "%63s %ld %*d %*d %ld", name, &objects,
			   &per_slab) != 3)
			continue;
		if (!strcmp(name, "slabinfo"))
			continue;
		if (first || strcmp(memory->caches[i].name, name)) {
			strcpy(memory->caches[i].name, name);
			memory->caches[i].objects = objects;
			memory->caches[i].per_slab = per_slab;
		} else if (objects < memory->caches[i].objects) {
			memory->caches[i].objects = objects;
		}
		i++;
	}
	memory->ncaches = i;
	fclose(file);
}

/*
 * The least of several looks, a while apart: what is freed by RCU or a work
 * queue takes its time, and is no leak. The files in /sys that are written to
 * cost an inode each, so a look without that, to learn the names, is no
 * measure.
 */
static void measure(struct memory *memory)
{
	long percpu, other;
	int look, i;

	memset(memory, 0, sizeof(*memory));
	measure_once(memory, true);
	for (look = 0; look < 5; look++) {
		sync();
		file_write("/proc/sys/vm/drop_caches", "3");
		for (i = 0; i < memory->ncaches; i++)
			give_back(memory->caches[i].name);
		sleep_ms(500);
		measure_once(memory, look == 0);
		read_meminfo(&percpu, &other);
		if (!look || percpu < memory->percpu)
			memory->percpu = percpu;
		if (!look || other < memory->other)
			memory->other = other;
	}
	memory->areas = vmalloc_areas();
}

static long objects_of(const struct memory *memory, const char *name)
{
	int i;

	for (i = 0; i < memory->ncaches; i++)
		if (!strcmp(memory->caches[i].name, name))
			return memory->caches[i].objects;
	return 0;
}

static void compare(struct __test_metadata *_metadata,
		    const struct memory *before, const struct memory *after,
		    long cycles)
{
	long growth, most = 0;
	int i, worst = 0;

	for (i = 0; i < after->ncaches; i++) {
		growth = after->caches[i].objects -
			 objects_of(before, after->caches[i].name);
		/* A CPU's own slab is counted as if it were full. */
		EXPECT_GE(OBJECTS_ALLOWED(cycles) + after->caches[i].per_slab,
			  growth)
			TH_LOG("cache %s: %ld objects more after %ld cycles",
			       after->caches[i].name, growth, cycles);
		if (growth > most) {
			most = growth;
			worst = i;
		}
	}
	TH_LOG("after %ld cycles: most growth %ld objects of %s, per-CPU %ld KiB, pages %ld KiB",
	       cycles, most, after->caches[worst].name,
	       after->percpu - before->percpu,
	       after->other - before->other);
	EXPECT_GE(PERCPU_ALLOWED(cycles), after->percpu - before->percpu);
	EXPECT_GE(PAGES_ALLOWED(cycles), after->other - before->other);
	EXPECT_EQ(before->areas, after->areas);
}

/*
 * The child: its own namespace with DEVICES devices, half of them TAP, one
 * queue of each set aside and one persistent, packets waiting in the others,
 * and an echo answered. Returns the step that failed, or 0.
 */
static int use_devices(int fds[DEVICES][QUEUES])
{
	struct traffic traffic;
	char name[IFNAMSIZ];
	int d, q, flags, socket;

	if (unshare(CLONE_NEWNET))
		return 1;
	for (d = 0; d < DEVICES; d++) {
		flags = d % 2 ? IFF_TAP : IFF_TUN;
		flags |= IFF_NO_PI | IFF_MULTI_QUEUE;
		snprintf(name, sizeof(name), "leak%d", d);
		for (q = 0; q < QUEUES; q++) {
			fds[d][q] = device_create(name, flags);
			if (fds[d][q] < 0)
				return 2;
		}
		if (device_setqueue(fds[d][1], IFF_DETACH_QUEUE))
			return 3;
		if (d == 3 && device_ioctl(fds[d][0], TUNSETPERSIST, 1))
			return 4;
		if (traffic_start(&traffic, name, d + 1))
			return 5;
		if (traffic_ask(&traffic, fds[d][0]))
			return 6;
		if (traffic_answer(&traffic, fds[d][0], DEADLINE_MS))
			return 7;
		socket = traffic_socket(&traffic);
		if (socket < 0)
			return 8;
		if (traffic_send(socket, 16) != 16)
			return 9;
		close(socket);
		traffic_stop(&traffic);
	}
	return 0;
}

static void child_main(int pipe, bool exits)
{
	int fds[DEVICES][QUEUES];
	char step, buffer[2048];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	step = use_devices(fds);
	if (write(pipe, &step, 1) != 1 || exits)
		_exit(0);
	/* Until it sleeps there. */
	device_nonblock(fds[0][0], false);
	for (;;)
		if (read(fds[0][0], buffer, sizeof(buffer)) < 0)
			_exit(0);
}

static void load_use_unload(struct __test_metadata *_metadata,
			    unsigned long number)
{
	int fds[2], status;
	char step = -1;
	pid_t child;

	ASSERT_EQ(0, pipe(fds));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		child_main(fds[1], number % 4 == 3);
	close(fds[1]);
	EXPECT_EQ(1, read(fds[0], &step, 1));
	close(fds[0]);
	ASSERT_EQ(0, step);
	EXPECT_LT(0, module_references(MODULE));
	if (number % 4 != 3) {
		/* Every other one in the middle of a read. */
		if (number % 2)
			wait_asleep(child, DEADLINE_MS);
		kill(child, SIGKILL);
	}
	status = wait_child(child, DEADLINE_MS);
	ASSERT_LE(0, status);
	/* The namespace, with the persistent device, goes a while later. */
	ASSERT_EQ(0, wait_for(unused, NULL, DEADLINE_MS))
		TH_LOG("cycle %lu: %ld references", number,
		       module_references(MODULE));
	ASSERT_EQ(0, module_unload(MODULE));
	check_gone(_metadata);
	ASSERT_EQ(0, module_load(MODULE, NULL));
	ASSERT_EQ(0, access(device_node(), R_OK | W_OK));
	ASSERT_EQ(0, module_references(MODULE));
}

TEST_F_TIMEOUT(leak, nothing, 7200)
{
	unsigned long cycles = scaled(1000), i;

	/* What is allocated once, and what caches fill up to, is so then. */
	for (i = 0; i < WARM_UP; i++)
		load_use_unload(_metadata, i);
	measure(&self->before);
	for (i = 0; i < cycles; i++)
		load_use_unload(_metadata, i);
	measure(&self->after);
	compare(_metadata, &self->before, &self->after, cycles);
}

TEST_F_TIMEOUT(leak, module_in_use, 300)
{
	char name[IFNAMSIZ] = "leak0";
	long opened;
	int fd;

	ASSERT_EQ(0, wait_for(unused, NULL, DEADLINE_MS));
	/* An open file is enough. */
	fd = device_open(0);
	ASSERT_LE(0, fd);
	opened = module_references(MODULE);
	EXPECT_LE(1, opened);
	EXPECT_EQ(-EWOULDBLOCK, module_unload(MODULE));
	ASSERT_EQ(0, device_setiff(fd, name, IFF_TUN));
	EXPECT_EQ(opened, module_references(MODULE));
	EXPECT_EQ(-EWOULDBLOCK, module_unload(MODULE));
	/* So is a device that lasts, once, until it is deleted. */
	ASSERT_EQ(0, device_ioctl(fd, TUNSETPERSIST, 1));
	ASSERT_EQ(0, device_ioctl(fd, TUNSETPERSIST, 1));
	EXPECT_EQ(opened + 1, module_references(MODULE));
	close(fd);
	EXPECT_EQ(0, wait_for(used_once, NULL, DEADLINE_MS));
	EXPECT_EQ(-EWOULDBLOCK, module_unload(MODULE));
	ASSERT_EQ(0, link_delete("leak0"));
	EXPECT_EQ(0, module_references(MODULE));

	/* Or until it is told not to last. */
	fd = device_create(name, IFF_TUN);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_ioctl(fd, TUNSETPERSIST, 1));
	ASSERT_EQ(0, device_ioctl(fd, TUNSETPERSIST, 0));
	EXPECT_EQ(opened, module_references(MODULE));
	close(fd);
	EXPECT_FALSE(link_exists("leak0"));
	EXPECT_EQ(0, wait_for(unused, NULL, DEADLINE_MS));
	ASSERT_EQ(0, module_unload(MODULE));
	check_gone(_metadata);
	ASSERT_EQ(0, module_load(MODULE, NULL));
}

TEST_HARNESS_MAIN
