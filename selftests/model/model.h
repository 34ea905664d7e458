/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that the model's C code runs on: words with C11's memory orders,
 * locks, and tasks that sleep. model.cc makes them of Relacy's.
 *
 * A word that two sides share is told of beforehand with model_word(). Its
 * value in memory is always the latest one: an access that is not atomic, by
 * whoever alone stores it, finds what that one stored.
 */
#ifndef SELFTESTS_MODEL_H
#define SELFTESTS_MODEL_H

#ifdef __cplusplus
extern "C" {
#endif

enum model_order { MODEL_RELAXED, MODEL_ACQUIRE, MODEL_RELEASE };

/* Tell of a word of @size bytes, before the tasks run. */
void model_word(volatile void *word, unsigned int size);

/*
 * Accesses to a word; one that nobody was told of is an access to memory. File
 * and line are the place in the source whose effect can be taken away, or NULL.
 */
unsigned long model_load(const volatile void *word, unsigned int size,
			 enum model_order order, const char *file, int line);
void model_store(volatile void *word, unsigned int size, unsigned long value,
		 enum model_order order, const char *file, int line);
/* Acquire and release at once. */
unsigned long model_exchange(volatile void *word, unsigned int size,
			     unsigned long value, const char *file, int line);
int model_replace(volatile void *word, unsigned int size, unsigned long *old,
		  unsigned long value, const char *file, int line);
/* A fence of sequential consistency. */
void model_fence(const char *file, int line);
/* One that belongs to the machine. */
void model_machine_fence(void);

/* Locks, by their addresses: acquire and release, nothing more. */
void model_lock(const volatile void *lock);
void model_unlock(const volatile void *lock);

/* Tasks have the numbers of the threads. */
unsigned int model_self(void);
void model_will_sleep(void);		/* unless it is woken from now on */
void model_will_not_sleep(void);
void model_sleep(void);			/* until it has been woken */
void model_wake(unsigned int task);
void model_yield(void);			/* in a loop that looks at a word */

/* How a program waits: by MYTUN_IOC_WAIT, by poll(), by a read() from its
 * eventfd, or not at all.
 */
enum model_way { MODEL_WAIT, MODEL_POLL, MODEL_EVENTFD, MODEL_BUSY };

/* What a packet holds: neither atomic nor locked, so an access may race. Two
 * records of RX, two of TX, and how many were taken from TX.
 */
enum { CELL_RX = 0, CELL_TX = 2, CELL_TAKEN = 4, CELLS = 5 };

void model_fill(unsigned int cell, unsigned int value);
unsigned int model_content(unsigned int cell);

/* End the run as a failure. */
void model_require(int holds, const char *what);

/* kernel.c */
extern void *const model_kernel_page, *const model_user_page;
extern unsigned char model_rx[], model_tx[];
void kernel_start(unsigned int flags, unsigned int drive);
int kernel_put(unsigned int number);
void kernel_set_qdisc(int has);
void kernel_end(void);
void kernel_sleep_and_wake(unsigned int count);
int kernel_tx_has_ended(void);
void kernel_read_event(void);
void kernel_softirq(void);
void kernel_lend(void);
void kernel_stop(void);
unsigned int kernel_taken(void);
int kernel_poll(unsigned int events);
long kernel_ioctl(unsigned long request, void *argument);

/* user.c */
void user_start(int batch, int seen);
void user_receive(unsigned int count, enum model_way how);
void user_hand_out(unsigned int count);
void user_use(unsigned int first, unsigned int count, unsigned int step);
void user_send(unsigned int count, enum model_way how);
void user_reserve(unsigned int count);
void user_write(unsigned int first, unsigned int count, unsigned int step);
unsigned int user_written(void);

#ifdef __cplusplus
}
#endif

#endif /* SELFTESTS_MODEL_H */
