# SPDX-License-Identifier: GPL-2.0
"""Checks that other people's tools make: checkpatch, sparse, shellcheck.

Each check takes a rules.Tree and Settings and yields a line for each fault,
or raises Absent.
"""

import ast
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VIRTUAL_MACHINES = HERE.parent / "vm"

# What checkpatch says about kernel code only: programs in user space have
# neither the types nor the functions that it asks for, nor its rules.
NOT_IN_USER_SPACE = ("PREFER_KERNEL_TYPES", "STRCPY", "STRNCPY",
                     "PREFER_DEFINED_ATTRIBUTE_MACRO", "BIT_MACRO",
                     "VOLATILE")

# A shim gives an old kernel the type or macro of a newer one, as that one is.
NOT_IN_SHIMS = ("NEW_TYPEDEFS", "MACRO_ARG_UNUSED", "MACRO_WITH_FLOW_CONTROL")

# What checkpatch takes for a fault and is none: the folder, the message's
# type, and what stands in the two lines from there on. In selftests/ that is
# what kselftest_harness.h asks for. A public header cannot use BIT(), and
# checkpatch knows that only of files in include/uapi, and the layout of
# tracepoints only in include/trace.
IDIOMS = (
    ("selftests/", "SPACING", re.compile(r"FIXTURE_(DATA|VARIANT)\(|\*self\b")),
    ("selftests/", "LINE_SPACING", re.compile(r"FIXTURE_VARIANT_ADD\(")),
    ("selftests/", "COMPLEX_MACRO", re.compile(r"FIXTURE_VARIANT_ADD\(")),
    ("selftests/", "BRACES", re.compile(r"\b(EXPECT|ASSERT)_")),
    ("selftests/", "MACRO_WITH_FLOW_CONTROL",
     re.compile(r"#define (REQUIRE_|MUST\()")),
    ("selftests/privilege.c", "COMPLEX_MACRO",
     re.compile(r"#define ALLOW_IF\(")),
    ("selftests/bpf.c", "COMPLEX_MACRO",
     re.compile(r"#define (LOAD_MAP|ADD_ONE)\(")),
    # The types of libelf.
    ("selftests/", "CAMELCASE", re.compile(r"\bG?Elf_?")),
    ("selftests/fuzz_engine.c", "CAMELCASE", re.compile(r"LLVMFuzzer")),
    ("src/trace.h", "OPEN_ENDED_LINE", re.compile(r"TP_\w+\($", re.M)),
    ("src/uapi/", "BIT_MACRO", re.compile(r"#define")),
)

# Stand-ins for headers, of the kernel and of C, for what of the driver runs in
# a process, have the types and macros that those have.
STAND_INS = ("selftests/model/kernel.h", "selftests/model/include/stdatomic.h",
             "tools/bench/lines_kernel.h")
NOT_IN_STAND_INS = ("NEW_TYPEDEFS", "MACRO_ARG_UNUSED", "MACRO_ARG_REUSE",
                    "MEMORY_BARRIER")


class Absent(Exception):
    """The tool for a check is not there."""


class Settings:
    """Where the kernel's scripts and headers are."""

    def __init__(self, kernel_source, kernel):
        self._kernel_source = kernel_source
        self._kernel = kernel

    def checkpatch(self):
        """The path of checkpatch.pl, from Debian's newest linux-source."""
        top = self._kernel_source or machines().source.tree()
        path = top / "scripts" / "checkpatch.pl"
        if not path.exists():
            raise Absent(f"{top} has no scripts/checkpatch.pl")
        return path

    def kernel(self):
        """The kernel whose headers sparse reads, in its Debian root."""
        return machines().kernel.find(self._kernel)


def machines():
    """The package of the virtual machines, with what is used of it."""
    if str(VIRTUAL_MACHINES) not in sys.path:
        sys.path.insert(0, str(VIRTUAL_MACHINES))
    for name in ("chroot", "kernel", "shell", "source"):
        importlib.import_module(f"mytunvm.{name}")
    return sys.modules["mytunvm"]


