// SPDX-License-Identifier: GPL-2.0
/*
 * How many cache lines a lookup in the table of flows touches, which
 * instructions do not show: src/flow.c as it is, in a process, with as many
 * flows as "scale" says, in a table with room for just as many, and in the
 * largest that there is.
 *
 * The compiler itself tells of each load and store of src/flow.c, whatever the
 * source calls it (-fsanitize=thread, with the functions below in place of its
 * library). Lines are counted apart for the slots, which are many, and for the
 * table's head (where the slots are, how many, and the index of each queue),
 * which is the same few for all packets. The hash is not the driver's: a good
 * one spreads flows like any other. Each number is of all flows, with KEYS keys
 * of the hash.
 *
 *   lines [-c ROW]	prints what bench prints
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines_kernel.h"
#include "driver/flow.h"
#include "measure.h"

#define LINE		64		/* bytes */
#define LINES_MAX	64		/* of one lookup */
#define PAGE		4096
#define SIZE		64		/* of packets, as the rows of flows.c */
#define QUEUES		4
#define KEYS		4
#define FLOWS_MIN	64		/* as in src/param.c */
#define FLOWS_MAX	1048576
#define AGEING_MS	86400000
#define PORTS		32768
#define UNIT		"cache lines"

static const u32 scales[] = { 10, 1000, 10000, 100000, 1000000 };

unsigned long jiffies;

/* The distinct lines of one piece of memory that were touched. */
struct memory {
	uintptr_t start, end;
	uintptr_t line[LINES_MAX];
	unsigned int lines;
};

static struct memory head, slots;

static void touch_line(struct memory *memory, uintptr_t line)
{
	unsigned int i;

	for (i = 0; i < memory->lines; i++)
		if (memory->line[i] == line)
			return;
	if (memory->lines < LINES_MAX)
		memory->line[memory->lines++] = line;
}

/* What is neither is the caller's own, on its stack. */
static void touch(const void *at, size_t size)
{
	struct memory *memory = (uintptr_t)at - slots.start <
				slots.end - slots.start ? &slots : &head;
	uintptr_t first = (uintptr_t)at, byte;

	if (first < memory->start || first >= memory->end)
		return;
	for (byte = first & -(uintptr_t)LINE; byte < first + size; byte += LINE)
		touch_line(memory, byte);
}

/* What the compiler calls; it wants no declaration. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define TOUCHES(name, size)						\
void __tsan_##name##size(const void *at)				\
{									\
	touch(at, size);						\
}

TOUCHES(read, 1)
TOUCHES(read, 2)
TOUCHES(read, 4)
TOUCHES(read, 8)
TOUCHES(read, 16)
TOUCHES(write, 1)
TOUCHES(write, 2)
TOUCHES(write, 4)
TOUCHES(write, 8)
TOUCHES(write, 16)
TOUCHES(unaligned_read, 2)
TOUCHES(unaligned_read, 4)
TOUCHES(unaligned_read, 8)
TOUCHES(unaligned_read, 16)
TOUCHES(unaligned_write, 2)
TOUCHES(unaligned_write, 4)
TOUCHES(unaligned_write, 8)
TOUCHES(unaligned_write, 16)

void __tsan_read_range(const void *at, size_t size)
{
	touch(at, size);
}

void __tsan_write_range(const void *at, size_t size)
{
	touch(at, size);
}

void __tsan_init(void)
{
}

void __tsan_func_entry(const void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

/* Where the kernel puts it: at a line's beginning. */
static void *memory_new(struct memory *memory, size_t size)
{
	void *new;

	size = (size + PAGE - 1) & -(size_t)PAGE;
	new = aligned_alloc(PAGE, size);
	check(new ? 0 : -ENOMEM, "memory");
	memory->start = (uintptr_t)new;
	memory->end = memory->start + size;
	return memset(new, 0, size);
}

void *lines_head(size_t size)
{
	return memory_new(&head, size);
}

void *lines_slots(size_t size)
{
	return memory_new(&slots, size);
}

void lines_free(const void *memory)
{
	free((void *)memory);
}

