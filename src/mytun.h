/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rooms of the driver share.
 *
 * Objects and their lives
 *
 *   struct mytun        one network device; the private part of its net_device.
 *   struct mytun_queue  one open file; a struct sock, so that it is counted
 *                       like one, has a wait queue, and the security modules
 *                       know it. It lives from open() until the last reference
 *                       to the sock is gone: the file's, the device's while
 *                       it has the queue, and those of packets that its send
 *                       buffer pays for. Every way out of a device waits for
 *                       a grace period before it drops the device's.
 *
 * A queue belongs to no device, or is attached to one (it stands in
 * mytun.queues), or is set aside (detached by TUNSETQUEUE: it stands in
 * mytun.disabled and still counts against the limit).
 *
 * Locks
 *
 *   rtnl                every change of who belongs to whom; may sleep.
 *   RCU                 mytun.queues[] and mytun_queue.dev are read under it.
 *                       Softirq readers take rcu_read_lock() as well, since
 *                       on kernels before 5.0 disabled softirqs alone do not
 *                       hold off synchronize_rcu().
 *   flow locks          inside flow.c; taken with softirqs off; nothing nests
 *                       inside them but the free list's lock.
 *
 * Field marks: (rtnl) written under rtnl, read under rtnl or with READ_ONCE;
 * (rcu) read under RCU; (open) set once by open() and constant.
 */
#ifndef _MYTUN_H
#define _MYTUN_H

#include <linux/ethtool.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/ptr_ring.h>
#include <linux/socket.h>
#include <linux/u64_stats_sync.h>
#include <linux/uio.h>
#include <linux/virtio_net.h>
#include <net/rps.h>
#include <net/sock.h>

#include "filter.h"
#include "flow.h"
#include "kcov.h"
#include "stats.h"
#include "vnet.h"
#include "xdp.h"

#define MYTUN_NAME		"mytun"
#define MYTUN_MAX_QUEUES	256

/* Flags of TUNSETIFF that this driver keeps on the device. */
#define MYTUN_FEATURES		(IFF_NO_PI | IFF_ONE_QUEUE | IFF_VNET_HDR | \
				 IFF_MULTI_QUEUE | IFF_BACKPRESSURE | \
				 IFF_NAPI | IFF_NAPI_FRAGS)
#define MYTUN_TYPE_MASK		(IFF_TUN | IFF_TAP)
/* IFF_NO_PI's bit, as TUNGETIFF reports and TUNSETIFF reads it. */
#define MYTUN_NOFILTER		IFF_NOFILTER

/* Kept in mytun.flags only; above what fits an ifreq. */
#define MYTUN_VNET_LE		0x80000000
#define MYTUN_VNET_BE		0x40000000

#define MYTUN_TUNNEL_FEATURES	(NETIF_F_GSO_UDP_TUNNEL | \
				 NETIF_F_GSO_UDP_TUNNEL_CSUM)
#define MYTUN_USER_FEATURES	(NETIF_F_HW_CSUM | NETIF_F_TSO_ECN | \
				 NETIF_F_TSO | NETIF_F_TSO6 | \
				 (MYTUN_CORE_USO ? NETIF_F_GSO_UDP_L4 : 0) | \
				 (MYTUN_CORE_TUNNEL ? MYTUN_TUNNEL_FEATURES : 0))

/* Length of the virtio_net_hdr until TUNSETVNETHDRSZ: the legacy one. */
#define MYTUN_VNET_HDR_DEFAULT	10

struct mytun_queue;
struct mytun_batch_mode;
struct mytun_rings;
struct mytun_store;

