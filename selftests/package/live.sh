#!/bin/dash
# SPDX-License-Identifier: GPL-2.0
#
# In a test machine with mytun-dkms: change the package under a tunnel that
# carries traffic. live.sh upgrade OLD NEW DEB BUILT, then live.sh remove VERSION.
# BUILT is what "dkms mktarball" made of the version NEW elsewhere: compiling it
# in an emulated machine would take minutes.
#
#      namespace near                       namespace far
#   ping, socat (TCP)                           socat
#        |                                        |
#   vpn0 10.96.0.1                           vpn0 10.96.0.2
#        | /dev/net/mytun          /dev/net/mytun |
#     openvpn  10.97.0.1 ==== veth ==== 10.97.0.2  openvpn
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

work=$(mktemp -d)
children=
node=/dev/net/mytun

fail()
{
	echo "FAILED: $*"
	for log in "$work"/*.log; do
		echo "== $log"
		tail -n 20 "$log"
	done
	exit 1
}

cleanup()
{
	for child in $children; do
		kill "$child" 2>/dev/null || true
	done
	for name in near far; do
		ip netns del "$name" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap cleanup EXIT

# until_true SECONDS COMMAND...
until_true()
{
	tries=$(($1 * 5))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.2
	done
}

# start_in NAMESPACE LOG COMMAND...: in the background; its id is in $started.
start_in()
{
	space=$1
	log=$2
	shift 2
	ip netns exec "$space" "$@" >"$work/$log.log" 2>&1 &
	started=$!
	children="$children $started"
}

start_openvpn()
{
	crypto="--cipher none --auth none"
	if openvpn --help | grep -q allow-deprecated-insecure; then
		crypto="$crypto --allow-deprecated-insecure-static-crypto"
	fi
	# shellcheck disable=SC2086
	start_in near openvpn-near openvpn --dev vpn0 --dev-type tun \
		--dev-node "$node" --ifconfig 10.96.0.1 10.96.0.2 \
		--local 10.97.0.1 --remote 10.97.0.2 $crypto
	near=$started
	# shellcheck disable=SC2086
	start_in far openvpn-far openvpn --dev vpn0 --dev-type tun \
		--dev-node "$node" --ifconfig 10.96.0.2 10.96.0.1 \
		--local 10.97.0.2 --remote 10.97.0.1 $crypto
	far=$started
	until_true 60 ip netns exec near ping -c 1 -W 1 10.96.0.2 >"$work/first.log" ||
		fail "the tunnel does not come up"
}

holds_node()
{
	readlink "/proc/$1"/fd/* | grep -qx "$node"
}

# The tunnel, and in it a ping and a TCP connection that go on until told.
tunnel_up()
{
	ip netns add near
	ip netns add far
	ip link add veth0 netns near type veth peer name veth0 netns far
	ip -n near addr add 10.97.0.1/24 dev veth0
	ip -n far addr add 10.97.0.2/24 dev veth0
	ip -n near link set veth0 up
	ip -n far link set veth0 up
	start_openvpn
	start_in far receiver socat -u TCP-LISTEN:9000 "CREATE:$work/received"
	receiver=$started
	until_true 30 listening || fail "socat does not listen"
	(
		line=0
		while [ ! -e "$work/enough" ]; do
			line=$((line + 100))
			seq "$line" "$((line + 99))"
			sleep 0.2
		done
	) | tee "$work/sent" | ip netns exec near socat -u STDIN TCP:10.96.0.2:9000 \
		>"$work/sender.log" 2>&1 &
	sender=$!
	start_in near ping ping -n -i 0.1 -s 1000 10.96.0.2
	pinger=$started
	until_true 30 replies_from 10 || fail "no traffic before"
}

listening()
{
	ip netns exec far ss -Hltn 'sport = :9000' | grep -q .
}

replies()
{
	grep -c 'bytes from' "$work/ping.log" || true
}

replies_from()
{
	[ "$(replies)" -ge "$1" ]
}

# tunnel_during COMMAND...: run it, and see traffic meanwhile and afterwards.
tunnel_during()
{
	pings=$(replies)
	bytes=$(stat -c %s "$work/received")
	"$@" >"$work/command.log" 2>&1 || fail "$*: exit status $?"
	during=$(($(replies) - pings))
	more=$(($(stat -c %s "$work/received") - bytes))
	echo "while it ran: $during replies to ping, $more bytes of TCP"
	[ "$during" -ge 10 ] || fail "$during replies to ping while it ran"
	[ "$more" -gt 0 ] || fail "no TCP while it ran"
	until_true 60 replies_from $((pings + during + 10)) || fail "no traffic after"
}

# Everything that was sent has arrived, once, by the same daemons.
tunnel_complete()
{
	for daemon in $near $far; do
		holds_node "$daemon" || fail "openvpn $daemon does not have $node open"
	done
	: >"$work/enough"
	wait "$sender" || fail "the TCP connection broke"
	wait "$receiver" || fail "the TCP connection broke at its far end"
	cmp "$work/sent" "$work/received" || fail "TCP lost or changed data"
	# What was sent last may not have come back, and so is not looked at.
	kill "$pinger"
	wait "$pinger" || true
	sed -n 's/.* icmp_seq=\([0-9]*\) .*/\1/p' "$work/ping.log" | sort -n >"$work/came"
	seq "$(tail -n 1 "$work/came")" >"$work/went"
	echo "$(wc -l <"$work/went") pings, $(wc -l <"$work/came") replies, $(wc -c <"$work/sent") bytes of TCP"
	diff "$work/went" "$work/came" || fail "pings were lost or doubled"
	for space in near far; do
		ip -n "$space" -s -j link show vpn0 >"$work/counters"
		! grep -Eq '"(dropped|errors)":[1-9]' "$work/counters" ||
			fail "counters of $space: $(cat "$work/counters")"
	done
}

