# SPDX-License-Identifier: GPL-2.0
"""How QEMU runs the guest's instructions: KVM where it works, else TCG."""

import functools
import os
import pathlib
import subprocess

from . import cache, initramfs, shell

# Without ERMS and FSRM, since TCG runs each round of "rep movsb" by itself;
# without five-level page tables, which only cost time; and without CX16:
# QEMU 7.2 leaves garbage in the flags after cmpxchg16b, and an interrupt at
# that point ends in a double fault (seen in __kmalloc of 6.12).
TCG_CPU = "max,-erms,-fsrm,-la57,-cx16"
TCG = ["-accel", "tcg,thread=multi", "-cpu", TCG_CPU]
KVM = ["-accel", "kvm", "-cpu", "host"]
# One processor whose clock ticks once for each instruction. The allocator of
# the kernel uses CX16, so here, where counts are compared, it stays.
COUNTING = ["-accel", "tcg,thread=single", "-icount",
            "shift=0,sleep=off,align=off", "-cpu", "max,-erms,-fsrm"]
PROBE_SECONDS = 20


@functools.lru_cache(maxsize=None)
def clock():
    """Arguments for a kernel that has nothing to measure its clock by.

    The time stamp counter is the host's, under emulation, too.
    """
    source = initramfs.GUEST / "ticks.c"

    def make(directory):
        shell.run(["gcc", "-O2", "-Wall", "-o", directory / "ticks", source])

    path = cache.entry("ticks", "ticks", [source.read_text(encoding="ascii")],
                       make) / "ticks"
    return f"tsc=reliable tsc_early_khz={shell.output([path]).strip()}"


def choose(kernel):
    """QEMU's arguments: KVM if a guest really boots with it.

    A /dev/kvm that opens proves nothing, so a guest is booted once. The
    answer is remembered until this machine boots again.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(
        encoding="ascii").strip()
    stamp = cache.top() / "kvm" / boot
    with cache.lock("kvm"):
        if not stamp.exists():
            stamp.parent.mkdir(exist_ok=True)
            for old in stamp.parent.iterdir():
                old.unlink()
            works = _boots(kernel)
            shell.say("KVM works and is used" if works else
                      "KVM does not boot a guest here; emulation is used")
            stamp.write_text("yes" if works else "no", encoding="ascii")
        return KVM if stamp.read_text(encoding="ascii") == "yes" else TCG


def _boots(kernel):
    argv = ["qemu-system-x86_64", *KVM, "-m", "512", "-nodefaults",
            "-display", "none", "-no-reboot", "-serial", "stdio",
            "-kernel", str(kernel.image), "-initrd",
            str(initramfs.bare()), "-append",
            "console=ttyS0 panic=-1 mytun.probe"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return b"mytun-init: this machine works" in done.stdout
