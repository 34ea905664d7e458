// SPDX-License-Identifier: GPL-2.0
/* Filters and steering of the transmit path. */
#include <linux/bpf.h>
#include <linux/compat.h>
#include <linux/crc32.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "filter.h"
#include "mytun.h"

#define EXACT_MACS	8

/* Exact addresses, then a hash of 64 bits for multicast ones. */
struct mytun_mac_filter {
	struct rcu_head rcu;
	unsigned int n;
	u64 hash;
	u8 mac[EXACT_MACS][ETH_ALEN];
};

static u64 mac_bit(const u8 *mac)
{
	return 1ULL << (ether_crc(ETH_ALEN, (unsigned char *)mac) >> 26);
}

static bool mac_wanted(const struct mytun_mac_filter *f,
		       const struct sk_buff *skb)
{
	const u8 *dest = eth_hdr(skb)->h_dest;
	unsigned int i;

	for (i = 0; i < f->n; i++)
		if (ether_addr_equal(f->mac[i], dest))
			return true;
	return is_multicast_ether_addr(dest) && f->hash & mac_bit(dest);
}

/* How a socket's filter treats a packet: cut to what it returns, 0: drop. */
static bool run_program(const struct bpf_prog *prog, struct sk_buff *skb)
{
	unsigned int keep = bpf_prog_run_clear_cb(prog, skb);

	return keep && (keep >= skb->len || !pskb_trim(skb, keep));
}

bool mytun_filter_pass(struct mytun *tun, struct mytun_queue *q,
		       struct sk_buff *skb)
{
	const struct mytun_mac_filter *macs;
	const struct bpf_prog *prog;

	macs = rcu_dereference(tun->filters.macs);
	if (macs) {
		skb_reset_mac_header(skb);
		if (!mac_wanted(macs, skb))
			return false;
	}
	prog = rcu_dereference(tun->filters.classic);
	if (prog && READ_ONCE(q->filtered) && !run_program(prog, skb))
		return false;
	prog = rcu_dereference(tun->filters.program);
	return !prog || run_program(prog, skb);
}

int mytun_filter_steer(struct mytun *tun, struct sk_buff *skb,
		       unsigned int nqueues)
{
	const struct bpf_prog *prog = rcu_dereference(tun->filters.steering);

	return prog ? bpf_prog_run_clear_cb(prog, skb) % nqueues : -1;
}

/*
 * Return: how many addresses are matched exactly, 0: everything passes, or
 * -EFAULT, -ENOMEM. More unicast addresses than can be matched exactly mean
 * that everything passes.
 */
long mytun_filter_set_macs(struct mytun *tun, void __user *arg)
{
	struct mytun_mac_filter *f = NULL, *old;
	struct tun_filter head;
	unsigned int i;
	u8 *macs;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.count) {
		macs = memdup_user(arg + sizeof(head), head.count * ETH_ALEN);
		if (IS_ERR(macs))
			return PTR_ERR(macs);
		f = kzalloc_obj(*f, GFP_KERNEL_ACCOUNT);
		if (!f) {
			kfree(macs);
			return -ENOMEM;
		}
		f->n = min_t(unsigned int, head.count, EXACT_MACS);
		memcpy(f->mac, macs, f->n * ETH_ALEN);
		for (i = f->n; i < head.count; i++) {
			if (!is_multicast_ether_addr(macs + i * ETH_ALEN)) {
				kfree(f);
				f = NULL;
				break;
			}
			f->hash |= mac_bit(macs + i * ETH_ALEN);
		}
		kfree(macs);
		if (f && head.flags & TUN_FLT_ALLMULTI)
			f->hash = ~0ULL;
	}
	old = rtnl_dereference(tun->filters.macs);
	rcu_assign_pointer(tun->filters.macs, f);
	if (old)
		kfree_rcu(old, rcu);
	return f ? f->n : 0;
}

