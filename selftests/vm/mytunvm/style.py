# SPDX-License-Identifier: GPL-2.0
"""The style stage: `make style`, and each of its results as a case."""

import subprocess

from . import ktap, program


def run(report):
    """Run `make style` and count each of its checks."""
    done = subprocess.run(
        ["make", "-s", "--no-print-directory", "-C", str(program.PROJECT),
         "style"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace")
    reader = ktap.Reader()
    for line in text.splitlines():
        case = reader.feed(line)
        if case:
            report.add(f"style {case.name}", case.verdict, case.reason,
                       case.notes)
    if reader.cases and not (done.returncode and not any(
            case.verdict == ktap.FAILED for case in reader.cases)):
        return
    report.check("style", f"make style: exit status {done.returncode}"
                 if done.returncode else "", text.splitlines())
