#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mytun-fwd: a tunnel between two namespaces carries ping, TCP and UDP in each
# layer, encrypted and not; and what is not of the other end, or not of this
# session, is refused and counted.
#
#      near                                         far
#   ping, iperf3                                 iperf3 -s
#   fwd0 10.93.0.1 ........ UDP datagrams ..... fwd0 10.93.0.2
#   mytun-fwd 192.0.2.1 ===== veth pair ===== 192.0.2.2 mytun-fwd

. "$(dirname "$0")/tool.sh"

for program in mytun-fwd fwd_relay; do
	if ! have $program; then
		echo "1..0 # SKIP no $program: it was not built with the tests"
		exit 4
	fi
done
if ! have iperf3; then
	echo "1..0 # SKIP no iperf3"
	exit 4
fi

KEY=$DIR/key
BYTES=$(($(scaled 20000) + 300))K
HARMED=1M
DATAGRAMS=$(scaled 40000)
LAYER=ring
RINGS_MAX=/sys/module/mytun/parameters/rings_max_mb
# The near end is in the test's own namespace.
IN_FAR="nsenter --net=/run/netns/fwd-far"

# end SIDE OPTION...: one end, whose statistics go to a file.
end() {
	side=$1
	shift
	if [ "$side" = near ]; then
		own=1
		inside=
	else
		own=2
		inside=$IN_FAR
	fi
	# shellcheck disable=SC2086
	start "$DIR/$side.json" $inside mytun-fwd -i fwd0 --json \
		--address "10.93.0.$own/24" --address "fd93::$own/64" "$@"
}

# both OPTION...: both ends, over the veth pair.
both() {
	end near -L 192.0.2.1 -R 192.0.2.2 "$@"
	NEAR=$STARTED
	end far -L 192.0.2.2 -R 192.0.2.1 "$@"
	FAR=$STARTED
}

leave() {
	stop "$NEAR" && stop "$FAR"
}

answered() {
	ping -q -c 1 -i 0.1 -w 1 10.93.0.2
}

# Both devices are there.
# shellcheck disable=SC2317 # until_ok calls it
made() {
	[ -e "/proc/$NEAR/net/dev_snmp6/fwd0" ] &&
		[ -e "/proc/$FAR/net/dev_snmp6/fwd0" ]
}

# shellcheck disable=SC2317 # until_ok calls it
both_at_work() {
	at_work "$NEAR" && at_work "$FAR"
}

# SIDE PROCESS MEMBER: what it tells when asked is not 0.
# shellcheck disable=SC2317 # until_ok calls it
counts() {
	kill -USR1 "$2"
	grep -q "\"$3\": [1-9]" "$DIR/$1.json"
}

# SIDE: what was told before the end is left out.
last() {
	# shellcheck disable=SC2016 # sed's $
	sed -n -e '/^{/{h;d' -e '}' -e 'H;${g;p' -e '}' "$DIR/$1.json" \
		> "$DIR/last" && mv "$DIR/last" "$DIR/$1.json"
}

# One after the other, since ping waits for the last ones of several no longer
# than for those before; none is lost.
each_answered() {
	for number in $(seq 20); do
		ping -q -c 1 -W 20 10.93.0.2 >> "$DIR/log" 2>&1 ||
			wrong "no answer to ping $number" || return 1
	done
}

# Nothing waits at the tunnel's sockets. Before 4.18 the kernel tells more than
# what waits.
# shellcheck disable=SC2317 # until_ok calls it
all_read() {
	if ! since 4.18; then
		sleep 1
		return
	fi
	awk '$2 ~ /:CA6D$/ && $5 !~ /:0*$/ { found = 1 } END { exit found }' \
		"/proc/$NEAR/net/udp" "/proc/$FAR/net/udp"
}

# ping OPTION...: each is answered, sooner or later.
pinged() {
	ping -q -i 0.02 -w 20 -s 1300 "$@" >> "$DIR/log" 2>&1
}

# So many that there is something to count.
pings() {
	pinged -c 10 10.93.0.2
}

