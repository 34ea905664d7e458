# SPDX-License-Identifier: GPL-2.0
"""Installing from the repositories that `make repo` lays out.

apt in a Debian root. dnf in the same, with a database of its own in which
stand-ins have the names that EL 9 with EPEL gives: it resolves for real, and
its scriptlets run Debian's dkms.
"""

import pathlib

import publish
import system

REPOSITORY = "/srv/mytun"
URL = pathlib.Path(REPOSITORY).as_uri()
APT_SOURCE = f"""Types: deb
URIs: {URL}/deb
Suites: stable
Components: main
Signed-By: /etc/apt/keyrings/mytun.asc
"""
YUM_REPOSITORY = f"""[mytun]
name=mytun
baseurl={URL}/rpm
gpgcheck=1
repo_gpgcheck=1
gpgkey={URL}/mytun.asc
"""
STANDINS = "[standins]\nname=standins\nbaseurl=file:///srv/standins\ngpgcheck=0\n"

# Nothing but our source, so that the lists of the suite are not needed.
ONLY_OURS = ("-o", "Dir::Etc::SourceList=/etc/apt/sources.list.d/mytun.sources",
             "-o", "Dir::Etc::SourceParts=-", "-o", "APT::Get::List-Cleanup=0")


def write(machine, path, text):
    """A file with that text."""
    machine.shell('mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"', path,
                  text)


def serve(machine, name, tree):
    """Make the repository of a version the one that is served."""
    machine.shell('rm -rf "$1"', REPOSITORY)
    machine.add(machine.publisher.repository(name, tree), REPOSITORY)


def apt_repository(machine):
    """apt installs from a signed repository, and from no other."""
    # What mytun-tools needs of Debian.
    machine.apt("install", "libsodium23")
    serve(machine, "this", publish.TOP)
    write(machine, "/etc/apt/sources.list.d/mytun.sources", APT_SOURCE)
    machine.shell('mkdir -p /etc/apt/keyrings; cp "$1" /etc/apt/keyrings',
                  f"{REPOSITORY}/mytun.asc")
    machine.apt("update", *ONLY_OURS)
    machine.apt("install", *ONLY_OURS, "mytun-dkms", "libmytun-dev",
                "mytun-tools")
    assert machine.registered(), "no module was built"
    machine.shell("""
        cd /usr/share/doc/libmytun-dev/examples
        gcc -Wall -Werror -I/usr/include/mytun -o /tmp/receive receive.c -lmytun
        ldd /tmp/receive | grep -q libmytun.so.0
        ip link add type mytun help 2>&1 | grep -q multi_queue
    """)
    machine.shell('sed -i "s/^Date: .*/Date: Thu, 01 Jan 2026 00:00:00 UTC/" '
                  '"$1"/deb/dists/stable/InRelease "$1"/deb/dists/stable/Release',
                  REPOSITORY)
    output = system.fails(machine.apt, "update", "-o",
                          "APT::Update::Error-Mode=any", *ONLY_OURS)
    assert "signature" in output.lower(), output


def dnf(machine, *words):
    """Run dnf without asking anything; return its output."""
    return machine.run("dnf", "--assumeyes", "--setopt=reposdir=/etc/yum.repos.d",
                       "--setopt=install_weak_deps=0", "--releasever=9",
                       "--forcearch=x86_64", *words)


def prepare_dnf(machine, tree=None):
    """dnf, with this version's repository and the stand-ins."""
    machine.apt("update")
    machine.apt("install", "dnf", "rpm")
    serve(machine, "this", tree or publish.TOP)
    machine.add(machine.publisher.standins(), "/srv/standins")
    write(machine, "/etc/yum.repos.d/mytun.repo", YUM_REPOSITORY)
    write(machine, "/etc/yum.repos.d/standins.repo", STANDINS)


def expect_modules(machine, version):
    """Each kernel has the module of that version, of its first package."""
    for release in machine.releases:
        found = machine.module(release) and machine.module_version(release)
        assert found == f"{version}-1", f"{release} has the module of {found}"


def expect_rpm(machine, version):
    """One version is registered, and built for all kernels with headers."""
    known = machine.registered()
    assert {entry[0] for entry in known} == {f"{version}-1"}, known
    assert {entry[1] for entry in known} == set(machine.releases), known
    expect_modules(machine, version)


def dnf_repository(machine):
    """dnf installs, upgrades, downgrades and removes."""
    prepare_dnf(machine)
    dnf(machine, "install", "mytun-dkms", "libmytun-devel", "mytun-tools")
    this, later = machine.packages.version, system.NEXT_VERSION
    expect_rpm(machine, this)
    machine.shell('echo "options mytun flows=65536" >>/etc/modprobe.d/mytun.conf')
    serve(machine, "next", machine.packages.later)
    dnf(machine, "--refresh", "upgrade", "mytun-dkms")
    expect_rpm(machine, later)
    machine.run("grep", "-q", "^options mytun flows=65536",
                "/etc/modprobe.d/mytun.conf")
    serve(machine, "this", publish.TOP)
    dnf(machine, "--refresh", "downgrade", "mytun-dkms")
    expect_rpm(machine, this)
    dnf(machine, "remove", "mytun-dkms")
    for release in machine.releases:
        assert machine.module(release) is None, "the module is still there"
    assert not machine.registered(), machine.registered()


def dnf_failed_build(machine):
    """A version that does not build leaves the module that was there."""
    prepare_dnf(machine)
    dnf(machine, "install", "mytun-dkms")
    serve(machine, "next", machine.packages.later)
    # What is built is not the package's business: a compiler that is broken.
    machine.shell("""
        mv /usr/bin/make /usr/bin/make.real
        printf '#!/bin/sh\\necho broken >&2; exit 1\\n' >/usr/bin/make
        chmod 755 /usr/bin/make
    """)
    output = dnf(machine, "--refresh", "upgrade", "mytun-dkms")
    assert "there is no new module" in output, output
    expect_modules(machine, machine.packages.version)


TESTS = (apt_repository, dnf_repository, dnf_failed_build)
