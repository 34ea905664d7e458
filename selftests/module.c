// SPDX-License-Identifier: GPL-2.0
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "device.h"

/* How long modprobe may take to read, check and link a module. */
#define LOAD_MS	120000

int module_load(const char *name, const char *option)
{
	char * const argv[] = {
		"modprobe", (char *)name, (char *)option, NULL,
	};
	char * const envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int err, status;
	pid_t child;

	err = posix_spawn(&child, "/sbin/modprobe", NULL, NULL, argv, envp);
	if (err)
		return -err;
	status = wait_child(child, LOAD_MS);
	return status > 0 ? -EIO : status;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

long module_references(const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	if (file_read(path, text, sizeof(text)))
		return -1;
	return strtol(text, NULL, 10);
}
