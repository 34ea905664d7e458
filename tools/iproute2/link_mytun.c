// SPDX-License-Identifier: GPL-2.0
/*
 * iproute2's part: `ip link add NAME type mytun mode tap ...`.
 *
 * ip(8) loads link_mytun.so from the folder ip of its library folder, or from
 * $IP_LIB_DIR, when it meets the kind.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "link_util.h"

/*
 * What ip has left of its message's 1,024 bytes is not told; these attributes
 * take 56 of them.
 */
static void put(struct nlmsghdr *n, int type, const void *data, size_t size)
{
	struct rtattr *a = (void *)((char *)n + NLMSG_ALIGN(n->nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(a), data, size);
	n->nlmsg_len = NLMSG_ALIGN(n->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static void put_u8(struct nlmsghdr *n, int type, uint8_t value)
{
	put(n, type, &value, sizeof(value));
}

static void usage(FILE *f)
{
	fputs("Usage: ip link add NAME type mytun [ mode { tun | tap } ]\n"
	      "                [ user USER ] [ group GROUP ]\n"
	      "                [ pi | nopi ] [ vnet_hdr | no_vnet_hdr ]\n"
	      "                [ multi_queue | single_queue ]\n"
	      "\n"
	      "Without arguments: mode tun nopi no_vnet_hdr single_queue, for\n"
	      "who may administer the network. The device is persistent.\n", f);
}

static void print_help(struct link_util *self, int argc, char **argv, FILE *f)
{
	(void)self;
	(void)argc;
	(void)argv;
	usage(f);
}

static bool number(const char *text, uint32_t *value)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || n >= UINT32_MAX || *text == '-')
		return false;
	*value = n;
	return true;
}

static bool user(const char *text, uint32_t *id)
{
	const struct passwd *p;

	if (number(text, id))
		return true;
	p = getpwnam(text);
	if (p)
		*id = p->pw_uid;
	return p;
}

static bool group(const char *text, uint32_t *id)
{
	const struct group *g;

	if (number(text, id))
		return true;
	g = getgrnam(text);
	if (g)
		*id = g->gr_gid;
	return g;
}

/* Words that are an attribute of one byte. */
static const struct {
	const char *word;
	int type;
	uint8_t value;
} switches[] = {
	{ "pi", IFLA_TUN_PI, 1 },
	{ "nopi", IFLA_TUN_PI, 0 },
	{ "vnet_hdr", IFLA_TUN_VNET_HDR, 1 },
	{ "no_vnet_hdr", IFLA_TUN_VNET_HDR, 0 },
	{ "multi_queue", IFLA_TUN_MULTI_QUEUE, 1 },
	{ "single_queue", IFLA_TUN_MULTI_QUEUE, 0 },
};

static bool parse_switch(const char *word, struct nlmsghdr *n)
{
	unsigned int i;

	for (i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		if (strcmp(word, switches[i].word))
			continue;
		put_u8(n, switches[i].type, switches[i].value);
		return true;
	}
	return false;
}

/* Return: whether word and value were understood. */
static bool parse_pair(const char *word, const char *value, struct nlmsghdr *n)
{
	uint32_t id;

	if (!strcmp(word, "mode")) {
		if (strcmp(value, "tun") && strcmp(value, "tap"))
			return false;
		put_u8(n, IFLA_TUN_TYPE,
		       strcmp(value, "tap") ? IFF_TUN : IFF_TAP);
	} else if (!strcmp(word, "user") || !strcmp(word, "owner")) {
		if (!user(value, &id))
			return false;
		put(n, IFLA_TUN_OWNER, &id, sizeof(id));
	} else if (!strcmp(word, "group")) {
		if (!group(value, &id))
			return false;
		put(n, IFLA_TUN_GROUP, &id, sizeof(id));
	} else {
		return false;
	}
	return true;
}

static int parse_opt(struct link_util *self, int argc, char **argv,
		     struct nlmsghdr *n)
{
	(void)self;
	for (; argc > 0; argc--, argv++) {
		if (!strcmp(*argv, "help")) {
			usage(stdout);
			exit(0);
		}
		if (parse_switch(*argv, n))
			continue;
		if (argc > 1 && parse_pair(argv[0], argv[1], n)) {
			argc--;
			argv++;
			continue;
		}
		fprintf(stderr, "mytun: what is \"%s%s%s\"?\n", argv[0],
			argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
		usage(stderr);
		return -1;
	}
	return 0;
}

/* The attributes are those of kind tun: ip prints them as it prints those. */
static void print_opt(struct link_util *self, FILE *f, struct rtattr *tb[])
{
	struct link_util *tun = &tun_link_util;

	(void)self;
	if (tun && tun->print_opt && tun->maxattr <= IFLA_TUN_MAX)
		tun->print_opt(tun, f, tb);
}

struct link_util mytun_link_util = {
	.id		= "mytun",
	.maxattr	= IFLA_TUN_MAX,
	.parse_opt	= parse_opt,
	.print_opt	= print_opt,
	.print_help	= print_help,
};
