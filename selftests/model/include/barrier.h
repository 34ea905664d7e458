/* SPDX-License-Identifier: GPL-2.0 */
/* The library's barrier.h, of the model's words. */
#ifndef MYTUN_BARRIER_H
#define MYTUN_BARRIER_H

#include <linux/types.h>

#include "model.h"

#define mytun_load_relaxed(word)					\
	((__u32)model_load(word, 4, MODEL_RELAXED, __FILE__, __LINE__))
#define mytun_load_acquire(word)					\
	((__u32)model_load(word, 4, MODEL_ACQUIRE, __FILE__, __LINE__))
#define mytun_load_acquire16(word)					\
	((__u16)model_load(word, 2, MODEL_ACQUIRE, __FILE__, __LINE__))
#define mytun_store_relaxed(word, value)				\
	model_store(word, 4, value, MODEL_RELAXED, __FILE__, __LINE__)
#define mytun_store_release(word, value)				\
	model_store(word, 4, value, MODEL_RELEASE, __FILE__, __LINE__)
#define mytun_store_release16(word, value)				\
	model_store(word, 2, value, MODEL_RELEASE, __FILE__, __LINE__)
#define mytun_fence()		model_fence(__FILE__, __LINE__)

#endif /* MYTUN_BARRIER_H */
