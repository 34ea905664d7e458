# SPDX-License-Identifier: GPL-2.0
"""Running other programs, and saying what went wrong when one fails."""

import os
import signal
import subprocess
import sys
import threading
import time

_START = time.monotonic()
_LOCK = threading.Lock()


class CommandError(Exception):
    """A program exited with a status that its caller did not expect."""

    def __init__(self, argv, status, output):
        self.argv = argv
        self.status = status
        self.output = output
        tail = "\n".join(output.splitlines()[-30:])
        # A script that is given as a word is too long to be shown.
        command = " ".join(word for word in argv if "\n" not in word)
        super().__init__(f"{command}: exit status {status}\n{tail}")


def say(text):
    """Print one line of progress, with the seconds since the start."""
    with _LOCK:
        print(f"# [{time.monotonic() - _START:6.1f}] {text}", flush=True)


def run(argv, *, env=None, cwd=None, stdin=None, log=None, timeout=None):
    """Run a program to its end and return what it printed.

    Standard output and standard error come back as one text, in the order
    in which they were written, and also go to the file 'log' if given.
    Raises CommandError if the exit status is not 0.
    """
    argv = [str(word) for word in argv]
    with subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE if stdin is not None
                          else subprocess.DEVNULL,
                          stderr=subprocess.STDOUT) as process:
        try:
            data, _ = process.communicate(
                stdin.encode() if stdin is not None else None, timeout)
        except BaseException:
            process.kill()
            process.communicate()
            raise
    text = data.decode(errors="replace")
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"+ {' '.join(argv)}\n{text}")
    if process.returncode:
        raise CommandError(argv, process.returncode, text)
    return text


def output(argv, **keywords):
    """Run a program and return its standard output alone, as text."""
    argv = [str(word) for word in argv]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **keywords)
    if done.returncode:
        raise CommandError(argv, done.returncode,
                           done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")


def end_on_signals():
    """End at once on SIGINT, SIGTERM and SIGHUP, worker threads or not.

    Machines end with the process that started them, and what it leaves in
    the cache is removed by the next.
    """
    def end(number, _):
        print(f"error: ended by {signal.Signals(number).name}",
              file=sys.stderr, flush=True)
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def die(text, status=1):
    """End the program with one sentence for the person at the keyboard."""
    print(f"error: {text}", file=sys.stderr, flush=True)
    sys.exit(status)
