// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls of an open file. Holding the file is the authority for most of them;
 * those that reach further ask for a capability.
 */
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "mytun.h"
#include "param.h"

#ifdef CONFIG_COMPAT
/* The same calls by a 32-bit program, whose structure is smaller. */
#define MYTUN_ATTACHFILTER32	_IOW('T', 213, struct compat_sock_fprog)
#define MYTUN_DETACHFILTER32	_IOW('T', 214, struct compat_sock_fprog)
#define MYTUN_GETFILTER32	_IOR('T', 219, struct compat_sock_fprog)
#endif

/*
 * Who may attach to an existing device: everybody that its owner and group
 * admit, all of those that are set; with none set, or otherwise, who may
 * administer the network (the rule of Linux 7.3).
 */
static bool may_attach(const struct mytun *tun)
{
	const struct cred *cred = current_cred();
	bool owner = uid_valid(tun->owner), group = gid_valid(tun->group);

	if ((owner || group || mytun_param_attach_any()) &&
	    (!owner || uid_eq(cred->euid, tun->owner)) &&
	    (!group || in_egroup_p(tun->group)))
		return true;
	return ns_capable(dev_net(tun->dev)->user_ns, CAP_NET_ADMIN);
}

static int attach_device(struct net_device *dev, struct mytun_queue *q,
			 unsigned int flags)
{
	struct mytun *tun = netdev_priv(dev);
	int err;

	if (flags & IFF_TUN_EXCL)
		return -EBUSY;
	if (!mytun_netdev_is(dev, flags & MYTUN_TYPE_MASK))
		return -EINVAL;
	if ((flags ^ tun->flags) & IFF_MULTI_QUEUE)
		return -EINVAL;
	if (!may_attach(tun))
		return -EPERM;
	err = security_tun_dev_open(tun->security);
	if (err < 0)
		return err;
	q->flags = flags;
	return mytun_queue_attach(tun, q, !(flags & MYTUN_NOFILTER));
}

static int create_device(struct net *net, struct mytun_queue *q,
			 const char *wanted, unsigned int flags,
			 struct net_device **created)
{
	unsigned int queues = flags & IFF_MULTI_QUEUE ? MYTUN_MAX_QUEUES : 1;
	struct net_device *dev;
	struct mytun *tun;
	const char *name;
	int err;

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	err = security_tun_dev_create();
	if (err < 0)
		return err;
	if (flags & IFF_TUN) {
		flags &= ~IFF_TAP;
		name = "tun%d";
	} else if (flags & IFF_TAP) {
		name = "tap%d";
	} else {
		return -EINVAL;
	}
	if (*wanted)
		name = wanted;
	dev = alloc_netdev_mqs(sizeof(struct mytun), name, NET_NAME_UNKNOWN,
			       mytun_netdev_setup, queues, queues);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, net);
	dev->rtnl_link_ops = &mytun_node_link_ops;
	dev->ifindex = q->ifindex;
	err = mytun_netdev_prepare(dev, flags);
	if (err)
		goto free;
	if (q->create_flags & MYTUN_CREATE_NO_QUEUE)
		dev->priv_flags |= IFF_NO_QUEUE;
	q->flags = flags;
	tun = netdev_priv(dev);
	/* As tun: what was set for the file's former device. */
	tun->sndbuf = q->sk.sk_sndbuf;
	err = mytun_queue_attach(tun, q, false);
	if (err)
		goto release;
	err = register_netdevice(dev);
	if (err < 0)
		goto detach;
	*created = dev;
	return 0;

detach:
	/* Some failures have called ndo_uninit, which did this, some not. */
	if (rtnl_dereference(q->dev))
		mytun_queue_detach_all(tun);
release:
	mytun_netdev_release(dev);
free:
	free_netdev(dev);
	return err;
}

