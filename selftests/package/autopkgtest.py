# SPDX-License-Identifier: GPL-2.0
"""The source package's own tests, run by autopkgtest as Debian runs them.

One is for all DKMS packages, and named by autodep8; it builds the module in a
system of the suite. Ours loads it, in a machine.
"""

import re

import live
import publish
from mytunvm import chroot, job, kernel, machine, package, shell

SECONDS = 3600
PROGRAMS = ("apt-utils", "autodep8", "autopkgtest", "procps")
# The system is a copy, and may be broken. 8: no test passed but superficial
# ones, as that of DKMS calls itself, or none at all: see passed().
COMMAND = """
cd /debs
autopkgtest --test-name="$1" --ignore-restrictions=breaks-testbed \\
    *.deb *.dsc -- null || [ $? = 8 ]
"""


def give(publisher, inside):
    """Put the packages of this version, and their source, into /debs."""
    for path in publisher.debs("this").iterdir():
        if path.suffix in (".deb", ".dsc", ".xz"):
            inside.add(path, f"/debs/{path.name}")


def passed(name, text):
    """Fail unless autopkgtest says, in colours or not, that a test has passed."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert re.search(rf"^{name} +PASS", plain, re.MULTILINE), text


def autopkgtest_dkms(inside):
    """autopkgtest-pkg-dkms, in a system without the package."""
    inside.apt("update")
    inside.apt("install", *PROGRAMS)
    give(inside.publisher, inside)
    passed("dkms-autopkgtest",
           inside.shell(COMMAND, "dkms-autopkgtest"))


def needed():
    """What debian/tests/control asks for beside the package itself."""
    text = (publish.TOP / "debian/tests/control").read_text(encoding="utf-8")
    words = re.search(r"^Depends: (.*(?:\n .*)*)", text, re.MULTILINE)[1]
    return ", ".join(word.strip() for word in words.split(",")
                     if not word.strip().startswith("mytun"))


def autopkgtest_load(systems):
    """debian/tests/load, in a machine."""
    publisher = systems.publisher
    chosen = kernel.find(live.KERNEL)
    layer = publisher.work / "autopkgtest"
    layer.mkdir()
    made = package.install(chosen.system, [publisher.deb("this")])
    with chroot.Chroot(chosen.system.path() / "root") as inside:
        shell.run(["tar", "-x", "-p", "-f", made.layer / "layer.tar", "-C",
                   inside.inside("/")])
        give(publisher, inside)
        inside.run("sh", "-ec", """
            apt-get update -qq
            apt-get install -qq -y --no-install-recommends $1
            apt-get satisfy -qq -y --no-install-recommends "$2"
            apt-get clean
        """, "sh", " ".join(PROGRAMS), needed())
        inside.save(layer)
    step = job.Step("load", f"set -- load; {COMMAND}", SECONDS)
    running = machine.boot(chosen, job.Job([step], [], [layer]))
    try:
        (outcome,) = running.outcomes(lambda _, text: None)
    finally:
        running.__exit__()
    live.judge("load", outcome)
    passed("load", "\n".join(outcome.output))


INSIDE = (autopkgtest_dkms,)
MACHINES = (autopkgtest_load,)
