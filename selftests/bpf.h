/* SPDX-License-Identifier: GPL-2.0 */
/*
 * eBPF programs of a few instructions, put together here and loaded with
 * libbpf, and the maps that they use. Functions return a file descriptor, or 0,
 * and -errno on failure.
 */
#ifndef SELFTESTS_BPF_H
#define SELFTESTS_BPF_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/bpf.h>
#include <linux/if_link.h>

/* libbpf prints nothing: for those who try what cannot be. */
void bpf_quiet(void);

/* XDP. A verdict is an enum xdp_action, or any other number. */
int xdp_return(int verdict);
/* The same, and one is added to an array's first value for each packet. */
int xdp_count(int map, int verdict);
/* Move the packet's start by delta; what is new in front is XDP_FILL. */
int xdp_move_head(int delta, int verdict);
#define XDP_FILL	0x5a
int xdp_move_tail(int delta, int verdict);
/* XDP_PASS with 4 bytes of metadata. */
int xdp_put_metadata(uint32_t value);
/* One verdict for packets of that queue, another for those of the others. */
int xdp_by_queue(uint32_t queue, int verdict, int otherwise);
/* To what is at 0 in a devmap; frags: packets in several pieces as well. */
int xdp_redirect(int map, bool frags);

/*
 * Attach to, or with program -1 detach from, a device. flags: XDP_FLAGS_*;
 * 0 asks for a native program.
 */
int xdp_attach(int ifindex, int program, uint32_t flags);
/* The id of the native program that is attached, 0: none. */
int xdp_attached(int ifindex, uint32_t *id);

/* Whether the kernel says that it has an enum of that name. */
bool kernel_has_enum(const char *name);

/* Add one to an array's first value for each packet with that metadata. */
int tc_count_metadata(int map, uint32_t value);
/* The same for each packet of that EtherType; and drop it. */
int tc_drop_protocol(int map, uint16_t protocol);
/* At a device's ingress; -ENOENT: not in this kernel. */
int tc_attach(int ifindex, int program);

/* A socket filter that returns a number, or the byte at an offset. */
int filter_return(int32_t value);
int filter_byte(int32_t offset);

int devmap_new(int ifindex);
int array_new(void);
/* The first value of an array. */
uint64_t array_get(int map);

#endif
