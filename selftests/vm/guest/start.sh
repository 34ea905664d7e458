#!/bin/dash
# SPDX-License-Identifier: GPL-2.0
# Process 1 of a test machine, in the root's own dash: prepares the system,
# runs the steps of the job and ends the machine.
#
# The host reads the second serial port. A line that starts with "@TOKEN" is
# ours, everything else was printed by the step that runs:
#
#	@TOKEN up			the system is ready
#	@TOKEN begin STEP
#	@TOKEN klog STEP		the kernel's log of the step follows
#	@TOKEN end STEP STATUS TAINT
#	@TOKEN files			the results follow in base64 (no disk)
#	@TOKEN done

job=/mytun-job
token=
results=
# shellcheck source=/dev/null
. "$job/settings"

mark()
{
	printf '\n@%s %s\n' "$token" "$*" >&3
}

mount_if()
{
	[ -d "$3" ] || mkdir -p "$3" 2>/dev/null
	mount -t "$1" -o "$2" "$1" "$3" 2>/dev/null
}

prepare()
{
	mount -o remount,rw / 2>/dev/null
	mount_if devpts mode=620,gid=5,ptmxmode=666 /dev/pts
	mount_if tmpfs mode=1777 /dev/shm
	mount_if tmpfs mode=755 /run
	mount_if tmpfs mode=1777 /tmp
	mount_if debugfs mode=755 /sys/kernel/debug
	mount_if tracefs mode=755 /sys/kernel/tracing
	mount_if bpf mode=700 /sys/fs/bpf
	mount_if cgroup2 nsdelegate /sys/fs/cgroup
	ln -sf /proc/self/fd /dev/fd
	ln -sf /proc/self/fd/0 /dev/stdin
	ln -sf /proc/self/fd/1 /dev/stdout
	ln -sf /proc/self/fd/2 /dev/stderr
	mkdir -p /run/lock /run/netns /run/mytun "$job/out" "$job/files"
	echo mytun-test > /proc/sys/kernel/hostname
	echo '127.0.0.1 localhost mytun-test' > /etc/hosts
	ip link set lo up
	# The node through which the kernel loads its own tun on demand.
	mkdir -p /dev/net
	[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
	if [ -s "$job/deleted" ]; then
		xargs -0 rm -rf -- < "$job/deleted"
	fi
	# What modules-load.d names, as at any boot of a Debian system.
	if [ -x /lib/systemd/systemd-modules-load ]; then
		/lib/systemd/systemd-modules-load >/dev/null 2>&1
	fi
}

# Ends whatever a step left running. Processes that cannot be ended are named
# on the console; the next step runs beside them.
end_group()
{
	group=$1
	for try in 1 2 3 4 5 6 7 8 9 10; do
		left=$(tr '\n' ' ' < "$group/cgroup.procs")
		[ -z "$left" ] && break
		if [ "$try" -gt 2 ]; then
			xargs -r kill -9 < "$group/cgroup.procs" 2>/dev/null
		fi
		sleep 0.2
	done
	if [ -n "$left" ]; then
		echo "<3>$token left behind: $left" > /dev/kmsg
	fi
	rmdir "$group" 2>/dev/null
}

run_step()
{
	step=$1
	directory=$job/steps/$step
	seconds=$(cat "$directory/seconds")
	group=/sys/fs/cgroup/step$step
	mkdir -p "$group"
	mark begin "$step"
	echo "<3>$token begin $step" > /dev/kmsg
	(
		echo 0 > "$group/cgroup.procs"
		cd "$job/files" || exit 125
		MYTUN_OUT=$job/out
		export MYTUN_OUT
		exec timeout -k 10 "$seconds" dash "$directory/command" \
			</dev/null >&3 2>&1 3>&-
	) 2>/dev/null
	status=$?
	end_group "$group"
	mark klog "$step"
	dmesg | sed -n "/$token begin $step\$/,\$p" | sed 1d >&3
	mark end "$step" "$status" "$(cat /proc/sys/kernel/tainted)"
}

exec 3>/dev/ttyS1 </dev/null
stty -F /dev/ttyS1 raw -echo
prepare
mark up
for path in "$job"/steps/*; do
	run_step "${path##*/}"
done
if [ -n "$results" ]; then
	tar -c -C "$job/out" . > "$results"
	sync
elif [ -n "$(ls -A "$job/out")" ]; then
	mark files
	tar -c -C "$job/out" . | base64 >&3
fi
mark "done"
exec 3>&-
echo b > /proc/sysrq-trigger
sleep 60
