# SPDX-License-Identifier: GPL-2.0
"""KTAP: reading what a test prints, and printing what all of them gave."""

import dataclasses
import re
import threading

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
SKIP_STATUS = 4
NOTE_LINES = 60

_RESULT = re.compile(r"(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*)$")
_PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*SKIP\s*(.*))?$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(.*?)\s*#\s*(SKIP|TODO|XFAIL)\b\s*(.*)$",
                        re.IGNORECASE)


@dataclasses.dataclass
class Case:
    """One test case: 'reason' says why it was skipped or how it failed."""

    name: str
    verdict: str
    reason: str = ""
    notes: list = dataclasses.field(default_factory=list)


class Reader:
    """Reads the output of one test program, line by line."""

    def __init__(self):
        self.cases = []
        self._planned = None
        self._skip_all = None
        self._notes = []

    def feed(self, line):
        """Take one line; return the Case that it ends, or None."""
        plan = _PLAN.match(line)
        if plan and self._planned is None:
            self._planned = int(plan.group(1))
            self._skip_all = plan.group(2)
            return None
        result = _RESULT.match(line)
        if not result:
            self._notes.append(line)
            return None
        name = result.group(3).strip()
        verdict, reason = (FAILED if result.group(1) else PASSED), ""
        directive = _DIRECTIVE.match(name)
        if directive:
            name, word, reason = directive.groups()
            # An expected failure is a test that proves nothing today.
            verdict = SKIPPED
            if word.upper() != "SKIP":
                reason = f"{word.upper()} {reason}".strip()
        case = Case(name or f"case {len(self.cases) + 1}", verdict, reason,
                    self._notes if verdict == FAILED else [])
        self._notes = []
        self.cases.append(case)
        return case

    def finish(self, status):
        """The cases that follow from how the program ended.

        'status' is its exit status, 124 and 137 those of a program that
        its time limit ended, None if the machine ended first.
        """
        if status == SKIP_STATUS and not self.cases:
            reason = self._skip_all or (self._notes[-1].lstrip("# ")
                                        if self._notes else "no reason given")
            return [Case("program", SKIPPED, reason)]
        if status == 0 and self._planned == 0 and self._skip_all is not None:
            return [Case("program", SKIPPED,
                         self._skip_all or "no reason given")]
        problems = []
        if status in (124, 137):
            problems.append("its time limit ended it")
        elif status is not None and status not in (0, SKIP_STATUS) \
                and not any(c.verdict == FAILED for c in self.cases):
            problems.append(f"exit status {status} though no case failed")
        if self._planned is None:
            problems.append("it printed no plan")
        elif self._planned != len(self.cases):
            problems.append(f"{len(self.cases)} results of "
                            f"{self._planned} planned")
        elif not self.cases:
            problems.append("it ran no test")
        if not problems:
            return []
        return [Case("program", FAILED, "; ".join(problems), self._notes)]


class Report:
    """Prints each case as KTAP, and the counts at the end."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = {PASSED: 0, FAILED: 0, SKIPPED: 0}
        self._failures = []
        print("KTAP version 1", flush=True)

    def add(self, name, verdict, reason="", notes=()):
        """Count and print one case."""
        with self._lock:
            self._counts[verdict] += 1
            number = sum(self._counts.values())
            text = f"{'not ' if verdict == FAILED else ''}ok {number} {name}"
            if verdict == SKIPPED:
                text += f" # SKIP {reason}"
            elif verdict == FAILED:
                self._failures.append(f"{name}: {reason}" if reason else name)
                for note in list(notes)[-NOTE_LINES:]:
                    print(f"#   | {note}")
                if reason:
                    print(f"#   {reason}")
            print(text, flush=True)

    def check(self, name, problem, notes=()):
        """Add a case that passed if there is no problem; return whether."""
        self.add(name, FAILED if problem else PASSED, problem or "", notes)
        return not problem

    def close(self):
        """Print the plan and the counts; return whether nothing failed."""
        with self._lock:
            print(f"1..{sum(self._counts.values())}")
            for line in self._failures:
                print(f"# failed: {line}")
            print(", ".join(f"{self._counts[verdict]} {verdict}" for verdict
                            in (PASSED, FAILED, SKIPPED)), flush=True)
            # A run that tested nothing has not passed.
            return not self._counts[FAILED] and bool(self._counts[PASSED])
