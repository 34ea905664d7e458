// SPDX-License-Identifier: GPL-2.0
/* The module: loaded, signed, and which one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mytun.h>

#include "doctor.h"
#include "mytunctl.h"
#include "netlink.h"
#include "program.h"

#define SYSFS	"/sys/module/mytun"

/* modinfo of the module that is installed for the running kernel. */
static bool module_info(const struct patient *p, const char *field, char *value,
			size_t size)
{
	const char *const argv[] = {
		"modinfo", "-k", p->release, "-F", field, "mytun", NULL
	};

	return !program_run(value, size, argv);
}

static const char *how_to_install(void)
{
	if (program_exists("apt-get"))
		return "apt-get install mytun-dkms";
	if (program_exists("dnf"))
		return "dnf install mytun-dkms";
	if (program_exists("zypper"))
		return "zypper install mytun-dkms";
	return "make install (in the source of mytun)";
}

void check_module(struct patient *p)
{
	char state[32];

	p->loaded = file_exists(SYSFS);
	p->installed = module_info(p, "version", p->version,
				   sizeof(p->version));
	if (p->loaded)
		file_line(SYSFS "/version", p->version, sizeof(p->version));
	if (p->loaded && file_line(SYSFS "/initstate", state, sizeof(state)) &&
	    strcmp(state, "live"))
		finding(LEVEL_PROBLEM, "module", "dmesg | grep -i mytun",
			"The module mytun is %s and does not get further.",
			state);
	else if (p->loaded && !p->installed && !p->container)
		finding(LEVEL_WARNING, "module", how_to_install(),
			"The module mytun %s is loaded, but not installed for kernel %s: it is gone after the next boot.",
			p->version, p->release);
	else if (p->loaded)
		finding(LEVEL_OK, "module", "",
			"The module mytun %s is loaded.", p->version);
	else if (p->container)
		finding(LEVEL_PROBLEM, "module", "modprobe mytun (on the host)",
			"The module mytun is not loaded, and a container cannot load it.");
	else if (p->installed)
		finding(LEVEL_PROBLEM, "module", "modprobe mytun",
			"The module mytun %s is installed, but not loaded.",
			p->version);
	else
		finding(LEVEL_PROBLEM, "module", how_to_install(),
			"The module mytun is neither loaded nor installed for kernel %s.",
			p->release);
}

/* Whether the firmware loads what is signed only; -1: it cannot be told. */
static int secure_boot(void)
{
	FILE *f = fopen("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
			"re");
	unsigned char value[5];
	size_t got;

	if (!f)
		return file_exists("/sys/firmware/efi") ? -1 : 0;
	got = fread(value, 1, sizeof(value), f);
	fclose(f);
	/* Four bytes of attributes stand before it. */
	return got == sizeof(value) ? value[4] == 1 : -1;
}

/* What makes the kernel refuse modules that are not signed, or NULL. */
static const char *signature_wanted(void)
{
	char line[128];

	if (file_line("/sys/module/module/parameters/sig_enforce", line,
		      sizeof(line)) && *line == 'Y')
		return "module.sig_enforce is set";
	if (file_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	    (strstr(line, "[integrity]") || strstr(line, "[confidentiality]")))
		return secure_boot() == 1 ?
			"Secure Boot is on" : "the kernel is locked down";
	return NULL;
}

/* DKMS signs with a key of its own, which the firmware must have been given. */
static bool key_is_enrolled(const char *key)
{
	const char *const argv[] = { "mokutil", "--test-key", key, NULL };
	char output[256];

	/* It says so, and its exit status differs from version to version. */
	if (program_run(output, sizeof(output), argv) < 0)
		return true;
	return strstr(output, "already");
}

