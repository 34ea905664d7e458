/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows: what a flow is (dissect.c) and which queue owns it (flow.c).
 *
 * A flow is its tuple, the same in both directions: addresses, protocol and
 * ports; for packets without ports, and for every fragment, addresses and
 * protocol; for frames without IP, EtherType and the unordered pair of MAC
 * addresses. IPv6 flow labels and VLAN tags are no part of it.
 */
#ifndef _MYTUN_FLOW_H
#define _MYTUN_FLOW_H

#include <linux/skbuff.h>
#include <linux/types.h>

enum mytun_tuple_kind {
	MYTUN_TUPLE_NONE,		/* not a flow; a free slot in the table */
	MYTUN_TUPLE_IPV4,
	MYTUN_TUPLE_IPV6,
	MYTUN_TUPLE_LINK,
};

/*
 * Canonical: the lower end stands first. Words that the kind does not use are
 * not compared and may hold anything.
 */
struct mytun_tuple {
	u32 addr[8];	/* IPv4 [0..1]; IPv6 [0..7]; MAC pair [0..2] */
	__be16 port[2];	/* MYTUN_TUPLE_LINK: the EtherType in [0] */
	u8 proto;	/* IP protocol; 0 for MYTUN_TUPLE_LINK */
	u8 kind;	/* enum mytun_tuple_kind */
};

/* What one look at the headers finds. Offsets count from the data given. */
struct mytun_headers {
	struct mytun_tuple tuple;
	u16 l3;		/* offset of the network header */
	u16 l4;		/* offset of the transport header, 0: none found */
	__be16 proto;	/* EtherType behind VLAN tags */
	bool fragment;
};

#define MYTUN_FLOW_NO_QUEUE	0xffff

struct mytun_flows;
struct mytun_queue;

/**
 * mytun_dissect - find the tuple of a packet
 * @skb: the packet; its data may start anywhere
 * @offset: where, from skb->data, the first header is
 * @proto: 0 if an Ethernet header stands there, else the EtherType of what does
 * @h: filled in
 *
 * Looks only at what is there; a cut or mangled header makes a flow of a lower
 * layer, never an error. Context: any.
 */
void mytun_dissect(const struct sk_buff *skb, unsigned int offset, __be16 proto,
		   struct mytun_headers *h);

/* The same for an Ethernet frame that is @len bytes in one piece. */
void mytun_dissect_frame(const void *data, unsigned int len,
			 struct mytun_headers *h);

/* Keyed hash of a tuple, never 0. Equal in both directions. */
u32 mytun_tuple_hash(const struct mytun_tuple *t);

void mytun_dissect_init(void);

struct mytun_flows *mytun_flows_create(unsigned int size, unsigned int ageing_ms);
void mytun_flows_destroy(struct mytun_flows *flows);

/* Hand out and take back the number by which flows name their queue. */
int mytun_flows_add_queue(struct mytun_flows *flows, u16 index);
void mytun_flows_move_queue(struct mytun_flows *flows, u16 id, u16 index);
void mytun_flows_remove_queue(struct mytun_flows *flows, u16 id);
void mytun_flows_purge(struct mytun_flows *flows, u16 id);

enum mytun_learned {
	MYTUN_FLOW_KNOWN,	/* it was this queue's before */
	MYTUN_FLOW_ENTERED,
	MYTUN_FLOW_MOVED,	/* it was another queue's */
	MYTUN_FLOW_FULL,	/* the table has no room for it */
};

/* softirqs off and rcu_read_lock() held for both */
enum mytun_learned
mytun_flows_learn(struct mytun_flows *flows, const struct mytun_tuple *t,
		  u32 hash, u16 id);
int mytun_flows_find(struct mytun_flows *flows, const struct mytun_tuple *t,
		     u32 hash);

struct mytun_flow_stats {
	u64 learned;	/* flows entered */
	u64 moved;	/* flows written from another queue than before */
	u64 full;	/* flows not entered since the table was full */
	u32 entries;
	u32 size;
	u32 ageing_ms;
};

void mytun_flows_stats(const struct mytun_flows *flows,
		       struct mytun_flow_stats *to);

/* One flow, as it was at some moment. */
struct mytun_flow_info {
	struct mytun_tuple tuple;
	u32 hash;
	u32 idle_ms;
	u16 queue;	/* index of the queue that owns it */
};

/**
 * mytun_flows_next - look for the next flow, by where it is in the table
 * @flows: the table, which the caller holds by its device
 * @at: where to look first; then behind the flow that was found, or @end
 * @end: where to stop; beyond the table, it is the table's end
 * @to: filled in
 *
 * A flow that is known stays where it is: who walks from 0 to the end, however
 * slowly, finds each that is there all the time, and finds it once. Those that
 * are too old are passed over. Context: softirqs on.
 *
 * Return: whether there was one.
 */
bool mytun_flows_next(struct mytun_flows *flows, u32 *at, u32 end,
		      struct mytun_flow_info *to);

#endif /* _MYTUN_FLOW_H */
