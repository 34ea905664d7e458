// SPDX-License-Identifier: GPL-2.0
/*
 * The rings' protocol between kernel and process, in Relacy's memory model:
 * loads may find what other processors have stored long ago, and only what the
 * source orders is in order.
 *
 * model [FILE:LINE [ITERATIONS]] runs all scenarios, with the effect of one
 * access or barrier taken away: acquire, release or the whole fence. Exit
 * status 0: every run went well. 1: one did not, which is named. With HISTORY
 * in the environment its steps are printed; ONLY names one scenario.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <relacy/relacy.hpp>
#include <relacy/stdlib/condition_variable.hpp>
#include <relacy/stdlib/mutex.hpp>

#include "model.h"

namespace {

constexpr unsigned int TASKS = 4;
constexpr unsigned int WORDS = 64;
constexpr unsigned int LOCKS = 16;

/* Whose effect is taken away: FILE:LINE of the program's argument. */
const char *weak_file = "";
int weak_line;

/* Relacy watches the heap: tables of fixed size need none. */
struct table {
	const volatile void *key[WORDS];
	unsigned int n;

	/* The number of a key, or n. */
	unsigned int find(const volatile void *wanted) const
	{
		unsigned int i = 0;

		while (i < n && key[i] != wanted)
			i++;
		return i;
	}

	unsigned int add(const volatile void *wanted)
	{
		unsigned int i = find(wanted);

		if (i == n) {
			if (n == WORDS)
				abort();
			key[n++] = wanted;
		}
		return i;
	}
};

struct machine {
	rl::atomic<unsigned long> word[WORDS];
	rl::var<unsigned int> cell[CELLS];
	rl::mutex lock[LOCKS];
	rl::mutex task_lock[TASKS];
	rl::condition_variable task_moved[TASKS];
	bool awake[TASKS];
	table words, locks;

	rl::mutex &lock_of(const volatile void *address)
	{
		unsigned int found = locks.add(address);

		if (found >= LOCKS)
			abort();
		return lock[found];
	}

	rl::atomic<unsigned long> *word_of(const volatile void *address)
	{
		unsigned int found = words.find(address);

		return found == words.n ? nullptr : &word[found];
	}
};

machine *m;

bool weakened(const char *file, int line)
{
	return file && line == weak_line && !strcmp(file, weak_file);
}

rl::debug_info at(const char *file, int line)
{
	return rl::debug_info("", file ? file : "model", line);
}

unsigned long in_memory(const volatile void *word, unsigned int size)
{
	unsigned long value = 0;

	memcpy(&value, const_cast<const void *>(word), size);
	return value;
}

void to_memory(volatile void *word, unsigned int size, unsigned long value)
{
	memcpy(const_cast<void *>(word), &value, size);
}

} // namespace

void model_word(volatile void *word, unsigned int size)
{
	m->word[m->words.add(word)].store(in_memory(word, size),
					  rl::mo_relaxed, $);
}

unsigned long model_load(const volatile void *word, unsigned int size,
			 enum model_order order, const char *file, int line)
{
	auto *a = m->word_of(word);

	if (!a)
		return in_memory(word, size);
	bool acquire = order == MODEL_ACQUIRE && !weakened(file, line);

	return a->load(acquire ? rl::mo_acquire : rl::mo_relaxed,
		       at(file, line));
}

void model_store(volatile void *word, unsigned int size, unsigned long value,
		 enum model_order order, const char *file, int line)
{
	auto *a = m->word_of(word);

	if (a) {
		bool release = order == MODEL_RELEASE && !weakened(file, line);

		a->store(value, release ? rl::mo_release : rl::mo_relaxed,
			 at(file, line));
	}
	to_memory(word, size, value);
}

unsigned long model_exchange(volatile void *word, unsigned int size,
			     unsigned long value, const char *file, int line)
{
	auto *a = m->word_of(word);
	unsigned long old = in_memory(word, size);

	if (a) {
		bool ordered = !weakened(file, line);

		old = a->exchange(value, ordered ? rl::mo_acq_rel :
				  rl::mo_relaxed, at(file, line));
	}
	to_memory(word, size, value);
	return old;
}

