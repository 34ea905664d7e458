# SPDX-License-Identifier: GPL-2.0
"""Packages as they are built and published: two versions of this tree."""

import os
import re
import shutil

import once
from mytunvm import program, shell

TOP = program.PROJECT
HERE = TOP / "selftests" / "package"
OWNER = "mytun-test@mytun.example"

# Versions are called this and next.
NEXT_VERSION = "99.0"
ENTRY = f"""mytun ({NEXT_VERSION}) unstable; urgency=medium

  * The same again.

"""


class Publisher:
    """Packages, and repositories of them with a key of their own.

    Each is made in the folder 'work' when it is first asked for.
    """

    def __init__(self):
        self.work = TOP / "build" / "package"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.version = shell.output([TOP / "tools/package/version"]).strip()
        self.versions = {"this": self.version, "next": NEXT_VERSION}
        self._once = once.Once()
        self._keyring = None

    def source(self):
        """The tarball of this tree."""
        def make():
            path = self.work / "source.tar.xz"
            shell.run([TOP / "tools/package/tarball", path])
            return path

        return self._once.get("source", make)

    def unpack(self, directory):
        """Unpack the source into a directory, made for it; return that."""
        directory.mkdir(parents=True)
        shell.run(["tar", "-C", directory, "--strip-components=1", "-xf",
                   self.source()])
        return directory

    def tree(self, name):
        """The source tree of a version."""
        return TOP if name == "this" else self._once.get("tree", self._later)

    def _later(self):
        """The same tree as a later version, as its maintainer makes one."""
        tree = self.unpack(self.work / "tree")
        path = tree / "dkms.conf"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f'PACKAGE_VERSION="{self.version}"',
                                     f'PACKAGE_VERSION="{NEXT_VERSION}"'),
                        encoding="utf-8")
        path = tree / "debian/changelog"
        text = path.read_text(encoding="utf-8")
        (signature, *_) = re.findall(r"^ -- .*\n", text, re.MULTILINE)
        path.write_text(f"{ENTRY}{signature}\n{text}", encoding="utf-8")
        return tree

    def debs(self, name):
        """The folder with the Debian packages of a version."""
        return self._once.get(("deb", name), lambda: self._build("deb", name))

    def rpms(self, name):
        """The folder with the RPMs of a version."""
        return self._once.get(("rpm", name), lambda: self._build("rpm", name))

    def _build(self, kind, name):
        out = self.work / f"{kind}-{name}"
        shell.run([self.tree(name) / "tools/package" / kind, out])
        return out

    def deb(self, name):
        """The driver's Debian package of a version."""
        (path,) = self.debs(name).glob("mytun-dkms_*.deb")
        return path

    def environment(self):
        """The environment with a keyring that has a key."""
        def make():
            home = self.work / "keyring"
            home.mkdir(mode=0o700)
            self._keyring = dict(os.environ, GNUPGHOME=str(home))
            shell.run(["gpg", "--batch", "--passphrase", "",
                       "--quick-generate-key", OWNER, "rsa3072", "sign",
                       "never"], env=self._keyring)
            return self._keyring

        return self._once.get("keyring", make)

    def repository(self, name):
        """What `make repo` makes of a version, in a folder."""
        def make():
            out = self.work / f"repo-{name}"
            shell.run([TOP / "tools/package/repo", out, OWNER,
                       self.debs(name), self.rpms(name)],
                      env=self.environment())
            return out

        return self._once.get(("repository", name), make)

    def standins(self):
        """A repository of packages that have names and no content."""
        def make():
            out = self.work / "standins"
            shell.run(["rpmbuild", "-bb", "--define", f"_topdir {out}",
                       HERE / "standins.spec"])
            shell.run(["createrepo_c", "--quiet", out / "RPMS"])
            return out / "RPMS"

        return self._once.get("standins", make)

    def close(self):
        """End the agent that gpg has started for the keyring."""
        if self._keyring:
            shell.run(["gpgconf", "--kill", "all"], env=self._keyring)
