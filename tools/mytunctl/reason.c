// SPDX-License-Identifier: GPL-2.0
/* Why packets were lost. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/mytun.h>

#include "json.h"
#include "mytunctl.h"
#include "reason.h"

static const struct {
	const char *name;
	const char *text;
} reasons[MYTUN_DROP_MAX] = {
	[MYTUN_DROP_TX_NO_QUEUE] = { "tx_drop_no_queue",
		"no program has this queue open" },
	[MYTUN_DROP_TX_FILTER] = { "tx_drop_filter",
		"a filter of the device does not want it" },
	[MYTUN_DROP_TX_FULL] = { "tx_drop_full",
		"the program reads too slowly: its queue was full" },
	[MYTUN_DROP_TX_NOMEM] = { "tx_drop_nomem",
		"no memory, on the way to the program" },
	[MYTUN_DROP_TX_DETACHED] = { "tx_drop_detached",
		"waited in a queue that was closed or set aside" },
	[MYTUN_DROP_TX_HEADER] = { "tx_drop_header",
		"has no description as virtio_net_hdr" },
	[MYTUN_DROP_TX_BUFFER] = { "tx_drop_buffer",
		"the program's buffer was too short or not writable" },
	[MYTUN_DROP_TX_TOO_BIG] = { "tx_drop_too_big",
		"larger than any record of the ring" },
	[MYTUN_DROP_RX_DOWN] = { "rx_drop_down",
		"the device was down" },
	[MYTUN_DROP_RX_BUSY] = { "rx_drop_busy",
		"NAPI was busy elsewhere, or the queue is set aside" },
	[MYTUN_DROP_RX_NOMEM] = { "rx_drop_nomem",
		"no memory, on the way to the stack" },
	[MYTUN_DROP_RX_FAULT] = { "rx_drop_fault",
		"the program's memory could not be read" },
	[MYTUN_DROP_RX_PROTOCOL] = { "rx_drop_protocol",
		"neither IPv4 nor IPv6" },
	[MYTUN_DROP_RX_TOO_BIG] = { "rx_drop_too_big",
		"more than a packet can hold" },
	[MYTUN_DROP_RX_RECORD] = { "rx_drop_record",
		"the program wrote a record that breaks a rule" },
	[MYTUN_DROP_RX_XDP] = { "rx_drop_xdp",
		"an XDP program dropped it, or what it asked for failed" },
	[MYTUN_DROP_RX_VNET] = { "rx_drop_vnet",
		"the program wrote a wrong virtio_net_hdr" },
};

static bool is_known(unsigned int reason)
{
	return reason < ARRAY_SIZE(reasons) && reasons[reason].name;
}

const char *reason_name(unsigned int reason)
{
	static char number[32];

	if (is_known(reason))
		return reasons[reason].name;
	snprintf(number, sizeof(number), "drop_%u", reason);
	return number;
}

const char *reason_text(unsigned int reason)
{
	return is_known(reason) ? reasons[reason].text : "";
}

void drops_read(struct drops *d, const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		unsigned int type = mnl_attr_get_type(a);

		if (!type || type > REASONS)
			continue;
		d->count[type - 1] = attr_u64(a);
		if (d->n < type)
			d->n = type;
	}
}

unsigned long long drops_sum(const struct drops *d)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 0; i < d->n; i++)
		sum += d->count[i];
	return sum;
}

void drops_json(const char *key, const struct drops *d)
{
	unsigned int i;

	json_object(key);
	for (i = 0; i < d->n; i++)
		json_number(reason_name(i), d->count[i]);
	json_object_end();
}
