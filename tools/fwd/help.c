// SPDX-License-Identifier: GPL-2.0
#include "help.h"

#include <stdio.h>

static const char text[] =
"Usage: mytun-fwd --local ADDR[,PORT] --remote ADDR[,PORT] [OPTION]...\n"
"One end of a tunnel over UDP, between two TUN/TAP devices. The other end is\n"
"another mytun-fwd, with the addresses exchanged.\n"
"\n"
"Tunnel:\n"
"  -L, --local ADDR[,PORT]   address of this end (port 51821)\n"
"  -R, --remote ADDR[,PORT]  address of the other end; link-local: ADDR%INTERFACE\n"
"      --key FILE            encrypt, with the key in FILE; the same at both ends\n"
"      --cipher C            xchacha20-poly1305 (default) or chacha20-poly1305\n"
"      --generate-key FILE   make a key in a new file, and do nothing else\n"
"      --path-mtu N          bytes of an IP packet that the path carries (1500)\n"
"      --no-udp-segment      send each datagram by itself\n"
"      --no-udp-gro          receive each datagram by itself\n"
"      --socket-buffer N     bytes of each socket's buffers (4Mi)\n"
"\n"
"Device:\n"
"  -i, --device NAME         the interface; it is made if it is not there\n"
"  -l, --layer LAYER         ring, batch, plain (mytun), tun (the kernel's own), or\n"
"                            best (the best of these that there is; default)\n"
"      --vnet-hdr            large packets between stack and tunnel: cut on the way\n"
"                            out, merged on the way in\n"
"  -q, --queues N            queues, with a socket and a thread for each (1)\n"
"      --cpus LIST           processors to pin the threads to, as 0,2,4-7\n"
"      --tap                 carry Ethernet frames instead of IP packets\n"
"      --address A/LEN       give the interface an address; again for more\n"
"      --mtu N               smaller than what fits the path\n"
"      --txqueuelen N        set this of the interface\n"
"      --no-up               leave the interface down if it is\n"
"      --ring-size N         bytes of each ring, a power of two (1Mi)\n"
"      --drive DRIVE         who empties the TX ring: caller, napi, lent, thread\n"
"      --gro                 the driver merges packets of a flow\n"
"      --poll N              microseconds that a thread looks before it sleeps\n"
"  -b, --batch N             packets at a time (64)\n"
"      --busy                look for packets without sleeping\n"
"\n"
"      --interval SECONDS    print statistics so often, every 0.1 at most\n"
"      --json                statistics as JSON\n"
"  -h, --help; -V, --version\n"
"\n"
"It runs until SIGINT or SIGTERM, prints statistics then, and on SIGUSR1.\n"
"\n"
"Exit status: 0 ended by a signal; 1 something failed; 2 the command line is\n"
"wrong.\n"
"\n"
"Example, with 192.0.2.2 doing the same, the addresses exchanged:\n"
"  mytun-fwd --generate-key key\n"
"  mytun-fwd -L 192.0.2.1 -R 192.0.2.2 --key key -i vpn0 --address 10.9.0.1/24\n";

void help_print(void)
{
	fputs(text, stdout);
}
