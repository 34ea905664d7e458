// SPDX-License-Identifier: GPL-2.0
/*
 * Who takes packets out of the TX ring: lent threads, kernel threads, and
 * changes from one to another while packets come.
 */
#include "device.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lender.h"
#include "numbered.h"
#include "ringdev.h"
#include "ringmem.h"
#include "rtnl.h"

#define LIMIT		900		/* seconds for one test, all counts */
#define FLIGHT		300		/* packets on the way */

FIXTURE(ring_drive)
{
	struct ringdev dev;
	struct ringmem mem;
	uint64_t seed;
	struct numbered_tally tally;
	struct lender lender;
	pthread_t switcher;
	unsigned long switches;
	char group[64];
	bool stop;
};

FIXTURE_SETUP(ring_drive)
{
	const struct mytun_ring ring = {
		.tx_size = RING_SMALL, .position = 0U - RING_SMALL,
	};

	REQUIRE_RING();
	ASSERT_EQ(0, netns_private());
	ASSERT_EQ(0, ringdev_create(&self->dev, IFF_TUN | IFF_NO_PI, 40));
	ASSERT_EQ(0, ringmem_make(&self->mem, self->dev.fd, &ring));
	self->seed = random_seed();
}

FIXTURE_TEARDOWN(ring_drive)
{
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
}

/* Submit count packets and see them all at the sink. */
static void deliver(struct __test_metadata *_metadata,
		    FIXTURE_DATA(ring_drive) *self, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1,
					self->tally.next + i, 100));
	ASSERT_LE(0, ringmem_submit(&self->mem));
	ASSERT_EQ(count, ringdev_collect(&self->dev, count, &self->tally));
	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
}

TEST_F_TIMEOUT(ring_drive, lent_until_a_signal, LIMIT)
{
	struct lender *lender = &self->lender;
	unsigned int round;

	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_LENT, 0, 0, NULL));
	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, lender_start(lender, self->dev.fd));
		deliver(_metadata, self, 50);
		ASSERT_EQ(0, lender_asleep(lender));
		deliver(_metadata, self, 1);
		EXPECT_EQ(-EBUSY, device_ioctl(self->dev.fd, MYTUN_IOC_LEND,
					       0));
		EXPECT_FALSE(lender_ended(lender));
		EXPECT_EQ(-EINTR, lender_stop(lender));
	}
	EXPECT_TRUE(numbered_print(&self->tally, "by a lent thread"));

	/* What comes while nobody is there waits for the next one. */
	ASSERT_TRUE(ringdev_put(&self->dev, &self->mem, 1, self->tally.next,
				100));
	ASSERT_LE(0, ringmem_submit(&self->mem));
	sleep_ms(QUIET_MS);
	EXPECT_FALSE(ringmem_sent(&self->mem));
	ASSERT_EQ(0, lender_start(lender, self->dev.fd));
	EXPECT_EQ(1, ringdev_collect(&self->dev, 1, &self->tally));
	EXPECT_EQ(-EINTR, lender_stop(lender));
}

TEST_F_TIMEOUT(ring_drive, lent_until_the_device_goes, LIMIT)
{
	struct lender *lender = &self->lender;

	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_LENT, 0, 0, NULL));
	ASSERT_EQ(0, lender_start(lender, self->dev.fd));
	ASSERT_EQ(0, lender_asleep(lender));
	ASSERT_EQ(0, link_delete(self->dev.name));
	ASSERT_EQ(0, wait_for(lender_ended, lender, DEADLINE_MS));
	EXPECT_EQ(-EBADFD, lender_join(lender));
	EXPECT_EQ(-EBADFD, device_ioctl(self->dev.fd, MYTUN_IOC_LEND, 0));
}

/* A change of the drive sends a lent thread home. */
TEST_F_TIMEOUT(ring_drive, lent_until_a_change, LIMIT)
{
	struct lender *lender = &self->lender;

	EXPECT_EQ(-EINVAL, device_ioctl(self->dev.fd, MYTUN_IOC_LEND, 0));
	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_LENT, 0, 0, NULL));
	ASSERT_EQ(0, lender_start(lender, self->dev.fd));
	ASSERT_EQ(0, lender_asleep(lender));
	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_CALLER, 0, 0, NULL));
	ASSERT_EQ(0, wait_for(lender_ended, lender, DEADLINE_MS));
	EXPECT_GT(0, lender_join(lender));
	deliver(_metadata, self, 10);
}