tunnel_down()
{
	kill "$near" "$far"
	wait "$near" || true
	wait "$far" || true
	# A device goes a moment after the file.
	until_true 10 rmmod mytun 2>"$work/rmmod.log" ||
		fail "the module stays in use"
}

apt()
{
	apt-get -y -q --no-install-recommends -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-unsafe-io "$@"
}

loaded()
{
	cat /sys/module/mytun/version 2>/dev/null || echo none
}

upgrade()
{
	[ "$(loaded)" = "$1" ] || fail "version $(loaded) is loaded, not $1"
	# Where the scriptlet of dh_dkms looks for it.
	mkdir -p /usr/share/mytun-dkms
	cp "$4" "/usr/share/mytun-dkms/mytun-$2.dkms.tar.gz"
	tunnel_up
	tunnel_during apt install "$3"
	rm -r /usr/share/mytun-dkms
	[ "$(loaded)" = "$1" ] || fail "version $(loaded) was loaded meanwhile"
	[ "$(modinfo -F version mytun)" = "$2" ] || fail "the module on disk is not $2"
	[ "$(dkms status -m mytun | wc -l)" = 1 ] || fail "$(dkms status -m mytun)"
	tunnel_complete
	tunnel_down
	modprobe mytun
	[ "$(loaded)" = "$2" ] || fail "version $(loaded) was loaded afterwards"
}

remove()
{
	modprobe mytun
	[ "$(loaded)" = "$1" ] || fail "version $(loaded) is loaded, not $1"
	tunnel_up
	tunnel_during apt remove mytun-dkms
	[ "$(loaded)" = "$1" ] || fail "the module was unloaded"
	! modinfo mytun 2>/dev/null || fail "the module is still on disk"
	tunnel_complete
	tunnel_down
	[ ! -e "$node" ] || fail "$node is still there"
	! modprobe mytun 2>/dev/null || fail "the module can still be loaded"
	apt purge mytun-dkms >"$work/purge.log" 2>&1 || fail "apt purge"
	left=$(find / -xdev -name '*mytun*' ! -path '/mytun-job*' ! -path '/var/log/*' \
		! -path '/proc/*')
	[ -z "$left" ] || fail "left behind: $left"
}

"$@"
echo "passed"
