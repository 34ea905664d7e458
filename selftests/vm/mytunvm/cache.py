# SPDX-License-Identifier: GPL-2.0
"""The cache of downloads, roots and images.

Every entry is a directory named after what it was made from, so that an
entry is never stale: it is there or it is not. An entry is made under a
temporary name and renamed when it is complete. A lock file beside it keeps
two processes from making the same entry at once.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import tempfile


def top():
    """The cache's directory, created if absent."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = pathlib.Path(base) / "mytun"
    path.mkdir(parents=True, exist_ok=True)
    return path


def key(*parts):
    """A short name for the values that something is made from."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextlib.contextmanager
def lock(name):
    """Hold the lock called 'name' against every other process."""
    path = top() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def entry(kind, name, made_from, make):
    """The directory of one entry; make(directory) fills it if absent.

    'kind' is the directory that entries of this sort share, 'name' a word
    for the person who looks there, 'made_from' the values that decide the
    content. If make() fails, nothing stays behind.
    """
    path = top() / kind / f"{name}-{key(made_from)}"
    if path.is_dir():
        return path
    with lock(f"{kind}-{path.name}"):
        if path.is_dir():
            return path
        path.parent.mkdir(exist_ok=True)
        work = pathlib.Path(tempfile.mkdtemp(prefix=f".{path.name}.",
                                             dir=path.parent))
        try:
            make(work)
            work.chmod(0o755)
            work.rename(path)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        drop_old(path)
    return path


def drop_old(path, keep=3):
    """Remove the oldest entries beside 'path' that share its name."""
    stem = path.name.rsplit("-", 1)[0]
    same = [other for other in path.parent.glob(f"{stem}-????????????????")
            if other != path]
    same.sort(key=lambda other: other.stat().st_mtime)
    for other in same[:max(0, len(same) + 1 - keep)]:
        shutil.rmtree(other, ignore_errors=True)
