// SPDX-License-Identifier: GPL-2.0
#include "fuzzop.h"

#include <stdio.h>
#include <string.h>

static const char * const names[FUZZ_CALLS] = {
	"open", "close", "setiff", "setqueue", "value",
	"int", "ifreq", "filter", "ring", "batch", "drive",
	"control", "wait", "eventfd", "ioctl",
	"write", "write-records", "write-vector", "write-noise",
	"read", "read-vector", "splice", "kick", "poll",
	"mmap", "munmap", "mremap", "mprotect", "madvise",
	"ring-position", "ring-records", "ring-noise", "ring-take",
	"fork", "pass", "dup", "fcntl", "pause",
	"send", "up", "down", "mtu", "length", "rename",
	"move", "delete", "add", "xdp", "qdisc", "mac",
	"ethtool", "dump",
};

void fuzz_decode(struct fuzz_program *p, const uint8_t *data, size_t size)
{
	p->count = 0;
	while (size >= sizeof(*p->op) && p->count < FUZZ_OPS) {
		struct fuzz_op *op = &p->op[p->count++];

		memcpy(op, data, sizeof(*op));
		op->call %= FUZZ_CALLS;
		data += sizeof(*op);
		size -= sizeof(*op);
	}
}

size_t fuzz_encode(const struct fuzz_program *p, uint8_t *to)
{
	memcpy(to, p->op, p->count * sizeof(*p->op));
	return p->count * sizeof(*p->op);
}

void fuzz_text(const struct fuzz_op *op, char *text, size_t size)
{
	snprintf(text, size, "%s %02x %04x %08x", names[op->call], op->who,
		 op->a, op->b);
}

int fuzz_parse(const char *text, struct fuzz_op *op)
{
	unsigned int who, a, b;
	char name[32];

	if (sscanf(text, "%31s %x %x %x", name, &who, &a, &b) != 4)
		return -1;
	for (op->call = 0; op->call < FUZZ_CALLS; op->call++) {
		if (!strcmp(names[op->call], name))
			break;
	}
	if (op->call == FUZZ_CALLS)
		return -1;
	op->who = who;
	op->a = a;
	op->b = b;
	return 0;
}
