/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * mytun: a TUN/TAP driver with batches and rings.
 *
 * Every ioctl, flag and structure of <linux/if_tun.h> works on
 * /dev/net/mytun. This header is the specification of what goes beyond them:
 *
 *   1. records	    the one format of packets in batches and rings
 *   2. batches	    many records for one read() or write()
 *   3. rings	    records in shared memory
 *   4. ioctls	    with every errno
 *   5. counters    why a packet was lost
 *   6. netlink	    what the driver knows of devices, queues and flows
 *
 * (k) marks a field that the kernel writes, (u) one that the user writes.
 * All numbers are in the byte order of the host.
 */
#ifndef _UAPI_LINUX_MYTUN_H
#define _UAPI_LINUX_MYTUN_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* ------------------------------------------------------------------------- *
 * 1. Records
 *
 *   record                                                    next record
 *   |<------------------------- size ------------------------>|
 *   +--------------+-----------+----------------+-------------+
 *   | struct       | head room | data           | tail room,  |
 *   | mytun_record |           |                | padding     |
 *   +--------------+-----------+----------------+-------------+
 *   0              32          offset           offset + len  size
 *
 * Data are exactly the bytes that one read() of a TUN/TAP device returns or
 * one write() takes: packet information and virtio_net_hdr, where the device
 * has them, then the packet. A record begins at a multiple of 64 bytes, from
 * the start of the buffer or ring.
 */
#define MYTUN_RECORD_ALIGN	64
#define MYTUN_RECORD_HEADER	32
#define MYTUN_ROOM_MAX		4096	/* head room, and tail room, at most */

struct mytun_record {
	__u32 size;	/* bytes up to the next record; multiple of 64 */
	__u32 len;	/* bytes of data; by the user, 0: pass over it */
	__u16 offset;	/* of the data from the record's start, 32 or more */
	__u16 flags;	/* MYTUN_RECORD_* */
	__u32 hash;	/* (k) flow hash, 0: none; written by the user: 0 */
	__u32 mark;	/* skb mark; by the user: 0 without MYTUN_Q_META */
	__u32 priority;	/* skb priority; likewise */
	__u16 queue;	/* (k) the queue's index; by the user: 0 */
	__u16 reserved;	/* 0 */
	__u32 user;	/* the kernel writes 0 and never looks at it */
};

/*
 * For the user's own bookkeeping in memory it may write: a worker is done with
 * a received record, or has filled one to send. The kernel ignores the bits in
 * received records, and refuses records to send that have any other bit set.
 */
#define MYTUN_RECORD_DONE	0x8000
#define MYTUN_RECORD_USER_BITS	0xf000

/*
 * What a record from the user must keep to, or it is refused: size a multiple
 * of 64, no larger than what was handed over, not smaller than offset + len;
 * 32 <= offset <= 32 + MYTUN_ROOM_MAX; hash, queue, reserved and unknown flags
 * 0; mark and priority 0 without MYTUN_Q_META. A record with len 0 holds no
 * packet: it is passed over and counts as nothing, so that one which was
 * reserved and then not needed can be left in its place.
 *
 * The hash is the same for both directions of a flow and has a key of its own,
 * drawn when the module is loaded; it is what the driver spreads flows by.
 */

/* ------------------------------------------------------------------------- *
 * 2. Batches
 *
 * With MYTUN_IOC_BATCH a queue's read() returns as many records as are there
 * and fit, and write() takes as many as the buffer holds. Both still block,
 * or not, as O_NONBLOCK says, and wait for one packet only.
 *
 * read()	bytes of all records; the last one's padding is not returned
 *		where it would not fit. EMSGSIZE: not even the first packet
 *		fits; it stays where it is.
 * write()	bytes of the records that were accepted. It stops before the
 *		first record that is malformed or cannot be taken, and returns
 *		what came before; if that is nothing, EINVAL (malformed, or
 *		data missing; the last one's padding may be missing), EIO (the
 *		device is down), or what a plain write() of the packet says.
 */

