// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "fuzzcall.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/mytun.h>
#include <linux/sockios.h>

#include "kselftest.h"

#include "bpf.h"
#include "fuzzlink.h"
#include "load.h"
#include "ringmem.h"

#define MAPPINGS	4	/* of a file, by offset */
#define BUFFER		(160 << 10)
#define PIECES		20
#define WAIT_NS		2000000

/* A file in a slot, and its memory. */
struct file {
	int fd;
	int event;			/* the kick's */
	uint8_t *map[MAPPINGS];
	size_t mapped[MAPPINGS];
	struct mytun_ring ring;		/* as it was made */
};

/* Threads use them at once; what comes of that is the kernel's to bear. */
static struct file files[FUZZ_FILES] = {
	{ .fd = -1, .event = -1 }, { .fd = -1, .event = -1 },
	{ .fd = -1, .event = -1 }, { .fd = -1, .event = -1 },
};

static __thread uint8_t buffer[BUFFER];

static struct file *file(const struct fuzz_op *op)
{
	return &files[op->who % FUZZ_FILES];
}

static void open_file(const struct fuzz_op *op)
{
	struct file *f = file(op);

	if (f->fd >= 0)
		close(f->fd);
	f->fd = device_open(op->a & 15 ? O_NONBLOCK : 0);
}

static void setiff(const struct fuzz_op *op)
{
	static const int flags[] = {
		IFF_TUN | IFF_NO_PI, IFF_TAP | IFF_NO_PI, IFF_TUN, IFF_TAP,
		IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE,
		IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE,
		IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR,
		IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR,
		IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_VNET_HDR,
		IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS,
		IFF_TAP | IFF_NAPI | IFF_MULTI_QUEUE | IFF_BACKPRESSURE,
		IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE,
		IFF_TUN | IFF_MULTI_QUEUE | IFF_TUN_EXCL | IFF_NO_CARRIER,
	};
	int wanted = flags[(op->a & 255) % ARRAY_SIZE(flags)];
	char name[IFNAMSIZ];

	if (op->b >> 31)
		wanted = op->b;
	strcpy(name, op->a >> 8 & 15 ? fuzz_name(op->a >> 12) : "");
	device_setiff(file(op)->fd, name, wanted);
}

static void setqueue(const struct fuzz_op *op)
{
	static const int flags[] = {
		IFF_DETACH_QUEUE, IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE,
		IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE | IFF_ATTACH_QUEUE, 0,
	};

	device_setqueue(file(op)->fd, flags[op->a % ARRAY_SIZE(flags)]);
}

static void ioctl_value(const struct fuzz_op *op)
{
	static const unsigned long commands[] = {
		TUNSETPERSIST, TUNSETOFFLOAD, TUNSETOWNER, TUNSETGROUP,
		TUNSETLINK, TUNSETDEBUG, TUNSETNOCSUM, SIOCGSKNS,
		TUNGETDEVNETNS,
	};
	uint32_t value = op->b >> 31 ? op->b & 0x1ff : fuzz_edge(op->b);
	int ret = device_ioctl(file(op)->fd,
			       commands[op->a % ARRAY_SIZE(commands)], value);

	/* Some of them return a file. */
	if (ret > 2)
		close(ret);
}

static void ioctl_int(const struct fuzz_op *op)
{
	static const unsigned long commands[] = {
		TUNSETSNDBUF, TUNGETSNDBUF, TUNSETVNETHDRSZ, TUNGETVNETHDRSZ,
		TUNSETVNETLE, TUNGETVNETLE, TUNSETVNETBE, TUNGETVNETBE,
		TUNSETCARRIER, TUNGETFEATURES, TUNSETIFINDEX,
		MYTUN_IOC_FEATURES,
	};
	uint64_t value = fuzz_edge(op->b);

	device_ioctl(file(op)->fd, commands[op->a % ARRAY_SIZE(commands)],
		     (unsigned long)&value);
}

