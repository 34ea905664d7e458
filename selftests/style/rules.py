# SPDX-License-Identifier: GPL-2.0
"""The project's own rules about its source.

Each check takes a Tree and yields a line for each fault. faults.py breaks
every rule, so that a rule that no longer finds anything is noticed.
"""

import functools
import pathlib
import re
import subprocess

LINES = 800
PROBES = 30

# Words are put together here, so that this file does not break its own rules.
VERSION_TESTS = re.compile(
    r"LINUX_" r"VERSION_|KERNEL_" r"VERSION\(|RHEL_" r"RELEASE|UTS_" r"RELEASE"
    r"|linux/" r"version\.h")
# One of them is also a directive of KTAP, which a list of directives may name.
LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\|)")
ADDRESSES = re.compile(r"\b[a-z]+://([^/\s\"'>)]+)")
REGISTRIES = re.compile(
    r"\b(deb|ftp|security|archive|snapshot|mirror)s?\.(debian|ubuntu|fedora)"
    r"|\b(registry|proxy)\.[a-z]+\.[a-z]+|\bpypi\b|\bcrates\.io\b", re.I)
MACHINE = re.compile(r"(?<![\w.$}])/(home|work)/\w|/root/\.|/tmp/\w+/\w+/")

# Hosts that a file may name: a format's definition, and the licence's own text.
HOSTS = {"www.debian.org", "www.w3.org"}

SPDX = re.compile(r"SPDX-License-Identifier: \S")
SOURCE = {".c", ".h", ".py", ".sh"}
SPDX_NAMES = {"Makefile", "Kbuild", "dkms.conf"}


class Tree:
    """The files of one source tree, as git or make dist would pack them."""

    def __init__(self, top):
        self.top = pathlib.Path(top)

    @functools.cached_property
    def files(self):
        """Paths relative to the top, sorted; products of builds left out."""
        if (self.top / ".git").exists():
            listed = subprocess.run(
                ["git", "-c", f"safe.directory={self.top}", "-C", self.top,
                 "ls-files", "-z", "--cached", "--others",
                 "--exclude-standard"],
                stdout=subprocess.PIPE, check=True).stdout
            names = [pathlib.Path(name) for name in
                     dict.fromkeys(listed.decode().split("\0")) if name]
        else:
            names = [path.relative_to(self.top)
                     for path in self.top.rglob("*")]
            names = [path for path in names
                     if path.parts[0] != "build"
                     and "__pycache__" not in path.parts
                     and path.suffix not in {".o", ".ko", ".mod", ".cmd"}
                     and not path.name.endswith(".mod.c")]
        return sorted(path for path in names if (self.top / path).is_file())

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        """A file's content; empty if it is absent, or no text."""
        try:
            return (self.top / path).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return ""

    def search(self, pattern, paths):
        """Each line that matches, as path:line: text."""
        for path in paths:
            for number, line in enumerate(self.text(path).splitlines(), 1):
                if pattern.search(line):
                    yield f"{path}:{number}: {line.strip()}"

    def scripts(self, interpreter):
        """The executable texts whose first line names an interpreter."""
        for path in self.files:
            first = self.text(path).split("\n", 1)[0]
            if first.startswith("#!") and re.search(interpreter, first):
                yield path

    def version(self):
        """The version, from its one place."""
        found = re.search(r'^PACKAGE_VERSION="(.*)"$',
                          self.text(pathlib.Path("dkms.conf")), re.MULTILINE)
        return found.group(1) if found else None


def kernel_versions(tree):
    """Only compat/ may ask which kernel it is built for."""
    paths = [path for path in tree.files
             if path.parts[0] in ("src", "tools", "selftests")
             and path.suffix in {".c", ".h"}]
    yield from tree.search(VERSION_TESTS, paths)
    conditional = re.compile(r"^\s*#\s*(el)?if(n?def)?\b.*MYTUN_HAVE_")
    yield from tree.search(conditional, [path for path in paths
                                         if path.parts[0] == "src"])


def file_length(tree):
    """A file stays below a length that a person can keep in mind."""
    for path in tree.files:
        lines = tree.text(path).count("\n")
        if lines > LINES and path.name not in ("LICENSE", "COPYING"):
            yield f"{path}: {lines} lines, the limit is {LINES}"


def leftovers(tree):
    """Nothing is left for later."""
    yield from tree.search(LEFTOVERS, tree.files)


def addresses(tree):
    """Files name no package registry, and no host but a few."""
    for path in tree.files:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            hosts = set(ADDRESSES.findall(line)) - HOSTS
            if hosts or REGISTRIES.search(line):
                yield f"{path}:{number}: {line.strip()}"


def machine_paths(tree):
    """Files name no path of the machine on which they were written."""
    yield from tree.search(MACHINE, tree.files)


def licence(tree):
    """Every source file says its licence in its first lines."""
    for path in tree.files:
        text = tree.text(path)
        head = "\n".join(text.splitlines()[:3])
        if (path.suffix in SOURCE or path.name in SPDX_NAMES
                or text.startswith("#!")) and not SPDX.search(head):
            if path != pathlib.Path("debian/rules"):
                yield f"{path}: no SPDX-License-Identifier"


