/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sequence of calls, as data: it can be played on any TUN/TAP node, printed,
 * and cut short. Files stand in slots, devices have names.
 */
#ifndef SELFTESTS_STEP_H
#define SELFTESTS_STEP_H

#include "device.h"
#include "load.h"

#define STEP_FDS	6
#define STEP_MAX	1536

enum step_call {
	STEP_OPEN,		/* value: O_NONBLOCK or 0; after STEP_CLOSE */
	STEP_CLOSE,
	STEP_SETIFF,		/* name, value: flags */
	STEP_SETQUEUE,		/* value: flags */
	STEP_GETIFF,
	STEP_VALUE,		/* command, value: argument */
	STEP_INT,		/* command, value: int that is pointed to */
	STEP_POINTER,		/* command, value: an address that is not */
	STEP_NETNS,		/* command: SIOCGSKNS or TUNGETDEVNETNS */
	STEP_GETMAC,
	STEP_SETMAC,		/* value: last byte; command: family, 0: right */
	STEP_TXFILTER,		/* value: enum step_macs */
	STEP_FILTER,		/* value: enum step_filter */
	STEP_DETACHFILTER,
	STEP_GETFILTER,
	STEP_PROGRAM,		/* command, value: enum step_program */
	STEP_WRITE,		/* load */
	STEP_READ,		/* value: size of the buffer */
	STEP_SEND,		/* name, load; value: 1 through the qdisc */
	STEP_POLL,
	STEP_USER,		/* value: effective user and group */
	STEP_SEEK,
	STEP_UP, STEP_DOWN,	/* name */
	STEP_MTU, STEP_LENGTH,	/* name, value: MTU, txqueuelen */
	STEP_CARRIER,		/* name, value: 0 or 1 */
	STEP_RENAME,		/* name, to */
	STEP_DELETE,		/* name */
	STEP_MAC,		/* name, value: last byte */
	STEP_FILE,		/* observe a slot */
	STEP_DEVICE,		/* observe the device called name */
	STEP_ETHTOOL,		/* observe it through ethtool */
	STEP_CALLS
};

enum step_macs {
	MACS_NONE, MACS_OWN, MACS_OTHER, MACS_MULTICAST, MACS_ALLMULTI,
	MACS_EIGHT, MACS_NINE, MACS_NINE_MULTICAST, MACS_BAD
};

enum step_filter {
	FILTER_ALL, FILTER_NONE, FILTER_TRIM, FILTER_EMPTY, FILTER_INVALID,
	FILTER_NULL, FILTER_LONG
};

enum step_program {
	PROGRAM_OFF, PROGRAM_ZERO, PROGRAM_ALL, PROGRAM_TRIM, PROGRAM_MARK,
	PROGRAM_NO_FD, PROGRAM_FILE, PROGRAM_WRONG
};

struct step {
	enum step_call call;
	int fd;
	unsigned long command;
	long value;
	char name[IFNAMSIZ], to[IFNAMSIZ];
	struct load load;
};

struct steps {
	unsigned int count;
	/* Without writes that an older tun keeps until the machine is down. */
	bool spares_tun;
	struct step at[STEP_MAX];
};

/* Append one; the sequence must have room. */
struct step *step_add(struct steps *s, enum step_call call);
void step_fd(struct steps *s, enum step_call call, int fd, long value);
void step_setiff(struct steps *s, int fd, const char *name, int flags);
void step_ioctl(struct steps *s, enum step_call call, int fd,
		unsigned long command, long value);
void step_link(struct steps *s, enum step_call call, const char *name,
	       long value);
void step_write(struct steps *s, int fd, struct load load);
void step_send(struct steps *s, const char *name, struct load load);

/* "TUNSETOFFLOAD", "write", "link up" */
const char *step_label(const struct step *step);
/* Its arguments, without the file. */
void step_argument(const struct step *step, char *text, size_t size);
/* All of it on one line. */
void step_text(const struct step *step, char *text, size_t size);

#endif
