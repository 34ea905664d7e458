# SPDX-License-Identifier: GPL-2.0
"""What a test machine is given to do: files, and steps that use them."""

import dataclasses
import io
import pathlib
import secrets
import shlex
import tarfile

GUEST = pathlib.Path(__file__).resolve().parent.parent / "guest"
TOP = "mytun-job"


@dataclasses.dataclass(frozen=True)
class Step:
    """One shell script with its time limit in seconds."""

    name: str
    script: str
    seconds: int

    @staticmethod
    def command(argv, seconds):
        """A step that is one command."""
        script = "exec " + " ".join(shlex.quote(word) for word in argv)
        return Step(argv[0], script, seconds)


@dataclasses.dataclass
class Job:
    """Steps, and the files that they find in their working directory.

    'layers' are directories with a layer.tar that is unpacked over the root
    and a list of files to delete, as Chroot.save() writes them. 'files' are
    directories, or tar files, whose content goes to the working directory.
    """

    steps: list
    files: list = dataclasses.field(default_factory=list)
    layers: list = dataclasses.field(default_factory=list)
    token: str = dataclasses.field(
        default_factory=lambda: secrets.token_hex(6))

    def write(self, path, results):
        """Write the job as a tar file for the machine.

        'results' is the guest's disk for the results, or "" for none.
        """
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
            for layer in self.layers:
                with tarfile.open(layer / "layer.tar") as more:
                    copy(more, tar, "")
            kept = set(tar.getnames())
            gone = []
            for layer in self.layers:
                names = (layer / "deleted").read_text(encoding="utf-8")
                gone += [name for name in names.split("\0")
                         if name and name.lstrip("/") not in kept]
            add_text(tar, f"{TOP}/deleted",
                     "".join(f"{name}\0" for name in gone))
            tar.add(GUEST / "start.sh", f"{TOP}/start", filter=plain)
            add_text(tar, f"{TOP}/settings",
                     f"token={self.token}\nresults={results}\n")
            for number, step in enumerate(self.steps):
                place = f"{TOP}/steps/{number:04d}"
                add_text(tar, f"{place}/seconds", f"{step.seconds}\n")
                add_text(tar, f"{place}/command", step.script + "\n")
            for source in self.files:
                self._add_files(tar, pathlib.Path(source))

    @staticmethod
    def _add_files(tar, source):
        if source.is_dir():
            for path in sorted(source.iterdir()):
                tar.add(path, f"{TOP}/files/{path.name}", filter=plain)
        else:
            with tarfile.open(source) as more:
                copy(more, tar, f"{TOP}/files/")


def plain(info):
    """A tar member that belongs to root, whoever owns the file here."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def add_text(tar, name, text):
    """Add a file with that text to an open tar file."""
    data = text.encode()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o644
    tar.addfile(info, io.BytesIO(data))


def copy(source, target, prefix):
    """Copy the members of one open tar file to another, under 'prefix'."""
    for info in source:
        name = info.name[2:] if info.name.startswith("./") else info.name
        if name in ("", "."):
            continue
        content = source.extractfile(info) if info.isreg() else None
        info.name = prefix + name
        if info.islnk():
            info.linkname = prefix + info.linkname.removeprefix("./")
        target.addfile(info, content)