void check_signature(struct patient *p)
{
	static const char *const keys[] = {
		"/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der",
	};
	const char *why = signature_wanted(), *key = NULL;
	char mend[256], signer[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys) && !key; i++)
		if (file_exists(keys[i]))
			key = keys[i];
	if (!why) {
		finding(LEVEL_OK, "signature", "", secure_boot() == 1 ?
			"Secure Boot is on, but this kernel takes modules that are not signed." :
			"This kernel takes modules that are not signed.");
	} else if (p->loaded) {
		finding(LEVEL_OK, "signature", "",
			"The kernel takes signed modules only (%s), and has taken mytun.",
			why);
	} else if (!p->installed) {
		finding(LEVEL_SKIPPED, "signature", "",
			"The kernel takes signed modules only (%s); there is no module to look at.",
			why);
	} else if (!module_info(p, "signer", signer, sizeof(signer)) ||
		   !*signer) {
		snprintf(mend, sizeof(mend),
			 "mokutil --import %s && dkms install --force mytun/%s -k %s (and enroll the key at the next boot)",
			 key ? key : keys[0], p->version, p->release);
		finding(LEVEL_PROBLEM, "signature", mend,
			"The kernel takes signed modules only (%s), and mytun is not signed.",
			why);
	} else if (key && !key_is_enrolled(key)) {
		snprintf(mend, sizeof(mend),
			 "mokutil --import %s (and enroll the key at the next boot)",
			 key);
		finding(LEVEL_PROBLEM, "signature", mend,
			"The kernel takes signed modules only (%s), and the key that signed mytun is not enrolled.",
			why);
	} else {
		finding(LEVEL_OK, "signature", "",
			"The kernel takes signed modules only (%s), and mytun is signed by %s.",
			why, signer);
	}
}

static void nothing(struct dump *d)
{
	(void)d;
}

static void no_message(struct dump *d, int ifindex)
{
	(void)d;
	(void)ifindex;
}

static void no_attribute(struct dump *d, const struct nlattr *a)
{
	(void)d;
	(void)a;
}

/* Whether the module speaks as this program does. */
static void check_family(void)
{
	struct dump d = {
		.cmd = MYTUN_CMD_GET_DEVICE,
		.begin = nothing,
		.message = no_message,
		.attribute = no_attribute,
		.message_end = nothing,
	};
	int err = netlink_dump(&d);

	if (err)
		finding(LEVEL_PROBLEM, "netlink",
			"modprobe -r mytun && modprobe mytun",
			"The module that is loaded does not answer this program (%s): it is of another version, %s is this one's.",
			strerror(-err), MYTUN_VERSION);
	else
		finding(LEVEL_OK, "netlink", "",
			"The module answers this program.");
}

#define UNLOADING "(It can be unloaded when no device of it is left: see mytunctl list.)"

/* The one that is loaded, and the one that would be loaded. */
void check_versions(struct patient *p)
{
	char loaded[64], installed[64], version[64];

	if (!p->loaded) {
		finding(LEVEL_SKIPPED, "version", "",
			"There is no loaded module to compare with the installed one.");
		return;
	}
	check_family();
	if (!p->installed) {
		finding(LEVEL_SKIPPED, "version", "",
			"There is no installed module to compare with the loaded one.");
		return;
	}
	module_info(p, "version", version, sizeof(version));
	if (!module_info(p, "srcversion", installed, sizeof(installed)) ||
	    !file_line(SYSFS "/srcversion", loaded, sizeof(loaded))) {
		snprintf(installed, sizeof(installed), "%s", version);
		snprintf(loaded, sizeof(loaded), "%s", p->version);
	}
	if (!strcmp(loaded, installed))
		finding(LEVEL_OK, "version", "",
			"The module that is loaded is the one that is installed.");
	else if (strcmp(version, p->version))
		finding(LEVEL_WARNING, "version",
			"modprobe -r mytun && modprobe mytun",
			"Version %s is loaded, and %s is installed. " UNLOADING,
			p->version, version);
	else
		finding(LEVEL_WARNING, "version",
			"modprobe -r mytun && modprobe mytun",
			"The module that is loaded is another build of version %s than the one that is installed. "
			UNLOADING,
			version);
}
