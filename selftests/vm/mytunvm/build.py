# SPDX-License-Identifier: GPL-2.0
"""Builds of the module in each root: by dkms, with W=1, with changed headers."""

import pathlib
import re

from . import (answers, cache, chroot, kernel, ktap, mock, package, program,
               shell)

SPLAT = pathlib.Path(__file__).resolve().parent.parent / "splat"

# $1 is the release, what follows goes to make. The source is the one that dkms
# builds.
DIRECTORY = "/var/tmp/mytun"
HEADERS = "/var/tmp/headers"
MAKE = f"""
set -e
release=$1
shift
[ -d {DIRECTORY} ] || cp -a /usr/src/mytun-* {DIRECTORY}
exec make -C {DIRECTORY} module KDIR=/lib/modules/$release/build W=1 "$@"
"""


def debs():
    """Build the packages with `make deb`; return the driver's .deb."""
    shell.run(["make", "--no-print-directory", "-C", program.PROJECT, "deb"])
    found = sorted((program.PROJECT / "build" / "deb").glob(
        "mytun-dkms_*.deb"))
    if len(found) != 1:
        raise LookupError(f"make deb left {len(found)} mytun-dkms packages")
    return found


def first_error(error):
    """What a compiler said from its first error on, else all."""
    lines = getattr(error, "output", str(error)).splitlines()
    for number, line in enumerate(lines):
        if re.search(r"\berror\b:|\bERROR\b", line):
            return lines[max(0, number - 3):number - 3 + ktap.NOTE_LINES]
    return lines


def install(system, files, names, report):
    """Install the package in a root and report how dkms built it.

    'names' are the kernels of the root that are wanted. Returns the
    Package, or None if there is no module to test.
    """
    try:
        made = package.install(system, files)
    except (shell.CommandError, LookupError) as error:
        report.add(f"build {system.suite} install", ktap.FAILED,
                   "the package does not install", first_error(error))
        return None
    report.add(f"build {system.suite} install", ktap.PASSED)
    for name in names:
        built = made.built[kernel.find(name).release]
        report.check(f"build {name} dkms", f"{len(built.warnings)} warnings"
                     if built.warnings else "", built.warnings)
    return made


def extra_warnings(name, made, report):
    """Build for a kernel with the warnings of W=1; none may come.

    The answers to the probes must be those of the table, and with the headers
    of known backports those that the backports call for.
    """
    found = kernel.find(name)
    with chroot.Chroot(found.system.path() / "root") as inside:
        shell.run(["tar", "-x", "-p", "-f", made.layer / "layer.tar", "-C",
                   inside.inside("/")])
        if not make_module(inside, found, f"build {name} W=1", report):
            return
        plain = answers.of(inside.inside(f"{DIRECTORY}/src/.probes"))
        faults = list(answers.Table.read().faults(found.release, plain))
        report.check(f"build {name} probes", f"{len(faults)} faults"
                     if faults else "", faults)
        kdir = inside.root / "usr/src" / f"linux-headers-{found.release}"
        mocks = mock.write(mock.include_dirs(kdir, inside.root),
                           inside.inside(HEADERS))
        # The latest kernels have them all.
        if not mocks:
            return
        title = f"build {name} backports"
        # Nothing defines what such headers declare: modpost only warns.
        if make_module(inside, found, f"{title} W=1", report,
                       f"MYTUN_HEADERS={HEADERS}", "KBUILD_MODPOST_WARN=1"):
            faults = list(mock.faults(mocks, plain, answers.of(
                inside.inside(f"{DIRECTORY}/src/.probes"))))
            report.check(title, f"{len(faults)} faults" if faults else "",
                         faults)


def make_module(inside, found, title, report, *words):
    """Build in a chroot and report it; return whether that went well.

    'words' go to make. Whoever gives some has no kernel to link with, of which
    modpost warns.
    """
    try:
        text = inside.run("sh", "-c", MAKE, "make", found.release, *words)
    except shell.CommandError as error:
        report.add(title, ktap.FAILED, "it does not build",
                   first_error(error))
        return False
    lines = [line for line in package.warnings(text)
             if not (words and line.startswith("WARNING: "))]
    return report.check(title, f"{len(lines)} warnings" if lines else "",
                        lines)


def splat(name):
    """The module that warns on purpose, built for a kernel."""
    found = kernel.find(name)
    root = found.system.path()
    texts = [path.read_text(encoding="utf-8")
             for path in sorted(SPLAT.iterdir()) if path.is_file()]

    def make(directory):
        with chroot.Chroot(root / "root") as inside:
            inside.add(SPLAT, "/usr/src/splat")
            inside.run("make", "-C", f"/lib/modules/{found.release}/build",
                       "M=/usr/src/splat", "modules")
            data = inside.inside("/usr/src/splat/splat.ko").read_bytes()
        (directory / "splat.ko").write_bytes(data)

    return cache.entry("splat", name, [root.name, found.release, texts], make)
