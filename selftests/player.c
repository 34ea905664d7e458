// SPDX-License-Identifier: GPL-2.0
#include "player.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>

#include "kselftest.h"
#include "observe.h"
#include "rtnl.h"
#include "tapped.h"

#ifndef MAP_32BIT
#define MAP_32BIT	0
#endif

/* Arguments are at addresses that a 32-bit program has. */
#define ARENA_SIZE	65536
/* With NAPI, a softirq may be left to a thread of this CPU. */
#define NAPI_MS		4
/* Bytes of virtio_net_hdr that every version knows. */
#define VNET_SIZE	10

struct player {
	bool compat;
	bool spares_tun;
	int fd[STEP_FDS];
	uint8_t *arena;
	int news;
	struct tapped tap;
	struct note *note;
	/* Of which the driver sends a notification in this step, or "". */
	char told[IFNAMSIZ];
};

static uint8_t buffer[LOAD_MAX], load_bytes[LOAD_MAX];

/* As from a 32-bit program, which is a way of entering the kernel. */
static int ioctl_compat(int fd, unsigned long command, unsigned long arg)
{
#ifdef __x86_64__
	long ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(54L), "b"((long)fd), "c"(command & 0xffffffff),
		       "d"(arg & 0xffffffff)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
#else
	return -EOPNOTSUPP;
#endif
}

static int call(struct player *p, int fd, unsigned long command,
		unsigned long arg)
{
	if (p->compat)
		return ioctl_compat(fd, command, arg);
	return device_ioctl(fd, command, arg);
}

const char *player_no_compat(void)
{
#ifdef __x86_64__
	int status;
	pid_t child;

	/* Without it, entering the kernel so is a fault. */
	child = fork();
	if (!child)
		_exit(ioctl_compat(-1, 0, 0) == -EBADF ? 0 : 1);
	status = wait_child(child, DEADLINE_MS);
	return status ? "the kernel runs no 32-bit programs" : NULL;
#else
	return "only known for x86-64";
#endif
}

static void *argument(struct player *p, const void *data, size_t size)
{
	memset(p->arena, 0, 256);
	memcpy(p->arena, data, size);
	return p->arena;
}

static int file(const struct player *p, const struct step *step)
{
	return p->fd[step->fd];
}

static void note_ret(struct player *p, long ret)
{
	note_add(p->note, "ret", "%ld", ret);
}

/* The counters of a file's device. */
static void file_stats(struct player *p, int fd)
{
	char name[IFNAMSIZ] = "";

	if (!device_getiff(fd, name, NULL))
		observe_stats(p->note, name);
}

static int iff(struct player *p, const struct step *step, unsigned long command)
{
	struct ifreq ifr = {}, *arg;
	int ret;

	memcpy(ifr.ifr_name, step->name, sizeof(ifr.ifr_name));
	ifr.ifr_flags = step->value;
	arg = argument(p, &ifr, sizeof(ifr));
	ret = call(p, file(p, step), command, (unsigned long)arg);
	note_ret(p, ret);
	if (!ret && command != TUNGETIFF)
		device_getiff(file(p, step), p->told, NULL);
	if (command == TUNSETQUEUE) {
		file_stats(p, file(p, step));
		return ret;
	}
	if (ret < 0 && command == TUNGETIFF)
		return ret;
	note_add(p->note, "name", "\"%.16s\"", arg->ifr_name);
	note_add(p->note, "flags", "%#x", (unsigned short)arg->ifr_flags);
	return ret;
}

static void by_value(struct player *p, const struct step *step)
{
	int before = 0, after = 0, ret;

	device_getiff(file(p, step), NULL, &before);
	ret = call(p, file(p, step), step->command, step->value);
	note_ret(p, ret);
	device_getiff(file(p, step), NULL, &after);
	if (!ret && (step->command == TUNSETOWNER ||
		     step->command == TUNSETGROUP ||
		     (before ^ after) & IFF_PERSIST))
		device_getiff(file(p, step), p->told, NULL);
}

static void pointed(struct player *p, int fd, const char *key,
		    unsigned long command, int value)
{
	int *arg = argument(p, &value, sizeof(value));
	int ret = call(p, fd, command, (unsigned long)arg);

	note_add(p->note, key, "%d, %d", ret, *arg);
}

