#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Completion of the tools' command lines in bash: what is offered is what the
# tools take, all of it, and names are those of devices that are there.

. "$(dirname "$0")/tool.sh"

FILES=$HERE/project/tools/completion
[ -d "$FILES" ] || FILES=$HERE/../tools/completion
if ! have bash || ! have mytun-gen || ! have mytun-fwd || ! have mytunctl; then
	echo "1..0 # SKIP no bash, or the tools were not built with the tests"
	exit 4
fi
if elsewhere; then
	echo "1..0 # SKIP $ELSEWHERE"
	exit 4
fi

# offered WORD...: what completes the last one.
offered() {
	bash -c '
		. "$1/$2"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		"_${1//-/_}"
		printf "%s\n" "${COMPREPLY[@]}"' complete "$FILES" "$@" | sort
}

# offers "WORDS" WORD...: those, and no others.
offers() {
	wanted=$(echo "$1" | tr ' ' '\n' | sort)
	shift
	got=$(offered "$@")
	[ "$got" = "$wanted" ] && return 0
	wrong "$* is completed to: $got"
}

# Long options that a tool's help tells of.
helped() {
	"$@" --help | grep -o -e '--[a-z][a-z0-9-]*' | sort -u
}

# taught TOOL WORD...: the options that are offered are those of the help.
taught() {
	offered "$@" -- | sort -u > "$DIR/offered"
	helped "$@" > "$DIR/helped"
	# Each help tells of itself, or of it the one of the whole tool does.
	grep -v -x -e --help "$DIR/offered" > "$DIR/offered.rest"
	grep -v -x -e --help "$DIR/helped" > "$DIR/helped.rest"
	diff "$DIR/offered.rest" "$DIR/helped.rest" >> "$DIR/log"
}

# A name that a shell would run is offered in quotes, and nobody runs it.
# shellcheck disable=SC2016
HOSTILE='vpn$(>ran)'
hostile() {
	mytunctl create "$HOSTILE" > /dev/null && cd "$DIR" || return 1
	for line in "mytunctl show" "mytun-gen tx -i" "mytun-fwd -i"; do
		# shellcheck disable=SC2086
		offers 'vpn0 vpn1 vpn\$\(\>ran\)' $line vpn || return 1
		[ ! -e ran ] || wrong "$line: the name was run" || return 1
	done
}

mount -t sysfs sysfs /sys

echo "TAP version 13"
echo "1..19"
for tool in mytun-fwd "mytun-gen tx"; do
	# shellcheck disable=SC2086 # a tool, and a function
	taught $tool
	result "$tool: options"
done
for command in create delete flows drops top doctor list show queues rings; do
	taught mytunctl $command
	result "mytunctl $command: options"
done
offers "tx rx echo ping --help --version" mytun-gen ""
result "mytun-gen: functions"
offers "ring batch plain tun best" mytun-gen tx --layer "" &&
	offers "batch best" mytun-fwd -l b
result "layers"
offers "drops delete doctor" mytunctl d
result "mytunctl: commands"
mytunctl create vpn0 > /dev/null && mytunctl create vpn1 > /dev/null &&
	offers "vpn0 vpn1" mytunctl delete v && offers vpn1 mytunctl show vpn1 &&
	offers "vpn0 vpn1" mytunctl flows --count "" &&
	offers "vpn0 vpn1" mytunctl drops -q "" &&
	offers "" mytunctl top --count "" && offers "" mytunctl flows --queue ""
result "mytunctl: names of devices"
offers "vpn0 vpn1" mytun-gen rx -i vpn
result "mytun-gen: names of devices"
offers "vpn0 vpn1" mytun-fwd --device vpn
result "mytun-fwd: names of devices"
hostile
result "names that a shell would expand"
mytunctl delete vpn0 vpn1 "$HOSTILE" > /dev/null
finish
