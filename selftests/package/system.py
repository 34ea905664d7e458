# SPDX-License-Identifier: GPL-2.0
"""A Debian system in which a package is installed, and what to ask of it."""

import json
import pathlib
import re
import shutil

from mytunvm import archive, cache, chroot, shell

TOP = pathlib.Path(__file__).resolve().parents[2]
NEXT_VERSION = "99.0"

# Where every installation of any package writes, and what tests put there.
BOOKKEEPING = re.compile(
    r"/(proc|sys|dev|tmp|run|debs)(/|$)|/var/(log|cache|lib/(dpkg|apt|systemd))"
    r"(/|$)|/etc/(\.pwd\.lock|ld\.so\.cache)$|/lib/modules/[^/]+/modules\.")


class Packages:
    """The package of this tree, and the same as a later version."""

    def __init__(self):
        work = TOP / "build" / "package"
        shutil.rmtree(work, ignore_errors=True)
        self.work = work
        self.version = shell.output([TOP / "tools/package/version"]).strip()
        self.this = self._build(TOP, work / "this")
        later = self.later = work / "tree"
        tarball = work / "source.tar.xz"
        later.mkdir(parents=True)
        shell.run([TOP / "tools/package/tarball", tarball])
        shell.run(["tar", "-C", later, "--strip-components=1", "-xf", tarball])
        for name, old, new in (
                ("dkms.conf", f'PACKAGE_VERSION="{self.version}"',
                 f'PACKAGE_VERSION="{NEXT_VERSION}"'),
                ("debian/changelog", f"({self.version})",
                 f"({NEXT_VERSION})")):
            path = later / name
            text = path.read_text(encoding="utf-8")
            if old not in text:
                raise LookupError(f"{name} does not say {old}")
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.next = self._build(later, work / "next")

    def folder(self, name):
        """Where the packages of a version are: "this" or "next"."""
        return self.work / name

    @staticmethod
    def _build(tree, out):
        shell.run([tree / "tools/package/deb", out])
        (path,) = out.glob("mytun-dkms_*.deb")
        return path


class System(chroot.Chroot):
    """A copy of a root. Its commands see the packages in /debs."""

    def __init__(self, suite, publisher):
        path = suite.path()
        super().__init__(path / "root")
        self.suite = suite
        self.publisher = publisher
        self.packages = publisher.packages
        self.releases = sorted(json.loads(
            (path / "kernels.json").read_text(encoding="ascii")).values())

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

    def install(self, deb, *options):
        """Install a .deb file with apt; return apt's output."""
        self.add(deb, f"/debs/{deb.name}")
        return self.apt("install", *options, f"/debs/{deb.name}")

    def shell(self, script, *arguments):
        """Run a shell script inside; return its output."""
        return self.run("sh", "-ec", script, "sh", *arguments)

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
        # What enters the copy of the root stands before the command.
        words = list(error.argv)
        if chroot.ENTER in words:
            words = words[words.index(chroot.ENTER) + 5:]
        yield f"{' '.join(words)}: exit status {error.status}"
        yield from error.output.splitlines()[-40:]
    else:
        yield from str(error).splitlines()