int model_replace(volatile void *word, unsigned int size, unsigned long *old,
		  unsigned long value, const char *file, int line)
{
	auto *a = m->word_of(word);
	bool ordered = !weakened(file, line);

	if (!a)
		abort();
	if (!a->compare_exchange_strong(*old, value, ordered ? rl::mo_acq_rel :
					rl::mo_relaxed, at(file, line),
					rl::mo_relaxed,
					at(file, line)))
		return 0;
	to_memory(word, size, value);
	return 1;
}

void model_fence(const char *file, int line)
{
	if (!weakened(file, line))
		rl::atomic_thread_fence(rl::mo_seq_cst, at(file, line));
}

void model_machine_fence(void)
{
	rl::atomic_thread_fence(rl::mo_seq_cst, $);
}

void model_lock(const volatile void *lock)
{
	m->lock_of(lock).lock($);
}

void model_unlock(const volatile void *lock)
{
	m->lock_of(lock).unlock($);
}

unsigned int model_self(void)
{
	return rl::thread_index();
}

void model_will_sleep(void)
{
	unsigned int task = model_self();

	m->task_lock[task].lock($);
	m->awake[task] = false;
	m->task_lock[task].unlock($);
}

void model_will_not_sleep(void)
{
	m->awake[model_self()] = true;
}

void model_sleep(void)
{
	unsigned int task = model_self();

	m->task_lock[task].lock($);
	while (!m->awake[task])
		m->task_moved[task].wait(m->task_lock[task], $);
	m->task_lock[task].unlock($);
}

void model_wake(unsigned int task)
{
	m->task_lock[task].lock($);
	m->awake[task] = true;
	m->task_moved[task].notify_all($);
	m->task_lock[task].unlock($);
}

void model_yield(void)
{
	rl::yield(1, $);
}

void model_fill(unsigned int cell, unsigned int value)
{
	m->cell[cell]($) = value;
}

unsigned int model_content(unsigned int cell)
{
	return m->cell[cell]($);
}

void model_require(int holds, const char *what)
{
	if (!holds)
		rl::ctx().fail_test(what, rl::test_result_user_assert_failed,
				    $);
}

/* -------------------------------------------------------------------------
 * Scenarios, with rings of two records. With five packets one place is used
 * three times: what is done with it too early is seen.
 */
namespace {

constexpr unsigned int PACKETS = 5;

/* What <linux/mytun.h> calls them. */
constexpr unsigned int SEEN = 0x10;
constexpr unsigned int CALLER = 0, NAPI = 1, LENT = 2;

template <typename T, unsigned int N>
struct scenario : rl::test_suite<T, N>, machine {
	void before()
	{
		m = this;
		words.n = 0;
		locks.n = 0;
		for (auto &one : awake)
			one = true;
		for (auto &one : cell)
			one($) = 0;
		static_cast<T *>(this)->start();
	}
};

void stack()
{
	for (unsigned int i = 1; i <= PACKETS; i++)
		kernel_put(i);
	kernel_end();
}

/* A qdisc is given to a device whose ring is full. */
void stack_with_late_qdisc()
{
	kernel_set_qdisc(0);
	kernel_put(1);
	kernel_put(2);
	kernel_set_qdisc(1);
	for (unsigned int i = 3; i <= PACKETS; i++)
		while (!kernel_put(i))
			;
	kernel_end();
}

struct receive_late : scenario<receive_late, 2> {
	void start()
	{
		kernel_start(0, CALLER);
		user_start(false, false);
	}

	void thread(unsigned int task)
	{
		if (task == 0)
			stack_with_late_qdisc();
		else
			user_receive(PACKETS, MODEL_EVENTFD);
	}
};

template <bool SEES, model_way HOW>
struct receive : scenario<receive<SEES, HOW>, 2> {
	void start()
	{
		kernel_start(SEES ? SEEN : 0, CALLER);
		user_start(false, SEES);
	}

	void thread(unsigned int task)
	{
		if (task == 0)
			stack();
		else
			user_receive(PACKETS, HOW);
	}
};

struct receive_by_workers : scenario<receive_by_workers, 4> {
	void start()
	{
		kernel_start(SEEN, CALLER);
		user_start(false, true);
	}

	void thread(unsigned int task)
	{
		if (task == 0)
			stack();
		else if (task == 1)
			user_hand_out(PACKETS);
		else
			user_use(task - 1, PACKETS, 2);
	}
};

struct read_for_workers : scenario<read_for_workers, 3> {
	void start()
	{
		kernel_start(0, CALLER);
		user_start(true, false);
	}

