# SPDX-License-Identifier: GPL-2.0
"""The kernels that tests run on, by the names that people call them."""

import dataclasses
import json
import pathlib

from . import root


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel that can be booted.

    'modules' is the directory that holds modules.dep of this kernel, or
    None if the kernel has none. 'system' is the root it runs with.
    """

    name: str
    release: str
    image: pathlib.Path
    modules: pathlib.Path
    system: root.Root


# In the order in which people list them; "longest first" is check's matter.
TABLE = {name: system
         for system in (root.BULLSEYE, root.BOOKWORM, root.TRIXIE)
         for name, _ in system.kernels}
NAMES = tuple(TABLE)


def find(name):
    """The kernel of that name; its root is made if it is absent."""
    if name not in TABLE:
        raise LookupError(f"no kernel is called {name!r}: "
                          f"they are {', '.join(NAMES)}")
    system = TABLE[name]
    path = system.path()
    releases = json.loads((path / "kernels.json").read_text(encoding="ascii"))
    release = releases[name]
    return Kernel(name, release, path / "root" / "boot" / f"vmlinuz-{release}",
                  path / "root" / "lib" / "modules" / release, system)
