# SPDX-License-Identifier: GPL-2.0
"""A kernel that somebody has: a prepared tree, and an image to boot.

The module is built in a copy of this project by the host's compiler, the
modules that the tree holds are installed beside it, and bookworm's root
carries both.
"""

import os
import pathlib
import re
import shutil
import tarfile

from . import answers, build, job, kernel, program, root, shell

# Modules that must be known to be built in, where no modules.builtin tells.
OPTIONS = {"VIRTIO_PCI": "virtio_pci", "VIRTIO_BLK": "virtio_blk",
           "EXT4_FS": "ext4"}


class Foreign:
    """One such kernel; 'work' is a directory for what is built.

    'name' is what people call it (its release, unless given), 'options' go to
    make when the driver is built.
    """

    # pylint: disable-next=too-many-arguments
    def __init__(self, kdir, image, work, *, name="", system=root.BOOKWORM,
                 options=()):
        self.kdir = pathlib.Path(kdir).resolve()
        self.work = pathlib.Path(work)
        if not (self.kdir / "Makefile").exists():
            raise LookupError(f"{kdir} is no kernel tree")
        if not image:
            image = self.kdir / "arch/x86/boot/bzImage"
        self.image = pathlib.Path(image).resolve()
        if not self.image.exists():
            raise LookupError(f"there is no kernel image {self.image}")
        self.release = answers.release(self.kdir)
        self.name = name or self.release
        self.system = system
        self.options = options

    def kernel(self):
        """Build everything; return the Kernel."""
        modules = self._install_modules()
        return kernel.Kernel(self.name, self.release, self.image, modules,
                             self.system)

    def _tree(self):
        return self.work / "tree/usr/lib/modules" / self.release

    def _install_modules(self):
        target = self._tree()
        target.mkdir(parents=True)
        if (self.kdir / "modules.order").exists():
            shell.run(["make", "-C", self.kdir, "modules_install",
                       f"INSTALL_MOD_PATH={self.work / 'tree/usr'}",
                       "INSTALL_MOD_STRIP=1", "DEPMOD=true"])
        elif pathlib.Path("/lib/modules", self.release, "kernel").exists():
            shell.run(["cp", "-a",
                       f"/lib/modules/{self.release}/.", target])
        for name in ("build", "source"):
            (target / name).unlink(missing_ok=True)
        builtin = target / "modules.builtin"
        if not builtin.exists():
            builtin.write_text(self._builtin(), encoding="ascii")
        (target / "modules.order").touch()
        (target / "updates").mkdir(exist_ok=True)
        shutil.copy(self._build_module(), target / "updates" / "mytun.ko")
        shell.run(["depmod", "-b", self.work / "tree/usr", self.release])
        return target

    def _builtin(self):
        path = self.kdir / ".config"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return "".join(
            f"kernel/{name}.ko\n" for option, name in OPTIONS.items()
            if re.search(f"^CONFIG_{option}=y$", text, re.MULTILINE))

    def _build_module(self):
        copy = self.work / "mytun"
        copy.mkdir()
        for name in ("Makefile", "dkms.conf", "src", "compat"):
            shell.run(["cp", "-a", program.PROJECT / name, copy])
        # What an earlier build for another kernel left is not reused.
        for path in (*copy.rglob("*.o"), *copy.rglob("*.ko")):
            path.unlink()
        shutil.rmtree(copy / "src" / ".probes", ignore_errors=True)
        shell.run(["make", "-C", copy, "module", f"KDIR={self.kdir}",
                   f"-j{os.cpu_count()}", *self.options], log=self.log())
        return copy / "src" / "mytun.ko"

    def log(self):
        """The file with what the compiler said about the module."""
        return self.work / "build.log"

    def splat(self):
        """The directory with the module that warns on purpose."""
        copy = self.work / "splat"
        shutil.copytree(build.SPLAT, copy)
        shell.run(["make", "-C", self.kdir, f"M={copy}", "modules"])
        result = self.work / "splat-files"
        result.mkdir()
        shutil.copy(copy / "splat.ko", result)
        return result

    def layer(self):
        """The modules, as a layer over the root."""
        path = self.work / "layer"
        path.mkdir()
        with tarfile.open(path / "layer.tar", "w",
                          format=tarfile.GNU_FORMAT) as tar:
            tar.add(self._tree(), f"usr/lib/modules/{self.release}",
                    filter=job.plain)
        (path / "deleted").touch()
        return path
