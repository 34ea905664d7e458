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
import time

UNUSED_SECONDS = 24 * 3600


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


def write(path, text):
    """Write a file as a whole, if it has not that content already."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False,
                                     encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, path)


def entry(kind, name, made_from, make):
    """The directory of one entry; make(directory) fills it if absent.

    'kind' is the directory that entries of this sort share, 'name' a word
    for the person who looks there, 'made_from' the values that decide the
    content. If make() fails, nothing stays behind.
    """
    path = top() / kind / f"{name}-{key(made_from)}"
    if path.is_dir():
        os.utime(path)
        return path
    with lock(f"{kind}-{path.name}"):
        if path.is_dir():
            return path
        path.parent.mkdir(exist_ok=True)
        work = scratch("made")
        try:
            make(work)
            work.chmod(0o755)
            work.rename(path)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        os.utime(path)
        drop_old(path)
    return path


def scratch(kind):
    """A new directory for this process, which should remove it.

    What processes left behind that were killed is removed here.
    """
    top_of_kind = top() / kind
    top_of_kind.mkdir(exist_ok=True)
    for other in top_of_kind.iterdir():
        owner = other.name.split(".")[0]
        if owner.isdigit() and not pathlib.Path("/proc", owner).exists():
            shutil.rmtree(other, ignore_errors=True)
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{os.getpid()}.",
                                         dir=top_of_kind))
    path.chmod(0o755)
    return path


def drop_old(path):
    """Remove the entries that share a name with 'path' and lie unused.

    One that was used within UNUSED_SECONDS may be in use right now.
    """
    stem = path.name.rsplit("-", 1)[0]
    for other in path.parent.glob(f"{stem}-????????????????"):
        if time.time() - other.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