# The server of iperf3, which stays; it is not there for a moment between two.
serve() {
	# shellcheck disable=SC2086
	start "$DIR/server" $IN_FAR iperf3 -s
	SERVER=$STARTED
}

# iperf3 OPTION... It ends well, too, when the server has said that it is busy.
measure() {
	for _ in $(seq 100); do
		timeout 100 iperf3 -c 10.93.0.2 -J "$@" > "$DIR/iperf3.json" \
			2>> "$DIR/log"
		status=$?
		grep -q '"error"' "$DIR/iperf3.json" || return $status
		grep -q -e 'Connection refused' -e 'server is busy' \
			"$DIR/iperf3.json" || break
		sleep 0.1
	done
	cat "$DIR/iperf3.json" >> "$DIR/log"
	kill "$SERVER"
	ended "$SERVER"
	serve
	return 1
}

# Ping, TCP both ways, UDP; and both ends have counted.
traffic() {
	until_ok made && until_ok pinged -c 10 10.93.0.2 && pinged -6 -c 5 fd93::2 &&
		measure -n "$BYTES" && measure -t 1 -R -P 4 &&
		measure -u -l 1200 -b 20M -n 240K &&
		grep -q '"packets":	[1-9]' "$DIR/iperf3.json"
}

# carries OPTION...: the whole of it, and no datagram is refused.
carries() {
	both "$@"
	traffic
	carried=$?
	leave || return 1
	for side in near far; do
		expect "$DIR/$side.json" refused_address = 0 refused_kind = 0 \
			refused_forged = 0 refused_replayed = 0 \
			out_packets -gt 100 in_packets -gt 100 \
			out_errors = 0 out_malformed = 0 out_too_long = 0 || return 1
	done
	return $carried
}

# Large packets were cut on the way out, and merged on the way in.
is_large() {
	expect "$DIR/near.json" out_large -gt 0 &&
		expect "$DIR/far.json" in_merged -gt 0
}

# Many datagrams went in one message.
is_grouped() {
	[ "$(number "$DIR/near.json" out_messages)" -lt \
		"$(number "$DIR/near.json" out_packets)" ] || wrong "nothing grouped"
}

# The kernel cuts messages since 4.18.
grouped_if_cut() {
	if since 4.18; then
		is_grouped
	else
		! is_grouped 2> /dev/null
	fi
}

# Forwarded at both ends, datagrams are merged in between and cut again by the
# stack; every byte of them is looked at, and none is missing.
datagrams() {
	both -l "$1" --vnet-hdr --txqueuelen 10000
	until_ok answered
	# fq_codel drops what has waited, be it for a processor.
	until_ok tc qdisc replace dev fwd0 root pfifo limit 10000
	# shellcheck disable=SC2086 # a program and its words
	until_ok $IN_FAR tc qdisc replace dev fwd0 root pfifo limit 10000
	ip route add 10.94.0.0/24 via 10.93.0.2
	# shellcheck disable=SC2086 # a program and its words
	start "$DIR/rx.json" $IN_FAR mytun-gen rx -i out0 --verify --json -Q \
		--txqueuelen 10000 --ring-size 8Mi --address 10.94.0.1/24 \
		-n "$DATAGRAMS" -t 200
	reading=$STARTED
	until_ok at_work "$reading"
	# shellcheck disable=SC2086 # a program and its words
	until_ok $IN_FAR tc qdisc replace dev out0 root pfifo limit 10000
	# In batches, of which something is there to be merged; if there is room.
	rate=
	[ "$DATAGRAMS" -le 1000 ] || rate="-r 4000"
	# shellcheck disable=SC2086 # an option and its value
	mytun-gen tx -i in0 -Q --address 198.18.0.1/24 --to 10.94.0.2 \
		-s 1000 $rate -n "$DATAGRAMS" > "$DIR/tx.text" 2>> "$DIR/log"
	sent=$?
	ended "$reading"
	carried=$?
	leave || return 1
	if [ $sent != 0 ] || [ $carried != 0 ]; then
		wrong "tx $sent, rx $carried"
		return 1
	fi
	expect "$DIR/rx.json" damaged = 0 missing = 0 stamped = "$DATAGRAMS" ||
		return 1
	echo "# $(number "$DIR/far.json" in_merged) of $DATAGRAMS datagrams merged"
	if takes_udp; then
		expect "$DIR/far.json" in_merged -gt 0
	else
		expect "$DIR/far.json" in_merged = 0
	fi
}