static int copy_fprog(struct sock_fprog *to, void __user *arg, bool compat)
{
	if (compat) {
		struct compat_sock_fprog c;

		if (copy_from_user(&c, arg, sizeof(c)))
			return -EFAULT;
		to->len = c.len;
		to->filter = compat_ptr(c.filter);
		return 0;
	}
	return copy_from_user(to, arg, sizeof(*to)) ? -EFAULT : 0;
}

/* Waits until no packet runs through the old program. */
static void put_classic(struct bpf_prog *prog)
{
	if (!prog)
		return;
	synchronize_net();
	bpf_prog_destroy(prog);
}

/* TUNATTACHFILTER: every attached queue is filtered. */
long mytun_filter_attach(struct mytun *tun, void __user *arg, bool compat)
{
	struct bpf_prog *prog, *old;
	struct sock_fprog_kern kern;
	struct sock_fprog user;
	unsigned int i;
	int err;

	err = copy_fprog(&user, arg, compat);
	if (err)
		return err;
	if (!user.filter || !user.len || user.len > BPF_MAXINSNS)
		return -EINVAL;
	kern.len = user.len;
	kern.filter = memdup_user(user.filter,
				  user.len * sizeof(struct sock_filter));
	if (IS_ERR(kern.filter))
		return PTR_ERR(kern.filter);
	err = bpf_prog_create(&prog, &kern);
	kfree(kern.filter);
	if (err)
		return err;
	old = rtnl_dereference(tun->filters.classic);
	rcu_assign_pointer(tun->filters.classic, prog);
	tun->filters.classic_user = user;
	for (i = 0; i < tun->nqueues; i++)
		WRITE_ONCE(rtnl_dereference(tun->queues[i])->filtered, true);
	put_classic(old);
	return 0;
}

long mytun_filter_detach(struct mytun *tun)
{
	struct bpf_prog *old = rtnl_dereference(tun->filters.classic);
	unsigned int i;

	for (i = 0; i < tun->nqueues; i++)
		WRITE_ONCE(rtnl_dereference(tun->queues[i])->filtered, false);
	RCU_INIT_POINTER(tun->filters.classic, NULL);
	put_classic(old);
	return 0;
}

long mytun_filter_get(struct mytun *tun, void __user *arg, bool compat)
{
	const struct sock_fprog *user = &tun->filters.classic_user;

	if (compat) {
		struct compat_sock_fprog c = {
			.len = user->len,
			.filter = ptr_to_compat(user->filter),
		};

		return copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
	}
	return copy_to_user(arg, user, sizeof(*user)) ? -EFAULT : 0;
}

/* TUNSETSTEERINGEBPF, TUNSETFILTEREBPF: a program's file, -1: none. */
long mytun_filter_set_program(struct bpf_prog __rcu **where, void __user *arg)
{
	struct bpf_prog *prog = NULL, *old;
	int fd;

	if (copy_from_user(&fd, arg, sizeof(fd)))
		return -EFAULT;
	if (fd != -1) {
		prog = bpf_prog_get_type(fd, BPF_PROG_TYPE_SOCKET_FILTER);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
	}
	old = rtnl_dereference(*where);
	rcu_assign_pointer(*where, prog);
	if (old) {
		synchronize_net();
		bpf_prog_put(old);
	}
	return 0;
}

/* The device is being freed, or never came to be: no packet is under way. */
void mytun_filter_release(struct mytun *tun)
{
	struct mytun_filters *f = &tun->filters;
	struct bpf_prog *prog;

	kfree(rcu_dereference_protected(f->macs, 1));
	RCU_INIT_POINTER(f->macs, NULL);
	prog = rcu_dereference_protected(f->classic, 1);
	if (prog)
		bpf_prog_destroy(prog);
	RCU_INIT_POINTER(f->classic, NULL);
	prog = rcu_dereference_protected(f->program, 1);
	if (prog)
		bpf_prog_put(prog);
	RCU_INIT_POINTER(f->program, NULL);
	prog = rcu_dereference_protected(f->steering, 1);
	if (prog)
		bpf_prog_put(prog);
	RCU_INIT_POINTER(f->steering, NULL);
}
