# SPDX-License-Identifier: GPL-2.0
"""Which lines of the driver a run has reached, by the kernel's gcov.

The kernel keeps the counts of a module that was unloaded, and adds those of the
same module loaded again. They leave the machine at its end, as text.
"""

import base64
import binascii
import dataclasses
import gzip
import io
import json
import pathlib
import subprocess
import tarfile

from . import job, shell

# The files in debugfs have no size, so they are read before they are packed.
STEP = job.Step("coverage", """
[ -d /sys/kernel/debug/gcov ] || exit 0
mkdir -p /tmp/coverage
find /sys/kernel/debug/gcov -name '*.gcda' | while read -r path; do
    cat "$path" > "/tmp/coverage/${path##*/}" || exit 1
done
tar -c -z -C /tmp/coverage . | base64
""", 120)

# As many lines that follow each other are named when nothing reached them.
BLOCK = 6

# Of a hundred lines a whole run reaches this many, or it has failed.
LEAST = 85

# Why no run reaches a longer piece of a function. One that is not here fails
# a whole run.
REASONS = {
}


@dataclasses.dataclass
class Source:
    """One file: its lines with code, and how often each was run."""

    name: str
    counts: dict
    functions: dict = dataclasses.field(default_factory=dict)

    @property
    def reached(self):
        """How many lines were run."""
        return sum(1 for count in self.counts.values() if count)

    def blocks(self):
        """Runs of lines with code, of which none was reached: the first,
        the last, how many, and the function of the first."""
        found = []
        for line in sorted(self.counts) + [None]:
            if line is not None and not self.counts[line]:
                found.append(line)
                continue
            if len(found) >= BLOCK:
                yield (found[0], found[-1], len(found),
                       self.functions.get(found[0], ""))
            found = []


def unpack(lines, directory):
    """Put what the step printed beside the files of the build."""
    try:
        data = base64.b64decode("".join(lines), validate=True)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for info in tar:
                if info.isreg():
                    name = pathlib.PurePath(info.name).name
                    (directory / name).write_bytes(
                        tar.extractfile(info).read())
    except (binascii.Error, tarfile.TarError, EOFError) as error:
        raise LookupError(f"the counts are not whole: {error}") from None


def read(directory):
    """The Sources of a build, with the counts that lie beside it."""
    sources = {}
    for path in sorted(directory.glob("*.gcda")):
        data = subprocess.run(
            ["gcov", "--json-format", "--stdout", path.name], cwd=directory,
            check=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        for text in data.splitlines():
            for one in json.loads(text)["files"]:
                _add(sources, one)
    return [sources[name] for name in sorted(sources)]


def _add(sources, one):
    """Lines of one file of one object; a header's are those of all objects."""
    path = pathlib.PurePath(one["file"])
    # The kernel's own headers come by other paths.
    if path.is_absolute() and path.parent.name != "src":
        return
    if ".." in path.parts or len(path.parts) > 1 and not path.is_absolute():
        return
    source = sources.setdefault(path.name, Source(path.name, {}))
    for line in one["lines"]:
        number = line["line_number"]
        source.counts[number] = source.counts.get(number, 0) + line["count"]
        if "function_name" in line:
            source.functions[number] = line["function_name"]


def percent(sources):
    """How many of a hundred lines were reached."""
    lines = sum(len(source.counts) for source in sources)
    return 100 * sum(source.reached for source in sources) / max(1, lines)


def summary(sources):
    """Lines of text: each file, all of them, and what nothing reached."""
    for source in sources:
        yield (f"{source.name:<16} {source.reached:5} of "
               f"{len(source.counts):5} lines")
    yield (f"{'all':<16} {sum(source.reached for source in sources):5} of "
           f"{sum(len(source.counts) for source in sources):5} lines, "
           f"{percent(sources):.1f} %")
    for source in sources:
        for first, last, n, function in source.blocks():
            why = REASONS.get((source.name, function), "no reason is known")
            yield (f"src/{source.name}:{first}-{last}: {n} lines of "
                   f"{function}() not reached: {why}")


def _wanting(sources):
    """What a whole run should have reached, as one line, or ""."""
    if percent(sources) < LEAST:
        return f"{percent(sources):.1f} % of lines, not {LEAST} %"
    unknown = [f"src/{source.name}:{first} {function}()"
               for source in sources
               for first, _, _, function in source.blocks()
               if (source.name, function) not in REASONS]
    return f"not reached: {', '.join(unknown)}" if unknown else ""


def judge(outcome, directory, path, whole):
    """Write the summary of what the step printed; return what is wrong."""
    if outcome.trouble or outcome.status:
        return outcome.trouble or f"exit status {outcome.status}"
    try:
        unpack(outcome.output, directory)
        sources = read(directory)
    except (LookupError, subprocess.CalledProcessError) as error:
        return str(error)
    if not sources:
        return "no counts of the driver"
    text = list(summary(sources))
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    shell.say("coverage of src/: "
              + next(line for line in text if line.startswith("all "))
              .removeprefix("all").strip())
    return _wanting(sources) if whole else ""