static void ioctl_ifreq(const struct fuzz_op *op)
{
	struct ifreq ifr = {};
	static const unsigned long commands[] = {
		TUNGETIFF, SIOCGIFHWADDR, SIOCSIFHWADDR, TUNSETIFF,
		TUNSETQUEUE,
	};

	strcpy(ifr.ifr_name, fuzz_name(op->b));
	ifr.ifr_hwaddr.sa_family = op->b & 16 ? 1 : op->b >> 16;
	memset(ifr.ifr_hwaddr.sa_data, op->b >> 8 & 0xfe, 6);
	device_ioctl(file(op)->fd, commands[op->a % ARRAY_SIZE(commands)],
		     (unsigned long)&ifr);
}

static void filters(const struct fuzz_op *op)
{
	struct {
		struct tun_filter head;
		uint8_t macs[12][6];
	} macs = { .head.count = op->b % 13, .head.flags = op->b >> 8 & 1 };
	struct sock_filter insns[] = {
		{ BPF_RET | BPF_K, 0, 0, op->b & 15 ? op->b & 0xffff : 0 },
	};
	struct sock_fprog prog = { .len = op->b >> 16 & 3, .filter = insns };
	int fd = file(op)->fd, program;

	memset(macs.macs, op->b >> 9 & 0xff, sizeof(macs.macs));
	switch (op->a % 6) {
	case 0:
		device_ioctl(fd, TUNSETTXFILTER, (unsigned long)&macs);
		break;
	case 1:
		device_ioctl(fd, TUNATTACHFILTER, (unsigned long)&prog);
		break;
	case 2:
		device_ioctl(fd, TUNDETACHFILTER, (unsigned long)&prog);
		break;
	case 3:
		device_ioctl(fd, TUNGETFILTER, (unsigned long)&prog);
		break;
	default:
		program = op->b & 3 ? filter_return(op->b >> 2) : -1;
		device_ioctl(fd, op->a & 1 ? TUNSETSTEERINGEBPF :
			     TUNSETFILTEREBPF, (unsigned long)&program);
		if (program >= 0)
			close(program);
	}
}

static void ring(const struct fuzz_op *op)
{
	static const uint32_t sizes[] = {
		0, 1 << 17, 1 << 17, 1 << 18, 1 << 16, 4096, 3 << 16,
		1U << 31,
	};
	struct mytun_ring want = {
		.size = op->a & 7 ? sizeof(want) : fuzz_edge(op->a),
		.flags = op->a >> 3 & 0x1f & ~(MYTUN_Q_READ | MYTUN_Q_WRITE),
		.rx_size = sizes[op->b % ARRAY_SIZE(sizes)],
		.tx_size = sizes[(op->b >> 3) % ARRAY_SIZE(sizes)],
		.head_room = op->b >> 6 & 0x1f8,
		.tail_room = op->b >> 12 & 0x1f8,
		.position = fuzz_edge(op->b >> 20 & 31),
	};

	if (op->a >> 15) {
		device_ioctl(file(op)->fd, MYTUN_IOC_RING_GET,
			     (unsigned long)&want);
	} else if (!device_ioctl(file(op)->fd, MYTUN_IOC_RING,
				 (unsigned long)&want)) {
		file(op)->ring = want;
	}
}

