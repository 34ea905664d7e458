# SPDX-License-Identifier: GPL-2.0
"""The table that people read."""

from . import results

TITLES = {
    "receive": "From the stack to the user",
    "transmit": "From the user to the stack",
    "wake": "A user that sleeps",
    "flows": "Flows that a device with queues remembers",
    "tunnel": "A tunnel over UDP between two namespaces",
    "pairs": "With two processors, by turns with tun",
}
LABELS = ("by", "way", "kind", "batch", "queues", "drive", "vnet_hdr",
          "checksum", "hash", "gro", "scale")
HEADS = {"queues": "q", "vnet_hdr": "vnet", "checksum": "csum"}
# Of those columns that no row of a test has, nothing is shown.
OPTIONAL = ("queues", "drive", "vnet_hdr", "checksum", "hash", "gro", "scale")
# What follows from two others.
LEFT_OUT = ("producer",)


def _tells(row, label):
    """Whether a row differs from the plainest one in that."""
    return getattr(row, label) > 1 if label == "queues" \
        else bool(getattr(row, label))


def _cell(row, label):
    value = getattr(row, label)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) or "-"


def _value(value):
    if value is None:
        return ""
    return results.text(value)


def _columns(numbers):
    """Pairs of size and part that a test has, by size."""
    pairs = dict.fromkeys((number.size, number.part) for number in numbers
                          if number.part not in LEFT_OUT)
    return sorted(pairs, key=lambda pair: pair[0])


def _grid(lines, words):
    """Lines of cells, aligned: so many of words left, numbers right."""
    widths = [max(len(line[at]) for line in lines)
              for at in range(len(lines[0]))]
    for line in lines:
        yield "  ".join(cell.ljust(width) if at < words else cell.rjust(width)
                        for at, (cell, width)
                        in enumerate(zip(line, widths))).rstrip()


def _section(run, test):
    numbers = [number for number in run.values if number.row.test == test]
    rows = run.rows(test)
    columns = _columns(numbers)
    labels = [label for label in LABELS if label not in OPTIONAL or
              any(_tells(row, label) for row in rows)]
    yield f"{TITLES.get(test, test)} ({test}), in {', '.join(run.units(test))}"
    shown = None
    sizes = []
    for size, _ in columns:
        sizes.append(f"{size} B" if size and size != shown else "")
        shown = size
    lines = [[""] * len(labels) + sizes,
             [HEADS.get(label, label) for label in labels]
             + [part for _, part in columns]]
    for row in rows:
        lines.append([_cell(row, label) for label in labels]
                     + [_value(run.get(row, *pair)) for pair in columns])
    yield from _grid(lines, len(labels))


def table(run):
    """All tests of a run, as lines."""
    lines = [run.title()]
    for test in run.tests():
        lines.append("")
        lines += _section(run, test)
    return lines
