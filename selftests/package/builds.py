# SPDX-License-Identifier: GPL-2.0
"""What holds for the packages themselves, wherever they are installed."""

import hashlib
import os
import re
import shutil

import publish
import system
from mytunvm import shell


def digests(directory):
    """The names and contents of a folder's packages."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in directory.iterdir()
            if path.suffix in (".deb", ".rpm", ".dsc", ".xz")}


def reproducible(publisher):
    """Two builds, by others, elsewhere, and in another year, are equal."""
    work = publisher.work / "again"
    tree = publisher.unpack(work / "a folder" / "mytun")
    environment = dict(os.environ, TZ="Pacific/Kiritimati", LC_ALL="C",
                       LANG="tr_TR.UTF-8", HOME="/nonexistent", USER="other",
                       DEB_BUILD_OPTIONS="parallel=1")
    for kind, first in (("deb", publisher.debs("this")),
                        ("rpm", publisher.rpms("this"))):
        shell.run(["sh", "-c", 'umask 077; exec "$@"', "sh", "faketime",
                   "+500 days", tree / f"tools/package/{kind}", work / kind],
                  env=environment)
        one, other = digests(first), digests(work / kind)
        assert one and one == other, \
            f"not equal: {sorted(set(one.items()) ^ set(other.items()))}"


def versions(publisher):
    """The version has one place, and the changelog must agree with it."""
    later = publish.NEXT_VERSION
    for folder in (publisher.debs("next"), publisher.rpms("next")):
        names = [path.name for path in folder.iterdir()]
        assert names and all(re.search(rf"[_-]{later}[-_.]", name)
                             for name in names), names
    tree = publisher.unpack(publisher.work / "disagree" / "mytun")
    shell.run(["make", "--no-print-directory", "-C", tree, "dist"])
    made = tree / "build" / f"mytun-{publisher.version}.tar.xz"
    assert made.read_bytes() == publisher.source().read_bytes(), \
        "the tarball of a tarball's tree is another"
    shutil.copy(publisher.tree("next") / "dkms.conf", tree)
    output = system.fails(shell.run, [tree / "tools/package/deb",
                                      tree / "build"])
    wanted = (f"debian/changelog is about {publisher.version}, and dkms.conf "
              f"about {later}")
    assert wanted in output, output


def lintian(publisher):
    """lintian has nothing to say, pedantic tags included."""
    shell.run(["lintian", "--allow-root", "--display-info", "--pedantic",
               "--fail-on", "error,warning,info,pedantic",
               *sorted(publisher.debs("this").glob("*.changes"))])


def rpmlint(publisher):
    """Nor has rpmlint, but for what rpm/rpmlintrc explains."""
    output = shell.run(["rpmlint", "-r", publish.TOP / "rpm/rpmlintrc",
                        *sorted(publisher.rpms("this").glob("*.rpm"))])
    assert " 0 errors, 0 warnings" in output, output


TESTS = (reproducible, versions, lintian, rpmlint)