/* Those with a structure whose fields are numbers. */
static void control(const struct fuzz_op *op)
{
	struct mytun_batch batch = {
		.size = sizeof(batch), .flags = op->b & 0x1f,
		.head_room = op->b >> 5 & 0x1ff8,
		.tail_room = op->b >> 16 & 0x1ff8,
	};
	struct mytun_drive drive = {
		.size = sizeof(drive), .drive = op->b % 5,
		.flags = op->b >> 3 & 1, .poll_us = op->b >> 4 & 0xff,
	};
	struct mytun_wait wait = {
		.size = sizeof(wait), .events = op->b & 3,
		.timeout_ns = op->b % WAIT_NS,
	};
	struct mytun_moderate moderate = {
		.size = sizeof(moderate), .packets = op->b & 0xff,
		.usecs = fuzz_edge(op->b >> 8),
	};
	struct mytun_create create = { .size = sizeof(create),
				       .flags = op->b & 3 };
	struct {
		unsigned long command;
		void *arg;
	} calls[] = {
		{ MYTUN_IOC_BATCH, &batch }, { MYTUN_IOC_DRIVE, &drive },
		{ MYTUN_IOC_WAIT, &wait }, { MYTUN_IOC_MODERATE, &moderate },
		{ MYTUN_IOC_CREATE, &create }, { MYTUN_IOC_LEND, NULL },
	};
	unsigned int which = op->call == FUZZ_BATCH ? 0 :
			     op->call == FUZZ_DRIVE ? 1 :
			     op->call == FUZZ_WAIT ? 2 : op->a % 6;

	/* Sizes that are wrong. */
	if (calls[which].arg && op->a >> 12 == 15)
		*(uint32_t *)calls[which].arg = fuzz_edge(op->a);
	device_ioctl(file(op)->fd, calls[which].command,
		     (unsigned long)calls[which].arg);
}

static void eventfds(const struct fuzz_op *op)
{
	struct mytun_eventfd e = { .size = sizeof(e), .rx = -1, .kick = -1 };
	struct file *f = file(op);
	uint64_t one = 1;

	if (f->event < 0)
		f->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (op->a & 1)
		e.rx = op->a & 8 ? f->fd : f->event;
	if (op->a & 2)
		e.kick = f->event;
	if (op->a & 4)
		device_write(f->event, &one, sizeof(one));
	else
		device_ioctl(f->fd, MYTUN_IOC_EVENTFD, (unsigned long)&e);
}

/* Any number, and any pointer. */
static void raw_ioctl(const struct fuzz_op *op)
{
	static const unsigned long types[] = { MYTUN_IOC_MAGIC, 'T', 0x89 };
	unsigned long command = types[(op->a >> 8) % ARRAY_SIZE(types)] << 8 |
				(op->a & 0xff);
	unsigned long arg = (unsigned long)buffer;

	switch (op->b & 3) {
	case 0:
		arg = 0;
		break;
	case 1:
		arg = 0xffff800000000000UL + op->b;
		break;
	case 2:
		/* Its end is at the end of what there is. */
		arg = (unsigned long)buffer + BUFFER - 2;
		break;
	}
	if (op->a & 0x1000)
		command |= (unsigned long)(op->b >> 2) << 16;
	memset(buffer, op->b >> 8, 256);
	/* Not to be lost for the program's rest. */
	if ((command & 0xffff) != (MYTUN_IOC_LEND & 0xffff))
		device_ioctl(file(op)->fd, command, arg);
}

/* Packets. */

static size_t build(const struct fuzz_op *op, uint8_t *to)
{
	struct load load = LOAD(op->a % LOAD_KINDS, fuzz_size(op->a >> 5));
	static const int pis[] = { 0, 4, 0, 4 };
	static const int hdrs[] = { 0, 10, 12, 20, 24 };

	load.vnet = (op->a >> 10) % VNET_KINDS;
	load.flow = op->b & 0xff;
	load.cut = op->b >> 8 & 15 ? LOAD_RIGHT : (int)(op->b >> 12 & 0xff);
	return load_build(&load, op->b >> 20 & 1, pis[(op->b >> 21) % ARRAY_SIZE(pis)],
			  hdrs[(op->b >> 23) % ARRAY_SIZE(hdrs)], to);
}

static void write_vector(const struct fuzz_op *op)
{
	size_t size = build(op, buffer), at = 0;
	struct iovec iov[PIECES];
	unsigned int i, n = 1 + op->b % PIECES;

	for (i = 0; i < n; i++) {
		iov[i].iov_base = buffer + at;
		iov[i].iov_len = i == n - 1 ? size - at : (size - at) / (n - i);
		at += iov[i].iov_len;
	}
	/* A piece that cannot be read. */
	if (op->b >> 31)
		iov[n / 2].iov_base = (void *)8;
	(void)!writev(file(op)->fd, iov, n);
}

