/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Internet checksum (RFC 1071). Sums are of 16-bit words in the byte order
 * of memory, not yet folded or inverted, and may be added to each other as long
 * as each covers an even number of bytes, but for the last one.
 */
#ifndef TOOLS_CHECKSUM_H
#define TOOLS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>

/* Words of 32 bits into 64: 2^16 is 1 modulo 65535. */
static inline uint64_t checksum_add(uint64_t sum, const void *data, size_t size)
{
	const unsigned char *byte = data;
	uint32_t word;
	uint16_t half;

	for (; size >= 4; size -= 4, byte += 4) {
		memcpy(&word, byte, 4);
		sum += word;
	}
	if (size >= 2) {
		memcpy(&half, byte, 2);
		sum += half;
		byte += 2;
		size -= 2;
	}
	if (size) {
		half = 0;
		memcpy(&half, byte, 1);
		sum += half;
	}
	return sum;
}

/* 16 bits, as they stand in a packet but for the inversion. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/*
 * The pseudo header: @addresses points to source and destination, @bytes long
 * together (8 for IPv4, 32 for IPv6); @size is that of what is behind it.
 */
static inline uint64_t checksum_pseudo(const void *addresses, size_t bytes,
				       uint8_t protocol, uint32_t size)
{
	return checksum_add((uint64_t)htonl(protocol) + htonl(size), addresses,
			    bytes);
}

#endif