# harm HARM: with somebody on the way. ADDED is what that one has added.
harm() {
	# shellcheck disable=SC2086
	start "$DIR/relay" fwd_relay 192.0.2.1 7001 51821 192.0.2.2 51821 \
		"$1" 10
	relay=$STARTED
	end near -L 192.0.2.1 -R 192.0.2.1,7001 --key "$KEY" -l $LAYER
	NEAR=$STARTED
	end far -L 192.0.2.2 -R 192.0.2.1,7002 --key "$KEY" -l $LAYER
	FAR=$STARTED
	until_ok answered && each_answered && measure -n "$HARMED"
	carried=$?
	stop "$relay"
	ADDED=$(cat "$DIR/relay")
	# What was on the way has arrived.
	until_ok all_read || carried=1
	stop "$NEAR"
	stop "$FAR"
	if [ $carried != 0 ] || [ "$ADDED" -le 10 ]; then
		wrong "harm $1: added $ADDED"
	fi
}

# The sum of what one end has refused is what REASON says, and nothing else.
refused() {
	for reason in address kind session forged replayed; do
		if [ $reason = "$2" ]; then
			expect "$DIR/$1.json" refused_$reason = "$ADDED" || return 1
		else
			expect "$DIR/$1.json" refused_$reason = 0 || return 1
		fi
	done
}

# One end has another key: not a packet passes.
wrong_key() {
	end near -L 192.0.2.1 -R 192.0.2.2 --key "$KEY" -l $LAYER
	NEAR=$STARTED
	end far -L 192.0.2.2 -R 192.0.2.1 --key "$DIR/other" -l $LAYER
	FAR=$STARTED
	until_ok both_at_work && until_ok counts near "$NEAR" refused_forged &&
		until_ok counts far "$FAR" refused_forged &&
		{ ! answered > /dev/null || wrong "another key, and an answer"; }
	passed=$?
	leave && [ $passed = 0 ] && for side in near far; do
		last $side
		expect "$DIR/$side.json" refused_forged -gt 0 in_packets = 0 &&
			grep -q '"session": false' "$DIR/$side.json" || return 1
	done
}

# One end encrypts, the other does not.
one_sided() {
	end near -L 192.0.2.1 -R 192.0.2.2 -l $LAYER
	NEAR=$STARTED
	end far -L 192.0.2.2 -R 192.0.2.1 --key "$KEY" -l $LAYER
	FAR=$STARTED
	until_ok both_at_work && until_ok counts near "$NEAR" refused_kind &&
		until_ok counts far "$FAR" refused_kind &&
		{ ! answered > /dev/null || wrong "no key, and an answer"; }
	passed=$?
	leave && [ $passed = 0 ] && for side in near far; do
		last $side
		expect "$DIR/$side.json" refused_kind -gt 0 in_packets = 0 ||
			return 1
	done
}

# Datagrams of somebody else, with and without the right header.
stranger() {
	both -l $LAYER
	until_ok answered
	printf '\002\000\000\000E\000\000\024' | socat -u - \
		UDP4-SENDTO:192.0.2.2:51821,bind=192.0.2.1:7005
	until_ok counts far "$FAR" refused_address
	leave && last far && expect "$DIR/far.json" refused_address = 1
}

# One end ends and starts again: a new session, and no old datagram counts.
restart() {
	both --key "$KEY" -l $LAYER
	until_ok answered || return 1
	stop "$FAR"
	end far -L 192.0.2.2 -R 192.0.2.1 --key "$KEY" -l $LAYER
	FAR=$STARTED
	until_ok answered || return 1
	kill "$NEAR"
	ended "$NEAR"
	end near -L 192.0.2.1 -R 192.0.2.2 --key "$KEY" -l $LAYER
	NEAR=$STARTED
	until_ok answered && each_answered
	passed=$?
	leave && [ $passed = 0 ] && expect "$DIR/near.json" refused_forged = 0
}