struct mytun {
	struct mytun_queue __rcu *queues[MYTUN_MAX_QUEUES]; /* (rtnl, rcu) */
	unsigned int nqueues;		/* (rtnl) length of queues[] */
	unsigned int ndisabled;		/* (rtnl) length of disabled */
	unsigned int queue_changes;	/* (rtnl) how often one came or went */
	unsigned int queue_slots;	/* (rtnl) in ethtool's statistics */
	unsigned int flags;		/* (rtnl) IFF_* and MYTUN_VNET_* */
	int vnet_hdr_sz;		/* (rtnl) bytes, 10 or more */
	int align;			/* (rtnl) headroom that a bridge asks */
	unsigned int xdp_headroom;	/* (rtnl) and that a program has */
	struct net_device *dev;
	struct mytun_stats __percpu *stats; /* what no queue has counted */
	struct mytun_counts left;	/* (stats_lock) of queues that left */
	struct list_head counting;	/* (stats_lock) queues, stats_node */
	spinlock_t stats_lock;		/* softirqs off; nothing nests inside */
	struct mytun_flows *flows;	/* set on multiqueue devices only */

	struct mytun_filters filters;
	struct bpf_prog __rcu *xdp;	/* (rtnl, rcu) on a TAP, or NULL */

	struct list_head disabled;	/* (rtnl) queues set aside */
	kuid_t owner;			/* (rtnl) who may attach */
	kgid_t group;			/* (rtnl) */
	netdev_features_t set_features;	/* (rtnl) as TUNSETOFFLOAD left them */
	int sndbuf;			/* (rtnl) bytes, for queues to come */
	/* ethtool -C */
	u32 rx_usecs;			/* (rtnl) how long IFF_NAPI gathers */
	u32 rx_frames;			/* (rtnl) or how many packets, at most */
	u32 tx_usecs;			/* (rtnl) moderation of RX rings */
	u32 tx_frames;			/* (rtnl) */
	u32 msg_enable;
	struct ethtool_link_ksettings link; /* (rtnl) as ethtool shows it */
	void *security;
};

struct mytun_queue {
	struct sock sk;			/* first: sk_alloc() makes both */
	struct socket socket;		/* sock_alloc_send_pskb() looks at it */
	struct socket_wq wq;		/* readers and writers that wait */
	struct mytun __rcu *dev;	/* (rtnl, rcu) attached or set aside */
	u64 id;				/* (open) no other queue had it */
	atomic64_t wakeups;		/* who waited for packets was woken */
	struct mytun *disabled;		/* (rtnl) the device, while set aside;
					 * whether it is: RCU
					 */
	struct list_head disabled_node;	/* (rtnl) in mytun.disabled */
	unsigned int flags;		/* (rtnl) of this file's TUNSETIFF */
	struct mytun_stats __percpu *stats; /* (open) */
	struct list_head stats_node;	/* (rtnl) in mytun.counting */
	u16 index;			/* (rtnl) in mytun.queues */
	u16 flow_id;			/* (rtnl) who owns its flows, flow.h */
	int ifindex;			/* (rtnl) for the device to come */
	u32 create_flags;		/* (rtnl) likewise, MYTUN_CREATE_* */
	struct mytun_kcov kcov;		/* (open) */
	struct fasync_struct *fasync;
	bool wants_sigio;
	bool filtered;			/* (rtnl) by the classic filter */
	struct ptr_ring ring;		/* packets that wait, see frame.h */
	struct xdp_rxq_info xdp_rxq;	/* (rtnl) while it has a device */
	unsigned int taken;		/* (ring.consumer_lock) since a wake */
	/* napi.c: IFF_NAPI */
	struct napi_struct napi;
	bool napi_on;			/* (rtnl, rcu) */
	struct sk_buff_head napi_in;	/* written, not yet polled */
	struct mutex napi_mutex;	/* one IFF_NAPI_FRAGS write at a time */
	struct hrtimer napi_timer;

	struct mytun_batch_mode __rcu *batch;	/* (rtnl, rcu) or NULL */
	struct mytun_store *store;	/* (ring.consumer_lock) once, or NULL */
	struct mytun_rings __rcu *rings;	/* (rtnl, rcu) or NULL */
};

