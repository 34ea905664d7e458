// SPDX-License-Identifier: GPL-2.0
/* mytunctl: devices of mytun, and what goes on in them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/output.h"
#include "mytunctl.h"

static const struct command *const commands[] = {
	&command_list, &command_show, &command_create, &command_delete,
	&command_queues, &command_rings, &command_flows, &command_drops,
	&command_top, &command_doctor,
};

#define COMMANDS (ARRAY_SIZE(commands))

bool option_json;
void (*before_message)(void);

/* How the program ends, if what it has printed could be written. */
static int finish(int status)
{
	return output_check() && !status ? STATUS_FAILED : status;
}

static void print_help(FILE *f)
{
	size_t i;

	fputs("Usage: mytunctl [-j] [-n NETNS] COMMAND [OPTION]... [NAME]...\n"
	      "Devices of the TUN/TAP driver mytun: make them, delete them, and see\n"
	      "what goes on in them.\n\nCommands:\n", f);
	for (i = 0; i < COMMANDS; i++)
		fprintf(f, "  %-8s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\nOptions:\n"
	      "  -j, --json           print JSON\n"
	      "  -n, --netns NETNS    in that network namespace: a name that ip-netns(8)\n"
	      "                       knows, or a path\n"
	      "  -h, --help           this text, or that of a command\n"
	      "  -V, --version        the program's version\n"
	      "\nExit status: 0 done; 1 failed, or something is wrong; 2 wrong usage; 3 no such\n"
	      "device; 4 permission denied; 5 the module is not loaded, or is too old.\n"
	      "\nmytunctl COMMAND --help tells more, and so does mytunctl(8).\n", f);
}

int failed(enum status status, const char *format, ...)
{
	va_list args;

	if (before_message)
		before_message();
	fputs("mytunctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

void usage_error(const struct command *c, const char *format, ...)
{
	va_list args;

	fputs("mytunctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry: mytunctl %s%s--help\n", c ? c->name : "",
		c ? " " : "");
	exit(STATUS_USAGE);
}

unsigned long number(const struct command *c, const char *what,
		     const char *text, unsigned long least, unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || value < least ||
	    value > most)
		usage_error(c, "%s is from %lu to %lu, not '%s'", what,
			    least, most, text);
	return value;
}

void *more(void *old, unsigned long bytes)
{
	void *p = realloc(old, bytes);

	if (!p)
		exit(failed(STATUS_FAILED, "out of memory"));
	return p;
}

int next_option(const struct command *c, int argc, char **argv,
		const char *short_options, const struct option *options)
{
	int o;

	for (;;) {
		o = getopt_long(argc, argv, short_options, options, NULL);
		switch (o) {
		case 'j':
			option_json = true;
			continue;
		case 'h':
			fputs(c->help, stdout);
			exit(finish(STATUS_OK));
		case '?':
			fprintf(stderr, "Try: mytunctl %s --help\n", c->name);
			exit(STATUS_USAGE);
		}
		return o;
	}
}

static int enter_netns(const char *name)
{
	char path[PATH_MAX];
	int fd, err;

	snprintf(path, sizeof(path), "%s%s",
		 strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed(errno == EACCES ? STATUS_DENIED : STATUS_ABSENT,
			      "%s: %s", path, strerror(errno));
	err = setns(fd, CLONE_NEWNET) ? errno : 0;
	close(fd);
	if (err)
		return failed(err == EPERM ? STATUS_DENIED : STATUS_FAILED,
			      "%s: %s", path, strerror(err));
	return STATUS_OK;
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	usage_error(NULL, "no command is called '%s'", name);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ "netns", required_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	const struct command *c;
	char name[32];
	int o, status;

	output_begin();
	/* "+": what stands behind the command is the command's. */
	while ((o = getopt_long(argc, argv, "+jhn:V", options, NULL)) != -1) {
		switch (o) {
		case 'j':
			option_json = true;
			break;
		case 'h':
			print_help(stdout);
			return finish(STATUS_OK);
		case 'n':
			status = enter_netns(optarg);
			if (status)
				return status;
			break;
		case 'V':
			puts("mytunctl " MYTUN_VERSION);
			return finish(STATUS_OK);
		default:
			/* getopt has said what is wrong. */
			fputs("Try: mytunctl --help\n", stderr);
			return STATUS_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[optind], "help")) {
		if (optind + 1 == argc)
			print_help(stdout);
		else
			fputs(find(argv[optind + 1])->help, stdout);
		return finish(STATUS_OK);
	}
	c = find(argv[optind]);
	argc -= optind;
	argv += optind;
	/* What getopt says begins with that. */
	snprintf(name, sizeof(name), "mytunctl %s", c->name);
	argv[0] = name;
	/* 0: getopt begins anew, and lets options follow names. */
	optind = 0;
	return finish(c->run(argc, argv));
}