	void thread(unsigned int task)
	{
		if (task == 0)
			user_hand_out(PACKETS);
		else
			user_use(task, PACKETS, 2);
	}
};

template <unsigned int DRIVE, model_way HOW>
struct send : scenario<send<DRIVE, HOW>, 2> {
	void start()
	{
		kernel_start(0, DRIVE);
		user_start(false, false);
	}

	void thread(unsigned int task)
	{
		if (task == 0) {
			if (DRIVE == NAPI)
				kernel_softirq();
			else
				kernel_lend();
			return;
		}
		user_send(PACKETS, HOW);
		kernel_stop();
	}
};

template <bool BATCH>
struct send_by_workers : scenario<send_by_workers<BATCH>, 3> {
	void start()
	{
		kernel_start(0, CALLER);
		user_start(BATCH, false);
	}

	void thread(unsigned int task)
	{
		if (task == 0)
			user_reserve(PACKETS);
		else
			user_write(task, PACKETS, 2);
	}

	void after()
	{
		model_require((BATCH ? user_written() : kernel_taken()) ==
			      PACKETS, "every packet is sent");
	}
};

struct end : scenario<end, 2> {
	void start()
	{
		kernel_start(0, LENT);
	}

	void thread(unsigned int task)
	{
		if (task == 0)
			kernel_sleep_and_wake(PACKETS);
		else
			kernel_end();
	}

	void after()
	{
		model_require(kernel_tx_has_ended(),
			      "the end stays in the flags");
	}
};

template <typename T>
bool goes_well(const char *name, unsigned long iterations)
{
	rl::test_params params;
	std::ostream nowhere(nullptr);
	bool history = getenv("HISTORY");

	params.iteration_count = iterations;
	params.search_type = rl::random_scheduler_type;
	params.execution_depth_limit = 20000;
	params.output_stream = history ? &std::cout : &nowhere;
	params.progress_stream = &nowhere;
	params.collect_history = history;
	if (rl::simulate<T>(params))
		return true;
	printf("%s, run %lu: %s\n", name, (unsigned long)params.stop_iteration,
	       rl::test_result_str(params.test_result));
	return false;
}

struct named {
	const char *name;
	bool (*run)(const char *name, unsigned long iterations);
};

constexpr named SCENARIOS[] = {
	{ "receive", goes_well<receive<false, MODEL_WAIT>> },
	{ "receive-poll", goes_well<receive<false, MODEL_POLL>> },
	{ "receive-eventfd", goes_well<receive<false, MODEL_EVENTFD>> },
	{ "receive-busy", goes_well<receive<false, MODEL_BUSY>> },
	{ "receive-late-qdisc", goes_well<receive_late> },
	{ "receive-seen", goes_well<receive<true, MODEL_WAIT>> },
	{ "receive-seen-eventfd", goes_well<receive<true, MODEL_EVENTFD>> },
	{ "receive-workers", goes_well<receive_by_workers> },
	{ "read-workers", goes_well<read_for_workers> },
	{ "send-lent", goes_well<send<LENT, MODEL_WAIT>> },
	{ "send-lent-poll", goes_well<send<LENT, MODEL_POLL>> },
	{ "send-napi", goes_well<send<NAPI, MODEL_WAIT>> },
	{ "send-napi-poll", goes_well<send<NAPI, MODEL_POLL>> },
	{ "send-workers", goes_well<send_by_workers<false>> },
	{ "write-workers", goes_well<send_by_workers<true>> },
	{ "end", goes_well<end> },
};

constexpr unsigned long FIRST_RUNS = 100;

} // namespace

int main(int argc, char **argv)
{
	unsigned long iterations = argc > 2 ? strtoul(argv[2], NULL, 0) : 20000;
	const char *only = getenv("ONLY");
	bool weakened = false;

	if (argc > 1 && strchr(argv[1], ':')) {
		weak_file = strtok(argv[1], ":");
		weak_line = atoi(strtok(NULL, ""));
		weakened = true;
	}
	/* What goes wrong does so soon, in the scenario that it matters to. */
	for (unsigned long runs = weakened ? FIRST_RUNS : iterations;;
	     runs *= 10) {
		if (runs > iterations)
			runs = iterations;
		for (const named &one : SCENARIOS) {
			if (only && strcmp(only, one.name))
				continue;
			if (!one.run(one.name, runs))
				return 1;
		}
		if (runs == iterations)
			return 0;
	}
}
