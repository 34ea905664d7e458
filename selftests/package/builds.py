# SPDX-License-Identifier: GPL-2.0
"""What holds for the packages themselves, wherever they are installed."""

import hashlib
import os
import shutil

from mytunvm import shell

import publish

TOP = publish.TOP


def digests(directory):
    """The names and contents of a folder's packages."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in directory.iterdir()
            if path.suffix in (".deb", ".rpm", ".dsc", ".xz")}


def reproducible(publisher):
    """Two builds, by others, elsewhere, and at another time, are equal."""
    work = publisher.work / "again"
    shutil.rmtree(work, ignore_errors=True)
    tree = work / "a folder" / "mytun"
    tree.mkdir(parents=True)
    shell.run([TOP / "tools/package/tarball", work / "source.tar.xz"])
    shell.run(["tar", "-C", tree, "--strip-components=1", "-xf",
               work / "source.tar.xz"])
    environment = dict(os.environ, TZ="Pacific/Kiritimati", LC_ALL="C",
                       LANG="tr_TR.UTF-8", HOME="/nonexistent", USER="other",
                       DEB_BUILD_OPTIONS="parallel=1")
    for kind, first in (("deb", publisher.packages.folder("this")),
                        ("rpm", publish.rpm(TOP, publisher.work / "rpm"))):
        shell.run(["sh", "-c", 'umask 077; exec "$@"', "sh",
                   tree / f"tools/package/{kind}", work / kind],
                  env=environment)
        one, other = digests(first), digests(work / kind)
        assert one and one == other, \
            f"not equal: {sorted(set(one.items()) ^ set(other.items()))}"


def lintian(publisher):
    """lintian has nothing to say, pedantic tags included."""
    shell.run(["lintian", "--allow-root", "--suppress-tags", "bad-distribution-in-changes-file",
               "--display-info", "--pedantic", "--fail-on",
               "error,warning,info,pedantic",
               *sorted(publisher.packages.folder("this").glob("*.changes"))])


def rpmlint(publisher):
    """Nor has rpmlint, but for what rpm/rpmlintrc explains."""
    rpms = publish.rpm(TOP, publisher.work / "rpm")
    output = shell.run(["rpmlint", "-r", TOP / "rpm/rpmlintrc",
                        *sorted(rpms.glob("*.rpm"))])
    assert " 0 errors, 0 warnings" in output, output


TESTS = (reproducible, lintian, rpmlint)
