# SPDX-License-Identifier: GPL-2.0
"""Stages that are commands on the host: each KTAP result is a case."""

import os
import subprocess

from . import ktap, program

# Name, and the command, in the project's folder.
COMMANDS = {
    "style": ["make", "-s", "--no-print-directory", "style"],
    "library": ["make", "-s", "--no-print-directory", "-C", "tools/lib", "check"],
    "model": ["selftests/model/run"],
    "report": ["tools/bench/test"],
    "package": ["selftests/package/run"],
}


def run(name, report, long):
    """Run a stage's command and count each of its results."""
    environment = dict(os.environ)
    environment.pop("LONG", None)
    if long:
        environment["LONG"] = "1"
    done = subprocess.run(
        COMMANDS[name], cwd=program.PROJECT, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace")
    reader = ktap.Reader()
    for line in text.splitlines():
        case = reader.feed(line)
        if case:
            report.add(f"{name} {case.name}", case.verdict, case.reason,
                       case.notes)
    if reader.cases and not (done.returncode and not any(
            case.verdict == ktap.FAILED for case in reader.cases)):
        return
    report.check(name, f"{' '.join(COMMANDS[name])}: exit status "
                 f"{done.returncode}" if done.returncode else "",
                 text.splitlines())
