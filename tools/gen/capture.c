// SPDX-License-Identifier: GPL-2.0
#include "capture.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "../common/processor.h"
#include "inspect.h"
#include "libpcap.h"

#define ETHERNET_HEADER	14
#define SNAP_LENGTH	262144

struct capture_writer {
	const struct libpcap *pcap;
	pthread_mutex_t lock;	/* of the file */
	const char *path;
	pcap_t *format;
	pcap_dumper_t *file;
	int error;		/* errno of the first attempt that failed */
};

static uint32_t mix(uint32_t hash, const uint8_t *data, size_t size)
{
	while (size--)
		hash = (hash ^ *data++) * 16777619U;
	return hash;
}

/* Sums of both ends are the same whichever comes first. */
static uint32_t flow_hash(const uint8_t *data, uint32_t len, bool ethernet)
{
	uint32_t one = 2166136261U, other = 2166136261U;
	struct inspect_view view;
	uint32_t size, at;

	if (inspect_parse(data, len, ethernet, 0, &view))
		return 0;
	size = view.family == AF_INET ? 4 : 16;
	at = view.l3 + (view.family == AF_INET ? 12 : 8);
	one = mix(one, data + at, size);
	other = mix(other, data + at + size, size);
	if (view.protocol == IPPROTO_TCP || view.protocol == IPPROTO_UDP) {
		one = mix(one, data + view.l4, 2);
		other = mix(other, data + view.l4 + 2, 2);
	}
	return one + other;
}

/* Bytes of a link layer's header in front of IP, or -1: not known. */
static int link_header(int link)
{
	switch (link) {
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return 0;
	case DLT_EN10MB:
		return ETHERNET_HEADER;
	default:
		return -1;
	}
}

/* Where what the device takes begins, or -1: it takes nothing of it. */
static int begin(const uint8_t *data, uint32_t len, int header, bool ethernet)
{
	uint16_t type;

	if (len <= (uint32_t)header)
		return -1;
	if (ethernet || !header)
		return 0;
	type = (uint16_t)(data[12] << 8 | data[13]);
	return type == 0x0800 || type == 0x86dd ? header : -1;
}

/* @time is that of a clock, which may have been set back meanwhile. */
static int add(struct capture *capture, const uint8_t *data, uint32_t len,
	       bool ethernet, uint64_t time)
{
	struct capture_packet *packet;
	size_t count = capture->packets;

	/* Powers of two: twice as many each time. */
	if (!(count & (count - 1))) {
		packet = realloc(capture->packet,
				 (count ? 2 * count : 1) * sizeof(*packet));
		if (!packet)
			return -1;
		capture->packet = packet;
	}
	packet = &capture->packet[count];
	packet->data = malloc(len);
	if (!packet->data)
		return -1;
	memcpy(packet->data, data, len);
	packet->len = len;
	packet->hash = flow_hash(data, len, ethernet);
	if (!count)
		capture->began = time;
	packet->time = time > capture->began ? time - capture->began : 0;
	if (packet->time < capture->length)
		packet->time = capture->length;
	capture->length = packet->time;
	if (len > capture->longest)
		capture->longest = len;
	capture->packets++;
	return 0;
}

static int read_all(struct capture *capture, const struct libpcap *pcap,
		    pcap_t *file, const char *path, bool ethernet, int header)
{
	struct pcap_pkthdr *info;
	const uint8_t *data;
	int got, from;

	while ((got = pcap->next_ex(file, &info, &data)) == 1) {
		from = begin(data, info->caplen, header, ethernet);
		if (from < 0 || info->caplen != info->len ||
		    info->len > PACKET_MAX + ETHERNET_HEADER) {
			capture->left_out++;
			continue;
		}
		/* Nanoseconds, as the file was opened. */
		if (add(capture, data + from, info->len - (uint32_t)from,
			ethernet, (uint64_t)info->ts.tv_sec * NS_PER_SECOND +
			(uint64_t)info->ts.tv_usec)) {
			warnx("%s: no memory for so many packets", path);
			return -1;
		}
	}
	if (got == PCAP_ERROR) {
		warnx("%s: %s", path, pcap->geterr(file));
		return -1;
	}
	if (!capture->packets) {
		warnx("%s: no packet in it is for this device", path);
		return -1;
	}
	/* From the last to the first of the next loop: as between others. */
	if (capture->packets > 1)
		capture->length += capture->length / (capture->packets - 1);
	return 0;
}

