# SPDX-License-Identifier: GPL-2.0
"""A Debian system in which a package is installed, and what to ask of it."""

import json
import re
import shutil
import traceback

import once
from mytunvm import archive, cache, chroot, machine, shell

# Where every installation of any package writes, and what tests put there.
BOOKKEEPING = re.compile(
    r"/(proc|sys|dev|tmp|run|debs|shared)(/|$)"
    r"|/var/(log|cache|lib/(dpkg|apt|systemd))(/|$)"
    r"|/etc/(\.pwd\.lock|ld\.so\.cache)$|/lib/modules/[^/]+/modules\.")

# A compiler's cache, which all systems and all runs share. Debian's headers ask
# for it by that variable: the same words in the same folder are not compiled
# twice.
ENVIRONMENT = {"DEBIAN_KERNEL_USE_CCACHE": "1", "CCACHE_DIR": "/shared",
               "CCACHE_COMPILERCHECK": "content", "CCACHE_DEPEND": "1",
               "CCACHE_TEMPDIR": "/tmp", "CCACHE_MAXSIZE": "200M"}


def after(state):
    """A test, or a state, of a system that another state was made of first.

    A state is a function of a System that leaves it so, and returns what
    others may want to know of that. It is made once for each suite.
    """
    def mark(function):
        function.base = state
        return function

    return mark


def tools(*names):
    """A state that has these packages, kept in the cache for later runs."""
    def state(machine):
        machine.apt("update")
        machine.apt("install", *names)
        machine.shell("apt-get clean; rm -rf /var/lib/apt/lists/*_*")

    state.__name__ = "-".join(names)
    state.cached = names
    return state


# What every system has beside its root.
PLAIN = tools("ccache")
PLAIN.base = None


class Systems:
    """Opens systems, each a throw-away copy of a root or of a state."""

    def __init__(self, publisher):
        self.publisher = publisher
        self.compiled = cache.top() / "compiled"
        self.compiled.mkdir(exist_ok=True)
        self._once = once.Once()
        self._kept = []

    def open(self, suite, state=None):
        """A system, in a state if one is named."""
        return System(suite, self, *self._state(suite, state or PLAIN))

    def _state(self, suite, state):
        """What stands for a state, and what it returned."""
        if state is None:
            return (), None
        cached = getattr(state, "cached", None)
        return self._once.get(
            (suite.suite, state.__name__),
            lambda: (self._cached if cached else self._made)(suite, state))

    def _made(self, suite, state, place=None):
        if place is None:
            self._kept.append(cache.scratch("kept"))
            place = self._kept[-1] / "root"
        base, known = self._state(suite, getattr(state, "base", PLAIN))
        with System(suite, self, base, known) as machine:
            said = state(machine)
            return machine.keep(place), said

    def _cached(self, suite, state):
        root = suite.path()

        def make(directory):
            shell.say(f"installing {' '.join(state.cached)} on {suite.suite}")
            self._made(suite, state, directory / "root")

        entry = cache.entry("tools", f"{suite.suite}-{state.__name__}",
                            [root.name, state.cached, 1], make)
        base, _ = self._state(suite, getattr(state, "base", PLAIN))
        return (entry / "root", *base), None

    def close(self):
        """Remove the states that are not in the cache."""
        for path in self._kept:
            shutil.rmtree(path, ignore_errors=True)


