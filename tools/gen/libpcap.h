/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libpcap, loaded when a capture is read or written. Its name differs between
 * distributions (libpcap.so.0.8, libpcap.so.1), and most runs do not need it.
 */
#ifndef GEN_LIBPCAP_H
#define GEN_LIBPCAP_H

#include <pcap/pcap.h>

/* Of the library, each under its own name without pcap_ in front. */
struct libpcap {
	__typeof__(pcap_close) *close;
	__typeof__(pcap_datalink) *datalink;
	__typeof__(pcap_datalink_val_to_name) *datalink_val_to_name;
	__typeof__(pcap_dump) *dump;
	__typeof__(pcap_dump_close) *dump_close;
	__typeof__(pcap_dump_file) *dump_file;
	__typeof__(pcap_dump_flush) *dump_flush;
	__typeof__(pcap_dump_open) *dump_open;
	__typeof__(pcap_geterr) *geterr;
	__typeof__(pcap_next_ex) *next_ex;
	__typeof__(pcap_open_dead_with_tstamp_precision) *open_dead;
	__typeof__(pcap_open_offline_with_tstamp_precision) *open_offline;
};

/* Return: the library, for ever; NULL, and a line on stderr. One thread. */
const struct libpcap *libpcap_load(void);

#endif