/* The device of a queue for as long as rcu_read_lock() is held. */
static inline struct mytun *mytun_rcu(const struct mytun_queue *q)
{
	return rcu_dereference(q->dev);
}

static inline bool mytun_is_tap(const struct mytun *tun)
{
	return (READ_ONCE(tun->flags) & MYTUN_TYPE_MASK) == IFF_TAP;
}

static inline void mytun_count_rx(struct mytun_queue *q, unsigned int packets,
				  u64 bytes)
{
	mytun_stats_rx(q->stats, packets, bytes);
}

static inline void mytun_count_tx_bytes(struct mytun_queue *q, u32 len)
{
	mytun_stats_tx(q->stats, 1, len);
}

/* Bytes of a packet for the user: a tag that is not in the frame counts. */
static inline u32 mytun_packet_len(const struct sk_buff *skb)
{
	return skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
}

static inline void mytun_count_tx(struct mytun_queue *q,
				  const struct sk_buff *skb)
{
	mytun_count_tx_bytes(q, mytun_packet_len(skb));
}

/* Byte order of the virtio_net_hdr: legacy is the host's, unless told. */
static inline bool mytun_vnet_is_le(unsigned int flags)
{
	if (flags & MYTUN_VNET_LE)
		return true;
	return (flags & MYTUN_VNET_BE) ? false : virtio_legacy_is_little_endian();
}

/* chrdev.c */
extern const struct file_operations mytun_fops;
int mytun_chrdev_init(void);
void mytun_chrdev_exit(void);

/* ioctl.c */
long mytun_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long mytun_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* netdev.c */
bool mytun_netdev_is(const struct net_device *dev, unsigned int type);
void mytun_netdev_setup(struct net_device *dev);
int mytun_netdev_prepare(struct net_device *dev, unsigned int flags);
void mytun_netdev_release(struct net_device *dev);
int mytun_netdev_set_offload(struct mytun *tun, unsigned long arg);
int mytun_netdev_init(void);
void mytun_netdev_exit(void);

/* queue.c */
void mytun_queue_learn(struct mytun *tun, struct mytun_queue *q,
		       const struct mytun_tuple *t);
void mytun_queue_wake_reader(struct mytun_queue *q);
void mytun_queue_stop(struct netdev_queue *txq);
void mytun_queue_wake(struct netdev_queue *txq);
void mytun_queue_stop_if_full(struct mytun *tun, struct mytun_queue *q);
bool mytun_queue_has_qdisc(const struct netdev_queue *txq);
void mytun_queue_took(struct mytun *tun, struct mytun_queue *q,
		      unsigned int n);
bool mytun_queue_writable(const struct mytun_queue *q);
struct mytun *mytun_get(struct mytun_queue *q);
void mytun_put(struct mytun *tun);
struct mytun_queue *mytun_queue_open(struct net *net, struct file *file);
void mytun_queue_close(struct mytun_queue *q);
int mytun_queue_attach(struct mytun *tun, struct mytun_queue *q, bool filter);
void mytun_queue_disable(struct mytun_queue *q);
void mytun_queue_detach_all(struct mytun *tun);
void mytun_queue_start_all(struct mytun *tun);
int mytun_queue_resize(struct mytun *tun);
u32 mytun_queue_waiting(const struct mytun_queue *q);

/* napi.c */
void mytun_napi_init(struct mytun_queue *q);
void mytun_napi_add(struct mytun *tun, struct mytun_queue *q);
void mytun_napi_off(struct mytun_queue *q);
void mytun_napi_del(struct mytun_queue *q);
bool mytun_napi_put(struct mytun_queue *q, struct sk_buff *skb);
void mytun_napi_schedule(struct mytun *tun, struct mytun_queue *q);
int mytun_napi_receive(struct mytun_queue *q, int budget);
void mytun_napi_flush(struct napi_struct *napi);
void mytun_napi_end(struct napi_struct *napi);

