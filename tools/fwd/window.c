// SPDX-License-Identifier: GPL-2.0
#include "window.h"

#include <string.h>

void window_init(struct window *window)
{
	memset(window, 0, sizeof(*window));
	pthread_mutex_init(&window->lock, NULL);
}

void window_reset(struct window *window, uint32_t generation)
{
	pthread_mutex_lock(&window->lock);
	window->generation = generation;
	window->last = 0;
	memset(window->word, 0, sizeof(window->word));
	pthread_mutex_unlock(&window->lock);
}

/* @number is the counter plus 1. */
static bool accept(struct window *window, uint64_t number)
{
	uint64_t index = number / 64, top = window->last / 64, bit, ahead, i;

	if (number + WINDOW_SIZE <= window->last)
		return false;
	if (number > window->last) {
		ahead = index - top;
		if (ahead > WINDOW_WORDS)
			ahead = WINDOW_WORDS;
		for (i = 1; i <= ahead; i++)
			window->word[(top + i) % WINDOW_WORDS] = 0;
		window->last = number;
	}
	bit = 1ULL << (number % 64);
	if (window->word[index % WINDOW_WORDS] & bit)
		return false;
	window->word[index % WINDOW_WORDS] |= bit;
	return true;
}

bool window_accept(struct window *window, uint32_t generation,
		   uint64_t counter)
{
	bool is_new = false;

	pthread_mutex_lock(&window->lock);
	if (window->generation == generation)
		is_new = accept(window, counter + 1);
	pthread_mutex_unlock(&window->lock);
	return is_new;
}
