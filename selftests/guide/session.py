# SPDX-License-Identifier: GPL-2.0
"""A shell, in namespaces of its own, that commands are given to one by one."""

import os
import pathlib
import signal
import subprocess
import time

import documents

# Emulated machines compile slowly.
LIMIT = 600
LAST_LINES = 20

# Descriptor 9 tells of the end of each command; commands have no input.
BEGIN = """
mount -t sysfs sysfs /sys
mount -t tmpfs none /run/netns 2>/dev/null
ip link set lo up
"""

FRAGMENT = """
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mytun.h>

int example({parameters});
int example({parameters})
{{
{text}
	return 0;
}}
"""

WARNINGS = ["-Wall", "-Wextra", "-Werror"]


class Session:
    """The shell, and the folder it works in."""

    def __init__(self, project, programs):
        self._project = project
        self._programs = programs
        self._folder = pathlib.Path(f"/run/guide.{os.getpid()}")
        self._shell = None
        self._told = None
        self._ended = False

    def __enter__(self):
        # pylint: disable=consider-using-with
        self._folder.mkdir()
        told, tell = os.pipe()
        environment = dict(os.environ)
        environment["PATH"] = ":".join([
            f"{self._programs}/carried", f"{self._programs}/tool",
            "/usr/local/sbin:/usr/local/bin",
            "/usr/sbin:/usr/bin:/sbin:/bin"])
        environment["GUIDE_PROGRAMS"] = str(self._programs)
        self._shell = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private",
             "sh", "-c", f"exec 9>&{tell} {tell}>&-; exec sh"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT, pass_fds=[tell], env=environment,
            cwd=self._project, start_new_session=True)
        os.close(tell)
        self._told = os.fdopen(told, "rb", buffering=0)
        self._do(BEGIN, LIMIT)
        return self

    def __exit__(self, *_):
        # What commands have left in the background, too.
        os.killpg(self._shell.pid, signal.SIGTERM)
        time.sleep(0.5)
        try:
            os.killpg(self._shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._shell.wait()
        self._told.close()
        subprocess.run(["rm", "-rf", self._folder], check=True)

    def run(self, step):
        """Do it. Return what is wrong, why it was skipped, what it printed."""
        for program in step.needs:
            # Debian's perf may be a script that says which one is missing.
            if self._do(f"command -v {program} && ! {program} --version 2>&1 |"
                        " grep 'is not installed'", LIMIT)[0]:
                return None, f"no {program} here", []
        for command in step.first:
            status, text = self._do(command, LIMIT)
            if status:
                return f"{command}: status {status}", None, text
        if step.kind in (documents.C, documents.CHANGE, documents.FRAGMENT):
            return self._program(step)
        command = step.text
        if step.seconds:
            command = f"timeout -s INT -k 5 {step.seconds} {command}"
        status, text = self._do(command, LIMIT)
        # Of timeout, and not of a shell that does not answer.
        if step.seconds and status == 124 and not self._ended:
            status = 0
        background = command.rstrip().endswith("&")
        if background and not status:
            status, more = self._settle(step)
            text += more
        if status:
            return f"status {status}", None, text
        if step.prints and not any(step.prints in line for line in text):
            return f"did not print {step.prints}", None, text
        return None, None, []

    def _settle(self, step):
        """What runs in the background gets time to begin."""
        waiting = (f"for try in $(seq 300); do {step.until} && break;"
                   " sleep 0.2; done >/dev/null 2>&1; " + step.until) \
            if step.until else "sleep 2; kill -0 $!"
        return self._do(waiting, LIMIT)

    def _do(self, command, limit):
        """One command in the shell. Return its status and its lines."""
        if self._ended:
            return 255, ["the shell has ended, or is busy with the last one"]
        script = self._folder / "command"
        printed = self._folder / "printed"
        script.write_text(command + "\n", encoding="utf-8")
        printed.write_bytes(b"")
        self._shell.stdin.write(
            f". {script} </dev/null >{printed} 2>&1 9>&-; echo $? >&9\n"
            .encode())
        self._shell.stdin.flush()
        status = self._answer(limit)
        if status is None:
            self._ended = True
            status = 124
        lines = printed.read_text(encoding="utf-8",
                                  errors="replace").splitlines()
        return status, lines[-LAST_LINES:]

    def _answer(self, limit):
        """The status that the shell tells; None: it tells nothing."""
        os.set_blocking(self._told.fileno(), False)
        answer, end = b"", time.monotonic() + limit
        while time.monotonic() < end:
            part = self._told.read(64)
            if part == b"":
                break
            answer += part or b""
            if answer.endswith(b"\n"):
                return int(answer)
            time.sleep(0.02)
        return None

    def _program(self, step):
        """A program in C, a change to it, or the inside of a function."""
        if step.kind == documents.FRAGMENT:
            text = FRAGMENT.format(parameters=step.file or "void",
                                   text=step.text)
            path = self._folder / "fragment.c"
            path.write_text(text, encoding="utf-8")
            return self._compiles(path)
        # Beside the source, which is a copy: commands find it there.
        path = self._project / step.file
        if step.kind == documents.C:
            path.write_text(step.text, encoding="utf-8")
            return self._compiles(path)
        change = self._folder / "change"
        change.write_text(step.text, encoding="utf-8")
        status, text = self._do(f"patch --fuzz=0 {path} {change}", LIMIT)
        if status:
            return f"the change does not fit: status {status}", None, text
        return self._compiles(path)

    def _compiles(self, path):
        words = ["cc", "-fsyntax-only", *WARNINGS,
                 f"-I{self._project}/src/uapi",
                 f"-I{self._project}/tools/lib", str(path)]
        status, text = self._do(" ".join(words), LIMIT)
        return (f"status {status}" if status else None), None, text