static int set_iff(struct mytun_queue *q, struct ifreq *ifr)
{
	unsigned int flags = (unsigned short)ifr->ifr_flags;
	struct net *net = sock_net(&q->sk);
	struct net_device *dev;
	struct mytun *tun;
	int err;

	if (q->disabled)
		return -EINVAL;
	if (flags & IFF_NAPI_FRAGS) {
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		if (!(flags & IFF_NAPI) ||
		    (flags & MYTUN_TYPE_MASK) != IFF_TAP)
			return -EINVAL;
	}
	dev = __dev_get_by_name(net, ifr->ifr_name);
	if (dev) {
		err = attach_device(dev, q, flags);
		if (err)
			return err;
		tun = netdev_priv(dev);
		/* Its settings are those of whoever was there before. */
		if (tun->flags & IFF_MULTI_QUEUE &&
		    tun->nqueues + tun->ndisabled > 1) {
			netdev_state_change(dev);
			return 0;
		}
		WRITE_ONCE(tun->flags, (tun->flags & ~MYTUN_FEATURES) |
				       (flags & MYTUN_FEATURES));
		netdev_state_change(dev);
	} else {
		err = create_device(net, q, ifr->ifr_name, flags, &dev);
		if (err)
			return err;
		tun = netdev_priv(dev);
	}
	if (flags & IFF_NO_CARRIER)
		netif_carrier_off(dev);
	else
		netif_carrier_on(dev);
	/* A queue may have been stopped by whoever had it before. */
	mytun_queue_start_all(tun);
	strscpy(ifr->ifr_name, dev->name, sizeof(ifr->ifr_name));
	return 0;
}

static int set_queue(struct mytun_queue *q, const struct ifreq *ifr)
{
	struct mytun *tun;
	int err;

	if (ifr->ifr_flags & IFF_ATTACH_QUEUE) {
		tun = q->disabled;
		if (!tun)
			return -EINVAL;
		err = security_tun_dev_attach_queue(tun->security);
		if (err < 0)
			return err;
		err = mytun_queue_attach(tun, q, true);
		if (err)
			return err;
	} else if (ifr->ifr_flags & IFF_DETACH_QUEUE) {
		tun = rtnl_dereference(q->dev);
		if (!tun || !(tun->flags & IFF_MULTI_QUEUE) || q->disabled)
			return -EINVAL;
		mytun_queue_disable(q);
	} else {
		return -EINVAL;
	}
	netdev_state_change(tun->dev);
	return 0;
}

static void get_iff(struct mytun *tun, struct mytun_queue *q,
		    struct ifreq *ifr)
{
	unsigned int flags = tun->flags & (MYTUN_TYPE_MASK | MYTUN_FEATURES |
					   IFF_PERSIST);

	strscpy(ifr->ifr_name, tun->dev->name, sizeof(ifr->ifr_name));
	if (q->disabled)
		flags |= IFF_DETACH_QUEUE;
	if (!q->filtered)
		flags |= MYTUN_NOFILTER;
	ifr->ifr_flags = flags;
}

/*
 * A persistent device outlives its files, and keeps the module. Who watches
 * links is told of a change only.
 */
static void set_persist(struct mytun *tun, bool on)
{
	if (on == !!(tun->flags & IFF_PERSIST))
		return;
	if (on) {
		WRITE_ONCE(tun->flags, tun->flags | IFF_PERSIST);
		__module_get(THIS_MODULE);
	} else {
		WRITE_ONCE(tun->flags, tun->flags & ~IFF_PERSIST);
		module_put(THIS_MODULE);
	}
	netdev_state_change(tun->dev);
}

static void set_sndbuf(struct mytun *tun, int sndbuf)
{
	unsigned int i;

	tun->sndbuf = sndbuf;
	for (i = 0; i < tun->nqueues; i++)
		WRITE_ONCE(rtnl_dereference(tun->queues[i])->sk.sk_sndbuf,
			   sndbuf);
}

/* Length of a link layer address, for the types that tun knows. */
static unsigned char address_length(unsigned short type)
{
	switch (type) {
	case ARPHRD_TUNNEL6:
	case ARPHRD_IP6GRE:
		return 16;
	case ARPHRD_IEEE802154:
	case ARPHRD_IEEE802154_MONITOR:
	case ARPHRD_6LOWPAN:
		return 8;
	case ARPHRD_NETROM:
		return 7;
	case ARPHRD_ETHER:
	case ARPHRD_FDDI:
	case ARPHRD_HIPPI:
	case ARPHRD_IEEE802:
		return ETH_ALEN;
	case ARPHRD_ROSE:
		return 5;
	case ARPHRD_TUNNEL:
	case ARPHRD_IPGRE:
	case ARPHRD_SIT:
		return 4;
	case ARPHRD_LOCALTLK:
		return 1;
	}
	return 0;
}

static int set_link(struct mytun *tun, int type)
{
	struct net_device *dev = tun->dev;
	int err;

	if (dev->flags & IFF_UP)
		return -EBUSY;
	err = notifier_to_errno(call_netdevice_notifiers(NETDEV_PRE_TYPE_CHANGE,
							 dev));
	if (err)
		return err;
	dev->type = type;
	dev->addr_len = address_length(dev->type);
	call_netdevice_notifiers(NETDEV_POST_TYPE_CHANGE, dev);
	return 0;
}

