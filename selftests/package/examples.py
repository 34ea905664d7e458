# SPDX-License-Identifier: GPL-2.0
"""The examples that the package brings, in a system that has the services."""

import xml.etree.ElementTree

import scenarios
import system

FOLDER = "/usr/share/doc/mytun-dkms/examples"

# Each drop-in file, and the services that its text names and the system has.
DROP_INS = {
    "openvpn.conf": ("openvpn-client@office", "openvpn-server@office",
                     "openvpn@office"),
    "fixed-name.conf": ("systemd-networkd",),
    "nspawn.conf": ("systemd-nspawn@office",),
}

# systemd-nspawn is in a package that no root has.
NSPAWN = ("/etc/systemd/system/systemd-nspawn@.service", """[Service]
ExecStart=/bin/true
DevicePolicy=closed
DeviceAllow=/dev/net/tun rwm
""")


# What systemd 247 and older want to find, and might change: one of their own.
CGROUPS = """
mount -t tmpfs none /sys
mkdir -p /sys/fs/cgroup
mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=mytun none /sys/fs/cgroup/systemd
"""
# A hierarchy ends with its last mount, unless it has cgroups.
NO_CGROUPS = """
echo 0 >/sys/fs/cgroup/systemd/cgroup.procs
find /sys/fs/cgroup/systemd -mindepth 1 -depth -type d -exec rmdir {} +
"""
VERIFY = 'systemd-analyze verify "$1" 2>&1 || true'


def complaints(machine, service):
    """What systemd says of a service's unit and its drop-in files."""
    said = machine.shell(VERIFY, f"{service}.service")
    if "Cannot determine cgroup" in said:
        said = machine.shell(CGROUPS + VERIFY + NO_CGROUPS,
                             f"{service}.service")
    return said


def fallible(machine, service, path):
    """A mistake in the drop-in file is found, so that its absence is."""
    machine.shell('echo Device=1 >>"$1"', path)
    said = complaints(machine, service)
    machine.shell('sed -i "\\$d" "$1"', path)
    assert path in said, f"systemd does not read {path}:\n{said}"


@system.after(scenarios.installed)
def drop_in_files(machine):
    """systemd takes them for the services that they are for."""
    machine.shell('printf %s "$2" >"$1"', *NSPAWN)
    for name, services in DROP_INS.items():
        for service in services:
            path = f"/etc/systemd/system/{service}.service.d/mytun.conf"
            machine.shell('mkdir -p "$(dirname "$2")"; cp "$1" "$2"',
                          f"{FOLDER}/{name}", path)
            said = complaints(machine, service)
            assert "mytun" not in said, f"{service}, {name}: {said}"
            fallible(machine, service, path)
            if name == "fixed-name.conf":
                continue
            unit = service.replace("@office", "@")
            machine.shell('grep -qs "^DeviceAllow=/dev/net/tun" "$@"',
                          *(f"{top}/systemd/system/{unit}.service"
                            for top in ("/etc", "/usr/lib", "/lib")))
    text = machine.run("cat", f"{FOLDER}/libvirt.xml")
    tree = xml.etree.ElementTree.fromstring(text)
    assert tree.find("backend").get("tap") == "/dev/net/mytun", text


TESTS = (drop_in_files,)
