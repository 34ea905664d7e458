// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Open device files and configure the device. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "private.h"

#define PATH_MYTUN	"/dev/net/mytun"
#define PATH_TUN	"/dev/net/tun"

/* A device that is being opened. */
struct device {
	struct mytun_options options;
	const char *path;
	char name[IFNAMSIZ];
	int fallback;		/* why it is not /dev/net/mytun */
};

static int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/* The first file decides which driver it is. Returns a file or an error. */
static int open_any(struct device *device)
{
	const unsigned int plain = MYTUN_MODE_SET(MYTUN_MODE_PLAIN);
	int fd;

	if (device->path)
		return open_path(device->path);
	fd = open_path(PATH_MYTUN);
	if (fd >= 0) {
		device->path = PATH_MYTUN;
		return fd;
	}
	if (!(device->options.modes & plain))
		return fd;
	device->fallback = device->options.modes == plain ? 0 : fd;
	device->path = PATH_TUN;
	return open_path(PATH_TUN);
}

static int set_interface(struct device *device, int fd)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, device->name, IFNAMSIZ);
	request.ifr_flags = (short)device->options.flags;
	if (ioctl(fd, TUNSETIFF, &request))
		return -errno;
	/* The next queue is of this device. */
	memcpy(device->name, request.ifr_name, IFNAMSIZ);
	return 0;
}

/* Returns a file that has the device, or an error. */
static int open_first(struct device *device)
{
	bool search = !device->path;
	int fd = open_any(device), err;

	if (fd < 0)
		return fd;
	err = set_interface(device, fd);
	if (!err)
		return fd;
	close(fd);
	/* An interface with this name that is of the kernel's own tun? */
	if (err != -EINVAL || !search || !strcmp(device->path, PATH_TUN) ||
	    !(device->options.modes & MYTUN_MODE_SET(MYTUN_MODE_PLAIN)) ||
	    !if_nametoindex(device->name))
		return err;
	fd = open_path(PATH_TUN);
	if (fd < 0)
		return err;
	if (set_interface(device, fd)) {
		close(fd);
		return err;
	}
	device->path = PATH_TUN;
	device->fallback = err;
	return fd;
}

static int open_next(struct device *device)
{
	int fd = open_path(device->path), err;

	if (fd < 0)
		return fd;
	err = set_interface(device, fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* What is set once for the device. */
static int configure(const struct mytun_options *options, int fd)
{
	int size = (int)options->vnet_hdr_size;

	if (size && ioctl(fd, TUNSETVNETHDRSZ, &size))
		return -errno;
	if (options->set_offload &&
	    ioctl(fd, TUNSETOFFLOAD, (unsigned long)options->offload))
		return -errno;
	return 0;
}

/* Puts queue number @index into @queue. */
static int open_queue(struct device *device, unsigned int index,
		      struct mytun_queue **queue)
{
	int fd = index ? open_next(device) : open_first(device), err = 0;
	struct queue *q;

	if (fd < 0)
		return fd;
	q = mytun_queue_new(fd, index);
	if (!q) {
		close(fd);
		return -ENOMEM;
	}
	q->fallback = device->fallback;
	if (!index)
		err = configure(&device->options, fd);
	if (!err)
		err = mytun_set_up(q, &device->options);
	if (err) {
		mytun_close(&q->public);
		return err;
	}
	*queue = &q->public;
	return 0;
}

MYTUN_API int mytun_open(struct mytun_queue **queues, unsigned int count,
			 const struct mytun_options *options)
{
	struct device device = { .path = NULL };
	unsigned int i;
	int err;

	err = mytun_options_take(&device.options, options);
	if (err)
		return err;
	if (!count)
		return -EINVAL;
	device.path = device.options.path;
	if (device.options.name)
		memcpy(device.name, device.options.name,
		       strlen(device.options.name));
	if (count > 1)
		device.options.flags |= IFF_MULTI_QUEUE;
	for (i = 0; i < count; i++) {
		err = open_queue(&device, i, &queues[i]);
		if (err)
			break;
	}
	if (err) {
		while (i)
			mytun_close(queues[--i]);
	}
	return err;
}
