#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Programs that know nothing of mytun, on its node: by their own option for the
# device, or with the node bind-mounted over /dev/net/tun. All in namespaces of
# their own; only processes that were started here are ended.

TUN=/dev/net/tun
MYTUN=${MYTUN_NODE:-/dev/net/mytun}

if [ "${PARITY_INSIDE:-}" != 1 ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "1..0 # SKIP needs root"
		exit 4
	fi
	if [ ! -c "$MYTUN" ] || [ ! -c "$TUN" ]; then
		echo "1..0 # SKIP no $MYTUN or no $TUN"
		exit 4
	fi
	PARITY_INSIDE=1 exec unshare --mount --net --propagation private "$0"
fi

DIR=$(mktemp -d) || exit 1
# Programs that came along with the tests.
PATH=$PATH:$(dirname "$(readlink -f "$0")")/carried
PIDS=
NUMBER=0
FAILED=0

# shellcheck disable=SC2317 # called by the trap
finish() {
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null
	done
	wait
	ip netns del parity-near 2>/dev/null
	ip netns del parity-far 2>/dev/null
	rm -rf "$DIR"
}
trap finish EXIT

# ok NAME, or not ok, by the status of the last command; or skip NAME REASON.
result() {
	status=$?
	NUMBER=$((NUMBER + 1))
	if [ $status = 0 ]; then
		echo "ok $NUMBER $1"
	else
		FAILED=1
		sed 's/^/# /' "$DIR/log" 2>/dev/null
		echo "not ok $NUMBER $1"
	fi
	: > "$DIR/log"
}

skip() {
	NUMBER=$((NUMBER + 1))
	echo "ok $NUMBER $1 # SKIP $2"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# Until the command succeeds, 20 seconds at most.
until_ok() {
	for _ in $(seq 100); do
		"$@" >>"$DIR/last" 2>&1 && return 0
		sleep 0.2
	done
	cat "$DIR/last" >>"$DIR/log"
	return 1
}

# In the background; its output is shown if the test fails.
start() {
	"$@" >>"$DIR/log" 2>&1 &
	PIDS="$PIDS $!"
	STARTED=$!
}

stop() {
	kill "$@" 2>/dev/null
	wait "$@" 2>/dev/null
	return 0
}

# What ip says of a device, without what differs from one to the next.
describe() {
	ip -d link show "$1" |
		sed -E 's/^[0-9]+: //; s/link\/ether [0-9a-f:]+/link\/ether/;
			s/(state|qdisc) [A-Za-z_]+//g;
			s/(parentbus|parentdev|permaddr) [^ ]+//g'
}

# Add, show and delete devices by ip tuntap.
tuntap() {
	for options in "mode tun" "mode tap" "mode tun user 1000 group 1001" \
		"mode tap multi_queue" "mode tap vnet_hdr one_queue" \
		"mode tun pi multi_queue vnet_hdr" "mode none" \
		"mode tap user nosuchuser"; do
		echo "$options"
		# shellcheck disable=SC2086
		ip tuntap add dev parity0 $options 2>&1 && describe parity0
		# shellcheck disable=SC2086
		ip tuntap add dev parity0 $options 2>&1
		# shellcheck disable=SC2086
		ip tuntap del dev parity0 ${options%%user*} 2>&1
		ip link show parity0 2>&1
	done
	return 0
}

test_ip_tuntap() {
	tuntap > "$DIR/tun"
	"$DIR/instead" sh "$DIR/tuntap.sh" > "$DIR/mytun"
	grep -q 'type tap' "$DIR/tun" &&
		diff "$DIR/tun" "$DIR/mytun" > "$DIR/log" 2>&1
}

# The kernel gives `ip tuntap list` the devices of whoever registered the kind
# tun: all of that kind, only while the kernel's own driver is not there.
test_list() {
	ip tuntap add dev parity0 mode tap multi_queue
	ip tuntap list > "$DIR/tun"
	ip link del parity0
	"$DIR/instead" ip tuntap add dev parity0 mode tap multi_queue
	rmmod tun
	ip tuntap list > "$DIR/mytun"
	grep -q '^parity0: tap' "$DIR/tun" &&
		diff "$DIR/tun" "$DIR/mytun" > "$DIR/log" 2>&1
	status=$?
	modprobe tun
	ip link del parity0
	return $status
}

# Two socats carry packets between two namespaces, over UDP.
test_socat() {
	start "$DIR/near" socat \
		"TUN:10.98.0.1/24,tun-name=sc0,iff-no-pi,up,$1" \
		UDP4-DATAGRAM:10.97.0.2:9000,bind=10.97.0.1:9000
	first=$STARTED
	start "$DIR/far" socat \
		"TUN:10.98.0.2/24,tun-name=sc0,iff-no-pi,up,$1" \
		UDP4-DATAGRAM:10.97.0.1:9000,bind=10.97.0.2:9000
	until_ok "$DIR/near" ping -c 1 -W 1 10.98.0.2
	status=$?
	stop "$first" "$STARTED"
	return $status
}

# Two peers of OpenVPN, without keys: it is the device that is looked at.
test_openvpn() {
	crypto="--cipher none --auth none"
	if openvpn --help | grep -q allow-deprecated-insecure; then
		crypto="$crypto --allow-deprecated-insecure-static-crypto"
	fi
	case $1 in
	tun)
		mine="10.96.0.1 10.96.0.2"
		theirs="10.96.0.2 10.96.0.1"
		;;
	tap)
		mine="10.96.0.1 255.255.255.0"
		theirs="10.96.0.2 255.255.255.0"
		;;
	esac
	# shellcheck disable=SC2086
	start "$DIR/near" openvpn --dev ovpn0 --dev-type "$1" --dev-node "$MYTUN" \
		--ifconfig $mine --local 10.97.0.1 --remote 10.97.0.2 $crypto
	first=$STARTED
	# shellcheck disable=SC2086
	start "$DIR/far" openvpn --dev ovpn0 --dev-type "$1" --dev-node "$MYTUN" \
		--ifconfig $theirs --local 10.97.0.2 --remote 10.97.0.1 $crypto
	until_ok "$DIR/near" ping -c 1 -W 1 10.96.0.2
	status=$?
	stop "$first" "$STARTED"
	return $status
}

