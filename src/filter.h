/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user does not want to see, and which queue gets what it does:
 * TUNSETTXFILTER, TUNATTACHFILTER, TUNSETFILTEREBPF, TUNSETSTEERINGEBPF.
 *
 * All are replaced under rtnl and read under RCU by the transmit path.
 */
#ifndef _MYTUN_FILTER_H
#define _MYTUN_FILTER_H

#include <linux/filter.h>
#include <linux/skbuff.h>

struct mytun;
struct mytun_queue;
struct mytun_mac_filter;

struct mytun_filters {
	struct mytun_mac_filter __rcu *macs;
	struct bpf_prog __rcu *classic;	/* for queues with .filtered */
	struct bpf_prog __rcu *program;	/* eBPF: how many bytes to keep */
	struct bpf_prog __rcu *steering;	/* eBPF: which queue */
	struct sock_fprog classic_user;	/* as TUNATTACHFILTER gave it */
};

/* Whether a packet has to be looked at before it is put into a queue. */
static inline bool mytun_filters_any(const struct mytun_filters *f)
{
	return rcu_access_pointer(f->macs) || rcu_access_pointer(f->classic) ||
	       rcu_access_pointer(f->program);
}

/* Context: softirqs off, rcu_read_lock(). False: drop it; it may be shorter. */
bool mytun_filter_pass(struct mytun *tun, struct mytun_queue *q,
		       struct sk_buff *skb);

/* The queue that the steering program chooses, or -1: there is none. */
int mytun_filter_steer(struct mytun *tun, struct sk_buff *skb,
		       unsigned int nqueues);

/* ioctls. Context: rtnl. */
long mytun_filter_set_macs(struct mytun *tun, void __user *arg);
long mytun_filter_attach(struct mytun *tun, void __user *arg, bool compat);
long mytun_filter_detach(struct mytun *tun);
long mytun_filter_get(struct mytun *tun, void __user *arg, bool compat);
long mytun_filter_set_program(struct bpf_prog __rcu **where, void __user *arg);

void mytun_filter_release(struct mytun *tun);

#endif /* _MYTUN_FILTER_H */
