# SPDX-License-Identifier: GPL-2.0
"""The debug kernel: the newest source, small, with every check switched on.

debug.config says what it is made of. It is built here, by the host's compiler,
and kept: the image, its modules, and what it takes to build a module for it.
The driver is built for it with coverage, which the rest of the kernel has not.
"""

import os
import pathlib
import re
import shutil

from . import (archive, cache, foreign, host, job, machine, root, shell,
               source)

NAME = "debug"
CONFIG = pathlib.Path(__file__).resolve().parent.parent / "debug.config"

# What a kernel takes to build, beside what the tests need anyway.
NEEDED = {
    "bc": "/usr/bin/bc",
    "bison": "/usr/bin/bison",
    "flex": "/usr/bin/flex",
    "libelf-dev": "/usr/include/libelf.h",
    "libssl-dev": "/usr/include/openssl/ssl.h",
}

# The module alone: which lines a test reached, and what a fuzzer found new.
COVERAGE = ("GCOV_PROFILE=y", "KCOV_INSTRUMENT=y")

# The checks that follow each allocation, lock and access cost time: the
# counts of tests are divided by this much more.
SLOWER = 10

# Twice the memory, of which the checks take a part, and who has which page.
SETTINGS = machine.Settings(memory=2048, append="page_owner=on")

# What only this kernel can do.
TOPICS = ("fault",)

# Memory that nobody points to any more. The first look is for objects that
# change hands while it looks; those of the last seconds are left out.
LEAKS = job.Step("kmemleak", """
leaks=/sys/kernel/debug/kmemleak
echo scan > $leaks && sleep 6 && echo scan > $leaks && cat $leaks
""", 300)


def leaks(outcome):
    """What is wrong after LEAKS."""
    if outcome.trouble or outcome.status:
        return outcome.trouble or f"exit status {outcome.status}"
    found = [line for line in outcome.output
             if line.startswith("unreferenced object")]
    return f"{len(found)} objects leaked" if found else ""


def _missing(config):
    """The lines of debug.config that a configuration does not have."""
    have = set(config.splitlines())
    for line in CONFIG.read_text(encoding="ascii").splitlines():
        found = re.fullmatch(r"(CONFIG_\w+)=n", line)
        if found:
            line = f"# {found.group(1)} is not set"
            if any(one.startswith(f"{found.group(1)}=") for one in have):
                yield line
        elif line.startswith("CONFIG_") and line not in have:
            yield line


def _make(directory):
    """Build the kernel in the directory linux/, where it also stays.

    Built in its own source it knows no path but relative ones, so that the
    directory can be renamed.
    """
    host.install(NEEDED)
    tree = directory / "linux"
    tree.mkdir()
    shell.say("unpacking the source of the debug kernel")
    source.extract((), tree)
    make = ["make", "-C", tree, "LOCALVERSION=-mytun-debug"]
    shell.run([*make, "allnoconfig"],
              env=dict(os.environ, KCONFIG_ALLCONFIG=str(CONFIG)))
    missing = list(_missing((tree / ".config").read_text(encoding="ascii")))
    if missing:
        raise LookupError(f"this source has no {' '.join(missing)}: see "
                          f"{CONFIG.name}")
    shell.say("building the debug kernel")
    shell.run([*make, f"-j{os.cpu_count()}", "bzImage", "modules"],
              log=directory / "build.log")
    _prune(tree)


# Where the tools are that build a module, which stay whole.
TOOLS = ("scripts", "tools")


def _prune(tree):
    """Leave what it takes to boot, and to build a module."""
    for path in tree.iterdir():
        if path.name in ("Documentation", "samples", "vmlinux", "vmlinux.o",
                         "vmlinux.unstripped"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in tree.rglob("*"):
        if path.parts[len(tree.parts)] not in TOOLS and path.is_file() and \
                path.suffix in (".c", ".S", ".o", ".a", ".cmd", ".rst",
                                ".dts", ".dtsi", ".yaml", ".json"):
            path.unlink()


def kdir():
    """The prepared tree of the debug kernel, built if it is absent."""
    name = source.package()
    version = archive.index(source.SUITE).version(name)
    compiler = shell.output(["gcc", "-dumpfullversion", "-dumpmachine"])
    made_from = [name, version, CONFIG.read_text(encoding="ascii"), compiler,
                 1]
    return cache.entry("debug", "linux", made_from, _make) / "linux"


def build(work):
    """The debug kernel with the driver built for it, as a Foreign."""
    return foreign.Foreign(kdir(), "", work, name=NAME, system=root.TRIXIE,
                           options=COVERAGE)
