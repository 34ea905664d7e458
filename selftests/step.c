// SPDX-License-Identifier: GPL-2.0
#include "step.h"

#include <stdio.h>
#include <string.h>

#include <linux/sockios.h>

#include "kselftest.h"

static const struct {
	unsigned long number;
	const char *name;
} commands[] = {
	{ TUNSETNOCSUM, "TUNSETNOCSUM" },
	{ TUNSETDEBUG, "TUNSETDEBUG" },
	{ TUNSETIFF, "TUNSETIFF" },
	{ TUNSETPERSIST, "TUNSETPERSIST" },
	{ TUNSETOWNER, "TUNSETOWNER" },
	{ TUNSETLINK, "TUNSETLINK" },
	{ TUNSETGROUP, "TUNSETGROUP" },
	{ TUNGETFEATURES, "TUNGETFEATURES" },
	{ TUNSETOFFLOAD, "TUNSETOFFLOAD" },
	{ TUNSETTXFILTER, "TUNSETTXFILTER" },
	{ TUNGETIFF, "TUNGETIFF" },
	{ TUNGETSNDBUF, "TUNGETSNDBUF" },
	{ TUNSETSNDBUF, "TUNSETSNDBUF" },
	{ TUNATTACHFILTER, "TUNATTACHFILTER" },
	{ TUNDETACHFILTER, "TUNDETACHFILTER" },
	{ TUNGETVNETHDRSZ, "TUNGETVNETHDRSZ" },
	{ TUNSETVNETHDRSZ, "TUNSETVNETHDRSZ" },
	{ TUNSETQUEUE, "TUNSETQUEUE" },
	{ TUNSETIFINDEX, "TUNSETIFINDEX" },
	{ TUNGETFILTER, "TUNGETFILTER" },
	{ TUNSETVNETLE, "TUNSETVNETLE" },
	{ TUNGETVNETLE, "TUNGETVNETLE" },
	{ TUNSETVNETBE, "TUNSETVNETBE" },
	{ TUNGETVNETBE, "TUNGETVNETBE" },
	{ TUNSETSTEERINGEBPF, "TUNSETSTEERINGEBPF" },
	{ TUNSETFILTEREBPF, "TUNSETFILTEREBPF" },
	{ TUNSETCARRIER, "TUNSETCARRIER" },
	{ TUNGETDEVNETNS, "TUNGETDEVNETNS" },
	{ SIOCGSKNS, "SIOCGSKNS" },
	{ SIOCGIFHWADDR, "SIOCGIFHWADDR" },
	{ SIOCSIFHWADDR, "SIOCSIFHWADDR" },
	{ SIOCGIFFLAGS, "SIOCGIFFLAGS" },
	{ FIONREAD, "FIONREAD" },
	{ _IO('T', 199), "T199" },
	{ _IO('T', 250), "T250" },
	{ _IO('x', 1), "x1" },
};

static const char * const labels[STEP_CALLS] = {
	[STEP_OPEN] = "open",
	[STEP_CLOSE] = "close",
	[STEP_SETIFF] = "TUNSETIFF",
	[STEP_SETQUEUE] = "TUNSETQUEUE",
	[STEP_GETIFF] = "TUNGETIFF",
	[STEP_GETMAC] = "SIOCGIFHWADDR",
	[STEP_SETMAC] = "SIOCSIFHWADDR",
	[STEP_TXFILTER] = "TUNSETTXFILTER",
	[STEP_FILTER] = "TUNATTACHFILTER",
	[STEP_DETACHFILTER] = "TUNDETACHFILTER",
	[STEP_GETFILTER] = "TUNGETFILTER",
	[STEP_WRITE] = "write",
	[STEP_READ] = "read",
	[STEP_SEND] = "send",
	[STEP_POLL] = "poll",
	[STEP_SEEK] = "lseek",
	[STEP_USER] = "seteuid",
	[STEP_UP] = "link up",
	[STEP_DOWN] = "link down",
	[STEP_MTU] = "link mtu",
	[STEP_LENGTH] = "link txqueuelen",
	[STEP_CARRIER] = "link carrier",
	[STEP_RENAME] = "link name",
	[STEP_DELETE] = "link delete",
	[STEP_MAC] = "link address",
	[STEP_FILE] = "file",
	[STEP_DEVICE] = "device",
	[STEP_ETHTOOL] = "ethtool",
};

