# SPDX-License-Identifier: GPL-2.0
"""A package installed in a root, and the modules that dkms made of it."""

import dataclasses
import hashlib
import json
import pathlib
import re

from . import cache, chroot, shell

# What the compiler says where nothing is wrong with the driver.
HARMLESS = (
    # The headers' compiler may be a later build of the same release.
    re.compile(r"warning: the compiler differs from the one used to build"),
    # Before 4.16 the headers leave suffixes out, which a later assembler minds.
    re.compile(r"asm/bitops\.h:\d+: Warning: no instruction mnemonic suffix"),
)

# dkms builds for the newest kernel of a chroot when the package is
# installed, and for each other one when that kernel is installed; the
# kernels came first here, so they are named to it one by one.
INSTALL = """
failed()
{
    cat /var/lib/dkms/*/*/build/make.log
    exit 1
}
apt-get install -y --no-install-recommends "$@" || failed
for directory in /lib/modules/*/; do
    release=$(basename "$directory")
    dkms autoinstall -k "$release" || failed
    depmod "$release" || failed
done
"""


@dataclasses.dataclass(frozen=True)
class Built:
    """What dkms made for one kernel."""

    release: str
    path: str
    warnings: tuple


@dataclasses.dataclass(frozen=True)
class Package:
    """An installed package: a layer over its root, and its modules."""

    layer: pathlib.Path
    log: pathlib.Path
    built: dict


def warnings(text):
    """The lines of a compiler's output that are warnings."""
    return [line.strip() for line in text.splitlines()
            if re.search(r"\bwarning:", line, re.IGNORECASE)
            and not any(rule.search(line) for rule in HARMLESS)]


def install(system, debs):
    """Install .deb files in a copy of a root and return a Package.

    Raises shell.CommandError with apt's output if that fails, and
    LookupError if no module came out for a kernel of the root.
    """
    debs = sorted(pathlib.Path(deb).resolve() for deb in debs)
    root = system.path()
    releases = sorted(json.loads(
        (root / "kernels.json").read_text(encoding="ascii")).values())
    digests = [(deb.name, hashlib.sha256(deb.read_bytes()).hexdigest())
               for deb in debs]

    def make(directory):
        shell.say(f"installing {' '.join(deb.name for deb in debs)} "
                  f"on {system.suite}")
        with chroot.Chroot(root / "root") as inside:
            names = []
            for deb in debs:
                inside.add(deb, f"/var/cache/{deb.name}")
                names.append(f"/var/cache/{deb.name}")
            inside.run("sh", "-c", INSTALL, "install", *names,
                       log=directory / "install.log")
            found = [_module(inside, release) for release in releases]
            for name in names:
                inside.inside(name).unlink()
            inside.save(directory)
        (directory / "built.json").write_text(json.dumps(found),
                                              encoding="utf-8")

    layer = cache.entry("layers", system.suite,
                        [root.name, digests, INSTALL, 2], make)
    built = {}
    for release, path, lines in json.loads(
            (layer / "built.json").read_text(encoding="utf-8")):
        built[release] = Built(release, path, tuple(lines))
    return Package(layer, layer / "install.log", built)


def _module(inside, release):
    """Where dkms put the module for one kernel, and how it was built."""
    for path in sorted(inside.inside(f"/lib/modules/{release}").rglob("*.ko*")
                       ) + sorted(inside.inside(f"/usr/lib/modules/{release}"
                                                ).rglob("*.ko*")):
        if path.name.split(".")[0] != "mytun":
            continue
        logs = sorted(inside.inside("/var/lib/dkms/mytun").glob(
            f"*/{release}/*/log/make.log"))
        if not logs:
            raise LookupError(f"dkms left no log for {release}")
        text = "".join(log.read_text(errors="replace") for log in logs)
        name = "/" + str(path.relative_to(inside.inside("/")))
        return release, name, warnings(text)
    raise LookupError(f"dkms made no mytun module for {release}")
