// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "who.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

int who_become(const struct who *who)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	if (prctl(PR_SET_KEEPCAPS, 1) ||
	    setgroups(who->supplementary ? 1 : 0, &who->supplementary) ||
	    setresgid(who->gid, who->gid, who->gid) ||
	    setresuid(who->uid, who->uid, who->uid))
		return -errno;
	data[0].effective = who->capabilities;
	data[0].permitted = who->capabilities;
	if (syscall(SYS_capset, &header, data))
		return -errno;
	/* What it has in /proc is its own again. */
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

int who_does(const struct who *who, int (*act)(void *arg), void *arg)
{
	int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ret = -ECHILD;
	pid_t child;

	if (result == MAP_FAILED)
		return -errno;
	child = fork();
	if (!child) {
		if (who_become(who))
			_exit(1);
		*result = act(arg);
		_exit(0);
	}
	if (child > 0 && wait_child(child, DEADLINE_MS) == 0)
		ret = *result;
	munmap(result, sizeof(*result));
	return ret;
}

int who_maps_to_root(const struct who *outside)
{
	int err = file_write("/proc/self/setgroups", "deny");
	char line[32];

	if (err)
		return err;
	snprintf(line, sizeof(line), "0 %u 1\n", outside->uid);
	err = file_write("/proc/self/uid_map", line);
	if (err)
		return err;
	snprintf(line, sizeof(line), "0 %u 1\n", outside->gid);
	return file_write("/proc/self/gid_map", line);
}
