# SPDX-License-Identifier: GPL-2.0
"""What became worse, or better, since an earlier run."""

import dataclasses

from . import results

# Repeats agree within 0.5 %.
LIMIT = 0.02
# What is a difference of two large numbers has their inaccuracy.
DIFFERENCES = {"crossing": "total"}
DIFFERENCE_LIMIT = 0.01
# The rest of a total, which is compared already.
REMAINDERS = ("producer",)
# What repeats do not agree in.
TIMED = ("times tun",)
# Instructions; less is not worth a word.
SMALLEST = 2


@dataclasses.dataclass(frozen=True)
class Change:
    """A number that is not what it was."""

    number: results.Number
    before: float
    after: float
    base: results.Run

    @property
    def share(self):
        """By how much, as a share of what it was; more than 0 is worse."""
        share = (self.after - self.before) / self.before if self.before else 0
        return -share if self.number.unit in results.MORE_IS_BETTER else share

    def matters(self):
        """Whether it is more than the method's inaccuracy."""
        change = abs(self.after - self.before)
        if self.number.unit.startswith("instructions") and change < SMALLEST:
            return False
        return self.before and abs(self.share) > LIMIT

    def __str__(self):
        percent = (self.after - self.before) / self.before * 100
        return (f"{self.number}: {results.text(self.before)} -> "
                f"{results.text(self.after)} ({percent:+.1f} %, since "
                f"{self.base.commit})")


def bases(run, named):
    """The runs to compare with, the first one that has a number counts.

    'named' is a commit's beginning, or "". Without it these are runs of
    commits as they are, of others than this one unless this has changes.
    """
    found = results.history(run)
    if named:
        return [one for one in found if one.commit.startswith(named)]
    return [one for one in found
            if one.clean and (one.commit != run.commit or not run.clean)]


def changes(run, before):
    """Each number that changed so much that it matters."""
    for number, after in run.values.items():
        if number.part in REMAINDERS or number.unit in TIMED:
            continue
        base = next((one for one in before if number in one.values), None)
        if base is None:
            continue
        change = Change(number, base.values[number], after, base)
        whole = DIFFERENCES.get(number.part)
        if whole:
            total = run.get(number.row, number.size, whole) or 0
            if abs(after - change.before) < DIFFERENCE_LIMIT * total:
                continue
        if change.matters():
            yield change


def report(run, before):
    """The lines about what changed, and whether something of ours is worse."""
    if not before:
        return ["Nothing is kept of this kernel to compare with."], False
    found = list(changes(run, before))
    ours = [one for one in found if one.number.row.by == results.OURS]
    worse = [one for one in ours if one.share > 0]
    better = [one for one in ours if one.share < 0]
    others = [one for one in found if one not in ours]
    lines = []
    for title, some in (("Worse", worse), ("Better", better),
                        ("Changed, and not of mytun", others)):
        if some:
            lines.append(f"{title} by more than {LIMIT * 100:.0f} %:")
            lines += [f"  {one}" for one in some]
    if not found:
        lines.append(f"Nothing changed by more than {LIMIT * 100:.0f} % since "
                     f"{before[0].commit} of {before[0].date[:10]}.")
    return lines, bool(worse)