/* Field number n of /proc/<pid>/stat, of those behind the name. */
static long stat_field(int pid, int n)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(path, text, sizeof(text)))
		return -ENOENT;
	at = strrchr(text, ')');
	for (n -= 2; at && n > 0; n--)
		at = strchr(at + 1, ' ');
	return at ? strtol(at, NULL, 10) : -EINVAL;
}

static bool gone(void *arg)
{
	return kill(*(int *)arg, 0) && errno == ESRCH;
}

TEST_F_TIMEOUT(ring_drive, thread_is_like_its_maker, LIMIT)
{
	char path[64], name[32];
	cpu_set_t mine, its;
	int pid = 0, second;

	CPU_ZERO(&mine);
	CPU_SET(0, &mine);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(mine), &mine));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, 7));
	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_THREAD, 0, 0, &pid));
	ASSERT_LT(0, pid);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	ASSERT_EQ(0, file_read(path, name, sizeof(name)));
	printf("# kernel thread %d: %s\n", pid, name);
	EXPECT_EQ(0, strncmp(name, "mytun", 5));
	EXPECT_EQ(7, stat_field(pid, 19));
	ASSERT_EQ(0, sched_getaffinity(pid, sizeof(its), &its));
	EXPECT_TRUE(CPU_EQUAL(&mine, &its));
	deliver(_metadata, self, 100);

	/* An administrator may move it. */
	EXPECT_EQ(0, setpriority(PRIO_PROCESS, pid, 3));
	EXPECT_EQ(3, stat_field(pid, 19));

	/* It ends with the next change. */
	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_THREAD, 0, 10,
				&second));
	EXPECT_NE(pid, second);
	EXPECT_EQ(0, wait_for(gone, &pid, DEADLINE_MS));
	deliver(_metadata, self, 100);
	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_NAPI, 0, 0, NULL));
	EXPECT_EQ(0, wait_for(gone, &second, DEADLINE_MS));
	deliver(_metadata, self, 100);
	EXPECT_TRUE(numbered_print(&self->tally, "by threads"));
}

TEST_F_TIMEOUT(ring_drive, thread_ends_with_the_queue, LIMIT)
{
	int pid = 0;

	ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_THREAD, 0, 100000,
				&pid));
	deliver(_metadata, self, 10);
	ASSERT_EQ(0, link_delete(self->dev.name));
	EXPECT_EQ(-EBADFD, ring_kick(self->dev.fd));
	/* The mappings hold the file. */
	ringmem_unmap(&self->mem);
	ringdev_destroy(&self->dev);
	EXPECT_EQ(0, wait_for(gone, &pid, DEADLINE_MS));
}

/* Makes and removes a cgroup, for which net_prio takes rtnl. */
static void *make_groups(void *arg)
{
	FIXTURE_DATA(ring_drive) *self = arg;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		if (mkdir(self->group, 0755) || rmdir(self->group)) {
			printf("# %s: %s\n", self->group, strerror(errno));
			return NULL;
		}
		self->switches++;
	}
	return arg;
}

/* A thread joins its maker's cgroups: not under rtnl, or both wait for ever. */
TEST_F_TIMEOUT(ring_drive, cgroups_are_made_meanwhile, LIMIT)
{
	const unsigned long rounds = scaled(10000);
	char top[] = "/tmp/mytun-XXXXXX";
	void *fine = NULL;
	unsigned long i;
	int pid;

	ASSERT_NE(NULL, mkdtemp(top));
	if (mount("none", top, "cgroup", 0, "net_prio")) {
		rmdir(top);
		SKIP(return, "no net_prio: %s", strerror(errno));
	}
	snprintf(self->group, sizeof(self->group), "%s/mytun", top);
	ASSERT_EQ(0, pthread_create(&self->switcher, NULL, make_groups, self));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_THREAD, 0, 0,
					&pid));
		ASSERT_EQ(0, ring_drive(self->dev.fd, MYTUN_DRIVE_CALLER, 0, 0,
					NULL));
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	pthread_join(self->switcher, &fine);
	EXPECT_NE(NULL, fine);
	printf("# %lu threads, %lu cgroups\n", rounds, self->switches);
	EXPECT_LT(0, self->switches);
	EXPECT_EQ(0, umount(top));
	EXPECT_EQ(0, rmdir(top));
}

