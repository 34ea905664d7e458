# SPDX-License-Identifier: GPL-2.0
"""The plot: bars for what was measured, as SVG without anything to load."""

import html

from . import results

# What is drawn: which number of each row of a test, and what it is called.
BARS = (
    ("receive", "total", "From the stack to the user, sender and user "
     "together: instructions for a packet of {} bytes"),
    ("transmit", "drop", "From the user to the stack, up to a drop: "
     "instructions for a packet of {} bytes"),
    ("wake", "round trip", "To a user that sleeps and back: instructions for "
     "a packet of {} bytes"),
    ("flows", "find", "To find a flow's queue, among so many: instructions "
     "for a packet of {} bytes"),
    ("flows", "lines", "To find a flow's queue, among so many: cache lines "
     "of the table, for each packet"),
    ("tunnel", "TCP", "TCP in a tunnel: Mbit/s for each 10^9 instructions a "
     "second; more is better"),
    ("pairs", "median", "With two processors: how many times what tun carries "
     "of packets of {} bytes; more is better"),
)

WIDTH = 960
LABEL = 380
BAR = 14
STEP = 18
GAP = 56
OURS, PEER, FLOOR = "#1f6f8b", "#b8b8b8", "#dddddd"


def _name(row):
    """The row without its test: the panel's title has that."""
    return str(row)[len(row.test) + 1:]


def _panel(run, drawn, size, top):
    """The bars of one test and size; lines of SVG, and where they end."""
    test, part, title = drawn
    bars = [(row, value) for row in run.rows(test)
            if (value := run.get(row, size, part)) is not None]
    if not bars:
        return [], top
    largest = max(value for _, value in bars)
    lines = [f'<text x="8" y="{top}" font-weight="bold">'
             f"{html.escape(title.format(size))}</text>"]
    at = top + 12
    for row, value in bars:
        colour = OURS if row.by == results.OURS else \
            FLOOR if row.by == "dummy" else PEER
        width = max(1, round((WIDTH - LABEL - 70) * value / largest))
        middle = at + BAR - 3
        lines += [f'<text x="{LABEL - 6}" y="{middle}" text-anchor="end">'
                  f"{html.escape(_name(row))}</text>",
                  f'<rect x="{LABEL}" y="{at}" width="{width}" height="{BAR}" '
                  f'fill="{colour}"/>',
                  f'<text x="{LABEL + width + 5}" y="{middle}">'
                  f"{results.text(value)}</text>"]
        at += STEP
    return lines, at + GAP - STEP


def plot(run):
    """The plot of a run, as text."""
    top = 64
    body = []
    for drawn in BARS:
        sizes = dict.fromkeys(number.size for number in run.values
                              if (number.row.test, number.part)
                              == drawn[:2])
        for size in sorted(sizes):
            lines, top = _panel(run, drawn, size, top)
            body += lines
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{top}" viewBox="0 0 {WIDTH} {top}" '
            'font-family="sans-serif" font-size="11">',
            f'<rect width="{WIDTH}" height="{top}" fill="white"/>',
            '<text x="8" y="24" font-size="15" font-weight="bold">'
            f"mytun and its peers: {html.escape(run.title())}</text>"]
    return "\n".join([*head, *body, "</svg>"]) + "\n"