def need(program, package):
    """Raise Absent unless a program is there."""
    if not shutil.which(program):
        raise Absent(f"{program} is missing: apt-get install {package}")


def run(argv, **keywords):
    """Run a program; return its exit status and everything it printed."""
    done = subprocess.run([str(word) for word in argv], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **keywords)
    return done.returncode, done.stdout.decode(errors="replace")


def sources(tree, *tops):
    """The C files below some of the top folders."""
    return [path for path in tree.files
            if path.suffix in {".c", ".h"} and path.parts[0] in tops]


def checkpatch(tree, settings, tops, ignored):
    """Run the kernel's checkpatch --strict over whole files."""
    need("perl", "perl")
    paths = sources(tree, *tops)
    if not paths:
        return
    argv = ["perl", settings.checkpatch(), "--strict", "--no-tree",
            "--no-summary", "--terse", "--show-types", "--color=never"]
    if ignored:
        argv += ["--ignore", ",".join(ignored)]
    status, output = run([*argv, "-f", *paths], cwd=tree.top)
    lines = [line for line in output.splitlines() if line.strip()]
    yield from (line for line in lines if not idiom(tree, line))
    if status and not lines:
        yield f"checkpatch ended with status {status} and said nothing"


def idiom(tree, message):
    """Whether a message of checkpatch is about one of IDIOMS."""
    found = re.match(r"([^:]+):(\d+): \w+:(\w+):", message)
    if not found:
        return False
    path, number, kind = found.groups()
    if path in STAND_INS and kind in NOT_IN_STAND_INS:
        return True
    lines = tree.text(pathlib.Path(path)).splitlines()
    text = "\n".join(lines[int(number) - 1:int(number) + 1])
    return any(path.startswith(folder) and kind == name and what.search(text)
               for folder, name, what in IDIOMS)


def checkpatch_driver(tree, settings):
    """checkpatch on the driver, with nothing left out."""
    yield from checkpatch(tree, settings, ("src",), ())


def checkpatch_compat(tree, settings):
    """checkpatch on probes and shims, but for what a shim is there for."""
    yield from checkpatch(tree, settings, ("compat",), NOT_IN_SHIMS)


def checkpatch_user(tree, settings):
    """checkpatch on programs, with what makes sense in user space."""
    yield from checkpatch(tree, settings, ("selftests", "tools"),
                          NOT_IN_USER_SPACE)


def sparse(tree, settings):
    """Build for a kernel with sparse; no line about our files is accepted."""
    if os.geteuid() != 0:
        raise Absent("not root: sparse runs in a chroot")
    kernel = settings.kernel()
    root = kernel.system.path() / "root"
    if not (root / "usr/bin/sparse").exists():
        raise Absent(f"the root of kernel {kernel.name} has no sparse")
    with machines().chroot.Chroot(root) as inside:
        for path in tree.files:
            inside.add(tree.top / path, f"/build/mytun/{path}")
        try:
            output = inside.run(
                "make", "-C", "/build/mytun", "module", "C=2", "W=1",
                "CF=-D__CHECK_ENDIAN__",
                f"KDIR=/lib/modules/{kernel.release}/build")
        except machines().shell.CommandError as error:
            yield from str(error).splitlines()
            return
    if not re.search(r"^\s*CHECK\s+\S", output, re.MULTILINE):
        yield "sparse checked no file"
    ours = re.compile(r"(^|/)(src|compat)/\S+:\d+:.*(warning|error):")
    local = re.compile(r"^[\w./-]+\.[ch]:\d+:\d+: (warning|error):")
    for line in output.splitlines():
        if ours.search(line) or local.match(line):
            yield line


