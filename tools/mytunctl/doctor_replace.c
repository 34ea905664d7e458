// SPDX-License-Identifier: GPL-2.0
/* replace_tun=1: whether it is wanted, and whether it is so. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/major.h>

#include "doctor.h"
#include "program.h"

#define PARAMETER	"/sys/module/mytun/parameters/replace_tun"
#define TUN_MINOR	200

/* What /etc/modprobe.d and the kernel's command line ask for. */
static bool is_wanted(void)
{
	static const char *const argv[] = { "modprobe", "-c", NULL };
	/* All of the configuration, with the aliases of all modules. */
	static char output[4 << 20];
	const char *line, *word;
	bool wanted = false;

	if (program_run(output, sizeof(output), argv))
		return false;
	for (line = output; (line = strstr(line, "options mytun ")); line++) {
		word = strstr(line, "replace_tun=");
		if (!word || memchr(line, '\n', word - line))
			continue;
		word += strlen("replace_tun=");
		/* The last one holds. */
		wanted = *word == 'Y' || *word == 'y' || *word == '1';
	}
	return wanted;
}

static bool is_built_in(const struct patient *p)
{
	char path[160], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin",
		 p->release);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, "/net/tun.ko");
	fclose(f);
	return found;
}

void check_replace(struct patient *p)
{
	bool is, wanted = is_wanted();
	struct stat st;
	char line[16];

	if (!p->loaded || !file_line(PARAMETER, line, sizeof(line))) {
		finding(LEVEL_SKIPPED, "replace", "",
			"Without the module, there is nothing to say of /dev/net/tun.");
		return;
	}
	is = *line == 'Y';
	if (is && (stat("/dev/net/tun", &st) || !S_ISCHR(st.st_mode) ||
		   st.st_rdev != makedev(MISC_MAJOR, TUN_MINOR)))
		finding(LEVEL_PROBLEM, "replace",
			"rm -f /dev/net/tun; mknod -m 0666 /dev/net/tun c 10 200",
			"mytun serves /dev/net/tun, but the node is missing or another one.");
	else if (is)
		finding(LEVEL_OK, "replace", "",
			"mytun serves /dev/net/tun as well (replace_tun=1).");
	else if (wanted && is_built_in(p))
		finding(LEVEL_PROBLEM, "replace",
			"sed -i '/replace_tun/d' /etc/modprobe.d/*.conf",
			"modprobe.d wants mytun to serve /dev/net/tun (replace_tun=1), but the kernel's own tun is built in and cannot be replaced.");
	else if (wanted)
		finding(LEVEL_PROBLEM, "replace",
			"echo 'blacklist tun' > /etc/modprobe.d/no-tun.conf; modprobe -r mytun vhost_net tun; modprobe mytun",
			"modprobe.d wants mytun to serve /dev/net/tun (replace_tun=1), but the kernel's own tun has it.");
	else
		finding(LEVEL_OK, "replace", "",
			"The kernel's own /dev/net/tun is left alone.");
}