/* An fd of the namespace that this process is in, unless moved. */
static void netns(struct player *p, const struct step *step)
{
	int ret = call(p, file(p, step), step->command, 0), here;
	struct stat one, two;

	note_ret(p, ret < 0 ? ret : 0);
	if (ret < 0)
		return;
	here = netns_get();
	if (!fstat(ret, &one) && !fstat(here, &two))
		note_add(p->note, "same", "%d", one.st_ino == two.st_ino);
	note_add(p->note, "cloexec", "%d", fcntl(ret, F_GETFD));
	close(here);
	close(ret);
}

static void mac(struct player *p, const struct step *step, bool set)
{
	const uint8_t address[6] = { 2, 0x5e, 0, 0, 1, step->value };
	struct ifreq ifr = {}, *arg;
	int ret;

	if (set) {
		ifr.ifr_hwaddr.sa_family = step->command ? step->command :
							   ARPHRD_ETHER;
		memcpy(ifr.ifr_hwaddr.sa_data, address, sizeof(address));
		if (step->value < 0)	/* of a group */
			ifr.ifr_hwaddr.sa_data[0] = 1;
	}
	arg = argument(p, &ifr, sizeof(ifr));
	ret = call(p, file(p, step), set ? SIOCSIFHWADDR : SIOCGIFHWADDR,
		   (unsigned long)arg);
	note_ret(p, ret);
	if (ret < 0 || set)
		return;
	note_add(p->note, "name", "\"%.16s\"", arg->ifr_name);
	note_add(p->note, "family", "%d", arg->ifr_hwaddr.sa_family);
	observe_mac(p->note, "mac", (uint8_t *)arg->ifr_hwaddr.sa_data, 6);
	note_bytes(p->note, "rest", arg->ifr_hwaddr.sa_data + 6, 8);
}

static void txfilter(struct player *p, const struct step *step)
{
	static const uint8_t own[6] = { 2, 0x5e, 0, 0, 0, 1 };
	static const uint8_t other[6] = { 2, 0x5e, 0, 0, 9, 9 };
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	struct {
		struct tun_filter head;
		uint8_t address[9][6];
	} f = {};
	unsigned int i;

	for (i = 0; i < 9; i++) {
		memcpy(f.address[i], i ? other : own, 6);
		f.address[i][5] += i;
	}
	switch (step->value) {
	case MACS_OWN:
		f.head.count = 1;
		break;
	case MACS_OTHER:
		memcpy(f.address[0], other, 6);
		f.head.count = 1;
		break;
	case MACS_MULTICAST:
		memcpy(f.address[0], group, 6);
		f.head.count = 1;
		break;
	case MACS_ALLMULTI:
		f.head.flags = TUN_FLT_ALLMULTI;
		f.head.count = 1;
		break;
	case MACS_EIGHT:
		f.head.count = 8;
		break;
	case MACS_NINE:
	case MACS_NINE_MULTICAST:
		f.head.count = 9;
		if (step->value == MACS_NINE_MULTICAST)
			memcpy(f.address[8], group, 6);
		break;
	}
	if (step->value == MACS_BAD)
		note_ret(p, call(p, file(p, step), TUNSETTXFILTER, 8));
	else
		note_ret(p, call(p, file(p, step), TUNSETTXFILTER,
				 (unsigned long)argument(p, &f, sizeof(f))));
}

/* Numbers and structures that depend on the size of a pointer. */
static unsigned long filter_command(const struct player *p,
				    unsigned long command)
{
	unsigned long size = p->compat ? 8 : sizeof(struct sock_fprog);

	return (command & ~(0x3fffUL << 16)) | size << 16;
}

static void *filter_argument(struct player *p, unsigned int length,
			     unsigned long address)
{
	struct sock_fprog native = {
		.len = length,
		.filter = (struct sock_filter *)address,
	};
	struct {
		uint16_t length;
		uint32_t address;
	} compat = { length, address };

	if (p->compat)
		return argument(p, &compat, sizeof(compat));
	return argument(p, &native, sizeof(native));
}

static void filter(struct player *p, const struct step *step)
{
	struct sock_filter code[2] = {
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};
	unsigned long address = (unsigned long)p->arena + 1024;
	unsigned int length = 1;

	switch (step->value) {
	case FILTER_NONE:
		code[0].k = 0;
		break;
	case FILTER_TRIM:
		code[0].k = 40;
		break;
	case FILTER_EMPTY:
		length = 0;
		break;
	case FILTER_INVALID:
		code[0].code = 0xffff;
		break;
	case FILTER_NULL:
		address = 0;
		break;
	case FILTER_LONG:
		length = 5000;
		break;
	}
	memcpy(p->arena + 1024, code, sizeof(code));
	note_ret(p, call(p, file(p, step),
			 filter_command(p, TUNATTACHFILTER),
			 (unsigned long)filter_argument(p, length, address)));
}

