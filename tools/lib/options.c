// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Options: their version, their defaults, and whether they make sense. */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stddef.h>
#include <unistd.h>

#include "private.h"

#define MODES_ALL	(MYTUN_MODE_SET(MYTUN_MODE_PLAIN) | \
			 MYTUN_MODE_SET(MYTUN_MODE_BATCH) | \
			 MYTUN_MODE_SET(MYTUN_MODE_RING))

/* The first version ended here. */
#define SIZE_FIRST	(offsetof(struct mytun_options, poll_us) + \
			 sizeof(__u32))

static int copy_known(struct mytun_options *taken,
		      const struct mytun_options *given)
{
	const unsigned char *bytes = (const unsigned char *)given;
	size_t i;

	if (given->size < SIZE_FIRST)
		return -EINVAL;
	for (i = sizeof(*taken); i < given->size; i++) {
		if (bytes[i])
			return -E2BIG;
	}
	memcpy(taken, given, given->size < sizeof(*taken) ? given->size :
							    sizeof(*taken));
	taken->size = sizeof(*taken);
	return 0;
}

/* A power of two of whole pages; the kernel checks the same for its rings. */
static bool area_size_valid(__u32 size)
{
	return !(size & (size - 1)) && size <= MYTUN_RING_SIZE_MAX &&
	       size >= (__u32)sysconf(_SC_PAGESIZE);
}

static bool room_valid(__u16 room)
{
	return room <= MYTUN_ROOM_MAX && !(room % 8);
}

int mytun_options_take(struct mytun_options *taken,
		       const struct mytun_options *given)
{
	int err;

	mytun_options_init(taken);
	if (given) {
		err = copy_known(taken, given);
		if (err)
			return err;
	}
	if (!taken->modes)
		taken->modes = MODES_ALL;
	if (!taken->flags)
		taken->flags = IFF_TUN | IFF_NO_PI;
	if (!taken->rx_size)
		taken->rx_size = SIZE_DEFAULT;
	if (!taken->tx_size)
		taken->tx_size = SIZE_DEFAULT;
	if (taken->modes & ~MODES_ALL ||
	    taken->queue_flags & ~(MYTUN_Q_HASH | MYTUN_Q_META) ||
	    taken->flags > 0xffff || taken->position % MYTUN_RECORD_ALIGN ||
	    !area_size_valid(taken->rx_size) ||
	    !area_size_valid(taken->tx_size) ||
	    !room_valid(taken->head_room) || !room_valid(taken->tail_room))
		return -EINVAL;
	if (taken->name && strlen(taken->name) >= IFNAMSIZ)
		return -ENAMETOOLONG;
	return 0;
}
