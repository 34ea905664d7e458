// SPDX-License-Identifier: GPL-2.0
/* 6.9, 490a79faf95e; also in RHEL 9.6. Delete when 6.8 goes. */
#include <net/rps.h>

void (*probe)(u32 hash) = sock_rps_record_flow_hash;
