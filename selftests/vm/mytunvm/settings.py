# SPDX-License-Identifier: GPL-2.0
"""What a run of the tests was asked for: KERNELS, TESTS, LONG and MINUTES."""

import dataclasses

from . import debug, kernel, program, shell

# By how much the counts of the tests are divided unless LONG=1.
SCALE = 40
# Where tests run that do not depend on the kernel, if it is among others: the
# quickest.
ONCE = "6.1"
# What takes long and reaches the driver in ways that other tests try on each
# kernel: the kernels on which it runs unless LONG=1, if one of them is wanted.
FEW = {
    "fwd.sh": ("5.10", "newest"),
    "gen.sh": ("6.12", "newest"),
    "guides.py": ("6.12",),
    "doctor": ("5.10", "newest"),
    "mytunctl": ("5.10", "newest"),
    "parity_data": ("5.10", "newest"),
    program.NARROW: (ONCE,),
}
# How long soak and fuzz run with LONG=1 on a kernel that is slower.
LONG_MINUTES = 60
STAGES = ("style", "library", "model", "report", "build", "package")


class Settings:
    """Read from an environment; a name that does not exist ends the run."""

    def __init__(self, environment):
        self.long = environment.get("LONG", "") not in ("", "0")
        self.kernels = _wanted(
            environment, "KERNELS", (*kernel.NAMES, *debug.NAMES),
            (*kernel.NAMES, *(debug.NAMES if self.long else debug.EARLY)))
        programs = program.listed()
        topics = dict.fromkeys(one.topic for one in programs)
        self.tests = _wanted(environment, "TESTS", (*STAGES, *topics))
        self.whole = set(topics) <= set(self.tests)
        self.named = bool(environment.get("TESTS", "").split())
        self.minutes = _minutes(environment.get("MINUTES", ""))
        self.programs = [
            dataclasses.replace(one, seconds=one.seconds + 60 * self.minutes,
                                kernels=self._few(one))
            for one in programs if one.topic in self.tests]

    def _few(self, one):
        """The kernels on which that program runs; none: on all."""
        few = FEW.get(one.name, FEW.get(one.topic, ()))
        return () if self.long else \
            tuple(name for name in few if name in self.kernels)

    def environment(self, name=""):
        """What the test programs find in their environment, on the kernel of
        that name. One that has none is the only one."""
        found = {}
        minutes = self.minutes
        if not self.long:
            found["MYTUN_SCALE"] = str(SCALE)
        elif name not in debug.KINDS:
            found["MYTUN_LONG"] = "1"
        else:
            # Counts in full, but for what the kernel divides them by.
            minutes = minutes or LONG_MINUTES
        if minutes:
            found["MYTUN_MINUTES"] = str(minutes)
        if name in self.kernels and not self.long:
            found["MYTUN_MACHINES"] = str(len(self.kernels))
            if name != ONCE and ONCE in self.kernels:
                found["MYTUN_ELSEWHERE"] = ONCE
        return found

    def once(self, names):
        """Of kernels for which something is done, the one that is enough, or
        all with LONG=1."""
        if self.long or ONCE not in self.kernels:
            return names
        return [name for name in names if name == ONCE]

    def __str__(self):
        return (f"kernels {' '.join(self.kernels)}; "
                f"tests {' '.join(self.tests)}; "
                + ("full counts" if self.long
                   else f"counts divided by {SCALE}"))


def _minutes(text):
    """How long the tests run that have no end of their own; 0: as they are."""
    if text and not text.isdigit():
        shell.die(f"MINUTES: {text!r} is no number", 2)
    return int(text or 0)


def _wanted(environment, variable, known, default=()):
    words = environment.get(variable, "").split() or default
    for word in words:
        if word not in known:
            shell.die(f"{variable}: no {word!r}; there are: "
                      f"{' '.join(known)}", 2)
    return [word for word in known if word in words or not words]
