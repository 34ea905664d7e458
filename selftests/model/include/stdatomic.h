/* SPDX-License-Identifier: GPL-2.0 */
/* What the library uses of <stdatomic.h>, of the model's words. */
#ifndef MODEL_STDATOMIC_H
#define MODEL_STDATOMIC_H

#include <stdbool.h>

#include "model.h"

typedef unsigned int atomic_uint;
typedef bool atomic_bool;
typedef unsigned long long atomic_ullong;

#define atomic_exchange(word, value)					\
	model_exchange(word, sizeof(*(word)), value, __FILE__, __LINE__)
#define atomic_compare_exchange_strong(word, old, value)		\
	model_replace(word, sizeof(*(word)),				\
		      &(unsigned long){ *(old) }, value, __FILE__, __LINE__)
#define atomic_load(word)		(*(word))
#define atomic_store(word, value)	((void)(*(word) = (value)))
/* Counters. */
#define atomic_fetch_add_explicit(word, n, order)	(*(word) += (n))

#endif /* MODEL_STDATOMIC_H */
