/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Numbered packets whose bytes can be checked, and cheap random numbers. */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#define PACKET_MIN	8

static inline __u32 random_next(__u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Mostly small, now and then as large as can be. */
static inline __u32 packet_len(__u32 *state)
{
	__u32 kind = random_next(state) % 256;

	if (!kind)
		return 65535;
	if (kind < 16)
		return PACKET_MIN + random_next(state) % (65536 - PACKET_MIN);
	return PACKET_MIN + random_next(state) % 1500;
}

/* The number, the length, and bytes that depend on both. */
static inline void packet_fill(unsigned char *data, __u32 number, __u32 len)
{
	__u32 i;

	memcpy(data, &number, 4);
	memcpy(data + 4, &len, 4);
	for (i = PACKET_MIN; i < len; i++)
		data[i] = (unsigned char)(number + i * 7);
}

static inline bool packet_good(const unsigned char *data, __u32 number,
			       __u32 len)
{
	__u32 words[2], i;

	if (len < PACKET_MIN)
		return false;
	memcpy(words, data, sizeof(words));
	if (words[0] != number || words[1] != len)
		return false;
	for (i = PACKET_MIN; i < len; i++) {
		if (data[i] != (unsigned char)(number + i * 7))
			return false;
	}
	return true;
}

/*
 * How much of a long run's count is done: all of it with MYTUN_LONG=1, else a
 * tenth, or what MYTUN_SCALE divides it by.
 */
static inline __u32 scaled(__u32 count)
{
	const char *whole = getenv("MYTUN_LONG"), *scale = getenv("MYTUN_SCALE");
	unsigned long divisor = scale ? strtoul(scale, NULL, 10) : 10;

	if (whole && *whole == '1')
		return count;
	return divisor ? (__u32)(count / divisor) : count;
}

#endif /* PACKET_H */