class System(chroot.Chroot):
    """A copy of a root. Its commands see the packages in /debs.

    'said' is what its state returned.
    """

    def __init__(self, suite, systems, kept, said):
        path = suite.path()
        super().__init__(path / "root", kept, ENVIRONMENT, systems.compiled)
        self.suite = suite
        self.systems = systems
        self.publisher = systems.publisher
        self.version = self.publisher.version
        self.said = said
        self.releases = sorted(json.loads(
            (path / "kernels.json").read_text(encoding="ascii")).values())

    def other(self, state=None):
        """Another system of the same suite."""
        return self.systems.open(self.suite, state)

    def apt(self, *words):
        """Run apt-get without asking anything; return its output.

        If a build fails, what the compiler said is part of the error.
        """
        return self.shell("""
            if ! apt-get -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
            then
                cat /var/lib/dkms/mytun/*/build/make.log 2>/dev/null || true
                exit 1
            fi
        """, *words)

    def install(self, version, *options):
        """Install this or the next version with apt; return apt's output."""
        deb = self.publisher.deb(version)
        self.add(deb, f"/debs/{deb.name}")
        return self.apt("install", *options, f"/debs/{deb.name}")

    def dpkg(self, deb, *options):
        """Install a package with dpkg alone."""
        self.add(deb, f"/debs/{deb.name}")
        self.run("dpkg", "--install", *options, f"/debs/{deb.name}")

    def shell(self, script, *arguments):
        """Run a shell script inside; return its output."""
        return self.run("sh", "-ec", script, "sh", *arguments)

    def break_make(self):
        """Nothing can be compiled, which is not the package's business."""
        self.shell("""
            mv /usr/bin/make /usr/bin/make.real
            printf '#!/bin/sh\\necho broken >&2; exit 1\\n' >/usr/bin/make
            chmod 755 /usr/bin/make
        """)

    def mend_make(self):
        """Take that back."""
        self.shell("mv /usr/bin/make.real /usr/bin/make")

    def module(self, release):
        """The path of mytun's module for a kernel, or None."""
        found = self.shell('find "/lib/modules/$1/" -name "mytun.ko*"',
                           release).split()
        assert len(found) <= 1, f"several modules: {found}"
        return found[0] if found else None

    def module_version(self, release):
        """The version of mytun's module for a kernel, or None."""
        path = self.module(release)
        return path and self.run("modinfo", "-F", "version", path).strip()

    def registered(self):
        """What dkms knows: a set of (version, kernel or "", state)."""
        found = set()
        for line in self.run("dkms", "status", "-m", "mytun").splitlines():
            words = re.match(r"mytun[/,] ?([^,:]+)(?:, ([^,:]+), [^,:]+)?"
                             r": (\w+)", line)
            if words:
                found.add((words.group(1), words.group(2) or "",
                           words.group(3)))
        return found

    def expect_installed(self, version, *releases):
        """One version is there, built for exactly these kernels."""
        wanted = {(version, release, "installed") for release in releases}
        assert self.registered() == wanted, \
            f"dkms has {self.registered()}, expected {wanted}"
        for release in releases:
            assert self.module_version(release) == version, \
                f"{release} has version {self.module_version(release)}"
        sources = self.shell("ls -d /usr/src/mytun-*").split()
        assert sources == [f"/usr/src/mytun-{version}"], sources

    def files(self):
        """All files, but for what any package leaves in passing."""
        names = self.shell("find / -xdev -print").splitlines()
        return {name for name in names if not BOOKKEEPING.search(name)}

    def headers(self, release):
        """The .deb of a kernel's headers, from the archive or the cache."""
        suite = next((suite for name, suite in self.suite.kernels
                      if suite != self.suite.suite and "bpo" in release),
                     self.suite.suite)
        name = f"linux-headers-{release}"
        index = archive.index(suite)
        if index.version(name) is None:
            raise LookupError(f"{suite} has no {name}")

        def make(directory):
            index.download(name, directory)

        path = cache.entry("headers", release, [name, index.version(name)],
                           make)
        return next(path.glob("*.deb"))

    def fake_kernel(self, release, without=None):
        """Headers of a kernel that is too old, or lacks an option."""
        self.shell("""
            real=$(readlink -f "/lib/modules/$2/build")
            mkdir -p "/lib/modules/$1" "/usr/src/fake-$1"
            cp -a "$real/." "/usr/src/fake-$1"
            if [ -n "$3" ]; then
                sed -i "s/^$3=y/# $3 is not set/" "/usr/src/fake-$1/.config"
            fi
            ln -s "/usr/src/fake-$1" "/lib/modules/$1/build"
        """, release, self.releases[0], without or "")


def fails(function, *words):
    """The output of something that must fail; an error if it does not."""
    try:
        function(*words)
    except shell.CommandError as error:
        return error.output
    raise AssertionError(f"{' '.join(map(str, words))} did not fail")


def describe(error):
    """What went wrong, as lines; of a command's output, the end."""
    if isinstance(error, shell.CommandError):
        words = [word for word in error.argv if "\n" not in word]
        yield f"{' '.join(words)}: exit status {error.status}"
        yield from error.output.splitlines()[-40:]
    elif not isinstance(error, (AssertionError, LookupError,
                                machine.MachineError)):
        yield from "".join(traceback.format_exception(error)).splitlines()
    else:
        yield from str(error).splitlines()