int capture_read(struct capture *capture, const char *path, bool ethernet)
{
	const struct libpcap *pcap = libpcap_load();
	char message[PCAP_ERRBUF_SIZE];
	int header, err = -1;
	pcap_t *file;

	memset(capture, 0, sizeof(*capture));
	if (!pcap)
		return -1;
	file = pcap->open_offline(path, PCAP_TSTAMP_PRECISION_NANO, message);
	if (!file) {
		warnx("%s", message);
		return -1;
	}
	header = link_header(pcap->datalink(file));
	if (header < 0 || (ethernet && !header))
		warnx("%s: packets of link type %s are not for a %s device",
		      path,
		      pcap->datalink_val_to_name(pcap->datalink(file)) ? :
		      "unknown", ethernet ? "tap" : "tun");
	else
		err = read_all(capture, pcap, file, path, ethernet, header);
	pcap->close(file);
	if (err)
		capture_free(capture);
	return err;
}

void capture_free(struct capture *capture)
{
	while (capture->packets)
		free(capture->packet[--capture->packets].data);
	free(capture->packet);
	capture->packet = NULL;
}

struct capture_writer *capture_create(const char *path, bool ethernet)
{
	const struct libpcap *pcap = libpcap_load();
	struct capture_writer *writer;

	if (!pcap)
		return NULL;
	writer = calloc(1, sizeof(*writer));
	if (!writer) {
		warn("%s", path);
		return NULL;
	}
	writer->pcap = pcap;
	pthread_mutex_init(&writer->lock, NULL);
	writer->path = path;
	writer->format = pcap->open_dead(ethernet ? DLT_EN10MB : DLT_RAW,
					 SNAP_LENGTH,
					 PCAP_TSTAMP_PRECISION_NANO);
	if (writer->format)
		writer->file = pcap->dump_open(writer->format, path);
	if (writer->file)
		return writer;
	warnx("%s", writer->format ? pcap->geterr(writer->format) :
				     "no memory for libpcap");
	if (writer->format)
		pcap->close(writer->format);
	free(writer);
	return NULL;
}

/* The caller has the lock. */
static void note_error(struct capture_writer *writer)
{
	if (!writer->error && ferror(writer->pcap->dump_file(writer->file)))
		writer->error = errno;
}

int capture_write(struct capture_writer *writer, const uint8_t *data,
		  uint32_t len)
{
	struct pcap_pkthdr info = { .caplen = len, .len = len };
	struct timespec now;
	int error;

	clock_gettime(CLOCK_REALTIME, &now);
	info.ts.tv_sec = now.tv_sec;
	/* Nanoseconds, as the file's precision says. */
	info.ts.tv_usec = now.tv_nsec;
	pthread_mutex_lock(&writer->lock);
	writer->pcap->dump((u_char *)writer->file, &info, data);
	note_error(writer);
	error = writer->error;
	pthread_mutex_unlock(&writer->lock);
	return -error;
}

int capture_close(struct capture_writer *writer)
{
	const struct libpcap *pcap = writer->pcap;
	int err = 0;

	pcap->dump_flush(writer->file);
	note_error(writer);
	if (writer->error) {
		warnx("%s: not everything could be written: %s", writer->path,
		      strerror(writer->error));
		err = -1;
	}
	pcap->dump_close(writer->file);
	pcap->close(writer->format);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
	return err;
}
