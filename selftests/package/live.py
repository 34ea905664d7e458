# SPDX-License-Identifier: GPL-2.0
"""The package is changed in a virtual machine, under a tunnel in use."""

import shutil

import publish
import scenarios
from mytunvm import job, kernel, machine, package, shell, splat

KERNEL = "6.1"
SCRIPT = publish.HERE / "live.sh"
BUILT = "/var/lib/dkms/mytun/built.tar.gz"
# Long enough for a machine that gets what others leave.
SECONDS = 1800


def upgrade_and_removal(systems):
    """The tunnel goes on; the module goes when it is next unloaded."""
    publisher = systems.publisher
    version, later = publisher.version, publish.NEXT_VERSION
    chosen = kernel.find(KERNEL)
    files = publisher.work / "live"
    files.mkdir()
    shutil.copy2(SCRIPT, files)
    shutil.copy2(publisher.deb("next"), files / "next.deb")
    with systems.open(chosen.system, scenarios.upgraded) as built:
        built.run("dkms", "mktarball", "-m", "mytun", "-v", later, "-k",
                  chosen.release, f"--archive={BUILT}")
        shutil.copy2(built.inside(BUILT), files / "built")
    steps = [job.Step("upgrade", f"exec ./live.sh upgrade {version} {later} "
                      "./next.deb ./built", SECONDS),
             job.Step("removal", f"exec ./live.sh remove {later}", SECONDS)]
    work = job.Job(steps, [files], [package.install(
        chosen.system, [publisher.deb("this")]).layer])
    running = machine.boot(chosen, work)
    try:
        for outcome in running.outcomes(lambda _, text: None):
            shell.say(f"{steps[outcome.number].name}: {outcome.seconds:.0f} s")
            judge(steps[outcome.number].name, outcome)
            assert "passed" in outcome.output, outcome.output
    finally:
        running.__exit__()


def judge(name, outcome):
    """A step that failed, or of which the kernel complained, is an error."""
    if outcome.trouble or outcome.status:
        raise AssertionError("\n".join(
            [f"{name}: {outcome.trouble or outcome.status}", *outcome.output,
             *(outcome.log if outcome.trouble else [])]))
    found = splat.around(outcome.log)
    assert not found, "\n".join([f"{name}: the kernel's log", *found])


MACHINES = (upgrade_and_removal,)
