# SPDX-License-Identifier: GPL-2.0
"""Debian's archive, asked through apt with an index of our own.

The host's own package lists stay as they are: the index of each suite is
kept in the cache, and refreshed at most once a day.
"""

import functools
import os
import re
import subprocess
import time

from . import cache, shell

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ARCH = "amd64"
REFRESH_SECONDS = 24 * 3600


@functools.lru_cache(maxsize=None)
def mirror():
    """The address from which this host takes Debian's packages."""
    text = shell.output(["apt-get", "indextargets", "--format",
                         "$(ORIGIN)|$(LABEL)|$(REPO_URI)",
                         "Created-By: Packages"])
    for line in text.splitlines():
        origin, label, uri = line.split("|", 2)
        if origin == "Debian" and label == "Debian":
            return uri
    raise LookupError("apt has no index of Debian: run apt-get update first")


@functools.lru_cache(maxsize=None)
def apt_options():
    """The host's settings that any apt run against the mirror needs."""
    text = shell.output(["apt-config", "dump", "--format", "%F \"%v\";%n",
                         "Acquire"])
    wanted = re.compile(r"Acquire::(Check-Valid-Until|Check-Date|Retries|"
                        r"https?::(Proxy|No-Cache|Timeout)\S*) ")
    return [line for line in text.splitlines() if wanted.match(line)]


def sources(*suites):
    """Lines for sources.list."""
    return [f"deb [signed-by={KEYRING}] {mirror()} {suite} main"
            for suite in suites]


class Index:
    """What one suite of the archive offers."""

    def __init__(self, suite):
        self.suite = suite
        self.directory = cache.top() / "apt" / suite
        self._configuration = self.directory / "apt.conf"
        self._stanzas = None
        with cache.lock(f"apt-{suite}"):
            self._refresh()

    def _refresh(self):
        lists = self.directory / "lists"
        for part in ("lists/partial", "archives/partial", "etc"):
            (self.directory / part).mkdir(parents=True, exist_ok=True)
        cache.write(self.directory / "etc" / "sources.list",
                    "\n".join(sources(self.suite)) + "\n")
        (self.directory / "status").touch()
        top = self.directory
        cache.write(self._configuration, "\n".join(apt_options() + [
            f'Dir::State "{top}";',
            f'Dir::State::status "{top}/status";',
            f'Dir::State::lists "{lists}";',
            f'Dir::Cache "{top}";',
            f'Dir::Etc "{top}/etc";',
            'Dir::Etc::sourceparts "/dev/null";',
            f'APT::Architecture "{ARCH}";',
            f'APT::Architectures "{ARCH}";',
            'Acquire::Languages "none";',
            'APT::Sandbox::User "root";',
        ]) + "\n")
        stamp = self.directory / "refreshed"
        if (stamp.exists()
                and time.time() - stamp.stat().st_mtime < REFRESH_SECONDS):
            return
        try:
            shell.run(["apt-get", "update", "-qq"], env=self._environment())
        except shell.CommandError:
            if not stamp.exists():
                raise
            shell.say(f"the index of {self.suite} could not be refreshed; "
                      "the one in the cache is used")
            return
        stamp.touch()

    def _environment(self):
        return dict(os.environ, APT_CONFIG=str(self._configuration))

    def stanzas(self):
        """Every package's newest stanza, by name, each one a dict."""
        # The lock keeps another process from refreshing what is read here.
        with cache.lock(f"apt-{self.suite}"):
            if self._stanzas is None:
                self._stanzas = self._read()
            return self._stanzas

    def _read(self):
        names = shell.output(
            ["apt-get", "indextargets", "--format", "$(FILENAME)",
             "Created-By: Packages"], env=self._environment()).split()
        found = {}
        for name in names:
            text = shell.output(["/usr/lib/apt/apt-helper", "cat-file", name],
                                env=self._environment())
            for block in text.split("\n\n"):
                fields = dict(re.findall(r"^([A-Za-z0-9-]+):[ ]*(.*)$", block,
                                         re.MULTILINE))
                name = fields.get("Package")
                if not name:
                    continue
                if name not in found or newer(fields["Version"],
                                              found[name]["Version"]):
                    found[name] = fields
        if not found:
            raise LookupError(f"the index of {self.suite} is empty")
        return found

    def version(self, package):
        """The newest version of a package, or None."""
        fields = self.stanzas().get(package)
        return fields["Version"] if fields else None

    def depends(self, package):
        """The names that a package depends on, alternatives left out."""
        text = self.stanzas()[package].get("Depends", "")
        return [re.split(r"[ (:|]", part.strip())[0]
                for part in text.split(",") if part.strip()]

    def download(self, package, directory):
        """Put the .deb of a package into a directory; return its path."""
        version = self.version(package)
        if version is None:
            raise LookupError(f"{self.suite} has no package {package}")
        shell.run(["apt-get", "download", f"{package}={version}"],
                  env=self._environment(), cwd=directory)
        (path,) = directory.glob(f"{package}_*.deb")
        return path


def newer(left, right):
    """Whether Debian version 'left' is later than 'right'."""
    return subprocess.call(["dpkg", "--compare-versions", left,
                            "gt", right]) == 0


@functools.lru_cache(maxsize=None)
def index(suite):
    """The index of one suite, read once in each run."""
    return Index(suite)
