# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of programs share: results as KTAP, processes that end with the
# test, waiting. It is sourced first of all, and starts the test anew in
# namespaces of its own.

if [ "${TOOL_INSIDE:-}" != 1 ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "1..0 # SKIP needs root"
		exit 4
	fi
	if [ ! -c /dev/net/mytun ]; then
		echo "1..0 # SKIP no /dev/net/mytun"
		exit 4
	fi
	TOOL_INSIDE=1 exec unshare --mount --net --propagation private "$0"
fi

DIR=$(mktemp -d) || exit 1
HERE=$(dirname "$(readlink -f "$0")")
# Programs that came along with the tests, or were built with them.
PATH=$HERE/carried:$HERE/tool:$HERE/ctl:$HERE:$PATH
PIDS=
NUMBER=0
FAILED=0
: > "$DIR/log"

# shellcheck disable=SC2317 # called by the trap
tool_finish() {
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null
	done
	wait
	for namespace in $NAMESPACES; do
		ip netns del "$namespace" 2>/dev/null
	done
	rm -rf "$DIR"
}
NAMESPACES=
trap tool_finish EXIT

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

# The end of a test.
finish() {
	exit "$FAILED"
}

skip() {
	NUMBER=$((NUMBER + 1))
	echo "ok $NUMBER $1 # SKIP $2"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# What went wrong, for the log; it fails.
wrong() {
	echo "$*" >> "$DIR/log"
	return 1
}

# Until the command succeeds, 60 seconds at most.
until_ok() {
	tries=0
	while [ $tries -lt 600 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
		tries=$((tries + 1))
	done
	wrong "never came true: $*"
}

# PROCESS: a thread of it runs, as it does when its device is up.
at_work() {
	for task in "/proc/$1/task"/*; do
		[ "$task" = "/proc/$1/task/$1" ] || [ ! -e "$task" ] || return 0
	done
	return 1
}

# In the background, STARTED is its number; what it prints goes to a file.
start() {
	output=$1
	shift
	"$@" > "$output" 2>> "$DIR/log" &
	STARTED=$!
	PIDS="$PIDS $STARTED"
}

# A program that was started has ended; its status.
ended() {
	wait "$1"
	status=$?
	kept=
	for pid in $PIDS; do
		[ "$pid" = "$1" ] || kept="$kept $pid"
	done
	PIDS=$kept
	return $status
}

# A signal ends it, and that is no failure to it.
stop() {
	kill "$1" 2>/dev/null
	ended "$1" || wrong "ended with status $?"
}

# What follows reads JSON, and starts no program for it: that would take a tenth
# of a second on an emulated machine, a thousand times.

# FILE: NUMBERS is each member's name and number, in their order.
numbers() {
	NUMBERS=" "
	while read -r name rest; do
		NUMBERS="$NUMBERS$name${rest%%[!0-9]*} "
	done < "$1"
}

# MEMBER: VALUE is the first number of that name in NUMBERS, or empty.
value() {
	VALUE=${NUMBERS#* \""$1"\":}
	[ "$VALUE" != "$NUMBERS" ] || VALUE=
	VALUE=${VALUE%% *}
}

# FILE MEMBER: the first number of that name.
number() {
	numbers "$1"
	value "$2"
	echo "$VALUE"
}

# FILE and any number of MEMBER TEST NUMBER, as
# expect out.json damaged = 0 packets -gt 10
expect() {
	numbers "$1"
	shift
	while [ $# -ge 3 ]; do
		value "$1"
		if [ -z "$VALUE" ] || ! test "$VALUE" "$2" "$3"; then
			wrong "$1 is ${VALUE:-absent}, wanted $2 $3"
			return 1
		fi
		shift 3
	done
}

# DEVICE FILE: what mytunctl tells of its rings, for expect.
rings() {
	mytunctl rings --json "$1" 2>> "$DIR/log" |
		sed 's/[,{}]/\n/g; s/:/: /g' > "$2"
}

# FILE WORDS: they stand in it.
told() {
	grep -q -e "$2" "$1" || wrong "not told: $2: $(cat "$1")"
}

# VERSION: the kernel is that one, or newer.
since() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

# A device takes large UDP packets.
takes_udp() {
	since 6.2
}

# PROCESS: PINNED is where each thread of it may run but the first.
pinned_to() {
	PINNED=
	for task in "/proc/$1/task"/*; do
		[ "$task" != "/proc/$1/task/$1" ] || continue
		while read -r name list; do
			[ "$name" != Cpus_allowed_list: ] || PINNED="$PINNED $list"
		done < "$task/status"
	done
}

# PROCESS LIST: its threads may run there, each in turn, and nowhere else.
is_pinned_to() {
	pinned_to "$1"
	[ "$PINNED" = "$2" ]
}

# STATUS "WORDS" PROGRAM ARGUMENT...: it ends with that status, by itself and soon,
# and says that on standard error.
fails() {
	wanted=$1
	words=$2
	shift 2
	timeout 30 "$@" > /dev/null 2> "$DIR/said"
	ended_with=$?
	[ $ended_with = "$wanted" ] && grep -q -e "$words" "$DIR/said" && return 0
	wrong "$*: status $ended_with, not $wanted; says: $(cat "$DIR/said")"
}

# PROGRAM ARGUMENT...: what it prints cannot be written, and it says so.
unwritable() {
	timeout 30 "$@" > /dev/full 2> "$DIR/said"
	[ $? = 1 ] || { wrong "$*: not 1 on a full disk"; return 1; }
	told "$DIR/said" "output: No space left on device" || return 1
	timeout 30 "$@" <&- >&- 2> "$DIR/said"
	[ $? = 1 ] || { wrong "$*: not 1 without output"; return 1; }
	told "$DIR/said" "output: Bad file descriptor"
}

# Counts, as of the other tests.
scaled() {
	if [ "${MYTUN_LONG:-}" = 1 ]; then
		echo "$1"
	else
		echo $(($1 / ${MYTUN_SCALE:-40}))
	fi
}

# Whether what does not depend on the kernel is tested on another one.
elsewhere() {
	[ -n "${MYTUN_ELSEWHERE:-}" ]
}
# shellcheck disable=SC2034 # a reason for those who skip it
ELSEWHERE="it does not depend on the kernel, and runs on ${MYTUN_ELSEWHERE:-}"

# A socket that wants timestamps patches the kernel's way of receiving, as ping
# does when it begins and ends. Emulated processors were seen to die of that in
# mid-traffic (int3 in __netif_receive_skb_core): one ping keeps it patched.
if have ping && ip link set lo up; then
	start /dev/null ping -q -i 1000 127.0.0.1
fi
