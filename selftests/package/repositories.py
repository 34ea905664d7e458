# SPDX-License-Identifier: GPL-2.0
"""Installing from the repositories that `make repo` lays out.

apt in a Debian root. dnf in the same, with a database of its own in which
stand-ins have the names that EL 9 with EPEL gives: it resolves for real, and
its scriptlets run Debian's dkms, which is told that this is such a system.
"""

import os
import pathlib
import re

import publish
import system
import web

REPOSITORY = "/srv/mytun"
URL = pathlib.Path(REPOSITORY).as_uri()
APT_SOURCE = """Types: deb
URIs: {url}/deb
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

# dkms looks there for where modules go, and what becomes of those it finds.
OS_RELEASE = 'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9"\n'

# What dnf and Python write, whatever is installed; and what tests serve.
OF_DNF = re.compile(r"/(root/\.rpmdb|var/lib/(dnf|rpm)|etc/(dnf|rpm)|srv)(/|$)"
                    r"|/__pycache__(/|$)")

# Nothing but our source, so that the lists of the suite are not needed.
ONLY_OURS = ("-o", "Dir::Etc::SourceList=/etc/apt/sources.list.d/mytun.sources",
             "-o", "Dir::Etc::SourceParts=-", "-o", "APT::Get::List-Cleanup=0")


def write(machine, path, text):
    """A file with that text."""
    machine.shell('mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"', path,
                  text)


def serve(machine, name):
    """Make the repository of a version the one that is served."""
    place = f"{REPOSITORY}-{name}"
    if machine.shell('test -e "$1" || echo absent', place):
        machine.add(machine.publisher.repository(name), place)
    machine.shell('ln -sfn "$1" "$2"', place, REPOSITORY)


def update(machine, url):
    """Name a repository to apt, and let it read what is there."""
    write(machine, "/etc/apt/sources.list.d/mytun.sources",
          APT_SOURCE.format(url=url))
    machine.shell('mkdir -p /etc/apt/keyrings; cp "$1" /etc/apt/keyrings',
                  f"{REPOSITORY}/mytun.asc")
    machine.apt("update", "-o", "APT::Update::Error-Mode=any", *ONLY_OURS)


def runs_programs(machine):
    """Whether what the host compiles runs here: its C library is no later."""
    here, there = (text.split()[1].split(".") for text in
                   (machine.run("getconf", "GNU_LIBC_VERSION"),
                    os.confstr("CS_GNU_LIBC_VERSION")))
    return [int(word) for word in there] <= [int(word) for word in here]


# What mytun-tools needs of Debian.
@system.after(system.tools("libmnl0", "libsodium23"))
def apt_repository(machine):
    """apt installs from a signed repository, and from no other."""
    serve(machine, "this")
    names = ["mytun-dkms"]
    if runs_programs(machine):
        names += ["libmytun-dev", "mytun-tools"]
    with web.serving(machine.inside(f"{REPOSITORY}-this")) as url:
        update(machine, url)
        machine.apt("install", *ONLY_OURS, *names)
    assert machine.registered(), "no module was built"
    if runs_programs(machine):
        machine.shell("""
            cd /usr/share/doc/libmytun-dev/examples
            gcc -Wall -Werror -I/usr/include/mytun -o /tmp/receive receive.c \
                -lmytun
            ldd /tmp/receive | grep -q libmytun.so.0
            ip link add type mytun help 2>&1 | grep -q multi_queue
        """)
    update(machine, URL)
    machine.shell('sed -i "s/^Date: .*/Date: Thu, 01 Jan 2026 00:00:00 UTC/" '
                  '"$1"/deb/dists/stable/InRelease "$1"/deb/dists/stable/Release',
                  REPOSITORY)
    output = system.fails(update, machine, URL)
    assert "signature" in output.lower(), output


def dnf(machine, *words):
    """Run dnf without asking anything; return its output."""
    return machine.run("dnf", "--assumeyes", "--setopt=reposdir=/etc/yum.repos.d",
                       "--setopt=install_weak_deps=0", "--releasever=9",
                       "--forcearch=x86_64", *words)


@system.after(system.tools("dnf", "rpm"))
def installed_by_dnf(machine):
    """This version, from its repository, with the stand-ins."""
    machine.shell('rm /etc/os-release; printf %s "$1" >/etc/os-release',
                  OS_RELEASE)
    serve(machine, "this")
    machine.add(machine.publisher.standins(), "/srv/standins")
    write(machine, "/etc/yum.repos.d/mytun.repo", YUM_REPOSITORY)
    write(machine, "/etc/yum.repos.d/standins.repo", STANDINS)
    machine.shell('echo "options mytun flows=65536" >/root/settings')
    return machine.files(), dnf(machine, "install", "mytun-dkms",
                                "libmytun-devel", "mytun-tools")


@system.after(installed_by_dnf)
def not_built_by_dnf(machine):
    """The next version is installed, but could not be built."""
    serve(machine, "next")
    machine.break_make()
    said = dnf(machine, "--refresh", "upgrade", "mytun-dkms")
    machine.mend_make()
    before, _ = machine.said
    return before, said


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


def expect_nothing(machine, before):
    """The packages are removed, and nothing is left behind."""
    dnf(machine, "remove", "mytun-dkms", "libmytun-devel", "mytun-tools")
    # Folders that other packages would have, in a system made by dnf, do not
    # count.
    folders = set(machine.shell("find / -xdev -type d").splitlines())
    left = {name for name in machine.files() - before
            if not OF_DNF.search(name)
            and ("mytun" in name or name not in folders)}
    assert left == set(), f"left behind: {sorted(left)}"


@system.after(installed_by_dnf)
def dnf_repository(machine):
    """dnf installs, upgrades, downgrades and removes; settings are kept."""
    this, later = machine.version, publish.NEXT_VERSION
    expect_rpm(machine, this)
    machine.shell("cat /root/settings >>/etc/modprobe.d/mytun.conf")
    serve(machine, "next")
    dnf(machine, "--refresh", "upgrade", "mytun-dkms")
    expect_rpm(machine, later)
    machine.run("grep", "-q", "^options mytun flows=65536",
                "/etc/modprobe.d/mytun.conf")
    serve(machine, "this")
    dnf(machine, "--refresh", "downgrade", "mytun-dkms")
    expect_rpm(machine, this)
    before, _ = machine.said
    expect_nothing(machine, before | {"/etc/modprobe.d/mytun.conf.rpmsave"})


@system.after(installed_by_dnf)
def dnf_reinstall(machine):
    """Installing the same version again repairs what was damaged."""
    for release in machine.releases:
        machine.run("rm", machine.module(release))
    dnf(machine, "reinstall", "mytun-dkms")
    expect_rpm(machine, machine.version)


@system.after(not_built_by_dnf)
def dnf_failed_build(machine):
    """A version that does not build leaves the module that was there."""
    before, said = machine.said
    assert "there is no new module" in said, said
    expect_modules(machine, machine.version)
    expect_nothing(machine, before)


@system.after(not_built_by_dnf)
def dnf_build_after_failure(machine):
    """What did not build is built later, and then removed as any other."""
    before, said = machine.said
    # As it was said to be done.
    for command in re.findall(r"run: (dkms install .*)$", said, re.MULTILINE):
        machine.run(*command.split())
    expect_rpm(machine, publish.NEXT_VERSION)
    expect_nothing(machine, before)


TESTS = (apt_repository, dnf_repository, dnf_reinstall, dnf_failed_build,
         dnf_build_after_failure)
