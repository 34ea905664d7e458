// SPDX-License-Identifier: GPL-2.0
/*
 * What a 32-bit and a 64-bit caller must see alike, asked of whatever compiles
 * this: how large the driver's structures are, where the words are that both
 * sides share, and the numbers of the ioctls. No code comes of it.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/mytun.h>

#define SIZE(type, bytes)						\
	static_assert(sizeof(struct type) == (bytes), #type)
#define PLACE(type, member, at)						\
	static_assert(offsetof(struct type, member) == (at), #type "." #member)
#define NUMBER(command, value)						\
	static_assert((command) == (value), #command)

SIZE(mytun_record, 32);
PLACE(mytun_record, len, 4);
PLACE(mytun_record, offset, 8);
PLACE(mytun_record, flags, 10);
PLACE(mytun_record, hash, 12);
PLACE(mytun_record, mark, 16);
PLACE(mytun_record, priority, 20);
PLACE(mytun_record, queue, 24);
PLACE(mytun_record, user, 28);

SIZE(mytun_ring_kernel, 256);
PLACE(mytun_ring_kernel, rx_flags, 4);
PLACE(mytun_ring_kernel, tx_consumer, 64);
PLACE(mytun_ring_kernel, tx_flags, 68);
PLACE(mytun_ring_kernel, rx_packets, 128);
PLACE(mytun_ring_kernel, tx_refused, 176);
PLACE(mytun_ring_kernel, bad_record, 200);

SIZE(mytun_ring_user, 128);
PLACE(mytun_ring_user, rx_seen, 4);
PLACE(mytun_ring_user, tx_producer, 64);

SIZE(mytun_batch, 16);
SIZE(mytun_ring, 32);
PLACE(mytun_ring, position, 20);
PLACE(mytun_ring, page_size, 28);
SIZE(mytun_wait, 16);
PLACE(mytun_wait, timeout_ns, 8);
SIZE(mytun_drive, 24);
PLACE(mytun_drive, pid, 16);
SIZE(mytun_moderate, 16);
SIZE(mytun_eventfd, 16);
SIZE(mytun_create, 8);
SIZE(mytun_genl, 4);

NUMBER(MYTUN_IOC_FEATURES, 0x8008d700U);
NUMBER(MYTUN_IOC_BATCH, 0x4010d701U);
NUMBER(MYTUN_IOC_RING, 0xc020d702U);
NUMBER(MYTUN_IOC_RING_GET, 0xc020d703U);
NUMBER(MYTUN_IOC_KICK, 0xd704U);
NUMBER(MYTUN_IOC_WAIT, 0x4010d705U);
NUMBER(MYTUN_IOC_DRIVE, 0xc018d706U);
NUMBER(MYTUN_IOC_LEND, 0xd707U);
NUMBER(MYTUN_IOC_MODERATE, 0x4010d708U);
NUMBER(MYTUN_IOC_EVENTFD, 0x4010d709U);
NUMBER(MYTUN_IOC_CREATE, 0x4008d70aU);
