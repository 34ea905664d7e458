/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a kernel as src/flow.c needs to run in a process of one thread:
 * nobody is there to be locked out or waited for.
 */
#ifndef BENCH_LINES_KERNEL_H
#define BENCH_LINES_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef struct { u64 counter; } atomic64_t;
typedef struct { u32 unused; } spinlock_t;

struct work_struct { bool unused; };
struct delayed_work { struct work_struct work; };
struct sk_buff;

/* Of src/mytun.h. */
#define MYTUN_MAX_QUEUES	256

#define ____cacheline_aligned_in_smp	__attribute__((aligned(64)))
#define noinline		__attribute__((noinline))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define BUILD_BUG_ON(x)		static_assert(!(x), #x)
#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define min_t(type, a, b)	min((type)(a), (type)(b))

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define smp_mb()		barrier()
#define smp_rmb()		barrier()
#define smp_wmb()		barrier()
#define cpu_relax()		barrier()
#define smp_store_release(p, value)	WRITE_ONCE(*(p), value)

#define spin_lock_init(lock)	((void)(lock))
#define spin_lock(lock)		((void)(lock))
#define spin_unlock(lock)	((void)(lock))
#define spin_lock_bh(lock)	((void)(lock))
#define spin_unlock_bh(lock)	((void)(lock))
#define atomic64_inc(a)		((void)(a)->counter++)
#define atomic64_read(a)	((a)->counter)

/* No work is ever done: nothing becomes too old. */
#define INIT_DELAYED_WORK(work, function)	((void)(work), (void)(function))
#define schedule_delayed_work(work, delay)	((void)(work))
#define cancel_delayed_work_sync(work)		((void)(work))
#define to_delayed_work(work)						\
	container_of(work, struct delayed_work, work)
#define cond_resched()		((void)0)

/* One thread needs none but of the compiler. */
static inline void barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/* A tick is a millisecond. */
extern unsigned long jiffies;
#define msecs_to_jiffies(ms)	(ms)
#define jiffies_to_msecs(ticks)	(ticks)

#define BITS_PER_LONG		64
#define DECLARE_BITMAP(name, bits)					\
	unsigned long name[(bits) / BITS_PER_LONG]

static inline void __set_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] |= 1UL << bit % BITS_PER_LONG;
}

static inline void __clear_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] &= ~(1UL << bit % BITS_PER_LONG);
}

static inline unsigned int find_first_zero_bit(const unsigned long *map,
					       unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits; i++)
		if (!(map[i / BITS_PER_LONG] >> i % BITS_PER_LONG & 1))
			break;
	return i;
}

static inline u32 reciprocal_scale(u32 value, u32 range)
{
	return (u32)((u64)value * range >> 32);
}

/* The head of a table, and its slots: lines.c, which is told where they are. */
void *lines_head(size_t size);
void *lines_slots(size_t size);
void lines_free(const void *memory);
#define kzalloc_obj(p, ...)		lines_head(sizeof(p))
#define kvzalloc_objs(p, n, ...)	lines_slots((n) * sizeof(p))
#define kfree(p)			lines_free(p)
#define kvfree(p)			lines_free(p)

#endif