/*
 * splice() knows no records. Into a pipe, it moves one packet, as one buffer of
 * the pipe; a read() of the pipe returns it alone, too. EINVAL: the length, or
 * the room in the pipe, is too small for it; it stays. From a pipe, it moves
 * one packet for each buffer, also of files that sendfile() copies from. EINVAL:
 * the length ends inside of a buffer, or that is no packet. What one write() to
 * a pipe leaves there is one buffer if it is a page or less and the pipe was
 * made with O_DIRECT; others may join what was written before. Larger packets
 * come in one buffer from this driver only.
 */

/* ------------------------------------------------------------------------- *
 * 3. Rings
 *
 * A queue has up to two rings, RX (the kernel puts packets that the stack
 * sends) and TX (the user puts packets for the stack). Four mappings, made by
 * mmap(MAP_SHARED) on the queue's file at these offsets:
 *
 *   MYTUN_MMAP_KERNEL	one page, read only: struct mytun_ring_kernel
 *   MYTUN_MMAP_USER	one page, read and write: struct mytun_ring_user
 *   MYTUN_MMAP_RX	2 * rx_size bytes, read and write
 *   MYTUN_MMAP_TX	2 * tx_size bytes, read and write
 *
 * The second half of a data mapping is the first half again, so that no record
 * wraps: the byte at position p is at p & (size - 1), and the record that
 * begins there is contiguous.
 *
 *             consumer                   producer
 *                |                          |
 *   +------------v--------------------------v------------------------+
 *   | free       | record | record | record | free                   | again
 *   +----------------------------------------------------------------+
 *
 * Positions count bytes, run freely through 2^32 and are multiples of 64. Each
 * is written by one side: what it covers belongs to the consumer from producer
 * - consumer bytes at consumer, the rest to the producer. Publish a position
 * with release, read the other side's with acquire semantics.
 *
 * RX	The kernel never reads the ring's data: edit packets in place. Take
 *	records in [rx_consumer, rx_producer), then store rx_consumer. Before
 *	sleeping: store rx_consumer, full barrier, look at rx_producer again.
 *	The kernel wakes the sleeper (poll, epoll, MYTUN_IOC_WAIT, eventfd)
 *	when it puts a record into a ring that the user had emptied, and only
 *	then. A user that holds records back (workers that finish in any order)
 *	sets MYTUN_Q_SEEN and stores in rx_seen how far it has looked, before
 *	it sleeps: then waking, and whether RX counts as empty for poll and
 *	MYTUN_IOC_WAIT, go by rx_seen; room goes by rx_consumer as ever.
 *	With IFF_BACKPRESSURE a full ring stops the stack's queue and
 *	MYTUN_RING_RX_STOPPED is set in rx_flags: after storing rx_consumer,
 *	full barrier, and when half of the ring or less is in use and the flag
 *	is set, kick.
 * TX	Write records, then store tx_producer, then full barrier, then, if
 *	MYTUN_RING_TX_NEED_WAKEUP is set in tx_flags, kick. A kick is
 *	MYTUN_IOC_KICK, or a write() of 0 bytes, or a write to the kick
 *	eventfd. With MYTUN_DRIVE_CALLER the flag is always set. poll says
 *	EPOLLOUT when half of TX or less is in use.
 *
 * Nothing that the user writes harms the kernel. A position that covers more
 * than the ring is ignored until it makes sense (counted in bad_position); a
 * record that breaks a rule is skipped (bad_record), and all that was
 * submitted with it if its size makes no sense.
 *
 * When the device is gone MYTUN_RING_ENDED is set in both flags words, after
 * the last record was published; sleepers wake, poll says EPOLLERR, kicks and
 * waits fail with EBADFD. Records in RX can still be read. Attached to another
 * device, the rings go on where they were. mmap() fails with EINVAL for another
 * offset or length, without MAP_SHARED, and where there is no such ring, and
 * with EPERM for a writable mapping of MYTUN_MMAP_KERNEL.
 *
 * The rings belong to the file: any process that has it maps the same rings
 * and goes on at the positions it finds. After fork() parent and child have
 * the same rings: one of them may use a direction, and the other one closes.
 * They end when the file is closed and the last mapping is gone.
 */