struct step *step_add(struct steps *s, enum step_call call)
{
	struct step *step = &s->at[s->count < STEP_MAX - 1 ? s->count++ :
				   s->count];

	memset(step, 0, sizeof(*step));
	step->call = call;
	return step;
}

void step_fd(struct steps *s, enum step_call call, int fd, long value)
{
	struct step *step = step_add(s, call);

	step->fd = fd;
	step->value = value;
}

void step_setiff(struct steps *s, int fd, const char *name, int flags)
{
	struct step *step = step_add(s, STEP_SETIFF);

	step->fd = fd;
	step->value = flags;
	snprintf(step->name, sizeof(step->name), "%s", name);
}

void step_ioctl(struct steps *s, enum step_call call, int fd,
		unsigned long command, long value)
{
	struct step *step = step_add(s, call);

	step->fd = fd;
	step->command = command;
	step->value = value;
}

void step_link(struct steps *s, enum step_call call, const char *name,
	       long value)
{
	struct step *step = step_add(s, call);

	step->value = value;
	snprintf(step->name, sizeof(step->name), "%s", name);
}

void step_write(struct steps *s, int fd, struct load load)
{
	struct step *step = step_add(s, STEP_WRITE);

	step->fd = fd;
	step->load = load;
}

void step_send(struct steps *s, const char *name, struct load load)
{
	struct step *step = step_add(s, STEP_SEND);

	step->load = load;
	snprintf(step->name, sizeof(step->name), "%s", name);
}

const char *step_label(const struct step *step)
{
	static char number[32];
	unsigned int i;

	if (labels[step->call])
		return labels[step->call];
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == step->command)
			return commands[i].name;
	snprintf(number, sizeof(number), "ioctl %#lx", step->command);
	return number;
}

void step_argument(const struct step *step, char *text, size_t size)
{
	long v = step->value;
	char load[160];

	switch (step->call) {
	case STEP_SETIFF:
		snprintf(text, size, "\"%s\" %#lx", step->name, v);
		break;
	case STEP_SETQUEUE:
	case STEP_VALUE:
		snprintf(text, size, "%#lx", v);
		break;
	case STEP_INT:
		snprintf(text, size, "&%ld", v);
		break;
	case STEP_POINTER:
		snprintf(text, size, "bad pointer %#lx", v);
		break;
	case STEP_SETMAC:
		snprintf(text, size, "%ld family %ld", v, (long)step->command);
		break;
	case STEP_WRITE:
		load_text(&step->load, text, size);
		break;
	case STEP_SEND:
		load_text(&step->load, load, sizeof(load));
		snprintf(text, size, "%s %s%s", step->name, load,
			 v ? " qdisc" : "");
		break;
	case STEP_RENAME:
		snprintf(text, size, "%s %s", step->name, step->to);
		break;
	case STEP_UP:
	case STEP_DOWN:
	case STEP_DELETE:
	case STEP_DEVICE:
	case STEP_ETHTOOL:
		snprintf(text, size, "%s", step->name);
		break;
	case STEP_MTU:
	case STEP_LENGTH:
	case STEP_CARRIER:
	case STEP_MAC:
		snprintf(text, size, "%s %ld", step->name, v);
		break;
	default:
		snprintf(text, size, "%ld", v);
	}
}

void step_text(const struct step *step, char *text, size_t size)
{
	char argument[240];

	step_argument(step, argument, sizeof(argument));
	if (*step->name && step->call != STEP_SETIFF)
		snprintf(text, size, "%s(%s)", step_label(step), argument);
	else
		snprintf(text, size, "%s(file %d, %s)", step_label(step),
			 step->fd, argument);
}
