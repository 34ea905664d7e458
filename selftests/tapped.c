// SPDX-License-Identifier: GPL-2.0
#include "tapped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "device.h"

#define BUFFER_SIZE	(8 << 20)
/* Behind virtio_net_hdr in what is sent and received. */
#define HDR	sizeof(struct virtio_net_hdr)

static uint8_t bytes[HDR + LOAD_MAX];

static int set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)) ?
	       -errno : 0;
}

int tapped_open(struct tapped *t)
{
	int size = BUFFER_SIZE, err = 0;

	t->in = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       htons(ETH_P_ALL));
	t->out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->in < 0 || t->out < 0)
		return -errno;
	err = set(t->in, PACKET_VNET_HDR, 1);
	if (!err)
		err = set(t->in, PACKET_AUXDATA, 1);
	if (!err)
		err = set(t->out, PACKET_VNET_HDR, 1);
	if (setsockopt(t->in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(t->out, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		err = -errno;
	return err;
}

static void note_packet(struct note *note, ssize_t size,
			const struct sockaddr_ll *from, struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct tpacket_auxdata aux = {};

	if (cmsg && cmsg->cmsg_type == PACKET_AUXDATA)
		memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
	note_add(note, "stack",
		 "proto %#06x type %u hatype %u status %#x net %d vlan %x:%x",
		 ntohs(from->sll_protocol), from->sll_pkttype,
		 from->sll_hatype, aux.tp_status & ~TP_STATUS_LOSING,
		 aux.tp_net - aux.tp_mac, aux.tp_vlan_tpid, aux.tp_vlan_tci);
	/* How much is linear is the driver's own matter. */
	memset(bytes + offsetof(struct virtio_net_hdr, hdr_len), 0,
	       sizeof(uint16_t));
	note_bytes(note, "stack.vnet", bytes, HDR);
	note_bytes(note, "stack.packet", bytes + HDR, size - HDR);
}

void tapped_note(struct tapped *t, struct note *note)
{
	char control[256];
	struct sockaddr_ll from;
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg;
	ssize_t size;

	for (;;) {
		memset(&from, 0, sizeof(from));
		msg = (struct msghdr) {
			.msg_name = &from, .msg_namelen = sizeof(from),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		size = recvmsg(t->in, &msg, MSG_DONTWAIT);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size < 0)
			note_add(note, "stack", "%d", -errno);
		else if (from.sll_pkttype != PACKET_OUTGOING &&
			 from.sll_hatype != ARPHRD_LOOPBACK)
			note_packet(note, size, &from, &msg);
	}
}

static int hardware_type(int fd, const char *name)
{
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFHWADDR, &ifr) ? -errno :
						ifr.ifr_hwaddr.sa_family;
}

int tapped_send(struct tapped *t, const char *name, const struct load *load,
		bool qdisc)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_halen = ETH_ALEN,
	};
	char kind[16];
	bool ethernet;
	size_t size;

	/* The kernel would look for a module of that name. */
	if (!device_present(name))
		return -ENODEV;
	to.sll_ifindex = if_nametoindex(name);
	/* Its type may have been changed, but a TAP has a carrier of bytes. */
	ethernet = hardware_type(t->out, name) == ARPHRD_ETHER;
	if (!sysfs_read(name, "tun_flags", kind, sizeof(kind)))
		ethernet = strtoul(kind, NULL, 16) & IFF_TAP;
	switch (load->kind) {
	case LOAD_UDP4:
	case LOAD_TCP4:
	case LOAD_TUNNEL:
		to.sll_protocol = htons(ETH_P_IP);
		break;
	case LOAD_UDP6:
	case LOAD_TCP6:
		to.sll_protocol = htons(ETH_P_IPV6);
		break;
	default:
		to.sll_protocol = htons(0x88b5);
	}
	if (ethernet && load->vlan)
		to.sll_protocol = htons(ETH_P_8021Q);
	set(t->out, PACKET_QDISC_BYPASS, !qdisc);
	size = load_build(load, ethernet, 0, HDR, bytes);
	return sendto(t->out, bytes, size, MSG_DONTWAIT, (void *)&to,
		      sizeof(to)) < 0 ? -errno : (int)size;
}