# systemd-networkd makes persistent devices from its own configuration.
test_networkd() {
	mkdir -p /run/systemd/network /run/systemd/netif/links \
		/run/systemd/netif/leases
	chown -R systemd-network: /run/systemd/netif
	cat > /run/systemd/network/10-parity.netdev <<-END
	[NetDev]
	Name=networkd0
	Kind=$1

	[$2]
	MultiQueue=yes
	PacketInfo=no
	User=root
	END
	start "$DIR/instead" "$NETWORKD"
	until_ok ip link show networkd0
	status=$?
	cat /sys/class/net/networkd0/tun_flags >> "$DIR/log"
	case $(cat /sys/class/net/networkd0/tun_flags) in
	0x1901) [ "$1" = tun ] || status=1 ;;
	0x1902) [ "$1" = tap ] || status=1 ;;
	*) status=1 ;;
	esac
	[ "$(cat /sys/class/net/networkd0/owner)" = 0 ] || status=1
	stop "$STARTED"
	ip link del networkd0
	rm -f /run/systemd/network/10-parity.netdev
	return $status
}

# QEMU with a hub in place of a guest: what is sent into the device comes out of
# a UDP socket, as an Ethernet frame.
test_qemu() {
	start "$DIR/instead" qemu-system-x86_64 -machine none -accel tcg -display none \
		-monitor none -serial none \
		-netdev tap,id=tap,ifname=qemu0,script=no,downscript=no,vhost=off \
		-netdev socket,id=udp,udp=127.0.0.1:9101,localaddr=127.0.0.1:9102 \
		-netdev hubport,id=one,hubid=0,netdev=tap \
		-netdev hubport,id=two,hubid=0,netdev=udp
	first=$STARTED
	start socat -u UDP-RECV:9101 "CREATE:$DIR/frames"
	until_ok ip link set qemu0 up address 02:00:00:00:00:09
	ip addr add 10.95.0.1/24 dev qemu0
	ping -c 3 -W 1 10.95.0.2 > /dev/null 2>&1
	until_ok test -s "$DIR/frames"
	status=$?
	stop "$first" "$STARTED"
	return $status
}

# Run a command with the node in the place of tun; it becomes that process.
cat > "$DIR/instead" <<-END
	#!/bin/sh
	if [ "\${INSTEAD:-}" != 1 ]; then
		INSTEAD=1 exec unshare --mount --propagation private \
			"\$0" "\$@"
	fi
	mount --bind "$MYTUN" "$TUN" && exec "\$@"
END
# Run a command in one of two namespaces that have a link; likewise.
for side in near far; do
	printf '#!/bin/sh\nexec ip netns exec parity-%s "$@"\n' $side \
		> "$DIR/$side"
done
chmod +x "$DIR/instead" "$DIR/near" "$DIR/far"
NETWORKD=/lib/systemd/systemd-networkd
{
	echo "TUN=$TUN"
	sed -n '/^describe() {/,/^}/p; /^tuntap() {/,/^}/p' "$0"
	echo tuntap
} > "$DIR/tuntap.sh"
: > "$DIR/log"
mount -t sysfs sysfs /sys
ip link set lo up
ip netns add parity-near
ip netns add parity-far
ip link add near0 netns parity-near type veth peer name far0 netns parity-far
"$DIR/near" ip addr add 10.97.0.1/24 dev near0
"$DIR/far" ip addr add 10.97.0.2/24 dev far0
"$DIR/near" ip link set near0 up
"$DIR/far" ip link set far0 up

echo "TAP version 13"
echo "1..9"
test_ip_tuntap
result "ip tuntap: as on tun"
# It uses tun; whoever needs it loads it again.
modprobe -q -r vhost_net
if grep -q '^tun .* 0 -' /proc/modules; then
	test_list
	result "ip tuntap list: without tun"
else
	skip "ip tuntap list: without tun" "tun is built in, or in use"
fi
if have socat; then
	test_socat tun-device="$MYTUN",tun-type=tun
	result "socat: tun"
	test_socat tun-device="$MYTUN",tun-type=tap
	result "socat: tap"
else
	skip "socat: tun" "no socat"
	skip "socat: tap" "no socat"
fi
for type in tun tap; do
	if have openvpn; then
		test_openvpn $type
		result "OpenVPN: $type"
	else
		skip "OpenVPN: $type" "no openvpn"
	fi
done
for type in tun tap; do
	if [ ! -x $NETWORKD ]; then
		skip "systemd-networkd: $type" "no $NETWORKD"
	elif ! id systemd-network > /dev/null 2>&1; then
		skip "systemd-networkd: $type" "no user systemd-network"
	else
		test_networkd $type "$([ $type = tun ] && echo Tun || echo Tap)"
		result "systemd-networkd: $type"
	fi
done
if have qemu-system-x86_64; then
	test_qemu
	result "QEMU: tap, vhost=off"
else
	skip "QEMU: tap, vhost=off" "no qemu-system-x86_64"
fi
exit $FAILED