static void get_filter(struct player *p, const struct step *step)
{
	void *arg = filter_argument(p, 0xeeee, 0xee);
	int ret = call(p, file(p, step), filter_command(p, TUNGETFILTER),
		       (unsigned long)arg);

	note_ret(p, ret);
	/* The user's pointer is not the same in two processes. */
	if (!ret)
		note_bytes(p->note, "length", arg, 2);
}

static int load_program(int type, int first, int second)
{
	/* r6 = r1; r0 = constant, or the packet's mark */
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6,
		  .src_reg = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = first },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .imm = second },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	if (first < 0)
		code[1] = (struct bpf_insn) {
			.code = BPF_LDX | BPF_MEM | BPF_W, .src_reg = 6,
			.off = offsetof(struct __sk_buff, mark),
		};
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (unsigned long)code;
	attr.insn_cnt = ARRAY_SIZE(code);
	attr.license = (unsigned long)"GPL";
	return syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static void program(struct player *p, const struct step *step)
{
	int fd = -1;

	switch (step->value) {
	case PROGRAM_ZERO:
		fd = load_program(BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);
		break;
	case PROGRAM_ALL:
		fd = load_program(BPF_PROG_TYPE_SOCKET_FILTER, 0x10000, 0xffff);
		break;
	case PROGRAM_TRIM:
		fd = load_program(BPF_PROG_TYPE_SOCKET_FILTER, 44, 0);
		break;
	case PROGRAM_MARK:
		fd = load_program(BPF_PROG_TYPE_SOCKET_FILTER, -1, 0);
		break;
	case PROGRAM_WRONG:
		fd = load_program(BPF_PROG_TYPE_SCHED_CLS, 0, 0);
		break;
	case PROGRAM_FILE:
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		break;
	case PROGRAM_NO_FD:
		fd = 999;
		break;
	}
	pointed(p, file(p, step), "ret", step->command, fd);
	/* The number itself is of no interest. */
	if (step->value != PROGRAM_OFF && step->value != PROGRAM_NO_FD) {
		note_add(p->note, "loaded", "%d", fd >= 0);
		close(fd);
	}
}

/* What the file's device wants in front of a packet, and its flags. */
static unsigned long in_front(int fd, int *pi, int *hdr)
{
	char name[IFNAMSIZ] = "", text[32];
	unsigned long flags = 0;
	int size = 10;

	if (!device_getiff(fd, name, NULL) &&
	    !sysfs_read(name, "tun_flags", text, sizeof(text)))
		flags = strtoul(text, NULL, 16);
	device_ioctl(fd, TUNGETVNETHDRSZ, (unsigned long)&size);
	*pi = flags & IFF_NO_PI ? 0 : sizeof(struct tun_pi);
	*hdr = flags & IFF_VNET_HDR ? size : 0;
	return flags;
}

/* See struct exception. @frame: what is written, pi and hdr as in_front() says. */
static bool asks_for_tail(int fd, const uint8_t *frame, size_t size, int pi,
			  int hdr)
{
	struct virtio_net_hdr h;
	int big_endian = 0;
	size_t packet;
	uint16_t asks;

	if (size < (size_t)pi + hdr || hdr <= VNET_SIZE)
		return false;
	packet = size - pi - hdr;
	memcpy(&h, frame + pi, VNET_SIZE);
	if (!device_ioctl(fd, TUNGETVNETBE, (unsigned long)&big_endian) &&
	    big_endian) {
		h.hdr_len = ntohs(h.hdr_len);
		h.csum_start = ntohs(h.csum_start);
		h.csum_offset = ntohs(h.csum_offset);
	}
	asks = h.hdr_len;
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    h.csum_start + h.csum_offset + 2 > asks)
		asks = h.csum_start + h.csum_offset + 2;
	return asks > packet && asks <= packet + hdr - VNET_SIZE;
}

/*
 * Before 6.1's updates, tun keeps what is written to a set-aside queue with NAPI,
 * and with it the queue's socket and its own module: for good, unless the queue
 * is taken back.
 */
