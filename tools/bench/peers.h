/* SPDX-License-Identifier: GPL-2.0 */
/* What a user would take instead, and the options that each has. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "carrier.h"

enum packet_option {
	PACKET_TPACKET,
	PACKET_RECVMMSG,
	PACKET_SENDMMSG,
};

enum xdp_option {
	XDP_OPTION_GENERIC,
	XDP_OPTION_NATIVE,
};

extern const struct carrier_ops packet_ops;	/* AF_PACKET */
extern const struct carrier_ops xdp_ops;	/* AF_XDP on veth, copied */
extern const struct carrier_ops uring_ops;	/* tun by io_uring */
extern const struct carrier_ops vhost_ops;	/* tap by vhost-net */

#endif