/* Changes the drive all the time, and kicks, as who changes it must. */
static void *switcher(void *arg)
{
	FIXTURE_DATA(ring_drive) *self = arg;
	uint64_t seed = random_next(&self->seed);
	struct lender lender;
	uint32_t drive;
	int err;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		drive = random_below(&seed, 4);
		err = ring_drive(self->dev.fd, drive,
				 random_below(&seed, 2) * MYTUN_DRIVE_GRO,
				 random_below(&seed, 2) * 50, NULL);
		if (err) {
			printf("# drive %u: %d\n", drive, err);
			return NULL;
		}
		self->switches++;
		if (drive == MYTUN_DRIVE_LENT)
			lender_start(&lender, self->dev.fd);
		ring_kick(self->dev.fd);
		sleep_ms(random_below(&seed, 4));
		if (drive == MYTUN_DRIVE_LENT)
			lender_stop(&lender);
	}
	return arg;
}

TEST_F_TIMEOUT(ring_drive, changes_under_load, LIMIT)
{
	const unsigned long count = scaled(100000);
	unsigned long sent = 0, seen = 0;
	unsigned int batch, i;
	void *fine = NULL;
	uint64_t start;

	ASSERT_EQ(0, pthread_create(&self->switcher, NULL, switcher, self));
	start = now_ms();
	while (seen < count) {
		batch = 1 + random_below(&self->seed, 32);
		for (i = 0; i < batch && sent < count &&
		     sent - seen < FLIGHT; i++) {
			if (!ringdev_put(&self->dev, &self->mem, 1, sent,
					 ringdev_random_size(&self->seed,
							     NUMBERED_MIN,
							     1400)))
				break;
			sent++;
		}
		if (i)
			ASSERT_LE(0, ringmem_submit(&self->mem));
		i = ringdev_collect(&self->dev, 0, &self->tally);
		seen += i;
		if (i)
			start = now_ms();
		else
			sched_yield();
		ASSERT_GT(DEADLINE_MS, now_ms() - start) {
			TH_LOG("stuck after %lu of %lu", seen, count);
		}
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	pthread_join(self->switcher, &fine);
	EXPECT_NE(NULL, fine);
	EXPECT_TRUE(numbered_print(&self->tally, "while drives changed"));
	printf("# %lu changes\n", self->switches);
	ASSERT_EQ(0, ringmem_wait_sent(&self->mem, DEADLINE_MS));
	EXPECT_EQ(count, self->mem.kernel->tx_packets);
	EXPECT_EQ(0, self->mem.kernel->tx_refused);
}

/* Every drive ends well while packets come and the device goes. */
TEST_F_TIMEOUT(ring_drive, device_goes_under_load, LIMIT)
{
	const unsigned int rounds = scaled(600);
	const struct mytun_ring ring = { .tx_size = RING_SMALL };
	struct lender *lender = &self->lender;
	struct ringdev dev;
	struct ringmem mem;
	unsigned int i, j;
	uint32_t drive;

	for (i = 0; i < rounds; i++) {
		drive = i % 4;
		ASSERT_EQ(0, ringdev_create(&dev, IFF_TUN | IFF_NO_PI, 41));
		ASSERT_EQ(0, ringmem_make(&mem, dev.fd, &ring));
		ASSERT_EQ(0, ring_drive(dev.fd, drive, i & 4 ?
					MYTUN_DRIVE_GRO : 0, i & 8 ? 50 : 0,
					NULL));
		if (drive == MYTUN_DRIVE_LENT)
			ASSERT_EQ(0, lender_start(lender, dev.fd));
		for (j = 0; j < 100; j++)
			ASSERT_TRUE(ringdev_put(&dev, &mem, 1, j, 100));
		ringmem_publish(&mem);
		if (i & 16)
			ASSERT_LE(0, ring_kick(dev.fd));
		ASSERT_EQ(0, link_delete(dev.name));
		EXPECT_TRUE(ringmem_load(&mem.kernel->tx_flags) &
			    MYTUN_RING_ENDED);
		EXPECT_EQ(-EBADFD, ring_kick(dev.fd));
		if (drive == MYTUN_DRIVE_LENT) {
			EXPECT_EQ(0, wait_for(lender_ended, lender,
					      DEADLINE_MS));
			EXPECT_EQ(-EBADFD, lender_join(lender));
		}
		ringmem_unmap(&mem);
		ringdev_destroy(&dev);
	}
}

TEST_HARNESS_MAIN
