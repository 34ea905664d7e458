// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Memory mapped twice, back to back, as the kernel maps rings: a record that
 * begins near the end is contiguous all the same.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

/*
 * @size is a power of two and a multiple of the page size. The memory is
 * shared with children, as the kernel's rings are.
 */
int mytun_area_map(struct mapping *area, __u32 size)
{
	size_t length = 2 * (size_t)size;
	unsigned char *address;
	int fd, err;

	fd = memfd_create("mytun", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = ftruncate(fd, size) ? -errno : 0;
	if (err)
		goto close;
	/* The whole range first, so that both halves have a place. */
	address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (address == MAP_FAILED) {
		err = -errno;
		goto close;
	}
	if (mmap(address + size, size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		err = -errno;
		munmap(address, length);
		goto close;
	}
	area->address = address;
	area->length = length;
close:
	close(fd);
	return err;
}

void mytun_unmap(struct mapping *mapping)
{
	if (mapping->length)
		munmap(mapping->address, mapping->length);
	mapping->length = 0;
}