# Once, and twice by itself.
# shellcheck disable=SC2317 # until_ok calls it
asked_thrice() {
	[ "$(grep -c '"program"' "$DIR/near.json")" -ge 3 ]
}

# Statistics when they are asked for, and so often.
asked() {
	both -l $LAYER --interval 0.5
	until_ok answered
	kill -USR1 "$NEAR"
	until_ok grep -q '"out_packets"' "$DIR/near.json"
	until_ok asked_thrice
	leave && [ "$(grep -c '"program"' "$DIR/near.json")" -ge 4 ] &&
		expect "$DIR/near.json" cpu_ns -gt 0
}

# Each thread on the processor that was named for it, at both ends.
pinned() {
	both -l $LAYER -q 2 --cpus 1,0
	until_ok answered
	[ "$(nproc)" = 1 ] || {
		until_ok is_pinned_to "$NEAR" " 1 0" &&
			until_ok is_pinned_to "$FAR" " 1 0"
	}
	pinned=$?
	leave || return 1
	[ $pinned = 0 ] || wrong "threads may run on:$PINNED"
}

# One that is busy never sleeps, and carries what it should; another does.
busy() {
	end near -L 192.0.2.1 -R 192.0.2.2 -l $LAYER --busy
	NEAR=$STARTED
	end far -L 192.0.2.2 -R 192.0.2.1 -l $LAYER
	FAR=$STARTED
	until_ok made && until_ok pings
	carried=$?
	leave && [ $carried = 0 ] &&
		expect "$DIR/near.json" sleeps = 0 out_packets -ge 10 &&
		expect "$DIR/far.json" sleeps -gt 0
}

# One packet for each call, both ways, and so one datagram for each.
one_by_one() {
	carries -l $LAYER -b 1 --no-udp-gro && for side in near far; do
		numbers "$DIR/$side.json"
		value out_packets
		expect "$DIR/$side.json" out_packets -gt 100 \
			out_messages = "$VALUE" out_calls -ge "$VALUE" || return 1
		value in_messages
		expect "$DIR/$side.json" in_calls -ge "$VALUE" || return 1
	done
}

# DRIVE: what the driver says of rings and their drive is what was asked for.
driven() {
	both -l ring --drive "$1" --poll 70 --ring-size 256Ki
	until_ok answered
	rings fwd0 "$DIR/rings"
	leave && told "$DIR/rings" "\"drive\": \"$1\"" || return 1
	if [ "$1" = thread ]; then
		expect "$DIR/rings" poll_us = 70 || return 1
	fi
	# Room for a datagram's header and tag is in each record of the ring.
	expect "$DIR/rings" size = 262144 head_room = 16 tail_room = 16 &&
		[ "$(grep -c '"size": 262144' "$DIR/rings")" = 2 ]
}

# A thread that sleeps is woken later: the driver was told, and the tunnel
# carries what it should. A layer without rings cannot do it.
coalesced() {
	both -l ring --coalesce 16,3000
	traffic
	carried=$?
	rings fwd0 "$DIR/rings"
	leave && [ $carried = 0 ] &&
		expect "$DIR/rings" wake_packets = 16 wake_usecs = 3000 &&
		fails 1 "the layer is not ring" mytun-fwd -i fwd0 -L 192.0.2.1 \
			-R 192.0.2.2 -l batch --coalesce 16,3000
}

# Whatever layer there is will do: where no memory is left for rings, without.
coalesced_without_rings() {
	allowed=$(cat "$RINGS_MAX")
	echo 0 > "$RINGS_MAX"
	carries -l best --coalesce 16,3000 &&
		told "$DIR/log" "no rings: who sleeps is woken"
	carried=$?
	echo "$allowed" > "$RINGS_MAX"
	return $carried
}

# BYTES: the path between the ends carries so much.
path() {
	ip link set dev veth0 mtu "$1" && ip -n fwd-far link set dev veth0 mtu "$1"
}