static bool would_leak(int fd)
{
	char name[IFNAMSIZ] = "";
	int flags = 0;

	return kernel_release() < KERNEL(6, 1) &&
	       !device_getiff(fd, name, &flags) &&
	       flags & IFF_DETACH_QUEUE && flags & IFF_NAPI;
}

static void write_load(struct player *p, const struct step *step)
{
	unsigned int pieces = step->load.pieces ? step->load.pieces : 1, i;
	struct iovec iov[64] = {};
	int fd = file(p, step), pi, hdr;
	unsigned long flags = in_front(fd, &pi, &hdr);
	size_t size, at = 0;
	ssize_t ret;

	if (p->spares_tun && would_leak(fd))
		return;
	/* A header that is all of the buffer would leave no packet. */
	if (hdr > 4096)
		hdr = 4096;
	size = load_build(&step->load, flags & IFF_TAP, pi, hdr, load_bytes);
	if (pieces > ARRAY_SIZE(iov))
		pieces = ARRAY_SIZE(iov);
	for (i = 0; i < pieces; i++) {
		iov[i].iov_base = load_bytes + at;
		iov[i].iov_len = i == pieces - 1 ? size - at : size / pieces;
		at += iov[i].iov_len;
	}
	if (asks_for_tail(fd, load_bytes, size, pi, hdr))
		note_add(p->note, NOTE_TAIL, "1");
	ret = pieces == 1 ? write(fd, load_bytes, size) :
			    writev(fd, iov, pieces);
	note_ret(p, ret < 0 ? -errno : ret);
	if (flags & IFF_NAPI)
		sleep_ms(NAPI_MS);
	file_stats(p, fd);
}

static void read_packet(struct player *p, const struct step *step)
{
	int fd = file(p, step), pi, hdr;
	ssize_t ret, beyond = 0;
	size_t i;

	memset(buffer, 0xa5, sizeof(buffer));
	/* What an older tun leaves as it was, of a longer header. */
	in_front(fd, &pi, &hdr);
	if (hdr > VNET_SIZE && hdr <= 4096)
		memset(buffer + pi + VNET_SIZE, 0, hdr - VNET_SIZE);
	ret = device_read(fd, buffer, step->value);
	note_ret(p, ret);
	if (ret > 0)
		note_bytes(p->note, "bytes", buffer, ret);
	for (i = ret > 0 ? ret : 0; i < sizeof(buffer); i++)
		beyond += buffer[i] && buffer[i] != 0xa5;
	note_add(p->note, "beyond", "%zd", beyond);
	file_stats(p, fd);
}

static void poll_file(struct player *p, int fd)
{
	struct pollfd pfd = {
		.fd = fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM,
	};
	int ret = poll(&pfd, 1, 0);

	note_add(p->note, "poll", "%d, %#x", ret, pfd.revents);
}

static void observe_file(struct player *p, const struct step *step)
{
	static const struct step none;
	struct step get = none;
	char text[64];
	int fd = file(p, step);

	get.fd = step->fd;
	iff(p, &get, TUNGETIFF);
	pointed(p, fd, "features", TUNGETFEATURES, 0xe);
	pointed(p, fd, "sndbuf", TUNGETSNDBUF, 0xe);
	pointed(p, fd, "vnethdrsz", TUNGETVNETHDRSZ, 0xe);
	pointed(p, fd, "le", TUNGETVNETLE, 0xe);
	pointed(p, fd, "be", TUNGETVNETBE, 0xe);
	mac(p, &get, false);
	if (device_fdinfo(fd, "iff", text, sizeof(text)))
		strcpy(text, "?");
	note_add(p->note, "fdinfo", "\"%s\"", text);
	poll_file(p, fd);
}

static void open_file(struct player *p, const char *node,
		      const struct step *step)
{
	if (p->fd[step->fd] >= 0)
		close(p->fd[step->fd]);
	p->fd[step->fd] = open(node, O_RDWR | O_CLOEXEC | step->value);
	note_ret(p, p->fd[step->fd] < 0 ? -errno : 0);
}

/* The device, if it stays, is one queue less. */
static void close_file(struct player *p, const struct step *step)
{
	char name[IFNAMSIZ] = "";

	device_getiff(file(p, step), name, NULL);
	note_ret(p, close(file(p, step)) ? -errno : 0);
	p->fd[step->fd] = -1;
	observe_stats(p->note, name);
}

