# SPDX-License-Identifier: GPL-2.0
"""The parts of the newest kernel's own source that the tests use.

They come from Debian's newest linux-source package: the kselftest harness,
checkpatch and its word lists, and the newest user-space API headers. Nothing
of them is ever copied into this project.
"""

import re
import subprocess

from . import archive, cache, shell

SUITE = "trixie-backports"

# Patterns below the source's top directory, as GNU tar understands them.
MEMBERS = (
    "tools/testing/selftests/*.h",
    "tools/testing/selftests/*.mk",
    "tools/testing/selftests/*.sh",
    "tools/testing/selftests/kselftest/*",
    "tools/testing/selftests/net/lib.sh",
    "tools/testing/selftests/net/lib/*",
    "tools/testing/selftests/drivers/net/bonding/Makefile",
    "tools/scripts/*",
    "tools/include/nolibc/*",
    "scripts/checkpatch.pl",
    "scripts/spelling.txt",
    "scripts/const_structs.checkpatch",
    "scripts/kernel-doc*",
    "scripts/lib/kdoc/*",
    "tools/lib/python/*",
    "tools/docs/*",
    "scripts/Makefile.extrawarn",
    "scripts/coccinelle/*",
    "Documentation/dev-tools/checkpatch.rst",
    "include/uapi/*",
    "COPYING",
    "LICENSES/*",
)


def package(suite=SUITE):
    """The name of the newest linux-source-X.Y package of a suite."""
    best = None
    index = archive.index(suite)
    for name in index.stanzas():
        if re.fullmatch(r"linux-source-[0-9.]+", name):
            if best is None or archive.newer(index.version(name),
                                             index.version(best)):
                best = name
    if best is None:
        raise LookupError(f"{suite} has no linux-source package")
    return best


def version(suite=SUITE):
    """The version of that package."""
    return archive.index(suite).version(package(suite))


def deb(suite=SUITE):
    """The newest linux-source package itself, as a path to the .deb."""
    name = package(suite)
    index = archive.index(suite)

    def make(directory):
        shell.say(f"downloading {name} {index.version(name)}")
        index.download(name, directory)

    path = cache.entry("source-deb", "linux", [name, index.version(name)],
                       make)
    return next(path.glob("*.deb"))


def extract(patterns, directory, suite=SUITE):
    """Unpack what matches 'patterns' of the source tree into a directory.

    With no patterns, everything is unpacked.
    """
    path = deb(suite)
    member = f"./usr/src/{package(suite)}.tar.xz"
    command = ('dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | xz -dc -T2 | '
               'tar -x -C "$3" --strip-components=1')
    words = [f"*/{pattern}" for pattern in patterns]
    if words:
        command += ' --wildcards --no-wildcards-match-slash "${@:4}"'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command, "extract",
         str(path), member, str(directory), *words],
        check=False, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    text = done.stderr.decode(errors="replace")
    missing = [line for line in text.splitlines() if "Not found" in line]
    # Patterns that only some versions of the source have are no error.
    if done.returncode and not missing:
        raise shell.CommandError(["extract", str(path)], done.returncode,
                                 text)


def tree():
    """The directory that holds MEMBERS, as in the kernel's own tree."""
    name = package()

    def make(directory):
        shell.say(f"unpacking the test harness of {name}")
        extract(MEMBERS, directory)
        if not harness(directory).joinpath("kselftest_harness.h").exists():
            raise FileNotFoundError("the source has no kselftest_harness.h")

    return cache.entry("source", "linux", [name, version(), MEMBERS], make)


def harness(directory=None):
    """The directory that holds kselftest_harness.h."""
    return (directory or tree()) / "tools" / "testing" / "selftests"
