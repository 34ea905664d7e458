// SPDX-License-Identifier: GPL-2.0
/* mytunctl doctor: what is wrong, and what mends it. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/nsfs.h>

#include "../common/text.h"
#include "doctor.h"
#include "json.h"
#include "mytunctl.h"
#include "program.h"

#define CAP_NET_ADMIN	12
#define CAP_IPC_LOCK	14

static unsigned int found[LEVEL_PROBLEM + 1];
static bool quiet;

void finding(enum level level, const char *check, const char *mend,
	     const char *format, ...)
{
	static const char *const levels[] = {
		[LEVEL_OK] = "ok", [LEVEL_SKIPPED] = "skipped",
		[LEVEL_WARNING] = "warning", [LEVEL_PROBLEM] = "problem",
	};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(text);
	found[level]++;
	if (option_json) {
		json_object(NULL);
		json_string("check", check);
		json_string("status", levels[level]);
		json_string("text", text);
		if (*mend)
			json_string("mend", mend);
		else
			json_null("mend");
		json_object_end();
		return;
	}
	if (quiet && level < LEVEL_WARNING)
		return;
	printf("%-8s %-10s %s\n", levels[level], check, text);
	if (*mend)
		printf("%-8s %-10s mend: %s\n", "", "", mend);
}

static bool capable(int capability)
{
	unsigned long long effective = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return !geteuid();
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	fclose(f);
	return effective >> capability & 1;
}

/* Of all users that there are: in another namespace some capabilities count less. */
static bool in_first_user_namespace(void)
{
	unsigned int inside, outside, count;
	FILE *f = fopen("/proc/self/uid_map", "re");
	bool first;

	if (!f)
		return true;
	first = fscanf(f, "%u %u %u", &inside, &outside, &count) == 3 &&
		!inside && !outside && count == UINT32_MAX;
	fclose(f);
	return first;
}

/* The kernel does not show the owner of one that is not ours to rule. */
static bool owns_network(void)
{
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int owner = net < 0 ? -1 : ioctl(net, NS_GET_USERNS);
	bool owned = net < 0 || owner >= 0 || errno != EPERM;

	if (owner >= 0)
		close(owner);
	if (net >= 0)
		close(net);
	return owned;
}

/* Where modules and packages are the host's business. */
static bool in_container(void)
{
	char line[256];

	return file_line("/run/systemd/container", line, sizeof(line)) ||
	       file_exists("/run/.containerenv") || file_exists("/.dockerenv");
}

static void examine(struct patient *p)
{
	struct utsname u;
	size_t i;
	void (*const checks[])(struct patient *p) = {
		check_module, check_signature, check_versions, check_headers,
		check_dkms, check_kernels, check_node, check_mode, check_label,
		check_open, check_rights, check_memory, check_replace,
	};

	memset(p, 0, sizeof(*p));
	uname(&u);
	snprintf(p->release, sizeof(p->release), "%s", u.release);
	p->container = in_container();
	p->net_admin = capable(CAP_NET_ADMIN);
	p->network = owns_network();
	p->ipc_lock = capable(CAP_IPC_LOCK) && in_first_user_namespace();
	for (i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i](p);
}

/* A user's PATH may lack where the tools of administrators are. */
static void set_path(void)
{
	const char *old = getenv("PATH");
	char path[4096];

	snprintf(path, sizeof(path), "%s%s/usr/sbin:/usr/bin:/sbin:/bin",
		 old ? old : "", old ? ":" : "");
	setenv("PATH", path, 1);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "quiet", no_argument, NULL, 'q' },
		{ }
	};
	struct patient p;

	while (next_option(&command_doctor, argc, argv, "jhq", options) != -1)
		quiet = true;
	if (optind < argc)
		usage_error(&command_doctor, "doctor takes no names");
	set_path();
	if (option_json) {
		json_object(NULL);
		json_array("checks");
	}
	examine(&p);
	if (option_json) {
		json_array_end();
		json_number("problems", found[LEVEL_PROBLEM]);
		json_number("warnings", found[LEVEL_WARNING]);
		json_object_end();
		json_end();
	} else if (!quiet || found[LEVEL_PROBLEM] || found[LEVEL_WARNING]) {
		printf("%u problems, %u warnings\n", found[LEVEL_PROBLEM],
		       found[LEVEL_WARNING]);
	}
	return found[LEVEL_PROBLEM] ? STATUS_FAILED : STATUS_OK;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "find out what is wrong, and how to mend it",
	.help =
"Usage: mytunctl doctor [-qj]\n"
"Looks at the module (loaded, installed, signed, of which version), at what builds\n"
"it (headers, DKMS, other kernels), at /dev/net/mytun (there, its number, mode and\n"
"label, whether this process may open it), at what this process may do, and at the\n"
"replacement of the kernel's own tun. It says in one sentence each what it found,\n"
"and prints the command that mends it. It changes nothing. Root sees more.\n"
"\n"
"  -q, --quiet  problems and warnings only\n"
"  -j, --json   print an object: checks (check, status, text, mend), problems,\n"
"               warnings\n"
"\n"
"Exit status: 1 if there is a problem; 0 if not, warnings or no warnings.\n",
	.run = run,
};
