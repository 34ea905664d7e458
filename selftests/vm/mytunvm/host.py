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
    "make": "/usr/bin/make",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "mount": "/bin/mount",
    "perl": "/usr/bin/perl",
    "pkgconf": "/usr/bin/pkgconf",
    "pyflakes3": "/usr/bin/pyflakes3",
    "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
    "shellcheck": "/usr/bin/shellcheck",
    "util-linux": "/usr/bin/unshare",
    "xz-utils": "/usr/bin/xz",
}

# dh-dkms is a package of its own since Debian 12; before, dkms had it.
DKMS_SEQUENCE = "/usr/share/perl5/Debian/Debhelper/Sequence/dkms.pm"


def missing():
    """The packages that are not there."""
    names = [name for name, path in NEEDED.items()
             if not pathlib.Path(path).exists()]
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
        if not names and _lists():
            return
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        shell.run(["apt-get", "update", "-qq"], env=environment)
        if not names:
            return
        shell.say(f"installing {' '.join(names)}")
        shell.run(["apt-get", "install", "-qq", "-y",
                   "--no-install-recommends", *names], env=environment)
        still = missing()
        if still:
            shell.die(f"could not install {' '.join(still)}")


def _lists():
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(FILENAME)",
         "Created-By: Packages"], stdout=subprocess.PIPE, check=False,
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return any(pathlib.Path(name).exists()
               for name in done.stdout.decode().split())
