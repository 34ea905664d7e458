# SPDX-License-Identifier: GPL-2.0
"""A throw-away copy of a root, in which packages and modules are built.

The copy is an overlay over the root, mounted in a mount namespace of its own
for each command, so that nothing stays mounted however the command ends.
Where no overlay can be mounted, the root is really copied. What a copy has
become can be kept, and be the root of further copies.
"""

import os
import pathlib
import shutil
import stat
import subprocess
import tarfile

from . import cache, shell

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive",
               "INITRD": "No"}

# $1 root, or several with colons between them, the first on top; $2 work
# directory; $3 "overlay" or "copy"; $4 a directory of the host that is seen as
# /shared, or nothing. The rest is the command.
ENTER = """
set -e
root=$1 work=$2 way=$3 shared=$4
shift 4
if [ "$way" = overlay ]; then
    mount -t overlay overlay "$work/merged" \
        -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work"
    top=$work/merged
else
    top=$work/upper
fi
mount -t proc proc "$top/proc"
mount --rbind /dev "$top/dev"
mount -t tmpfs tmpfs "$top/tmp"
if [ -n "$shared" ]; then
    mkdir -p "$top/shared"
    mount --bind "$shared" "$top/shared"
fi
exec chroot "$top" "$@"
"""


class Chroot:
    """A root to change at will; a context manager that removes it.

    'kept' is what keep() has returned, and stands for a changed root.
    'environment' and 'shared' are seen by all commands.
    """

    def __init__(self, root, kept=(), environment=(), shared=None):
        self.root = pathlib.Path(root)
        self._kept = tuple(kept)
        self._environment = {**ENVIRONMENT, **dict(environment)}
        self._shared = shared
        self._work = None
        self._way = "overlay"

    def __enter__(self):
        self._work = cache.scratch("work")
        for name in ("upper", "work", "merged"):
            (self._work / name).mkdir(mode=0o755)
        if not self._overlay_works():
            self._way = "copy"
            shell.run(["cp", "-a", "--reflink=auto",
                       f"{(*self._kept, self.root)[0]}/.",
                       self._work / "upper"])
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._work, ignore_errors=True)

    def _overlay_works(self):
        done = subprocess.run(self._argv(["true"]), check=False,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def _argv(self, argv):
        below = ":".join(str(path) for path in (*self._kept, self.root))
        # A daemon that a command leaves behind (gpg-agent) ends with it.
        return ["unshare", "--mount", "--propagation", "private", "--pid",
                "--fork", "--kill-child", "--", "sh", "-c", ENTER, "enter",
                below, str(self._work), self._way, str(self._shared or ""),
                *[str(word) for word in argv]]

    def run(self, *argv, log=None):
        """Run a command inside, and return what it printed."""
        try:
            return shell.run(self._argv(argv), env=self._environment, log=log)
        except shell.CommandError as error:
            words = [str(word) for word in argv]
            raise shell.CommandError(words, error.status,
                                     error.output) from None

    def add(self, source, target):
        """Copy a file or a tree of the host to the path 'target' inside."""
        path = self._work / "upper" / str(target).lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shell.run(["cp", "-a", "--no-preserve=ownership", source, path])

    def inside(self, path):
        """The host's path of a file that was made inside."""
        return self._work / "upper" / str(path).lstrip("/")

    def keep(self, directory):
        """Move what the copy has become to 'directory', on the cache's disk.

        Returns what stands for it in 'kept'. The copy itself is gone.
        """
        (self._work / "upper").rename(directory)
        return (directory,) if self._way == "copy" else (directory,
                                                         *self._kept)

    def save(self, directory):
        """Write what differs from the root: layer.tar and deleted.

        'deleted' names what is no longer there, each name ended by a NUL.
        """
        upper = self._work / "upper"
        deleted = []
        with tarfile.open(directory / "layer.tar", "w",
                          format=tarfile.GNU_FORMAT) as tar:
            for path in sorted(upper.rglob("*")):
                name = path.relative_to(upper)
                if name.parts[0] in ("proc", "dev", "sys", "tmp", "run"):
                    continue
                info = path.lstat()
                if stat.S_ISCHR(info.st_mode) and info.st_rdev == 0:
                    deleted.append(f"/{name}")
                elif self._differs(path, name, info):
                    tar.add(path, str(name), recursive=False)
        if self._way == "copy":
            deleted += [f"/{path.relative_to(self.root)}"
                        for path in self.root.rglob("*")
                        if not os.path.lexists(
                            upper / path.relative_to(self.root))]
        (directory / "deleted").write_text(
            "".join(f"{name}\0" for name in deleted), encoding="utf-8")

    def _differs(self, path, name, info):
        try:
            old = (self.root / name).lstat()
        except FileNotFoundError:
            return True
        if stat.S_ISDIR(info.st_mode):
            return (old.st_mode, old.st_uid, old.st_gid) != (
                info.st_mode, info.st_uid, info.st_gid)
        if stat.S_ISLNK(info.st_mode) and stat.S_ISLNK(old.st_mode):
            return os.readlink(path) != os.readlink(self.root / name)
        return (old.st_mode, old.st_size, old.st_mtime_ns) != (
            info.st_mode, info.st_size, info.st_mtime_ns)