#define MYTUN_MMAP_KERNEL	0x000000000ULL
#define MYTUN_MMAP_USER		0x100000000ULL
#define MYTUN_MMAP_RX		0x200000000ULL
#define MYTUN_MMAP_TX		0x300000000ULL

#define MYTUN_RING_SIZE_MAX	(256U << 20)

/* rx_flags, tx_flags */
#define MYTUN_RING_RX_STOPPED		0x1
#define MYTUN_RING_TX_NEED_WAKEUP	0x1
#define MYTUN_RING_ENDED		0x80000000

/* (k) Each direction on lines of its own. */
struct mytun_ring_kernel {
	__u32 rx_producer;
	__u32 rx_flags;
	__u32 pad0[14];
	__u32 tx_consumer;
	__u32 tx_flags;
	__u32 pad1[14];
	/* Counters, for reading only; they wrap. */
	__u64 rx_packets;	/* records put into RX */
	__u64 rx_full;		/* packets dropped: RX was full */
	__u64 rx_wakeups;	/* sleepers woken */
	__u64 rx_stops;		/* times the stack's queue was stopped */
	__u64 tx_packets;	/* records taken from TX and accepted */
	__u64 tx_kicks;		/* kicks that reached the driver */
	__u64 tx_refused;	/* records skipped: bad_record, or their
				 * packet was refused or dropped, as
				 * write() would have
				 */
	__u64 bad_position;	/* positions that made no sense, RX and TX */
	__u64 bad_size;		/* records with an impossible size */
	__u64 bad_record;	/* records that broke another rule */
	__u64 pad2[6];
};

/* (u) */
struct mytun_ring_user {
	__u32 rx_consumer;
	__u32 rx_seen;		/* with MYTUN_Q_SEEN */
	__u32 pad0[14];
	__u32 tx_producer;
	__u32 pad1[15];
};

/* ------------------------------------------------------------------------- *
 * 4. ioctls
 *
 * Structures begin with their size and grow at the end: a kernel that knows
 * fewer fields accepts a larger structure if what it does not know is 0 (else
 * E2BIG), one that knows more takes the missing ones for 0. The size in the
 * ioctl's number is not looked at. EINVAL: size smaller than the first
 * version, or unknown flags. EFAULT as ever. All but MYTUN_IOC_FEATURES,
 * MYTUN_IOC_RING_GET and MYTUN_IOC_CREATE need an attached queue: EBADFD.
 */
#define MYTUN_IOC_MAGIC		0xd7

/* Features of this driver on this kernel. */
#define MYTUN_F_BATCH		(1ULL << 0)	/* MYTUN_IOC_BATCH */
#define MYTUN_F_RING		(1ULL << 1)	/* rings can be mapped here */
#define MYTUN_F_MEMCG		(1ULL << 2)	/* rings count in the cgroup */
#define MYTUN_F_USO		(1ULL << 3)	/* TUN_F_USO4, TUN_F_USO6 */
#define MYTUN_F_LIST		(1ULL << 4)	/* reserved, never set */
#define MYTUN_F_CREATE		(1ULL << 5)	/* MYTUN_IOC_CREATE */
#define MYTUN_F_SPLICE		(1ULL << 6)	/* splice() works */
#define MYTUN_F_XDP		(1ULL << 7)	/* native XDP programs see a packet
						 * before it is an skb; else they
						 * are run on skbs, and what they
						 * drop is not counted
						 */
#define MYTUN_F_DESCRIPTORS	(1ULL << 63)	/* reserved */

/* (k) Which of MYTUN_F_*. */
#define MYTUN_IOC_FEATURES	_IOR(MYTUN_IOC_MAGIC, 0, __u64)