/* Records at to, nearly right: the bytes. */
static size_t records(const struct fuzz_op *op, uint8_t *to, size_t room)
{
	static __thread uint8_t data[LOAD_MAX];
	unsigned int i, n = 1 + (op->b >> 26 & 7);
	size_t at = 0, size;

	for (i = 0; i < n; i++) {
		struct mytun_record *r = (void *)(to + at);

		size = build(op, data);
		if (at + record_size(64, size) > room)
			break;
		record_fill(r, op->b & 0x40 ? 64 : 0, size);
		memcpy(record_data(r), data, size);
		at += r->size;
		if (i != n - 1 || op->b >> 29 == 0)
			continue;
		/* The last one breaks a rule. */
		((uint8_t *)r)[op->b >> 16 & 31] ^= 1 << (op->b >> 13 & 7);
	}
	return at;
}

static void read_vector(const struct fuzz_op *op)
{
	struct iovec iov[4] = {
		{ buffer, op->a & 0xff },
		{ buffer + 4096, op->a >> 8 },
		{ op->b >> 31 ? (void *)8 : buffer + 8192, op->b & 0xffff },
		{ buffer + BUFFER / 2, BUFFER / 2 },
	};

	(void)!readv(file(op)->fd, iov, 1 + (op->b >> 16 & 3));
}

static void do_splice(const struct fuzz_op *op)
{
	size_t size;
	int fds[2];

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC | (op->a & 1 ? O_DIRECT : 0)))
		return;
	if (op->a & 2) {
		size = build(op, buffer);
		(void)!write(fds[1], buffer, size);
		splice(fds[0], NULL, file(op)->fd, NULL, op->a & 4 ? size :
		       op->b & 0xffff, SPLICE_F_NONBLOCK);
	} else {
		splice(file(op)->fd, NULL, fds[1], NULL, op->a & 4 ? BUFFER :
		       op->b & 0xffff, SPLICE_F_NONBLOCK);
	}
	close(fds[0]);
	close(fds[1]);
}

/* Memory. */

static void map(const struct fuzz_op *op)
{
	static const uint64_t offsets[] = {
		MYTUN_MMAP_KERNEL, MYTUN_MMAP_USER, MYTUN_MMAP_RX,
		MYTUN_MMAP_TX,
	};
	unsigned int which = op->a % MAPPINGS;
	struct file *f = file(op);
	size_t sizes[MAPPINGS] = { 4096, 4096, 2UL * f->ring.rx_size,
				   2UL * f->ring.tx_size };
	int prot = op->b & 0x70 ? PROT_READ | (which ? PROT_WRITE : 0) :
				  (int)(op->b & 7);
	size_t size = op->b & 0x700 ? sizes[which] :
				      4096 * (op->b >> 11 & 0xff);
	void *p = mmap(NULL, size, prot, op->b & 0x80000 ? MAP_PRIVATE :
		       MAP_SHARED, f->fd,
		       offsets[which] + (op->b >> 28 == 15 ? 4096 : 0));

	if (p == MAP_FAILED)
		return;
	if (f->map[which])
		munmap(f->map[which], f->mapped[which]);
	f->map[which] = p;
	f->mapped[which] = size;
}