def shellcheck(tree, _settings):
    """shellcheck on every shell script, with no warning accepted."""
    need("shellcheck", "shellcheck")
    scripts = list(tree.scripts(r"\b(ba|da)?sh\b"))
    scripts += [path for path in tree.files if path.suffix == ".sh"
                and path not in scripts]
    status, output = run(["shellcheck", "--format=gcc",
                          "--external-sources", "--source-path=SCRIPTDIR",
                          *scripts], cwd=tree.top)
    lines = output.splitlines()
    yield from lines
    if status and not lines:
        yield f"shellcheck ended with status {status} and said nothing"


def python(tree, _settings):
    """Python files parse, and pyflakes, where it is, finds nothing."""
    paths = [path for path in tree.files if path.suffix == ".py"]
    paths += tree.scripts(r"\bpython3?\b")
    for path in paths:
        try:
            ast.parse(tree.text(path), str(path))
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"
    if shutil.which("pyflakes3") and paths:
        yield from run(["pyflakes3", *paths], cwd=tree.top)[1].splitlines()


def public_header(tree, _settings):
    """The public header stands alone, in C and in C++, in user space."""
    need("cc", "gcc")
    header = pathlib.Path("src/uapi/linux/mytun.h")
    if header not in tree.files:
        yield f"{header}: does not exist"
        return
    languages = [["-x", "c", "-std=c99", "-pedantic"]]
    if shutil.which("c++"):
        languages.append(["-x", "c++", "-std=c++11"])
    for language in languages:
        status, output = run(["cc", *language, "-fsyntax-only", "-Wall",
                              "-Wextra", "-Werror", "-include",
                              tree.top / header, "/dev/null"])
        if status:
            yield from output.splitlines()


def guide(tree, _settings):
    """The program in doc/applications.md compiles, after each change to it."""
    need("cc", "gcc")
    need("patch", "patch")
    text = tree.text(pathlib.Path("doc/applications.md"))
    blocks = re.findall(r"^```(c|diff) (\S+)\n(.*?)^```$", text,
                        re.MULTILINE | re.DOTALL)
    if [kind for kind, _, _ in blocks] != ["c", "diff", "diff", "diff"]:
        yield "doc/applications.md: not one program and three changes"
        return
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, name, block) in enumerate(blocks):
            path = pathlib.Path(folder) / (name if kind == "c" else "change")
            path.write_text(block, encoding="utf-8")
            if kind == "diff":
                status, output = run(["patch", "--fuzz=0", name, path],
                                     cwd=folder)
                if status:
                    yield from output.splitlines()
                    return
            status, output = run(["cc", "-fsyntax-only", "-Wall", "-Wextra",
                                  "-Werror", f"-I{tree.top}/src/uapi",
                                  f"-I{tree.top}/tools/lib",
                                  pathlib.Path(folder) / name])
            if status:
                yield f"doc/applications.md: change {number}:"
                yield from output.splitlines()


TABLE = re.compile(r'\{ "([a-z0-9-]+)", (?:no|required)_argument, NULL,\s*'
                   r"(?:'(.)')?")


def untested(tree, sources, *tests):
    """Long options in tables of C files that the tests name nowhere."""
    text = "".join(tree.text(pathlib.Path("selftests") / test)
                   for test in tests)
    for path in sources:
        for name, short in TABLE.findall(tree.text(path)):
            used = rf"--{name}(?![\w-])"
            if short:
                used += rf"|[\s\"'=]-\w*{short}(?![\w-])"
            if not re.search(used, text):
                yield name