/* Flow number n, as site_flow() has them. */
static struct mytun_tuple tuple_of(u32 number)
{
	return (struct mytun_tuple){
		.addr = { 0x0100010a, 0x0200010a + (number / PORTS << 24) },
		.port = { 4001, (u16)(1024 + number % PORTS) },
		.proto = 17,
		.kind = MYTUN_TUPLE_IPV4,
	};
}

static u32 hash_of(u32 number, u32 key)
{
	u64 x = ((u64)key << 32 | (number + 1)) * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (u32)(x >> 32) ? (u32)(x >> 32) : 1;
}

static struct mytun_flows *table_new(u32 size, u32 count, u32 key)
{
	struct mytun_flows *flows = mytun_flows_create(size, AGEING_MS);
	int id[QUEUES];
	u32 i;

	for (i = 0; i < QUEUES; i++)
		id[i] = check(mytun_flows_add_queue(flows, (u16)i), "queue");
	for (i = 0; i < count; i++) {
		const struct mytun_tuple tuple = tuple_of(i);

		if (mytun_flows_learn(flows, &tuple, hash_of(i, key),
				      (u16)id[i % QUEUES]) !=
		    MYTUN_FLOW_ENTERED)
			check(-ENOSPC, "learn");
	}
	return flows;
}

/* Lookups that touched so many lines, and those of the head in all. */
struct tally {
	u64 lookups[LINES_MAX];
	u64 fixed;
};

/* Look for each flow once, a tick after the last: so the stamp is written. */
static void look(struct tally *tally, u32 size, u32 count, u32 key)
{
	struct mytun_flows *flows = table_new(size, count, key);
	u32 i;

	for (i = 0; i < count; i++) {
		const struct mytun_tuple tuple = tuple_of(i);

		jiffies++;
		head.lines = 0;
		slots.lines = 0;
		if (mytun_flows_find(flows, &tuple, hash_of(i, key)) !=
		    (int)(i % QUEUES))
			check(-ENOENT, "find");
		/* None was seen, or there may have been more. */
		if (!head.lines || !slots.lines || slots.lines == LINES_MAX)
			check(-ERANGE, "lines");
		tally->lookups[slots.lines]++;
		tally->fixed += head.lines;
	}
	mytun_flows_destroy(flows);
}

static void measure(struct row *row, u32 size, u32 count)
{
	const u64 all = (u64)count * KEYS;
	struct tally tally = {};
	u64 touched = 0, seen = 0;
	u32 most = 0, usual = 0, n, key;

	row->scale = count;
	for (key = 0; key < KEYS; key++)
		look(&tally, size, count, key);
	for (n = 0; n < LINES_MAX; n++) {
		if (!tally.lookups[n])
			continue;
		most = n;
		if (seen * 100 < all * 99)
			usual = n;
		seen += tally.lookups[n];
		touched += tally.lookups[n] * n;
	}
	tell("flows", row, SIZE, "lines", (double)touched / all, UNIT);
	tell("flows", row, SIZE, "lines of 99 %", usual, UNIT);
	tell("flows", row, SIZE, "most lines", most, UNIT);
	tell("flows", row, SIZE, "head lines", (double)tally.fixed / all, UNIT);
}

static bool wanted(const struct row *row, const char *only)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", row->by, row->way);
	return !fnmatch(only, name, 0);
}

int main(int argc, char **argv)
{
	struct row full = {
		.by = "mytun", .way = "table, full", .kind = "-",
		.queues = QUEUES,
	}, large = {
		.by = "mytun", .way = "table, largest", .kind = "-",
		.queues = QUEUES,
	};
	const char *only = "*";
	size_t i;

	if (argc == 3 && !strcmp(argv[1], "-c"))
		only = argv[2];
	else if (argc > 1)
		return 2;
	for (i = 0; i < sizeof(scales) / sizeof(*scales); i++)
		if (wanted(&full, only))
			measure(&full, scales[i] < FLOWS_MIN ? FLOWS_MIN :
				scales[i], scales[i]);
	for (i = 0; i < sizeof(scales) / sizeof(*scales); i++)
		if (wanted(&large, only))
			measure(&large, FLOWS_MAX, scales[i]);
	return 0;
}
