#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mytun-gen: what one writes in a layer, the kernel forwards, and another reads
# in the same layer, every byte checked; echo, ping, captures; and what must
# fail, does. All in a namespace of its own.

. "$(dirname "$0")/tool.sh"

if ! have mytun-gen; then
	echo "1..0 # SKIP no mytun-gen: it was not built with the tests"
	exit 4
fi

COUNT=$(scaled 40000)
# What is read late has room in the queue, unless it is all of them.
RATE=4000
LARGE=$(scaled 2000)
LARGE_RATE=100
if [ "$COUNT" -le 5000 ]; then
	RATE=20000
	LARGE_RATE=500
fi
SEGMENTS=$((LARGE * 30))
# No more than fit where they wait, if they are not merged.
MERGED=4000

# The reader is there. fq_codel drops what has waited, be it for a processor.
reads() {
	until_ok at_work "$reading" &&
		until_ok tc qdisc replace dev out0 root pfifo limit 10000
}

# carry LAYER COUNT "OPTIONS OF RX" OPTIONS OF TX...: through the kernel.
carry() {
	layer=$1
	count=$2
	reader=$3
	shift 3
	# shellcheck disable=SC2086 # options
	start "$DIR/rx.json" mytun-gen rx -i out0 -l "$layer" --verify --json -Q \
		--txqueuelen 10000 --ring-size 8Mi --address 198.19.0.1/24 \
		--address 2001:2:0:1::1/64 -n "$count" -t 60 $reader
	reading=$STARTED
	reads || { stop "$reading"; return 1; }
	mytun-gen tx -i in0 -l "$layer" --json -Q --address 198.18.0.1/24 \
		--address 2001:2::1/64 -r $RATE "$@" > "$DIR/tx.json" 2>> "$DIR/log"
	sent=$?
	ended "$reading"
	received=$?
	[ $sent = 0 ] && [ $received = 0 ] &&
		expect "$DIR/rx.json" damaged = 0 missing = 0 &&
		expect "$DIR/tx.json" refused = 0 && return 0
	wrong "tx $sent, rx $received"
	cat "$DIR/tx.json" "$DIR/rx.json" >> "$DIR/log"
	return 1
}

# All of them the same number, in each layer.
layer() {
	carry "$1" "$COUNT" "" -4 --to 198.19.0.2 -s 64,1400 -n "$COUNT" &&
		expect "$DIR/rx.json" stamped = "$COUNT" disordered = 0
	result "$1: IPv4, UDP, two sizes"
	carry "$1" "$COUNT" "" -6 --to 2001:2:0:1::2 -s imix -f 50 -n "$COUNT" &&
		expect "$DIR/rx.json" disordered = 0
	result "$1: IPv6, UDP, mixed sizes, 50 flows"
	carry "$1" "$COUNT" "" --protocol tcp --to 198.19.0.2 -s 1400 -b 16 \
		-n "$COUNT"
	result "$1: IPv4, TCP"
	# A flow that moves from one queue of the reader to another has gaps.
	carry "$1" "$COUNT" "" --to 198.19.0.2 -q 4 -f 64 -n "$COUNT" &&
		grep -q '"queues": 4' "$DIR/tx.json"
	result "$1: 4 queues, 64 flows"
	carry "$1" "$LARGE" "--offload" --protocol tcp --gso 1400 \
		--to 198.19.0.2 -s 42040 -r $LARGE_RATE -n "$LARGE" &&
		expect "$DIR/rx.json" segments -ge "$SEGMENTS"
	result "$1: large TCP packets, whole"
	carry "$1" "$SEGMENTS" "" --protocol tcp --gso 1400 \
		--to 198.19.0.2 -s 42040 -r $LARGE_RATE -n "$LARGE" &&
		expect "$DIR/rx.json" disordered = 0
	result "$1: large TCP packets, cut by the stack"
	large_udp "$1"
	result "$1: large UDP packets, whole and cut"
	carry "$1" "$COUNT" "--vnet-hdr" --partial-checksum --to 198.19.0.2 \
		-s 1000 -n "$COUNT"
	result "$1: checksums that the kernel completes"
	answers "$1" 4 198.18.0.1/24 198.18.0.2
	result "$1: echo answers ping, IPv4"
	answers "$1" 6 2001:2::1/64 2001:2::2
	result "$1: echo answers ping, IPv6"
	asks "$1"
	result "$1: ping, and its latencies"
}