/* What is left of a mapping may have holes: only the kernel follows it. */
static void remap(const struct fuzz_op *op)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTFORK, MADV_WILLNEED, MADV_DOFORK,
	};
	unsigned int which = op->a % MAPPINGS;
	struct file *f = file(op);
	size_t pages = f->mapped[which] / 4096, from, size;
	uint8_t *p = f->map[which];
	void *q;

	if (!p || !pages)
		return;
	from = op->b % pages * 4096;
	size = (1 + (op->b >> 12) % (pages - from / 4096)) * 4096;
	switch (op->call) {
	case FUZZ_MUNMAP:
		munmap(p + from, size);
		if (from)
			f->mapped[which] = from;
		else
			f->map[which] = NULL;
		break;
	case FUZZ_MREMAP:
		q = mremap(p + from, size, op->b >> 28 ? size :
			   size + 4096 * (op->b >> 20 & 0xff), MREMAP_MAYMOVE);
		if (q != MAP_FAILED) {
			f->map[which] = q;
			f->mapped[which] = size;
		}
		break;
	case FUZZ_MPROTECT:
		mprotect(p + from, size, op->b >> 24 & 7);
		break;
	case FUZZ_MADVISE:
		madvise(p + from, size, advices[op->b >> 24 & 3]);
		break;
	}
}

static void positions(const struct fuzz_op *op)
{
	struct file *f = file(op);
	struct mytun_ring_user *user = (void *)f->map[1];
	const struct mytun_ring_kernel *kernel = (void *)f->map[0];
	uint32_t base, *word;

	if (!user)
		return;
	word = op->a & 1 ? &user->tx_producer :
	       op->a & 2 ? &user->rx_seen : &user->rx_consumer;
	base = !kernel ? *word : op->a & 1 ? kernel->tx_consumer :
					     kernel->rx_producer;
	if (op->a & 4)
		base = *word;
	ringmem_store(word, base + (op->b >> 31 ? fuzz_edge(op->b) :
				    64 * (op->b & 0xfff)));
}

static void submit(const struct fuzz_op *op)
{
	struct file *f = file(op);
	struct mytun_ring_user *user = (void *)f->map[1];
	size_t half = f->mapped[3] / 2, at;

	if (!user || !f->map[3] || half & (half - 1) || !half)
		return;
	at = user->tx_producer & (half - 1) & ~63UL;
	at = records(op, f->map[3] + at, half);
	ringmem_store(&user->tx_producer, user->tx_producer + at);
}

static void noise(const struct fuzz_op *op)
{
	struct file *f = file(op);
	unsigned int which = 1 + op->a % (MAPPINGS - 1);
	size_t at;

	if (!f->map[which] || f->mapped[which] < 8)
		return;
	at = (op->a >> 2) * 4 % (f->mapped[which] - 7);
	memcpy(f->map[which] + at, &op->b, sizeof(op->b));
}

static void take(const struct fuzz_op *op)
{
	struct file *f = file(op);
	struct mytun_ring_user *user = (void *)f->map[1];
	const struct mytun_ring_kernel *kernel = (void *)f->map[0];

	if (user && kernel)
		ringmem_store(&user->rx_consumer, kernel->rx_producer);
}

/* Processes and files. */

static void do_fork(const struct fuzz_op *op)
{
	unsigned int i;
	pid_t pid = fork();

	if (!pid) {
		for (i = 0; i < FUZZ_FILES; i++) {
			if (op->a >> i & 1)
				close(files[i].fd);
		}
		usleep(op->b % 3000);
		_exit(0);
	}
	if (pid > 0 && op->a & 16)
		kill(pid, SIGKILL);
	if (pid > 0 && op->a & 32)
		waitpid(pid, NULL, 0);
}

static void pass(const struct fuzz_op *op)
{
	struct file *f = file(op);
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair))
		return;
	if (f->fd >= 0 && !fd_send(pair[0], f->fd)) {
		close(f->fd);
		f->fd = -1;
		/* Or it goes with the socket. */
		fd = op->a & 7 ? fd_receive(pair[1]) : -1;
		if (fd >= 0)
			f->fd = fd;
	}
	close(pair[0]);
	close(pair[1]);
}

static void do_poll(const struct fuzz_op *op)
{
	struct pollfd polled[FUZZ_FILES];
	unsigned int i;

	for (i = 0; i < FUZZ_FILES; i++) {
		polled[i].fd = files[i].fd;
		polled[i].events = op->a;
	}
	poll(polled, FUZZ_FILES, op->b % 3);
}

