// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps this process from devices: its cgroup, by the controller of version
 * 1, or by a program that systemd or others have attached in version 2.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "doctor.h"
#include "program.h"

/*
 * The path of this process in the hierarchy that has a controller, or, without
 * one, in that of version 2.
 */
static bool own_cgroup(const char *controller, char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 256], wanted[64], *list, *rest;
	bool found = false;

	if (!f)
		return false;
	/* "4:name=x,devices:/a/b", "0::/a/b"; a path may have colons. */
	snprintf(wanted, sizeof(wanted), ",%s,", controller);
	while (!found && fgets(line, sizeof(line), f)) {
		char controllers[256];

		line[strcspn(line, "\n")] = '\0';
		list = strchr(line, ':');
		rest = list ? strchr(list + 1, ':') : NULL;
		if (!rest)
			continue;
		*rest++ = '\0';
		snprintf(controllers, sizeof(controllers), ",%s,", list + 1);
		if (*controller ? !strstr(controllers, wanted) : list[1] != '\0')
			continue;
		snprintf(path, size, "%s", rest);
		found = true;
	}
	fclose(f);
	return found;
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; (list = strstr(list, word)); list++)
		if (list[-1] == ',' &&
		    (list[length] == ',' || list[length] == '\n'))
			return true;
	return false;
}

/*
 * Where that hierarchy is mounted, and which of its paths is the mount's top:
 * "/" but in namespaces and for bind mounts.
 */
static bool mount_point(const char *controller, char *where, size_t size,
			char *top, size_t top_size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[3 * PATH_MAX], *fields, *point, *root;
	bool found = false, version_2 = !*controller;

	if (!f)
		return false;
	/* "ID PARENT DEV ROOT POINT OPTIONS ... - TYPE SOURCE OPTIONS" */
	while (!found && fgets(line, sizeof(line), f)) {
		fields = strstr(line, version_2 ? " - cgroup2 " : " - cgroup ");
		if (!fields || (!version_2 && !has_word(fields, controller)))
			continue;
		root = strchr(line, '/');
		point = root ? strchr(root, ' ') : NULL;
		if (!point)
			continue;
		*point++ = '\0';
		point[strcspn(point, " ")] = '\0';
		snprintf(where, size, "%s", point);
		snprintf(top, top_size, "%s", strcmp(root, "/") ? root : "");
		found = true;
	}
	fclose(f);
	return found;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	return length >= strlen(end) &&
	       !memcmp(text + length - strlen(end), end, strlen(end));
}

/*
 * The unit that systemd made the cgroup for; what runs in it may have made more
 * of them below. A user's own manager cannot let anybody in: there it is the
 * manager's unit.
 */
static bool own_unit(const char *path, char *unit, size_t size)
{
	size_t length;

	*unit = '\0';
	for (; *path; path += length) {
		path += *path == '/';
		length = strcspn(path, "/");
		if (!ends_with(path, length, ".service") &&
		    !ends_with(path, length, ".scope"))
			continue;
		snprintf(unit, size, "%.*s", (int)length, path);
		if (!strncmp(unit, "user@", 5))
			break;
	}
	return *unit;
}

/* A cgroup may have what all of those above it have: from the top down. */
static void admit(dev_t node, const char *where, const char *path, char *mend,
		  size_t size)
{
	size_t used, at = 0;

	used = snprintf(mend, size, "echo 'c %u:%u rw' | tee", major(node),
			minor(node));
	while (path[at] && used < size) {
		at += path[at] == '/';
		at += strcspn(path + at, "/");
		used += snprintf(mend + used, size - used,
				 " '%s%.*s/devices.allow'", where, (int)at,
				 path);
	}
}

void how_to_let_in(dev_t node, char *mend, size_t size)
{
	char path[PATH_MAX], where[PATH_MAX], top[PATH_MAX], unit[256];
	bool version_1 = own_cgroup("devices", path, sizeof(path)) &&
			 strcmp(path, "/");

	if (!version_1 && !own_cgroup("", path, sizeof(path)))
		*path = '\0';
	/* Who may make cgroups chooses their names; what is said here is run. */
	if (strpbrk(path, "'\n"))
		snprintf(mend, size, "let its cgroup open " NODE);
	else if (own_unit(path, unit, sizeof(unit)))
		snprintf(mend, size,
			 "systemctl set-property '%s' DeviceAllow='" NODE " rw'",
			 unit);
	else if (!*path || !strcmp(path, "/"))
		snprintf(mend, size,
			 "let it in where the cgroup namespace of this process was made");
	else if (!mount_point(version_1 ? "devices" : "", where, sizeof(where),
			      top, sizeof(top)))
		snprintf(mend, size,
			 "start it outside of the cgroup %s, which is mounted nowhere here",
			 path);
	else if (version_1 && !strncmp(path, top, strlen(top)))
		admit(node, where, path + strlen(top), mend, size);
	else
		snprintf(mend, size,
			 "echo $$ > '%s/cgroup.procs' (in the shell that is to open it)",
			 where);
}
