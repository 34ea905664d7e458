# SPDX-License-Identifier: GPL-2.0
"""The driver built by clang, for kernels that are built by clang.

A module is built by the compiler of its kernel, and the headers of Debian's
kernels ask for what gcc alone has. So the source of each is prepared with
LLVM=1 and Debian's configuration, in a copy of its root, which is kept.
"""

import json
import re

from . import answers, build, cache, chroot, kernel, shell

# Clang builds kernels, and their modules, since before these.
KERNELS = ("6.1", "6.12", "newest")
PACKAGES = ("bc", "bison", "clang", "flex", "libelf-dev", "libssl-dev", "lld",
            "llvm", "xz-utils")

INSTALL = """
apt-get update -qq
apt-get install -qq -y --no-install-recommends "$@"
"""
# $1 is the release, $2 the source's version. What a module does not need is not
# unpacked.
PREPARE = r"""
set -e
release=$1 version=$2
mkdir -p /usr/src/clang/$release
cd /usr/src/clang/$release
tar -x -f /usr/src/linux-source-$version.tar.xz --strip-components=1 \
    --exclude='*/Documentation/*/*' --exclude='*/drivers/*.[chS]' \
    --exclude='*/sound/*.[chS]' --exclude='*/fs/*/*.[chS]' \
    --exclude='*/tools/testing/*' --exclude='*/tools/perf/*' \
    --exclude='*.dts' --exclude='*.dtsi'
rm /usr/src/linux-source-$version.tar.xz
cp /boot/config-$release .config
# They need a tool, or keys, that are not here, and are nothing to a module.
scripts/config -d DEBUG_INFO_BTF -d MODULE_SIG -d RUST \
    --set-str SYSTEM_TRUSTED_KEYS ''
make LLVM=1 olddefconfig
make LLVM=1 -j"$(nproc)" modules_prepare
"""


def _trees(system, names):
    """A root with clang and the prepared trees, as 'kept' for a Chroot."""
    root = system.path()
    releases = json.loads((root / "kernels.json").read_text(encoding="ascii"))
    versions = {releases[name]: re.match(r"\d+\.\d+", releases[name]).group()
                for name in names}

    def make(directory):
        shell.say(f"preparing {' and '.join(versions)} with clang")
        log = directory / "prepare.log"
        with chroot.Chroot(root / "root") as inside:
            inside.run("sh", "-e", "-c", INSTALL, "install", *PACKAGES,
                       *[f"linux-source-{version}"
                         for version in versions.values()], log=log)
            for release, version in versions.items():
                inside.run("sh", "-c", PREPARE, "prepare", release, version,
                           log=log)
            inside.keep(directory / "top")

    found = cache.entry("clang", system.suite, [root.name, versions, PACKAGES,
                                                INSTALL, PREPARE], make)
    return (found / "top",)


def extra_warnings(name, made, report):
    """Build for a kernel, with the warnings of W=1; none may come.

    What clang says to the probes must stand in the table, too.
    """
    found = kernel.find(name)
    system = found.system
    names = [one for one, _ in system.kernels if one in KERNELS]
    with chroot.Chroot(system.path() / "root",
                       kept=_trees(system, names)) as inside:
        shell.run(["tar", "-x", "-p", "-f", made.layer / "layer.tar", "-C",
                   inside.inside("/")])
        # Nothing is linked here that would say what the kernel exports.
        if build.make_module(inside, found, f"build {name} clang W=1", report,
                             "LLVM=1", "KBUILD_MODPOST_WARN=1",
                             f"KDIR=/usr/src/clang/{found.release}"):
            faults = list(answers.Table.read().faults(
                found.release, answers.of(inside.inside(
                    f"{build.DIRECTORY}/src/.probes"))))
            report.check(f"build {name} clang probes", f"{len(faults)} faults"
                         if faults else "", faults)
