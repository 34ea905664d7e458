# SPDX-License-Identifier: GPL-2.0
"""The test programs: which there are, and the set that machines are given."""

import atexit
import dataclasses
import os
import pathlib
import shlex
import shutil

from . import cache, carry, host, job, shell, source

PROJECT = pathlib.Path(__file__).resolve().parents[3]
SELFTESTS = PROJECT / "selftests"

# Beside what was built, what tests of other kinds are made of.
SCRIPTS = ("*.sh", "*.py", "*.bpf.o", "*.corpus", "config", "settings")


# What the commands in documents are run on, and what in a tree was built.
DOCUMENTED = ("README.md", "CONTRIBUTING.md", "Makefile", "dkms.conf", "compat",
              "doc", "src", "tools")
MADE = shutil.ignore_patterns("*.o", "*.ko", "*.mod", "*.mod.c", ".*.cmd",
                              "*.pyc", "__pycache__")


@dataclasses.dataclass(frozen=True)
class Program:
    """One test program, its topic and its limit in seconds.

    Its limits are 'slower' times as long, and its counts are divided by
    'fewer' more. If there are 'kernels', it is skipped on others.
    """

    topic: str
    name: str
    seconds: int
    slower: int = 1
    fewer: int = 1
    kernels: tuple = ()


def listed():
    """All programs, in the order in which `make topics` prints them."""
    text = shell.output(["make", "-s", "--no-print-directory", "-C",
                         SELFTESTS, "topics"])
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3:
            found.append(Program(words[0], words[1], int(words[2])))
        elif words:
            raise ValueError(f"make topics printed: {line}")
    return found


def build():
    """Build every program with the host's compiler; return their folder.

    The folder belongs to this process and goes when it ends.
    """
    harness = source.harness()
    host.install(host.narrow())
    output = cache.scratch("programs")
    atexit.register(shutil.rmtree, output, ignore_errors=True)
    shell.run(["make", "-C", SELFTESTS, f"KSFT={harness}",
               f"OUTPUT={output}", f"-j{os.cpu_count()}"])
    for pattern in SCRIPTS:
        for path in SELFTESTS.glob(pattern):
            shutil.copy2(path, output)
    carry.carry(host.NEEDED["qemu-system-x86"], output / "carried",
                pathlib.Path("/usr/lib").glob("*/qemu/accel-tcg-x86_64.so"))
    pcap = next(pathlib.Path("/usr/lib").glob("*/libpcap.so.0.8"))
    carry.carry(str(output / "mytun-gen"), output / "carried",
                [pcap, *carry.libraries(pcap)[0]])
    carry.carry(str(output / "mytun-fwd"), output / "carried")
    carry.carry(str(output / "ctl" / "mytunctl"), output / "tool")
    _documented(output)
    return output


def _documented(output):
    """Put what guides.py needs beside the programs: the source, pkg-config."""
    shutil.copytree(SELFTESTS / "guide", output / "guide", ignore=MADE)
    (output / "project").mkdir()
    for name in DOCUMENTED:
        path = PROJECT / name
        if path.is_dir():
            shutil.copytree(path, output / "project" / name, ignore=MADE)
        else:
            shutil.copy2(path, output / "project")
    carry.carry("/usr/bin/pkg-config", output / "carried")


# The topic of 32-bit programs.
NARROW = "m32"
# Not every kernel runs them. With -h they only tell what they are.
NARROW_RUNS = """
said=$({name} -h 2>&1)
case $?,$said in
126,*'Exec format error'*)
    echo '1..0 # SKIP the kernel runs no 32-bit programs'
    exit 4;;
esac
"""


def _skipped(reason):
    return f"echo '1..0 # SKIP {reason}'; exit 4"


def _environment(program, environment, kernel):
    """What one program finds in its environment on that kernel."""
    found = dict(environment)
    if program.fewer > 1:
        found["MYTUN_SCALE"] = str(
            program.fewer * int(found.get("MYTUN_SCALE", "1")))
    if program.slower > 1:
        found["MYTUN_SLOWER"] = str(program.slower)
    if program.kernels:
        # Of these, the first one has what does not depend on the kernel.
        found.pop("MYTUN_ELSEWHERE", None)
        if kernel != program.kernels[0]:
            found["MYTUN_ELSEWHERE"] = program.kernels[0]
    return found


def step(program, environment, kernel):
    """The step of a machine's job that runs one program on that kernel."""
    title = f"{program.topic} {program.name}"
    if program.kernels and kernel not in program.kernels:
        return job.Step(title, _skipped(
            f"runs on {', '.join(program.kernels)}, and with LONG=1"), 60)
    environment = _environment(program, environment, kernel)
    lines = [f"export {name}={shlex.quote(value)}"
             for name, value in environment.items()]
    name = shlex.quote("./" + program.name)
    lines += [
        "modprobe -q tun",
        "modprobe mytun || { echo '# mytun cannot be loaded'; exit 1; }",
        f"[ -e {name} ] || {{ {_skipped(f'no program {program.name}')}; }}",
    ]
    if program.topic == NARROW:
        lines.append(NARROW_RUNS.format(name=name))
    lines.append(f"exec {name}")
    return job.Step(title, "\n".join(lines),
                    program.seconds * program.slower)


# A driver that is still in use, or a device that is still there, is what a
# test left behind: the module is taken out after each program.
UNLOAD = r"""
for try in $(seq 60); do
    rmmod mytun 2>error && exit 0
    [ -d /sys/module/mytun ] || exit 0
    sleep 0.5
done
cat error
lsmod | grep '^mytun'
ip -d link
exit 1
"""


def unload_step(program):
    """The step that takes the module out after a program."""
    return job.Step(f"unload after {program.name}", UNLOAD, 120)