static int set_vnet_order(struct mytun *tun, unsigned int bit, bool on)
{
	WRITE_ONCE(tun->flags, on ? tun->flags | bit : tun->flags & ~bit);
	return 0;
}

/* The ioctls whose argument is an int in the caller's memory. */
static long int_ioctl(struct mytun *tun, struct mytun_queue *q,
		      unsigned int cmd, int __user *argp)
{
	int v;

	switch (cmd) {
	case TUNGETSNDBUF:
		return put_user(q->sk.sk_sndbuf, argp);
	case TUNGETVNETHDRSZ:
		return put_user(tun->vnet_hdr_sz, argp);
	case TUNGETVNETLE:
		return put_user(!!(tun->flags & MYTUN_VNET_LE), argp);
	case TUNGETVNETBE:
		if (!IS_ENABLED(CONFIG_TUN_VNET_CROSS_LE))
			return -EINVAL;
		return put_user(!!(tun->flags & MYTUN_VNET_BE), argp);
	case TUNSETVNETBE:
		if (!IS_ENABLED(CONFIG_TUN_VNET_CROSS_LE))
			return -EINVAL;
		break;
	case TUNSETSNDBUF:
	case TUNSETVNETHDRSZ:
	case TUNSETVNETLE:
	case TUNSETCARRIER:
		break;
	default:
		return -EINVAL;
	}
	if (get_user(v, argp))
		return -EFAULT;
	switch (cmd) {
	case TUNSETSNDBUF:
		if (v <= 0)
			return -EINVAL;
		set_sndbuf(tun, v);
		return 0;
	case TUNSETVNETHDRSZ:
		if (v < MYTUN_VNET_HDR_DEFAULT)
			return -EINVAL;
		WRITE_ONCE(tun->vnet_hdr_sz, v);
		/* It may be able to tell of tunnels now, or no longer. */
		netdev_update_features(tun->dev);
		return 0;
	case TUNSETVNETLE:
		return set_vnet_order(tun, MYTUN_VNET_LE, v);
	case TUNSETVNETBE:
		return set_vnet_order(tun, MYTUN_VNET_BE, v);
	case TUNSETCARRIER:
		return tun->dev->netdev_ops->ndo_change_carrier(tun->dev, !!v);
	}
	return -EINVAL;
}

/* The ioctls of filter.c, which TUN devices refuse, but for the programs. */
static long filter_ioctl(struct mytun *tun, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case TUNSETSTEERINGEBPF:
		return mytun_filter_set_program(&tun->filters.steering, argp);
	case TUNSETFILTEREBPF:
		return mytun_filter_set_program(&tun->filters.program, argp);
	}
	if (!mytun_is_tap(tun))
		return -EINVAL;
	switch (cmd) {
	case TUNSETTXFILTER:
		return mytun_filter_set_macs(tun, argp);
	case TUNATTACHFILTER:
		return mytun_filter_attach(tun, argp, false);
	case TUNDETACHFILTER:
		return mytun_filter_detach(tun);
	case TUNGETFILTER:
		return mytun_filter_get(tun, argp, false);
#ifdef CONFIG_COMPAT
	case MYTUN_ATTACHFILTER32:
		return mytun_filter_attach(tun, argp, true);
	case MYTUN_DETACHFILTER32:
		return mytun_filter_detach(tun);
	case MYTUN_GETFILTER32:
		return mytun_filter_get(tun, argp, true);
#endif
	}
	return -EINVAL;
}

