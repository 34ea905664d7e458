# SPDX-License-Identifier: GPL-2.0
"""A test machine: QEMU with a kernel, a root and a job."""

import base64
import dataclasses
import io
import pathlib
import queue
import shutil
import socket
import subprocess
import tarfile
import threading
import time

from . import accelerator, cache, image, initramfs, shell

# From the start of QEMU to the first line of our own, on a busy host.
BOOT_SECONDS = 150
# Beyond a step's own limit, for what follows its end.
GRACE_SECONDS = 60
RESULTS_SIZE = 1 << 30
# From the NMI to the end of the panic that it causes.
PANIC_SECONDS = 10
CONSOLE_LINES = 60
# What a machine needs at least whose root is in its memory.
IN_MEMORY_MIB = 3072

# oops=panic and panic=-1 end a broken machine at once. The limits after
# which the kernel complains of a stall are longer than on real hardware,
# since an emulated processor may wait for the host's.
ARGUMENTS = ("console=ttyS0 oops=panic panic=-1 loglevel=5 log_buf_len=8M "
             "no_timer_check rcupdate.rcu_cpu_stall_timeout=90 "
             "watchdog_thresh=45 unknown_nmi_panic printk.devkmsg=on systemd.log_level=err")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The hardware, and what is appended to the kernel's arguments.

    'small' is a kernel without ACPI, whose clock would lose ticks on a busy
    host if it were not told how fast the processor's goes.
    """

    cpus: int = 2
    memory: int = 1024
    icount: bool = False
    append: str = ""
    small: bool = False
    boot_seconds: int = BOOT_SECONDS


@dataclasses.dataclass
class Outcome:
    """What became of one step.

    'status' is the exit status, or None if the machine ended first; then
    'trouble' tells how. 'log' is what the kernel logged meanwhile, or the
    console's last lines where the machine ended. 'taint' is the kernel's.
    """

    number: int
    status: int = None
    trouble: str = ""
    output: list = dataclasses.field(default_factory=list)
    log: list = dataclasses.field(default_factory=list)
    taint: int = 0
    seconds: float = 0.0


class BootHung(Exception):
    """The machine said nothing of its own in time."""


class MachineError(Exception):
    """The machine ended before its first step, or could not be started."""


class Machine:
    """One boot. Use as a context manager, so that QEMU is always ended."""

    def __init__(self, kernel, job, settings=Settings()):
        self.kernel = kernel
        self.job = job
        self.settings = settings
        self.in_memory = False
        self.emulated = True
        self._work = None
        self._process = None
        self._lines = queue.Queue()

    def __enter__(self):
        self._work = cache.scratch("machines")
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._work, ignore_errors=True)

    @property
    def console_path(self):
        """The file that holds the first serial port's output."""
        return self._work / "console"

    def _start(self):
        work, settings = self._work, self.settings
        argv = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
                "-nodefaults", "-display", "none", "-no-reboot",
                "-kernel", str(self.kernel.image),
                "-serial", f"file:{self.console_path}", "-serial", "stdio",
                "-monitor", f"unix:{work / 'monitor'},server=on,wait=off"]
        append = ARGUMENTS
        if settings.icount:
            argv += accelerator.COUNTING + ["-smp", "1"]
            append += " nosmp tsc=reliable"
        else:
            chosen = self._accelerator()
            self.emulated = chosen is accelerator.TCG
            argv += chosen + ["-smp", str(settings.cpus)]
            if settings.small:
                append += f" {accelerator.clock()}"
        try:
            small = self._small()
        except LookupError as reason:
            shell.say(f"the root goes into memory: {reason}")
            self.in_memory = True
        memory = settings.memory
        if self.in_memory:
            memory = max(memory, IN_MEMORY_MIB)
            append += " mytun.root=initramfs"
            argv += ["-initrd", str(self._whole())]
        else:
            self.job.write(work / "job.tar", "/dev/vdc")
            with open(work / "results", "wb") as file:
                file.truncate(RESULTS_SIZE)
            argv += ["-initrd", str(small)]
            argv += _disk(image.of(self.kernel.system), "snapshot")
            argv += _disk(work / "job.tar", "readonly")
            argv += _disk(work / "results", "")
        argv += ["-m", str(memory)]
        argv += ["-append", f"{append} {settings.append}".strip()]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(work / "qemu", "wb"))
        threading.Thread(target=self._read, daemon=True).start()

    def _accelerator(self):
        return accelerator.choose(self.kernel)

    def _small(self):
        return initramfs.small(self.kernel)

    def _whole(self):
        self.job.write(self._work / "job.tar", "")
        over = self._work / "job"
        over.mkdir()
        shell.run(["tar", "-x", "-p", "-f", self._work / "job.tar",
                   "-C", over])
        path = self._work / "initramfs"
        initramfs.whole(self.kernel.system.path() / "root", over, path)
        return path

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _next(self, deadline):
        """The next line as (verb, words), or ("text", line).

        ("ended", None) if QEMU has ended, ("late", None) at the deadline.
        """
        try:
            line = self._lines.get(
                timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            return "late", None
        if line is None:
            self._lines.put(None)
            return "ended", None
        text = line.decode(errors="replace").rstrip("\n")
        if text.startswith(f"@{self.job.token} "):
            verb, *words = text.split()[1:]
            return verb, words
        return "text", text

    def wait_up(self):
        """Wait until the machine is ready for its first step.

        Raises BootHung, or MachineError with the console's end.
        """
        deadline = time.monotonic() + self.settings.boot_seconds
        while True:
            verb, _ = self._next(deadline)
            if verb == "up":
                return
            if verb == "late":
                raise BootHung()
            if verb == "ended":
                raise MachineError("the machine ended while it booted:\n"
                                   + "\n".join(self.console_tail()))

    def outcomes(self, on_line):
        """Yield the Outcome of each step as it ends.

        on_line(number, text) is called for each line that a step prints.
        After an outcome with 'trouble' there are no more.
        """
        for number, step in enumerate(self.job.steps):
            yield (outcome := self._outcome(number, step, on_line))
            if outcome.trouble:
                return

    def _outcome(self, number, step, on_line):
        outcome = Outcome(number)
        begin = time.monotonic()
        deadline = begin + step.seconds + GRACE_SECONDS
        in_log = False
        held = 0
        while True:
            verb, words = self._next(deadline)
            if verb == "text":
                if in_log:
                    outcome.log.append(words)
                elif not words:
                    # Our own marks begin with an empty line.
                    held += 1
                else:
                    for text in [""] * held + [words]:
                        outcome.output.append(text)
                        on_line(number, text)
                    held = 0
                continue
            if held:
                for text in [""] * (held - 1):
                    outcome.output.append(text)
                    on_line(number, text)
                held = 0
            if verb == "klog":
                in_log = True
            elif verb == "end":
                try:
                    _, outcome.status, outcome.taint = map(int, words)
                except ValueError:
                    # Cut short, or another line is in its midst.
                    outcome.trouble = f"no whole line at its end: {words}"
                    outcome.log = self.console_tail()
                break
            elif verb in ("late", "ended"):
                outcome.trouble = ("the machine hung" if verb == "late" else
                                   "the machine crashed")
                if verb == "late":
                    self._interrupt()
                outcome.log = self.console_tail()
                break
        outcome.seconds = time.monotonic() - begin
        return outcome

    def _interrupt(self):
        """Have a machine that hangs tell where: an NMI makes it panic."""
        try:
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(str(self._work / "monitor"))
                monitor.sendall(b"nmi\n")
                self._process.wait(PANIC_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            pass

    def console_tail(self):
        """The console's last lines."""
        text = self.console()
        return text.splitlines()[-CONSOLE_LINES:]

    def console(self):
        """All that the machine printed on its console."""
        try:
            return self.console_path.read_bytes().decode(
                errors="replace").replace("\r", "")
        except FileNotFoundError:
            return (self._work / "qemu").read_text(errors="replace")

    def results(self, directory):
        """Unpack what the steps left in $MYTUN_OUT, after the last step."""
        deadline = time.monotonic() + GRACE_SECONDS
        encoded = []
        while True:
            verb, words = self._next(deadline)
            if verb == "text":
                encoded.append(words)
            elif verb == "done":
                break
            elif verb in ("late", "ended"):
                raise MachineError("the machine ended before its results "
                                   "were written")
        self._process.wait(GRACE_SECONDS)
        if directory is None:
            return
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        if self.in_memory:
            source = io.BytesIO(base64.b64decode("".join(encoded)))
        else:
            source = open(self._work / "results", "rb")
        with source, tarfile.open(fileobj=source, mode="r|") as tar:
            tar.extractall(directory)


def _disk(path, kind):
    options = f"file={path},if=virtio,format=raw"
    if kind == "readonly":
        options += ",readonly=on"
    elif kind:
        options += ",snapshot=on"
    return ["-drive", options]


def boot(kernel, job, settings=Settings()):
    """Start a machine and wait until it is up; one hang is forgiven.

    Only a boot that hung in silence is tried again, never a step. The
    caller must leave the machine's context.
    """
    for last in (False, True):
        machine = Machine(kernel, job, settings)
        machine.__enter__()
        try:
            machine.wait_up()
            return machine
        except BootHung:
            tail = machine.console_tail()
            machine.__exit__()
            if last:
                raise MachineError(
                    f"{kernel.name} hung twice while it booted:\n"
                    + "\n".join(tail)) from None
            shell.say(f"{kernel.name} hung while it booted; once more")
        except BaseException:
            machine.__exit__()
            raise
    raise AssertionError("not reached")
