// SPDX-License-Identifier: GPL-2.0
/* Processes that have queues open, from /proc. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/major.h>

#include "../common/text.h"
#include "holder.h"
#include "json.h"
#include "mytunctl.h"

/* The queue of an fd, or 0. @process: the fd of /proc/PID. */
static unsigned long long queue_of(int process, const char *fd)
{
	char path[64], line[128];
	unsigned long long queue = 0;
	struct stat st;
	FILE *f;
	int file;

	/* Most files are no misc device, and need no look into them. */
	snprintf(path, sizeof(path), "fd/%.20s", fd);
	if (fstatat(process, path, &st, 0) || !S_ISCHR(st.st_mode) ||
	    major(st.st_rdev) != MISC_MAJOR)
		return 0;
	snprintf(path, sizeof(path), "fdinfo/%.20s", fd);
	file = openat(process, path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	f = fdopen(file, "r");
	if (!f) {
		close(file);
		return 0;
	}
	while (!queue && fgets(line, sizeof(line), f))
		sscanf(line, "mytun-queue: %llu", &queue);
	fclose(f);
	return queue;
}

static void add(struct holders *h, int process, pid_t pid, unsigned long long queue)
{
	struct holder *one;
	ssize_t got = 0;
	int file;

	/* Two fds of one file. */
	if (h->n && h->at[h->n - 1].pid == pid &&
	    h->at[h->n - 1].queue == queue)
		return;
	h->at = more(h->at, (h->n + 1) * sizeof(*h->at));
	one = &h->at[h->n++];
	memset(one, 0, sizeof(*one));
	one->queue = queue;
	one->pid = pid;
	file = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	if (file >= 0) {
		got = read(file, one->command, sizeof(one->command) - 1);
		close(file);
	}
	one->command[got > 0 ? got : 0] = '\0';
	one->command[strcspn(one->command, "\n")] = '\0';
}

static void look_at(struct holders *h, int process, pid_t pid)
{
	int fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	unsigned long long queue;
	DIR *dir;

	if (fds < 0)
		return;
	dir = fdopendir(fds);
	if (!dir) {
		close(fds);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		queue = queue_of(process, entry->d_name);
		if (queue)
			add(h, process, pid, queue);
	}
	closedir(dir);
}

void holders_load(struct holders *h)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int process;

	memset(h, 0, sizeof(*h));
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		process = openat(dirfd(dir), entry->d_name,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		look_at(h, process, atoi(entry->d_name));
		close(process);
	}
	closedir(dir);
}

void holders_free(struct holders *h)
{
	free(h->at);
	memset(h, 0, sizeof(*h));
}

const char *holders_text(const struct holders *h, unsigned long long queue,
			 char *buffer, size_t size)
{
	size_t i, used = 0;

	snprintf(buffer, size, "-");
	for (i = 0; i < h->n && used < size; i++)
		if (h->at[i].queue == queue)
			used += snprintf(buffer + used, size - used, "%s%d/%s",
					 used ? "," : "", h->at[i].pid,
					 h->at[i].command);
	return text_clean(buffer);
}

void holders_json(const struct holders *h, unsigned long long queue)
{
	size_t i;

	json_array("processes");
	for (i = 0; i < h->n; i++) {
		if (h->at[i].queue != queue)
			continue;
		json_object(NULL);
		json_number("pid", h->at[i].pid);
		json_string("command", h->at[i].command);
		json_object_end();
	}
	json_array_end();
}