/* Flags of a queue, in MYTUN_IOC_BATCH and MYTUN_IOC_RING. */
#define MYTUN_Q_HASH	0x1	/* fill in the hash of received records */
#define MYTUN_Q_META	0x2	/* take mark and priority from the user */
#define MYTUN_Q_READ	0x4	/* batch: read() returns records */
#define MYTUN_Q_WRITE	0x8	/* batch: write() takes records */
#define MYTUN_Q_SEEN	0x10	/* ring: wake by rx_seen */

struct mytun_batch {
	__u32 size;
	__u32 flags;		/* MYTUN_Q_*; without READ and WRITE: off */
	__u16 head_room;	/* bytes before the data, multiple of 8 */
	__u16 tail_room;	/* bytes after the data, multiple of 8 */
	__u32 reserved;
};

/*
 * Turns batches of a queue on or off.
 * EPERM: MYTUN_Q_META without CAP_NET_ADMIN in the user namespace that owns
 * the device's network namespace. EINVAL: room above MYTUN_ROOM_MAX. EBUSY:
 * MYTUN_Q_READ on a queue with an RX ring.
 */
#define MYTUN_IOC_BATCH		_IOW(MYTUN_IOC_MAGIC, 1, struct mytun_batch)

struct mytun_ring {
	__u32 size;
	__u32 flags;		/* MYTUN_Q_HASH, MYTUN_Q_META, MYTUN_Q_SEEN */
	__u32 rx_size;		/* bytes, a power of two; 0: no RX ring */
	__u32 tx_size;		/* likewise */
	__u16 head_room;	/* in RX records, multiple of 8 */
	__u16 tail_room;
	__u32 position;		/* where all positions begin, multiple of 64 */
	__u32 rx_record_max;	/* (k) bytes of the largest RX record */
	__u32 page_size;	/* (k) bytes of each of the two pages */
};

/*
 * Makes the rings of a queue. What waits for read() goes into the RX ring
 * first, so that no flow is reordered; read() fails with EBUSY afterwards.
 * write() goes on to work beside a TX ring.
 * EBUSY: it has rings, or batches by read() and an RX ring was asked for.
 * EINVAL: a size that is no power of two, no multiple of the page size, above
 * MYTUN_RING_SIZE_MAX, or too small for the largest record (65535 bytes and
 * what the device puts in front of them, header, head and tail room).
 * EPERM: as MYTUN_IOC_BATCH. EOPNOTSUPP: no MYTUN_F_RING on this kernel.
 * ENOBUFS: RLIMIT_MEMLOCK of the user (CAP_IPC_LOCK: no limit), or the
 * module's limit. ENOMEM.
 */
#define MYTUN_IOC_RING		_IOWR(MYTUN_IOC_MAGIC, 2, struct mytun_ring)

/*
 * The rings as they are, for who was given the file; with a device or without,
 * once it has had one. ENOENT: it has none. EBADFD: neither rings nor a device.
 */
#define MYTUN_IOC_RING_GET	_IOWR(MYTUN_IOC_MAGIC, 3, struct mytun_ring)

/*
 * Starts what waits in TX, and restarts a stopped RX. With MYTUN_DRIVE_CALLER
 * the packets are delivered before the call returns.
 * Return: records taken (0 with another drive). ENOENT: no rings. EINTR: a
 * signal came. A device that is down drops and counts.
 */
#define MYTUN_IOC_KICK		_IO(MYTUN_IOC_MAGIC, 4)

struct mytun_wait {
	__u32 size;
	__u32 events;		/* MYTUN_WAIT_* */
	__s64 timeout_ns;	/* relative; negative: no limit */
};

#define MYTUN_WAIT_RX	0x1	/* RX is not empty */
#define MYTUN_WAIT_TX	0x2	/* TX is empty */

/*
 * Sleeps until one of the events. Return: those that came true, 0: the time is
 * over. EINTR. ENOENT: no rings. EINVAL: an event of a ring that is not there.
 */