/* rtnl.c */
extern struct rtnl_link_ops mytun_node_link_ops;
int mytun_rtnl_init(void);
void mytun_rtnl_exit(void);

/* replace.c */
void mytun_replace_init(void);
void mytun_replace_exit(void);

/* ethtool.c */
extern const struct ethtool_ops mytun_ethtool_ops;

/* read.c */
#define MYTUN_READ_FAULT	1

/* What stands in front of a packet: bytes, then zeroes. */
struct mytun_front {
	u8 data[sizeof(struct tun_pi) + MYTUN_VNET_TUNNEL];
	u32 len;
	u32 zeroes;
};

/* Bytes that the device puts in front of a packet. */
static inline u32 mytun_read_front_len(const struct mytun *tun)
{
	unsigned int flags = READ_ONCE(tun->flags);

	return (flags & IFF_VNET_HDR ? READ_ONCE(tun->vnet_hdr_sz) : 0) +
	       (flags & IFF_NO_PI ? 0 : sizeof(struct tun_pi));
}

/* Bytes of a packet with what the device puts in front of it. */
static inline u32 mytun_read_len(const struct mytun *tun,
				 const struct sk_buff *skb)
{
	return mytun_packet_len(skb) + mytun_read_front_len(tun);
}

/*
 * RFS: the device from which a packet was forwarded shall process the rest of
 * its flow where it is read. For what this machine itself sends, the hash is
 * not the one that anything received has.
 */
static inline void mytun_read_here(const struct sk_buff *skb)
{
	if (skb->skb_iif)
		sock_rps_record_flow_hash(skb->hash);
}

/* Whether mytun_read_here() has anything to say of it. */
static inline bool mytun_read_here_matters(const struct sk_buff *skb)
{
	return unlikely(skb->skb_iif) && mytun_rfs_on();
}

int mytun_read_front(const struct mytun *tun, const struct sk_buff *skb,
		     u32 len, bool cut, struct mytun_front *f);
int mytun_read_wait(struct mytun_queue *q, bool nonblock);
int mytun_read_copy(struct mytun *tun, struct sk_buff *skb,
		    struct iov_iter *to, size_t room, enum mytun_drop *reason);
ssize_t mytun_read_one(struct mytun *tun, struct mytun_queue *q,
		       struct iov_iter *to, bool nonblock);
ssize_t mytun_read_iter(struct kiocb *iocb, struct iov_iter *to);

/* splice.c */
ssize_t mytun_splice_read(struct file *file, loff_t *pos,
			  struct pipe_inode_info *pipe, size_t room,
			  unsigned int flags);
ssize_t mytun_splice_write(struct pipe_inode_info *pipe, struct file *file,
			   loff_t *pos, size_t len, unsigned int flags);

/* batch.c */
ssize_t mytun_batch_read(struct mytun *tun, struct mytun_queue *q,
			 struct iov_iter *to, bool nonblock);
ssize_t mytun_batch_write(struct mytun *tun, struct mytun_queue *q,
			  struct iov_iter *from, bool nonblock);
long mytun_batch_ioctl(struct mytun *tun, struct mytun_queue *q,
		       const void __user *arg);
void mytun_batch_end(struct mytun_queue *q);
bool mytun_batch_reads(const struct mytun_queue *q);
void mytun_batch_describe(const struct mytun_queue *q, struct mytun_batch *to);

/* control.c */
long mytun_control(struct mytun_queue *q, unsigned int cmd, void __user *argp);
int mytun_copy_args(void *to, size_t len, const void __user *from);

/* write.c */
ssize_t mytun_write_one(struct mytun *tun, struct mytun_queue *q,
			struct iov_iter *from, bool nonblock);
ssize_t mytun_write_iter(struct kiocb *iocb, struct iov_iter *from);

/* sink.c */
netdev_tx_t mytun_xmit(struct sk_buff *skb, struct net_device *dev);
int mytun_select_queue(struct net_device *dev, struct sk_buff *skb);

#endif /* _MYTUN_H */
