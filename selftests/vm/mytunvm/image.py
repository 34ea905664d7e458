# SPDX-License-Identifier: GPL-2.0
"""Disk images of roots."""

from . import cache, shell

SIZE = "6G"


def of(system):
    """An ext4 image of a root, sparse, never written to by a machine."""
    root = system.path()

    def make(directory):
        shell.say(f"making the disk image of {system.suite}")
        shell.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal",
                   "-E", "lazy_itable_init=0", "-d", root / "root",
                   directory / "root.img", SIZE])

    return cache.entry("images", system.suite, [root.name, SIZE, 2], make) \
        / "root.img"
