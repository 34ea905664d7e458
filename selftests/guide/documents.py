# SPDX-License-Identifier: GPL-2.0
"""What stands in documents to be run: commands, programs, changes to them.

In Markdown these are indented blocks, and fenced ones with a language and a
file's name (```c echo.c, ```diff echo.c; ```text is nothing to run); in manual pages what .Dl and
".Bd -literal" show. A comment before a block, <!-- test: ... --> or
.\\" test: ..., tells of that block:

  text             it has no commands
  skip REASON      it is not run, and counted as skipped
  needs PROGRAM    it is skipped where that program is not installed
  let OLD => NEW   what a reader would put in place of OLD
  first COMMAND    run before it, without being counted
  then COMMAND     run after it, and counted
  until COMMAND    after what goes on in the background, wait for that
  seconds N        its commands do not end: they are ended after so long
  prints TEXT      the last command prints that
  c PARAMETERS     it is the inside of a function in C, which has these

"once", anywhere, tells of the whole document that it does not depend on the
kernel: of those that are tested it is run on one.

In "then" and "first", \\ at the end of the comment's line continues it.
"""

import re

MARK = re.compile(r'^(?:<!-- test: (.*?) -->|\.\\" test: (.*))$')
KINDS = ("text", "skip", "needs", "let", "first", "then", "until", "seconds",
         "prints", "c")
ONCE = "once"
COMMANDS, TEXT, C, CHANGE, FRAGMENT = range(5)


class Fault(ValueError):
    """A document that cannot be read."""


class Marks:
    """What comments say of a block."""

    def __init__(self):
        self.said = []

    def add(self, text):
        """One comment."""
        kind, _, rest = text.partition(" ")
        if kind not in KINDS:
            raise Fault(f"no test is called {kind}")
        self.said.append((kind, rest.strip()))

    def all(self, kind):
        """All of a kind."""
        return [rest for one, rest in self.said if one == kind]

    def one(self, kind, absent=None):
        """The one of a kind."""
        found = self.all(kind)
        return found[0] if found else absent


class Step:
    """One thing to do. 'kind' is COMMANDS, C, CHANGE or FRAGMENT."""

    def __init__(self, document, line, kind, text):
        self.kind = kind
        self.text = text
        self.file = None
        self.name = f"{document}:{line}: {text.splitlines()[0].strip()}" \
            if text else f"{document}:{line}"
        self.skipped = None
        self.first = []
        self.until = None
        self.seconds = None
        self.prints = None
        self.needs = []


class Document:
    """A document, and its steps in order."""

    def __init__(self, name):
        self.name = name
        self.steps = []
        self.once = False

    def mark(self, text, marks):
        """A comment: of the document, or of the block that follows."""
        if text == ONCE:
            self.once = True
        else:
            marks.add(text)

    def add(self, line, kind, text, marks, file=None):
        """A block that ends; a faulty one ends the test."""
        if marks.one("text") is not None:
            return
        if marks.one("c") is not None:
            kind, file = FRAGMENT, marks.one("c")
        if kind == COMMANDS:
            steps = [Step(self.name, line + at, kind, command)
                     for at, command in commands(text)]
        else:
            steps = [Step(self.name, line, kind, text)]
            steps[0].file = file
            if kind != FRAGMENT:
                steps[0].name = f"{self.name}:{line}: {file}" + \
                    (", a change" if kind == CHANGE else "")
        if not steps:
            raise Fault(f"{self.name}:{line}: nothing in it")
        steps[-1].prints = marks.one("prints")
        steps += [Step(self.name, line, COMMANDS, command)
                  for command in marks.all("then")]
        steps[0].first = marks.all("first")
        for step in steps:
            step.skipped = marks.one("skip")
            step.needs = marks.all("needs")
            step.until = marks.one("until")
            step.seconds = marks.one("seconds")
            for pair in marks.all("let"):
                old, _, new = pair.partition(" => ")
                step.text = step.text.replace(old, new)
        self.steps += steps


def commands(text):
    """Pairs of a line's number and the command that begins there."""
    whole, began = "", 0
    for number, line in enumerate(text.splitlines()):
        if not whole and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if not whole:
            began = number
        whole += line + "\n"
        if line.endswith("\\"):
            continue
        yield began, whole.rstrip("\n")
        whole = ""
    if whole:
        raise Fault(f"a command does not end: {whole}")


def from_markdown(name, text):
    """The document of a Markdown file."""
    document, marks = Document(name), Marks()
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        began = at
        mark = MARK.match(lines[at])
        fence = re.match(r"```(\w*) ?(\S*)$", lines[at])
        if mark:
            document.mark(mark.group(1), marks)
            at += 1
            continue
        if fence:
            at = lines.index("```", at + 1)
            if fence.group(1) == "text":
                at += 1
                continue
            if fence.group(1) not in ("c", "diff") or not fence.group(2):
                raise Fault(f"{name}:{began + 1}: a block of what?")
            document.add(began + 1, C if fence.group(1) == "c" else CHANGE,
                         "\n".join(lines[began + 1:at]) + "\n", marks,
                         fence.group(2))
            marks = Marks()
        elif lines[at].startswith("    ") and (not at or not lines[at - 1]):
            while at + 1 < len(lines) and (lines[at + 1].startswith("    ")
                                           or (not lines[at + 1] and
                                               lines[at + 2:at + 3] and
                                               lines[at + 2].startswith(
                                                   "    "))):
                at += 1
            document.add(began + 1, COMMANDS,
                         "\n".join(line[4:] for line in lines[began:at + 1]),
                         marks)
            marks = Marks()
        elif lines[at] and marks.said:
            raise Fault(f"{name}:{at + 1}: a test, and no block after it")
        at += 1
    return document


def plain(text):
    """What a line of mdoc looks like when it is read."""
    return text.replace("\\&", "").replace("\\e", "\\")


def from_page(name, text):
    """The document of a manual page."""
    document, marks = Document(name), Marks()
    block, began = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        mark = MARK.match(line)
        if mark:
            document.mark(mark.group(2), marks)
        elif block is not None and line == ".Ed":
            document.add(began, COMMANDS, "\n".join(block), marks)
            block, marks = None, Marks()
        elif block is not None:
            block.append(plain(line))
        elif line.startswith(".Bd -literal"):
            block, began = [], number + 1
        elif line.startswith(".Dl "):
            document.add(number, COMMANDS, plain(line[4:]), marks)
            marks = Marks()
        elif marks.said and not line.startswith((".Pp", ".\\\"")):
            raise Fault(f"{name}:{number}: a test, and no block after it")
    return document


def paths(project):
    """All documents, in the order in which somebody new reads them."""
    return [project / "README.md", project / "CONTRIBUTING.md",
            *sorted((project / "doc").glob("*.md")),
            *sorted((project / "tools" / "man").glob("*.[0-9]"))]


def read(project, path):
    """One document."""
    name = str(path.relative_to(project))
    text = path.read_text(encoding="utf-8")
    try:
        return (from_markdown if path.suffix == ".md" else from_page)(name,
                                                                      text)
    except Fault as fault:
        raise SystemExit(f"{name}: {fault}") from fault
