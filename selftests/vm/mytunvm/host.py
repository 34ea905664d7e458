# SPDX-License-Identifier: GPL-2.0
"""What the host needs, installed if it is absent."""

import os
import pathlib
import subprocess

from . import cache, shell

# Each package, and a file that tells whether it is there.
NEEDED = {
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "debhelper": "/usr/bin/dh",
    "dpkg-dev": "/usr/bin/dpkg-buildpackage",
    "e2fsprogs": "/sbin/mke2fs",
    "g++": "/usr/bin/g++",
    "gcc": "/usr/bin/gcc",
    "kmod": "/sbin/depmod",
    "libbpf-dev": "/usr/include/bpf/libbpf.h",
    "libc6-dev": "/usr/include/stdio.h",
    "libmnl-dev": "/usr/include/libmnl/libmnl.h",
    "libpcap-dev": "/usr/include/pcap/pcap.h",
    "libsodium-dev": "/usr/include/sodium.h",
    "make": "/usr/bin/make",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "mount": "/bin/mount",
    "perl": "/usr/bin/perl",
    "pkgconf": "/usr/bin/pkgconf",
    "pyflakes3": "/usr/bin/pyflakes3",
    "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
    "relacy-dev": "/usr/include/relacy/relacy.hpp",
    "shellcheck": "/usr/bin/shellcheck",
    "util-linux": "/usr/bin/unshare",
    "xz-utils": "/usr/bin/xz",
}

# What the tests of the packages need beside that.
PACKAGING = {
    "apt-utils": "/usr/bin/apt-ftparchive",
    "createrepo-c": "/usr/bin/createrepo_c",
    "faketime": "/usr/bin/faketime",
    "gnupg": "/usr/bin/gpg",
    "lintian": "/usr/bin/lintian",
    "rpm": "/usr/bin/rpmbuild",
    "rpmlint": "/usr/bin/rpmlint",
}


def narrow():
    """What the compiler needs to make 32-bit programs, as such a table.

    The package without the version in its name would have to replace other
    compilers; see selftests/Makefile.
    """
    version = shell.output(["gcc", "-dumpversion"]).split(".")[0].strip()
    machine = shell.output(["gcc", "-dumpmachine"]).strip()
    return {f"gcc-{version}-multilib":
            f"/usr/lib/gcc/{machine}/{version}/32/libgcc.a"}


# dh-dkms is a package of its own since Debian 12; before, dkms had it.
DKMS_SEQUENCE = "/usr/share/perl5/Debian/Debhelper/Sequence/dkms.pm"


def absent(wanted):
    """The packages of a table that are not there."""
    return [name for name, path in wanted.items()
            if not pathlib.Path(path).exists()]


def missing():
    """The packages that are not there."""
    names = absent(NEEDED)
    if not pathlib.Path(DKMS_SEQUENCE).exists():
        names.append("dh-sequence-dkms")
    return names


def prepare():
    """Install what is absent. Ends the program if that cannot be done."""
    if os.geteuid() != 0:
        shell.die("this must run as root: it makes Debian roots and mounts "
                  "them")
    with cache.lock("host"):
        names = missing()
        # Without the lists, apt names no mirror.
        if names or not _lists():
            _install(names)
        still = missing()
        if still:
            shell.die(f"could not install {' '.join(still)}")


def install(wanted):
    """Install what is absent of a table like those above."""
    with cache.lock("host"):
        names = absent(wanted)
        if names:
            _install(names)
        still = absent(wanted)
        if still:
            shell.die(f"could not install {' '.join(still)}")


def _install(names):
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    shell.run(["apt-get", "update", "-qq"], env=environment)
    if names:
        shell.say(f"installing {' '.join(names)}")
        shell.run(["apt-get", "install", "-qq", "-y",
                   "--no-install-recommends", *names], env=environment)


def _lists():
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(FILENAME)",
         "Created-By: Packages"], stdout=subprocess.PIPE, check=False,
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return any(pathlib.Path(name).exists()
               for name in done.stdout.decode().split())