static void set_file(const struct fuzz_op *op)
{
	int fd = file(op)->fd;

	switch (op->a % 3) {
	case 0:
		fcntl(fd, F_SETFL, (op->b & 1 ? O_NONBLOCK : 0) |
				   (op->b & 2 ? O_ASYNC : 0));
		break;
	case 1:
		lseek(fd, op->b, SEEK_SET);
		break;
	case 2:
		device_fdinfo(fd, "mytun-queue", (char *)buffer, 64);
		break;
	}
}

void fuzz_call(const struct fuzz_op *op)
{
	struct file *f = file(op), *other;

	switch (op->call) {
	case FUZZ_OPEN:
		open_file(op);
		break;
	case FUZZ_CLOSE:
		close(f->fd);
		f->fd = -1;
		break;
	case FUZZ_SETIFF:
		setiff(op);
		break;
	case FUZZ_SETQUEUE:
		setqueue(op);
		break;
	case FUZZ_VALUE:
		ioctl_value(op);
		break;
	case FUZZ_INT:
		ioctl_int(op);
		break;
	case FUZZ_IFREQ:
		ioctl_ifreq(op);
		break;
	case FUZZ_FILTER:
		filters(op);
		break;
	case FUZZ_RING:
		ring(op);
		break;
	case FUZZ_BATCH:
	case FUZZ_DRIVE:
	case FUZZ_WAIT:
	case FUZZ_CONTROL:
		control(op);
		break;
	case FUZZ_EVENTFD:
		eventfds(op);
		break;
	case FUZZ_IOCTL:
		raw_ioctl(op);
		break;
	case FUZZ_WRITE:
		device_write(f->fd, buffer, build(op, buffer));
		break;
	case FUZZ_WRITE_RECORDS:
		device_write(f->fd, buffer, records(op, buffer, BUFFER));
		break;
	case FUZZ_WRITE_VECTOR:
		write_vector(op);
		break;
	case FUZZ_WRITE_NOISE:
		memset(buffer, op->a, BUFFER);
		memcpy(buffer, &op->b, sizeof(op->b));
		device_write(f->fd, buffer, fuzz_size(op->b >> 8));
		break;
	case FUZZ_READ:
		device_read(f->fd, op->b >> 31 ? (void *)8 : buffer,
			    op->a & 3 ? BUFFER : op->b & 0xffff);
		break;
	case FUZZ_READ_VECTOR:
		read_vector(op);
		break;
	case FUZZ_SPLICE:
		do_splice(op);
		break;
	case FUZZ_KICK:
		if (op->a & 1)
			ring_kick(f->fd);
		else
			device_write(f->fd, buffer, 0);
		break;
	case FUZZ_POLL:
		do_poll(op);
		break;
	case FUZZ_MMAP:
		map(op);
		break;
	case FUZZ_MUNMAP:
	case FUZZ_MREMAP:
	case FUZZ_MPROTECT:
	case FUZZ_MADVISE:
		remap(op);
		break;
	case FUZZ_RING_POSITION:
		positions(op);
		break;
	case FUZZ_RING_RECORDS:
		submit(op);
		break;
	case FUZZ_RING_NOISE:
		noise(op);
		break;
	case FUZZ_RING_TAKE:
		take(op);
		break;
	case FUZZ_FORK:
		do_fork(op);
		break;
	case FUZZ_PASS:
		pass(op);
		break;
	case FUZZ_DUP:
		other = &files[op->a % FUZZ_FILES];
		if (other != f && f->fd >= 0 && other->fd >= 0)
			dup2(f->fd, other->fd);
		break;
	case FUZZ_FCNTL:
		set_file(op);
		break;
	case FUZZ_PAUSE:
		usleep(op->a % 2000);
		break;
	default:
		fuzz_link(op);
	}
}