def versions(tree):
    """The packages have the version that dkms.conf has."""
    version = tree.version()
    if not version:
        yield "dkms.conf: no PACKAGE_VERSION"
        return
    changelog = tree.text(pathlib.Path("debian/changelog"))
    found = re.match(r"\S+ \((?:\d+:)?([^)]*?)(-[^-)]*)?\)", changelog)
    if not found or found.group(1) != version:
        yield (f"debian/changelog: version {found and found.group(1)}, "
               f"dkms.conf has {version}")
    for path in tree.files:
        if path.suffix in {".c", ".h"} and path.parts[0] == "src":
            for line in tree.search(
                    re.compile(r'MODULE_VERSION\("|"%s"' % re.escape(version)),
                    [path]):
                yield f"{line}: the version is repeated"


def probes(tree):
    """Probes are few, and each says which release brought the change."""
    found = [path for path in tree.files
             if path.parts[:2] == ("compat", "probes") and path.suffix == ".c"]
    if not found:
        yield "compat/probes: there are no probes"
    counted = [path for path in found if not path.name.startswith("sane_")]
    if len(counted) > PROBES:
        yield f"compat/probes: {len(counted)} probes, the limit is {PROBES}"
    if len(found) - len(counted) < 2:
        yield "compat/probes: two sentinels are needed"
    # "6.4, 0123456789ab; more. Delete when 5.10 goes.": the release and the
    # commit of the change, and what would let the probe be deleted.
    provenance = re.compile(r"/\* [3-9]\.\d+, [0-9a-f]{12,40}\b.*\bDelete when\b"
                            r".*?\*/", re.DOTALL)
    for path in counted:
        comment = tree.text(path).split("#include", 1)[0]
        if not provenance.search(comment):
            yield (f"{path}: does not begin with a release, a commit, and "
                   "when to delete it")


def tests(tree):
    """selftests/Makefile and the files agree, both ways."""
    # Make itself says what the lists come to: topic, program, seconds.
    told = subprocess.run(["make", "-s", "-C", tree.top / "selftests",
                           "topics"], stdout=subprocess.PIPE,
                          check=False).stdout.decode()
    listed = {line.split()[1] for line in told.splitlines()
              if len(line.split()) == 3}
    present = {path.name: path for path in tree.files
               if path.parts[0] == "selftests" and len(path.parts) == 2}
    library = {path.name for path in tree.files
               if path.parts[:-1] == ("tools", "lib", "test")}
    if not listed:
        yield "selftests/Makefile: no topics"
    for name in sorted(listed):
        # Of those that are built for 32 bits, too, it is the same source.
        source = f"{name.removesuffix('-m32')}.c"
        if name not in present and source not in {*present, *library}:
            yield f"selftests/Makefile: {name} does not exist"
    for name, path in sorted(present.items()):
        if (re.search(r"^TEST_HARNESS_MAIN", tree.text(path), re.MULTILINE)
                and path.stem not in listed):
            yield f"{path}: not in selftests/Makefile"


def plain_text(tree):
    """Lines end plainly, and files are ASCII."""
    for path in tree.files:
        data = (tree.top / path).read_bytes()
        if data and not data.endswith(b"\n"):
            yield f"{path}: no newline at the end"
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.endswith((b" ", b"\t", b"\r")):
                yield f"{path}:{number}: white space at the end of the line"
            if any(byte > 127 for byte in line):
                yield f"{path}:{number}: not ASCII"


def parameters(tree):
    """modprobe.d shows every parameter with its default and an example."""
    text = tree.text(pathlib.Path("tools/system/modprobe.d/mytun.conf"))
    shown = dict(re.findall(r"^# Default: (\w+)=(\S+)$", text, re.MULTILINE))
    examples = dict(re.findall(r"^#options mytun (\w+)=(\S+)$", text,
                               re.MULTILINE))
    named = {}
    for path in tree.files:
        if path.parts[0] == "src" and path.suffix == ".c":
            text = tree.text(path)
            for name in re.findall(r"^module_param\w*\((\w+)", text,
                                   re.MULTILINE):
                default = re.search(r"MODULE_PARM_DESC\(%s,[^;]*"
                                    r"\(default (\w+)" % name, text)
                named[name] = default and default.group(1)
                start = re.search(r"^static .*\b%s(?: = (\w+))?;" % name,
                                  text, re.MULTILINE)
                words = {None: ("N", "0"), "false": ("N",), "true": ("Y",)}
                value = start and start.group(1)
                if start and named[name] not in words.get(value, (value,)):
                    yield (f"{name}: starts as {value}, and its description "
                           f"says {named[name]}")
    for name in sorted(set(named) | set(shown) | set(examples)):
        default = named.get(name)
        if default is None or default != shown.get(name):
            yield (f"{name}: its default is {default} in the driver "
                   f"and {shown.get(name)} in modprobe.d/mytun.conf")
        example = examples.get(name)
        kind = r"\d+" if (default or "").isdigit() else "[YN]"
        if (example is None or example == default
                or not re.fullmatch(kind, example)):
            yield f"{name}: {example} is no example in modprobe.d/mytun.conf"


CHECKS = {
    "kernel_versions": kernel_versions,
    "file_length": file_length,
    "leftovers": leftovers,
    "addresses": addresses,
    "machine_paths": machine_paths,
    "licence": licence,
    "versions": versions,
    "probes": probes,
    "parameters": parameters,
    "tests": tests,
    "plain_text": plain_text,
}
