/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The names that the linker's --wrap gives to a system call: __wrap_ is what
 * the library calls, __real_ is libc's.
 */
#ifndef WRAP_H
#define WRAP_H

#include <poll.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

int __real_ioctl(int fd, unsigned long request, ...);
void *__real_mmap64(void *address, size_t length, int protection, int flags,
		    int fd, off_t offset);
int __real_munmap(void *address, size_t length);
ssize_t __real_read(int fd, void *data, size_t length);
ssize_t __real_write(int fd, const void *data, size_t length);
int __real_ppoll(struct pollfd *files, nfds_t count,
		 const struct timespec *timeout, const sigset_t *mask);

int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags,
		    int fd, off_t offset);
int __wrap_munmap(void *address, size_t length);
ssize_t __wrap_read(int fd, void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length);
int __wrap_ppoll(struct pollfd *files, nfds_t count,
		 const struct timespec *timeout, const sigset_t *mask);

#endif /* WRAP_H */