#define MYTUN_IOC_WAIT		_IOW(MYTUN_IOC_MAGIC, 5, struct mytun_wait)

/* Who takes records out of TX. */
#define MYTUN_DRIVE_CALLER	0	/* the kick, in the caller */
#define MYTUN_DRIVE_NAPI	1	/* softirq */
#define MYTUN_DRIVE_LENT	2	/* a thread in MYTUN_IOC_LEND */
#define MYTUN_DRIVE_THREAD	3	/* a kernel thread */

/* Merge in-order packets of a flow (GRO) before the stack sees them. */
#define MYTUN_DRIVE_GRO		0x1

struct mytun_drive {
	__u32 size;
	__u32 drive;		/* MYTUN_DRIVE_* */
	__u32 flags;		/* MYTUN_DRIVE_GRO */
	__u32 poll_us;		/* THREAD, LENT: look so long before sleep */
	__s32 pid;		/* (k) THREAD: its number, in the caller's
				 * pid namespace
				 */
	__u32 reserved;
};

/*
 * Changes the drive. What is in TX stays there for the new one. A kernel
 * thread has the nice value and the CPUs of the caller and ends with the
 * queue, or with the next change.
 * ENOENT: no TX ring. EINVAL: unknown drive. ENOMEM.
 */
#define MYTUN_IOC_DRIVE		_IOWR(MYTUN_IOC_MAGIC, 6, struct mytun_drive)

/*
 * Lends the calling thread to the queue: it takes records out of TX until a
 * signal comes (EINTR) or the device is gone (EBADFD). ENOENT: no rings. EINVAL:
 * the drive is not MYTUN_DRIVE_LENT. EBUSY: another thread is lent already.
 */
#define MYTUN_IOC_LEND		_IO(MYTUN_IOC_MAGIC, 7)

struct mytun_moderate {
	__u32 size;
	__u32 packets;		/* wake when so many wait; 0 and 1: the first */
	__u32 usecs;		/* or so long after the first; 0: do not wait */
	__u32 reserved;
};

/*
 * When the sleeping consumer of RX is woken. EINVAL: packets > 1 with usecs 0
 * (the consumer might sleep for ever), usecs above 1000000. ENOENT: no rings.
 */
#define MYTUN_IOC_MODERATE	_IOW(MYTUN_IOC_MAGIC, 8, struct mytun_moderate)

struct mytun_eventfd {
	__u32 size;
	__s32 rx;		/* signalled when RX wakes; -1: none */
	__s32 kick;		/* a write to it is a kick; -1: none */
	__u32 reserved;
};

/*
 * Sets both eventfds anew. EBADF, EINVAL: no eventfd; a kick eventfd with
 * MYTUN_DRIVE_CALLER. ENOENT: no rings.
 */
#define MYTUN_IOC_EVENTFD	_IOW(MYTUN_IOC_MAGIC, 9, struct mytun_eventfd)

struct mytun_create {
	__u32 size;
	__u32 flags;		/* MYTUN_CREATE_* */
};

/*
 * The device has no qdisc from the start, as if the module's parameter
 * no_queue were set: what does not fit its queue is dropped and counted, with
 * IFF_BACKPRESSURE as well. `tc qdisc` can give it one, and can take that of
 * any other device away (noqueue).
 */
#define MYTUN_CREATE_NO_QUEUE	0x1

/*
 * What the device shall be that the next TUNSETIFF of this file creates; of no
 * effect on a device that exists. EBUSY: the file has one.
 */
#define MYTUN_IOC_CREATE	_IOW(MYTUN_IOC_MAGIC, 10, struct mytun_create)

/* ------------------------------------------------------------------------- *
 * 5. Why a packet was lost. Each reason has a counter, named in `ethtool -S`.
 * Those marked (tx) add to tx_dropped of the device, those marked (rx) to
 * rx_dropped, those marked (frame) to rx_frame_errors.
 */
