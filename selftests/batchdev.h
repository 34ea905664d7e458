/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the tests of batches: a device of each kind with batches in
 * both directions, O_NONBLOCK. For programs of the harness; to be included
 * after it, once in each.
 */
#ifndef SELFTESTS_BATCHDEV_H
#define SELFTESTS_BATCHDEV_H

#include <stdint.h>
#include <stdlib.h>

#include "device.h"
#include "kselftest_harness.h"
#include "numbered.h"
#include "ringdev.h"
#include "ringmem.h"

#define BATCH_LIMIT	300		/* seconds for one test, all counts */
#define BATCH_BUFFER	(4 << 20)
#define BATCH_BURST	64		/* packets sent before they are read */

FIXTURE(batch)
{
	struct ringdev dev;
	uint8_t *buffer;		/* BATCH_BUFFER bytes */
	uint64_t seed;
	struct numbered_tally tally;
	unsigned long calls;
};

FIXTURE_VARIANT(batch)
{
	int flags;
};

FIXTURE_VARIANT_ADD(batch, tun) { .flags = IFF_TUN | IFF_NO_PI };
FIXTURE_VARIANT_ADD(batch, tun_pi) { .flags = IFF_TUN };

FIXTURE_VARIANT_ADD(batch, tun_vnet)
{
	.flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
};

FIXTURE_VARIANT_ADD(batch, tap) { .flags = IFF_TAP | IFF_NO_PI };
FIXTURE_VARIANT_ADD(batch, tap_pi_vnet) { .flags = IFF_TAP | IFF_VNET_HDR };

FIXTURE_SETUP(batch)
{
	REQUIRE_DEVICE();
	if (!(ring_features() & MYTUN_F_BATCH))
		SKIP(return, "the driver has no batches");
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, variant->flags, 31));
	ASSERT_EQ(0, ring_batch(self->dev.fd, MYTUN_Q_READ | MYTUN_Q_WRITE,
				0, 0));
	ASSERT_EQ(0, device_nonblock(self->dev.fd, true));
	self->buffer = malloc(BATCH_BUFFER);
	ASSERT_NE(NULL, self->buffer);
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(batch)
{
	ringdev_destroy(&self->dev);
	free(self->buffer);
}

/* Check and count what a read() of size bytes put into the buffer. */
static inline int batch_take(FIXTURE_DATA(batch) *self, ssize_t size)
{
	return ringdev_take(&self->dev, self->buffer, size, 0, 0,
			    &self->tally);
}

/* The stack sends count packets of random sizes; *number is the first one's. */
static inline void batch_send(struct __test_metadata *_metadata,
			      FIXTURE_DATA(batch) *self, unsigned int count,
			      uint32_t *number, size_t max)
{
	size_t size;

	while (count--) {
		size = ringdev_random_size(&self->seed, NUMBERED_MIN, max);
		EXPECT_EQ(0, ringdev_send(&self->dev, 1, (*number)++, size));
	}
}

/* One read() into the buffer. */
static inline ssize_t batch_read(FIXTURE_DATA(batch) *self, size_t room)
{
	self->calls++;
	return device_read(self->dev.fd, self->buffer, room);
}

#endif