# LAYER: as of TCP. A kernel that does not take them from a device refuses each.
large_udp() {
	udp="--protocol udp --gso 1400 --to 198.19.0.2 -s 42028 -n $LARGE"
	# shellcheck disable=SC2086
	if takes_udp; then
		carry "$1" "$LARGE" "--offload" $udp -r $LARGE_RATE &&
			expect "$DIR/rx.json" segments -ge "$SEGMENTS" &&
			carry "$1" "$SEGMENTS" "" $udp -r $LARGE_RATE &&
			expect "$DIR/rx.json" stamped = "$SEGMENTS" disordered = 0
	else
		mytun-gen tx -i in0 -l "$1" --json -Q --address 198.18.0.1/24 \
			$udp > "$DIR/tx.json" 2>> "$DIR/log"
		[ $? = 3 ] && expect "$DIR/tx.json" refused = "$LARGE"
	fi
}

# All of one flow, which comes out of one queue: the count is that of all queues.
counted() {
	start "$DIR/echo.json" mytun-gen echo -i echo0 -l tun -q 4 -n 4 --json -Q \
		--address 198.18.0.1/24 -t 20
	echoing=$STARTED
	until_ok at_work "$echoing" &&
		ping -q -c 4 -i 0.01 198.18.0.2 >> "$DIR/log" 2>&1
	answered=$?
	ended "$echoing" && [ $answered = 0 ] &&
		expect "$DIR/echo.json" packets = 4 "seconds" -lt 20
}

# ping(8) on one side, echo on the other; each ping is answered.
PINGS=20
answers() {
	start "$DIR/echo.json" mytun-gen echo -i echo0 -l "$1" --json -Q \
		--address "$3"
	echoing=$STARTED
	until_ok at_work "$echoing" &&
		ping -"$2" -q -c $PINGS -w 20 -i 0.01 -s 500 "$4" >> "$DIR/log" 2>&1
	answered=$?
	stop "$echoing" && [ $answered = 0 ] &&
		expect "$DIR/echo.json" packets -ge $PINGS
}

asks() {
	mytun-gen ping -i ping0 -l "$1" --json -Q --address 198.18.0.1/24 \
		-n 1000 --window 8 --timeout 15 > "$DIR/ping.json" \
		2>> "$DIR/log" &&
		expect "$DIR/ping.json" packets = 1000 unanswered = 0 count = 1000 \
			p50 -ge "$(number "$DIR/ping.json" min)" \
			p99 -ge "$(number "$DIR/ping.json" p50)" \
			max -ge "$(number "$DIR/ping.json" p99.9)"
}

# All requests have one hash to the driver, and so their answers one queue.
asks_queues() {
	mytun-gen ping -i ping0 -l tun -q 4 --json -Q --address 198.18.0.1/24 \
		-n 1000 --window 8 --timeout 15 -t 60 > "$DIR/ping.json" \
		2>> "$DIR/log" &&
		expect "$DIR/ping.json" packets = 1000 unanswered = 0 late = 0 \
			count = 1000
}

# Options that change how packets are moved, and not which: all that a record has
# room for, and how long each packet took.
settings() {
	carry "$1" 200 "--busy --hash --head-room 64 --tail-room 16 --mtu 1400" \
		--timestamps --to 198.19.0.2 -s 100 -n 200 &&
		expect "$DIR/rx.json" stamped = 200 count = 200 sleeps = 0 \
			p50 -ge "$(number "$DIR/rx.json" min)" p50 -gt 0 || return 1
	carry "$1" 200 "--offload" --protocol icmp --to 198.19.0.2 -s 100 \
		-n 200 && expect "$DIR/rx.json" stamped = 200
}

# The driver has been told of them.
rooms() {
	start "$DIR/rx.text" mytun-gen rx -i room0 -l ring -Q --hash --head-room 64 \
		--tail-room 24 --ring-size 512Ki --drive thread --poll 20
	reading=$STARTED
	until_ok at_work "$reading"
	rings room0 "$DIR/rings"
	stop "$reading" && told "$DIR/rings" '"hash": true' &&
		told "$DIR/rings" '"drive": "thread"' &&
		expect "$DIR/rings" size = 524288 head_room = 64 tail_room = 24 \
			poll_us = 20
}