# FRAGMENTS is how many IP packets the near end has cut so far.
fragments() {
	FRAGMENTS=$(awk '$1 == "Ip:" && column { print $column }
		$1 == "Ip:" { for (i = 2; i <= NF; i++)
			if ($i == "FragCreates") column = i }' /proc/net/snmp)
}

# Of a path of 1400 bytes: one end that does not know cuts its datagrams, and
# loses none; one that was told has a device that is smaller, and cuts none.
path_mtu() {
	fragments
	before=$FRAGMENTS
	carries -l $LAYER --vnet-hdr --key "$KEY" &&
		expect "$DIR/near.json" mtu = 1440 out_errors = 0 || return 1
	fragments
	[ "$FRAGMENTS" -gt "$before" ] || wrong "nothing was cut" || return 1
	before=$FRAGMENTS
	both -l $LAYER --vnet-hdr --key "$KEY" --path-mtu 1400
	traffic
	carried=$?
	fits 1340
	fitted=$?
	leave && [ $carried = 0 ] && [ $fitted = 0 ] &&
		expect "$DIR/near.json" mtu = 1340 out_errors = 0 || return 1
	fragments
	[ "$FRAGMENTS" = "$before" ] || wrong "$((FRAGMENTS - before)) fragments"
}

shorter_path() {
	path 1400 && path_mtu
	passed=$?
	path 1500 && return $passed
}

# BYTES: a packet of so many goes through the tunnel, and none that is longer.
fits() {
	ping -q -c 1 -w 20 -M "do" -s $(($1 - 28)) 10.93.0.2 >> "$DIR/log" 2>&1 ||
		return 1
	ping -c 1 -w 2 -M "do" -s $(($1 - 27)) 10.93.0.2 > "$DIR/ping" 2>&1
	# As one version of ping says it or another; at times without the number.
	told "$DIR/ping" "mtu[=:] *$1\|Message too long"
}

# BYTES: LOST is how many datagrams an end with such a buffer lost, while it did
# not look.
stands_still() {
	end near -L 192.0.2.1 -R 192.0.2.2 -l $LAYER
	NEAR=$STARTED
	end far -L 192.0.2.2 -R 192.0.2.1 -l $LAYER --socket-buffer "$1"
	FAR=$STARTED
	until_ok answered
	kill -STOP "$FAR"
	ping -q -c 60 -i 0.01 -W 1 -s 1300 10.93.0.2 > "$DIR/ping" 2>&1
	# Of port 51821.
	LOST=$($IN_FAR sed -n 's/ *$//; s/^.*:CA6D .* //p' /proc/net/udp)
	kill -CONT "$FAR"
	leave
}

socket_buffers() {
	stands_still 8Ki || return 1
	[ "$LOST" -gt 0 ] || wrong "8 KiB were enough" || return 1
	echo "# $LOST of 60 datagrams had no room in 8 KiB"
	stands_still 4Mi || return 1
	[ "$LOST" = 0 ] || wrong "$LOST lost with 4 MiB"
}

# What it sets of its interface.
interface() {
	both -l $LAYER --mtu 1345 --txqueuelen 77 --no-up --path-mtu 9000
	until_ok made
	until_ok both_at_work
	ip -o link show dev fwd0 > "$DIR/link" 2>> "$DIR/log"
	leave && told "$DIR/link" "mtu 1345 .* state DOWN .* qlen 77"
}

# Statistics for people: in words, and what is 0 is left out.
in_words() {
	for queues in 1 2; do
		start "$DIR/words" mytun-fwd -i fwd0 -L 192.0.2.1 -R 192.0.2.2 \
			-l $LAYER -q $queues --address 10.93.0.1/24 --key "$KEY"
		NEAR=$STARTED
		until_ok at_work "$NEAR"
		kill -USR1 "$NEAR"
		until_ok told "$DIR/words" ", no session yet$"
		end far -L 192.0.2.2 -R 192.0.2.1 -l $LAYER --key "$KEY"
		FAR=$STARTED
		until_ok answered && pings
		carried=$?
		leave && [ $carried = 0 ] || return 1
		[ $queues = 1 ] && said="1 queue" || said="2 queues"
		told "$DIR/words" "^fwd0, $LAYER, $said, [0-9.]* s, sealed$" &&
			told "$DIR/words" "^ *[1-9][0-9]*  packets sent through the tunnel$" &&
			told "$DIR/words" "^ *[1-9][0-9]*  packets received through the tunnel$" &&
			told "$DIR/words" "^ *[1-9][0-9]*  times that a thread slept$" ||
			return 1
		if grep -q -e "^ *0 " -e "another address" "$DIR/words"; then
			wrong "a zero is told: $(cat "$DIR/words")"
			return 1
		fi
	done
}

# It goes on where its statistics cannot be written, and its status tells.
unread() {
	mkfifo "$DIR/pipe"
	for output in /dev/full "$DIR/pipe"; do
		# Whoever reads from the pipe has read enough at once.
		[ "$output" = /dev/full ] || head -c 1 "$DIR/pipe" > /dev/null &
		mytun-fwd -i fwd0 -L 192.0.2.1 -R 192.0.2.2 -l $LAYER \
			--address 10.93.0.1/24 --interval 0.2 --json \
			> "$output" 2> "$DIR/said" &
		NEAR=$!
		PIDS="$PIDS $NEAR"
		end far -L 192.0.2.2 -R 192.0.2.1 -l $LAYER
		FAR=$STARTED
		until_ok answered && until_ok told "$DIR/said" "standard output: " &&
			pings
		carried=$?
		kill "$NEAR"
		ended "$NEAR"
		told=$?
		stop "$FAR" && [ $carried = 0 ] || return 1
		[ $told = 1 ] || wrong "$output: status $told, not 1" || return 1
		[ "$(grep -c . "$DIR/said")" = 1 ] || wrong "said more than once" ||
			return 1
	done
}

# Each signal that ends it is no failure, with packets on the way.
signals() {
	for signal in INT TERM HUP; do
		both -l $LAYER --key "$KEY"
		until_ok answered
		ping -q -c 400 -i 0.002 -w 2 10.93.0.2 > "$DIR/ping" 2>&1 &
		pinging=$!
		sleep 0.3
		kill -$signal "$NEAR"
		ended "$NEAR" || wrong "SIG$signal: status $?" || return 1
		# It is not told of by the shell.
		kill -INT $pinging
		wait $pinging
		stop "$FAR" && expect "$DIR/near.json" out_packets -gt 0 ||
			return 1
	done
}

# LAYER: its device goes while it works.
bereft() {
	both -l "$1"
	until_ok answered
	ip link del fwd0
	ended "$NEAR"
	bereaved=$?
	stop "$FAR"
	[ $bereaved = 1 ] || wrong "$1: status $bereaved, not 1" || return 1
	told "$DIR/log" "fwd0, queue 0: " && : > "$DIR/log"
}

# What the system refuses.
refusals() {
	start "$DIR/holder" mytun-fwd -i fwd0 -L 192.0.2.1 -R 192.0.2.2 -l $LAYER
	holder=$STARTED
	until_ok at_work "$holder"
	fails 1 "fwd0: busy; another program has the device" \
		mytun-fwd -i fwd0 -L 192.0.2.1,9 -R 192.0.2.2 -l $LAYER &&
		fails 1 "local address.*in use" \
			mytun-fwd -i fwd1 -L 192.0.2.1 -R 192.0.2.2 -l $LAYER &&
		fails 1 "local address.*in use" \
			mytun-fwd -i fwd1 -L 0.0.0.0 -R 192.0.2.2 -l $LAYER
	refused=$?
	stop "$holder" && [ $refused = 0 ] &&
		fails 1 "local address.*assign" \
			mytun-fwd -L 203.0.113.9 -R 192.0.2.2 -l $LAYER &&
		fails 1 "processor 999: there is none" \
			mytun-fwd -L 192.0.2.1 -R 192.0.2.2 -l $LAYER --cpus 999 &&
		fails 1 "IPv6 takes an MTU of 1280" \
			mytun-fwd -L 192.0.2.1 -R 192.0.2.2 -l $LAYER --mtu 1279 \
			--address fd94::1/64 &&
		fails 1 "not permitted; it takes CAP_NET_ADMIN" \
			setpriv --reuid=65534 --regid=65534 --clear-groups \
			--inh-caps=-all mytun-fwd -L 192.0.2.1 -R 192.0.2.2 -l $LAYER &&
		fails 1 "$DIR/none: No such file" \
			mytun-fwd -L 192.0.2.1 -R 192.0.2.2 --key "$DIR/none"
}

# Keys and command lines that are refused.
statuses() {
	[ "$(stat -c %a "$KEY")" = 600 ] || { wrong "mode of the key"; return 1; }
	mytun-fwd --generate-key "$KEY" 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "a key is written over: not 1"; return 1; }
	echo short > "$DIR/short"
	timeout 20 mytun-fwd -L 192.0.2.1 -R 192.0.2.2 --key "$DIR/short" 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "a short key: not 1"; return 1; }
	fails 1 "may be of another kind" mytun-fwd -i lo -L 192.0.2.1 -R 192.0.2.2 ||
		return 1
	for line in "" "-L 192.0.2.1" "-L 192.0.2.1 -R fd00::1" "--nonsense" \
		"-L 192.0.2.1,0 -R 192.0.2.2" "-L 192.0.2.1,65536 -R 192.0.2.2" \
		"-L 192.0.2 -R 192.0.2.2" "-L fe80::1 -R fe80::2%lo" \
		"-L 2001:db8::1%lo -R 2001:db8::2" "-L fe80::1%lo -R fe80::2%none" \
		"-L fe80::1%lo -R fe80::2%0"; do
		# shellcheck disable=SC2086
		fails 2 mytun-fwd mytun-fwd $line || return 1
	done
	while read -r option words; do
		spaced=$(echo "$option" | tr '=' ' ')
		# shellcheck disable=SC2086
		fails 2 "$words" mytun-fwd -L 192.0.2.1 -R 192.0.2.2 \
			$spaced || return 1
	done <<-END
		--mtu=1500 mtu: with a path of 1500 it is 1468 at most
		--path-mtu=575 from 576 to 65535
		--cipher=none is none of xchacha20-poly1305, chacha20-poly1305
		--cipher=chacha20-poly1305 without --key nothing is encrypted
		--batch=0 from 1 to 256
		--batch=257 from 1 to 256
		--queues=257 from 1 to 256
		--queues=0x2 from 1 to 256
		--cpus=0-4294967296 is no list
		--cpus=1,,2 is no list
		--queues=2=--cpus=0 cpus: 1 for 2 queues
		--ring-size=200000 is no power of two
		--ring-size=64Ki from 131072 to 268435456
		--ring-size=18446744073709551617 from 131072
		--socket-buffer=4095 from 4096
		--address=10.0.0.1 is not ADDRESS/LENGTH
		--address=10.0.0.1/33 is not ADDRESS/LENGTH
		--address=fd00::1/-1 is not ADDRESS/LENGTH
		--address=10.0.0.1/8=--address=10.0.0.2/8 second one of IPv4
		--interval=0.05 no number of seconds from 0.1
		--interval=nan no number of seconds
		--coalesce=64 is not PACKETS,MICROSECONDS
		--coalesce=1,50 no number of packets from 2 on
		--coalesce=64,1000001 no number of microseconds up to a million
		--drive=nobody is none of caller, napi, lent, thread
		--layer=none is none of best, ring, batch, plain, tun
		--device=sixteen-letters- too long a name
		more what is that
	END
	unwritable mytun-fwd --help && unwritable mytun-fwd --version &&
		mytun-fwd --help > "$DIR/help" && told "$DIR/help" "^Exit status" &&
		mytun-fwd -V | grep -q '^mytun-fwd [0-9]'
}