enum mytun_drop {
	MYTUN_DROP_TX_NO_QUEUE,		/* (tx) no queue has this number */
	MYTUN_DROP_TX_FILTER,		/* (tx) MAC filter, or a program */
	MYTUN_DROP_TX_FULL,		/* (tx) the queue was full, or became
					 * too short for what waited
					 */
	MYTUN_DROP_TX_NOMEM,		/* (tx) no memory */
	MYTUN_DROP_TX_DETACHED,		/* (tx) waited in a queue that left */
	MYTUN_DROP_TX_HEADER,		/* (tx) not expressible to the user */
	MYTUN_DROP_TX_BUFFER,		/* (tx) the user's buffer: too short for
					 * the headers, or not writable
					 */
	MYTUN_DROP_TX_TOO_BIG,		/* (tx) larger than any RX record */
	MYTUN_DROP_RX_DOWN,		/* (rx) the device is down */
	MYTUN_DROP_RX_BUSY,		/* (rx) IFF_NAPI: the queue is set aside,
					 * or its NAPI is busy elsewhere
					 */
	MYTUN_DROP_RX_NOMEM,		/* (rx) no memory */
	MYTUN_DROP_RX_FAULT,		/* (rx) payload could not be read */
	MYTUN_DROP_RX_PROTOCOL,		/* (rx) neither IPv4 nor IPv6 */
	MYTUN_DROP_RX_TOO_BIG,		/* (rx) more than a packet can hold */
	MYTUN_DROP_RX_RECORD,		/* (rx) a TX record broke a rule */
	MYTUN_DROP_RX_XDP,		/* (rx) an XDP program dropped it, or
					 * what it asked for failed
					 */
	MYTUN_DROP_RX_VNET,		/* (frame) bad virtio_net_hdr */
	MYTUN_DROP_MAX
};

/* ------------------------------------------------------------------------- *
 * 6. Generic netlink: the family "mytun" tells, by dumps only, what the ABI of
 * tun has no place for. It changes nothing.
 *
 * A request is a struct mytun_genl and nothing behind it (EINVAL), with
 * NLM_F_DUMP: the devices of the socket's network namespace, or one of them
 * (ENODEV: it is not there, or not of this driver). Each answer has a struct
 * mytun_genl, too, with the device's ifindex, and then attributes. Who reads
 * them passes over those that it does not know; numbers that are missing are
 * not known or mean nothing there. Attributes of 64 bits are aligned, type 0
 * pads. Integers are in the byte order of the host, addresses and ports in that
 * of the network.
 *
 * MYTUN_CMD_GET_DEVICE is for everyone, as `ip -d -s link` and `ethtool -S`
 * are. The others need CAP_NET_ADMIN in the user namespace that owns the network
 * namespace (EPERM): flows are who talks to whom, and how far the queues are
 * filled tells what other users' programs do at any moment.
 *
 * A dump goes on where it was, however long the reader takes. A device, and a
 * flow, that are there from the beginning to the end are told exactly once.
 * When queues come or go meanwhile the dump of queues has NLM_F_DUMP_INTR set:
 * ask again.
 */
#define MYTUN_GENL_NAME		"mytun"
#define MYTUN_GENL_VERSION	1

struct mytun_genl {
	__s32 ifindex;		/* in requests, 0: all devices */
};

enum mytun_cmd {
	MYTUN_CMD_UNSPEC,
	MYTUN_CMD_GET_DEVICE,	/* MYTUN_A_DEVICE_* */
	MYTUN_CMD_GET_QUEUE,	/* MYTUN_A_QUEUE_* */
	MYTUN_CMD_GET_FLOW,	/* MYTUN_A_FLOW_* */
};

