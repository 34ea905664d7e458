#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the commands that stand in README.md, CONTRIBUTING.md, doc/ and the manual
pages, one by one, and print the results as KTAP.

Commands change the system: it runs in the tests' virtual machines only. Each
document has a shell of its own, in a network and a mount namespace, so what a
command leaves is there for the next one. How documents say what else there is
to know of a command, in comments that no reader sees, is in guide/documents.py.
Words choose documents by their names.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "guide"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import documents
import session

SKIPPED = 4
# The source: beside the programs in a virtual machine, else around this file.
PROJECT = HERE / "project"
if not PROJECT.exists():
    PROJECT = HERE.parent


class Results:
    """Prints KTAP."""

    def __init__(self, planned):
        self.failed = 0
        self._number = 0
        print("TAP version 13")
        print(f"1..{planned}", flush=True)

    def add(self, name, problem=None, skipped=None, notes=()):
        """One result."""
        self._number += 1
        name = name.replace("#", "")
        if problem:
            self.failed += 1
            for note in [problem, *notes]:
                print(f"# {note}")
            print(f"not ok {self._number} {name}", flush=True)
        elif skipped:
            print(f"ok {self._number} {name} # SKIP {skipped}", flush=True)
        else:
            print(f"ok {self._number} {name}", flush=True)


def run(document, results):
    """All of one document."""
    elsewhere = os.environ.get("MYTUN_ELSEWHERE")
    if document.once and elsewhere:
        for step in document.steps:
            results.add(step.name, skipped=step.skipped or "it does not depend "
                        f"on the kernel, and runs on {elsewhere}")
        return
    with session.Session(PROJECT, HERE) as shell:
        for step in document.steps:
            if step.skipped:
                results.add(step.name, skipped=step.skipped)
                continue
            problem, skipped, notes = shell.run(step)
            results.add(step.name, problem, skipped, notes)


def main():
    """Read all documents, then run them."""
    if os.geteuid() != 0 or "MYTUN_OUT" not in os.environ:
        print("1..0 # SKIP it changes the system: for virtual machines only")
        return SKIPPED
    found = [documents.read(PROJECT, path)
             for path in documents.paths(PROJECT)
             if not sys.argv[1:] or path.name in sys.argv[1:]]
    found = [document for document in found if document.steps]
    results = Results(sum(len(document.steps) for document in found))
    for document in found:
        run(document, results)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
