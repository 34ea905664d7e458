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

# ping OPTION...: each is answered, sooner or later.
pinged() {
	ping -q -i 0.02 -w 20 -s 1300 "$@" >> "$DIR/log" 2>&1
}

# The server of iperf3, which stays; it is not there for a moment between two.
serve() {
	# shellcheck disable=SC2086
	start "$DIR/server" $IN_FAR iperf3 -s
	SERVER=$STARTED
}

# iperf3 OPTION... It ends well, too, when the server has said that it is busy.
measure() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
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

# Since Linux 6.2 a device takes large UDP packets.
takes_udp() {
	[ "$(printf '%s\n' 6.2 "$(uname -r)" | sort -V | head -n 1)" = 6.2 ]
}

# Forwarded at both ends, datagrams are merged in between and cut again by the
# stack; every byte of them is looked at, and none is missing.
datagrams() {
	both -l "$1" --vnet-hdr --txqueuelen 10000
	until_ok answered
	ip route add 10.94.0.0/24 via 10.93.0.2
	# shellcheck disable=SC2086 # a program and its words
	start "$DIR/rx.json" $IN_FAR mytun-gen rx -i out0 --verify --json -Q \
		--txqueuelen 10000 --ring-size 8Mi --address 10.94.0.1/24 \
		-n "$DATAGRAMS" -t 90
	reading=$STARTED
	until_ok at_work "$reading"
	mytun-gen tx -i in0 -Q --address 198.18.0.1/24 --to 10.94.0.2 \
		-s 1000 -r 4000 -n "$DATAGRAMS" > "$DIR/tx.text" 2>> "$DIR/log"
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
	until_ok answered && ping -q -c 20 -i 0.02 10.93.0.2 \
		> "$DIR/ping" 2>&1 && measure -n "$HARMED"
	carried=$?
	stop "$NEAR"
	# What is on the way arrives.
	sleep 0.3
	stop "$relay"
	ADDED=$(cat "$DIR/relay")
	stop "$FAR"
	cat "$DIR/ping" >> "$DIR/log"
	if [ $carried != 0 ] || [ "$ADDED" -le 10 ] ||
			! grep -q ' 0% packet loss' "$DIR/ping"; then
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
	until_ok made
	sleep 0.5
	! answered > /dev/null || wrong "another key, and an answer"
	passed=$?
	leave && [ $passed = 0 ] && for side in near far; do
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
	until_ok made
	sleep 0.5
	! answered > /dev/null || wrong "no key, and an answer"
	passed=$?
	leave && [ $passed = 0 ] && for side in near far; do
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
	sleep 0.3
	leave && expect "$DIR/far.json" refused_address = 1
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
	until_ok answered && ping -q -c 20 -i 0.02 10.93.0.2 \
		> "$DIR/ping" 2>&1 && grep -q ' 0% packet loss' "$DIR/ping"
	passed=$?
	leave && [ $passed = 0 ] && expect "$DIR/near.json" refused_forged = 0
}

# Statistics when they are asked for, and so often.
asked() {
	both -l $LAYER --interval 0.5
	until_ok answered
	kill -USR1 "$NEAR"
	until_ok grep -q '"out_packets"' "$DIR/near.json"
	sleep 1.3
	leave && [ "$(grep -c '"program"' "$DIR/near.json")" -ge 4 ] &&
		expect "$DIR/near.json" cpu_ns -gt 0
}

# Keys and command lines that are refused.
statuses() {
	[ "$(stat -c %a "$KEY")" = 600 ] || { wrong "mode of the key"; return 1; }
	mytun-fwd --generate-key "$KEY" 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "a key is written over: not 1"; return 1; }
	echo short > "$DIR/short"
	timeout 20 mytun-fwd -L 192.0.2.1 -R 192.0.2.2 --key "$DIR/short" 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "a short key: not 1"; return 1; }
	timeout 20 mytun-fwd -i lo -L 192.0.2.1 -R 192.0.2.2 2>> "$DIR/log"
	[ $? = 1 ] || { wrong "a device of another kind: not 1"; return 1; }
	for line in "" "-L 192.0.2.1" "-L 192.0.2.1 -R fd00::1" \
		"-L 192.0.2.1,0 -R 192.0.2.2" "-L 192.0.2.1 -R 192.0.2.2 --mtu 1500" \
		"-L 192.0.2.1 -R 192.0.2.2 --cipher none" "--nonsense"; do
		# shellcheck disable=SC2086
		timeout 20 mytun-fwd $line > /dev/null 2>&1
		[ $? = 2 ] || { wrong "mytun-fwd $line: not 2"; return 1; }
	done
	mytun-fwd --help | grep -q '^Exit status' && mytun-fwd --version | grep -q .
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
echo "1..34"
echo "# $BYTES of TCP, and a second of it back"
for layer in tun plain batch ring; do
	carries -l $layer && is_grouped
	result "$layer"
	carries -l $layer --key "$KEY" && is_grouped
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
if elsewhere; then
	skip "exit statuses" "$ELSEWHERE"
else
	statuses
	result "exit statuses"
fi
finish
