// SPDX-License-Identifier: GPL-2.0
#include "exception.h"

/* A write that fails now, and all that follows from it. */
#define REFUSED		"@(ret|stats.*|stack*)"
#define REFUSAL		"@(-22|-|+([0-9]))"

/* What is common to several of them. */
#define BUG_32_BIT	"tun knows no classic filters of 32-bit programs"
#define BUG_TAIL	"tun takes the rest of a longer header for packet"
#define NEW_BACKPRESSURE "IFF_BACKPRESSURE came with 7.3"
#define NEW_NO_CARRIER	"IFF_NO_CARRIER came with 6.0"
#define NEW_SPEED	"10 Gbit/s came with 6.2"
#define NEW_RULES	"virtio_net_hdr has stricter rules now"
#define BUG_WAITING	"tun does not count the packets of a queue that leaves"
#define BUG_FILTER	"tun leaves out a queue that gets the device's filter"
#define BUG_REFUSED	"tun does not count what a queue refuses that is set aside"
#define BUG_INDEX	"tun keeps a queue's index and the wanted interface index in one place"

const struct exception exception_table[] = {
	/* By intention. */
	{
		.call = "ethtool", .argument = "*", .field = "ethtool.driver",
		.tun = "0 tun", .mytun = "0 mytun",
		.where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = "it tells which driver it is",
	}, {
		.call = "ethtool", .argument = "*", .field = "ethtool.version",
		.tun = "1.6", .mytun = "*",
		.where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = "it tells which driver it is",
	}, {
		.call = "ethtool", .argument = "*", .field = "ethtool.n_stats",
		.tun = "0", .mytun = "*",
		.where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = "a counter for each reason to drop",
	}, {
		.call = "ethtool", .argument = "*", .field = "ethtool.ring",
		.tun = "-95", .mytun = "36:*",
		.where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = "a queue's length is shown, and can be set",
	},

	/* What came later. */
	{
		.call = "TUNGETFEATURES", .argument = "*", .field = "ret",
		.tun = "0, *", .mytun = "0, 29171", .below = KERNEL(7, 3),
		.where = PARITY_IOCTL, .reason = NEW_BACKPRESSURE,
	}, {
		.call = "file", .argument = "*", .field = "features",
		.tun = "0, *", .mytun = "0, 29171", .below = KERNEL(7, 3),
		.where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = NEW_BACKPRESSURE,
	}, {
		.call = "file", .argument = "*", .field = "flags",
		.tun = "0x*", .mytun = "0x*[89a-f]?", .below = KERNEL(7, 3),
		.where = PARITY_FLAGS, .reason = NEW_BACKPRESSURE,
	}, {
		.call = "device", .argument = "*", .field = "sysfs.tun_flags",
		.tun = "0x*", .mytun = "0x*[89a-f]?", .below = KERNEL(7, 3),
		.where = PARITY_FLAGS, .reason = NEW_BACKPRESSURE,
	}, {
		.call = "device", .argument = "*", .field = "ifla.33",
		.tun = "1:01", .mytun = "1:00", .below = KERNEL(6, 0),
		.where = PARITY_FLAGS, .reason = NEW_NO_CARRIER,
	}, {
		.call = "device", .argument = "*",
		.field = "stats.*.carrier_*", .tun = "*", .mytun = "*",
		.below = KERNEL(6, 0),
		.where = PARITY_FLAGS, .reason = NEW_NO_CARRIER,
	}, {
		/* Stable kernels have it from some release of theirs on. */
		.call = "TUNSETIFF", .argument = "*", .field = "ret",
		.tun = "0", .mytun = "-1", .ends = true,
		.below = KERNEL(7, 3),
		.reason = "who may attach to a device without owner and group",
	}, {
		.call = "device", .argument = "*", .field = "sysfs.speed",
		.tun = "10", .mytun = "10000", .below = KERNEL(6, 2),
		.where = PARITY_IOCTL | PARITY_FLAGS, .reason = NEW_SPEED,
	}, {
		.call = "ethtool", .argument = "*",
		.field = "ethtool.link_settings",
		.tun = "0 speed 10 *", .mytun = "0 speed 10000 *",
		.below = KERNEL(6, 2), .where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = NEW_SPEED,
	}, {
		.call = "ethtool", .argument = "*",
		.field = "ethtool.channels", .tun = "-95", .mytun = "36:*",
		.below = KERNEL(6, 12), .where = PARITY_IOCTL | PARITY_FLAGS,
		.reason = "ethtool shows no queues yet",
	}, {
		/* What the header says is compared with the packet. */
		.call = "write", .argument = "* @(gso_no_csum|other_family)*",
		.field = REFUSED, .tun = "*", .mytun = REFUSAL,
		.below = KERNEL(7, 1), .where = PARITY_DATA,
		.reason = NEW_RULES,
	}, {
		/* What is no IP is found before a wrong header is. */
		.call = "write", .argument = "@(ether|noise) *",
		.field = "stats.*.rx_@(dropped|frame_errors)",
		.tun = "*", .mytun = "*",
		.below = KERNEL(7, 1), .where = PARITY_DATA,
		.reason = NEW_RULES,
	}, {
		/* Anything may stand where the header should be. */
		.call = "write", .argument = "*@(pi|hdr)=*", .field = REFUSED,
		.tun = "*", .mytun = REFUSAL,
		.below = KERNEL(7, 1), .reason = NEW_RULES,
	}, {
		/* As above. */
		.call = "write", .argument = "* tiny*", .field = "stack.vnet",
		.tun = "10:*", .mytun = "10:*",
		.below = KERNEL(7, 1),
		.reason = "segments of TCP have 8 bytes at least",
	}, {
		.call = "write", .argument = "*", .field = "ret",
		.tun = "+([0-9])", .mytun = "-16", .ends = true,
		.below = KERNEL(6, 1), .where = PARITY_DATA,
		.reason = "a queue that is set aside takes no packets for NAPI",
	}, {
		/* A checksum does not begin inside of the network header. */
		.call = "write", .argument = "* early_start*",
		.field = REFUSED, .tun = "*", .mytun = REFUSAL,
		.below = KERNEL(6, 12), .where = PARITY_DATA,
		.reason = NEW_RULES,
	}, {
		.call = "write", .argument = "@(ether|noise|tunnel) *",
		.field = REFUSED, .tun = "*", .mytun = REFUSAL,
		.below = KERNEL(6, 12), .where = PARITY_DATA,
		.reason = NEW_RULES,
	}, {
		/* Nor does one of another protocol's packet. */
		.call = "write", .argument = "* other_csum*",
		.field = REFUSED, .tun = "*", .mytun = REFUSAL,
		.below = KERNEL(6, 12), .where = PARITY_DATA,
		.reason = NEW_RULES,
	},

	/* Bugs of tun. */
	{
		.call = "ethtool", .argument = "*",
		.field = "ethtool.features.0",
		.tun = "available 0c* active 0[4c]*",
		.mytun = "available 0c* active 00*",
		.from = KERNEL(6, 17), .where = PARITY_IOCTL,
		.reason = "tun takes tunnels, and loses all, where the header cannot tell",
	}, {
		.call = "write", .argument = "tunnel * tunnel*",
		.field = REFUSED, .tun = "@(-22|-|+([0-9]))", .mytun = "*",
		.from = KERNEL(6, 17), .where = PARITY_DATA,
		.reason = "tun takes tunnels behind an Ethernet header only",
	}, {
		.call = "TUNATTACHFILTER", .argument = "*", .field = "ret",
		.tun = "-22", .mytun = "0", .ends = true,
		.where = PARITY_IOCTL | PARITY_COMPAT, .reason = BUG_32_BIT,
	}, {
		.call = "TUNGETFILTER", .argument = "*", .field = "ret",
		.tun = "-22", .mytun = "0",
		.where = PARITY_IOCTL | PARITY_COMPAT, .reason = BUG_32_BIT,
	}, {
		.call = "TUNGETFILTER", .argument = "*", .field = "length",
		.tun = "-", .mytun = "*",
		.where = PARITY_IOCTL | PARITY_COMPAT, .reason = BUG_32_BIT,
	}, {
		.call = "TUNGETFILTER", .argument = "*", .field = "length",
		.tun = "2:*", .mytun = "2:*", .where = PARITY_IOCTL,
		.reason = "tun remembers a filter that it has refused",
	}, {
		.call = "TUNSETIFF", .argument = "*", .field = "ret",
		.tun = "-16", .mytun = "0", .ends = true,
		.where = PARITY_IOCTL, .reason = BUG_INDEX,
	}, {
		.call = "TUNATTACHFILTER", .argument = "*", .field = "ret",
		.tun = "0", .mytun = "-22", .ends = true,
		.reason = "tun without queues looks at no filter",
	}, {
		.call = "TUNSETIFF", .argument = "*", .field = "news",
		.tun = "-", .mytun = "*", .ends = true, .reason = BUG_FILTER,
	}, {
		.call = "TUNSETQUEUE", .argument = "*",
		.field = "stats.*.tx_dropped", .tun = "*", .mytun = "*",
		.where = PARITY_FLAGS, .reason = BUG_WAITING,
	}, {
		.call = "close", .argument = "*",
		.field = "stats.*.tx_dropped", .tun = "*", .mytun = "*",
		.where = PARITY_FLAGS, .reason = BUG_WAITING,
	}, {
		.call = "link txqueuelen", .argument = "*",
		.field = "stats.*.tx_dropped", .tun = "*", .mytun = "*",
		.ends = true,
		.reason = "tun does not count what a shorter queue has no room for",
	}, {
		.call = "device", .argument = "*", .field = "ifla.13",
		.tun = "4:00000000", .mytun = "4:01000000",
		.where = PARITY_FLAGS,
		.reason = "a queue of no length takes one packet, where tun drops all",
	}, {
		.call = "file", .argument = "*", .field = "sndbuf",
		.tun = "0, 2147483647", .mytun = "0, *",
		.where = PARITY_FLAGS,
		.reason = "tun forgets a persistent device's send buffer",
	}, {
		.call = "file", .argument = "*", .field = "sndbuf",
		.tun = "0, *", .mytun = "0, 2147483647",
		.reason = "tun keeps the send buffer of a file's former device",
	}, {
		.call = "read", .argument = "?([12])[0-9]",
		.field = "stats.*.tx_dropped", .tun = "*", .mytun = "*",
		.where = PARITY_DATA,
		.reason = "tun does not count what a short read loses",
	}, {
		.call = "write", .argument = "*",
		.field = "stats.*.rx_dropped", .tun = "+([0-9])",
		.mytun = "+([0-9])",
		.from = KERNEL(6, 1), .where = PARITY_DATA,
		.reason = BUG_REFUSED,
	}, {
		.call = "write", .argument = "*",
		.field = "stats.*.rx_dropped", .tun = "+([0-9])",
		.mytun = "+([0-9])",
		.below = KERNEL(6, 1), .reason = BUG_REFUSED,
	}, {
		.call = "read", .argument = "?([12])[0-9]", .field = "beyond",
		.tun = "[1-9]", .mytun = "0", .where = PARITY_DATA,
		.reason = "a read that fails leaves the buffer as it was",
	}, {
		.call = "write", .argument = "*",
		.field = "stats.*.rx_frame_errors", .tun = "0", .mytun = "*",
		.from = KERNEL(5, 11), .where = PARITY_DATA,
		.reason = "tun does not show what was wrong with a TAP's frames",
	}, {
		.call = "write", .argument = "* tail", .field = "ret",
		.tun = "!(-22)", .mytun = "-22", .ends = true,
		.from = KERNEL(6, 13), .where = PARITY_DATA, .reason = BUG_TAIL,
	}, {
		/* Or it is refused for another reason, which is counted. */
		.call = "write", .argument = "* tail",
		.field = "stats.*.rx_@(dropped|frame_errors)",
		.tun = "*", .mytun = "*",
		.from = KERNEL(6, 13), .where = PARITY_DATA, .reason = BUG_TAIL,
	},
	{ .call = NULL },
};