static void link_step(struct player *p, const struct step *step)
{
	const uint8_t address[6] = { 2, 0x5e, 0, 0, 2, step->value };
	int ret = -EINVAL;

	switch (step->call) {
	case STEP_UP:
		ret = link_set_up(step->name);
		break;
	case STEP_DOWN:
		ret = link_set_down(step->name);
		break;
	case STEP_MTU:
		ret = link_set_mtu(step->name, step->value);
		break;
	case STEP_LENGTH:
		ret = link_set_txqueuelen(step->name, step->value);
		/* A shorter one may have no room for what waits. */
		observe_stats(p->note, step->name);
		break;
	case STEP_CARRIER:
		ret = link_set_carrier(step->name, step->value);
		break;
	case STEP_RENAME:
		ret = device_present(step->name) ?
			link_set_name(step->name, step->to) : -ENODEV;
		break;
	case STEP_DELETE:
		ret = link_delete(step->name);
		break;
	case STEP_MAC:
		ret = link_set_mac(step->name, address);
		break;
	default:
		break;
	}
	note_ret(p, ret);
}

static void play(struct player *p, const char *node, const struct step *step)
{
	int ret;

	switch (step->call) {
	case STEP_OPEN:
		open_file(p, node, step);
		break;
	case STEP_CLOSE:
		close_file(p, step);
		break;
	case STEP_SETIFF:
		iff(p, step, TUNSETIFF);
		break;
	case STEP_SETQUEUE:
		iff(p, step, TUNSETQUEUE);
		break;
	case STEP_GETIFF:
		iff(p, step, TUNGETIFF);
		break;
	case STEP_VALUE:
	case STEP_POINTER:
		by_value(p, step);
		break;
	case STEP_INT:
		pointed(p, file(p, step), "ret", step->command, step->value);
		break;
	case STEP_NETNS:
		netns(p, step);
		break;
	case STEP_GETMAC:
		mac(p, step, false);
		break;
	case STEP_SETMAC:
		mac(p, step, true);
		break;
	case STEP_TXFILTER:
		txfilter(p, step);
		break;
	case STEP_FILTER:
		filter(p, step);
		break;
	case STEP_DETACHFILTER:
		note_ret(p, call(p, file(p, step),
				 filter_command(p, TUNDETACHFILTER),
				 (unsigned long)p->arena));
		break;
	case STEP_GETFILTER:
		get_filter(p, step);
		break;
	case STEP_PROGRAM:
		program(p, step);
		break;
	case STEP_WRITE:
		write_load(p, step);
		break;
	case STEP_READ:
		read_packet(p, step);
		break;
	case STEP_SEND:
		note_ret(p, tapped_send(&p->tap, step->name, &step->load,
					step->value));
		observe_stats(p->note, step->name);
		break;
	case STEP_POLL:
		poll_file(p, file(p, step));
		break;
	case STEP_USER:
		/* Root again first: only it may become another. */
		ret = seteuid(0) || setegid(step->value) ||
		      seteuid(step->value) ? -errno : 0;
		note_ret(p, ret);
		break;
	case STEP_SEEK:
		ret = lseek(file(p, step), 0, SEEK_SET) < 0 ? -errno : 0;
		note_ret(p, ret);
		break;
	case STEP_FILE:
		observe_file(p, step);
		break;
	case STEP_DEVICE:
		observe_device(p->note, step->name);
		break;
	case STEP_ETHTOOL:
		observe_ethtool(p->note, step->name);
		break;
	default:
		link_step(p, step);
	}
}

int player_run(const char *node, const struct steps *steps, bool compat,
	       struct note *notes, unsigned int *done)
{
	struct player p = {
		.compat = compat, .spares_tun = steps->spares_tun,
	};
	unsigned int i;
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int err;

	for (i = 0; i < STEP_FDS; i++)
		p.fd[i] = -1;
	/* Before 5.11 programs count, and are uncounted later. */
	setrlimit(RLIMIT_MEMLOCK, &all);
	err = netns_private();
	if (err)
		return err;
	p.arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (p.arena == MAP_FAILED)
		return -errno;
	err = tapped_open(&p.tap);
	if (err)
		return err;
	p.news = observe_open();
	if (p.news < 0)
		return p.news;
	for (i = 0; i < steps->count; i++) {
		p.note = &notes[i];
		p.told[0] = '\0';
		play(&p, node, &steps->at[i]);
		tapped_note(&p.tap, p.note);
		observe_news(p.note, p.told, p.news);
		__atomic_store_n(done, i + 1, __ATOMIC_RELEASE);
	}
	return 0;
}
