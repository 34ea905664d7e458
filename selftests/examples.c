// SPDX-License-Identifier: GPL-2.0
/*
 * The library's examples as a user runs them: each is started with the name of
 * a device, answers or counts what comes, and ends when the device goes. They
 * lie beside this program as example-NAME; the one in Go is there if the
 * machine that built the tests has go.
 */
#include "device.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "numbered.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		300		/* seconds for one test, all counts */
#define DEVICE		"example0"
#define WINDOW		32		/* datagrams on the way */
#define SIZE_MAX_UDP	1400

FIXTURE(examples)
{
	pid_t pid;
	int output;		/* what it prints */
	int udp;		/* connected to the device's other end */
};

FIXTURE_SETUP(examples)
{
	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	self->pid = -1;
	self->output = -1;
	self->udp = -1;
}

FIXTURE_TEARDOWN(examples)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		wait_child(self->pid, DEADLINE_MS);
	}
	if (self->output >= 0)
		close(self->output);
	if (self->udp >= 0)
		close(self->udp);
}

/* Where a program beside this one is. */
static void beside(const char *name, char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[length < 0 ? 0 : length] = '\0';
	slash = strrchr(path, '/');
	length = slash ? slash + 1 - path : 0;
	snprintf(path + length, size - length, "%s", name);
}

static bool device_there(void *arg)
{
	struct link_info info;

	(void)arg;
	return !link_get(DEVICE, &info);
}

static int udp_socket(void)
{
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons(7777),
		.sin_addr.s_addr = inet_addr("10.47.0.2"),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)))
		return -errno;
	return fd;
}

/* The example at work, with its device up and reached by the socket. */
static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(examples) *self, const char *path)
{
	int output[2];

	ASSERT_EQ(0, pipe(output));
	self->output = output[0];
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		dup2(output[1], STDOUT_FILENO);
		execl(path, path, DEVICE, NULL);
		_exit(127);
	}
	close(output[1]);
	ASSERT_EQ(0, wait_for(device_there, NULL, DEADLINE_MS)) {
		TH_LOG("%s has made no device", path);
	}
	ASSERT_EQ(0, addr_add(DEVICE, "10.47.0.1", 24));
	ASSERT_EQ(0, link_set_up(DEVICE));
	self->udp = udp_socket();
	ASSERT_LE(0, self->udp);
}

/* The device is deleted: the example sees that and ends by itself. */
static void end(struct __test_metadata *_metadata,
		FIXTURE_DATA(examples) *self)
{
	int status;

	ASSERT_EQ(0, link_delete(DEVICE));
	status = wait_child(self->pid, DEADLINE_MS);
	ASSERT_LE(0, status) {
		TH_LOG("it does not see that the device is gone");
	}
	self->pid = -1;
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(1, WEXITSTATUS(status));
}

static void send_one(struct __test_metadata *_metadata,
		     FIXTURE_DATA(examples) *self, uint32_t number)
{
	uint8_t data[SIZE_MAX_UDP];
	size_t size = NUMBERED_MIN + number * 37 % (sizeof(data) -
						     NUMBERED_MIN);

	numbered_fill(data, size, 1, number);
	ASSERT_EQ((ssize_t)size, send(self->udp, data, size, 0));
}

static void echoes(struct __test_metadata *_metadata,
		   FIXTURE_DATA(examples) *self, const char *path)
{
	const uint32_t count = scaled(100000) / WINDOW * WINDOW + WINDOW;
	struct numbered_tally tally = {};
	uint32_t number = 0, stream, seen, i;
	uint8_t data[SIZE_MAX_UDP];
	ssize_t size;

	start(_metadata, self, path);
	while (number < count) {
		for (i = 0; i < WINDOW; i++)
			send_one(_metadata, self, number++);
		for (i = 0; i < WINDOW; i++) {
			ASSERT_EQ(POLLIN, wait_events(self->udp, POLLIN,
						      DEADLINE_MS));
			size = recv(self->udp, data, sizeof(data), 0);
			ASSERT_LT(0, size);
			ASSERT_TRUE(numbered_whole(data, size, &stream, &seen));
			numbered_count(&tally, seen, size);
		}
	}
	EXPECT_EQ(count, tally.packets);
	EXPECT_TRUE(numbered_print(&tally, "echoed"));
	end(_metadata, self);
}

TEST_F_TIMEOUT(examples, echo, LIMIT)
{
	char path[512];

	beside("example-echo", path, sizeof(path));
	echoes(_metadata, self, path);
}

/* Batches through the network poller of Go's runtime. */
TEST_F_TIMEOUT(examples, go_batch_echo, LIMIT)
{
	char path[512];

	beside("example-batch-echo", path, sizeof(path));
	if (access(path, X_OK))
		SKIP(return, "no go where the tests were built");
	echoes(_metadata, self, path);
}

/* What it says of itself, line by line, until so many packets are counted. */
static unsigned long long counted(FIXTURE_DATA(examples) *self, char *mode,
				  unsigned long long wanted)
{
	FILE *output = fdopen(self->output, "r");
	unsigned long long packets = 0;
	uint64_t end = now_ms() + DEADLINE_MS;
	char line[256];

	self->output = -1;
	if (!output)
		return 0;
	while (packets < wanted && now_ms() < end &&
	       fgets(line, sizeof(line), output)) {
		if (sscanf(line, "%llu packets", &packets) == 1)
			continue;
		if (sscanf(line, "mode %31s", mode) != 1)
			break;
	}
	fclose(output);
	return packets;
}

TEST_F_TIMEOUT(examples, receive, LIMIT)
{
	/*
	 * No more than its ring holds, however slow it is, nor than waits for a
	 * ring that is still being made.
	 */
	const uint32_t count = 400;
	char path[512], mode[32] = "";
	uint32_t i;

	beside("example-receive", path, sizeof(path));
	start(_metadata, self, path);
	for (i = 0; i < count; i++)
		send_one(_metadata, self, i);
	EXPECT_EQ(count, counted(self, mode, count));
	EXPECT_STREQ("ring", mode);
	/* Nobody reads what it prints any more. */
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	EXPECT_EQ(SIGKILL, wait_child(self->pid, DEADLINE_MS));
	self->pid = -1;
}

TEST_HARNESS_MAIN
