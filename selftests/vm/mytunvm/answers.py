# SPDX-License-Identifier: GPL-2.0
"""What a kernel's headers answer to the probes, and what is expected."""

import dataclasses
import pathlib
import re
import shutil

from . import cache, program, shell

COMPAT = program.PROJECT / "compat"
EXPECTED = COMPAT / "expected"
# An answer of the table, and what a kernel may answer. A stable release brought
# the change where it is "s".
MEANING = {"y": "y", "n": "n", "s": "ny"}
# By what the release of a vendor's kernel is known.
VENDOR = re.compile(r"\.(el\d+)")


@dataclasses.dataclass(frozen=True)
class Table:
    """The answers that are expected, by probe and column.

    A column is named after a release of Linux, "5.10", or a vendor's, "el8".
    """

    columns: tuple
    rows: dict

    @staticmethod
    def read(path=EXPECTED):
        """The table in a file: a line of columns, then one for each probe."""
        lines = [line.split() for line in path.read_text(
            encoding="ascii").splitlines() if not line.startswith("#")]
        columns = tuple(lines[0][1:])
        rows = {}
        for name, *answers in lines[1:]:
            if len(answers) != len(columns) or name in rows \
                    or set(answers) - set(MEANING):
                raise ValueError(f"{path.name}: {name} is not one answer, "
                                 "y, n or s, for each column")
            rows[name] = dict(zip(columns, answers))
        return Table(columns, rows)

    def around(self, release):
        """The columns that a kernel's answers must come from.

        One, or two where the kernel lies between those. What is newer than
        the newest column is expected to answer alike.
        """
        vendor = VENDOR.search(release)
        if vendor and vendor.group(1) in self.columns:
            return [vendor.group(1)]
        found = re.match(r"\d+\.\d+", release)
        if not found:
            raise LookupError(f"{release!r} is no kernel's release")
        wanted = _number(found.group())
        plain = sorted((column for column in self.columns
                        if column[0].isdigit()), key=_number)
        older = [column for column in plain if _number(column) <= wanted]
        newer = [column for column in plain if _number(column) > wanted]
        if not older:
            raise LookupError(f"{release} is older than any that is known")
        if not newer or _number(older[-1]) == wanted:
            return [older[-1]]
        return [older[-1], newer[0]]

    def expected(self, release, name):
        """What a kernel may answer to a probe; empty if nothing is known.

        Between two columns whose answers differ, either is right, and so it
        is for a vendor that has no column.
        """
        row = self.rows.get(name, {})
        return set("".join(MEANING[row[column]]
                           for column in self.around(release)
                           if column in row))

    def faults(self, release, answers):
        """What is wrong with the answers of a kernel, one line each."""
        columns = self.around(release)
        for name in sorted(set(self.rows) ^ set(answers)):
            yield (f"{name} is not in compat/{EXPECTED.name}"
                   if name in answers else f"{name} was not asked")
        for name in sorted(set(self.rows) & set(answers)):
            if answers[name] not in self.expected(release, name):
                yield (f"{name}: {release} answers {answers[name]}, "
                       f"{' and '.join(columns)} does not")


def _number(column):
    return tuple(int(part) for part in column.split("."))


def of(directory):
    """The answers that a build left in its .probes, y or n, by probe."""
    found = {}
    for path in sorted(pathlib.Path(directory).glob("*.answer")):
        found[path.stem] = "y" if "#define" in path.read_text(
            encoding="ascii") else "n"
    return found


def release(kdir):
    """The release of a prepared kernel tree.

    Not by kernel.release: vendors give their kernels another name.
    """
    path = pathlib.Path(kdir) / "include/generated/utsrelease.h"
    if not path.exists():
        raise LookupError(f"{kdir} is not prepared: it has no "
                          "include/generated/utsrelease.h")
    return re.search(r'UTS_RELEASE "(.*)"',
                     path.read_text(encoding="ascii")).group(1)


def ask(kdir):
    """Ask a prepared kernel tree; return the answers. Builds nothing else."""
    work = cache.scratch("answers")
    try:
        for name in ("dkms.conf", "src", "compat"):
            shell.run(["cp", "-a", program.PROJECT / name, work])
        shutil.rmtree(work / "src" / ".probes", ignore_errors=True)
        shell.run(["make", "-C", kdir, f"M={work / 'src'}",
                   "MYTUN_ONLY=answers", "modules"])
        return of(work / "src" / ".probes")
    finally:
        shutil.rmtree(work, ignore_errors=True)