mount -t sysfs sysfs /sys
# Names of our own, whatever an earlier run has left.
mkdir -p /run/netns
mount -t tmpfs none /run/netns
NAMESPACES=fwd-far
ip netns add fwd-far
ip link add veth0 type veth peer name veth0 netns fwd-far
for own in 1 2; do
	[ $own = 1 ] && inside= || inside="-n fwd-far"
	# shellcheck disable=SC2086
	ip $inside -b - <<-END
		addr add 192.0.2.$own/24 dev veth0
		addr add 2001:db8::$own/64 dev veth0 nodad
		addr add fe80::$own/64 dev veth0 nodad
		link set lo up
		link set veth0 up
	END
done
sysctl -qw net.ipv4.ip_forward=1
$IN_FAR sysctl -qw net.ipv4.ip_forward=1
serve
mytun-fwd --generate-key "$KEY"
mytun-fwd --generate-key "$DIR/other"

echo "TAP version 13"
echo "1..51"
echo "# $BYTES of TCP, and a second of it back"
for layer in tun plain batch ring; do
	carries -l $layer && grouped_if_cut
	result "$layer"
	carries -l $layer --key "$KEY" && grouped_if_cut
	result "$layer, sealed"
	carries -l $layer --vnet-hdr && is_large
	result "$layer, large packets"
	carries -l $layer --vnet-hdr --key "$KEY" && is_large
	result "$layer, large packets, sealed"
