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
PATH=$HERE/carried:$HERE:$PATH
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
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.2
	done
	wrong "never came true: $*"
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

# FILE MEMBER: the first number of that name in JSON.
number() {
	sed -n "s/^ *\"$2\": \\([0-9]*\\).*/\\1/p" "$1" | head -n 1
}

# FILE MEMBER TEST NUMBER, as expect out.json damaged = 0
expect() {
	value=$(number "$1" "$2")
	[ -n "$value" ] && test "$value" "$3" "$4" && return 0
	wrong "$2 is ${value:-absent}, wanted $3 $4"
}

# Counts, as of the other tests.
scaled() {
	if [ "${MYTUN_LONG:-}" = 1 ]; then
		echo "$1"
	else
		echo $(($1 / ${MYTUN_SCALE:-20}))
	fi
}
