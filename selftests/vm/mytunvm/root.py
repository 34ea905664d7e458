# SPDX-License-Identifier: GPL-2.0
"""Roots: one Debian system for each suite, with its kernels in it.

A root is made by mmdebstrap from a suite's own packages: the cloud kernel,
its headers, dkms, and the network tools that the tests use. Kernels are
known by the release that `uname -r` prints.
"""

import dataclasses
import json
import os
import shutil

from . import archive, cache, shell

# What every root has beside its kernels.
PACKAGES = (
    "bpftool", "bridge-utils", "dash", "dkms", "ethtool", "gcc", "gdb-minimal",
    "initramfs-tools", "iperf3", "iproute2", "iputils-ping", "kmod",
    "libc6-dev", "make", "nftables", "openvpn", "procps", "psmisc",
    "python3-minimal", "socat", "strace", "systemd", "tcpdump", "udev",
    "xz-utils", "zstd",
)

# Documentation is left out to make the root and its image smaller; the
# rule is taken away afterwards, so that packages under test come complete.
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")
KEPT = ("/usr/share/doc/*/copyright",)


@dataclasses.dataclass(frozen=True)
class Root:
    """One root.

    'kernels' holds pairs of a kernel's name and the suite that it comes
    from, 'more' the packages that this root alone has.
    """

    suite: str
    kernels: tuple
    more: tuple = ()

    def packages(self):
        """The packages to include, and the names that choose kernels."""
        names = [*PACKAGES, *self.more]
        for _, suite in self.kernels:
            if suite == self.suite:
                names += ["linux-image-cloud-amd64",
                          "linux-headers-cloud-amd64"]
            else:
                release = newest_release(suite)
                names += [f"linux-image-{release}",
                          f"linux-headers-{release}",
                          f"linux-base/{suite}"]
        return names

    def path(self):
        """The root's directory in the cache, made if absent."""
        names = self.packages()
        made_from = [self.suite, self.kernels, names, LEFT_OUT, KEPT, 1]

        def make(directory):
            self._make(directory, names)

        return cache.entry("roots", self.suite, made_from, make)

    def _make(self, directory, names):
        shell.say(f"making the root of {self.suite}")
        suites = dict.fromkeys([self.suite]
                               + [suite for _, suite in self.kernels])
        root = directory / "root"
        argv = ["mmdebstrap", "--mode=root", "--variant=minbase",
                "--format=directory", "--components=main",
                f"--architectures={archive.ARCH}",
                "--include=" + ",".join(names),
                "--dpkgopt=force-unsafe-io"]
        argv += [f"--aptopt={line}" for line in archive.apt_options()]
        argv += [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
        argv += [f"--dpkgopt=path-include={path}" for path in KEPT]
        argv += ["--customize-hook=rm -f $1/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
                 self.suite, root, *archive.sources(*suites)]
        # INITRD=No: the kernel packages need not make an initrd each.
        environment = dict(os.environ, INITRD="No",
                           DEBIAN_FRONTEND="noninteractive")
        log = directory / "mmdebstrap.log"
        try:
            shell.run(argv, env=environment, log=log)
        except shell.CommandError:
            kept = cache.top() / f"mmdebstrap-{self.suite}.log"
            shutil.copy(log, kept)
            shell.say(f"the whole output of mmdebstrap is in {kept}")
            raise
        found = {}
        for name, suite in self.kernels:
            if suite == self.suite:
                found[name] = installed_release(root)
            else:
                found[name] = newest_release(suite)
            if not (root / "boot" / f"vmlinuz-{found[name]}").exists():
                raise FileNotFoundError(
                    f"the root has no kernel {found[name]}")
        (directory / "kernels.json").write_text(json.dumps(found),
                                                encoding="ascii")
        shell.say(f"the root of {self.suite} is made")


def newest_release(suite):
    """The release of the newest cloud kernel of a backports suite."""
    for name in archive.index(suite).depends("linux-image-cloud-amd64"):
        if name.startswith("linux-image-"):
            return name[len("linux-image-"):]
    raise LookupError(f"{suite} has no cloud kernel")


def installed_release(root):
    """The release of the kernel that a root's own suite gave it."""
    fields = shell.output(["dpkg-query", f"--admindir={root}/var/lib/dpkg",
                           "-W", "-f", "${Depends}",
                           "linux-image-cloud-amd64"])
    for part in fields.split(","):
        name = part.split()[0]
        if name.startswith("linux-image-"):
            return name[len("linux-image-"):]
    raise LookupError("the root has no cloud kernel")


BULLSEYE = Root("bullseye", (("5.10", "bullseye"),))
BOOKWORM = Root("bookworm", (("6.1", "bookworm"),))
TRIXIE = Root("trixie", (("6.12", "trixie"), ("newest", "trixie-backports")),
              more=("sparse",))
ROOTS = (TRIXIE, BOOKWORM, BULLSEYE)
