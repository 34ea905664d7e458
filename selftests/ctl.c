// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "ctl.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define OUTPUT		(1 << 20)

char tool[PATH_MAX];
char output[OUTPUT];

bool find_tool(void)
{
	const char *named = getenv("MYTUNCTL");
	char here[PATH_MAX - 32];
	ssize_t n;

	if (named) {
		snprintf(tool, sizeof(tool), "%s", named);
		return !access(tool, X_OK);
	}
	n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	here[n > 0 ? n : 0] = '\0';
	if (strrchr(here, '/'))
		*strrchr(here, '/') = '\0';
	snprintf(tool, sizeof(tool), "%s/tool/mytunctl", here);
	if (!access(tool, X_OK))
		return true;
	strcpy(tool, "/usr/sbin/mytunctl");
	return !access(tool, X_OK);
}

int shell(const char *line)
{
	static char whole[PATH_MAX + 2048];
	size_t used = 0, got;
	int status;
	FILE *f;

	snprintf(whole, sizeof(whole), "exec 2>&1\n%s", line);
	f = popen(whole, "re");
	if (!f)
		return -1;
	while ((got = fread(output + used, 1, OUTPUT - 1 - used, f)) > 0)
		used += got;
	output[used] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int ctl(const char *arguments)
{
	char line[PATH_MAX + 512];

	snprintf(line, sizeof(line), "%s %s", tool, arguments);
	return shell(line);
}

int ctl_as_nobody(const char *arguments)
{
	char line[PATH_MAX + 512];

	snprintf(line, sizeof(line),
		 "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all %s %s",
		 tool, arguments);
	return shell(line);
}

const char *quoted(const char *text)
{
	static char notes[2 * OUTPUT];
	size_t used = 0;

	for (; *text && used < sizeof(notes) - 4; text++) {
		notes[used++] = *text;
		if (*text == '\n' && text[1]) {
			notes[used++] = '#';
			notes[used++] = ' ';
		}
	}
	notes[used] = '\0';
	return notes;
}

bool says(const char *text)
{
	return strstr(output, text);
}

/* Passes over one value of JSON, or returns NULL: that is none. */
static const char *json_value(const char *s, unsigned int depth);

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((unsigned char)*s < 0x20)
			return NULL;
		if (*s == '\\' && !strchr("\"\\/bfnrtu", *++s))
			return NULL;
	}
	return s + 1;
}

static const char *json_members(const char *s, char end, unsigned int depth)
{
	if (*++s == end)
		return s + 1;
	for (;; s++) {
		if (end == '}') {
			s = json_string(s);
			if (!s || *s++ != ':')
				return NULL;
		}
		s = json_value(s, depth + 1);
		if (!s)
			return NULL;
		if (*s == end)
			return s + 1;
		if (*s != ',')
			return NULL;
	}
}

static const char *json_value(const char *s, unsigned int depth)
{
	static const char * const words[] = { "true", "false", "null" };
	char *end;
	int i;

	if (depth > 16)
		return NULL;
	if (*s == '"')
		return json_string(s);
	if (*s == '{' || *s == '[')
		return json_members(s, *s == '{' ? '}' : ']', depth);
	for (i = 0; i < 3; i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	if (*s != '-' && !isdigit((unsigned char)*s))
		return NULL;
	strtod(s, &end);
	return end;
}

bool is_json(int documents)
{
	const char *s = output;

	while (documents--) {
		s = json_value(s, 0);
		if (!s || *s++ != '\n')
			return false;
	}
	return !*s;
}

static void set_size(int terminal)
{
	const struct winsize size = { .ws_row = 3, .ws_col = 80 };

	ioctl(terminal, TIOCSWINSZ, &size);
}

/* In a child: the other end of the terminal is all that it has. */
static void run_there(int terminal, const char *arguments)
{
	char line[PATH_MAX + 512];
	int fd;

	snprintf(line, sizeof(line), "exec %s %s", tool, arguments);
	setsid();
	fd = open(ptsname(terminal), O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) || dup2(fd, 0) < 0 ||
	    dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", line, NULL);
	_exit(127);
}

int ctl_on_terminal(const char *arguments, const char *until,
		    void (*then)(int terminal, void *context), void *context)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	struct termios settings;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		return -1;
	set_size(terminal);
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_there(terminal, arguments);
	/* EIO: nobody has the other end any more. */
	while (pid > 0 && (got = read(terminal, output + used,
				      OUTPUT - 1 - used)) > 0) {
		used += got;
		output[used] = '\0';
		if (then && strstr(output, until)) {
			then(terminal, context);
			then = NULL;
		}
	}
	output[used] = '\0';
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		status = -1;
	else
		status = WEXITSTATUS(status);
	if (tcgetattr(terminal, &settings) || !(settings.c_lflag & ECHO))
		status = -2;
	close(terminal);
	return status;
}