enum mytun_device_attr {
	MYTUN_A_DEVICE_PAD,
	MYTUN_A_DEVICE_NAME,		/* string */
	MYTUN_A_DEVICE_FLAGS,		/* u32, IFF_*, IFF_PERSIST included */
	MYTUN_A_DEVICE_HAS,		/* u32, MYTUN_HAS_* */
	MYTUN_A_DEVICE_OWNER,		/* u32, as the reader numbers users */
	MYTUN_A_DEVICE_GROUP,		/* u32 */
	MYTUN_A_DEVICE_VNET_SIZE,	/* u32, bytes of the virtio_net_hdr */
	MYTUN_A_DEVICE_QUEUES,		/* u32, that are attached */
	MYTUN_A_DEVICE_DETACHED,	/* u32, queues set aside by TUNSETQUEUE */
	MYTUN_A_DEVICE_FLOWS,		/* nest of MYTUN_A_TABLE_*; multiqueue only */
	MYTUN_A_DEVICE_FROM_USER,	/* nest of MYTUN_A_WAY_* */
	MYTUN_A_DEVICE_TO_USER,		/* nest of MYTUN_A_WAY_* */
	MYTUN_A_DEVICE_DROPS,		/* nest of u64, the type is the enum mytun_drop
					 * plus 1
					 */
};

/* What a device has been given. */
#define MYTUN_HAS_MAC_FILTER	0x1	/* TUNSETTXFILTER */
#define MYTUN_HAS_CLASSIC	0x2	/* TUNATTACHFILTER */
#define MYTUN_HAS_FILTER	0x4	/* TUNSETFILTEREBPF */
#define MYTUN_HAS_STEERING	0x8	/* TUNSETSTEERINGEBPF: flows are not
					 * learned
					 */
#define MYTUN_HAS_XDP		0x10	/* a native XDP program */
#define MYTUN_HAS_VNET_LE	0x20	/* TUNSETVNETLE */
#define MYTUN_HAS_VNET_BE	0x40	/* TUNSETVNETBE */

enum mytun_table_attr {
	MYTUN_A_TABLE_PAD,
	MYTUN_A_TABLE_SIZE,	/* u32, flows that it holds */
	MYTUN_A_TABLE_AGEING,	/* u32, milliseconds */
	MYTUN_A_TABLE_ENTRIES,	/* u32, with those that are too old and not
				 * yet taken out
				 */
	MYTUN_A_TABLE_LEARNED,	/* u64, flows entered */
	MYTUN_A_TABLE_MOVED,	/* u64, flows that changed their queue */
	MYTUN_A_TABLE_FULL,	/* u64, flows that found no room */
};

enum mytun_queue_attr {
	MYTUN_A_QUEUE_PAD,
	MYTUN_A_QUEUE_ID,		/* u64, of the file; no other one gets it while
					 * the module is loaded. The line mytun-queue of
					 * /proc/PID/fdinfo/FD has it as well.
					 */
	MYTUN_A_QUEUE_INDEX,		/* u32, not of a queue that is set aside */
	MYTUN_A_QUEUE_STATE,		/* u32, MYTUN_STATE_* */
	MYTUN_A_QUEUE_FROM_USER,	/* nest of MYTUN_A_WAY_* */
	MYTUN_A_QUEUE_TO_USER,		/* nest of MYTUN_A_WAY_* */
	MYTUN_A_QUEUE_DROPS,		/* as MYTUN_A_DEVICE_DROPS */
	MYTUN_A_QUEUE_DRIVE,		/* u32, MYTUN_DRIVE_*; with a TX ring only */
	MYTUN_A_QUEUE_POLL_US,		/* u32, likewise */
	MYTUN_A_QUEUE_THREAD,		/* u32, pid of the kernel thread, as the reader
					 * numbers processes
					 */
	MYTUN_A_QUEUE_BAD_POSITION, /* u64, as in struct mytun_ring_kernel */
	MYTUN_A_QUEUE_BAD_SIZE,		/* u64 */
	MYTUN_A_QUEUE_BAD_RECORD,	/* u64 */
};