done
for layer in tun ring; do
	if have mytun-gen; then
		datagrams $layer
		result "$layer, datagrams merged"
	else
		skip "$layer, datagrams merged" "no mytun-gen"
	fi
done
carries -l $LAYER -q 2 --key "$KEY" --cipher chacha20-poly1305
result "2 queues, the other cipher"
carries -l $LAYER --vnet-hdr -q 4 --drive napi --key "$KEY"
result "4 queues, large packets, NAPI"
carries -l $LAYER --drive napi --gro
result "GRO in the driver"
carries -l $LAYER --no-udp-segment --no-udp-gro --key "$KEY" &&
	! is_grouped 2> /dev/null && : > "$DIR/log"
result "each datagram by itself"
carries -l $LAYER --tap --key "$KEY"
result "frames"
end near -L 2001:db8::1 -R 2001:db8::2 -l $LAYER --key "$KEY"
NEAR=$STARTED
end far -L 2001:db8::2 -R 2001:db8::1 -l $LAYER --key "$KEY"
FAR=$STARTED
traffic && leave
result "over IPv6"
end near -L fe80::1%veth0 -R fe80::2%veth0,51821 -l $LAYER --key "$KEY"
NEAR=$STARTED
end far -L fe80::2%veth0,51821 -R fe80::1%veth0 -l $LAYER --key "$KEY"
FAR=$STARTED
traffic && leave
result "over link-local IPv6"
harm tamper && refused far forged
result "tampered datagrams are refused"
harm forge && refused far forged
result "forged datagrams are refused"
harm plain && refused far kind
result "plain datagrams are refused where they must be sealed"
harm replay && refused far replayed
result "replayed datagrams are refused"
harm reflect && refused near replayed
result "reflected datagrams are refused"
harm greet && refused far greetings
result "greetings that come again change nothing"
wrong_key && one_sided
result "another key, or none at one end"
if have socat; then
	stranger
	result "datagrams of a stranger are refused"
else
	skip "datagrams of a stranger are refused" "no socat"
fi
restart && asked
result "restart, statistics"
pinned
result "threads stay on their processors"
busy
result "one end is busy"
one_by_one
result "one packet at a time"
for drive in caller lent thread; do
	driven $drive
	result "drive $drive, smaller rings"
done
coalesced
result "coalesced wake-ups"
coalesced_without_rings
result "no rings to coalesce wake-ups of"
shorter_path
result "paths that carry less"
socket_buffers
result "buffers of sockets"
interface
result "what is set of the interface"
in_words
result "statistics in words"
unread
result "statistics that cannot be written"
signals
result "signals"
bereft ring && bereft batch && bereft plain && bereft tun
result "a device that goes"
refusals
result "what the system refuses"
if elsewhere; then
	skip "exit statuses" "$ELSEWHERE"
else
	statuses
	result "exit statuses"
fi
finish