# So many packets at a time, and no more: each batch is one call at most.
batches() {
	for batch in 1 10 64; do
		mytun-gen tx -i in0 -l batch --json -Q --address 198.18.0.1/24 \
			-n 640 -b $batch > "$DIR/tx.json" 2>> "$DIR/log" &&
			expect "$DIR/tx.json" packets = 640 \
				batches = $((640 / batch)) || return 1
	done
}

# Where packets come from and go to, in frames, as others see it.
ends() {
	mytun-gen tx -i in0 -l "$1" --tap -Q --address 198.18.0.1/24 -r 200 -t 60 \
		--from-mac 02:00:00:00:ab:55 --to-mac 02:00:00:00:CD:77 \
		--from 198.18.0.50,5000 --to 198.19.0.2,7777 -s 100 \
		> "$DIR/tx.text" 2>> "$DIR/log" &
	sending=$!
	PIDS="$PIDS $sending"
	until_ok test -e /sys/class/net/in0
	timeout 60 tcpdump -i in0 -e -nn --immediate-mode -c 1 \
		src host 198.18.0.50 > "$DIR/dump" 2>> "$DIR/log"
	stop "$sending" && told "$DIR/dump" \
		"02:00:00:00:ab:55 > 02:00:00:00:cd:77, .* 198.18.0.50.5000 > 198.19.0.2.7777: UDP, length 72"
}

# UDP there and back, through the kernel.
asks_udp() {
	start "$DIR/echo.json" mytun-gen echo -i out0 -l "$1" --offload \
		--json -Q --address 198.19.0.1/24
	echoing=$STARTED
	until_ok at_work "$echoing" &&
		mytun-gen ping -i in0 -l "$1" --protocol udp --json -Q \
			--address 198.18.0.1/24 --to 198.19.0.2,7 -n 100 --window 4 \
			--timeout 15 -t 60 > "$DIR/ping.json" 2>> "$DIR/log"
	asked=$?
	stop "$echoing" && [ $asked = 0 ] &&
		expect "$DIR/echo.json" packets = 100 &&
		expect "$DIR/ping.json" packets = 100 count = 100
}

# What the device is not to be.
left_down() {
	start "$DIR/rx.text" mytun-gen rx -i down0 -l "$1" -Q --mtu 1234 \
		--txqueuelen 77 --no-up -t 20
	reading=$STARTED
	until_ok at_work "$reading"
	ip -o link show down0 > "$DIR/link" 2>> "$DIR/log"
	stop "$reading" && told "$DIR/link" "mtu 1234 .* state DOWN .* qlen 77" &&
		grep -q "^rx on down0, " "$DIR/rx.text" &&
		grep -q "^packets   0 in " "$DIR/rx.text"
}

# Two lines of it.
# shellcheck disable=SC2317 # until_ok calls it
progress() {
	[ "$(grep -c . "$DIR/progress")" -ge 2 ]
}

# Threads stay where they are told to; a line tells each second how it goes.
pinned() {
	mytun-gen tx -i pin0 -l batch -q 2 --cpus 1,0 --address 198.18.0.1/24 \
		-r 500 > "$DIR/tx.text" 2> "$DIR/progress" &
	running=$!
	PIDS="$PIDS $running"
	[ "$(nproc)" = 1 ] || until_ok is_pinned_to "$running" " 1 0"
	pinned=$?
	until_ok progress
	went_on=$?
	stop "$running" || return 1
	cat "$DIR/progress" >> "$DIR/log"
	[ $went_on = 0 ] || return 1
	[ "$(grep -c '^packets  .* pps, \|^calls  .* writes, \|^cpu  .* ns a ' \
		"$DIR/tx.text")" = 3 ] || wrong "no summary" || return 1
	[ $pinned = 0 ] || wrong "threads may run on:$PINNED"
}

# Who empties the TX ring.
drive() {
	carry ring "$COUNT" "" --drive "$1" --to 198.19.0.2 -s 64,1400 -n "$COUNT" &&
		expect "$DIR/rx.json" disordered = 0
}

