# SPDX-License-Identifier: GPL-2.0
"""Kernels made for finding faults: small, with checks switched on.

debug.config says what they are made of, coverage.config and kcsan.config what
two of them have instead. They are built here, by the host's compiler, and kept: the image, its
modules, and what it takes to build a module for it. Where coverage is counted,
the driver is built with it, which the rest of the kernel is not.
"""

import dataclasses
import os
import pathlib
import re
import shutil

from . import cache, foreign, host, job, machine, root, shell, source

CONFIGS = pathlib.Path(__file__).resolve().parent.parent

# What a kernel takes to build, beside what the tests need anyway.
NEEDED = {
    "bc": "/usr/bin/bc",
    "bison": "/usr/bin/bison",
    "flex": "/usr/bin/flex",
    "libelf-dev": "/usr/include/libelf.h",
    "libssl-dev": "/usr/include/openssl/ssl.h",
}

# libFuzzer, which goes by what KCOV tells.
FUZZER = {
    "clang": "/usr/bin/clang",
    "libclang-rt-dev": "/usr/share/doc/libclang-rt-dev",
}

# The module alone: which lines a test reached, and what a fuzzer found new.
COVERAGE = ("GCOV_PROFILE=y", "KCOV_INSTRUMENT=y")
# So do checks of who walks lists under RCU: in lockdep's own table of chains,
# walked for each lock of a device that goes, they took most of a run.
LISTS = ("KCFLAGS=-DCONFIG_PROVE_RCU_LIST=1",)

# Twice the memory, of which the checks take a part; who has which page; and
# each report, not the first one only, so that what caused it can be cut down.
# The interpreter of ACPI's tables is so slow with these checks that it gives
# up on those of PCI's interrupts after 30 seconds each; MSI does without.
SETTINGS = machine.Settings(
    memory=2048, small=True, boot_seconds=400,
    append="page_owner=on kasan_multi_shot pci=noacpi")

# What only a kernel with fault injection can do.
TOPICS = ("fault",)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One such kernel: where its source is from, and what it is made of.

    'absent' are options of the configuration that cannot be had with it,
    'kernel' and 'driver' go to make when the one or the other is built.
    'checks' says whether leaks, coverage and faults can be asked for. The
    checks that follow each allocation, lock and access cost time: limits are
    'slower' times as long, and counts are divided by as much where they are in
    full, else by 'fewer' more. If there is a 'quick' set, the other programs
    run with LONG=1, or when TESTS names their topic. 'late' is for make
    check-long only.
    """

    name: str
    suite: str = source.SUITE
    configs: tuple = ("debug.config",)
    absent: frozenset = frozenset()
    kernel: tuple = ()
    driver: tuple = COVERAGE + LISTS
    checks: bool = True
    slower: int = 10
    fewer: int = 2
    quick: tuple = ()
    late: bool = False


# What is most likely to meet memory, locks and lifetimes that are not what they
# should be, in the time that make check has.
QUICK = ("race", "ring", "ring_memory", "ring_hostile", "fuzz", "fault")


KINDS = {kind.name: kind for kind in (
    Kind("debug", quick=QUICK),
    # The same from an older source.
    Kind("debug-6.1", suite="bookworm", late=True,
         absent=frozenset({"FAULT_INJECTION_STACKTRACE_FILTER"})),
    # Which lines all the programs reach, and what they leave behind.
    Kind("coverage", configs=("debug.config", "coverage.config"),
         driver=COVERAGE, slower=3, late=True),
    # Races, by watching what each access of the driver meets: the rest of the
    # kernel, which has races of its own, is not instrumented.
    Kind("kcsan", configs=("debug.config", "kcsan.config"),
         absent=frozenset({"DEBUG_KMEMLEAK_MEM_POOL_SIZE"}),
         kernel=("KCSAN_SANITIZE=n",), driver=LISTS, checks=False, late=True),
)}
NAMES = tuple(KINDS)
EARLY = tuple(kind.name for kind in KINDS.values() if not kind.late)

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


def _text(kind):
    """The configuration of a kernel: what stands later replaces."""
    return "".join((CONFIGS / name).read_text(encoding="ascii")
                   for name in kind.configs)


def _missing(kind, config):
    """What a kernel's .config lacks of what it was to have."""
    have = dict(re.findall(r"^(CONFIG_\w+)=(.*)$", config, re.MULTILINE))
    wanted = dict(re.findall(r"^(CONFIG_\w+)=(.*)$", _text(kind),
                             re.MULTILINE))
    return [f"{name}={value}" for name, value in wanted.items()
            if have.get(name, "n") != value
            and name.removeprefix("CONFIG_") not in kind.absent]


def _make(kind, directory):
    """Build a kernel in the directory linux/, where it also stays.

    Built in its own source it knows no path but relative ones, so that the
    directory can be renamed.
    """
    host.install(NEEDED)
    tree = directory / "linux"
    tree.mkdir()
    shell.say(f"unpacking the source of the kernel {kind.name}")
    source.extract((), tree, kind.suite)
    wanted = directory / "wanted"
    wanted.write_text(_text(kind), encoding="ascii")
    make = ["make", "-C", tree, f"LOCALVERSION=-mytun-{kind.name}",
            *kind.kernel]
    shell.run([*make, "allnoconfig"],
              env=dict(os.environ, KCONFIG_ALLCONFIG=str(wanted)))
    missing = _missing(kind, (tree / ".config").read_text(encoding="ascii"))
    if missing:
        raise LookupError(f"the source of {kind.name} has no "
                          f"{' '.join(missing)}")
    shell.say(f"building the kernel {kind.name}")
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


def kdir(kind):
    """The prepared tree of a kernel, built if it is absent."""
    compiler = shell.output(["gcc", "-dumpfullversion", "-dumpmachine"])
    made_from = [source.package(kind.suite), source.version(kind.suite),
                 _text(kind), compiler, *kind.kernel, 1]
    return cache.entry(kind.name, "linux", made_from,
                       lambda directory: _make(kind, directory)) / "linux"


def build(kind, work):
    """A kernel with the driver built for it, as a Foreign."""
    return foreign.Foreign(kdir(kind), "", work, name=kind.name,
                           system=root.TRIXIE, options=kind.driver)
