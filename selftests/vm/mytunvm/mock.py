# SPDX-License-Identifier: GPL-2.0
"""Headers changed as vendors change them.

A file of mocks/ describes one backport that exists: which header it changes,
how (by a script of sed that sees the whole header as one line), and what the
probes answer then. The probes must go by that, whatever the kernel's version
is, and the driver must build.

	header linux/ethtool.h		the header
	unless kernel_ethtool_coalesce	a header that has this needs no change
	answer coalesce_four_args y	what a probe answers to the changed one
	s/.../.../			the change, and the next ones
"""

import dataclasses
import pathlib
import re
import subprocess

from . import shell

MOCKS = pathlib.Path(__file__).resolve().parent.parent / "mocks"


@dataclasses.dataclass
class Mock:
    """One backport."""

    name: str
    header: str = ""
    unless: str = ""
    answers: dict = dataclasses.field(default_factory=dict)
    script: list = dataclasses.field(default_factory=list)

    @staticmethod
    def read(path):
        """The description in a file."""
        mock = Mock(path.name)
        for line in path.read_text(encoding="ascii").splitlines():
            verb, _, rest = line.partition(" ")
            if verb == "header":
                mock.header = rest
            elif verb == "unless":
                mock.unless = rest
            elif verb == "answer":
                probe, answer = rest.split()
                mock.answers[probe] = answer
            elif line and verb != "#":
                mock.script.append(line)
        if not (mock.header and mock.unless and mock.answers and mock.script):
            raise ValueError(f"mocks/{path.name} is not complete")
        return mock

    def change(self, text):
        """The header's text, changed."""
        argv = ["sed", "-z", "-E"]
        for line in self.script:
            argv += ["-e", line]
        done = subprocess.run(argv, input=text.encode(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise shell.CommandError(argv[:1], done.returncode,
                                     done.stderr.decode(errors="replace"))
        return done.stdout.decode()


def include_dirs(kdir, root="/"):
    """Where a prepared kernel tree, in a root, has its headers.

    Debian's are in two trees, the one for this kernel and the common one.
    """
    kdir = pathlib.Path(kdir)
    found = [kdir / "include"]
    text = (kdir / "Makefile").read_text(encoding="utf-8")
    for name in re.findall(r"^include (/\S+)/Makefile$", text, re.MULTILINE):
        found.append(pathlib.Path(root, name.lstrip("/"), "include"))
    return found


def write(includes, target):
    """Write the changed headers to a folder; return the mocks that fit.

    A mock fits a kernel that has the header and not yet the change.
    Raises ValueError for one that should fit and changes nothing.
    """
    texts = {}
    fitting = []
    for path in sorted(MOCKS.iterdir()):
        mock = Mock.read(path)
        own = next((directory / mock.header for directory in includes
                    if (directory / mock.header).exists()), None)
        if not own:
            continue
        text = own.read_text(encoding="utf-8")
        if re.search(mock.unless, text):
            continue
        before = texts.setdefault(mock.header, text)
        texts[mock.header] = mock.change(before)
        if texts[mock.header] == before:
            raise ValueError(f"mocks/{mock.name} does not change {own}")
        fitting.append(mock)
    for header, text in texts.items():
        place = pathlib.Path(target) / header
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return fitting


def faults(mocks, plain, found):
    """What is wrong with the answers to changed headers, one line each."""
    expected = dict(plain)
    for mock in mocks:
        expected.update(mock.answers)
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            yield (f"{name} answers {found.get(name)} to the changed headers, "
                   f"expected is {expected.get(name)}")
