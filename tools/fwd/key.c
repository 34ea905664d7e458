// SPDX-License-Identifier: GPL-2.0
#include "key.h"

#include <err.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session.h"

#define DIGITS	(2 * SESSION_KEY)

int key_read(const char *path, uint8_t *key)
{
	char text[DIGITS + 2];
	struct stat status;
	size_t size = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0 || fstat(fd, &status)) {
		warn("%s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (S_ISREG(status.st_mode) && status.st_mode & 077)
		warnx("%s: others can read the key: chmod 600 %s", path, path);
	got = read(fd, text, sizeof(text));
	close(fd);
	if (got == DIGITS + 1 && text[DIGITS] == '\n')
		got = DIGITS;
	err = got != DIGITS || sodium_hex2bin(key, SESSION_KEY, text, DIGITS,
					      NULL, &size, NULL) ||
	      size != SESSION_KEY;
	sodium_memzero(text, sizeof(text));
	if (!err)
		return 0;
	warnx("%s: not a key: %d hexadecimal digits and the end of the line",
	      path, DIGITS);
	return -1;
}

int key_generate(const char *path)
{
	char text[DIGITS + 1];
	uint8_t key[SESSION_KEY];
	ssize_t done;
	int fd;

	if (sodium_init() < 0) {
		warnx("no random numbers");
		return -1;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		warn("%s", path);
		return -1;
	}
	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(text, sizeof(text), key, sizeof(key));
	text[DIGITS] = '\n';
	done = write(fd, text, sizeof(text));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
	if (close(fd) || done != (ssize_t)sizeof(text)) {
		warn("%s", path);
		unlink(path);
		return -1;
	}
	return 0;
}
