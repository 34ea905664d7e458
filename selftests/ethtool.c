// SPDX-License-Identifier: GPL-2.0
#include "ethtool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>

/* Of 32 features each. */
#define FEATURE_BLOCKS	8

int ethtool(const char *name, void *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_data = request };
	int ret;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ret = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return ret;
}

int ethtool_get(const char *name, uint32_t command)
{
	struct ethtool_value value = { .cmd = command };
	int err = ethtool(name, &value);

	return err ? err : (int)value.data;
}

int ethtool_set(const char *name, uint32_t command, uint32_t value)
{
	struct ethtool_value request = { .cmd = command, .data = value };

	return ethtool(name, &request);
}

/* How many strings a set (ETH_SS_*) has. */
static int count_of(const char *name, uint32_t set)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} request = {
		.info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << set },
	};
	int err = ethtool(name, &request);

	return err ? err : !request.info.sset_mask ? 0 : (int)request.count;
}

/* Where in a set of so many a string is. */
static int index_of(const char *name, uint32_t set, uint32_t count,
		    const char *string)
{
	struct ethtool_gstrings *strings;
	int index = -ENOENT, err;
	uint32_t i;

	strings = calloc(1, sizeof(*strings) + count * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = set;
	strings->len = count;
	err = ethtool(name, strings);
	for (i = 0; !err && i < strings->len && index < 0; i++)
		if (!strncmp((char *)strings->data + i * ETH_GSTRING_LEN,
			     string, ETH_GSTRING_LEN))
			index = i;
	free(strings);
	return err ? err : index;
}

int ethtool_set_feature(const char *name, const char *feature, bool on)
{
	struct {
		struct ethtool_sfeatures head;
		struct ethtool_set_features_block blocks[FEATURE_BLOCKS];
	} request = { .head.cmd = ETHTOOL_SFEATURES };
	int count = count_of(name, ETH_SS_FEATURES), index;
	uint32_t bit;

	if (count < 0)
		return count;
	index = index_of(name, ETH_SS_FEATURES, count, feature);
	if (index < 0)
		return index;
	request.head.size = (count + 31) / 32;
	bit = 1U << index % 32;
	request.blocks[index / 32].valid = bit;
	request.blocks[index / 32].requested = on ? bit : 0;
	return ethtool(name, &request);
}

long ethtool_counter(const char *name, const char *counter)
{
	int count = count_of(name, ETH_SS_STATS), index, err;
	struct ethtool_stats *stats;
	long value;

	if (count <= 0)
		return count ? count : -ENOENT;
	index = index_of(name, ETH_SS_STATS, count, counter);
	if (index < 0)
		return index;
	stats = calloc(1, sizeof(*stats) + count * sizeof(uint64_t));
	if (!stats)
		return -ENOMEM;
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = count;
	err = ethtool(name, stats);
	value = err ? err : (long)stats->data[index];
	free(stats);
	return value;
}
