# SPDX-License-Identifier: GPL-2.0
"""Packages as they are published: RPMs, stand-ins, signed repositories."""

import os
import shutil

import system
from mytunvm import shell

TOP = system.TOP
HERE = TOP / "selftests" / "package"
OWNER = "mytun-test@mytun.example"


def rpm(tree, out):
    """Build the RPMs of a tree into a folder."""
    shell.run([tree / "tools/package/rpm", out])
    return out


class Publisher:
    """Repositories, made when they are asked for, with a key of their own."""

    def __init__(self, packages):
        self.packages = packages
        self.work = TOP / "build" / "package"
        self._environment = None

    def environment(self):
        """The environment with a keyring that has a key."""
        if not self._environment:
            home = self.work / "keyring"
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(mode=0o700, parents=True)
            self._environment = dict(os.environ, GNUPGHOME=str(home))
            shell.run(["gpg", "--batch", "--passphrase", "",
                       "--quick-generate-key", OWNER, "rsa3072", "sign",
                       "never"], env=self._environment)
        return self._environment

    def repository(self, name, tree):
        """What `make repo` makes of a tree, in a folder; made once."""
        out = self.work / f"repo-{name}"
        if not out.exists():
            rpm(tree, self.work / f"rpm-{name}")
            shell.run([TOP / "tools/package/repo", f"{out}.new", OWNER,
                       self.packages.folder(name),
                       self.work / f"rpm-{name}"], env=self.environment())
            os.rename(f"{out}.new", out)
        return out

    def standins(self):
        """A repository of packages that have names and no content."""
        out = self.work / "standins"
        if not out.exists():
            shell.run(["rpmbuild", "-bb", "--define",
                       f"_topdir {self.work}/standins.new",
                       HERE / "standins.spec"])
            shell.run(["createrepo_c", "--quiet",
                       self.work / "standins.new" / "RPMS"])
            os.rename(self.work / "standins.new" / "RPMS", out)
        return out

    def close(self):
        """End the agent that gpg has started for the keyring."""
        if self._environment:
            shell.run(["gpgconf", "--kill", "all"], env=self._environment)
            self._environment = None
