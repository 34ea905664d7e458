/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In what mytun differs from the running kernel's tun, and why: a bug of tun
 * that is mended, or something that tun learned after that kernel.
 *
 * An exception is about one field of one call. It names the kernels it holds
 * for: a program may look at the release, the driver does not. One that
 * nothing has met in a whole run is wrong, and fails the run.
 */
#ifndef SELFTESTS_EXCEPTION_H
#define SELFTESTS_EXCEPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"

/* The programs, one of which must meet an exception. */
#define PARITY_IOCTL	0x01
#define PARITY_FLAGS	0x02
#define PARITY_DATA	0x04
/* Only by a 32-bit caller. */
#define PARITY_COMPAT	0x80

struct exception {
	/*
	 * Patterns of fnmatch(3) with FNM_EXTMATCH: label, argument, field. A
	 * write's argument ends in " tail" where its virtio_net_hdr asks for
	 * more than the packet has, but not for more than the packet and those
	 * bytes of a longer header that nobody looks at.
	 */
	const char *call, *argument, *field;
	/* What tun and what mytun say; "-" is a field that is not there. */
	const char *tun, *mytun;
	unsigned int from, below;	/* KERNEL(), 0: all */
	unsigned int where;		/* PARITY_* */
	/* The states of the two differ from here on: compare no further. */
	bool ends;
	const char *reason;
};

/* The table; call NULL ends it. */
extern const struct exception exception_table[];

#endif
