#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
#
# What a distribution and its users do with the library: builds by each
# compiler without a warning, an installed tree, programs built against it by
# pkg-config, shared and static, in C and C++, and the examples.
#
# usage: install.sh FOLDER	(for what is built; made and removed)

# The functions below are called through try.
# shellcheck disable=SC2317

set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
examples=$top/../examples
man=$top/../man
out=$1
number=0
failed=0

rm -rf "$out"
mkdir -p "$out"

report()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		sed 's/^/# /' "$out/log"
		echo "not ok $number $2"
		failed=1
	fi
}

skip()
{
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

# try NAME command...
try()
{
	local name=$1

	shift
	"$@" > "$out/log" 2>&1
	report $? "$name"
}

have()
{
	command -v "$1" > /dev/null
}

built_with()
{
	make -C "$top" O="$out/$1" CC="$1" CFLAGS='-O2 -g -Werror' all
}

installed()
{
	make -C "$top" O="$out/build" PREFIX=/usr DESTDIR="$out/root" install &&
		[ "$(readlink "$out/root/usr/lib/libmytun.so")" = \
			libmytun.so.0 ] &&
		readelf -d "$out/root/usr/lib/libmytun.so.0" |
			grep -q 'SONAME.*\[libmytun.so.0\]'
}

# Only what the map names, and all of that.
exports()
{
	nm -D --defined-only "$out/root/usr/lib/libmytun.so.0" |
		sed -n 's/.* T \([a-z_]*\).*/\1/p' | sort > "$out/exported"
	sed -n 's/^\t\t\([a-z_]*\);/\1/p' "$top/libmytun.map" |
		sort > "$out/mapped"
	diff "$out/mapped" "$out/exported" && [ -s "$out/mapped" ]
}

flags()
{
	PKG_CONFIG_SYSROOT_DIR=$out/root \
		PKG_CONFIG_LIBDIR=$out/root/usr/lib/pkgconfig \
		PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
		PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config "$@" libmytun
}

compiled()
{
	local compiler=$1 standard=$2 source=$3 program=$4

	shift 4
	# shellcheck disable=SC2046,SC2086
	"$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror -O2 \
		"$source" $(flags --cflags) "$@" $(flags --libs) -o "$program"
}

runs_shared()
{
	compiled "$1" "$2" "$here/header.cc" "$out/shared" &&
		readelf -d "$out/shared" | grep -q 'NEEDED.*libmytun.so.0' &&
		LD_LIBRARY_PATH=$out/root/usr/lib "$out/shared"
}

runs_static()
{
	compiled "$1" "$2" "$here/header.cc" "$out/static" -static &&
		"$out/static"
}

version_agrees()
{
	[ "$(flags --modversion)" = \
		"$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' \
			"$top/../../dkms.conf")" ]
}

example()
{
	compiled "$1" "$2" "$examples/$3.c" "$out/$3"
}

example_go()
{
	HOME=$out GOCACHE=$out/gocache GO111MODULE=off GOFLAGS='' \
		go build -o "$out/batch-echo" "$examples/batch-echo.go" &&
		HOME=$out GOCACHE=$out/gocache GO111MODULE=off GOFLAGS='' \
		go vet "$examples/batch-echo.go"
}

# Every function that a program can call has a page, and every page is clean.
pages()
{
	local name

	sed -n 's/^static inline .*\<\(mytun_[a-z_]*\)(.*/\1/p' "$top/ring.h" \
		"$top/record.h" "$top/mytun.h" |
		grep -vx 'mytun_at\|mytun_walk\|mytun_[rt]x_publish' |
		cat - "$out/mapped" > "$out/functions"
	[ "$(wc -l < "$out/functions")" -gt 30 ] || return 1
	while read -r name; do
		if [ ! -e "$out/root/usr/share/man/man3/$name.3" ]; then
			echo "no page $name.3"
			return 1
		fi
	done < "$out/functions"
	[ -e "$out/root/usr/share/man/man7/libmytun.7" ]
}

# In their folder, so that mandoc finds those that they refer to. Whether the
# machine has the others is not our matter.
pages_are_clean()
{
	cd "$man" || return 1
	mandoc -T lint ./*.3 libmytun.7 2>&1 |
		grep -v 'outdated mandoc.db lacks' | tee "$out/lint"
	[ ! -s "$out/lint" ]
}

tree_is_clean()
{
	find "$top" "$examples" "$man" -newer "$out/mark" -type f | tee "$out/new"
	[ ! -s "$out/new" ]
}

echo "TAP version 13"
touch "$out/mark"
for compiler in gcc clang; do
	if have "$compiler"; then
		try "built by $compiler without a warning" built_with "$compiler"
	else
		skip "built by $compiler without a warning" "no $compiler"
	fi
done
try "installed with DESTDIR and PREFIX" installed
try "exports what the map names" exports
try "a manual page for every function" pages
if have mandoc; then
	( pages_are_clean ) > "$out/log" 2>&1
	report $? "manual pages are clean"
else
	skip "manual pages are clean" "no mandoc"
fi
if ! have pkg-config; then
	skip "pkg-config" "no pkg-config"
else
	try "pkg-config knows the version" version_agrees
	for compiler in g++ clang++; do
		for standard in c++11 c++20; do
			name="$compiler -std=$standard against the installed tree"
			if have "$compiler"; then
				try "$name, shared" runs_shared "$compiler" \
					"$standard"
				try "$name, static" runs_static "$compiler" \
					"$standard"
			else
				skip "$name" "no $compiler"
			fi
		done
	done
	for compiler in gcc clang; do
		for program in receive echo; do
			if have "$compiler"; then
				try "example $program by $compiler" example \
					"$compiler" c11 "$program"
			else
				skip "example $program by $compiler" \
					"no $compiler"
			fi
		done
	done
fi
if have go; then
	try "example in Go" example_go
else
	skip "example in Go" "no go"
fi
try "the source tree is as it was" tree_is_clean
echo "1..$number"
[ $failed = 0 ] && rm -rf "$out"
exit $failed