static long device_ioctl(struct mytun *tun, struct mytun_queue *q,
			 unsigned int cmd, unsigned long arg, struct ifreq *ifr,
			 size_t ifreq_len)
{
	void __user *argp = (void __user *)arg;
	kuid_t owner;
	kgid_t group;
	int err = 0;

	switch (cmd) {
	case TUNGETIFF:
		get_iff(tun, q, ifr);
		return copy_to_user(argp, ifr, ifreq_len) ? -EFAULT : 0;
	case TUNSETNOCSUM:
		return 0;
	case TUNSETDEBUG:
		tun->msg_enable = arg;
		return 0;
	case TUNSETPERSIST:
		set_persist(tun, arg);
		return 0;
	case TUNSETOWNER:
		owner = make_kuid(current_user_ns(), arg);
		if (!uid_valid(owner))
			return -EINVAL;
		tun->owner = owner;
		break;
	case TUNSETGROUP:
		group = make_kgid(current_user_ns(), arg);
		if (!gid_valid(group))
			return -EINVAL;
		tun->group = group;
		break;
	case TUNSETLINK:
		return set_link(tun, arg);
	case TUNSETOFFLOAD:
		return mytun_netdev_set_offload(tun, arg);
	case SIOCGIFHWADDR:
		/* The name stays as the caller had it, as in tun. */
		mytun_dev_get_mac(tun->dev, &ifr->ifr_hwaddr);
		return copy_to_user(argp, ifr, ifreq_len) ? -EFAULT : 0;
	case SIOCSIFHWADDR:
		return mytun_dev_set_mac(tun->dev, &ifr->ifr_hwaddr);
	case TUNGETDEVNETNS:
		if (!ns_capable(dev_net(tun->dev)->user_ns, CAP_NET_ADMIN))
			return -EPERM;
		return mytun_open_netns(dev_net(tun->dev));
	case TUNSETTXFILTER:
	case TUNATTACHFILTER:
	case TUNDETACHFILTER:
	case TUNGETFILTER:
	case TUNSETSTEERINGEBPF:
	case TUNSETFILTEREBPF:
#ifdef CONFIG_COMPAT
	case MYTUN_ATTACHFILTER32:
	case MYTUN_DETACHFILTER32:
	case MYTUN_GETFILTER32:
#endif
		return filter_ioctl(tun, cmd, argp);
	default:
		return int_ioctl(tun, q, cmd, argp);
	}
	netdev_state_change(tun->dev);
	return err;
}

static long attached_or_not_ioctl(struct mytun_queue *q, unsigned int cmd,
				  unsigned long arg, struct ifreq *ifr,
				  size_t ifreq_len)
{
	void __user *argp = (void __user *)arg;
	struct mytun *tun = rtnl_dereference(q->dev);
	int err, ifindex;

	switch (cmd) {
	case TUNSETIFF:
		if (tun)
			return -EEXIST;
		ifr->ifr_name[IFNAMSIZ - 1] = '\0';
		err = set_iff(q, ifr);
		if (err)
			return err;
		return copy_to_user(argp, ifr, ifreq_len) ? -EFAULT : 0;
	case TUNSETIFINDEX:
		if (tun)
			return -EPERM;
		if (copy_from_user(&ifindex, argp, sizeof(ifindex)))
			return -EFAULT;
		if (ifindex < 0)
			return -EINVAL;
		q->ifindex = ifindex;
		return 0;
	}
	if (!tun)
		return -EBADFD;
	return device_ioctl(tun, q, cmd, arg, ifr, ifreq_len);
}

static long do_ioctl(struct file *file, unsigned int cmd, unsigned long arg,
		     size_t ifreq_len)
{
	struct mytun_queue *q = file->private_data;
	struct net *net = sock_net(&q->sk);
	void __user *argp = (void __user *)arg;
	struct ifreq ifr = {};
	long ret;

	if (cmd == TUNSETIFF || cmd == TUNSETQUEUE ||
	    (_IOC_TYPE(cmd) == SOCK_IOC_TYPE && cmd != SIOCGSKNS)) {
		if (copy_from_user(&ifr, argp, ifreq_len))
			return -EFAULT;
	}
	switch (cmd) {
	case TUNGETFEATURES:
		return put_user(MYTUN_TYPE_MASK | MYTUN_FEATURES |
				IFF_NO_CARRIER, (unsigned int __user *)argp);
	case SIOCGSKNS:
		if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
			return -EPERM;
		return mytun_open_netns(net);
	}
	rtnl_lock();
	if (cmd == TUNSETQUEUE)
		ret = set_queue(q, &ifr);
	else
		ret = attached_or_not_ioctl(q, cmd, arg, &ifr, ifreq_len);
	rtnl_unlock();
	return ret;
}

long mytun_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (_IOC_TYPE(cmd) == MYTUN_IOC_MAGIC)
		return mytun_control(file->private_data, cmd,
				     (void __user *)arg);
	return do_ioctl(file, cmd, arg, sizeof(struct ifreq));
}

#ifdef CONFIG_COMPAT
/* A 32-bit caller: pointers are shorter, and so is its ifreq. */
long mytun_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (_IOC_TYPE(cmd) == MYTUN_IOC_MAGIC)
		return mytun_control(file->private_data, cmd, compat_ptr(arg));
	switch (cmd) {
	case TUNSETNOCSUM:
	case TUNSETDEBUG:
	case TUNSETPERSIST:
	case TUNSETOWNER:
	case TUNSETGROUP:
	case TUNSETLINK:
	case TUNSETOFFLOAD:
		arg = (compat_ulong_t)arg;
		break;
	default:
		arg = (unsigned long)compat_ptr(arg);
	}
	return do_ioctl(file, cmd, arg, sizeof(struct compat_ifreq));
}
#endif
