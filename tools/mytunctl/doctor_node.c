// SPDX-License-Identifier: GPL-2.0
/* /dev/net/mytun, and what this process may do. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/major.h>

#include "doctor.h"
#include "program.h"

#define MODE	0666
#define IN_CONTAINER \
	"docker run --device " NODE " ... (or as your container manager wants it)"
#define LABEL	"tun_tap_device_t"

/* A ring of this size in each direction is what programs ask for. */
#define MEMLOCK	(4UL << 20)

/* The number that the kernel has given to the device, 0: none. */
static dev_t number_of_node(void)
{
	FILE *f = fopen("/proc/misc", "re");
	unsigned int minor;
	char name[64];
	dev_t dev = 0;

	if (!f)
		return 0;
	while (!dev && fscanf(f, "%u %63s", &minor, name) == 2)
		if (!strcmp(name, "mytun"))
			dev = makedev(MISC_MAJOR, minor);
	fclose(f);
	return dev;
}

static const char *how_to_make(const struct patient *p)
{
	static char mend[256];

	if (p->container)
		return IN_CONTAINER;
	snprintf(mend, sizeof(mend), "rm -f %s; mkdir -p /dev/net && mknod -m 0666 %s c %u %u",
		 NODE, NODE, major(p->node), minor(p->node));
	return mend;
}

void check_node(struct patient *p)
{
	struct stat st;

	p->node = number_of_node();
	if (stat(NODE, &st)) {
		if (!p->node)
			finding(LEVEL_SKIPPED, "node", "",
				NODE " does not exist, since the module is not loaded.");
		else
			finding(LEVEL_PROBLEM, "node", how_to_make(p),
				NODE " does not exist, though the module is loaded.");
		p->node = 0;
		return;
	}
	if (!S_ISCHR(st.st_mode)) {
		finding(LEVEL_PROBLEM, "node", p->node ? how_to_make(p) :
			"rm -f " NODE " && modprobe mytun",
			NODE " is no character device.");
		p->node = 0;
	} else if (!p->node) {
		finding(LEVEL_WARNING, "node", "modprobe mytun",
			NODE " is there, but no driver is behind it.");
	} else if (st.st_rdev != p->node) {
		finding(LEVEL_PROBLEM, "node", how_to_make(p),
			NODE " has the number %u:%u, and the module's is %u:%u.",
			major(st.st_rdev), minor(st.st_rdev), major(p->node),
			minor(p->node));
		p->node = 0;
	} else {
		finding(LEVEL_OK, "node", "", NODE " exists.");
	}
}

/* From here on p->node is 0 if there is nothing to look at. */

void check_mode(struct patient *p)
{
	struct stat st;

	if (!p->node || stat(NODE, &st))
		return;
	if ((st.st_mode & MODE) == MODE)
		finding(LEVEL_OK, "mode", "",
			"Every user may open " NODE ", as is meant.");
	else
		finding(LEVEL_PROBLEM, "mode", "chmod 0666 " NODE,
			"The mode of " NODE " is %04o: users cannot open devices made for them.",
			st.st_mode & 07777);
}

/* Where SELinux is on, it goes by the label. */
void check_label(struct patient *p)
{
	char label[256], line[16];
	ssize_t got;

	if (!p->node || !file_line("/sys/fs/selinux/enforce", line,
				   sizeof(line)))
		return;
	got = getxattr(NODE, "security.selinux", label, sizeof(label) - 1);
	label[got > 0 ? got : 0] = '\0';
	if (strstr(label, LABEL))
		finding(LEVEL_OK, "label", "",
			NODE " has the SELinux label of /dev/net/tun.");
	else
		finding(*line == '1' ? LEVEL_PROBLEM : LEVEL_WARNING, "label",
			"chcon -t " LABEL " " NODE,
			"The SELinux label of %s is %s, and that of /dev/net/tun has the type %s.",
			NODE, *label ? label : "missing", LABEL);
}

static void not_opened(const struct patient *p, int err)
{
	char mend[2048];

	switch (err) {
	case EPERM:
		/* The mode says EACCES: this is the cgroup's. */
		if (p->container)
			snprintf(mend, sizeof(mend), IN_CONTAINER);
		else
			how_to_let_in(p->node, mend, sizeof(mend));
		finding(LEVEL_PROBLEM, "open", mend,
			"The device cgroup of this process does not let it open " NODE ".");
		break;
	case EACCES:
		finding(LEVEL_PROBLEM, "open", "chmod 0666 " NODE,
			"This user may not open " NODE ".");
		break;
	case ENXIO:
	case ENODEV:
		finding(LEVEL_PROBLEM, "open", "modprobe mytun",
			NODE " has no driver behind it.");
		break;
	default:
		finding(LEVEL_PROBLEM, "open", "dmesg | tail",
			NODE " cannot be opened: %s.", strerror(err));
		break;
	}
}

void check_open(struct patient *p)
{
	unsigned int features;
	int fd;

	if (!p->node)
		return;
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		not_opened(p, errno);
		return;
	}
	if (ioctl(fd, TUNGETFEATURES, &features))
		finding(LEVEL_PROBLEM, "open", how_to_make(p),
			NODE " does not answer as a TUN/TAP driver does: %s.",
			strerror(errno));
	else
		finding(LEVEL_OK, "open", "", "This process can open " NODE ".");
	close(fd);
}

void check_rights(struct patient *p)
{
	if (p->net_admin && !p->network)
		finding(LEVEL_WARNING, "rights", "unshare --net PROGRAM",
			"The network namespace belongs to another user namespace, in which this process lacks CAP_NET_ADMIN: it can open only devices that were made for its user or group.");
	else if (p->net_admin)
		finding(LEVEL_OK, "rights", "",
			"This process has CAP_NET_ADMIN and may make devices.");
	else
		finding(LEVEL_WARNING, "rights",
			"sudo mytunctl create NAME --user $(id -un)",
			"This process lacks CAP_NET_ADMIN: it can open only devices that were made for its user or group.");
}

void check_memory(struct patient *p)
{
	struct rlimit limit;

	if (p->ipc_lock || getrlimit(RLIMIT_MEMLOCK, &limit))
		finding(LEVEL_OK, "memory", "",
			"No limit of locked memory keeps this process from making rings.");
	else if (limit.rlim_cur >= MEMLOCK)
		finding(LEVEL_OK, "memory", "",
			"This user may have rings of %lu KiB together (RLIMIT_MEMLOCK).",
			(unsigned long)(limit.rlim_cur >> 10));
	else
		finding(LEVEL_WARNING, "memory",
			"ulimit -l 65536 (or LimitMEMLOCK=64M in the unit)",
			"This user may have rings of %lu KiB together (RLIMIT_MEMLOCK), which is little.",
			(unsigned long)(limit.rlim_cur >> 10));
}