def options(tree, _settings):
    """Each tool's help, page and completion have the same long options, and its
    test uses each."""
    for name in ("gen", "fwd"):
        for option in untested(tree, [pathlib.Path(
                f"tools/{name}/options.c")], f"{name}.sh"):
            yield f"mytun-{name}: --{option} is not in {name}.sh"
        page = tree.text(pathlib.Path(f"tools/man/mytun-{name}.8"))
        found = {
            "table": re.findall(r'^\t\{ "([a-z0-9-]+)", (?:no|required)_',
                                tree.text(pathlib.Path(
                                    f"tools/{name}/options.c")), re.MULTILINE),
            "help": re.findall(r"--([a-z0-9-]+)", tree.text(pathlib.Path(
                f"tools/{name}/help.c"))),
            "page": re.findall(r"\bFl -([a-z0-9-]+)|\| -([a-z0-9-]+)", page),
            "completion": re.findall(r"--([a-z0-9-]+)", tree.text(
                pathlib.Path(f"tools/completion/mytun-{name}"))),
        }
        found["page"] = [one or other for one, other in found["page"]]
        wanted = set(found.pop("table"))
        if not wanted:
            yield f"tools/{name}/options.c: no options"
        for where, there in found.items():
            for option in sorted(wanted ^ set(there)):
                yield f"mytun-{name}: --{option}: options and {where} differ"


LONG = re.compile(r'\{ "([a-z0-9-]+)", (?:no|required)_argument')
HELPED = re.compile(r"--([a-z0-9-]+)")
PAGED = re.compile(r"\bFl (?:\w , )?-([a-z0-9-]+)")


def control_options(tree, _settings):
    """The same of mytunctl, whose commands have options of their own."""
    for option in untested(tree, [
            path.relative_to(tree.top)
            for path in sorted((tree.top / "tools/mytunctl").glob("*.c"))],
            "mytunctl.c", "doctor.c"):
        yield f"mytunctl: --{option} is in no test"
    common = {"json", "help"}
    everything = common | {"netns", "version"}
    told = set()
    for path in sorted((tree.top / "tools/mytunctl").glob("*.c")):
        text = tree.text(path.relative_to(tree.top))
        table = set(LONG.findall(text)) - common
        helped = set(HELPED.findall(text.partition(".help =")[2])) - common
        everything |= table
        told |= helped
        if "struct command command_" not in text:
            continue
        for option in sorted(table - helped):
            yield f"{path.name}: --{option} is not in its help"
    # A help may name another command's.
    for option in sorted(told - everything):
        yield f"tools/mytunctl: help has --{option}, which is no option"
    for name, found in (
            ("man/mytunctl.8", PAGED), ("completion/mytunctl", HELPED)):
        there = set(found.findall(
            tree.text(pathlib.Path("tools") / name)))
        for option in sorted(everything ^ there):
            yield f"tools/{name}: --{option}: options and it differ"


def library_pages(tree, _settings):
    """Each function of the library has a page, which libmytun(7) names."""
    exported = set(re.findall(r"^\t\t(mytun_\w+);", tree.text(
        pathlib.Path("tools/lib/libmytun.map")), re.MULTILINE))
    if not exported:
        yield "tools/lib/libmytun.map: nothing is exported"
    declared = "".join(tree.text(pathlib.Path("tools/lib") / name)
                       for name in ("mytun.h", "ring.h", "record.h"))
    overview = tree.text(pathlib.Path("tools/man/libmytun.7"))
    documented = set()
    for path in sorted((tree.top / "tools/man").glob("*.3")):
        names = set(re.findall(r"^\.Nm (mytun_\w+)", tree.text(
            path.relative_to(tree.top)), re.MULTILINE))
        documented |= names
        for name in sorted(names):
            if not re.search(rf"\b{name}\(", declared):
                yield f"{path.name}: there is no {name}()"
        if f".Xr {path.stem} 3" not in overview:
            yield f"tools/man/libmytun.7: does not name {path.stem}(3)"
    for name in sorted(exported - documented):
        yield f"libmytun.map: {name}() has no page"


CHECKS = {
    "public_header": public_header,
    "guide": guide,
    "options": options,
    "control_options": control_options,
    "library_pages": library_pages,
    "shellcheck": shellcheck,
    "python": python,
    "checkpatch_driver": checkpatch_driver,
    "checkpatch_compat": checkpatch_compat,
    "checkpatch_user": checkpatch_user,
    "sparse": sparse,
}
