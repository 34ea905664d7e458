/* SPDX-License-Identifier: GPL-2.0 */
/* What mytunctl doctor looks at, and what it finds. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <sys/types.h>

enum level {
	LEVEL_OK,
	LEVEL_SKIPPED,	/* cannot be told, or means nothing here */
	LEVEL_WARNING,	/* works, but not for everybody, or not for long */
	LEVEL_PROBLEM,
};

/* What one check needs of another. */
struct patient {
	char release[65];	/* of the running kernel */
	bool container;
	bool loaded;		/* the module */
	bool installed;		/* for the running kernel */
	char version[64];	/* of the module, loaded or else installed */
	dev_t node;		/* what /dev/net/mytun should be, 0: unknown */
	bool net_admin;		/* a capability of this process, which counts */
	bool network;		/* where its network namespace belongs to it */
	bool ipc_lock;		/* a capability that counts */
};

#define NODE	"/dev/net/mytun"

/*
 * One sentence, without a newline, and the command that mends what it says, or
 * "" where there is nothing to mend.
 */
void finding(enum level level, const char *check, const char *mend,
	     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Each looks at one thing; in this order. */
void check_module(struct patient *p);		/* doctor_module.c */
void check_signature(struct patient *p);
void check_versions(struct patient *p);
void check_headers(struct patient *p);		/* doctor_build.c */
void check_dkms(struct patient *p);
void check_kernels(struct patient *p);
void check_node(struct patient *p);		/* doctor_node.c */
void check_mode(struct patient *p);
void check_label(struct patient *p);
void check_open(struct patient *p);
void how_to_let_in(dev_t node, char *mend, size_t size); /* doctor_cgroup.c */
void check_rights(struct patient *p);
void check_memory(struct patient *p);
void check_replace(struct patient *p);		/* doctor_replace.c */

#endif
