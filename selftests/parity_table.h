/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last test of a program that compares: every listed difference that it is
 * to meet (PARITY_WHERE) was met. For programs of the harness; to be included at
 * the end, once in each.
 */
#ifndef SELFTESTS_PARITY_TABLE_H
#define SELFTESTS_PARITY_TABLE_H

#include "kselftest_harness.h"
#include "parity.h"

FIXTURE(table)
{
	int unmet;
};

FIXTURE_SETUP(table)
{
	if (parity_missing())
		SKIP(return, "%s", parity_missing());
	self->unmet = parity_unmet(PARITY_WHERE);
}

FIXTURE_TEARDOWN(table)
{
}

TEST_F(table, exceptions)
{
	if (self->unmet < 0)
		SKIP(return, "a part of the tests was chosen");
	EXPECT_EQ(0, self->unmet);
}

#endif
