// SPDX-License-Identifier: GPL-2.0
/* The histogram of mytun-gen, with values of which each percentile is known. */
#include "../tools/gen/histogram.c"

#include "kselftest_harness.h"

FIXTURE(histogram)
{
	struct histogram h;
};

FIXTURE_SETUP(histogram)
{
	memset(&self->h, 0, sizeof(self->h));
}

FIXTURE_TEARDOWN(histogram)
{
}

TEST_F(histogram, none)
{
	EXPECT_EQ(0, histogram_at(&self->h, 0.5));
}

/* Below 64 each value has a cell of its own. */
TEST_F(histogram, small_values_are_exact)
{
	uint64_t value;

	for (value = 1; value <= 50; value++)
		histogram_add(&self->h, value);
	EXPECT_EQ(50, self->h.count);
	EXPECT_EQ(1, self->h.least);
	EXPECT_EQ(50, self->h.most);
	EXPECT_EQ(50 * 51 / 2, self->h.sum);
	EXPECT_EQ(1, histogram_at(&self->h, 0));
	EXPECT_EQ(1, histogram_at(&self->h, 0.02));
	EXPECT_EQ(25, histogram_at(&self->h, 0.5));
	EXPECT_EQ(50, histogram_at(&self->h, 0.99));
	EXPECT_EQ(50, histogram_at(&self->h, 1));
}

/* Of 1000 values, 999 are one and the last is far away. */
TEST_F(histogram, one_far_away)
{
	int i;

	for (i = 0; i < 999; i++)
		histogram_add(&self->h, 40);
	histogram_add(&self->h, 5000000);
	EXPECT_EQ(40, histogram_at(&self->h, 0.99));
	EXPECT_EQ(40, histogram_at(&self->h, 0.999));
	EXPECT_EQ(5000000, histogram_at(&self->h, 1));
}

/* From a nanosecond to an hour: never too small, nor more than 1/32 too large. */
TEST_F(histogram, large_values_are_near)
{
	uint64_t value, at;

	for (value = 1; value < 3600000000000ULL; value += value / 7 + 1) {
		memset(&self->h, 0, sizeof(self->h));
		histogram_add(&self->h, value);
		/* So that the largest one does not make it exact. */
		histogram_add(&self->h, 2 * value + 1000);
		at = histogram_at(&self->h, 0.5);
		ASSERT_LE(value, at);
		ASSERT_GE(value + value / 32, at);
	}
}

TEST_F(histogram, merged)
{
	struct histogram other = { }, none = { };
	uint64_t value;

	for (value = 1; value <= 10; value++) {
		histogram_add(&self->h, 2 * value);
		histogram_add(&other, 2 * value - 1);
	}
	histogram_merge(&self->h, &none);
	histogram_merge(&self->h, &other);
	EXPECT_EQ(20, self->h.count);
	EXPECT_EQ(1, self->h.least);
	EXPECT_EQ(20, self->h.most);
	EXPECT_EQ(10, histogram_at(&self->h, 0.5));
	histogram_merge(&none, &self->h);
	EXPECT_EQ(1, none.least);
	EXPECT_EQ(10, histogram_at(&none, 0.5));
}

TEST_HARNESS_MAIN
