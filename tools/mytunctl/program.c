// SPDX-License-Identifier: GPL-2.0
/* Other programs and small files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

bool program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];
	size_t len;

	while (path && *path) {
		len = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name);
		if (!access(file, X_OK))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static void become(int out, const char *const argv[])
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	/* What is parsed must be in one language. */
	setenv("LC_ALL", "C", 1);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int program_run(char *output, size_t size, const char *const argv[])
{
	int pipes[2], status;
	size_t used = 0;
	char rest[512];
	ssize_t got;
	pid_t pid;

	*output = '\0';
	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid)
		become(pipes[1], argv);
	close(pipes[1]);
	while (pid > 0) {
		if (used < size - 1)
			got = read(pipes[0], output + used, size - 1 - used);
		else
			got = read(pipes[0], rest, sizeof(rest));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (used < size - 1)
			used += got;
	}
	close(pipes[0]);
	output[used] = '\0';
	while (used && output[used - 1] == '\n')
		output[--used] = '\0';
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ?
		WEXITSTATUS(status) : -1;
}

bool file_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool got;

	*line = '\0';
	if (!f)
		return false;
	got = fgets(line, size, f);
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return got;
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}