# GRO in the driver makes large packets of small ones, which are forwarded whole:
# how many there are nobody knows before, but each segment is in one of them.
merge() {
	start "$DIR/rx.json" mytun-gen rx -i out0 -l ring --offload --verify --json \
		-Q --txqueuelen 10000 --ring-size 8Mi --address 198.19.0.1/24 -t 60
	reading=$STARTED
	reads
	mytun-gen tx -i in0 -l ring --drive napi --gro --protocol tcp -b 64 --json \
		-Q --address 198.18.0.1/24 --to 198.19.0.2 -s 1400 -n $MERGED \
		> "$DIR/tx.json" 2>> "$DIR/log"
	sent=$?
	sleep 3
	stop "$reading" && [ $sent = 0 ] &&
		expect "$DIR/rx.json" damaged = 0 missing = 0 disordered = 0 \
			stamped -le $((MERGED / 4)) segments -ge $MERGED
	merged=$?
	echo "# $MERGED segments in $(number "$DIR/rx.json" stamped) packets"
	return $merged
}

# Frames need the address of the device, which the writer has made already.
tap() {
	start "$DIR/rx.json" mytun-gen rx -i out0 -l ring --tap --verify --json -Q \
		--address 198.19.0.1/24 -n 500 -t 60
	reading=$STARTED
	until_ok ip neigh replace 198.19.0.2 lladdr 02:00:00:00:00:99 dev out0
	start "$DIR/tx.json" mytun-gen tx -i in0 -l ring --tap --json -Q \
		--address 198.18.0.1/24 --to 198.19.0.2 --to-mac 02:00:00:00:00:77 \
		-r 500 -t 60
	writing=$STARTED
	until_ok ip link set in0 address 02:00:00:00:00:77
	ended "$reading"
	received=$?
	stop "$writing" && [ $received = 0 ] && expect "$DIR/rx.json" stamped -ge 500
}

# FILE: how many packets of the test are in the capture.
# shellcheck disable=SC2317 # until_ok has it called
captured() {
	tcpdump -nn -r "$1" src net 198.18.0.0/24 2> /dev/null | wc -l
}

# shellcheck disable=SC2317 # until_ok calls it
dumped() {
	[ "$(captured "$DIR/any.pcap")" -ge "$(captured "$DIR/one.pcap")" ]
}

# What was captured is sent, captured by others, and is the same.
captures() {
	carry ring 200 "--pcap-out $DIR/one.pcap" --to 198.19.0.2 -s 60,700,1500 \
		-f 7 -n 200 || return 1
	start "$DIR/dump" tcpdump -i any -s 4096 -nn -y LINUX_SLL2 -U \
		--immediate-mode -B 4096 -w "$DIR/any.pcap" \
		src net 198.18.0.0/24 and inbound
	dumping=$STARTED
	until_ok grep -q listening "$DIR/log"
	# Not faster than tcpdump.
	carry batch 200 "--pcap-out $DIR/two.pcap" --pcap-in "$DIR/one.pcap" \
		--loops 1 -r 1000 || return 1
	until_ok dumped
	stop "$dumping"
	for file in one any; do
		# Not what the system sends of itself when a device comes up.
		tcpdump -nn -t -q -x -r "$DIR/$file.pcap" \
			src net 198.18.0.0/24 2> /dev/null |
			grep -v '^[^	]' > "$DIR/$file.text"
	done
	[ -s "$DIR/one.text" ] && cmp "$DIR/one.text" "$DIR/any.text" >> "$DIR/log" 2>&1
}

# play LEAST MOST OPTIONS OF TX...: the capture takes so many milliseconds.
play() {
	least=$1
	most=$2
	shift 2
	for _ in 1 2 3 4 5; do
		mytun-gen tx -i in0 -l ring --json -Q --address 198.18.0.1/24 \
			--pcap-in "$DIR/gap.pcap" "$@" > "$DIR/tx.json" \
			2>> "$DIR/log" || return 1
		took=$(sed -n 's/^ *"seconds": \([0-9.]*\).*/\1/p' \
			"$DIR/tx.json" | awk '{ printf "%d", $1 * 1000 }')
		echo "# $*: $took ms"
		[ "$took" -ge "$least" ] || break
		# Later than that the machine may be, but not each time.
		[ "$took" -ge "$most" ] || return 0
	done
	wrong "$*: $took ms, not $least to $most"
}