#define MYTUN_STATE_DETACHED	0x1	/* set aside */
#define MYTUN_STATE_STOPPED	0x2	/* full, the stack's queue waits */
#define MYTUN_STATE_WAITED_FOR	0x4	/* somebody sleeps in read(), poll() or
					 * MYTUN_IOC_WAIT, or has it in an epoll
					 * set
					 */
#define MYTUN_STATE_NEED_WAKEUP	0x8	/* MYTUN_RING_TX_NEED_WAKEUP is set */
#define MYTUN_STATE_NAPI	0x10	/* write() goes through IFF_NAPI */
#define MYTUN_STATE_FILTERED	0x20	/* the classic filter is for it */
#define MYTUN_STATE_GRO		0x40	/* MYTUN_DRIVE_GRO */
#define MYTUN_STATE_LENT	0x80	/* a thread is in MYTUN_IOC_LEND */
#define MYTUN_STATE_SEEN	0x100	/* MYTUN_Q_SEEN */

/* One direction. From the user is what it writes and its TX ring. */
enum mytun_way_attr {
	MYTUN_A_WAY_PAD,
	MYTUN_A_WAY_MODE,		/* u32, MYTUN_WAY_* */
	MYTUN_A_WAY_PACKETS,		/* u64, taken by the other side */
	MYTUN_A_WAY_BYTES,		/* u64 */
	MYTUN_A_WAY_BATCHES,		/* u64, in how many steps: batch reads or
					 * writes, times that RX was published, runs
					 * that took from TX
					 */
	MYTUN_A_WAY_SIZE,		/* u32, what there is room for: ring, bytes; to
					 * the user otherwise, packets; from the user,
					 * the send buffer's bytes
					 */
	MYTUN_A_WAY_USED,		/* u32, how much of it is in use */
	MYTUN_A_WAY_RECORD_MAX,		/* u32, bytes of the largest record in RX */
	MYTUN_A_WAY_HEAD_ROOM,		/* u32, bytes; batch or ring */
	MYTUN_A_WAY_TAIL_ROOM,		/* u32 */
	MYTUN_A_WAY_FLAGS,		/* u32, MYTUN_Q_HASH, MYTUN_Q_META */
	MYTUN_A_WAY_WAKEUPS,		/* u64, to the user: who waited was woken; from
					 * the user, ring: kicks
					 */
	MYTUN_A_WAY_WAKE_PACKETS,	/* u32, MYTUN_IOC_MODERATE */
	MYTUN_A_WAY_WAKE_USECS,		/* u32 */
	MYTUN_A_WAY_FULL,		/* u64, dropped since RX was full */
	MYTUN_A_WAY_STOPS,		/* u64, times that a full RX stopped the queue */
	MYTUN_A_WAY_REFUSED,		/* u64, records in TX that were not accepted */
};

#define MYTUN_WAY_PLAIN	0	/* one packet a read() or write() */
#define MYTUN_WAY_BATCH	1
#define MYTUN_WAY_RING		2

/* A flow has no direction: which end is A says nothing. */
enum mytun_flow_attr {
	MYTUN_A_FLOW_PAD,
	MYTUN_A_FLOW_QUEUE,	/* u32, index of the queue that owns it */
	MYTUN_A_FLOW_FAMILY,	/* u16, AF_INET, AF_INET6; AF_UNSPEC: no IP */
	MYTUN_A_FLOW_ADDRESS_A,	/* 4 or 16 bytes, or 6: a MAC address */
	MYTUN_A_FLOW_ADDRESS_B,
	MYTUN_A_FLOW_PROTOCOL,	/* u8, IPPROTO_* */
	MYTUN_A_FLOW_ETHERTYPE,	/* be16, without IP */
	MYTUN_A_FLOW_PORT_A,	/* be16, 0: none */
	MYTUN_A_FLOW_PORT_B,
	MYTUN_A_FLOW_IDLE,	/* u32, milliseconds since the last packet */
	MYTUN_A_FLOW_HASH,	/* u32, as in struct mytun_record */
};

#endif /* _UAPI_LINUX_MYTUN_H */
