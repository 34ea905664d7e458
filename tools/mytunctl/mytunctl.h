/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of mytunctl share: exit statuses, messages, and the list
 * of commands.
 */
#ifndef MYTUNCTL_H
#define MYTUNCTL_H

#include <getopt.h>
#include <stdbool.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Documented in mytunctl(8); scripts rely on them. */
enum status {
	STATUS_OK,
	STATUS_FAILED,	/* refused, or something is wrong (doctor) */
	STATUS_USAGE,
	STATUS_ABSENT,	/* no such device, or it is not of mytun */
	STATUS_DENIED,	/* the caller may not */
	STATUS_MODULE,	/* not loaded, or too old for this program */
};

struct command {
	const char *name;
	const char *summary;	/* one line of the list of commands */
	const char *help;	/* all of --help */
	int (*run)(int argc, char **argv);
};

extern const struct command command_list, command_show, command_create,
	command_delete, command_queues, command_rings, command_flows,
	command_drops, command_top, command_doctor;

/* Set by --json, before or behind the command. */
extern bool option_json;

/*
 * getopt_long() for a command: its own long options, and --json and --help,
 * which are done here. short_options begins with "jh". Return: an option of
 * the command's, or -1: no more. A wrong one ends the program.
 */
int next_option(const struct command *c, int argc, char **argv,
		const char *short_options, const struct option *options);
#define OPTION_JSON	{ "json", no_argument, NULL, 'j' }
#define OPTION_HELP	{ "help", no_argument, NULL, 'h' }

/* Where a message would not be seen: what failed() does before it, or NULL. */
extern void (*before_message)(void);

/* A message on standard error, with the program's name. Return: status. */
int failed(enum status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends the program: how it was called makes no sense. */
void usage_error(const struct command *c, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* A number within limits, or the end of the program by usage_error(). */
unsigned long number(const struct command *c, const char *what,
		     const char *text, unsigned long least, unsigned long most);

/* Memory, or the end of the program. */
void *more(void *old, unsigned long bytes);

#endif
