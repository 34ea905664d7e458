# SPDX-License-Identifier: GPL-2.0
"""The initramfs: our first program, and the modules that it loads."""

import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess

from . import cache, shell

GUEST = pathlib.Path(__file__).resolve().parent.parent / "guest"

# Needed to read the root disk; what is built in is left out.
MODULES = ("virtio_pci", "virtio_blk", "ext4")
# Softly needed by ext4: nothing in modules.dep names them.
EXTRA = ("crc32c_generic", "crc32c_cryptoapi", "crc32c")


def program():
    """Our first program, linked statically by the host's compiler."""
    source = GUEST / "init.c"

    def make(directory):
        shell.run(["gcc", "-static", "-O2", "-Wall", "-o",
                   directory / "init", source])

    return cache.entry("init", "init", [source.read_text(encoding="utf-8")],
                       make) / "init"


def module_files(directory):
    """The files of MODULES and what they need, in loading order.

    Raises LookupError if the kernel has one of MODULES neither as a module
    nor built in.
    """
    depends = {}
    for line in _lines(directory / "modules.dep"):
        name, _, needs = line.partition(":")
        depends[_name(name)] = (name, needs.split())
    builtin = {_name(line) for line in _lines(directory / "modules.builtin")}
    order = []

    def add(path):
        if path not in order:
            order.append(path)

    for name in EXTRA + MODULES:
        if name in depends:
            path, needs = depends[name]
            for need in reversed(needs):
                add(need)
            add(path)
        elif name in MODULES and name not in builtin:
            raise LookupError(f"the kernel has no {name}")
    return [directory / path for path in order]


def _lines(path):
    return path.read_text(encoding="ascii").splitlines() if path.exists() \
        else []


def _name(path):
    return re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1]).replace(
        "-", "_")


def content(path):
    """A module's bytes, unpacked: the kernel need not know the packer."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix in (".gz", ".zst"):
        tool = {".gz": "gzip", ".zst": "zstd"}[path.suffix]
        return subprocess.run([tool, "-dc", str(path)], check=True,
                              stdout=subprocess.PIPE).stdout
    return data


class Archive:
    """A cpio archive in the format that the kernel unpacks ("newc")."""

    def __init__(self, file):
        self._file = file
        self._inode = 0

    def add(self, name, mode, data=b"", device=(0, 0), owner=(0, 0)):
        """Add one file, directory, symbolic link or device node."""
        self._inode += 1
        path = name.encode() + b"\0"
        fields = (self._inode, mode, *owner, 1, 0, len(data), 0, 0, *device,
                  len(path), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._padded(head + path)
        self._padded(data)

    def _padded(self, data):
        self._file.write(data)
        self._file.write(b"\0" * (-len(data) % 4))

    def add_tree(self, top, skip):
        """Add what is below 'top', without the paths that 'skip' matches."""
        for path in sorted(top.rglob("*")):
            name = str(path.relative_to(top))
            if skip and skip.match(name):
                continue
            info = path.lstat()
            owner = (info.st_uid, info.st_gid)
            if stat.S_ISLNK(info.st_mode):
                data = os.readlink(path).encode()
            elif stat.S_ISREG(info.st_mode):
                data = path.read_bytes()
            elif stat.S_ISDIR(info.st_mode):
                data = b""
            else:
                continue
            self.add(name, info.st_mode, data, owner=owner)

    def close(self):
        """End the archive."""
        self.add("TRAILER!!!", 0)


def begin(archive):
    """Put in what every initramfs of ours has."""
    archive.add("dev", stat.S_IFDIR | 0o755)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("init", stat.S_IFREG | 0o755, program().read_bytes())


def bare():
    """An initramfs with our first program alone, to see whether it runs."""
    def make(directory):
        with open(directory / "initramfs", "wb") as file:
            archive = Archive(file)
            begin(archive)
            archive.close()

    return cache.entry("initramfs", "bare", [str(program()), 1], make) \
        / "initramfs"


def small(kernel):
    """The initramfs of a kernel that reads its root from a disk."""
    files = module_files(kernel.modules)

    def make(directory):
        with open(directory / "initramfs", "wb") as file:
            archive = Archive(file)
            begin(archive)
            archive.add("modules", stat.S_IFDIR | 0o755)
            for number, path in enumerate(files):
                archive.add(f"modules/{number:03d}.ko",
                            stat.S_IFREG | 0o644, content(path))
            archive.close()

    made_from = [str(program()), [(str(path), path.stat().st_mtime_ns)
                                  for path in files], 1]
    return cache.entry("initramfs", kernel.name, made_from, make) \
        / "initramfs"


# What a root that lives in memory can do without.
HEAVY = re.compile(r"boot/|usr/src/|usr/lib/gcc/|(usr/)?lib/modules/|"
                   r"var/(cache|lib/apt)/|usr/share/(doc|locale|perl)/|"
                   r"usr/lib/x86_64-linux-gnu/(perl|[^/]*\.a$)|usr/include/|"
                   r"usr/libexec/gcc/")


def whole(root, job, path):
    """Write an initramfs that holds a root and a job, for a kernel that
    reads no disk. 'job' is a directory laid over the root."""
    with open(path, "wb") as file:
        archive = Archive(file)
        archive.add_tree(root, HEAVY)
        archive.add_tree(job, None)
        begin(archive)
        archive.close()
    if shutil.which("gzip"):
        shell.run(["gzip", "-1", "-f", "-k", path])
        os.replace(f"{path}.gz", path)
