// SPDX-License-Identifier: GPL-2.0
#include "libpcap.h"

#include <dlfcn.h>
#include <err.h>
#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	"libpcap.so.1", "libpcap.so.0.8", "libpcap.so",
};

static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	{ "pcap_close", offsetof(struct libpcap, close) },
	{ "pcap_datalink", offsetof(struct libpcap, datalink) },
	{ "pcap_datalink_val_to_name",
	  offsetof(struct libpcap, datalink_val_to_name) },
	{ "pcap_dump", offsetof(struct libpcap, dump) },
	{ "pcap_dump_close", offsetof(struct libpcap, dump_close) },
	{ "pcap_dump_file", offsetof(struct libpcap, dump_file) },
	{ "pcap_dump_flush", offsetof(struct libpcap, dump_flush) },
	{ "pcap_dump_open", offsetof(struct libpcap, dump_open) },
	{ "pcap_geterr", offsetof(struct libpcap, geterr) },
	{ "pcap_next_ex", offsetof(struct libpcap, next_ex) },
	{ "pcap_open_dead_with_tstamp_precision",
	  offsetof(struct libpcap, open_dead) },
	{ "pcap_open_offline_with_tstamp_precision",
	  offsetof(struct libpcap, open_offline) },
};

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

static int resolve(struct libpcap *library, void *handle)
{
	unsigned int i;

	for (i = 0; i < COUNT(symbols); i++) {
		void *found = dlsym(handle, symbols[i].name);

		if (!found)
			return -1;
		memcpy((char *)library + symbols[i].offset, &found,
		       sizeof(found));
	}
	return 0;
}

const struct libpcap *libpcap_load(void)
{
	static struct libpcap library;
	void *handle = NULL;
	unsigned int i;

	if (library.close)
		return &library;
	for (i = 0; i < COUNT(names) && !handle; i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		warnx("captures need libpcap, which is not installed");
		return NULL;
	}
	if (resolve(&library, handle)) {
		warnx("captures need libpcap: %s", dlerror());
		memset(&library, 0, sizeof(library));
		dlclose(handle);
		return NULL;
	}
	return &library;
}