# NOW is the time in milliseconds.
milliseconds() {
	read -r NOW _ < /proc/uptime
	NOW=${NOW%.*}${NOW#*.}0
}

# COUNT: so many packets have come out of out0.
# shellcheck disable=SC2317 # until_ok calls it
came() {
	[ "$(cat /sys/class/net/out0/statistics/tx_packets)" -ge "$1" ]
}

# What was recorded with a pause of 1.2 seconds is sent with one. Where the
# machine is slow the pause was longer, up to all that recording took.
timing() {
	start "$DIR/rx.json" mytun-gen rx -i out0 -l batch --json -Q \
		--address 198.19.0.1/24 -n 20 -t 60 --pcap-out "$DIR/gap.pcap"
	reading=$STARTED
	until_ok at_work "$reading"
	milliseconds
	began=$NOW
	for half in 1 2; do
		[ $half = 1 ] || { until_ok came 10 && sleep 1.2; }
		mytun-gen tx -i in0 -Q --address 198.18.0.1/24 --to 198.19.0.2 \
			-n 10 > "$DIR/tx.text" 2>> "$DIR/log" || return 1
	done
	ended "$reading" || return 1
	milliseconds
	pause=$((NOW - began))
	# Never early; late as the machine is slow.
	play 0 1000 && play 1200 $((pause + 4000)) --speed 1 &&
		play 600 $((pause / 2 + 3000)) --speed 2 &&
		play 0 $((pause / 100 + 1000)) --speed 100 &&
		play 2400 $((pause * 2 + 5000)) --speed 1 --loops 2 &&
		play 950 3000 --rate 20 && expect "$DIR/tx.json" packets = 20
}

# One byte of the last packet's payload is another: content and sum are wrong.
damage() {
	size=$(stat -c %s "$DIR/one.pcap")
	printf '\377' | dd of="$DIR/one.pcap" bs=1 seek=$((size - 3)) conv=notrunc \
		2> /dev/null
	start "$DIR/rx.json" mytun-gen rx -i out0 -l ring --verify --json -Q \
		--address 198.19.0.1/24 -n 200 -t 60
	reading=$STARTED
	until_ok at_work "$reading"
	mytun-gen tx -i in0 -l ring -Q --address 198.18.0.1/24 -r $RATE \
		--pcap-in "$DIR/one.pcap" > "$DIR/tx.text" 2>> "$DIR/log"
	# The damaged one does not count: it waits for one more.
	until_ok came 200
	sleep 1
	kill "$reading"
	ended "$reading"
	[ $? = 3 ] && expect "$DIR/rx.json" damaged = 1 &&
		expect "$DIR/rx.json" stamped = 199
}

# LAYER: the device goes while packets are moved.
bereft() {
	for function in "tx" "rx" "echo --busy" "ping"; do
		# shellcheck disable=SC2086
		start "$DIR/gone" mytun-gen $function -i gone0 -l "$1" -q 2 -Q \
			--address 198.18.0.1/24
		working=$STARTED
		until_ok at_work "$working"
		ip link del gone0
		ended "$working"
		status=$?
		[ $status = 1 ] || wrong "$1: $function: status $status, not 1" ||
			return 1
		told "$DIR/log" "gone0, queue [01]: " && : > "$DIR/log" || return 1
	done
}

# A signal: a run that had a count is not complete then, and others are.
signals() {
	for signal in INT TERM HUP; do
		for count in "" "-n 1000000000"; do
			# shellcheck disable=SC2086
			start "$DIR/tx.json" mytun-gen tx -i sig0 --json -Q -r 1k \
				--address 198.18.0.1/24 $count
			until_ok grep -q '[1-9]' \
				/sys/class/net/sig0/statistics/rx_packets
			kill -$signal "$STARTED"
			ended "$STARTED"
			status=$?
			[ -z "$count" ] && wanted=0 || wanted=3
			[ "$status" = "$wanted" ] ||
				wrong "SIG$signal: status $status, not $wanted" ||
				return 1
			expect "$DIR/tx.json" packets -gt 0 status = "$wanted" ||
				return 1
		done
	done
}

# What the system refuses.
refusals() {
	start "$DIR/holder" mytun-gen rx -i held0 -l plain -Q
	holder=$STARTED
	until_ok at_work "$holder"
	fails 1 "held0: busy; another program has the device" \
		mytun-gen tx -i held0 -l plain -n 1
	refused=$?
	stop "$holder" && [ $refused = 0 ] &&
		fails 1 "processor 999: there is none" \
			mytun-gen tx -n 1 --cpus 999 &&
		fails 1 "IPv6 takes an MTU of 1280" \
			mytun-gen tx -n 1 --mtu 1279 --address fd94::1/64 &&
		fails 1 "not permitted; it takes CAP_NET_ADMIN" \
			setpriv --reuid=65534 --regid=65534 --clear-groups \
			--inh-caps=-all mytun-gen tx -l plain -n 1 &&
		fails 1 "there is no /dev/net/mytun: modprobe mytun" \
			unshare --mount sh -c 'mount -t tmpfs none /dev/net &&
			exec mytun-gen tx -l ring -n 1' &&
		fails 1 "there is no /dev/net/tun: modprobe tun" \
			unshare --mount sh -c 'mount -t tmpfs none /dev/net &&
			exec mytun-gen tx -l tun -n 1'
}

# A run without an end ends when its capture cannot be written any more.
lost_capture() {
	mkfifo "$DIR/pipe"
	for capture in /dev/full "$DIR/pipe"; do
		start "$DIR/rx.json" mytun-gen rx -i out0 -Q --json \
			--address 198.19.0.1/24 --pcap-out "$capture"
		reading=$STARTED
		[ "$capture" = /dev/full ] ||
			start "$DIR/read" head -c 100 "$DIR/pipe"
		until_ok at_work "$reading"
		mytun-gen tx -i in0 -Q --address 198.18.0.1/24 --to 198.19.0.2 \
			-s 1400 -n 100 -r 1k > "$DIR/tx.text" 2>> "$DIR/log"
		ended "$reading"
		[ $? = 1 ] || wrong "$capture: not 1" || return 1
		told "$DIR/log" "$capture: not everything could be written: " &&
			: > "$DIR/log" || return 1
	done
}

# What does not come is told by the status.
status() {
	mytun-gen rx -i out0 -Q -n 5 -t 0.3 --verify > /dev/null 2>> "$DIR/log"
	[ $? = 3 ] || { wrong "rx without packets: not 3"; return 1; }
	mytun-gen ping -i in0 -Q --address 198.18.0.1/24 --to 198.18.0.77 -n 2 \
		--timeout 0.2 > /dev/null 2>> "$DIR/log"
	[ $? = 3 ] || { wrong "ping without an answer: not 3"; return 1; }
	# Nothing is sent by a device that is down.
	mytun-gen tx -i in0 -Q --no-up -n 4 --json > "$DIR/tx.json" 2>> "$DIR/log"
	[ $? = 3 ] || { wrong "refused packets: not 3"; return 1; }
	expect "$DIR/tx.json" refused = 4 status = 3 || return 1
	for line in "" "draw" "rx --nonsense" "-i tun0 tx"; do
		# shellcheck disable=SC2086
		fails 2 mytun-gen mytun-gen $line || return 1
	done
	while read -r line words; do
		spaced=$(echo "$line" | tr '=' ' ')
		# shellcheck disable=SC2086
		fails 2 "$words" mytun-gen $spaced || return 1
	done <<-END
		tx=nonsense what is that
		tx=--size=20 from 28 to 65535
		tx=--size=65536 from 28 to 65535
		tx=--size=64:17 from 1 to 16
		tx=--size=, size: , is none
		tx=-6=--size=47 too small for the headers
		ping=--size=51 too small for a stamp, it takes 52
		ping=--size=64,1400 ping takes one size
		tx=--layer=none is none of best, ring, batch, plain, tun
		tx=--drive=nobody is none of caller, napi, lent, thread
		tx=--protocol=sctp is none for tx
		ping=--protocol=tcp is none for ping
		rx=--gso=1 from 24 to 65000
		rx=--gso=1400 gso is for tx
		ping=--protocol=udp=--gso=1400 gso is for tx
		tx=--protocol=icmp=--gso=1400 gso is for TCP and UDP
		tx=--protocol=icmp=--partial-checksum ICMP has no checksum
		rx=-f=2 flows is for tx
		ping=-f=2 flows is for tx; ping has one for each queue
		rx=-r=1 rate is for tx and ping
		rx=--timestamps timestamps is for tx
		tx=--window=2 window is for ping
		rx=--timeout=2 timeout is for ping
		tx=--verify verify is for rx
		rx=--pcap-in=x pcap-in is for tx
		tx=--pcap-out=x pcap-out is for rx
		rx=--pcap-out=- is no file's name
		tx=--loops=2 loops are those of a capture
		tx=--speed=1 speed is that of a capture
		tx=--pcap-in=x=--speed=0 is no number from 0.000001
		tx=--pcap-in=x=--speed=1=-r=1 speed or rate, not both
		tx=-q=4=-f=2 flows: 2 for 4 queues; each queue takes one
		tx=-q=4=--cpus=0 cpus: 1 for 4 queues
		tx=--cpus=4294967296 is no list
		tx=-q=257 from 1 to 256
		tx=-n=0 count: 0 is no number
		tx=-n=1x count: 1x is no number
		tx=-n=-1 count: -1 is no number
		tx=-n=18446744073709551615G is no number
		tx=-r=0x10 rate: 0x10 is no number
		tx=-t=0 time: 0 is no number of seconds
		tx=-t=inf time: inf is no number of seconds
		tx=--from-mac=02:00:00:00:00:01 see tap
		tx=--tap=--from-mac=2:0:0:0:0:1 is no MAC address
		tx=--tap=--to-mac=02:00:00:00:00:01:02 is no MAC address
		tx=--from=fd00::1 is no IPv4 address
		tx=-6=--to=10.0.0.1 is no IPv6 address
		tx=--to=10.0.0.1,65536 from 0 to 65535
		tx=--address=10.0.0.1 is not ADDRESS/LENGTH
		tx=--ring-size=200000 is no power of two
		tx=--ring-size=64Ki from 131072
		rx=--head-room=7 is no multiple of 8
		rx=--tail-room=4104 from 0 to 4096
		tx=--device=sixteen-letters- too long a name
		tx=--txqueuelen=1M from 1 to 524288
	END
	for name in "" . a/b "a b" a:b; do
		fails 2 "is no name" mytun-gen tx -i "$name" || return 1
	done
	# JSON is UTF-8, whatever the name is.
	mytun-gen tx -i "$(printf 'a"\033\303\274\303')" -Q -n 1 --json \
		> "$DIR/tx.json" 2>> "$DIR/log"
	grep -qF '"device": "a\"\u001b'"$(printf '\303\274')"'\u00c3"' "$DIR/tx.json" ||
		wrong "$(cat "$DIR/tx.json")" || return 1
	unwritable mytun-gen tx -i in0 -Q -n 1 &&
		unwritable mytun-gen tx -i in0 -Q -n 1 --json &&
		unwritable mytun-gen --help && unwritable mytun-gen rx --version ||
		return 1
	mytun-gen tx --pcap-in "$DIR/none" > /dev/null 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "no such capture: not 1"; return 1; }
	fails 1 "may be of another kind" mytun-gen rx -i lo || return 1
	mytun-gen rx -i out0 -Q --json -n 1 -t 0.1 --pcap-out /dev/full \
		> "$DIR/rx.json" 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "a capture without room: not 1"; return 1; }
	expect "$DIR/rx.json" status = 1 && lost_capture || return 1
	fails 1 "unknown file format" mytun-gen tx --pcap-in "$0" || return 1
	mytun-gen --help > "$DIR/help" && told "$DIR/help" "^Exit status" &&
		mytun-gen --version | grep -q '^mytun-gen [0-9]'
}

