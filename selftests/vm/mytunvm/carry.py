# SPDX-License-Identifier: GPL-2.0
"""A program of the host, with its libraries, for machines that lack it."""

import re
import shutil

from . import shell

# QEMU looks for its own modules there; for others it means nothing.
LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export QEMU_MODULE_DIR="$here"
exec "$here/{loader}" --library-path "$here" "$here/{name}.real" "$@"
"""


def libraries(path):
    """The libraries that a program loads, and the loader, as paths."""
    found = re.findall(r"(/\S+) \(0x", shell.output(["ldd", path]))
    loader = [name for name in found if "/ld-" in name]
    if len(loader) != 1:
        raise ValueError(f"ldd {path} names no loader: {found}")
    return found, loader[0]


def carry(path, directory, modules=()):
    """Put the program, what it loads, and modules of it into a directory.

    What the modules load has to be among them. A directory may have several
    programs, all of this host.

    It is started by its own name there, on any older or newer system: nothing
    of that system's libraries is used.
    """
    directory.mkdir(exist_ok=True)
    found, loader = libraries(path)
    for name in [*found, *modules]:
        shutil.copy2(name, directory)
    name = path.rsplit("/", 1)[1]
    shutil.copy2(path, directory / f"{name}.real")
    launcher = directory / name
    launcher.write_text(LAUNCHER.format(loader=loader.rsplit("/", 1)[1],
                                        name=name))
    launcher.chmod(0o755)
