/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The C++11 half of barrier.h, which says what each function does. */
#ifndef MYTUN_BARRIER_HPP
#define MYTUN_BARRIER_HPP

#include <atomic>

static inline __u32 mytun_load_relaxed(const __u32 *word)
{
	return reinterpret_cast<const std::atomic<__u32> *>(word)->load(
		std::memory_order_relaxed);
}

static inline __u32 mytun_load_acquire(const __u32 *word)
{
	return reinterpret_cast<const std::atomic<__u32> *>(word)->load(
		std::memory_order_acquire);
}

static inline __u16 mytun_load_acquire16(const __u16 *word)
{
	return reinterpret_cast<const std::atomic<__u16> *>(word)->load(
		std::memory_order_acquire);
}

static inline void mytun_store_relaxed(__u32 *word, __u32 value)
{
	reinterpret_cast<std::atomic<__u32> *>(word)->store(
		value, std::memory_order_relaxed);
}

static inline void mytun_store_release(__u32 *word, __u32 value)
{
	reinterpret_cast<std::atomic<__u32> *>(word)->store(
		value, std::memory_order_release);
}

static inline void mytun_store_release16(__u16 *word, __u16 value)
{
	reinterpret_cast<std::atomic<__u16> *>(word)->store(
		value, std::memory_order_release);
}

static inline void mytun_fence(void)
{
	std::atomic_thread_fence(std::memory_order_seq_cst);
}

#endif /* MYTUN_BARRIER_HPP */
