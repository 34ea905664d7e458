# SPDX-License-Identifier: GPL-2.0
"""What happens to a machine that has the package.

Each test takes a system.System that has kernels and headers, and not the
package unless it says so, and raises AssertionError.
"""

import publish
import system

CONFIGURATION = ("/etc/modprobe.d/mytun.conf", "/etc/modules-load.d/mytun.conf")
RULES = "/usr/lib/udev/rules.d/60-mytun.rules"


def built_for(machine):
    """The kernels for which dkms has a module of any version."""
    return {kernel for _, kernel, _ in machine.registered()}


def installed(machine):
    """This version, for each kernel; returns what apt said."""
    said = machine.install("this")
    for release in machine.releases:
        machine.shell("dkms autoinstall -k \"$1\"", release)
    return said


@system.after(installed)
def upgraded(machine):
    """The next version in place of this one; settings were changed before."""
    machine.shell('echo "options mytun flows=65536" >>"$1"', CONFIGURATION[0])
    return built_for(machine), machine.install("next")


@system.after(installed)
def not_built(machine):
    """The next version is there, and could not be built: what make says."""
    kernels = built_for(machine)
    machine.break_make()
    said = system.fails(machine.install, "next")
    machine.mend_make()
    return kernels, said


@system.after(installed)
def fresh_install(machine):
    """The module is built for each kernel that has headers."""
    machine.expect_installed(machine.version, *machine.releases)
    machine.shell('for file; do test -s "$file"; done', *CONFIGURATION, RULES)
    owned = machine.run("dpkg-query", "-W", "-f", "${Conffiles}", "mytun-dkms")
    for path in CONFIGURATION:
        assert path in owned, f"{path} is no configuration file: {owned}"


def headers_come_later(machine):
    """Without headers the installation says so; they trigger the build."""
    release = machine.releases[0]
    for other in machine.releases:
        machine.shell('dpkg --remove $(dpkg-query -W -f "\${Package} " '
                      '"linux-headers-cloud-*" "linux-headers-$1")', other)
    output = machine.install("this")
    assert "headers" in output, f"not a word about headers:\n{output}"
    assert machine.module(release) is None
    machine.dpkg(machine.headers(release), "--force-depends")
    machine.expect_installed(machine.version, release)


def add_kernel(machine):
    """Another kernel's headers; the name of that kernel."""
    release = machine.releases[0].replace("-cloud-amd64", "-amd64")
    # The kernel's own package is large and plays no part.
    machine.dpkg(machine.headers(release), "--force-depends")
    return release


@system.after(installed)
def kernel_upgrade(machine):
    """Another kernel's headers trigger a build; the first one stays."""
    before = built_for(machine)
    release = add_kernel(machine)
    machine.expect_installed(machine.version, release, *before)


@system.after(upgraded)
def upgrade(machine):
    """A later version takes the place of this one; settings are kept."""
    kernels, _ = machine.said
    machine.expect_installed(publish.NEXT_VERSION, *kernels)
    machine.run("grep", "-q", "^options mytun flows=65536", CONFIGURATION[0])


@system.after(upgraded)
def downgrade(machine):
    """An earlier version takes the place of a later one."""
    kernels = built_for(machine)
    machine.install("this", "--allow-downgrades")
    machine.expect_installed(machine.version, *kernels)


@system.after(not_built)
def failed_upgrade(machine):
    """What was there before stays, until the package is configured again."""
    kernels, said = machine.said
    for release in kernels:
        assert f"there is no new module for kernel {release}" in said, said
        assert machine.module_version(release) == machine.version
    machine.run("dpkg", "--configure", "-a")
    machine.expect_installed(publish.NEXT_VERSION, *kernels)
    machine.shell("test ! -e /var/lib/mytun-dkms")


@system.after(not_built)
def removal_after_failed_upgrade(machine):
    """What was put back goes with the package, if DKMS had taken it over too."""
    with machine.other() as bare:
        before = bare.files()
    kernels, _ = machine.said
    release = sorted(kernels)[0]
    machine.run("dkms", "install", "-m", "mytun", "-v", publish.NEXT_VERSION,
                "-k", release, "--force")
    assert machine.module_version(release) == publish.NEXT_VERSION
    machine.apt("purge", "mytun-dkms")
    assert machine.files() - before == set(), \
        f"left behind: {sorted(machine.files() - before)}"


@system.after(installed)
def upgrade_for_all_kernels(machine):
    """Each kernel that had a module has one, though DKMS builds for another."""
    add_kernel(machine)
    kernels = built_for(machine)
    assert len(kernels) > 1, kernels
    # The kernel that runs: since DKMS 3 it builds for that one alone.
    running = machine.run("uname", "-r").strip()
    machine.run("mkdir", f"/lib/modules/{running}")
    # Not apt, which would miss the kernel that goes with the headers.
    machine.dpkg(machine.publisher.deb("next"))
    machine.expect_installed(publish.NEXT_VERSION, *kernels)


@system.after(installed)
def reinstall(machine):
    """Installing the same version again repairs what was damaged."""
    kernels = built_for(machine)
    for release in kernels:
        machine.run("rm", machine.module(release))
    machine.install("this", "--reinstall")
    machine.expect_installed(machine.version, *kernels)


@system.after(installed)
def remove_and_purge(machine):
    """Removal leaves the settings; a purge leaves nothing at all."""
    with machine.other() as bare:
        before = bare.files()
    assert RULES in machine.files() - before
    machine.apt("remove", "mytun-dkms")
    for release in machine.releases:
        assert machine.module(release) is None, "the module is still there"
    machine.shell('for file; do test -e "$file"; done', *CONFIGURATION)
    machine.apt("purge", "mytun-dkms")
    assert machine.files() - before == set(), \
        f"left behind: {sorted(machine.files() - before)}"


def refused(machine, release, sentence):
    """A kernel is refused with a sentence, and apt is content."""
    output = machine.install("this")
    assert sentence in output, f"no sentence in:\n{output}"
    kernels = built_for(machine)
    assert machine.releases[0] in kernels, kernels
    assert release not in kernels, kernels
    assert machine.module(release) is None
    output = machine.run("/etc/kernel/header_postinst.d/dkms", release)
    assert sentence in output, f"no sentence in:\n{output}"
    output = system.fails(machine.run, "dkms", "build", "-m", "mytun", "-v",
                          machine.version, "-k", release)
    assert sentence in output, f"no sentence in:\n{output}"


def too_old_kernel(machine):
    """4.9 is refused."""
    release = "4.9.0-0-amd64"
    machine.fake_kernel(release)
    refused(machine, release,
            f"kernel {release} is too old, mytun needs Linux 4.15 or newer")


def kernel_without_inet(machine):
    """A kernel that lacks a needed option is refused."""
    release = "6.0.0-0-noinet"
    machine.fake_kernel(release, "CONFIG_INET")
    refused(machine, release,
            f"kernel {release} lacks CONFIG_INET, mytun needs it")


TESTS = (fresh_install, headers_come_later, kernel_upgrade, upgrade, downgrade,
         upgrade_for_all_kernels, failed_upgrade, removal_after_failed_upgrade,
         reinstall, remove_and_purge, too_old_kernel, kernel_without_inet)
