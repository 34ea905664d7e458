/* SPDX-License-Identifier: GPL-2.0 */
/* Modules of the kernel, as root: loaded, unloaded, and how often in use. */
#ifndef SELFTESTS_MODULE_H
#define SELFTESTS_MODULE_H

/*
 * modprobe, with an option ("replace_tun=1") or NULL. 0, -EIO: it refused, as
 * it has printed; or another -errno.
 */
int module_load(const char *name, const char *option);

/* delete_module(), without waiting. 0 or -errno; -ENOENT: it is not loaded. */
int module_unload(const char *name);

/* References it has, or -1: it is not loaded, or not a module. */
long module_references(const char *name);

#endif
