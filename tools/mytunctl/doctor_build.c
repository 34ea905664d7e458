// SPDX-License-Identifier: GPL-2.0
/* What builds the module: headers, DKMS, and for which kernels it has. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "program.h"

#define NO_VERSION	"VERSION"

static bool has_headers(const char *release)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", release);
	return file_exists(path);
}

/* Of a kernel, by the package's name that the distribution gives it. */
static void how_to_get_headers(const char *release, char *mend, size_t size)
{
	if (program_exists("apt-get"))
		snprintf(mend, size, "apt-get install linux-headers-%s",
			 release);
	else if (program_exists("dnf"))
		snprintf(mend, size, "dnf install kernel-devel-%s", release);
	else if (program_exists("zypper"))
		snprintf(mend, size, "zypper install kernel-default-devel=%s",
			 release);
	else
		snprintf(mend, size, "install the headers of kernel %s",
			 release);
}

void check_headers(struct patient *p)
{
	char mend[256];

	if (p->container) {
		finding(LEVEL_SKIPPED, "headers", "",
			"Modules are built on the host, not in a container.");
		return;
	}
	if (has_headers(p->release)) {
		finding(LEVEL_OK, "headers", "",
			"The headers of kernel %s are installed.", p->release);
		return;
	}
	how_to_get_headers(p->release, mend, sizeof(mend));
	if (p->installed)
		finding(LEVEL_WARNING, "headers", mend,
			"The headers of kernel %s are not installed: an upgrade of mytun cannot be built for it.",
			p->release);
	else
		finding(LEVEL_PROBLEM, "headers", mend,
			"The headers of kernel %s are not installed: mytun cannot be built for it.",
			p->release);
}

/* Of a line: "mytun/0.1.0, 6.1.0-1-amd64, x86_64: installed", or, before
 * DKMS 3, "mytun, 0.1.0, ...".
 */
static void read_version(const char *line, char *version, size_t size)
{
	line += strcspn(line, "/,");
	line += strspn(line, "/, ");
	snprintf(version, size, "%.*s", (int)strcspn(line, ",:\n "), line);
}

/* The line of a kernel in what dkms prints, or NULL. */
static const char *line_of(char *output, const char *release)
{
	char wanted[80], *line, *rest = output;

	snprintf(wanted, sizeof(wanted), ", %s, ", release);
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, "mytun", 5) && strstr(line, wanted))
			return line;
	return NULL;
}

/* Whether a package has left the source where DKMS looks for it. */
static bool source_version(char *version, size_t size)
{
	DIR *dir = opendir("/usr/src");
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "mytun-", 6))
			continue;
		snprintf(version, size, "%s", entry->d_name + 6);
		found = true;
	}
	closedir(dir);
	return found;
}

static void judge(const struct patient *p, const char *line, const char *version)
{
	char mend[256], log[256];
	const char *state = line ? strstr(line, ": ") : NULL;

	snprintf(mend, sizeof(mend), "dkms install mytun/%s -k %s", version,
		 p->release);
	snprintf(log, sizeof(log), "/var/lib/dkms/mytun/%.60s/build/make.log",
		 version);
	if (state && strstr(state, "installed") && strstr(state, "WARNING")) {
		snprintf(mend, sizeof(mend),
			 "dkms install --force mytun/%s -k %s", version,
			 p->release);
		finding(LEVEL_WARNING, "dkms", mend,
			"The module that is installed is not the one that DKMS has built.");
	} else if (state && strstr(state, "installed")) {
		finding(LEVEL_OK, "dkms", "",
			"DKMS has installed mytun %s for kernel %s.", version,
			p->release);
	} else if (state && strstr(state, "built")) {
		finding(LEVEL_PROBLEM, "dkms", mend,
			"DKMS has built mytun %s for kernel %s, but not installed it.",
			version, p->release);
	} else if (file_exists(log)) {
		finding(LEVEL_PROBLEM, "dkms", mend,
			"DKMS has no mytun %s for kernel %s; %s says how a build ended.",
			version, p->release, log);
	} else {
		finding(LEVEL_PROBLEM, "dkms", mend,
			"DKMS has not built mytun %s for kernel %s.", version,
			p->release);
	}
}

static const char *how_to_get_dkms(void)
{
	if (program_exists("apt-get"))
		return "apt-get install dkms";
	if (program_exists("dnf"))
		return "dnf install dkms";
	if (program_exists("zypper"))
		return "zypper install dkms";
	return "install DKMS";
}

void check_dkms(struct patient *p)
{
	static const char *const argv[] = {
		"dkms", "status", "-m", "mytun", NULL
	};
	char output[8192], version[64] = NO_VERSION, mend[256];
	const char *line;

	if (p->container) {
		finding(LEVEL_SKIPPED, "dkms", "",
			"Modules are built on the host, not in a container.");
		return;
	}
	if (program_run(output, sizeof(output), argv) < 0) {
		if (source_version(version, sizeof(version)))
			finding(LEVEL_PROBLEM, "dkms", how_to_get_dkms(),
				"The source of mytun %s is in /usr/src, but DKMS, which builds it, is not installed.",
				version);
		else
			finding(LEVEL_SKIPPED, "dkms", "",
				"DKMS is not installed.");
		return;
	}
	if (strncmp(output, "mytun", 5)) {
		if (source_version(version, sizeof(version))) {
			snprintf(mend, sizeof(mend),
				 "dkms install mytun/%s -k %s", version,
				 p->release);
			finding(LEVEL_PROBLEM, "dkms", mend,
				"The source of mytun %s is in /usr/src, but DKMS does not know it.",
				version);
		} else {
			finding(LEVEL_SKIPPED, "dkms", "",
				"DKMS does not build mytun here.");
		}
		return;
	}
	read_version(output, version, sizeof(version));
	line = line_of(output, p->release);
	if (line)
		read_version(line, version, sizeof(version));
	judge(p, line, version);
}

/* One that is there to be booted, and not just a folder that was left. */
static bool can_boot(const char *release)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/boot/vmlinuz-%s", release);
	if (file_exists(path))
		return true;
	snprintf(path, sizeof(path), "/lib/modules/%s/vmlinuz", release);
	return file_exists(path);
}

static void check_other(const char *release)
{
	const char *const argv[] = {
		"modinfo", "-k", release, "-F", "version", "mytun", NULL
	};
	char version[64], mend[256];

	if (!program_run(version, sizeof(version), argv)) {
		finding(LEVEL_OK, "kernels", "",
			"Kernel %s, which is installed as well, has mytun %s.",
			release, version);
		return;
	}
	if (has_headers(release))
		snprintf(mend, sizeof(mend), "dkms autoinstall -k %s", release);
	else
		how_to_get_headers(release, mend, sizeof(mend));
	finding(LEVEL_WARNING, "kernels", mend,
		"Kernel %s, which is installed as well, has no mytun%s.",
		release, has_headers(release) ? "" : ", and no headers");
}

/* The next boot may be into another kernel. */
void check_kernels(struct patient *p)
{
	DIR *dir = p->container ? NULL : opendir("/lib/modules");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.' && can_boot(entry->d_name) &&
		    strcmp(entry->d_name, p->release))
			check_other(entry->d_name);
	closedir(dir);
}