mount -t sysfs sysfs /sys
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0

echo "TAP version 13"
echo "1..65"
echo "# $COUNT packets in each direction, $RATE a second"
for one in tun plain batch ring; do
	layer $one
done
counted
result "echo: the count is of all queues together"
asks_queues
result "ping: answers that come out of another queue are answers"
pinned
result "threads are pinned, progress and summary are told"
settings ring
result "ring: rooms, hash, busy, timestamps; ICMP"
rooms
result "ring: the driver knows of rooms, hash, size, drive"
batches
result "batches are as large as they shall be"
asks_udp ring
result "ring: echo answers ping, UDP"
left_down ring
result "a device that is left down"
for one in napi lent thread; do
	drive $one
	result "ring: drive $one"
done
merge
result "ring: GRO in the driver"
tap
result "ring: frames"
if have tcpdump; then
	ends batch
	result "MAC and IP addresses and ports"
	captures
	result "captures, there and back"
	damage
	result "one byte that is wrong is found"
else
	skip "MAC and IP addresses and ports" "no tcpdump"
	skip "captures, there and back" "no tcpdump"
	skip "one byte that is wrong is found" "no tcpdump"
fi
timing
result "captures, at the times that they recorded"
bereft ring && bereft batch && bereft plain && bereft tun
result "a device that goes"
signals
result "signals"
refusals
result "what the system refuses"
if elsewhere; then
	skip "exit statuses" "$ELSEWHERE"
else
	status
	result "exit statuses"
fi
finish
