# SPDX-License-Identifier: GPL-2.0
"""The test programs of one kernel, run in its machine and judged.

Each program is a step of its own. After it, the kernel's log is searched
and the module is taken out. If the machine hangs or crashes, the step that
ran has failed, and the rest runs in a machine booted anew. Only a crash
that is the emulator's is forgiven, and the step runs again.
"""

import dataclasses
import pathlib

from . import job, ktap, machine, program, shell, splat

SPLAT_STEP = "splat"
# For one kernel; more than that must have another cause.
FORGIVEN = 2


def _unloads(step):
    """Whether a step is one that takes the module out."""
    return step.name.startswith("unload ")


@dataclasses.dataclass
class Suite:
    """What runs on one kernel.

    'files' and 'layers' are a Job's; 'logs' is the directory where each
    program's output and kernel log are kept. 'finals' are steps that look
    back at what was run, each with what judges its Outcome: a function that
    returns what is wrong, or "".
    """

    kernel: object
    programs: list
    environment: dict
    files: list
    layers: list
    logs: pathlib.Path
    report: ktap.Report
    settings: machine.Settings = machine.Settings()
    finals: tuple = ()
    _forgiven: int = 0

    def run(self):
        """Run everything; boot again after a hang or a crash."""
        self.logs.mkdir(parents=True, exist_ok=True)
        steps = []
        for one in self.programs:
            steps.append((one, program.step(one, self.environment,
                                            self.kernel.name)))
            steps.append((one, program.unload_step(one)))
        steps += [(None, step) for step, _ in self.finals]
        # Last: a machine that has warned is of no use to other tests.
        steps.append((None, job.Step(SPLAT_STEP, "insmod ./splat.ko", 60)))
        while steps:
            done = self._boot_once(steps)
            steps = steps[done:]
            # A program that ended its machine has no module to take out.
            if steps and _unloads(steps[0][1]):
                steps = steps[1:]

    def _boot_once(self, steps):
        """Run steps in one machine; return how many were begun."""
        name = self.kernel.name
        work = job.Job([step for _, step in steps], self.files, self.layers)
        readers = {}
        shell.say(f"{name}: booting for {len(steps)} steps")
        try:
            running = machine.boot(self.kernel, work, self.settings)
        except (machine.MachineError, LookupError) as error:
            self.report.add(f"{name} boot", ktap.FAILED, "it does not boot",
                            str(error).splitlines())
            return len(steps)
        shell.say(f"{name}: up")
        try:
            taint = 0
            begun = 0
            for outcome in running.outcomes(
                    lambda number, text: self._line(steps, readers, number,
                                                    text)):
                one, step = steps[outcome.number]
                if self._forgive(step, outcome, running):
                    begun = outcome.number
                    break
                begun = outcome.number + 1
                self._judge(one, step, outcome, readers.get(outcome.number),
                            taint)
                taint = outcome.taint
                # What one program left behind must not fail the next.
                if _unloads(step) and outcome.status:
                    break
            console = self.logs / "console.log"
            with open(console, "a", encoding="utf-8") as file:
                file.write(running.console())
        finally:
            running.__exit__()
        return begun

    def _forgive(self, step, outcome, running):
        """Whether a step has to run again, for the emulator's sake."""
        if not (outcome.trouble and running.emulated
                and splat.is_emulators(running.console())
                and self._forgiven < FORGIVEN):
            return False
        self._forgiven += 1
        shell.say(f"{self.kernel.name}: {step.name}: the emulator ran code "
                  "that was being changed; once more")
        return True

    def _title(self, one):
        return f"{self.kernel.name} {one.topic} {one.name}"

    def _line(self, steps, readers, number, text):
        """A line that a step prints: its results are reported at once."""
        one, step = steps[number]
        if one is None or _unloads(step):
            return
        if number not in readers:
            readers[number] = ktap.Reader()
        case = readers[number].feed(text)
        if case:
            self._add(one, case)

    def _add(self, one, case):
        self.report.add(f"{self._title(one)}: {case.name}", case.verdict,
                        case.reason, case.notes)

    def _judge(self, one, step, outcome, reader, taint):
        """Report what follows from how a step ended."""
        shell.say(f"{self.kernel.name}: {step.name}: "
                  f"{outcome.trouble or f'exit status {outcome.status}'}, "
                  f"{outcome.seconds:.0f} s")
        if one is None and step.name == SPLAT_STEP:
            self._judge_splat(outcome)
            return
        if one is None:
            self._judge_final(step, outcome)
            return
        unload = _unloads(step)
        self._keep(one, outcome, unload)
        found = splat.find(outcome.log)
        if unload:
            problem = ""
            if outcome.trouble:
                problem = outcome.trouble
            elif found:
                problem = f"kernel log: {found[0]}"
            elif outcome.status:
                problem = "the module is in use, or devices are left"
            self.report.check(f"{self._title(one)}: module unloads", problem,
                              outcome.output + (splat.around(outcome.log)
                                                if found else outcome.log
                                                if outcome.trouble else []))
            return
        reader = reader or ktap.Reader()
        if outcome.trouble:
            self.report.add(f"{self._title(one)}: machine survives",
                            ktap.FAILED, outcome.trouble, outcome.log)
            return
        for case in reader.finish(outcome.status):
            self._add(one, case)
        problem = ""
        if found:
            problem = found[0]
        elif outcome.taint & ~taint & splat.TAINT:
            problem = f"the kernel is tainted ({outcome.taint})"
        self.report.check(f"{self._title(one)}: kernel log", problem,
                          splat.around(outcome.log))

    def _judge_final(self, step, outcome):
        """A look back: its own judge, and the kernel's log."""
        found = splat.find(outcome.log)
        problem = f"kernel log: {found[0]}" if found else \
            dict(self.finals)[step](outcome)
        self.report.check(f"{self.kernel.name} {step.name}", problem,
                          outcome.output[:100] + outcome.log)

    def _judge_splat(self, outcome):
        """The warning on purpose must be found, as a warning."""
        found = splat.find(outcome.log)
        problem = ""
        if outcome.trouble or outcome.status:
            problem = outcome.trouble or "splat.ko does not load"
        elif not any("WARNING: " in line for line in found):
            problem = "the search does not find a warning"
        elif not outcome.taint & splat.TAINT:
            problem = "the kernel's taint does not tell of a warning"
        self.report.check(f"{self.kernel.name} splat is found", problem,
                          outcome.output + outcome.log)

    def _keep(self, one, outcome, unload):
        stem = f"{one.topic}-{pathlib.Path(one.name).name}"
        stem += ".unload" if unload else ""
        (self.logs / f"{stem}.log").write_text(
            "\n".join(outcome.output) + "\n", encoding="utf-8")
        (self.logs / f"{stem}.kernel.log").write_text(
            "\n".join(outcome.log) + "\n", encoding="utf-8")
