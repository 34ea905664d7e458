# SPDX-License-Identifier: GPL-2.0
"""What was measured: rows, where they are kept, and what they are held against."""

import dataclasses
import json
import os
import pathlib

# What makes a row; the rest of a line is which number of it, and the number.
NAMED = ("test", "by", "way", "kind", "batch", "queues", "drive", "vnet_hdr",
         "checksum", "hash", "gro", "scale")
OURS = "mytun"
MORE_IS_BETTER = ("Mbit/s per GIPS", "segments/skb", "times tun")


def text(value):
    """A number with the digits that tell something."""
    digits = 0 if value >= 100 or value == int(value) else \
        1 if value >= 10 else 2
    return f"{value:.{digits}f}"


@dataclasses.dataclass(frozen=True)
class Row:
    """What numbers are of: how packets were carried, and in which test."""

    test: str
    by: str
    way: str
    kind: str
    batch: int
    queues: int
    drive: str
    vnet_hdr: bool
    checksum: bool
    hash: bool
    gro: bool
    scale: int

    def __str__(self):
        words = [self.test, self.by, self.way, self.kind]
        if self.batch > 1:
            words.append(f"x{self.batch}")
        if self.queues > 1:
            words.append(f"{self.queues} queues")
        if self.drive:
            words.append(f"drive {self.drive}")
        words += [name for name in ("vnet_hdr", "checksum", "hash", "gro")
                  if getattr(self, name)]
        if self.scale:
            words.append(f"at {self.scale}")
        return " ".join(words)


@dataclasses.dataclass(frozen=True)
class Number:
    """One number of a row: of packets of so many bytes, which part."""

    row: Row
    size: int
    part: str
    unit: str

    def __str__(self):
        size = f" {self.size} B" if self.size else ""
        return f"{self.row},{size} {self.part}"


@dataclasses.dataclass
class Run:
    """All numbers of one run, and of what: 'values' by Number, in order."""

    kernel: str
    release: str
    date: str
    commit: str
    clean: bool
    values: dict = dataclasses.field(default_factory=dict)

    def add(self, line):
        """Take in one line of the program; False if it is none."""
        if not line.startswith("{"):
            return False
        fields = json.loads(line)
        row = Row(*(fields[name] for name in NAMED))
        number = Number(row, fields["size"], fields["part"], fields["unit"])
        self.values[number] = fields["value"]
        return True

    def rows(self, test):
        """The rows of a test, in the order in which they were measured."""
        return list(dict.fromkeys(number.row for number in self.values
                                  if number.row.test == test))

    def tests(self):
        """The tests, in that order."""
        return list(dict.fromkeys(number.row.test for number in self.values))

    def get(self, row, size, part):
        """A number of a row, or None."""
        for unit in self.units(row.test):
            if (number := Number(row, size, part, unit)) in self.values:
                return self.values[number]
        return None

    def units(self, test):
        """The units of a test's numbers."""
        return list(dict.fromkeys(number.unit for number in self.values
                                  if number.row.test == test))

    def title(self):
        """Who it is, in a line."""
        more = "" if self.clean else " and what is not committed"
        return f"Linux {self.release}, {self.date[:10]}, {self.commit}{more}"

    def write(self, path):
        """Write it as JSON."""
        head = {name: getattr(self, name) for name in
                ("kernel", "release", "date", "commit", "clean")}
        lines = [dict({name: getattr(number.row, name) for name in NAMED},
                      size=number.size, part=number.part, unit=number.unit,
                      value=value)
                 for number, value in self.values.items()]
        text = json.dumps(head)[:-1] + ', "numbers": [\n' + ",\n".join(
            json.dumps(line) for line in lines) + "\n]}\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @staticmethod
    def read(path):
        """Read what write() wrote."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        lines = fields.pop("numbers")
        run = Run(**fields)
        for line in lines:
            run.add(json.dumps(line))
        return run


def kept():
    """The folder where runs are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "mytun" / "bench"


def keep(run):
    """Keep a run; where."""
    stamp = run.date.replace(":", "").replace("-", "")
    more = "" if run.clean else "-changed"
    path = kept() / run.kernel / f"{stamp}-{run.commit}{more}.json"
    run.write(path)
    return path


def history(run):
    """The kept runs before this one of the same kernel, the latest first."""
    found = []
    for path in sorted((kept() / run.kernel).glob("*.json"), reverse=True):
        try:
            one = Run.read(path)
        except (ValueError, TypeError, KeyError):
            # Of an earlier form of the program.
            continue
        if one.release == run.release and one.date < run.date:
            found.append(one)
    return found
