/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stack's ends of a soaked device: processes that send packets through it,
 * from the namespaces that it may be in, and one that receives what the user
 * wrote, in all of these.
 */
#ifndef SELFTESTS_SOAKENDS_H
#define SELFTESTS_SOAKENDS_H

#include "soakbook.h"

/* In the caller's namespace. The process, or -errno. */
pid_t soak_sender_start(struct soak *s, unsigned int which);

/*
 * Sockets in the caller's and that other namespace, open when it returns. The
 * process, or -errno.
 */
pid_t soak_sink_start(struct soak *s, int other);

/* Nobody is in a system call that sends, until soak_release(). */
void soak_hold(struct soak *s);
void soak_release(struct soak *s);

#endif
