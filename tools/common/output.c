// SPDX-License-Identifier: GPL-2.0
#include "output.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The wrong way round, so that its use fails, as that of a closed one does. */
void output_begin(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY :
							       O_RDONLY);
	}
}

int output_check(void)
{
	/* Of an earlier attempt, whose error is not known any more. */
	int failed = ferror(stdout);

	if (fflush(stdout))
		warn("standard output");
	else if (failed)
		warnx("standard output: not everything could be written");
	else
		return 0;
	clearerr(stdout);
	return -1;
}
