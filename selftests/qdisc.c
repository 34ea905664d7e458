// SPDX-License-Identifier: GPL-2.0
#include "qdisc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/gen_stats.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

struct request {
	struct nlmsghdr header;
	struct tcmsg tc;
	char attributes[256];
};

static void put(struct request *req, int type, const void *data, size_t size)
{
	struct rtattr *attr;

	attr = (void *)((char *)req + NLMSG_ALIGN(req->header.nlmsg_len));
	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attr), data, size);
	req->header.nlmsg_len = NLMSG_ALIGN(req->header.nlmsg_len) +
				RTA_ALIGN(attr->rta_len);
}

static int send_request(struct request *req)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (send(fd, req, req->header.nlmsg_len, 0) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int qdisc_replace(int ifindex, const char *kind, uint32_t limit)
{
	struct request req = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(req.tc)),
		.header.nlmsg_type = RTM_NEWQDISC,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
				      NLM_F_CREATE | NLM_F_REPLACE,
		.tc.tcm_family = AF_UNSPEC,
		.tc.tcm_ifindex = ifindex,
		.tc.tcm_parent = TC_H_ROOT,
	};
	struct tc_fifo_qopt fifo = { .limit = limit };
	char answer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header = (void *)answer;
	struct nlmsgerr *error;
	int fd, err;

	put(&req, TCA_KIND, kind, strlen(kind) + 1);
	if (!strcmp(kind, "pfifo"))
		put(&req, TCA_OPTIONS, &fifo, sizeof(fifo));
	fd = send_request(&req);
	if (fd < 0)
		return fd;
	err = -EPROTO;
	if (recv(fd, answer, sizeof(answer), 0) < 0) {
		err = -errno;
	} else if (header->nlmsg_type == NLMSG_ERROR) {
		error = NLMSG_DATA(header);
		err = error->error;
	}
	close(fd);
	return err;
}

static void add_stats(const struct rtattr *attr, int left,
		      struct qdisc_stats *stats)
{
	const struct gnet_stats_basic *basic;
	const struct gnet_stats_queue *queue;
	uint64_t packets;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		switch (attr->rta_type) {
		case TCA_STATS_BASIC:
			basic = RTA_DATA(attr);
			memcpy(&packets, &basic->packets, 4);
			stats->packets += (uint32_t)packets;
			break;
		case TCA_STATS_QUEUE:
			queue = RTA_DATA(attr);
			stats->drops += queue->drops;
			stats->backlog += queue->qlen;
			stats->requeues += queue->requeues;
			break;
		}
	}
}

/* A qdisc of the dump. mq tells the sum of those below it. */
static void one_qdisc(struct nlmsghdr *header, int ifindex,
		      struct qdisc_stats *stats)
{
	const struct tcmsg *tc = NLMSG_DATA(header);
	int left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*tc));
	struct rtattr *attr;

	if (tc->tcm_ifindex != ifindex)
		return;
	if (tc->tcm_parent != TC_H_ROOT) {
		stats->children++;
		return;
	}
	attr = (void *)((char *)tc + NLMSG_ALIGN(sizeof(*tc)));
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == TCA_STATS2)
			add_stats(RTA_DATA(attr), RTA_PAYLOAD(attr), stats);
		if (attr->rta_type == TCA_KIND)
			snprintf(stats->kind, sizeof(stats->kind), "%s",
				 (const char *)RTA_DATA(attr));
	}
}

int qdisc_get_stats(int ifindex, struct qdisc_stats *stats)
{
	struct request req = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(req.tc)),
		.header.nlmsg_type = RTM_GETQDISC,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.tc.tcm_family = AF_UNSPEC,
		.tc.tcm_ifindex = ifindex,
	};
	char answer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header;
	int fd, err = 0;
	ssize_t size;
	size_t left;

	memset(stats, 0, sizeof(*stats));
	fd = send_request(&req);
	if (fd < 0)
		return fd;
	for (;;) {
		size = recv(fd, answer, sizeof(answer), 0);
		if (size < 0) {
			err = -errno;
			break;
		}
		left = size;
		for (header = (void *)answer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_DONE)
				goto out;
			if (header->nlmsg_type == RTM_NEWQDISC)
				one_qdisc(header, ifindex, stats);
		}
	}
out:
	close(fd);
	return err;
}
