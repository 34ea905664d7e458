/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue's store: records that wait for a batch read, made when the stack
 * sends. It is memory of the kernel's own that no process maps: the packet is
 * copied where it is at hand, its skb is freed where it was made, and a read()
 * copies many records at once.
 *
 * A record in the store waits in the queue's ptr_ring as other packets do, as a
 * pointer with a mark (frame.h). So the order of packets, txqueuelen as their
 * limit, backpressure and poll are what they are without a store, and an skb
 * may wait between two records: one that the store does not take, since it is
 * large, or tells of GSO or a tag, or finds no room. Nothing depends on the
 * store but the cost.
 *
 * All records of a store have one form, the settings with which they were made.
 * When settings have changed, packets wait as skbs until the store is empty.
 * Records of an old form, and those that a plain read() or splice() or a new RX
 * ring takes, become skbs again first.
 *
 * Positions count bytes and run freely. What waits, or is being read, lies
 * between tail and put. Who takes a record out of the ptr_ring moves taken
 * behind it; it is released when none of those who took some are still
 * reading, so that they may end in any order. One that never ends keeps the
 * store full, and packets wait as skbs.
 *
 *   producer				reader
 *   write records			load the pointer out of the ptr_ring
 *   produce (its smp_wmb)	A	smp_rmb				A
 *					read records
 *					store released (release)	B
 *   load released (acquire)	B
 *   write over what it freed
 *
 *   produce				load put (acquire)		C
 *   store put (release)	C	the ptr_ring is empty: what lies before
 *					put has been taken, or was thrown away
 *					when txqueuelen changed
 */
#ifndef _MYTUN_STORE_H
#define _MYTUN_STORE_H

#include "batch.h"
#include "frame.h"
#include "record.h"
#include "ring.h"

/* What the form of a record depends on. */
struct mytun_store_form {
	struct mytun_record_rules rules;
	unsigned int flags;	/* the device's, of these: */
#define MYTUN_STORE_FLAGS	(MYTUN_TYPE_MASK | IFF_NO_PI | IFF_VNET_HDR | \
				 MYTUN_VNET_LE | MYTUN_VNET_BE)
	u32 front;		/* bytes in front of a packet */
};

struct mytun_store {
	struct mytun_area area;
	u32 size;
	/* Under ring.producer_lock */
	struct mytun_store_form form; /* changes while it is empty */
	u32 vnet_hdr_sz;	/* the device's, with which it was found */
	u32 put;		/* behind the last record */
	u32 tail;		/* what is before it is free */
	u32 seen;		/* released, as last loaded */
	/* Under ring.consumer_lock */
	u32 taken ____cacheline_aligned_in_smp;
	unsigned int readers;	/* who took records and still reads them */
	u32 released;
};

/* Records, one behind the other. */
struct mytun_store_run {
	const void *data;
	unsigned int n;
	u32 bytes;		/* of records */
	u32 payload;		/* of packets in them */
	bool more;		/* the next packet may fit, and is another run's */
};

static inline struct mytun_record *mytun_stored(void *packet)
{
	return (void *)((unsigned long)packet & ~MYTUN_STORED_BIT);
}

struct mytun_store *mytun_store_create(const struct mytun *tun);
void mytun_store_destroy(struct mytun_store *s);
bool mytun_store_put(struct mytun *tun, struct mytun_queue *q,
		     const struct mytun_batch_mode *mode, struct sk_buff *skb);
void mytun_store_take_run(struct mytun *tun, struct mytun_queue *q,
			  const struct mytun_record_rules *rules, size_t room,
			  struct mytun_store_run *run);
size_t mytun_store_read_run(struct mytun *tun, struct mytun_queue *q,
			    const struct mytun_store_run *run,
			    struct iov_iter *to, bool *fault);

#endif /* _MYTUN_STORE_H */
